//! Stored data points as messages to a broker.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::thingsboard::{self, GATEWAY_TOPIC, last, offset};
use super::{tagoio, thingspanel};
use crate::frame::Push;
use crate::json::read::{Json, document};
use crate::limits::MAX_VARIABLES;

/// What a broker, or the platform behind it, expects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// `thingsboard`: its gateway API, all in one message.
    Thingsboard,
    /// `thingspanel`: its gateway's telemetry, which has no times.
    Thingspanel,
    /// `tagotip`: the body of a PUSH, to the topic of the device. What a frame cannot carry, as some
    /// points of other protocols, is left out.
    Tagotip,
}

/// A data point as a store has it.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    /// Whose it is.
    pub serial: &'a str,
    /// Its name.
    pub variable: &'a str,
    /// Its time in UNIX milliseconds: that which it tells, or at which it came.
    pub time: u64,
    /// What [`Point::write_json`](crate::Point::write_json) or
    /// [`Reading::write_json`](super::Reading::write_json) wrote.
    pub json: &'a str,
}

/// A message to a broker.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it goes.
    pub topic: String,
    /// What it says.
    pub payload: String,
}

/// Points as messages that keep their order, and every digit. Those of one device that have one time
/// go together, each variable once.
///
/// ```
/// use tipwire::platform::{Shape, Stored, messages};
///
/// let point = r#"{"variable":"t","value":21.50,"unit":"C"}"#;
/// let stored = [Stored { serial: "s", variable: "t", time: 5, json: point }];
/// let message = &messages(Shape::Tagotip, &stored)[0];
/// assert_eq!((message.topic.as_str(), message.payload.as_str()), ("$tip/s/push", "@5[t:=21.50#C]"));
/// let message = &messages(Shape::Thingspanel, &stored)[0];
/// assert_eq!(message.payload, r#"{"sub_device_data":{"s":{"t":21.50}}}"#);
/// ```
pub fn messages(shape: Shape, points: &[Stored<'_>]) -> Vec<Message> {
    let moments = moments(points);
    match shape {
        Shape::Thingsboard => to_thingsboard(&moments).into_iter().collect(),
        Shape::Thingspanel => moments.iter().filter_map(to_thingspanel).collect(),
        Shape::Tagotip => moments.iter().filter_map(to_tagotip).collect(),
    }
}

impl Shape {
    /// All of them.
    pub const ALL: [Shape; 3] = [Shape::Thingsboard, Shape::Thingspanel, Shape::Tagotip];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Shape::Thingsboard => "thingsboard",
            Shape::Thingspanel => "thingspanel",
            Shape::Tagotip => "tagotip",
        }
    }

    /// The shape that is called so.
    pub fn from_name(name: &str) -> Option<Shape> {
        Shape::ALL.into_iter().find(|shape| shape.name() == name)
    }
}

/// What one device said at one time: every variable once.
struct Moment<'a> {
    serial: &'a str,
    time: u64,
    /// Whether the points tell their time themselves.
    is_told: bool,
    values: Vec<(&'a str, &'a str)>,
    points: Vec<&'a str>,
}

fn moments<'a>(points: &[Stored<'a>]) -> Vec<Moment<'a>> {
    let mut moments: Vec<Moment<'_>> = Vec::new();
    for Stored { serial, variable, time, json } in points {
        let Ok(Json::Object(members)) = document(json) else { continue };
        let Some(value) = last(&members, "value") else { continue };
        let is_told = last(&members, "time").is_some();
        let fits = moments.last().is_some_and(|last| {
            let is_new = last.values.iter().all(|(known, _)| known != variable);
            let is_same = (last.serial, last.time, last.is_told) == (serial, *time, is_told);
            is_same && is_new && last.points.len() < MAX_VARIABLES
        });
        if !fits {
            let (values, points) = (Vec::new(), Vec::new());
            moments.push(Moment { serial, time: *time, is_told, values, points });
        }
        if let Some(moment) = moments.last_mut() {
            moment.values.push((variable, as_it_stands(json, &value)));
            moment.points.push(json);
        }
    }
    moments
}

/// The text of a value, with the quotes of a string.
fn as_it_stands<'a>(json: &'a str, value: &Json<'a>) -> &'a str {
    let start = offset(json, value.raw());
    let end = start + value.raw().len();
    match value {
        Json::String(_) => json.get(start.saturating_sub(1)..end + 1).unwrap_or_default(),
        _ => value.raw(),
    }
}

