//! What packets and messages carry as JSON: flat objects of values, events, gateways, raw bytes.

use core::fmt::{self, Write};

use super::super::JsonText;
use crate::encoding;
use crate::error::{BuildError, Kind};
use crate::frame::{Push, Sink};
use crate::json::points::is_location;
use crate::json::read::{Json, JsonString, Members, document};
use crate::json::write::{Object, write_raw_members, write_value};
use crate::json::write_members;
use crate::points::Points;

/// Writes data points as attributes or telemetry: `{"temperature":36.5,"humidity":52}`.
///
/// Numbers keep their digits, a location is an object with `lat`, `lng` and perhaps `alt`. Of a
/// variable that comes more than once the last value stands; units, times, groups and metadata have
/// no place.
///
/// ```
/// use tipwire::{Frame, platform::thingspanel};
///
/// let frame = Frame::parse(b"PUSH|4deedd7bab8817ec|s|[temperature:=36.50#C;on?=true]")?;
/// let mut json = String::new();
/// thingspanel::write_values(&mut json, frame.points()).unwrap();
/// assert_eq!(json, r#"{"temperature":36.50,"on":true}"#);
/// # Ok::<(), tipwire::Error>(())
/// ```
pub fn write_values<W: Write>(out: &mut W, mut points: Points<'_>) -> fmt::Result {
    let mut object = Object::begin(out)?;
    while let Some(point) = points.next() {
        if !points.variables().any(|later| later.name == point.variable) {
            write_value(object.key(point.variable)?, point.value)?;
        }
    }
    object.end()
}

/// Writes an event: `{"method":"…","params":{…}}`.
pub fn write_event<W: Write>(out: &mut W, method: &str, params: Points<'_>) -> fmt::Result {
    let mut object = Object::begin(out)?;
    object.string("method", method)?;
    write_values(object.key("params")?, params)?;
    object.end()
}

/// Writes what a gateway sends in packets: `{"<address of a sub-device>":{…},…}`.
pub fn write_sub_devices<'a, W: Write>(
    out: &mut W,
    devices: impl IntoIterator<Item = (&'a str, Points<'a>)>,
) -> fmt::Result {
    let mut object = Object::begin(out)?;
    for (address, points) in devices {
        write_values(object.key(address)?, points)?;
    }
    object.end()
}

/// Writes what a gateway sends over MQTT: `{"gateway_data":{…},"sub_device_data":{addr:{…}}}`.
pub fn write_gateway<'a, W: Write>(
    out: &mut W,
    own: Points<'_>,
    devices: impl IntoIterator<Item = (&'a str, Points<'a>)>,
) -> fmt::Result {
    let mut object = Object::begin(out)?;
    write_values(object.key(OWN)?, own)?;
    write_sub_devices(object.key(SUB_DEVICES)?, devices)?;
    object.end()
}

/// Writes what a gateway sends over MQTT for devices whose values are JSON already, by their names,
/// as a store has them.
///
/// ```
/// let mut json = String::new();
/// let values = [("light", "98"), ("humidity", "30.0")];
/// tipwire::platform::thingspanel::write_gateway_json(&mut json, [("a", &values[..])]).unwrap();
/// assert_eq!(json, r#"{"sub_device_data":{"a":{"light":98,"humidity":30.0}}}"#);
/// ```
pub fn write_gateway_json<'a, W: Write>(
    out: &mut W,
    devices: impl IntoIterator<Item = (&'a str, &'a [(&'a str, &'a str)])>,
) -> fmt::Result {
    let mut object = Object::begin(out)?;
    let mut by_address = Object::begin(object.key(SUB_DEVICES)?)?;
    for (address, values) in devices {
        write_raw_members(by_address.key(address)?, values)?;
    }
    by_address.end()?;
    object.end()
}

/// Writes the platform's envelope of a raw message: `{"token":"…","values":"<base64>"}`.
pub fn write_raw<W: Write>(out: &mut W, token: &str, message: &[u8]) -> fmt::Result {
    let mut object = Object::begin(out)?;
    object.string("token", token)?;
    let out = object.key("values")?;
    out.write_char('"')?;
    for part in message.chunks(3) {
        out.write_str(core::str::from_utf8(&encoding::base64(part)).unwrap_or_default())?;
    }
    out.write_char('"')?;
    object.end()
}

/// The access token that the first message of a raw connection is: what surrounds it of LF and CR
/// is dropped.
///
/// ```
/// assert_eq!(tipwire::platform::thingspanel::raw_token(b"b79f6640\r\n"), b"b79f6640");
/// ```
pub fn raw_token(message: &[u8]) -> &[u8] {
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let start = message.iter().position(|byte| !is_end(byte)).unwrap_or(message.len());
    let end = message.iter().rposition(|byte| !is_end(byte)).map_or(start, |last| last + 1);
    message.get(start..end).unwrap_or_default()
}

