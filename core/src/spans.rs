//! Which bytes of a message are what: for inspectors, editors and whoever debugs a device.

use crate::envelope::{Header, Inner, InnerMethod, Layout};
use crate::error::Error;
use crate::frame::{
    Ack, Block, Body, Detail, Encoding, Frame, Location, Metadata, Text, Value, Variable, line,
};

macro_rules! parts {
    ($($(#[doc = $what:literal])+ $name:ident $text:literal,)*) => {
        /// What a part of a message is.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum Part { $($(#[doc = $what])+ $name,)* }

        impl Part {
            /// Every one.
            pub const ALL: &'static [Part] = &[$(Part::$name,)*];

            /// The name: `variable`.
            pub const fn name(self) -> &'static str {
                match self { $(Part::$name => $text,)* }
            }
        }
    };
}

parts! {
    /// What stands between others: a mark of the grammar.
    Mark "mark",
    /// What the line ends with.
    LineEnding "line_ending",
    /// The method.
    Method "method",
    /// The sequence counter.
    Seq "seq",
    /// The authorization: a hash or a token.
    Auth "auth",
    /// The serial.
    Serial "serial",
    /// A location: its coordinates are parts of it.
    Location "location",
    /// Degrees north.
    Lat "lat",
    /// Degrees east.
    Lng "lng",
    /// Metres up.
    Alt "alt",
    /// UNIX milliseconds.
    Time "time",
    /// A group.
    Group "group",
    /// Metadata: its pairs are parts of it.
    Metadata "metadata",
    /// The key of a pair.
    Key "key",
    /// The text of a pair.
    Text "text",
    /// A variable: all of it.
    Variable "variable",
    /// The name of a variable.
    Name "name",
    /// What says of which type a value is.
    Operator "operator",
    /// A value that is a number.
    Number "number",
    /// A value that is a text.
    String "string",
    /// A value that is true or false.
    Boolean "boolean",
    /// A unit.
    Unit "unit",
    /// How passthrough data is written.
    Encoding "encoding",
    /// Passthrough data.
    Data "data",
    /// The status of an answer.
    Status "status",
    /// How many data points were stored.
    Count "count",
    /// A command.
    Command "command",
    /// The code of an error.
    Error "error",
    /// Another detail of an answer.
    Detail "detail",
    /// The first byte of an envelope: version, cipher and method.
    Flags "flags",
    /// The counter of an envelope.
    Counter "counter",
    /// The hash of a device.
    Device "device",
    /// What only the key opens.
    Ciphertext "ciphertext",
    /// What vouches for all of an envelope.
    Tag "tag",
}

/// A part of a message, and where it is.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct Span<'a> {
    /// What it is.
    pub part: Part,
    /// The byte at which it begins.
    pub start: usize,
    /// The byte before which it ends.
    pub end: usize,
    /// How many others it is a part of.
    pub depth: u8,
    /// What a text says that may have escapes.
    pub text: Option<Text<'a>>,
}

/// Gives every byte of a text frame a name: of an uplink, or of an answer.
///
/// Spans come in order, and those of one depth leave nothing out of what they are parts of, which
/// comes after them. There are none where the frame cannot be read.
///
/// ```
/// use tipwire::spans;
///
/// let frame = b"PING|4deedd7bab8817ec|sensor-01\n";
/// let mut parts = Vec::new();
/// spans::explain(frame, &mut |span| parts.push((span.part.name(), span.start..span.end)))?;
/// assert_eq!(parts, [
///     ("method", 0..4), ("mark", 4..5), ("auth", 5..21), ("mark", 21..22), ("serial", 22..31),
///     ("line_ending", 31..32),
/// ]);
/// # Ok::<(), tipwire::Error>(())
/// ```
pub fn explain<'a>(bytes: &'a [u8], each: &mut dyn FnMut(Span<'a>)) -> Result<(), Error> {
    let mut walk = Walk::new(bytes, each);
    if bytes.starts_with(b"ACK") {
        let ack = Ack::parse(bytes)?;
        walk.leaf_of(Part::Method, 3);
        walk.seq(ack.seq, 4);
        walk.answer(&ack);
    } else {
        walk.frame(&Frame::parse(bytes)?);
    }
    walk.finish();
    Ok(())
}

