//! What devices tell as data points whose values are JSON, or text, already.

use core::fmt::{self, Write};

use super::JsonText;
use super::thingsboard::{Entries, Entry, Uplinks};
use super::thingspanel::{Attribute, Attributes, Event, Values};
use crate::encoding;
use crate::frame::{Encoding, Raw};
use crate::json::write::Object;

/// A data point that no frame has written: of another protocol, or of passthrough data.
///
/// ```
/// use tipwire::platform::Reading;
///
/// let frame = tipwire::Frame::parse(b"PUSH|4deedd7bab8817ec|s|>xDEADBEEF").unwrap();
/// let point = Reading::of_raw(frame.raw().unwrap());
/// let mut json = String::new();
/// point.write_json(&mut json).unwrap();
/// assert_eq!(point.variable().to_string(), "payload");
/// assert_eq!(json, concat!(
///     r#"{"variable":"payload","value":"DEADBEEF","#,
///     r#""metadata":{"encoding":"hex"}}"#,
/// ));
/// ```
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// Its time in UNIX milliseconds, if the device told one.
    pub time: Option<u64>,
    name: Name<'a>,
    value: Value<'a>,
    more: More,
}

/// A name, behind the address of the sub-device that it is a name of.
#[derive(Clone, Copy)]
struct Name<'a> {
    address: Option<JsonText<'a>>,
    name: JsonText<'a>,
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Json(&'a str),
    /// What stands between the quotes.
    String(&'a str),
    /// To be written as hex.
    Bytes(&'a [u8]),
}

/// What is said beside the value.
#[derive(Clone, Copy)]
enum More {
    Nothing,
    Group(&'static str),
    Encoding(Encoding),
}

impl<'a> Reading<'a> {
    /// Passthrough data as one data point, `payload`, with its encoding as metadata.
    pub fn of_raw(raw: Raw<'a>) -> Reading<'a> {
        Reading::payload(Value::String(raw.data()), raw.encoding())
    }

    /// A message of a device's own, in hex.
    fn of_bytes(bytes: &'a [u8]) -> Reading<'a> {
        Reading::payload(Value::Bytes(bytes), Encoding::Hex)
    }

    fn payload(value: Value<'a>, encoding: Encoding) -> Reading<'a> {
        let name = Name { address: None, name: JsonText::of("payload") };
        Reading { time: None, name, value, more: More::Encoding(encoding) }
    }

    /// An attribute; one of a sub-device has its address before its name.
    fn of_attribute(attribute: Attribute<'a>) -> Reading<'a> {
        let Attribute { device: address, name, value, is_string } = attribute;
        let value = Value::of(value, is_string);
        Reading { time: None, name: Name { address, name }, value, more: More::Nothing }
    }

    /// An event: its parameters are the value.
    fn of_event(event: &Event<'a>) -> Reading<'a> {
        let name = Name { address: None, name: event.method };
        let value = Value::Json(event.params.as_ref().map_or("{}", Values::json));
        Reading { time: None, name, value, more: More::Group("event") }
    }

    fn of_entry(entry: Entry<'a>, more: More) -> Reading<'a> {
        let name = Name { address: None, name: entry.key };
        Reading { time: entry.time, name, value: Value::of(entry.value, entry.is_string), more }
    }

    /// The name of the variable.
    pub fn variable(&self) -> impl fmt::Display + use<'a> {
        self.name
    }

    /// Writes the data point in the JSON form that data points have.
    pub fn write_json(&self, out: &mut impl Write) -> fmt::Result {
        let mut object = Object::begin(out)?;
        let out = object.key("variable")?;
        out.write_char('"')?;
        if let Some(address) = self.name.address {
            out.write_str(address.raw())?;
            out.write_char('/')?;
        }
        out.write_str(self.name.name.raw())?;
        out.write_char('"')?;
        let out = object.key("value")?;
        match self.value {
            Value::Json(json) => out.write_str(json)?,
            Value::String(raw) => write!(out, "\"{raw}\"")?,
            Value::Bytes(bytes) => {
                out.write_char('"')?;
                for digit in bytes.iter().flat_map(|byte| encoding::hex(*byte)) {
                    out.write_char(char::from(digit).to_ascii_lowercase())?;
                }
                out.write_char('"')?;
            }
        }
        if let Some(time) = self.time {
            object.integer("time", time)?;
        }
        match self.more {
            More::Nothing => {}
            More::Group(group) => object.string("group", group)?,
            More::Encoding(encoding) => {
                let mut metadata = Object::begin(object.key("metadata")?)?;
                metadata.string("encoding", encoding.name())?;
                metadata.end()?;
            }
        }
        object.end()
    }
}

impl<'a> Value<'a> {
    fn of(value: &'a str, is_string: bool) -> Value<'a> {
        if is_string { Value::String(value) } else { Value::Json(value) }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "{address}/{}", self.name),
            None => self.name.fmt(f),
        }
    }
}

/// What is told may be private.
impl fmt::Debug for Reading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("time", &self.time).finish_non_exhaustive()
    }
}

/// What a message tells: device by device, the data points of each.
///
/// ThingsBoard's messages name their devices, one or more; ThingsPanel's are of the device whose
/// connection it is, which they do not name.
#[derive(Clone, Debug)]
pub struct Told<'a>(Devices<'a>);

#[derive(Clone, Debug)]
enum Devices<'a> {
    Own(Option<Readings<'a>>),
    Named(Uplinks<'a>),
}

impl<'a> Told<'a> {
    /// What a packet of attributes says.
    pub(super) fn of_attributes(attributes: Attributes<'a>) -> Told<'a> {
        Told::own(Source::Attributes(attributes))
    }

    pub(super) fn of_event(event: &Event<'a>) -> Told<'a> {
        Told::own(Source::One(Some(Reading::of_event(event))))
    }

    /// A message of a device's own.
    pub(super) fn of_bytes(bytes: &'a [u8]) -> Told<'a> {
        Told::own(Source::One(Some(Reading::of_bytes(bytes))))
    }

    /// Nothing but that the device is there.
    pub(super) fn nothing() -> Told<'a> {
        Told::own(Source::One(None))
    }

    pub(super) fn of_uplinks(uplinks: Uplinks<'a>) -> Told<'a> {
        Told(Devices::Named(uplinks))
    }

    fn own(source: Source<'a>) -> Told<'a> {
        Told(Devices::Own(Some(Readings(source))))
    }
}

impl<'a> Iterator for Told<'a> {
    type Item = (Option<JsonText<'a>>, Readings<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Devices::Own(readings) => Some((None, readings.take()?)),
            Devices::Named(uplinks) => {
                let uplink = uplinks.next()?;
                let source = Source::Uplink(uplink.telemetry(), uplink.attributes());
                Some((Some(uplink.name), Readings(source)))
            }
        }
    }
}

/// What a message tells of one device.
#[derive(Clone, Debug)]
pub struct Readings<'a>(Source<'a>);

#[derive(Clone, Debug)]
enum Source<'a> {
    One(Option<Reading<'a>>),
    Attributes(Attributes<'a>),
    /// Telemetry, and then attributes.
    Uplink(Entries<'a>, Entries<'a>),
}

impl<'a> Iterator for Readings<'a> {
    type Item = Reading<'a>;

    fn next(&mut self) -> Option<Reading<'a>> {
        match &mut self.0 {
            Source::One(reading) => reading.take(),
            Source::Attributes(attributes) => attributes.next().map(Reading::of_attribute),
            Source::Uplink(telemetry, attributes) => {
                let telemetry = telemetry.next().map(|entry| (entry, More::Nothing));
                let next = telemetry
                    .or_else(|| attributes.next().map(|entry| (entry, More::Group("attribute"))));
                next.map(|(entry, more)| Reading::of_entry(entry, more))
            }
        }
    }
}
