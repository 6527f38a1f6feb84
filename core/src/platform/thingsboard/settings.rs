//! Settings of converters as JSON, for programs that are configured.

#[cfg(feature = "alloc")]
use alloc::string::String;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt::Write;

use super::super::JsonText;
use super::{
    BinaryConverter, BinaryField, Convert, ConvertError, JsonConverter, Nowhere, Read, Scale,
    Target, TextConverter,
};
use crate::error::Kind;
use crate::json::read::{self, Json, JsonString, Members};
use crate::stream::Order;

/// A converter with settings of its own.
///
/// | converter | settings (default) |
/// |---|---|
/// | `text` | `separator` (`","`), `name` (0), `type` (1; `null` for none) |
/// | `json` | `name` (`"deviceName"`), `type` (`"deviceType"`), `time` (none) |
/// | `binary` | `fields`: a list of objects with `name`, `offset`, `length`, `as` (`ascii`, `u8`-`u64`, `i8`-`i64`, `f32`, `f64`), `order` (`big`), `scale`, `to` (`deviceName`, `deviceType`, `telemetry`, `attribute`; `telemetry`) |
///
/// ```
/// use tipwire::platform::thingsboard::Converter;
///
/// let settings = r#"{"fields":[{"name":"id","offset":0,"as":"u16","to":"deviceName"},
///     {"name":"temperature","offset":2,"as":"i16","order":"little","scale":0.1}]}"#;
/// let converter = Converter::new("binary", settings).unwrap();
/// let mut json = String::new();
/// converter.convert(&[0, 7, 0x01, 0x01], &mut json).unwrap();
/// assert_eq!(json, concat!(
///     r#"{"deviceName":"7","deviceType":"default","#,
///     r#""telemetry":{"temperature":25.7},"attributes":{}}"#,
/// ));
/// ```
#[cfg(feature = "alloc")]
pub type Converter = Configured<String, Vec<BinaryField<String>>>;

/// A [`Converter`](Configured#method.new) in memory of the caller's.
pub type LentConverter<'s> = Configured<&'s str, &'s [BinaryField<&'s str>]>;

/// A converter with settings of its own, its texts of type `T` and its fields in an `F`: see
/// `Converter` and [`LentConverter`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Configured<T, F>(Kinds<T, F>);

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kinds<T, F> {
    Text {
        separator: Option<T>,
        name: usize,
        kind: Option<usize>,
    },
    Json {
        name: Option<T>,
        kind: Option<T>,
        time: Option<T>,
    },
    /// Nothing is the fields of the sample.
    Binary(Option<F>),
}

/// Where what is read of settings is kept.
trait Room<'s> {
    type Text: AsRef<str>;
    type Fields: AsRef<[BinaryField<Self::Text>]>;

    /// `Err` where it is no text, or there is no room.
    fn text(&mut self, text: JsonString<'s>) -> Result<Self::Text, Kind>;
    fn add(&mut self, field: BinaryField<Self::Text>) -> Result<(), Kind>;
    /// The fields that were added.
    fn fields(self) -> Self::Fields;
}

#[cfg(feature = "alloc")]
impl Converter {
    /// The converter of this name with these settings; no settings at all are the defaults.
    ///
    /// What is no converter is [`Kind::Type`]; settings that it does not have, or that can never
    /// work, are [`Kind::InvalidSettings`].
    pub fn new(name: &str, settings: &str) -> Result<Converter, Kind> {
        Configured::read(name, settings, Vec::new())
    }
}

impl<'s> LentConverter<'s> {
    /// The converter of this name with these settings; no settings at all are the defaults.
    ///
    /// The fields of a `binary` one are put into `fields`, and texts that hold an escape into
    /// `texts`, where they need as many bytes as they stand in. Too little room is
    /// [`Kind::Buffer`]; otherwise errors are those of `Converter`.
    ///
    /// ```
    /// use tipwire::platform::thingsboard::{BinaryField, LentConverter};
    ///
    /// let settings = r#"{"fields":[{"name":"id","offset":0,"as":"u16","to":"deviceName"}]}"#;
    /// let mut fields = [BinaryField::EMPTY; 4];
    /// let converter = LentConverter::lent("binary", settings, &mut fields, &mut []).unwrap();
    /// let mut json = String::new();
    /// converter.convert(&[0, 7], &mut json).unwrap();
    /// assert!(json.starts_with(r#"{"deviceName":"7","#));
    /// ```
    pub fn lent(
        name: &str,
        settings: &'s str,
        fields: &'s mut [BinaryField<&'s str>],
        texts: &'s mut [u8],
    ) -> Result<LentConverter<'s>, Kind> {
        Configured::read(name, settings, Lent { fields, texts, count: 0 })
    }
}

