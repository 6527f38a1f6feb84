//! What can be wrong, as one table: a number, a name, the code a server answers with, a sentence.
//!
//! Reading fails with an [`Error`]: what was expected, and at which byte. Building fails with a
//! [`BuildError`]: what was expected, and of which data point and field. Neither holds text; every
//! binding derives its own errors from the [`Kind`] inside.

use core::fmt;

macro_rules! kinds {
    ($($number:literal $name:ident $text:literal $code:ident $sentence:literal,)*) => {
        /// What is wrong. Numbers and names never change; new kinds get new ones.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Kind {
            $(#[doc = concat!("`", $text, "`: ", $sentence, ".")] $name = $number,)*
        }

        impl Kind {
            /// Every kind, in the order of the numbers.
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)*];

            /// The code of the `ACK|ERR|…` that a server answers with, where there is one.
            pub const fn code(self) -> Option<Code> {
                match self { $(Kind::$name => kinds!(@code $code),)* }
            }
        }

        impl Texts {
            const ALL: Texts = Texts {
                left: &[$((Kind::$name, length($text), length($sentence)),)*],
                text: concat!($($text, $sentence,)*),
            };
        }
    };
    (@code none) => { None };
    (@code $code:ident) => { Some(Code::$code) };
}

kinds! {
    // Reading and writing text frames.
    1 TooLarge "too_large" PayloadTooLarge "a frame has at most 16384 bytes",
    2 Nul "nul" InvalidPayload "a frame has no NUL bytes",
    3 Utf8 "utf8" InvalidPayload "expected UTF-8",
    4 Method "method" InvalidMethod "expected PUSH, PULL or PING, and |",
    5 Answer "answer" InvalidMethod "expected ACK and |",
    6 Seq "seq" InvalidSeq "expected a digit after !",
    7 SeqRange "seq_range" InvalidSeq "a sequence counter has at most 32 bits and no leading zeros",
    8 SeqEnd "seq_end" InvalidSeq "expected | after the sequence counter",
    9 Auth "auth" InvalidToken "expected 16 hex digits, or at and 32 hex digits",
    10 AuthEnd "auth_end" InvalidToken "expected | after the authorization",
    11 Serial "serial" InvalidPayload "expected a serial of letters, digits, - and _",
    12 SerialLength "serial_length" InvalidPayload "a serial has at most 100 bytes",
    13 SerialEnd "serial_end" InvalidPayload "expected | after the serial",
    14 Trailing "trailing" InvalidPayload "expected the end of the frame",
    15 Status "status" InvalidPayload "expected OK, PONG, CMD or ERR",
    16 Detail "detail" InvalidPayload "expected text without control characters and without a bare |",
    17 Count "count" InvalidPayload "a count has at most 64 bits",
    18 Body "body" InvalidPayload "expected a block in [ ], a modifier (@ ^ {), >x or >b",
    19 Modifier "modifier" InvalidPayload "expected [ or the next modifier in its order",
    20 Raw "raw" InvalidPayload "expected x or b after >",
    21 Hex "hex" InvalidPayload "expected a hex digit",
    22 Base64 "base64" InvalidPayload "expected a base64 digit",
    23 List "list" InvalidPayload "expected a list of names in [ ]",
    24 ListEnd "list_end" InvalidPayload "expected ; or ] after the name",
    25 Name "name" InvalidPayload "expected a name of lower-case letters, digits and _",
    26 NameLength "name_length" InvalidPayload "a name has at most 100 bytes",
    27 Operator "operator" InvalidPayload "expected :=, =, ?= or @= after the name",
    28 Number "number" InvalidPayload "expected a number in plain digits",
    29 LeadingZero "leading_zero" InvalidPayload "a number has no leading zeros",
    30 Boolean "boolean" InvalidPayload "expected true or false",
    31 Text "text" InvalidPayload "expected text",
    32 Escape "escape" InvalidPayload "expected one of | [ ] ; , { } # @ ^ \\ n after a backslash",
    33 Location "location" InvalidPayload "expected lat,lng or lat,lng,alt",
    34 Suffix "suffix" InvalidPayload "expected ; ] or the next suffix in its order",
    35 TooManyVariables "too_many_variables" InvalidPayload "a frame has at most 100 variables",
    36 Unit "unit" InvalidPayload "expected a unit",
    37 UnitLength "unit_length" InvalidPayload "a unit has at most 25 bytes",
    38 Time "time" InvalidPayload "expected a time in milliseconds",
    39 TimeRange "time_range" InvalidPayload "a time has at most 64 bits",
    40 Group "group" InvalidPayload "expected a group of lower-case letters, digits and _",
    41 GroupLength "group_length" InvalidPayload "a group has at most 100 bytes",
    42 Key "key" InvalidPayload "expected a metadata key of lower-case letters, digits and _",
    43 KeyLength "key_length" InvalidPayload "a metadata key has at most 100 bytes",
    44 Pair "pair" InvalidPayload "expected = after the metadata key",
    45 Metadata "metadata" InvalidPayload "expected metadata text, then , or }",
    46 TooManyPairs "too_many_pairs" InvalidPayload "a metadata block has at most 32 pairs",

    // Building only.
    50 Buffer "buffer" none "the buffer is too small",
    51 NotFinite "not_finite" InvalidPayload "NaN and infinities are no numbers of a frame",
    52 Digits "digits" InvalidPayload "a floating-point number is written with at most 64 digits",
    53 Repeated "repeated" InvalidPayload "this was given already",
    54 Misplaced "misplaced" InvalidPayload "this cannot stand here",
    55 Revision "revision" InvalidPayload "only revision D has locations on blocks and other variables",
    56 Empty "empty" InvalidPayload "at least one is needed",
    57 Missing "missing" InvalidPayload "this is required",
    58 Type "type" InvalidPayload "a value of another type is needed here",
    59 Json "json" InvalidPayload "expected JSON",

    // Credentials.
    60 Token "token" InvalidToken "expected at and 32 hex digits",

    // Envelopes.
    61 TooShort "too_short" none "the message ends before it is complete",
    62 Plaintext "plaintext" none "this is an answer in plaintext, not an envelope",
    63 Version "unsupported_version" UnsupportedVersion "only version 0 of envelopes is known",
    64 Cipher "unsupported_cipher" UnsupportedCipher "the cipher is unknown, or was not built in",
    65 EnvelopeMethod "envelope_method" InvalidMethod "expected a PUSH, PULL, PING or ACK inside",
    66 InvalidKey "invalid_key" none "a key has 16 or 32 bytes, as its cipher wants",
    67 EnvelopeTooLarge "envelope_too_large" EnvelopeTooLarge "an envelope holds at most 16384 bytes",
    68 AuthFailed "auth_failed" AuthFailed "the envelope does not open",
    69 CounterExhausted "counter_exhausted" none "the last counter under this key is used up",
    70 CounterUnreserved "counter_unreserved" none "the last reserved counter is used up",
    71 ForbiddenFlags "forbidden_flags" none "aes-256-ccm cannot carry a PULL",
    72 OtherSerial "other_serial" InvalidPayload "expected the serial that the key belongs to",

    // Cutting streams.
    80 TooLong "too_long" none "the message is above the maximum",
    81 Corrupt "corrupt" none "no message can begin here",
    82 InvalidSettings "invalid_settings" none "these settings can never work",
    83 TrailingBytes "trailing_bytes" none "expected the end of the message",

    // Sessions.
    90 Full "full" none "no more fits before something is sent or answered",
    91 Closed "closed" none "the connection is over",
    92 Turn "turn" none "requests are answered in the order they came, each once",

    // Platforms.
    100 Path "path" DeviceNotFound "expected the path /v1/tip/ and a serial",
    101 Topic "topic" none "expected a topic of the platform",
}

