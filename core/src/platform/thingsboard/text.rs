//! Messages of values between separators.

use core::fmt;

use super::{
    ATTRIBUTES, Convert, ConvertError, DEVICE_NAME, TELEMETRY, begin_uplink, offset, text_of,
    trimmed, write_guessed,
};
use crate::error::Kind;
use crate::json::write::{Object, write_string};
use crate::platform::{Parts, split_off};

/// `SN-002,default,temperature,25.7`: name and type of the device, then keys and values in turn.
///
/// White space around values is dropped, and so is every `"`. A value that is a number becomes one,
/// with its digits; `true` and `false` become booleans.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TextConverter<'s> {
    /// What stands between values.
    pub separator: &'s str,
    /// Which value is the name of the device, counted from 0.
    pub name: usize,
    /// Which one is its type; `None` if there is none.
    pub kind: Option<usize>,
}

impl Default for TextConverter<'_> {
    fn default() -> Self {
        TextConverter { separator: ",", name: 0, kind: Some(1) }
    }
}

impl<'s> TextConverter<'s> {
    /// Whether the settings can work.
    pub fn check(&self) -> Result<(), Kind> {
        let works = !self.separator.is_empty() && self.kind != Some(self.name);
        if works { Ok(()) } else { Err(Kind::InvalidSettings) }
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
        self.check().map_err(|kind| ConvertError::new(kind, "separator", 0))?;
        self.convert_whole(message, out)
    }
}

/// A value of the message, and where it stands.
#[derive(Clone, Copy)]
struct Field<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Field<'a> {
    /// What it consists of without its quotes.
    fn pieces(self) -> Parts<'a> {
        Parts::of(self.text, b'"')
    }
}

/// The values of a message without what surrounds them.
#[derive(Clone)]
struct Fields<'a> {
    rest: Option<&'a str>,
    /// Where that begins.
    at: usize,
    separator: &'a str,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    #[cfg_attr(target_family = "wasm", inline(never))]
    fn next(&mut self) -> Option<Field<'a>> {
        let separator = self.separator;
        let ends = |rest: &[u8]| rest.starts_with(separator.as_bytes()).then_some(separator.len());
        let (field, others) = split_off(self.rest?, ends);
        self.rest = others;
        let start = self.at;
        self.at += field.len() + separator.len();
        let text = trimmed(field, '"');
        Some(Field { text, at: start + offset(field, text) })
    }
}

impl<'s> Convert<'s> for TextConverter<'s> {
    fn write<'a, W: fmt::Write>(
        self,
        message: &'a [u8],
        out: &mut W,
    ) -> Result<(), ConvertError<'a>>
    where
        's: 'a,
    {
        let text = text_of(message)?;
        let fields = Fields { rest: Some(text), at: 0, separator: self.separator };
        let name = fields.clone().nth(self.name);
        let name = name.ok_or(ConvertError::new(Kind::Missing, DEVICE_NAME, text.len()))?;
        if name.text.is_empty() {
            return Err(ConvertError::new(Kind::Missing, DEVICE_NAME, name.at));
        }
        let kind = self.kind.and_then(|kind| fields.clone().nth(kind));
        let kind = kind.filter(|kind| !kind.text.is_empty()).map(Field::pieces);
        let mut object = begin_uplink(out, name.pieces(), kind)?;

        let mut telemetry = Object::begin(object.key(TELEMETRY)?)?;
        let is_value = |n: &usize| *n != self.name && Some(*n) != self.kind;
        let mut values = fields.enumerate().filter(|(n, _)| is_value(n)).map(|(_, field)| field);
        while let Some(key) = values.next() {
            if key.text.is_empty() {
                return Err(ConvertError::new(Kind::Missing, TELEMETRY, key.at));
            }
            let missing = ConvertError::new(Kind::Missing, key.text, text.len());
            let value = values.next().ok_or(missing)?;
            let out = telemetry.key_of(key.pieces())?;
            if value.text.bytes().any(|byte| byte == b'"') {
                write_string(out, value.pieces())?;
            } else {
                write_guessed(out, value.text, [value.text])?;
            }
        }
        telemetry.end()?;
        object.key(ATTRIBUTES)?.write_str("{}")?;
        Ok(object.end()?)
    }
}