impl<T, F> Configured<T, F> {
    /// The names of the converters.
    pub const NAMES: [&'static str; 3] = ["text", "json", "binary"];
}

impl<T: AsRef<str>, F: AsRef<[BinaryField<T>]>> Configured<T, F> {
    fn read<'s, R: Room<'s, Text = T, Fields = F>>(
        name: &str,
        settings: &'s str,
        mut room: R,
    ) -> Result<Configured<T, F>, Kind> {
        let members = read::settings(settings)?;
        let converter = Configured(match name {
            "text" => text(members, &mut room)?,
            "json" => json(members, &mut room)?,
            "binary" if binary(members, &mut room)? => Kinds::Binary(Some(room.fields())),
            "binary" => Kinds::Binary(None),
            _ => return Err(Kind::Type),
        });
        match &converter.0 {
            Kinds::Text { separator, name, kind } => {
                text_converter(separator.as_ref(), *name, *kind).check()
            }
            Kinds::Json { name, kind, time } => {
                json_converter(name.as_ref(), kind.as_ref(), time.as_ref()).check()
            }
            Kinds::Binary(None) => Ok(()),
            Kinds::Binary(Some(fields)) => {
                BinaryConverter { fields: fields.as_ref() }.check().map_err(|(kind, _)| kind)
            }
        }
        .map(|()| converter)
    }

    /// Writes the uplink object of a message, or the list of them; or nothing if the message does
    /// not fit, for which converting is tried before.
    pub fn convert<'a>(
        &'a self,
        message: &'a [u8],
        out: &mut impl Write,
    ) -> Result<(), ConvertError<'a>> {
        self.write(message, &mut Nowhere)?;
        self.write(message, out)
    }

    /// Adds the same to a text, of which what does not fit is taken back: nothing is tried before.
    ///
    /// ```
    /// use tipwire::platform::thingsboard::Converter;
    ///
    /// let converter = Converter::new("text", "").unwrap();
    /// let mut json = String::new();
    /// assert!(converter.append(b"SN-002,default,temperature", &mut json).is_err());
    /// assert_eq!(json, "");
    /// converter.append(b"SN-002,default,temperature,25.7", &mut json).unwrap();
    /// assert!(json.starts_with(r#"{"deviceName":"SN-002","#));
    /// ```
    #[cfg(feature = "alloc")]
    pub fn append<'a>(
        &'a self,
        message: &'a [u8],
        out: &mut String,
    ) -> Result<(), ConvertError<'a>> {
        let before = out.len();
        let written = self.write(message, out);
        if written.is_err() {
            out.truncate(before);
        }
        written
    }

    fn write<'a>(
        &'a self,
        message: &'a [u8],
        out: &mut impl Write,
    ) -> Result<(), ConvertError<'a>> {
        match &self.0 {
            Kinds::Text { separator, name, kind } => {
                text_converter(separator.as_ref(), *name, *kind).write(message, out)
            }
            Kinds::Json { name, kind, time } => {
                json_converter(name.as_ref(), kind.as_ref(), time.as_ref()).write(message, out)
            }
            Kinds::Binary(None) => BinaryConverter::default().write(message, out),
            Kinds::Binary(Some(fields)) => {
                BinaryConverter { fields: fields.as_ref() }.write(message, out)
            }
        }
    }
}

fn text_converter<T: AsRef<str>>(
    separator: Option<&T>,
    name: usize,
    kind: Option<usize>,
) -> TextConverter<'_> {
    let default = TextConverter::default().separator;
    TextConverter { separator: separator.map_or(default, T::as_ref), name, kind }
}

fn json_converter<'s, T: AsRef<str>>(
    name: Option<&'s T>,
    kind: Option<&'s T>,
    time: Option<&'s T>,
) -> JsonConverter<'s> {
    let defaults = JsonConverter::default();
    JsonConverter {
        name: name.map_or(defaults.name, T::as_ref),
        kind: kind.map_or(defaults.kind, T::as_ref),
        time: time.map(T::as_ref),
    }
}

#[cfg(feature = "alloc")]
impl<'s> Room<'s> for Vec<BinaryField<String>> {
    type Text = String;
    type Fields = Self;

    #[cfg_attr(target_family = "wasm", inline(never))]
    fn text(&mut self, text: JsonString<'s>) -> Result<String, Kind> {
        text.chars().collect::<Result<_, ()>>().map_err(|()| Kind::InvalidSettings)
    }

    fn add(&mut self, field: BinaryField<String>) -> Result<(), Kind> {
        self.push(field);
        Ok(())
    }

    fn fields(self) -> Self {
        self
    }
}

/// Memory of the caller's.
struct Lent<'s> {
    fields: &'s mut [BinaryField<&'s str>],
    count: usize,
    texts: &'s mut [u8],
}