macro_rules! codes {
    ($($name:ident $text:literal $what:literal,)*) => {
        /// An error code of the protocol, the detail of `ACK|ERR|…`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = concat!("`", $text, "`: ", $what, ".")] $name,)*
        }

        impl Code {
            /// Every known code.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The code as it stands on the wire.
            pub const fn name(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }
        }
    };
}

codes! {
    InvalidToken "invalid_token" "the authorization is malformed or unknown",
    InvalidMethod "invalid_method" "no such method",
    InvalidPayload "invalid_payload" "the frame is malformed",
    InvalidSeq "invalid_seq" "the sequence counter is malformed or not greater than the last",
    DeviceNotFound "device_not_found" "no device has this serial",
    VariableNotFound "variable_not_found" "none of the variables asked for is known",
    RateLimited "rate_limited" "too many requests or connections",
    AuthFailed "auth_failed" "an envelope could not be opened",
    UnsupportedVersion "unsupported_version" "the envelope's version is unknown",
    UnsupportedCipher "unsupported_cipher" "the envelope's cipher is unknown",
    EnvelopeTooLarge "envelope_too_large" "the envelope is above the limit",
    PayloadTooLarge "payload_too_large" "the frame is above the limit",
    TtlExpired "ttl_expired" "the connection has reached its time to live",
    KeepAliveTimeout "keep_alive_timeout" "the connection was silent for too long",
    ServerError "server_error" "the server failed",
}

