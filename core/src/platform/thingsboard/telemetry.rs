//! Data points as telemetry.

use core::fmt::{self, Write};

use super::{ATTRIBUTES, TELEMETRY, begin_uplink};
use crate::frame::{Frame, Value};
use crate::json::write::{
    Object, write_list, write_location, write_metadata, write_raw_members, write_string,
    write_value,
};
use crate::points::{Point, Points};

/// Where a device publishes its own telemetry.
pub const DEVICE_TOPIC: &str = "v1/devices/me/telemetry";

/// Where a gateway publishes the telemetry of the devices behind it.
pub const GATEWAY_TOPIC: &str = "v1/gateway/telemetry";

/// Writes data points as telemetry: a list of groups, those with a time as `{"ts":…,"values":{…}}`.
/// Points of one time stand together; of a name that is repeated there the last one counts.
///
/// With `details`, unit, group, location and metadata of a variable are values too, as
/// `temperature_unit` and so on.
///
/// ```
/// use tipwire::{Frame, platform::thingsboard};
///
/// let frame = Frame::parse(b"PUSH|4deedd7bab8817ec|s|@5[t:=1.50#C;h:=2;on?=true@6]").unwrap();
/// let mut json = String::new();
/// thingsboard::write_telemetry(&frame.points(), false, &mut json).unwrap();
/// assert_eq!(json, r#"[{"ts":5,"values":{"t":1.50,"h":2}},{"ts":6,"values":{"on":true}}]"#);
/// ```
pub fn write_telemetry(points: &Points<'_>, details: bool, out: &mut impl Write) -> fmt::Result {
    out.write_char('[')?;
    let mut separator = "";
    for (n, first) in points.clone().enumerate() {
        if points.clone().take(n).any(|earlier| earlier.time == first.time) {
            continue;
        }
        out.write_str(separator)?;
        separator = ",";
        let group = || points.clone().skip(n).filter(|point| point.time == first.time);
        match first.time {
            Some(time) => {
                let mut timed = Object::begin(out)?;
                timed.integer("ts", time)?;
                write_values(group, details, timed.key("values")?)?;
                timed.end()?;
            }
            None => write_values(group, details, out)?,
        }
    }
    out.write_char(']')
}

/// Writes the telemetry of one device as a gateway publishes it: `{"SN-002":[…]}`.
pub fn write_gateway_telemetry(
    device: &str,
    points: &Points<'_>,
    details: bool,
    out: &mut impl Write,
) -> fmt::Result {
    let mut object = Object::begin(out)?;
    write_telemetry(points, details, object.key(device)?)?;
    object.end()
}

/// Values of one time that are JSON already, by their names, as a store has them.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// Their time in UNIX milliseconds.
    pub time: u64,
    /// Names and values; none comes twice.
    pub values: &'a [(&'a str, &'a str)],
}

/// Writes stored values of several devices as a gateway publishes them.
///
/// ```
/// use tipwire::platform::thingsboard::{Moment, write_gateway_moments};
///
/// let moment = Moment { time: 1_694_567_890_000, values: &[("temperature", "25.70")] };
/// let mut json = String::new();
/// write_gateway_moments([("SN-002", [moment])], &mut json).unwrap();
/// assert_eq!(json, r#"{"SN-002":[{"ts":1694567890000,"values":{"temperature":25.70}}]}"#);
/// ```
pub fn write_gateway_moments<'a>(
    devices: impl IntoIterator<Item = (&'a str, impl IntoIterator<Item = Moment<'a>>)>,
    out: &mut impl Write,
) -> fmt::Result {
    let mut object = Object::begin(out)?;
    for (device, moments) in devices {
        write_list(object.key(device)?, moments.into_iter(), |out, Moment { time, values }| {
            let mut timed = Object::begin(out)?;
            timed.integer("ts", time)?;
            write_raw_members(timed.key("values")?, values)?;
            timed.end()
        })?;
    }
    object.end()
}

/// Writes a frame as an uplink object, the serial as the name of the device.
pub fn write_uplink(frame: &Frame<'_>, details: bool, out: &mut impl Write) -> fmt::Result {
    let mut object = begin_uplink(out, [frame.serial], None::<[&str; 0]>)?;
    write_telemetry(&frame.points(), details, object.key(TELEMETRY)?)?;
    object.key(ATTRIBUTES)?.write_str("{}")?;
    object.end()
}

fn write_values<'a, W: Write, P: Iterator<Item = Point<'a>>>(
    group: impl Fn() -> P,
    details: bool,
    out: &mut W,
) -> fmt::Result {
    let mut values = Object::begin(out)?;
    for (n, point) in group().enumerate() {
        if group().skip(n + 1).any(|later| later.variable == point.variable) {
            continue;
        }
        let out = values.key(point.variable)?;
        match point.value {
            Value::Location(location) => write_string(out, [location.as_str()])?,
            value => write_value(out, value)?,
        }
        if details {
            write_details(&mut values, &point)?;
        }
    }
    values.end()
}

fn write_details<W: Write>(values: &mut Object<'_, W>, point: &Point<'_>) -> fmt::Result {
    let name = point.variable;
    if let Some(unit) = point.unit {
        write_string(values.key_of([name, "_unit"])?, [unit])?;
    }
    if let Some(group) = point.group {
        write_string(values.key_of([name, "_group"])?, [group])?;
    }
    if let Some(location) = point.location {
        write_location(values.key_of([name, "_location"])?, location)?;
    }
    if !point.metadata.is_empty() {
        write_metadata(values.key_of([name, "_metadata"])?, point.metadata.iter())?;
    }
    Ok(())
}