/// A flat object of values, as attributes and telemetry are.
///
/// ```
/// use tipwire::{Push, platform::thingspanel::Values};
///
/// let values = Values::parse(br#"{"temperature":36.5,"status":"a|b","at":{"lat":1,"lng":2}}"#)?;
/// let mut push = Push::to(String::new(), "4deedd7bab8817ec", "s");
/// values.fill(&mut push);
/// let frame = push.finish()?;
/// assert_eq!(frame, r"PUSH|4deedd7bab8817ec|s|[temperature:=36.5;status=a\|b;at@=1,2]");
/// # Ok::<(), tipwire::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Values<'a>(Members<'a>);

impl<'a> Values<'a> {
    /// Reads an object. What its values are shows when they are written.
    pub fn parse(json: &'a [u8]) -> Result<Values<'a>, BuildError> {
        members(json).map(Values)
    }

    /// The object as it stands.
    pub const fn json(&self) -> &'a str {
        self.0.raw()
    }

    /// Adds the values to a PUSH as variables of their names. What a frame cannot say (`null`,
    /// arrays, objects that are no location, names of other letters) is its error.
    pub fn fill<S: Sink>(&self, push: &mut Push<S>) {
        write_members(push, self.0.clone());
    }
}

impl fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").finish_non_exhaustive()
    }
}

/// What a packet of attributes says, value by value: those of the device itself, and those of
/// sub-devices behind it. An object is what a sub-device says, unless it is a location.
///
/// ```
/// use tipwire::platform::thingspanel::Attributes;
///
/// let json = br#"{"light":98,"sub-1":{"status":"on"},"at":{"lat":1,"lng":2}}"#;
/// let attributes = Attributes::parse(json)?.map(|attribute| {
///     let device = attribute.device.map(|address| address.to_string());
///     (device, attribute.name.to_string(), attribute.value)
/// });
/// let expected = [
///     (None, "light".to_owned(), "98"),
///     (Some("sub-1".to_owned()), "status".to_owned(), "on"),
///     (None, "at".to_owned(), r#"{"lat":1,"lng":2}"#),
/// ];
/// assert!(attributes.eq(expected));
/// # Ok::<(), tipwire::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Attributes<'a> {
    members: Members<'a>,
    /// The sub-device that is being read, and what it still has to say.
    device: Option<(JsonText<'a>, Members<'a>)>,
}

/// One attribute.
#[derive(Clone, Copy)]
pub struct Attribute<'a> {
    /// The address of the sub-device that it is of, if it is of one.
    pub device: Option<JsonText<'a>>,
    /// Its name.
    pub name: JsonText<'a>,
    /// The value: for a string what stands between its quotes, for others their JSON.
    pub value: &'a str,
    /// Whether it is a string.
    pub is_string: bool,
}

impl<'a> Attribute<'a> {
    fn of(device: Option<JsonText<'a>>, name: JsonString<'a>, value: &Json<'a>) -> Attribute<'a> {
        let is_string = matches!(value, Json::String(_));
        Attribute { device, name: JsonText(name), value: value.raw(), is_string }
    }
}

impl fmt::Debug for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attribute").finish_non_exhaustive()
    }
}

impl<'a> Attributes<'a> {
    /// Reads what a device sends in packets. What follows cannot fail.
    pub fn parse(json: &'a [u8]) -> Result<Attributes<'a>, BuildError> {
        members(json).map(|members| Attributes { members, device: None })
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        loop {
            if let Some((address, members)) = &mut self.device {
                if let Some((name, value)) = members.next() {
                    return Some(Attribute::of(Some(*address), name, &value));
                }
                self.device = None;
            }
            let (name, value) = self.members.next()?;
            match value {
                Json::Object(members) if !is_location(&members) => {
                    self.device = Some((JsonText(name), members));
                }
                value => return Some(Attribute::of(None, name, &value)),
            }
        }
    }
}

impl fmt::Debug for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attributes").finish_non_exhaustive()
    }
}

/// The values of the sub-devices behind a gateway, by their addresses.
///
/// ```
/// use tipwire::platform::thingspanel::SubDevices;
///
/// let mut devices = SubDevices::parse(br#"{"sub-1":{"t":1},"sub-2":{"t":2}}"#)?;
/// let (address, values) = devices.next().unwrap()?;
/// assert!(address == *"sub-1");
/// let mut push = tipwire::Push::to(String::new(), "4deedd7bab8817ec", "sub-1");
/// values.fill(&mut push);
/// assert_eq!(push.finish()?, "PUSH|4deedd7bab8817ec|sub-1|[t:=1]");
/// assert_eq!(devices.count(), 1);
/// # Ok::<(), tipwire::BuildError>(())
/// ```
#[derive(Clone)]
pub struct SubDevices<'a>(Option<Members<'a>>);

impl<'a> SubDevices<'a> {
    /// Reads what a gateway sends in packets.
    pub fn parse(json: &'a [u8]) -> Result<SubDevices<'a>, BuildError> {
        members(json).map(|devices| SubDevices(Some(devices)))
    }

    /// The object as it stands, all of it; `None` where there is none.
    pub fn json(&self) -> Option<&'a str> {
        self.0.as_ref().map(Members::raw)
    }
}

