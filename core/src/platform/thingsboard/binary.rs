//! Messages of bytes at fixed places.

use core::fmt;

use super::{
    ATTRIBUTES, Convert, ConvertError, DEVICE_NAME, DEVICE_TYPE, TELEMETRY, begin_uplink, trimmed,
    write_guessed,
};
use crate::error::Kind;
use crate::frame::{Decimal, Line, Number, sealed::ToNumber};
use crate::json::write::Object;
use crate::stream::Order;

/// Fields at their offsets: `SN-002default25.7` is a name of six bytes, a type of seven, and a
/// temperature. What no field reads is left alone.
#[derive(Debug)]
pub struct BinaryConverter<'s, N = &'static str> {
    /// The fields, in the order in which they are written.
    pub fields: &'s [BinaryField<N>],
}

impl<N> Clone for BinaryConverter<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N> Copy for BinaryConverter<'_, N> {}

/// One field of a binary message.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BinaryField<N> {
    /// What it is called, in telemetry and in errors.
    pub name: N,
    /// Where it begins.
    pub offset: usize,
    /// How long it is; `None` for as long as a number of its kind is, or up to the end.
    pub length: Option<usize>,
    /// How it is read.
    pub read: Read,
    /// Which byte of a number comes first.
    pub order: Order,
    /// What a number is multiplied with.
    pub scale: Option<Scale>,
    /// Where it goes.
    pub to: Target,
}

impl BinaryConverter<'static> {
    /// The fields of the documented sample.
    pub const SAMPLE: &'static [BinaryField<&'static str>] = &[
        BinaryField::ascii(DEVICE_NAME, 0, 6, Target::DeviceName),
        BinaryField::ascii(DEVICE_TYPE, 6, 7, Target::DeviceType),
        BinaryField::ascii("temperature", 13, 4, Target::Telemetry),
    ];
}

impl Default for BinaryConverter<'static> {
    fn default() -> Self {
        BinaryConverter { fields: BinaryConverter::SAMPLE }
    }
}

impl BinaryField<&'static str> {
    /// Text from the beginning to the end, as telemetry without a name: for the places of others.
    pub const EMPTY: BinaryField<&'static str> =
        BinaryField { length: None, ..BinaryField::ascii("", 0, 0, Target::Telemetry) };

    const fn ascii(name: &'static str, offset: usize, length: usize, to: Target) -> Self {
        let (read, length) = (Read::Ascii, Some(length));
        BinaryField { name, offset, length, read, order: Order::Big, scale: None, to }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($(#[$what:meta])* $name:ident $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $type {
            $($(#[$what])* $name,)*
        }

        impl $type {
            /// All of them.
            pub const ALL: &'static [$type] = &[$($type::$name,)*];

            /// The word for it in settings.
            pub const fn name(self) -> &'static str {
                match self { $($type::$name => $text,)* }
            }

            /// What this word in settings stands for.
            pub fn from_name(name: &str) -> Option<$type> {
                $type::ALL.iter().copied().find(|known| known.name() == name)
            }
        }
    };
}

words! {
    /// How a field of a binary message is read.
    Read {
        /// Text; zeros and white space around it are dropped. In telemetry and attributes it becomes
        /// what it looks like.
        Ascii "ascii",
        /// Unsigned, one byte.
        U8 "u8",
        /// Unsigned, two bytes.
        U16 "u16",
        /// Unsigned, four bytes.
        U32 "u32",
        /// Unsigned, eight bytes.
        U64 "u64",
        /// Signed, one byte.
        I8 "i8",
        /// Signed, two bytes.
        I16 "i16",
        /// Signed, four bytes.
        I32 "i32",
        /// Signed, eight bytes.
        I64 "i64",
        /// A floating-point number of four bytes.
        F32 "f32",
        /// A floating-point number of eight bytes.
        F64 "f64",
    }
}

words! {
    /// Where a field of a binary message goes.
    Target {
        /// It is the name of the device.
        DeviceName "deviceName",
        /// It is the type of the device.
        DeviceType "deviceType",
        /// It is telemetry, under its name.
        Telemetry "telemetry",
        /// It is an attribute, under its name.
        Attribute "attribute",
    }
}

impl Read {
    /// How long such a number is; `None` for text.
    const fn size(self) -> Option<usize> {
        match self {
            Read::Ascii => None,
            Read::U8 | Read::I8 => Some(1),
            Read::U16 | Read::I16 => Some(2),
            Read::U32 | Read::I32 | Read::F32 => Some(4),
            Read::U64 | Read::I64 | Read::F64 => Some(8),
        }
    }
}

/// A decimal factor. Integers are multiplied with it exactly: 257 times 0.1 is 25.7.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scale {
    exact: Decimal,
    float: f64,
}