impl Kind {
    /// The short name that bindings show, in `snake_case`.
    pub const fn name(self) -> &'static str {
        Texts::of(self).0
    }

    /// One lower-case sentence without a full stop.
    pub const fn sentence(self) -> &'static str {
        Texts::of(self).1
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Kind> {
        let mut texts = Texts::ALL;
        while let Some((kind, known, _)) = texts.next() {
            if known == name {
                return Some(kind);
            }
        }
        None
    }

    /// The number that C uses (negated) as a status.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.number() == number)
    }

    /// Whether an envelope as a whole is wrong, not one of its bytes.
    pub(crate) fn is_of_envelopes(self) -> bool {
        (Kind::TooShort.number()..=Kind::ForbiddenFlags.number()).contains(&self.number())
    }

    /// The protocol's code where it has one, else the kind's own name.
    pub const fn code_name(self) -> &'static str {
        match self.code() {
            Some(code) => code.name(),
            None => self.name(),
        }
    }
}

/// The names and sentences of kinds, one after the other in one text: where each of them is would take
/// more bytes than most names have.
struct Texts {
    /// How long the name and the sentence of each are.
    left: &'static [(Kind, u8, u8)],
    text: &'static str,
}

impl Texts {
    const fn of(kind: Kind) -> (&'static str, &'static str) {
        let mut texts = Texts::ALL;
        while let Some((other, name, sentence)) = texts.next() {
            if other as u8 == kind as u8 {
                return (name, sentence);
            }
        }
        ("", "")
    }

    const fn next(&mut self) -> Option<(Kind, &'static str, &'static str)> {
        let [(kind, name, sentence), left @ ..] = self.left else { return None };
        self.left = left;
        Some((*kind, self.take(*name), self.take(*sentence)))
    }

    const fn take(&mut self, length: u8) -> &'static str {
        let Some((text, rest)) = self.text.split_at_checked(length as usize) else { return "" };
        self.text = rest;
        text
    }
}

const fn length(text: &str) -> u8 {
    assert!(text.len() <= u8::MAX as usize);
    #[allow(clippy::cast_possible_truncation, reason = "it is not longer")]
    let length = text.len() as u8;
    length
}

impl Code {
    /// The code that stands on the wire as `text`, if it is a known one.
    pub fn from_name(text: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.name() == text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl core::error::Error for Kind {}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why bytes could not be read: what was expected, and at which byte of the input.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Error {
    /// What was expected.
    pub kind: Kind,
    /// The first byte at which no valid input can go on; the input's length where it ended early.
    pub at: u32,
}

impl Error {
    pub(crate) fn new(kind: Kind, at: usize) -> Error {
        Error { kind, at: u32::try_from(at).unwrap_or(u32::MAX) }
    }

    /// The code a server answers with, by name; the kind's own name where the protocol has none.
    pub const fn code(&self) -> &'static str {
        self.kind.code_name()
    }

    /// The error as a sentence that also names what stands in `input` at the offset.
    ///
    /// The character is left out where it may be part of a secret.
    ///
    /// ```
    /// let input = b"PING|!|4deedd7bab8817ec|sensor-01";
    /// let error = tipwire::Frame::parse(input).unwrap_err();
    /// assert_eq!(error.explain(input).to_string(), "expected a digit after !, found | at byte 6");
    /// ```
    pub fn explain<'a>(&self, input: &'a [u8]) -> impl fmt::Display + use<'a> {
        Explained { error: *self, input }
    }

    /// [The same sentence](Error::explain) in parts, where the machinery of `fmt` would be most of a
    /// program.
    ///
    /// ```
    /// let error = tipwire::Frame::parse(b"").unwrap_err();
    /// let mut sentence = String::new();
    /// error.explain_to(b"", &mut |part| sentence.push_str(part));
    /// assert_eq!(sentence, error.explain(b"").to_string());
    /// ```
    pub fn explain_to(&self, input: &[u8], put: &mut dyn FnMut(&str)) {
        let Error { kind, at } = *self;
        put(kind.sentence());
        if kind.is_of_envelopes() {
            return;
        }
        let rest = input.get(at as usize..).unwrap_or_default();
        let is_secret = matches!(kind.code(), Some(Code::InvalidToken));
        if !is_secret && kind != Kind::TooLarge {
            match rest {
                [] | b"\n" | b"\r\n" => put(", found the end"),
                [b' ', ..] => put(", found a space"),
                [byte, ..] => {
                    if let Some(found) = first_char(rest) {
                        put(", found ");
                        put_visible(put, found);
                    } else {
                        put(", found byte 0x");
                        put_digits(put, u32::from(*byte), 16);
                    }
                }
            }
        }
        put(" at byte ");
        put_digits(put, at, 10);
    }
}

