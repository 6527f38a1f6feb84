//! Stored points as messages to a broker.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tipwire::Push;
use tipwire::limits::MAX_VARIABLES;

use crate::config::Shape;

/// A point as it is stored.
pub struct Row {
    pub id: i64,
    pub serial: String,
    pub time: i64,
    pub json: String,
}

/// What of a point matters here; the value keeps its digits.
#[derive(Deserialize)]
struct Point<'a> {
    variable: String,
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
    values: Vec<(String, &'a RawValue)>,
    points: Vec<&'a str>,
}

/// Topics and payloads, in the order of the points.
pub fn shape(shape: Shape, rows: &[Row]) -> Vec<(String, Vec<u8>)> {
    let moments = moments(rows);
    match shape {
        Shape::Thingsboard => thingsboard(&moments),
        Shape::Thingspanel => moments.iter().map(thingspanel).collect(),
        Shape::Tagotip => moments.iter().filter_map(tagotip).collect(),
    }
}

fn moments(rows: &[Row]) -> Vec<Moment<'_>> {
    let mut moments: Vec<Moment<'_>> = Vec::new();
    for Row { serial, time, json, .. } in rows {
        let Ok(Point { variable, value, time: told }) = serde_json::from_str(json) else {
            continue;
        };
        let same = moments.last_mut().filter(|last| {
            let is_new = last.values.iter().all(|(known, _)| *known != variable);
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
        moment.values.push((variable, value));
        moment.points.push(json);
    }
    moments
}

/// ThingsBoard's gateway API: all of it in one message.
fn thingsboard(moments: &[Moment<'_>]) -> Vec<(String, Vec<u8>)> {
    let mut devices: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for moment in moments {
        let values = format!("{{\"ts\":{},\"values\":{}}}", moment.time, object(moment));
        devices.entry(moment.serial).or_default().push(values);
    }
    let devices =
        devices.iter().map(|(serial, list)| format!("{}:[{}]", quote(serial), list.join(",")));
    let payload = format!("{{{}}}", devices.collect::<Vec<_>>().join(","));
    vec![("v1/gateway/telemetry".into(), payload.into_bytes())]
}

/// ThingsPanel's gateway: what a device has now, so that a message has a variable once.
fn thingspanel(moment: &Moment<'_>) -> (String, Vec<u8>) {
    let payload =
        format!("{{\"sub_device_data\":{{{}:{}}}}}", quote(moment.serial), object(moment));
    ("gateway/telemetry".into(), payload.into_bytes())
}

/// TagoTiP's own topic; nothing where a frame cannot carry the points, as those of other protocols.
fn tagotip(moment: &Moment<'_>) -> Option<(String, Vec<u8>)> {
    let mut push = Push::inner(String::new(), moment.serial);
    if !moment.is_told {
        push.time(moment.time.try_into().ok()?);
    }
    push.points_json(&format!("[{}]", moment.points.join(",")));
    let inner = push.finish().ok()?;
    let (_, body) = inner.split_once('|')?;
    Some((format!("$tip/{}/push", moment.serial), body.as_bytes().to_vec()))
}

fn object(moment: &Moment<'_>) -> String {
    let pairs =
        moment.values.iter().map(|(variable, value)| format!("{}:{value}", quote(variable)));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
}

fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let point = |id, serial: &str, time, json: &str| Row {
            id,
            serial: serial.into(),
            time,
            json: json.into(),
        };
        vec![
            point(1, "a", 5, r#"{"variable":"t","value":21.50,"unit":"C"}"#),
            point(2, "a", 5, r#"{"variable":"h","value":60}"#),
            point(3, "a", 5, r#"{"variable":"t","value":22}"#),
            point(4, "b", 5, r#"{"variable":"On Off","value":true}"#),
        ]
    }

    fn messages(of: Shape) -> Vec<(String, String)> {
        let text = |(topic, payload)| (topic, String::from_utf8(payload).unwrap());
        shape(of, &rows()).into_iter().map(text).collect()
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
