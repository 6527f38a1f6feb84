//! A reader of JSON text that builds nothing: values are spans, looked into when asked.
//!
//! Each level of a document is passed over once more than the one above it; the documents of this
//! crate have three.

use core::fmt;

use crate::error::Kind;

/// What may be nested: deeper documents are refused.
const MAX_DEPTH: u32 = 128;

/// A JSON value. Arrays and objects are checked, but not yet looked into.
#[derive(Clone, Debug)]
pub(crate) enum Json<'a> {
    Null(&'a str),
    Boolean(bool, &'a str),
    Number(&'a str),
    String(JsonString<'a>),
    Array(Items<'a>),
    Object(Members<'a>),
}

/// A string as it stands in the text, without the quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonString<'a> {
    raw: &'a str,
    escaped: bool,
}

/// The items of an array.
#[derive(Clone, Debug)]
pub(crate) struct Items<'a>(Reader<'a>);

/// The members of an object.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a>(Reader<'a>);

/// The whole document that `text` is, or the offset at which it stops to be JSON.
pub(crate) fn document(text: &str) -> Result<Json<'_>, usize> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value()?;
    reader.space();
    if reader.at == text.len() { Ok(value) } else { Err(reader.at) }
}

/// A key and its value.
pub(crate) type Member<'a> = (JsonString<'a>, Json<'a>);

/// The members of settings: those of an object, or none where there is no text at all.
pub(crate) fn settings(text: &str) -> Result<Members<'_>, Kind> {
    match document(if text.trim_ascii().is_empty() { "{}" } else { text }) {
        Ok(Json::Object(members)) => Ok(members),
        _ => Err(Kind::InvalidSettings),
    }
}

impl<'a> Json<'a> {
    /// What of the text is the value; of a string without its quotes.
    pub(crate) const fn raw(&self) -> &'a str {
        match self {
            Json::Null(text) | Json::Boolean(_, text) | Json::Number(text) => text,
            Json::String(text) => text.raw,
            Json::Array(Items(reader)) | Json::Object(Members(reader)) => reader.text,
        }
    }

    /// Writes the value as it stands.
    pub(crate) fn write<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        let quote = if matches!(self, Json::String(_)) { "\"" } else { "" };
        out.write_str(quote)?;
        out.write_str(self.raw())?;
        out.write_str(quote)
    }
}

impl<'a> Items<'a> {
    /// An array of the one value that `text` is.
    pub(crate) const fn one(text: &'a str) -> Items<'a> {
        Items(Reader { text, at: 0 })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.clone().next().is_none()
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Json<'a>> {
        let value = self.0.value().ok()?;
        self.0.space();
        self.0.eat(b',');
        Some(value)
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<(JsonString<'a>, Json<'a>)> {
        self.0.space();
        let key = self.0.string().ok()?;
        self.0.space();
        self.0.eat(b':');
        let value = self.0.value().ok()?;
        self.0.space();
        self.0.eat(b',');
        Some((key, value))
    }
}

impl<'a> Members<'a> {
    /// The whole object, as it stands.
    pub(crate) const fn raw(&self) -> &'a str {
        self.0.text
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.clone().next().is_none()
    }
}

impl<'a> JsonString<'a> {
    /// A string that stands in a text like this, without its quotes.
    pub(crate) fn of(raw: &'a str) -> JsonString<'a> {
        JsonString { raw, escaped: raw.contains('\\') }
    }

    /// The text as it stands, escapes and all.
    pub(crate) const fn raw(&self) -> &'a str {
        self.raw
    }

    /// The text, where it stands there without an escape.
    pub(crate) const fn borrowed(&self) -> Option<&'a str> {
        if self.escaped { None } else { Some(self.raw) }
    }

    /// The characters; `Err` for half of a surrogate pair.
    pub(crate) fn chars(&self) -> Chars<'a> {
        Chars(self.raw.chars())
    }

    pub(crate) fn is(&self, text: &str) -> bool {
        match self.borrowed() {
            Some(raw) => raw == text,
            None => self.chars().eq(text.chars().map(Ok)),
        }
    }

    /// The text, unescaped into `buffer` if need be; `None` if it does not fit or is not text.
    pub(crate) fn text<'b>(&self, buffer: &'b mut [u8]) -> Option<&'b str>
    where
        'a: 'b,
    {
        self.borrowed().or_else(|| self.unescape(buffer).ok())
    }

    /// The text in the buffer. Half of a surrogate pair is [`Kind::Text`].
    #[cfg_attr(target_family = "wasm", inline(never))]
    pub(crate) fn unescape<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b str, Kind> {
        let mut length = 0;
        for char in self.chars() {
            let char = char.map_err(|()| Kind::Text)?;
            let end = length + char.len_utf8();
            char.encode_utf8(buffer.get_mut(length..end).ok_or(Kind::Buffer)?);
            length = end;
        }
        core::str::from_utf8(buffer.get(..length).unwrap_or_default()).map_err(|_| Kind::Text)
    }
}