/// The same of the text that is inside an envelope.
pub fn explain_inner<'a>(
    method: InnerMethod,
    text: &'a [u8],
    each: &mut dyn FnMut(Span<'a>),
) -> Result<(), Error> {
    let mut walk = Walk::new(text, each);
    match Inner::parse(method, text)? {
        Inner::Frame(frame) => walk.frame(&frame),
        Inner::Ack(ack) => walk.answer(&ack),
    }
    walk.finish();
    Ok(())
}

/// The same of an envelope, without a key: as far as its header can be read.
pub fn explain_envelope<'a>(
    layout: Layout,
    envelope: &'a [u8],
    each: &mut dyn FnMut(Span<'a>),
) -> Result<(), Error> {
    let header = Header::parse(layout, envelope)?;
    let mut walk = Walk::new(envelope, each);
    walk.leaf_of(Part::Flags, 1);
    walk.leaf_of(Part::Counter, 4);
    walk.leaf_of(Part::Auth, header.auth.bytes().len());
    walk.leaf_of(Part::Device, header.device().len());
    let tag = envelope.len().saturating_sub(header.cipher.tag_len());
    walk.leaf_of(Part::Ciphertext, tag.saturating_sub(walk.at));
    walk.leaf_of(Part::Tag, header.cipher.tag_len());
    Ok(())
}

/// Goes through a message that was read, and so is known to be right: places are found by what was
/// borrowed from it, and the others by the marks between.
struct Walk<'a, 'e> {
    bytes: &'a [u8],
    each: &'e mut dyn FnMut(Span<'a>),
    /// Up to where all bytes have a name.
    at: usize,
    depth: u8,
}

