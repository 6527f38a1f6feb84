//! What goes to a device.

use super::super::JsonText;
use super::json::last;
use super::{ConvertError, MESSAGE, offset};
use crate::encoding::decode_base64;
use crate::error::Kind;
use crate::json::read::{Json, document};

/// What a downlink converter gave: `{"contentType":…,"data":…,"metadata":{…}}`.
///
/// ```
/// use tipwire::platform::thingsboard::Downlink;
///
/// let mut buffer = [0; 32];
/// let downlink = Downlink::parse(r#"{"contentType":"TEXT","data":"set 1","metadata":{}}"#)?;
/// assert_eq!(downlink.write(&mut buffer), Ok(&b"set 1\n"[..]));
/// let downlink = Downlink::parse(r#"{"contentType":"BINARY","data":"3q2+7w=="}"#)?;
/// assert_eq!(downlink.write(&mut buffer), Ok(&b"\xde\xad\xbe\xef\n"[..]));
/// # Ok::<(), tipwire::platform::thingsboard::ConvertError<'_>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Downlink<'a> {
    /// How the data are meant.
    pub content: ContentType,
    data: Json<'a>,
}

/// How the data of a downlink are meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContentType {
    /// JSON, as a value or as a string that holds it.
    Json,
    /// A string.
    Text,
    /// Bytes in base64.
    Binary,
}

impl<'a> Downlink<'a> {
    /// Reads and checks a downlink.
    pub fn parse(json: &'a str) -> Result<Downlink<'a>, ConvertError<'a>> {
        let wrong = |kind, field, value: &Json<'a>| {
            Err(ConvertError::new(kind, field, offset(json, value.raw())))
        };
        let members = match document(json) {
            Ok(Json::Object(members)) => members,
            Ok(other) => return wrong(Kind::Type, MESSAGE, &other),
            Err(at) => return Err(ConvertError::new(Kind::Json, MESSAGE, at)),
        };
        let missing = |field| ConvertError::new(Kind::Missing, field, json.len());
        let content = last(&members, "contentType").ok_or_else(|| missing("contentType"))?;
        let data = last(&members, "data").ok_or_else(|| missing("data"))?;
        let content = match content {
            Json::String(word) if word.is("JSON") => ContentType::Json,
            Json::String(word) if word.is("TEXT") => ContentType::Text,
            Json::String(word) if word.is("BINARY") => ContentType::Binary,
            other => return wrong(Kind::Type, "contentType", &other),
        };
        match (content, &data) {
            (ContentType::Json, _) => {}
            (_, Json::String(text)) if text.chars().all(|char| char.is_ok()) => {}
            _ => return wrong(Kind::Type, "data", &data),
        }
        Ok(Downlink { content, data })
    }

    /// The bytes that are sent to the device: the data and a line feed, whatever they are.
    pub fn write<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], Kind> {
        let length = match (&self.data, self.content) {
            (Json::String(text), ContentType::Binary) => {
                let base64 = text.borrowed().ok_or(Kind::Base64)?;
                decode_base64(base64.as_bytes(), buffer)?.len()
            }
            (Json::String(text), _) => JsonText(*text).read_into(buffer)?.len(),
            (value, _) => {
                let mut out = Room { buffer: &mut *buffer, length: 0 };
                value.write(&mut out).map_err(|_| Kind::Buffer)?;
                out.length
            }
        };
        *buffer.get_mut(length).ok_or(Kind::Buffer)? = b'\n';
        buffer.get(..=length).ok_or(Kind::Buffer)
    }
}

/// A buffer to write text into.
struct Room<'b> {
    buffer: &'b mut [u8],
    length: usize,
}

impl core::fmt::Write for Room<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.length + text.len();
        let target = self.buffer.get_mut(self.length..end).ok_or(core::fmt::Error)?;
        target.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
