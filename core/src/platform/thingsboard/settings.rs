//! Settings of converters as JSON, for programs that are configured.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use super::uplink::JsonText;
use super::{
    BinaryConverter, BinaryField, ConvertError, JsonConverter, Read, Scale, Target, TextConverter,
};
use crate::error::Kind;
use crate::json::read::{Json, JsonString, document};
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
#[derive(Clone, PartialEq, Debug)]
pub struct Converter(Kinds);

#[derive(Clone, PartialEq, Debug)]
enum Kinds {
    Text { separator: String, name: usize, kind: Option<usize> },
    Json { name: String, kind: String, time: Option<String> },
    Binary(Vec<BinaryField<String>>),
}

impl Converter {
    /// The names of the converters.
    pub const NAMES: [&'static str; 3] = ["text", "json", "binary"];

    /// The converter of this name with these settings; no settings at all are the defaults.
    ///
    /// What is no converter is [`Kind::Type`]; settings that it does not have, or that can never
    /// work, are [`Kind::InvalidSettings`].
    pub fn new(name: &str, settings: &str) -> Result<Converter, Kind> {
        let members = match document(settings) {
            Ok(Json::Object(members)) => Some(members),
            Err(_) if settings.trim_ascii().is_empty() => None,
            _ => return Err(Kind::InvalidSettings),
        };
        let members = members.into_iter().flatten();
        let converter = match name {
            "text" => text(members),
            "json" => json(members),
            "binary" => binary(members),
            _ => return Err(Kind::Type),
        };
        let converter = Converter(converter.ok_or(Kind::InvalidSettings)?);
        converter.check().map(|()| converter)
    }

    fn check(&self) -> Result<(), Kind> {
        match &self.0 {
            Kinds::Text { separator, name, kind } => {
                TextConverter { separator, name: *name, kind: *kind }.check()
            }
            Kinds::Json { name, kind, time } => {
                JsonConverter { name, kind, time: time.as_deref() }.check()
            }
            Kinds::Binary(fields) => BinaryConverter { fields }.check().map_err(|(kind, _)| kind),
        }
    }

    /// Writes the uplink object of a message, or the list of them; or nothing if the message does
    /// not fit.
    pub fn convert<'a>(
        &'a self,
        message: &'a [u8],
        out: &mut impl Write,
    ) -> Result<(), ConvertError<'a>> {
        match &self.0 {
            Kinds::Text { separator, name, kind } => {
                let converter = TextConverter { separator, name: *name, kind: *kind };
                converter.convert(message, out)
            }
            Kinds::Json { name, kind, time } => {
                let converter = JsonConverter { name, kind, time: time.as_deref() };
                converter.convert(message, out)
            }
            Kinds::Binary(fields) => BinaryConverter { fields }.convert(message, out),
        }
    }
}

fn string(value: &Json<'_>) -> Option<String> {
    match value {
        Json::String(text) if text.chars().all(|char| char.is_ok()) => {
            Some(JsonText::of(*text).to_string())
        }
        _ => None,
    }
}

fn number(value: &Json<'_>) -> Option<usize> {
    match value {
        Json::Number(digits) => digits.parse().ok(),
        _ => None,
    }
}

type Member<'a> = (JsonString<'a>, Json<'a>);

fn text<'a>(members: impl Iterator<Item = Member<'a>>) -> Option<Kinds> {
    let defaults = TextConverter::default();
    let mut separator = defaults.separator.to_string();
    let (mut name, mut kind) = (defaults.name, defaults.kind);
    for (key, value) in members {
        match () {
            () if key.is("separator") => separator = string(&value)?,
            () if key.is("name") => name = number(&value)?,
            () if key.is("type") && matches!(value, Json::Null(_)) => kind = None,
            () if key.is("type") => kind = Some(number(&value)?),
            () => return None,
        }
    }
    Some(Kinds::Text { separator, name, kind })
}

fn json<'a>(members: impl Iterator<Item = Member<'a>>) -> Option<Kinds> {
    let defaults = JsonConverter::default();
    let (mut name, mut kind) = (defaults.name.to_string(), defaults.kind.to_string());
    let mut time = None;
    for (key, value) in members {
        match () {
            () if key.is("name") => name = string(&value)?,
            () if key.is("type") => kind = string(&value)?,
            () if key.is("time") && matches!(value, Json::Null(_)) => time = None,
            () if key.is("time") => time = Some(string(&value)?),
            () => return None,
        }
    }
    Some(Kinds::Json { name, kind, time })
}

fn binary<'a>(members: impl Iterator<Item = Member<'a>>) -> Option<Kinds> {
    let owned = |field: &BinaryField<&str>| field.with_name(field.name.to_string());
    let mut fields: Vec<_> = BinaryConverter::SAMPLE.iter().map(owned).collect();
    for (key, value) in members {
        let Json::Array(items) = value else { return None };
        if !key.is("fields") {
            return None;
        }
        fields = items.map(|item| field(&item)).collect::<Option<_>>()?;
    }
    Some(Kinds::Binary(fields))
}

fn field(item: &Json<'_>) -> Option<BinaryField<String>> {
    let Json::Object(members) = item else { return None };
    let mut name = None;
    let mut field = BinaryField {
        name: String::new(),
        offset: 0,
        length: None,
        read: Read::Ascii,
        order: Order::Big,
        scale: None,
        to: Target::Telemetry,
    };
    for (key, value) in members.clone() {
        match () {
            () if key.is("name") => name = Some(string(&value)?),
            () if key.is("offset") => field.offset = number(&value)?,
            () if key.is("length") && matches!(value, Json::Null(_)) => field.length = None,
            () if key.is("length") => field.length = Some(number(&value)?),
            () if key.is("as") => field.read = Read::from_name(&string(&value)?)?,
            () if key.is("order") => field.order = order(&string(&value)?)?,
            () if key.is("scale") => match value {
                Json::Number(factor) => field.scale = Some(Scale::new(factor)?),
                _ => return None,
            },
            () if key.is("to") => field.to = Target::from_name(&string(&value)?)?,
            () => return None,
        }
    }
    Some(field.with_name(name?))
}

fn order(word: &str) -> Option<Order> {
    match word {
        "big" => Some(Order::Big),
        "little" => Some(Order::Little),
        _ => None,
    }
}
