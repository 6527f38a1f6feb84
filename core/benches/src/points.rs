//! The same data points as JSON, through `serde_json`: into a document, as the parsers of other
//! languages do, and into plain structs that borrow and tell types apart by hand.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Value;
use tipwire::{Ack, Frame};

use crate::read::Sum;

#[derive(serde::Deserialize, Serialize)]
pub struct Point<'a> {
    #[serde(borrow)]
    variable: Cow<'a, str>,
    #[serde(borrow)]
    value: Single<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    unit: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    group: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Pairs::is_empty")]
    metadata: Pairs<'a>,
}

#[derive(serde::Deserialize, Serialize)]
struct Location {
    lat: f64,
    lng: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    alt: Option<f64>,
}

enum Single<'a> {
    Number(f64),
    String(Cow<'a, str>),
    Boolean(bool),
}

impl<'de: 'a, 'a> Deserialize<'de> for Single<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Single<'a>, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Single<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a value")
            }

            fn visit_f64<E>(self, number: f64) -> Result<Single<'de>, E> {
                Ok(Single::Number(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Single<'de>, E> {
                Ok(Single::Number(number as f64))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Single<'de>, E> {
                Ok(Single::Number(number as f64))
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Single<'de>, E> {
                Ok(Single::Boolean(truth))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Single<'de>, E> {
                Ok(Single::String(text.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Single<'de>, E> {
                Ok(Single::String(text.to_owned().into()))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Serialize for Single<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Single::Number(number) => serializer.serialize_f64(*number),
            Single::String(text) => serializer.serialize_str(text),
            Single::Boolean(truth) => serializer.serialize_bool(*truth),
        }
    }
}

#[derive(Default)]
struct Pairs<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl Pairs<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs<'a>, D::Error> {
        #[derive(serde::Deserialize)]
        struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("metadata")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Text(key), Text(text))) = map.next_entry()? {
                    pairs.push((key, text));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Map)
    }
}

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, text)| (key, text)))
    }
}

/// The data points of a frame of the corpus as JSON, if it has any.
pub fn json_of(frame: &str, is_answer: bool) -> Option<String> {
    let points = if is_answer {
        Ack::parse(frame.as_bytes()).expect("a frame of the corpus").points()
    } else {
        Frame::parse(frame.as_bytes()).expect("a frame of the corpus").points()
    };
    let mut json = String::new();
    points.write_json(&mut json).expect("strings take everything");
    (points.len() > 0).then_some(json)
}

/// Into a document, and through it.
pub fn touch_value(json: &str) -> Sum {
    let document: Value = serde_json::from_str(json).expect("data points");
    let text = |value: &Value| value.as_str().map_or(0, str::len);
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    let mut sum = Sum::default();
    for point in document.as_array().expect("a list") {
        sum.bytes += text(&point["variable"]) + text(&point["unit"]) + text(&point["group"]);
        sum.numbers += number(&point["time"]);
        match &point["value"] {
            Value::Bool(truth) => sum.bytes += usize::from(*truth),
            value => {
                sum.numbers += number(value);
                sum.bytes += text(value);
            }
        }
        if let Some(location) = point.get("location") {
            sum.numbers += number(&location["lat"]) + number(&location["lng"]);
            sum.numbers += number(&location["alt"]);
        }
        for (key, value) in point.get("metadata").and_then(Value::as_object).into_iter().flatten() {
            sum.bytes += key.len() + text(value);
        }
    }
    sum
}

pub fn parse(json: &str) -> Vec<Point<'_>> {
    serde_json::from_str(json).expect("data points")
}

pub fn write(points: &[Point<'_>], buffer: &mut Vec<u8>) {
    serde_json::to_writer(buffer, points).expect("vectors take everything");
}

pub fn touch_borrowed(json: &str) -> Sum {
    let mut sum = Sum::default();
    for point in parse(json) {
        sum.bytes += point.variable.len();
        match point.value {
            Single::Number(number) => sum.numbers += number,
            Single::String(text) => sum.bytes += text.len(),
            Single::Boolean(truth) => sum.bytes += usize::from(truth),
        }
        sum.bytes += point.unit.map_or(0, |unit| unit.len());
        sum.bytes += point.group.map_or(0, |group| group.len());
        if let Some(location) = point.location {
            sum.numbers += location.lat + location.lng + location.alt.unwrap_or(0.0);
        }
        sum.numbers += point.time.map_or(0.0, |time| time as f64);
        for (key, text) in &point.metadata.0 {
            sum.bytes += key.len() + text.len();
        }
    }
    sum
}
