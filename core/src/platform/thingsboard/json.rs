//! Messages of JSON.

use core::fmt;

use super::{
    ATTRIBUTES, Convert, ConvertError, DEFAULT_TYPE, DEVICE_NAME, DEVICE_TYPE, MESSAGE, TELEMETRY,
    offset, text_of,
};
use crate::error::Kind;
use crate::json::points::milliseconds;
use crate::json::read::{Json, Members, document};
use crate::json::write::Object;

/// `{"deviceName":"SN-002","deviceType":"default","temperature":25.7}`, or a list of such: the name,
/// the type and perhaps the time are members of their own, all others are telemetry.
///
/// Values are kept as they stand. An empty object or list stores nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JsonConverter<'s> {
    /// The key of the device's name.
    pub name: &'s str,
    /// The key of its type.
    pub kind: &'s str,
    /// The key of the time: whole milliseconds, digits in a string, or RFC 3339 text.
    pub time: Option<&'s str>,
}

impl Default for JsonConverter<'_> {
    fn default() -> Self {
        JsonConverter { name: DEVICE_NAME, kind: DEVICE_TYPE, time: None }
    }
}

impl<'s> JsonConverter<'s> {
    /// Whether the settings can work.
    pub fn check(&self) -> Result<(), Kind> {
        let differ = self.name != self.kind;
        let is_alone = self.time.is_none_or(|time| time != self.name && time != self.kind);
        if differ && is_alone { Ok(()) } else { Err(Kind::InvalidSettings) }
    }

    /// Writes the uplink object of a message, or the list of them; or nothing if the message does
    /// not fit.
    pub fn convert<'a>(
        &self,
        message: &'a [u8],
        out: &mut impl fmt::Write,
    ) -> Result<(), ConvertError<'a>>
    where
        's: 'a,
    {
        self.check().map_err(|kind| ConvertError::new(kind, self.name, 0))?;
        self.convert_whole(message, out)
    }

    fn write_object<'a, W: fmt::Write>(
        self,
        text: &'a str,
        value: Json<'a>,
        out: &mut W,
    ) -> Result<(), ConvertError<'a>>
    where
        's: 'a,
    {
        let Json::Object(members) = value else {
            return Err(ConvertError::new(Kind::Type, MESSAGE, offset(text, value.raw())));
        };
        if members.is_empty() {
            return Ok(out.write_str("{}")?);
        }
        let wrong = |kind, field, value: &Json<'a>| {
            ConvertError::new(kind, field, offset(text, value.raw()))
        };
        let end = offset(text, members.raw()) + members.raw().len() - 1;
        let name = last(&members, self.name);
        let name = name.ok_or(ConvertError::new(Kind::Missing, self.name, end))?;
        let mut object = Object::begin(out)?;
        match name {
            Json::String(name) if !name.raw().is_empty() => {
                Json::String(name).write(object.key(DEVICE_NAME)?)?;
            }
            Json::Number(number) => object.string(DEVICE_NAME, number)?,
            Json::String(_) => return Err(wrong(Kind::Missing, self.name, &name)),
            _ => return Err(wrong(Kind::Type, self.name, &name)),
        }
        match last(&members, self.kind) {
            Some(kind @ Json::String(_)) if !kind.raw().is_empty() => {
                kind.write(object.key(DEVICE_TYPE)?)?;
            }
            None | Some(Json::Null(_) | Json::String(_)) => {
                object.string(DEVICE_TYPE, DEFAULT_TYPE)?;
            }
            Some(kind) => return Err(wrong(Kind::Type, self.kind, &kind)),
        }
        let out = object.key(TELEMETRY)?;
        let time = self.time.and_then(|key| last(&members, key).map(|time| (key, time)));
        match time {
            Some((key, time)) => {
                let milliseconds = milliseconds(time.clone());
                let milliseconds = milliseconds.map_err(|kind| wrong(kind, key, &time))?;
                let mut timed = Object::begin(out)?;
                timed.integer("ts", milliseconds)?;
                self.write_values(text, members, timed.key("values")?)?;
                timed.end()?;
            }
            None => self.write_values(text, members, out)?,
        }
        object.key(ATTRIBUTES)?.write_str("{}")?;
        Ok(object.end()?)
    }

    /// Every member that is nothing else.
    fn write_values<'a, W: fmt::Write>(
        self,
        text: &'a str,
        members: Members<'a>,
        out: &mut W,
    ) -> Result<(), ConvertError<'a>>
    where
        's: 'a,
    {
        let mut values = Object::begin(out)?;
        for (key, value) in members {
            if key.is(self.name) || key.is(self.kind) || self.time.is_some_and(|time| key.is(time))
            {
                continue;
            }
            if matches!(value, Json::Null(_)) {
                return Err(ConvertError::new(Kind::Type, key.raw(), offset(text, value.raw())));
            }
            value.write(values.key_as_it_stands(key.raw())?)?;
        }
        Ok(values.end()?)
    }
}

impl<'s> Convert<'s> for JsonConverter<'s> {
    fn write<'a, W: fmt::Write>(
        self,
        message: &'a [u8],
        out: &mut W,
    ) -> Result<(), ConvertError<'a>>
    where
        's: 'a,
    {
        let text = text_of(message)?;
        match document(text).map_err(|at| ConvertError::new(Kind::Json, MESSAGE, at))? {
            Json::Array(items) => {
                out.write_char('[')?;
                for (n, item) in items.enumerate() {
                    if n > 0 {
                        out.write_char(',')?;
                    }
                    self.write_object(text, item, out)?;
                }
                Ok(out.write_char(']')?)
            }
            value => self.write_object(text, value, out),
        }
    }
}

/// The member of this key; the last one if there are several.
#[cfg_attr(target_family = "wasm", inline(never))]
pub(in crate::platform) fn last<'a>(members: &Members<'a>, key: &str) -> Option<Json<'a>> {
    members.clone().filter(|member| member.0.is(key)).last().map(|member| member.1)
}
