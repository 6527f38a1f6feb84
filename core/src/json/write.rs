//! The JSON forms of frames, answers and data points.
//!
//! Numbers keep the digits of the frame. Keys stand in one order, absent things are absent.

use core::fmt::{self, Write};

use crate::frame::{Ack, Block, Body, Detail, Digits, Frame, Location, Text, Value, Variable};
use crate::points::{Merged, Point, Points};

impl Frame<'_> {
    /// Writes the frame as JSON.
    ///
    /// ```
    /// let frame = tipwire::Frame::parse(b"PUSH|!1|4deedd7bab8817ec|s|[t:=32.50#C]")?;
    /// let mut json = String::new();
    /// frame.write_json(&mut json).unwrap();
    /// assert_eq!(json, concat!(
    ///     r#"{"method":"PUSH","seq":1,"auth":"4deedd7bab8817ec","serial":"s","#,
    ///     r#""variables":[{"name":"t","type":"number","value":32.50,"unit":"C"}]}"#,
    /// ));
    /// # Ok::<(), tipwire::Error>(())
    /// ```
    pub fn write_json(&self, out: &mut impl Write) -> fmt::Result {
        let mut object = Object::begin(out)?;
        object.string("method", self.method().name())?;
        if let Some(seq) = self.seq {
            object.integer("seq", seq.into())?;
        }
        if !self.auth.is_empty() {
            object.string("auth", self.auth)?;
        }
        object.string("serial", self.serial)?;
        match &self.body {
            Body::Push(block) => write_block(&mut object, block)?,
            Body::Raw(raw) => {
                let mut inner = Object::begin(object.key("raw")?)?;
                inner.string("encoding", raw.encoding().name())?;
                inner.string("data", raw.data())?;
                inner.end()?;
            }
            Body::Pull(names) => {
                let out = object.key("names")?;
                write_list(out, names.clone(), |out, name| write_string(out, [name]))?;
            }
            Body::Ping => {}
        }
        object.end()
    }
}

impl Ack<'_> {
    /// Writes the answer as JSON.
    ///
    /// ```
    /// let mut json = String::new();
    /// tipwire::Ack::parse(b"ACK|!1|OK|2")?.write_json(&mut json).unwrap();
    /// assert_eq!(json, r#"{"method":"ACK","seq":1,"status":"OK","count":2}"#);
    /// # Ok::<(), tipwire::Error>(())
    /// ```
    pub fn write_json(&self, out: &mut impl Write) -> fmt::Result {
        let mut object = Object::begin(out)?;
        object.string("method", "ACK")?;
        if let Some(seq) = self.seq {
            object.integer("seq", seq.into())?;
        }
        object.string("status", self.status.name())?;
        match &self.detail {
            Detail::None => {}
            Detail::Count(count) => object.integer("count", *count)?,
            Detail::Variables(block) => write_block(&mut object, block)?,
            Detail::Command(command) => object.string("command", command)?,
            Detail::Error(error) => object.string("error", error)?,
            Detail::Text(text) => object.string("text", text)?,
        }
        object.end()
    }
}

impl Points<'_> {
    /// Writes the data points that are left as a JSON list.
    ///
    /// ```
    /// let frame = tipwire::Frame::parse(b"PUSH|4deedd7bab8817ec|s|@5[t:=32.50#C]")?;
    /// let mut json = String::new();
    /// frame.points().write_json(&mut json).unwrap();
    /// assert_eq!(json, r#"[{"variable":"t","value":32.50,"unit":"C","time":5}]"#);
    /// # Ok::<(), tipwire::Error>(())
    /// ```
    pub fn write_json(&self, out: &mut impl Write) -> fmt::Result {
        write_list(out, self.clone(), |out, point| point.write_json(out))
    }
}

