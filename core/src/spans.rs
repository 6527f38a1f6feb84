//! Which bytes of a message are what: for inspectors, editors and whoever debugs a device.

use crate::envelope::{Header, Inner, InnerMethod, Layout};
use crate::error::{Error, Kind};
use crate::frame::{Ack, Frame, Status, Text, line};

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
/// comes after them. What cannot be read is named up to the byte at which it is wrong.
///
/// ```
/// use tipwire::spans;
///
/// let parts = |frame| {
///     let mut parts = Vec::new();
///     let read = spans::explain(frame, &mut |span| parts.push((span.part.name(), span.start..span.end)));
///     (parts, read.map_err(|error| error.at))
/// };
/// let (line, read) = parts(b"PING|4deedd7bab8817ec|sensor-01\n");
/// assert_eq!(line, [
///     ("method", 0..4), ("mark", 4..5), ("auth", 5..21), ("mark", 21..22), ("serial", 22..31),
///     ("line_ending", 31..32),
/// ]);
/// assert_eq!(read, Ok(()));
/// assert_eq!(parts(b"PING|oops"), (line[..2].to_vec(), Err(5)));
/// ```
pub fn explain<'a>(bytes: &'a [u8], each: &mut dyn FnMut(Span<'a>)) -> Result<(), Error> {
    if bytes.starts_with(b"ACK") {
        walk(
            bytes,
            each,
            |bytes| Ack::parse(bytes).map(drop),
            |walk| {
                walk.leaf_of(Part::Method, b"ACK".len());
                walk.seq();
                walk.answer();
            },
        )
    } else {
        walk(
            bytes,
            each,
            |bytes| Frame::parse(bytes).map(drop),
            |walk| {
                let is_pull = walk.bytes.starts_with(b"PULL");
                walk.until(Part::Method, b"|");
                walk.seq();
                walk.until(Part::Auth, b"|");
                walk.marks(1);
                walk.sender(is_pull);
            },
        )
    }
}

/// The same of the text that is inside an envelope.
pub fn explain_inner<'a>(
    method: InnerMethod,
    text: &'a [u8],
    each: &mut dyn FnMut(Span<'a>),
) -> Result<(), Error> {
    walk(
        text,
        each,
        |text| Inner::parse(method, text).map(drop),
        |walk| match method {
            InnerMethod::Ack => walk.answer(),
            _ => walk.sender(method == InnerMethod::Pull),
        },
    )
}

/// The same of an envelope, without a key. There are no spans where its header cannot be read.
pub fn explain_envelope<'a>(
    layout: Layout,
    envelope: &'a [u8],
    each: &mut dyn FnMut(Span<'a>),
) -> Result<(), Error> {
    let header = Header::parse(layout, envelope)?;
    let mut walk = Walk { bytes: envelope, each, at: 0, depth: 0 };
    walk.leaf_of(Part::Flags, 1);
    walk.leaf_of(Part::Counter, 4);
    walk.leaf_of(Part::Auth, header.auth.bytes().len());
    walk.leaf_of(Part::Device, header.device().len());
    let tag = envelope.len().saturating_sub(header.cipher.tag_len());
    walk.leaf_of(Part::Ciphertext, tag.saturating_sub(walk.at));
    walk.leaf_of(Part::Tag, header.cipher.tag_len());
    Ok(())
}

/// Names what can be read of a text.
fn walk<'a>(
    bytes: &'a [u8],
    each: &mut dyn FnMut(Span<'a>),
    read: impl Fn(&'a [u8]) -> Result<(), Error>,
    name: impl FnOnce(&mut Walk<'a, '_>),
) -> Result<(), Error> {
    let result = read(bytes);
    let mut end = line(bytes).len();
    let mut error = result.err();
    while let Some(Error { kind, at }) = error {
        end = end.min(at as usize);
        // These are found before anything else: what is wrong before them was not seen.
        let is_last = !matches!(kind, Kind::Utf8 | Kind::Nul | Kind::TooLarge);
        error = if is_last { None } else { read(bytes.get(..end).unwrap_or_default()).err() };
    }
    let mut walk = Walk { bytes: bytes.get(..end).unwrap_or_default(), each, at: 0, depth: 0 };
    name(&mut walk);
    walk.marks(end);
    walk.bytes = bytes;
    if result.is_ok() {
        walk.leaf_of(Part::LineEnding, bytes.len());
    }
    result
}

/// What no text has without a backslash before it, but for the details of answers.
const SPECIAL: &[u8] = b"[];{}#@^";
/// The same of what is a part between commas.
const SPECIAL_OR_COMMA: &[u8] = b"[];{}#@^,";

/// Goes through a message that is known to be right, so that its marks say what is between them.
struct Walk<'a, 'e> {
    bytes: &'a [u8],
    each: &'e mut dyn FnMut(Span<'a>),
    /// Up to where all bytes have a name.
    at: usize,
    depth: u8,
}

