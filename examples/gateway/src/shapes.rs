//! Stored points as messages to a broker.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tipwire::Push;
use tipwire::limits::MAX_VARIABLES;
use tipwire::platform::thingsboard::GATEWAY_TOPIC;
use tipwire::platform::{tagoio, thingsboard, thingspanel};

use crate::config::Shape;
use crate::db::Row;

/// A topic and a payload.
pub type Message = (String, String);

/// What of a point matters here; the value keeps its digits.
#[derive(Deserialize)]
struct Point<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
    time: Option<IgnoredAny>,
}

/// What one device said at one time: every variable once.
struct Moment<'a> {
    serial: &'a str,
    time: i64,
    /// Whether the points say their time themselves.
    is_told: bool,
    values: Vec<(&'a str, &'a str)>,
    points: Vec<&'a str>,
}

/// Messages, in the order of the points.
pub fn shape(shape: Shape, rows: &[Row]) -> Vec<Message> {
    let moments = moments(rows);
    match shape {
        Shape::Thingsboard => thingsboard(&moments),
        Shape::Thingspanel => moments.iter().filter_map(thingspanel).collect(),
        Shape::Tagotip => moments.iter().filter_map(tagotip).collect(),
    }
}

fn moments(rows: &[Row]) -> Vec<Moment<'_>> {
    let mut moments: Vec<Moment<'_>> = Vec::new();
    for Row { serial, variable, time, json, .. } in rows {
        let Ok(Point { value, time: told }) = serde_json::from_str(json) else { continue };
        let same = moments.last_mut().filter(|last| {
            let is_new = last.values.iter().all(|(known, _)| known != variable);
            let is_same = last.time == *time && last.is_told == told.is_some();
            last.serial == serial && is_same && is_new && last.points.len() < MAX_VARIABLES
        });
        let moment = match same {
            Some(moment) => moment,
            None => {
                let (values, points, is_told) = (Vec::new(), Vec::new(), told.is_some());
                moments.push(Moment { serial, time: *time, is_told, values, points });
                let Some(last) = moments.last_mut() else { continue };
                last
            }
        };
        moment.values.push((variable, value.get()));
        moment.points.push(json);
    }
    moments
}

/// ThingsBoard's gateway API: all of it in one message.
fn thingsboard(moments: &[Moment<'_>]) -> Vec<Message> {
    let mut devices: BTreeMap<&str, Vec<thingsboard::Moment<'_>>> = BTreeMap::new();
    for Moment { serial, time, values, .. } in moments {
        let time = time.unsigned_abs();
        devices.entry(serial).or_default().push(thingsboard::Moment { time, values });
    }
    let mut payload = String::new();
    let written = thingsboard::write_gateway_moments(devices, &mut payload);
    written.map(|()| (GATEWAY_TOPIC.to_owned(), payload)).into_iter().collect()
}

/// ThingsPanel's gateway: what a device has now, so that a message has a variable once.
fn thingspanel(moment: &Moment<'_>) -> Option<Message> {
    let topic =
        thingspanel::Topic { gateway: true, channel: thingspanel::Channel::Telemetry, id: "" };
    let mut payload = String::new();
    thingspanel::write_gateway_json(&mut payload, [(moment.serial, &moment.values[..])]).ok()?;
    Some((topic.write(String::new()).ok()?, payload))
}

/// TagoTiP's own topic; nothing where a frame cannot carry the points, as those of other protocols.
fn tagotip(moment: &Moment<'_>) -> Option<Message> {
    let mut push = Push::inner(String::new(), moment.serial);
    if !moment.is_told {
        push.time(moment.time.try_into().ok()?);
    }
    push.points_json(&format!("[{}]", moment.points.join(",")));
    let inner = push.finish().ok()?;
    let (_, body) = inner.split_once('|')?;
    let topic =
        tagoio::Topic { sealed: false, serial: moment.serial, channel: tagoio::Channel::Push };
    Some((topic.write(String::new()).ok()?, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let point = |id, serial: &str, variable: &str, rest: &str| Row {
            id,
            serial: serial.into(),
            variable: variable.into(),
            time: 5,
            json: format!("{{\"variable\":\"{variable}\",{rest}}}"),
        };
        vec![
            point(1, "a", "t", r#""value":21.50,"unit":"C""#),
            point(2, "a", "h", r#""value":60"#),
            point(3, "a", "t", r#""value":22"#),
            point(4, "b", "On Off", r#""value":true"#),
        ]
    }

    fn messages(of: Shape) -> Vec<(String, String)> {
        shape(of, &rows())
    }

    #[test]
    fn thingsboard_gets_one_message_with_all_digits() {
        let payload = concat!(
            r#"{"a":[{"ts":5,"values":{"t":21.50,"h":60}},{"ts":5,"values":{"t":22}}],"#,
            r#""b":[{"ts":5,"values":{"On Off":true}}]}"#,
        );
        assert_eq!(messages(Shape::Thingsboard), [("v1/gateway/telemetry".into(), payload.into())]);
    }

    #[test]
    fn thingspanel_gets_every_value_even_if_a_variable_repeats() {
        let payloads: Vec<String> = messages(Shape::Thingspanel).into_iter().map(|m| m.1).collect();
        assert_eq!(payloads[0], r#"{"sub_device_data":{"a":{"t":21.50,"h":60}}}"#);
        assert_eq!(payloads[1], r#"{"sub_device_data":{"a":{"t":22}}}"#);
        assert_eq!(payloads.len(), 3);
    }

    #[test]
    fn tagotip_gets_what_a_frame_can_carry() {
        let expected = [("$tip/a/push", "@5[t:=21.50#C;h:=60]"), ("$tip/a/push", "@5[t:=22]")];
        assert_eq!(messages(Shape::Tagotip), expected.map(|(t, p)| (t.to_owned(), p.to_owned())));
    }
}
