//! `Serialize` for what is read, in the shapes of the JSON forms.
//!
//! Formats of `serde` have no numbers of any length: integers that fit in 64 bits stay integers,
//! other numbers become `f64`. [`Frame::write_json`] keeps all digits.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::error::Code;
use crate::frame::{
    Ack, Block, Body, Detail, Encoding, Frame, Location, Metadata, Method, Names, Number, Raw,
    Status, Text, Value, Variable, Variables,
};
use crate::json::write::is_public;
use crate::points::{Merged, Point, Points};

macro_rules! names {
    ($($type:ident)*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    )*};
}

names! { Method Status Encoding Code }

impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.to_i64(), self.as_str().parse()) {
            // There is no -0 among integers.
            (Some(0), _) if self.as_str().starts_with('-') => serializer.serialize_f64(-0.0),
            (Some(number), _) => serializer.serialize_i64(number),
            (None, Ok(number)) => serializer.serialize_u64(number),
            (None, Err(_)) => serializer.serialize_f64(self.to_f64()),
        }
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.borrowed() {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(self),
        }
    }
}

impl Serialize for Location<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (lat, lng, alt) = self.coordinates();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("lat", &lat)?;
        map.serialize_entry("lng", &lng)?;
        entry(&mut map, "alt", alt.as_ref())?;
        map.end()
    }
}

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.unique().filter(|(key, _)| is_public(key)))
    }
}

impl Serialize for Merged<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().filter(|(key, _)| is_public(key)))
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Number(number) => number.serialize(serializer),
            Value::String(text) => text.serialize(serializer),
            Value::Boolean(truth) => truth.serialize(serializer),
            Value::Location(location) => location.serialize(serializer),
        }
    }
}

impl Serialize for Variable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", self.name)?;
        map.serialize_entry("type", self.value.type_name())?;
        map.serialize_entry("value", &self.value)?;
        entry(&mut map, "unit", self.unit)?;
        entry(&mut map, "location", self.location.as_ref())?;
        entry(&mut map, "time", self.time.as_ref())?;
        entry(&mut map, "group", self.group)?;
        entry(&mut map, "metadata", Some(&self.metadata).filter(|pairs| !pairs.is_empty()))?;
        map.end()
    }
}

impl Serialize for Variables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.clone())
    }
}

impl Serialize for Names<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.clone())
    }
}

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("encoding", &self.encoding())?;
        map.serialize_entry("data", self.data())?;
        map.end()
    }
}

impl Serialize for Frame<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("method", &self.method())?;
        entry(&mut map, "seq", self.seq.as_ref())?;
        entry(&mut map, "auth", Some(self.auth).filter(|auth| !auth.is_empty()))?;
        map.serialize_entry("serial", self.serial)?;
        match &self.body {
            Body::Push(block) => serialize_block(&mut map, block)?,
            Body::Raw(raw) => map.serialize_entry("raw", raw)?,
            Body::Pull(names) => map.serialize_entry("names", names)?,
            Body::Ping => {}
        }
        map.end()
    }
}

impl Serialize for Ack<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("method", "ACK")?;
        entry(&mut map, "seq", self.seq.as_ref())?;
        map.serialize_entry("status", &self.status)?;
        match &self.detail {
            Detail::None => {}
            Detail::Count(count) => map.serialize_entry("count", count)?,
            Detail::Variables(block) => serialize_block(&mut map, block)?,
            Detail::Command(command) => map.serialize_entry("command", command)?,
            Detail::Error(error) => map.serialize_entry("error", error)?,
            Detail::Text(text) => map.serialize_entry("text", text)?,
        }
        map.end()
    }
}

impl Serialize for Point<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("variable", self.variable)?;
        match self.value {
            Value::Location(location) => map.serialize_entry("value", location.as_str())?,
            value => map.serialize_entry("value", &value)?,
        }
        entry(&mut map, "unit", self.unit)?;
        entry(&mut map, "time", self.time.as_ref())?;
        entry(&mut map, "group", self.group)?;
        entry(&mut map, "location", self.location.as_ref())?;
        entry(&mut map, "metadata", Some(&self.metadata).filter(|pairs| !pairs.is_empty()))?;
        map.end()
    }
}

impl Serialize for Points<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.clone())
    }
}

fn serialize_block<M: SerializeMap>(map: &mut M, block: &Block<'_>) -> Result<(), M::Error> {
    entry(map, "location", block.location.as_ref())?;
    entry(map, "time", block.time.as_ref())?;
    entry(map, "group", block.group)?;
    entry(map, "metadata", Some(&block.metadata).filter(|pairs| !pairs.is_empty()))?;
    map.serialize_entry("variables", &block.variables)
}

/// An entry that is left out where there is nothing to say.
fn entry<M: SerializeMap, T: Serialize + ?Sized>(
    map: &mut M,
    key: &str,
    value: Option<&T>,
) -> Result<(), M::Error> {
    match value {
        Some(value) => map.serialize_entry(key, value),
        None => Ok(()),
    }
}