fn to_thingsboard(moments: &[Moment<'_>]) -> Option<Message> {
    let mut devices: BTreeMap<&str, Vec<thingsboard::Moment<'_>>> = BTreeMap::new();
    for Moment { serial, time, values, .. } in moments {
        devices.entry(serial).or_default().push(thingsboard::Moment { time: *time, values });
    }
    if devices.is_empty() {
        return None;
    }
    let mut payload = String::new();
    thingsboard::write_gateway_moments(devices, &mut payload).ok()?;
    Some(Message { topic: GATEWAY_TOPIC.into(), payload })
}

fn to_thingspanel(moment: &Moment<'_>) -> Option<Message> {
    let channel = thingspanel::Channel::Telemetry;
    let topic = thingspanel::Topic { gateway: true, channel, id: "" };
    let mut payload = String::new();
    thingspanel::write_gateway_json(&mut payload, [(moment.serial, &moment.values[..])]).ok()?;
    Some(Message { topic: topic.write(String::new()).ok()?, payload })
}

fn to_tagotip(moment: &Moment<'_>) -> Option<Message> {
    let mut push = Push::inner(String::new(), moment.serial);
    if !moment.is_told {
        push.time(moment.time);
    }
    push.points_json(&format!("[{}]", moment.points.join(",")));
    let inner = push.finish().ok()?;
    let (_, body) = inner.split_once('|')?;
    let channel = tagoio::Channel::Push;
    let topic = tagoio::Topic { sealed: false, serial: moment.serial, channel };
    Some(Message { topic: topic.write(String::new()).ok()?, payload: body.into() })
}

/// What is told may be private.
impl core::fmt::Debug for Stored<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut stored = f.debug_struct("Stored");
        stored.field("serial", &self.serial).field("variable", &self.variable);
        stored.field("time", &self.time).finish_non_exhaustive()
    }
}

/// What is told may be private.
impl core::fmt::Debug for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Message").field("topic", &self.topic).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: [Stored<'_>; 6] = [
        Stored {
            serial: "a",
            variable: "t",
            time: 5,
            json: r#"{"variable":"t","value":21.50,"unit":"C"}"#,
        },
        Stored { serial: "a", variable: "h", time: 5, json: r#"{"variable":"h","value":"6\"0"}"# },
        Stored { serial: "a", variable: "t", time: 5, json: r#"{"variable":"t","value":22}"# },
        Stored { serial: "a", variable: "x", time: 5, json: "no JSON" },
        Stored {
            serial: "b",
            variable: "On Off",
            time: 6,
            json: r#"{"variable":"On Off","value":{"a":[1]}}"#,
        },
        Stored {
            serial: "b",
            variable: "n",
            time: 6,
            json: r#"{"variable":"n","value":true,"time":6}"#,
        },
    ];

    /// The messages, each behind its topic.
    fn lines(shape: Shape) -> Vec<String> {
        let messages = messages(shape, &STORED).into_iter();
        messages.map(|Message { topic, payload }| format!("{topic} {payload}")).collect()
    }

    #[test]
    fn thingsboard_gets_one_message_with_all_digits() {
        let line = concat!(
            r#"v1/gateway/telemetry {"a":[{"ts":5,"values":{"t":21.50,"h":"6\"0"}},"#,
            r#"{"ts":5,"values":{"t":22}}],"#,
            r#""b":[{"ts":6,"values":{"On Off":{"a":[1]}}},{"ts":6,"values":{"n":true}}]}"#,
        );
        assert_eq!(lines(Shape::Thingsboard), [line]);
        assert_eq!(messages(Shape::Thingsboard, &STORED[3..4]), []);
    }

    #[test]
    fn thingspanel_gets_every_value_even_if_a_variable_repeats() {
        let lines = lines(Shape::Thingspanel);
        let payloads = [
            r#"{"a":{"t":21.50,"h":"6\"0"}}"#,
            r#"{"a":{"t":22}}"#,
            r#"{"b":{"On Off":{"a":[1]}}}"#,
            r#"{"b":{"n":true}}"#,
        ];
        let expected = payloads
            .map(|payload| format!("{} {{\"sub_device_data\":{payload}}}", "gateway/telemetry"));
        assert_eq!(lines, expected);
    }

    #[test]
    fn tagotip_gets_what_a_frame_can_carry() {
        let expected = [
            r#"$tip/a/push @5[t:=21.50#C;h=6"0]"#,
            "$tip/a/push @5[t:=22]",
            "$tip/b/push [n?=true@6]",
        ];
        assert_eq!(lines(Shape::Tagotip), expected);
    }

    #[test]
    fn a_shape_is_found_by_its_name() {
        for shape in Shape::ALL {
            assert_eq!(Shape::from_name(shape.name()), Some(shape));
        }
        assert_eq!(Shape::from_name("homie"), None);
    }
}