impl Scale {
    /// The factor that `text` is, in plain digits; not zero, and at most 18 digits.
    pub fn new(text: &str) -> Option<Scale> {
        let number = Number::new(text)?;
        let exact = number.to_decimal()?;
        let fits = text.len() <= 20 && exact.unscaled != 0;
        fits.then_some(Scale { exact, float: number.to_f64() })
    }
}

impl<'s, N: AsRef<str>> BinaryConverter<'s, N> {
    /// Whether the settings can work; else the name of the field that cannot.
    pub fn check(&self) -> Result<(), (Kind, &'s str)> {
        let count = |to| self.fields.iter().filter(|field| field.to == to).count();
        if count(Target::DeviceName) != 1 || count(Target::DeviceType) > 1 {
            return Err((Kind::InvalidSettings, DEVICE_NAME));
        }
        for field in self.fields {
            let fits = match (field.read.size(), field.length) {
                (None, length) => length != Some(0) && field.scale.is_none(),
                (Some(size), length) => length.is_none_or(|length| length == size),
            };
            if !fits || field.name.as_ref().is_empty() {
                return Err((Kind::InvalidSettings, field.name.as_ref()));
            }
        }
        Ok(())
    }

    /// Writes the uplink object of a message, or nothing if the message does not fit.
    pub fn convert<'a>(
        &self,
        message: &'a [u8],
        out: &mut impl fmt::Write,
    ) -> Result<(), ConvertError<'a>>
    where
        's: 'a,
    {
        self.check().map_err(|(kind, field)| ConvertError::new(kind, field, 0))?;
        self.convert_whole(message, out)
    }
}

impl<'s, N: AsRef<str>> Convert<'s> for BinaryConverter<'s, N> {
    fn write<'a, W: fmt::Write>(
        self,
        message: &'a [u8],
        out: &mut W,
    ) -> Result<(), ConvertError<'a>>
    where
        's: 'a,
    {
        let nth =
            |nth: usize| self.fields.get(nth).map(|field| field.with_name(field.name.as_ref()));
        Fields(&nth).write(message, out)
    }
}

/// Fields by their places, whatever their names are kept in.
#[derive(Clone, Copy)]
struct Fields<'f, 'a>(&'f dyn Fn(usize) -> Option<BinaryField<&'a str>>);

impl<'a> Fields<'_, 'a> {
    /// Those that go there.
    fn all(self, to: Target) -> impl Iterator<Item = BinaryField<&'a str>> {
        (0..).map_while(self.0).filter(move |field| field.to == to)
    }

    fn write<W: fmt::Write>(self, message: &'a [u8], out: &mut W) -> Result<(), ConvertError<'a>> {
        let missing = ConvertError::new(Kind::Missing, DEVICE_NAME, message.len());
        let name = self.text(message, Target::DeviceName)?;
        let name = name.filter(|name| !name.as_str().is_empty()).ok_or(missing)?;
        let kind = self.text(message, Target::DeviceType)?;
        let kind = kind.as_ref().map(Short::as_str).filter(|kind| !kind.is_empty());
        let mut object = begin_uplink(out, [name.as_str()], kind.map(|kind| [kind]))?;
        self.write_members(message, Target::Telemetry, object.key(TELEMETRY)?)?;
        self.write_members(message, Target::Attribute, object.key(ATTRIBUTES)?)?;
        Ok(object.end()?)
    }

    /// Those that go there, as members of an object.
    #[cfg_attr(target_family = "wasm", inline(never))]
    fn write_members<W: fmt::Write>(
        self,
        message: &'a [u8],
        to: Target,
        out: &mut W,
    ) -> Result<(), ConvertError<'a>> {
        let mut object = Object::begin(out)?;
        for field in self.all(to) {
            let value = field.value(message)?;
            value.write(object.key(field.name)?)?;
        }
        Ok(object.end()?)
    }

    /// The text of the field that goes there.
    fn text(self, message: &'a [u8], to: Target) -> Result<Option<Short<'a>>, ConvertError<'a>> {
        self.all(to).next().map(|field| field.value(message)).transpose()
    }
}

/// A value as text: of the message, or a number in a buffer of its own.
enum Short<'a> {
    Text(&'a str),
    Number([u8; Short::ROOM], usize),
}

impl Short<'_> {
    /// The longest are floating-point numbers, and integers of 64 bits times a scale of 18 digits.
    const ROOM: usize = 72;

    fn as_str(&self) -> &str {
        match self {
            Short::Text(text) => text,
            Short::Number(digits, length) => {
                core::str::from_utf8(digits.get(..*length).unwrap_or_default()).unwrap_or("")
            }
        }
    }

    fn write<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        match self {
            Short::Text(text) => write_guessed(out, text, [*text]),
            Short::Number(..) => out.write_str(self.as_str()),
        }
    }
}