impl<'a> Walk<'a, '_> {
    /// `serial ["|" body]`
    fn sender(&mut self, is_pull: bool) {
        self.until(Part::Serial, b"|");
        self.marks(1);
        if is_pull {
            self.marks(1);
            while self.peek(0) > 0 {
                self.until(Part::Name, SPECIAL);
                self.marks(1);
            }
        } else if self.peek(0) == b'>' {
            self.leaf_of(Part::Encoding, b">x".len());
            self.leaf_of(Part::Data, self.bytes.len());
        } else {
            self.modifiers();
            self.variables();
        }
    }

    /// `status ["|" detail]`
    fn answer(&mut self) {
        let status = self.until(Part::Status, b"|");
        self.marks(1);
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let part = match Status::from_name(status) {
            Some(Status::Ok) if rest.starts_with(b"[") => return self.variables(),
            Some(Status::Ok) if rest.iter().all(u8::is_ascii_digit) => Part::Count,
            Some(Status::Cmd) => Part::Command,
            Some(Status::Err) => Part::Error,
            _ => Part::Detail,
        };
        self.leaf_of(part, rest.len());
    }

    /// `"|" ["!" seq "|"]`
    fn seq(&mut self) {
        if self.peek(1) == b'!' {
            self.marks(b"|!".len());
            self.until(Part::Seq, b"|");
        }
        self.marks(1);
    }

    /// `"[" variable *(";" variable) "]"`
    fn variables(&mut self) {
        self.marks(1);
        while self.peek(0) > 0 {
            let start = self.open();
            self.until(Part::Name, b":=?@");
            match self.peek(0) {
                b':' => self.value(b":=", Part::Number),
                b'?' => self.value(b"?=", Part::Boolean),
                b'@' => {
                    self.leaf_of(Part::Operator, b"@=".len());
                    self.location();
                }
                _ => self.value(b"=", Part::String),
            }
            self.modifiers();
            self.close(Part::Variable, start);
            self.marks(1);
        }
    }

    fn value(&mut self, operator: &[u8], part: Part) {
        self.leaf_of(Part::Operator, operator.len());
        self.until(part, SPECIAL);
    }

    /// What variables and blocks may have. Revisions have it in different orders.
    fn modifiers(&mut self) {
        loop {
            let (mark, part) = match (self.peek(0), self.peek(1)) {
                (b'@', b'=') => {
                    self.marks(b"@=".len());
                    self.location();
                    continue;
                }
                (b'#', _) => (b"#", Part::Unit),
                (b'@', _) => (b"@", Part::Time),
                (b'^', _) => (b"^", Part::Group),
                (b'{', _) => return self.metadata(),
                _ => return,
            };
            self.marks(mark.len());
            self.until(part, SPECIAL);
        }
    }

    /// `lat "," lng ["," alt]`
    fn location(&mut self) {
        let start = self.open();
        for part in [Part::Lat, Part::Lng, Part::Alt] {
            self.until(part, SPECIAL_OR_COMMA);
            if self.peek(0) == b',' {
                self.marks(1);
            }
        }
        self.close(Part::Location, start);
    }

    /// `"{" key "=" text *("," key "=" text) "}"`
    fn metadata(&mut self) {
        let start = self.open();
        while matches!(self.peek(0), b'{' | b',') {
            self.marks(1);
            self.until(Part::Key, b"=");
            self.marks(1);
            self.until(Part::Text, SPECIAL_OR_COMMA);
        }
        self.marks(1);
        self.close(Part::Metadata, start);
    }

    /// A part with others begins here.
    fn open(&mut self) -> usize {
        self.depth += 1;
        self.at
    }

    /// It ends here, if there was anything of it.
    fn close(&mut self, part: Part, start: usize) {
        self.depth -= 1;
        if start < self.at {
            (self.each)(Span { part, start, end: self.at, depth: self.depth, text: None });
        }
    }

    /// All up to the next of some marks, or to the end.
    fn until(&mut self, part: Part, marks: &[u8]) -> &'a str {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let mut length = 0;
        while let Some(byte) = rest.get(length).filter(|byte| !marks.contains(byte)) {
            length += if *byte == b'\\' { 2 } else { 1 };
        }
        let text = core::str::from_utf8(rest.get(..length).unwrap_or(rest)).unwrap_or_default();
        let has_escapes = matches!(part, Part::String | Part::Text);
        self.add(part, length, if has_escapes { Text::new(text) } else { None });
        text
    }

    /// The next so many bytes.
    fn leaf_of(&mut self, part: Part, length: usize) {
        self.add(part, length, None);
    }

    fn marks(&mut self, length: usize) {
        self.add(Part::Mark, length, None);
    }

    /// Names the next so many bytes, if there are any.
    fn add(&mut self, part: Part, length: usize, text: Option<Text<'a>>) {
        let (start, end) = (self.at, self.bytes.len().min(self.at.saturating_add(length)));
        if start < end {
            self.at = end;
            (self.each)(Span { part, start, end, depth: self.depth, text });
        }
    }

    /// A byte ahead; 0 is behind the end.
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or_default()
    }
}