impl Point<'_> {
    /// Writes the data point as a JSON object.
    pub fn write_json(&self, out: &mut impl Write) -> fmt::Result {
        let mut object = Object::begin(out)?;
        object.string("variable", self.variable)?;
        let out = object.key("value")?;
        match self.value {
            Value::Location(location) => write_string(out, [location.as_str()])?,
            value => write_value(out, value)?,
        }
        if let Some(unit) = self.unit {
            object.string("unit", unit)?;
        }
        if let Some(time) = self.time {
            object.integer("time", time)?;
        }
        if let Some(group) = self.group {
            object.string("group", group)?;
        }
        if let Some(location) = self.location {
            write_location(object.key("location")?, location)?;
        }
        if !self.metadata.is_empty() {
            write_metadata(object.key("metadata")?, self.metadata.iter())?;
        }
        object.end()
    }
}

impl Merged<'_> {
    /// Writes the metadata as a JSON object: all of it, also the keys that the JSON of data points
    /// leaves out.
    ///
    /// ```
    /// let frame = tipwire::Frame::parse(b"PUSH|4deedd7bab8817ec|s|{a=1,_b=2}[t:=3{a=4}]")?;
    /// let mut json = String::new();
    /// frame.points().next().unwrap().metadata.write_json(&mut json).unwrap();
    /// assert_eq!(json, r#"{"a":"4","_b":"2"}"#);
    /// # Ok::<(), tipwire::Error>(())
    /// ```
    pub fn write_json(&self, out: &mut impl Write) -> fmt::Result {
        let mut object = Object::begin(out)?;
        for (key, text) in self.iter() {
            write_string(object.key(key)?, text.pieces())?;
        }
        object.end()
    }
}

/// The defaults of a block and its variables, as members of the frame's object.
fn write_block<W: Write>(object: &mut Object<'_, W>, block: &Block<'_>) -> fmt::Result {
    if let Some(location) = block.location {
        write_location(object.key("location")?, location)?;
    }
    if let Some(time) = block.time {
        object.integer("time", time)?;
    }
    if let Some(group) = block.group {
        object.string("group", group)?;
    }
    if !block.metadata.is_empty() {
        write_metadata(object.key("metadata")?, block.metadata.unique())?;
    }
    write_list(object.key("variables")?, block.variables.clone(), write_variable)
}

fn write_variable<W: Write>(out: &mut W, variable: Variable<'_>) -> fmt::Result {
    let mut object = Object::begin(out)?;
    object.string("name", variable.name)?;
    object.string("type", variable.value.type_name())?;
    write_value(object.key("value")?, variable.value)?;
    if let Some(unit) = variable.unit {
        object.string("unit", unit)?;
    }
    if let Some(location) = variable.location {
        write_location(object.key("location")?, location)?;
    }
    if let Some(time) = variable.time {
        object.integer("time", time)?;
    }
    if let Some(group) = variable.group {
        object.string("group", group)?;
    }
    if !variable.metadata.is_empty() {
        write_metadata(object.key("metadata")?, variable.metadata.unique())?;
    }
    object.end()
}

pub(crate) fn write_value<W: Write>(out: &mut W, value: Value<'_>) -> fmt::Result {
    match value {
        Value::Number(number) => out.write_str(number.as_str()),
        Value::String(text) => write_string(out, text.pieces()),
        Value::Boolean(truth) => out.write_str(if truth { "true" } else { "false" }),
        Value::Location(location) => write_location(out, location),
    }
}

pub(crate) fn write_location<W: Write>(out: &mut W, location: Location<'_>) -> fmt::Result {
    let mut object = Object::begin(out)?;
    let (lat, lng, alt) = location.coordinates();
    object.key("lat")?.write_str(lat.as_str())?;
    object.key("lng")?.write_str(lng.as_str())?;
    if let Some(alt) = alt {
        object.key("alt")?.write_str(alt.as_str())?;
    }
    object.end()
}

/// Whether a metadata key stands in JSON: one that begins with an underscore is the device's own.
/// Frames and iterators have it, JSON has not; that is what the vectors show.
pub(crate) fn is_public(key: &str) -> bool {
    !key.starts_with('_')
}

pub(crate) fn write_metadata<'a, W: Write>(
    out: &mut W,
    pairs: impl Iterator<Item = (&'a str, Text<'a>)>,
) -> fmt::Result {
    let mut object = Object::begin(out)?;
    for (key, text) in pairs.filter(|(key, _)| is_public(key)) {
        write_string(object.key(key)?, text.pieces())?;
    }
    object.end()
}