/// The character that bytes begin with, if they do.
fn first_char(bytes: &[u8]) -> Option<char> {
    let front = bytes.get(..4).unwrap_or(bytes);
    let valid = match core::str::from_utf8(front) {
        Ok(text) => text,
        Err(error) => core::str::from_utf8(front.get(..error.valid_up_to())?).ok()?,
    };
    valid.chars().next()
}

/// A character, or what a programmer writes for it.
fn put_visible(put: &mut dyn FnMut(&str), char: char) {
    match char {
        '\t' => put("\\t"),
        '\r' => put("\\r"),
        '\n' => put("\\n"),
        _ if char.is_control() => {
            put("\\u{");
            put_digits(put, char.into(), 16);
            put("}");
        }
        _ => put(char.encode_utf8(&mut [0; 4])),
    }
}

/// A number in parts.
pub(crate) fn put_digits(put: &mut dyn FnMut(&str), number: u32, radix: u32) {
    let mut unit = 1;
    while number / unit >= radix {
        unit *= radix;
    }
    while unit > 0 {
        let digit = char::from_digit(number / unit % radix, radix).unwrap_or('?');
        put(digit.encode_utf8(&mut [0; 4]));
        unit /= radix;
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind.is_of_envelopes() {
            return f.write_str(self.kind.sentence());
        }
        write!(f, "{} at byte {}", self.kind, self.at)
    }
}

impl core::error::Error for Error {}

struct Explained<'a> {
    error: Error,
    input: &'a [u8],
}

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(f, |put| self.error.explain_to(self.input, put))
    }
}

/// Displays what is said in parts.
pub(crate) fn display(
    f: &mut fmt::Formatter<'_>,
    say: impl FnOnce(&mut dyn FnMut(&str)),
) -> fmt::Result {
    let mut written = Ok(());
    say(&mut |part| written = written.and_then(|()| f.write_str(part)));
    written
}

macro_rules! fields {
    ($($name:ident $text:literal $what:literal,)*) => {
        /// A field of a frame or a data point, named as in JSON.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Field {
            $(#[doc = concat!("`", $text, "`: ", $what, ".")] $name,)*
        }

        impl Field {
            /// Every field.
            pub const ALL: &'static [Field] = &[$(Field::$name,)*];

            /// The field's key in JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Field::$name => $text,)* }
            }
        }
    };
}

fields! {
    Seq "seq" "the sequence counter",
    Auth "auth" "the authorization",
    Serial "serial" "the device's serial",
    Variable "variable" "the name of a variable",
    Value "value" "the value of a variable",
    Unit "unit" "the unit of a value",
    Location "location" "a location",
    Time "time" "a time",
    Group "group" "a group",
    Metadata "metadata" "a metadata key or its text",
    Names "names" "the names of a PULL",
    Raw "raw" "passthrough data",
    Status "status" "the status of an ACK",
    Detail "detail" "the detail of an ACK",
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a frame could not be built: what was expected, of which data point and which field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BuildError {
    /// What was expected.
    pub kind: Kind,
    /// The data point, counted from 0, where the error is one of a data point.
    pub point: Option<u32>,
    /// The field, where the error is one of a field.
    pub field: Option<Field>,
}

impl BuildError {
    pub(crate) const fn of(kind: Kind) -> BuildError {
        BuildError { kind, point: None, field: None }
    }

    /// The code a server would answer with, by name; the kind's own name where there is none.
    pub const fn code(&self) -> &'static str {
        self.kind.code_name()
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(point) = self.point {
            write!(f, "data point {point}: ")?;
        }
        if let Some(field) = self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(self.kind.sentence())
    }
}

impl core::error::Error for BuildError {}
