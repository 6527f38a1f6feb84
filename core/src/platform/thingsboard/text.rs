//! Messages of values between separators.

use core::fmt;

use super::{
    ATTRIBUTES, Convert, ConvertError, DEVICE_NAME, TELEMETRY, begin_uplink, text_of, write_guessed,
};
use crate::error::Kind;
use crate::json::write::{Object, write_string};
use crate::platform::split_off;

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
    fn pieces(self) -> core::str::Split<'a, char> {
        self.text.split('"')
    }
}

/// The values of a message without what surrounds them.
fn fields<'a>(text: &'a str, separator: &'a str) -> impl Iterator<Item = Field<'a>> + Clone {
    let (mut next, mut rest) = (0, Some(text));
    let ends = move |rest: &[u8]| rest.starts_with(separator.as_bytes()).then_some(separator.len());
    core::iter::from_fn(move || {
        let (field, others) = split_off(rest?, ends);
        rest = others;
        let start = next;
        next += field.len() + separator.len();
        let is_around = |char: char| char == '"' || char.is_whitespace();
        let inside = field.trim_start_matches(is_around);
        let at = start + field.len() - inside.len();
        Some(Field { text: inside.trim_end_matches(is_around), at })
    })
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
        let fields = fields(text, self.separator);
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
            if value.text.contains('"') {
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