pub(crate) fn write_list<W: Write, T>(
    out: &mut W,
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut W, T) -> fmt::Result,
) -> fmt::Result {
    out.write_char('[')?;
    for (n, item) in items.enumerate() {
        if n > 0 {
            out.write_char(',')?;
        }
        write(out, item)?;
    }
    out.write_char(']')
}

/// Writes an object of values that are JSON already.
pub(crate) fn write_raw_members<W: Write>(out: &mut W, members: &[(&str, &str)]) -> fmt::Result {
    let mut object = Object::begin(out)?;
    for (name, value) in members {
        object.key(name)?.write_str(value)?;
    }
    object.end()
}

/// An object being written.
pub(crate) struct Object<'w, W> {
    out: &'w mut W,
    comma: bool,
}

impl<'w, W: Write> Object<'w, W> {
    pub(crate) fn begin(out: &'w mut W) -> Result<Object<'w, W>, fmt::Error> {
        out.write_char('{')?;
        Ok(Object { out, comma: false })
    }

    /// Writes a key; its value goes to what is returned.
    pub(crate) fn key(&mut self, key: &str) -> Result<&mut W, fmt::Error> {
        self.key_of([key])
    }

    /// Writes a key that consists of these pieces.
    pub(crate) fn key_of<'a>(
        &mut self,
        pieces: impl IntoIterator<Item = &'a str>,
    ) -> Result<&mut W, fmt::Error> {
        self.begin_member()?;
        write_string(self.out, pieces)?;
        self.out.write_char(':')?;
        Ok(self.out)
    }

    /// Writes a key of a JSON text, whose escapes stay.
    pub(crate) fn key_as_it_stands(&mut self, raw: &str) -> Result<&mut W, fmt::Error> {
        self.begin_member()?;
        self.out.write_char('"')?;
        self.out.write_str(raw)?;
        self.out.write_str("\":")?;
        Ok(self.out)
    }

    fn begin_member(&mut self) -> fmt::Result {
        if self.comma {
            self.out.write_char(',')?;
        }
        self.comma = true;
        Ok(())
    }

    pub(crate) fn string(&mut self, key: &str, value: &str) -> fmt::Result {
        write_string(self.key(key)?, [value])
    }

    pub(crate) fn integer(&mut self, key: &str, value: u64) -> fmt::Result {
        write_integer(self.key(key)?, value)
    }

    pub(crate) fn end(self) -> fmt::Result {
        self.out.write_char('}')
    }
}

pub(crate) fn write_integer<W: Write>(out: &mut W, value: u64) -> fmt::Result {
    let digits = Digits::of(value);
    let mut parts = digits.parts().filter_map(|part| core::str::from_utf8(part).ok());
    parts.try_for_each(|part| out.write_str(part))
}

/// Writes a string that consists of these pieces.
pub(crate) fn write_string<'a, W: Write>(
    out: &mut W,
    pieces: impl IntoIterator<Item = &'a str>,
) -> fmt::Result {
    out.write_char('"')?;
    pieces.into_iter().try_for_each(|piece| write_piece(out, piece))?;
    out.write_char('"')
}

#[cfg_attr(not(target_family = "wasm"), inline(always))]
#[cfg_attr(target_family = "wasm", inline(never))]
fn write_piece<W: Write>(out: &mut W, mut rest: &str) -> fmt::Result {
    while let Some(at) = rest.bytes().position(|b| matches!(b, 0..0x20 | b'"' | b'\\')) {
        let (plain, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.write_str(plain)?;
        let byte = after.bytes().next().unwrap_or(0);
        match byte {
            b'\n' => out.write_str("\\n")?,
            b'\r' => out.write_str("\\r")?,
            b'\t' => out.write_str("\\t")?,
            b'"' => out.write_str("\\\"")?,
            b'\\' => out.write_str("\\\\")?,
            _ => {
                out.write_str("\\u00")?;
                for digit in crate::encoding::hex(byte) {
                    out.write_char(char::from(digit).to_ascii_lowercase())?;
                }
            }
        }
        rest = after.get(1..).unwrap_or("");
    }
    out.write_str(rest)
}