impl<N: AsRef<str>> BinaryField<N> {
    /// The same field by another name.
    pub(super) fn with_name<M>(&self, name: M) -> BinaryField<M> {
        let BinaryField { offset, length, read, order, scale, to, .. } = *self;
        BinaryField { name, offset, length, read, order, scale, to }
    }
}

/// What is the same whatever names are kept in.
impl<'a> BinaryField<&'a str> {
    #[cfg_attr(target_family = "wasm", inline(never))]
    fn value(self, message: &'a [u8]) -> Result<Short<'a>, ConvertError<'a>> {
        let wrong = |kind, at| ConvertError::new(kind, self.name, at);
        let too_short = wrong(Kind::TooShort, message.len());
        let rest = message.get(self.offset..).ok_or(too_short)?;
        let bytes = match self.read.size().or(self.length) {
            Some(length) => rest.get(..length).ok_or(too_short)?,
            None => rest,
        };
        if self.read == Read::Ascii {
            let place =
                |error: core::str::Utf8Error| wrong(Kind::Utf8, self.offset + error.valid_up_to());
            let text = core::str::from_utf8(bytes).map_err(place)?;
            return Ok(Short::Text(trimmed(text, '\0')));
        }
        let mut big = [0; 8];
        for (to, from) in big.iter_mut().rev().zip(Ordered { bytes, order: self.order }) {
            *to = from;
        }
        let bits = u64::from_be_bytes(big);
        // The sign is the highest bit of as many as were read.
        let unread = 64 - 8 * u32::try_from(bytes.len()).unwrap_or(8).clamp(1, 8);
        let number = match self.read {
            Read::F32 | Read::F64 => {
                let float = if self.read == Read::F64 {
                    f64::from_bits(bits)
                } else {
                    f64::from(f32::from_bits(u32::try_from(bits).unwrap_or(0)))
                };
                self.float(float, u32::try_from(bits).ok())
            }
            Read::I8 | Read::I16 | Read::I32 | Read::I64 => {
                self.integer(i128::from(bits.cast_signed() << unread >> unread))
            }
            _ => self.integer(bits.into()),
        };
        number.map_err(|kind| wrong(kind, self.offset))
    }

    fn float(&self, float: f64, single: Option<u32>) -> Result<Short<'a>, Kind> {
        let mut digits = [0; Short::ROOM];
        let mut line = Line::new(&mut digits);
        match (self.scale, single) {
            (Some(scale), _) => (float * scale.float).write(&mut line),
            (None, Some(bits)) if self.read == Read::F32 => f32::from_bits(bits).write(&mut line),
            _ => float.write(&mut line),
        }
        let length = line.finish().map_err(|error| error.kind)?.len();
        Ok(Short::Number(digits, length))
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the other one")]
    fn integer(&self, integer: i128) -> Result<Short<'a>, Kind> {
        let (mut product, mut places) = (integer, 0);
        if let Some(Scale { exact, .. }) = self.scale {
            product *= i128::from(exact.unscaled);
            places = exact.scale as usize;
        }
        // From the last digit on; zeros after the point say nothing.
        let mut digits = [0; Short::ROOM];
        let mut length = 0;
        let mut push = |byte: u8| {
            if let Some(digit) = digits.get_mut(length) {
                *digit = byte;
                length += 1;
            }
        };
        let mut rest = product.unsigned_abs();
        while places > 0
            && let (tenth, 0) = divide(rest)
        {
            rest = tenth;
            places -= 1;
        }
        let mut count = 0;
        while rest > 0 || count <= places {
            if count == places && places > 0 {
                push(b'.');
            }
            let (tenth, digit) = divide(rest);
            push(b'0' + digit);
            rest = tenth;
            count += 1;
        }
        if product < 0 {
            push(b'-');
        }
        if let Some(written) = digits.get_mut(..length) {
            written.reverse();
        }
        Ok(Short::Number(digits, length))
    }
}

/// A tenth, and the digit that is left: in pieces, since the libraries of C compilers for small
/// processors do not divide 128 bits.
#[expect(clippy::cast_possible_truncation, reason = "pieces are cut out, and a digit is below ten")]
fn divide(number: u128) -> (u128, u8) {
    let mut tenth = 0;
    let mut left = 0;
    for piece in [96, 64, 32, 0] {
        let part = left << 32 | u64::from((number >> piece) as u32);
        tenth = tenth << 32 | u128::from(part / 10);
        left = part % 10;
    }
    (tenth, left as u8)
}

/// Bytes from the least significant on.
struct Ordered<'a> {
    bytes: &'a [u8],
    order: Order,
}

impl Iterator for Ordered<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (byte, rest) = match self.order {
            Order::Big => self.bytes.split_last()?,
            Order::Little => self.bytes.split_first()?,
        };
        self.bytes = rest;
        Some(*byte)
    }
}