impl<'a> Iterator for SubDevices<'a> {
    type Item = Result<(JsonText<'a>, Values<'a>), BuildError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (address, value) = self.0.as_mut()?.next()?;
        Some(object(value).map(|values| (JsonText(address), Values(values))))
    }
}

impl fmt::Debug for SubDevices<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubDevices").finish_non_exhaustive()
    }
}

/// What a gateway sends over MQTT.
#[derive(Clone, Debug)]
pub struct Gateway<'a> {
    /// `gateway_data`: its own values.
    pub own: Option<Values<'a>>,
    /// `sub_device_data`: those of the devices behind it.
    pub devices: SubDevices<'a>,
}

impl<'a> Gateway<'a> {
    /// Reads the object; both members may be missing.
    pub fn parse(json: &'a [u8]) -> Result<Gateway<'a>, BuildError> {
        let mut gateway = Gateway { own: None, devices: SubDevices(None) };
        for (key, value) in members(json)? {
            if key.is(OWN) {
                gateway.own = Some(Values(object(value)?));
            } else if key.is(SUB_DEVICES) {
                gateway.devices = SubDevices(Some(object(value)?));
            }
        }
        Ok(gateway)
    }
}

/// An event.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// What happened.
    pub method: JsonText<'a>,
    /// What is known of it.
    pub params: Option<Values<'a>>,
}

impl<'a> Event<'a> {
    /// Reads an event; `params` may be missing, `method` may not.
    pub fn parse(json: &'a [u8]) -> Result<Event<'a>, BuildError> {
        let (mut method, mut params) = (None, None);
        for (key, value) in members(json)? {
            if key.is("method") {
                method = Some(string(value)?);
            } else if key.is("params") {
                params = Some(Values(object(value)?));
            }
        }
        let method = method.ok_or(BuildError::of(Kind::Missing))?;
        Ok(Event { method, params })
    }
}

/// A raw message in the platform's envelope.
///
/// ```
/// use tipwire::platform::thingspanel::{RawMessage, write_raw};
///
/// let mut json = String::new();
/// write_raw(&mut json, "b79f6640", b"\x01\x02\xff\x00").unwrap();
/// assert_eq!(json, r#"{"token":"b79f6640","values":"AQL/AA=="}"#);
/// let message = RawMessage::parse(json.as_bytes())?;
/// let mut buffer = [0; 16];
/// assert_eq!(message.decode_into(&mut buffer), Ok(&b"\x01\x02\xff\x00"[..]));
/// # Ok::<(), tipwire::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RawMessage<'a> {
    /// The access token of the device.
    pub token: JsonText<'a>,
    values: JsonText<'a>,
}

impl<'a> RawMessage<'a> {
    /// Reads the envelope.
    pub fn parse(json: &'a [u8]) -> Result<RawMessage<'a>, BuildError> {
        let (mut token, mut values) = (None, None);
        for (key, value) in members(json)? {
            if key.is("token") {
                token = Some(string(value)?);
            } else if key.is("values") {
                values = Some(string(value)?);
            }
        }
        match (token, values) {
            (Some(token), Some(values)) => Ok(RawMessage { token, values }),
            _ => Err(BuildError::of(Kind::Missing)),
        }
    }

    /// The bytes of the message, into a buffer of the caller.
    pub fn decode_into<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], Kind> {
        // Some writers escape the slash, so that the digits have to be taken one by one.
        let mut digits = self.values.0.chars().map(|char| match char {
            Ok(char) => u8::try_from(char).map_err(|_| Kind::Base64),
            Err(()) => Err(Kind::Base64),
        });
        let (mut length, mut ended) = (0, false);
        loop {
            let mut group = [0; 4];
            let mut count = 0;
            while count < group.len()
                && let Some(digit) = digits.next()
            {
                if let Some(place) = group.get_mut(count) {
                    *place = digit?;
                }
                count += 1;
            }
            match group.get(..count).unwrap_or_default() {
                [] => return buffer.get(..length).ok_or(Kind::Buffer),
                _ if ended => return Err(Kind::Base64),
                group => {
                    let rest = buffer.get_mut(length..).unwrap_or_default();
                    length += encoding::decode_base64(group, rest)?.len();
                    ended = count < 4 || group.ends_with(b"=");
                }
            }
        }
    }
}

/// What a gateway says of itself, and of the devices behind it.
const OWN: &str = "gateway_data";
const SUB_DEVICES: &str = "sub_device_data";

fn members(json: &[u8]) -> Result<Members<'_>, BuildError> {
    let text = core::str::from_utf8(json).map_err(|_| BuildError::of(Kind::Utf8))?;
    object(document(text).map_err(|_| BuildError::of(Kind::Json))?)
}

fn object(value: Json<'_>) -> Result<Members<'_>, BuildError> {
    match value {
        Json::Object(members) => Ok(members),
        _ => Err(BuildError::of(Kind::Type)),
    }
}

fn string(value: Json<'_>) -> Result<JsonText<'_>, BuildError> {
    match value {
        Json::String(text) => Ok(JsonText(text)),
        _ => Err(BuildError::of(Kind::Type)),
    }
}