impl<'s> Room<'s> for Lent<'s> {
    type Text = &'s str;
    type Fields = &'s [BinaryField<&'s str>];

    fn text(&mut self, text: JsonString<'s>) -> Result<&'s str, Kind> {
        if let Some(text) = text.borrowed() {
            return Ok(text);
        }
        // Escapes are never shorter than what they stand for.
        let room = core::mem::take(&mut self.texts).split_at_mut_checked(text.raw().len());
        let (room, rest) = room.ok_or(Kind::Buffer)?;
        self.texts = rest;
        JsonText(text).read_into(room).map_err(|_| Kind::InvalidSettings)
    }

    fn add(&mut self, field: BinaryField<&'s str>) -> Result<(), Kind> {
        *self.fields.get_mut(self.count).ok_or(Kind::Buffer)? = field;
        self.count += 1;
        Ok(())
    }

    fn fields(self) -> Self::Fields {
        self.fields.get(..self.count).unwrap_or_default()
    }
}

/// The string that a value is.
fn string(value: Json<'_>) -> Result<JsonString<'_>, Kind> {
    match value {
        Json::String(text) => Ok(text),
        _ => Err(Kind::InvalidSettings),
    }
}

/// What a word stands for.
fn word<W>(value: Json<'_>, of: impl FnOnce(&str) -> Option<W>) -> Result<W, Kind> {
    // More than the longest one needs.
    let mut buffer = [0; 16];
    string(value)?.text(&mut buffer).and_then(of).ok_or(Kind::InvalidSettings)
}

fn number(value: &Json<'_>) -> Result<usize, Kind> {
    match value {
        Json::Number(digits) => digits.parse().map_err(|_| Kind::InvalidSettings),
        _ => Err(Kind::InvalidSettings),
    }
}

fn text<'s, R: Room<'s>>(
    members: Members<'s>,
    room: &mut R,
) -> Result<Kinds<R::Text, R::Fields>, Kind> {
    let TextConverter { mut name, mut kind, .. } = TextConverter::default();
    let mut separator = None;
    for (key, value) in members {
        match () {
            () if key.is("separator") => separator = Some(room.text(string(value)?)?),
            () if key.is("name") => name = number(&value)?,
            () if key.is("type") && matches!(value, Json::Null(_)) => kind = None,
            () if key.is("type") => kind = Some(number(&value)?),
            () => return Err(Kind::InvalidSettings),
        }
    }
    Ok(Kinds::Text { separator, name, kind })
}

fn json<'s, R: Room<'s>>(
    members: Members<'s>,
    room: &mut R,
) -> Result<Kinds<R::Text, R::Fields>, Kind> {
    let (mut name, mut kind, mut time) = (None, None, None);
    for (key, value) in members {
        match () {
            () if key.is("name") => name = Some(room.text(string(value)?)?),
            () if key.is("type") => kind = Some(room.text(string(value)?)?),
            () if key.is("time") && matches!(value, Json::Null(_)) => time = None,
            () if key.is("time") => time = Some(room.text(string(value)?)?),
            () => return Err(Kind::InvalidSettings),
        }
    }
    Ok(Kinds::Json { name, kind, time })
}

/// Whether there are fields.
fn binary<'s, R: Room<'s>>(members: Members<'s>, room: &mut R) -> Result<bool, Kind> {
    let mut fields = None;
    for (key, value) in members {
        match value {
            Json::Array(items) if key.is("fields") => fields = Some(items),
            _ => return Err(Kind::InvalidSettings),
        }
    }
    let Some(fields) = fields else { return Ok(false) };
    for item in fields {
        let field = field(item, room)?;
        room.add(field)?;
    }
    Ok(true)
}

fn field<'s, R: Room<'s>>(item: Json<'s>, room: &mut R) -> Result<BinaryField<R::Text>, Kind> {
    let Json::Object(members) = item else { return Err(Kind::InvalidSettings) };
    let mut name = None;
    let mut field = BinaryField::EMPTY;
    for (key, value) in members {
        match () {
            () if key.is("name") => name = Some(room.text(string(value)?)?),
            () if key.is("offset") => field.offset = number(&value)?,
            () if key.is("length") && matches!(value, Json::Null(_)) => field.length = None,
            () if key.is("length") => field.length = Some(number(&value)?),
            () if key.is("as") => field.read = word(value, Read::from_name)?,
            () if key.is("order") => field.order = word(value, Order::from_name)?,
            () if key.is("scale") => match value {
                Json::Number(factor) => {
                    field.scale = Some(Scale::new(factor).ok_or(Kind::InvalidSettings)?);
                }
                _ => return Err(Kind::InvalidSettings),
            },
            () if key.is("to") => field.to = word(value, Target::from_name)?,
            () => return Err(Kind::InvalidSettings),
        }
    }
    Ok(field.with_name(name.ok_or(Kind::InvalidSettings)?))
}