/// The characters that a string stands for.
pub(crate) struct Chars<'a>(core::str::Chars<'a>);

impl Iterator for Chars<'_> {
    type Item = Result<char, ()>;

    #[cfg_attr(target_family = "wasm", inline(never))]
    fn next(&mut self) -> Option<Result<char, ()>> {
        let raw = &mut self.0;
        let plain = raw.next()?;
        if plain != '\\' {
            return Some(Ok(plain));
        }
        Some(Ok(match raw.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return Some(surrogates(raw)),
            other => other,
        }))
    }
}

/// The character of a `\u` escape, whose second half may follow as another one.
fn surrogates(raw: &mut core::str::Chars<'_>) -> Result<char, ()> {
    let unit = |raw: &mut core::str::Chars<'_>| {
        (0..4).try_fold(0, |unit, _| Some(unit << 4 | raw.next()?.to_digit(16)?)).ok_or(())
    };
    let first = unit(raw)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first).ok_or(());
    }
    let mut ahead = raw.clone();
    if ahead.next() != Some('\\') || ahead.next() != Some('u') {
        return Err(());
    }
    let second = unit(&mut ahead)?;
    if !(0xdc00..0xe000).contains(&second) {
        return Err(());
    }
    *raw = ahead;
    char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or(())
}

#[derive(Clone, Copy, Debug)]
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), usize> {
        if self.eat(byte) { Ok(()) } else { Err(self.at) }
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or("")
    }

    /// A value; arrays and objects as a whole.
    fn value(&mut self) -> Result<Json<'a>, usize> {
        self.space();
        let start = self.at;
        match self.peek() {
            open @ (b'[' | b'{') => {
                self.nested()?;
                // What is looked into ends where no value or key can follow: at its own bracket.
                let inside = Reader { text: self.since(start), at: 1 };
                Ok(if open == b'[' {
                    Json::Array(Items(inside))
                } else {
                    Json::Object(Members(inside))
                })
            }
            _ => self.scalar(),
        }
    }

    fn scalar(&mut self) -> Result<Json<'a>, usize> {
        let start = self.at;
        let word = match self.peek() {
            b'"' => return self.string().map(Json::String),
            b'-' | b'0'..=b'9' => {
                self.number()?;
                return Ok(Json::Number(self.since(start)));
            }
            b't' => "true",
            b'f' => "false",
            _ => "null",
        };
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        let text = self.since(start);
        Ok(match word {
            "null" => Json::Null(text),
            _ => Json::Boolean(word == "true", text),
        })
    }

    fn number(&mut self) -> Result<(), usize> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), usize> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { Err(start) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<JsonString<'a>, usize> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            match self.peek() {
                0..0x20 => return Err(self.at),
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.at += 1;
                    match self.peek() {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                        b'u' => {
                            for _ in 0..4 {
                                self.at += 1;
                                if !self.peek().is_ascii_hexdigit() {
                                    return Err(self.at);
                                }
                            }
                        }
                        _ => return Err(self.at),
                    }
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
        let raw = self.since(start);
        self.at += 1;
        Ok(JsonString { raw, escaped })
    }

    /// Passes over an array or object and all that is in it, without recursion: what is open is
    /// one bit for each level.
    fn nested(&mut self) -> Result<(), usize> {
        let mut objects = 0u128;
        let mut depth = 0;
        loop {
            // A value, or the end of an empty array or object.
            self.space();
            match self.peek() {
                open @ (b'[' | b'{') => {
                    if depth == MAX_DEPTH {
                        return Err(self.at);
                    }
                    self.at += 1;
                    depth += 1;
                    objects = objects << 1 | u128::from(open == b'{');
                    self.space();
                    let close = if open == b'{' { b'}' } else { b']' };
                    if self.peek() != close {
                        if open == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                _ => {
                    self.scalar()?;
                }
            }
            // What follows it: the ends of what is open, and a comma if something goes on.
            loop {
                self.space();
                let is_object = objects & 1 == 1;
                if self.eat(b',') {
                    if is_object {
                        self.space();
                        self.key()?;
                    }
                    break;
                }
                self.expect(if is_object { b'}' } else { b']' })?;
                objects >>= 1;
                depth -= 1;
                if depth == 0 {
                    return Ok(());
                }
            }
        }
    }

    fn key(&mut self) -> Result<(), usize> {
        self.string()?;
        self.space();
        self.expect(b':')
    }
}