impl<'a, 'e> Walk<'a, 'e> {
    fn new(bytes: &'a [u8], each: &'e mut dyn FnMut(Span<'a>)) -> Walk<'a, 'e> {
        Walk { bytes, each, at: 0, depth: 0 }
    }

    fn frame(&mut self, frame: &Frame<'a>) {
        if !frame.auth.is_empty() {
            let method = frame.method().name().len();
            self.leaf_of(Part::Method, method);
            self.seq(frame.seq, method + 1);
            self.leaf(Part::Auth, frame.auth);
        }
        self.leaf(Part::Serial, frame.serial);
        match &frame.body {
            Body::Push(block) => self.block(block),
            Body::Raw(raw) => {
                self.marks(self.at + 1);
                // Both are a mark and a letter.
                let encoding = match raw.encoding() {
                    Encoding::Hex => b">x".len(),
                    Encoding::Base64 => b">b".len(),
                };
                self.leaf_of(Part::Encoding, encoding);
                self.leaf(Part::Data, raw.data());
            }
            Body::Pull(names) => names.clone().for_each(|name| self.leaf(Part::Name, name)),
            Body::Ping => {}
        }
    }

    fn answer(&mut self, ack: &Ack<'a>) {
        if self.at > 0 {
            self.marks(self.at + 1);
        }
        self.leaf_of(Part::Status, ack.status.name().len());
        match &ack.detail {
            Detail::None => {}
            Detail::Count(_) => {
                self.marks(self.at + 1);
                self.digits(Part::Count);
            }
            Detail::Variables(block) => self.block(block),
            Detail::Command(text) => self.leaf(Part::Command, text),
            Detail::Error(text) => self.leaf(Part::Error, text),
            Detail::Text(text) => self.leaf(Part::Detail, text),
        }
    }

    /// `!seq`, whose digits begin one byte after `at`, if there is one.
    fn seq(&mut self, seq: Option<u32>, at: usize) {
        if seq.is_some() {
            self.marks(at + 1);
            self.digits(Part::Seq);
        }
    }

    fn block(&mut self, block: &Block<'a>) {
        self.marks(self.at + 1);
        self.modifiers(block.location, block.group, block.metadata);
        for variable in block.variables.clone() {
            self.variable(&variable);
        }
    }

    fn variable(&mut self, variable: &Variable<'a>) {
        let start = self.open(variable.name);
        self.leaf(Part::Name, variable.name);
        match variable.value {
            Value::Number(number) => self.value(Part::Number, b":=".len(), number.as_str()),
            Value::String(text) => {
                self.leaf_of(Part::Operator, b"=".len());
                let end = self.at + text.raw().len();
                self.add(Part::String, end, Some(text));
            }
            Value::Boolean(truth) => {
                self.leaf_of(Part::Operator, b"?=".len());
                self.leaf_of(Part::Boolean, if truth { 4 } else { 5 });
            }
            Value::Location(location) => {
                self.leaf_of(Part::Operator, b"@=".len());
                self.location(location);
            }
        }
        if let Some(unit) = variable.unit {
            self.leaf(Part::Unit, unit);
        }
        self.modifiers(variable.location, variable.group, variable.metadata);
        self.close(Part::Variable, start);
    }

    fn value(&mut self, part: Part, operator: usize, text: &'a str) {
        self.leaf_of(Part::Operator, operator);
        self.leaf(part, text);
    }

    /// What variables and blocks may have alike. Revisions have it in different orders.
    fn modifiers(
        &mut self,
        location: Option<Location<'a>>,
        group: Option<&'a str>,
        metadata: Metadata<'a>,
    ) {
        loop {
            match (self.byte(0), self.byte(1), location, group) {
                (Some(b'@'), Some(b'='), Some(location), _) => self.location(location),
                (Some(b'@'), ..) => {
                    self.marks(self.at + 1);
                    self.digits(Part::Time);
                }
                (Some(b'^'), _, _, Some(group)) => self.leaf(Part::Group, group),
                (Some(b'{'), ..) => return self.metadata(metadata),
                _ => return,
            }
        }
    }

    fn location(&mut self, location: Location<'a>) {
        let start = self.open(location.as_str());
        let (lat, lng, alt) = location.coordinates();
        self.leaf(Part::Lat, lat.as_str());
        self.leaf(Part::Lng, lng.as_str());
        if let Some(alt) = alt {
            self.leaf(Part::Alt, alt.as_str());
        }
        self.close(Part::Location, start);
    }

    fn metadata(&mut self, metadata: Metadata<'a>) {
        let start = self.at;
        self.depth += 1;
        for (key, text) in metadata {
            self.leaf(Part::Key, key);
            self.marks(self.at + 1);
            self.add(Part::Text, self.at + text.raw().len(), Some(text));
        }
        self.marks(self.at + 1);
        self.close(Part::Metadata, start);
    }

    /// What is left of the line, and its ending.
    fn finish(&mut self) {
        self.marks(line(self.bytes).len());
        self.add(Part::LineEnding, self.bytes.len(), None);
    }

    /// A part with others, which begins with this text: where that is.
    fn open(&mut self, text: &'a str) -> usize {
        let start = self.place(text);
        self.marks(start);
        self.depth += 1;
        start
    }

    /// That part ends here.
    fn close(&mut self, part: Part, start: usize) {
        self.depth -= 1;
        (self.each)(Span { part, start, end: self.at, depth: self.depth, text: None });
    }

    /// A part that was borrowed, after some marks.
    fn leaf(&mut self, part: Part, text: &'a str) {
        let start = self.place(text);
        self.marks(start);
        self.add(part, start + text.len(), None);
    }

    /// The next so many bytes.
    fn leaf_of(&mut self, part: Part, length: usize) {
        self.add(part, self.at + length, None);
    }

    fn digits(&mut self, part: Part) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.leaf_of(part, length);
    }

    fn marks(&mut self, end: usize) {
        self.add(Part::Mark, end, None);
    }

    /// Names all bytes up to `end`, if there are any.
    fn add(&mut self, part: Part, end: usize, text: Option<Text<'a>>) {
        let (start, end) = (self.at, end.min(self.bytes.len()));
        if start < end {
            self.at = end;
            (self.each)(Span { part, start, end, depth: self.depth, text });
        }
    }

    fn place(&self, text: &str) -> usize {
        (text.as_ptr() as usize).wrapping_sub(self.bytes.as_ptr() as usize)
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }
}
