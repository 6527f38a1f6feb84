//! What converters give: checked, and taken apart.

use super::json::last;
use super::{
    ATTRIBUTES, ConvertError, DEVICE_NAME, DEVICE_TYPE, JsonText, MESSAGE, TELEMETRY, offset,
};
use crate::error::{Field, Kind};
use crate::frame::{Push, Sink};
use crate::json::points::{WORD, milliseconds, write_scalar};
use crate::json::read::{Items, Json, JsonString, Members, document};

const ASSET_NAME: &str = "assetName";

/// The uplink objects of a JSON text: one or a list of them, in their order, all of them checked.
///
/// Exactly one of `deviceName` and `assetName` is needed. `telemetry` is an object of values, an
/// object of `ts` and `values`, or a list of either; `attributes` is an object. An empty object or
/// list stores nothing and gives nothing.
#[derive(Clone, Debug)]
pub struct Uplinks<'a> {
    items: Items<'a>,
}

/// What a converter made of a message, or of a part of it.
#[derive(Clone, Debug)]
pub struct Uplink<'a> {
    /// The name of the device or the asset.
    pub name: JsonText<'a>,
    /// Whether it is an asset.
    pub is_asset: bool,
    /// Its type, if one is given.
    pub kind: Option<JsonText<'a>>,
    members: Members<'a>,
}

/// One value of telemetry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// Its time in UNIX milliseconds, if it has one.
    pub time: Option<u64>,
    /// Its key.
    pub key: JsonText<'a>,
    /// The value: for a string what stands between its quotes, for others their JSON.
    pub value: &'a str,
    /// Whether it is a string.
    pub is_string: bool,
}

/// The values of telemetry or attributes.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    groups: Items<'a>,
    /// What is left of the group that was begun.
    time: Option<u64>,
    values: Option<Members<'a>>,
}

impl<'a> Uplinks<'a> {
    /// Reads what a converter gave, and checks all of it.
    pub fn parse(json: &'a str) -> Result<Uplinks<'a>, ConvertError<'a>> {
        let items = match document(json) {
            Ok(Json::Array(items)) => items,
            Ok(_) => Items::one(json),
            Err(at) => return Err(ConvertError::new(Kind::Json, MESSAGE, at)),
        };
        items.clone().try_for_each(|item| check(json, &item))?;
        Ok(Uplinks { items })
    }
}

impl<'a> Iterator for Uplinks<'a> {
    type Item = Uplink<'a>;

    #[cfg_attr(target_family = "wasm", inline(never))]
    fn next(&mut self) -> Option<Uplink<'a>> {
        loop {
            let Json::Object(members) = self.items.next()? else { continue };
            let text = |key| match last(&members, key) {
                Some(Json::String(text)) => Some(JsonText(text)),
                _ => None,
            };
            let device = text(DEVICE_NAME);
            let Some(name) = device.or_else(|| text(ASSET_NAME)) else { continue };
            let kind = text(DEVICE_TYPE).or_else(|| text("assetType"));
            return Some(Uplink { name, is_asset: device.is_none(), kind, members });
        }
    }
}

impl<'a> Uplink<'a> {
    /// The values of its telemetry.
    pub fn telemetry(&self) -> Entries<'a> {
        let groups = match last(&self.members, TELEMETRY) {
            Some(Json::Array(items)) => items,
            Some(one) => Items::one(one.raw()),
            None => Items::one(""),
        };
        Entries { groups, time: None, values: None }
    }

    /// Its attributes.
    pub fn attributes(&self) -> Entries<'a> {
        let values = match last(&self.members, ATTRIBUTES) {
            Some(Json::Object(members)) => Some(members),
            _ => None,
        };
        Entries { groups: Items::one(""), time: None, values }
    }

    /// Adds its telemetry to a PUSH, each value as a variable. What the grammar of frames cannot
    /// carry, such as a key with capitals, is the frame's error.
    ///
    /// ```
    /// use tipwire::{Push, platform::thingsboard::Uplinks};
    ///
    /// let json = r#"{"deviceName":"SN-002","telemetry":{"ts":5,"values":{"temperature":25.70}}}"#;
    /// let uplink = Uplinks::parse(json).unwrap().next().unwrap();
    /// let mut push = Push::to(String::new(), "4deedd7bab8817ec", "SN-002");
    /// uplink.fill(&mut push);
    /// assert_eq!(push.finish()?, "PUSH|4deedd7bab8817ec|SN-002|[temperature:=25.70@5]");
    /// # Ok::<(), tipwire::BuildError>(())
    /// ```
    pub fn fill<S: Sink>(&self, push: &mut Push<S>) {
        for entry in self.telemetry() {
            push.begin_point();
            let mut buffer = [0; WORD];
            let Some(name) = entry.key.0.text(&mut buffer) else {
                return push.fail(Some(Field::Variable), Kind::Name);
            };
            let value = if entry.is_string {
                Json::String(JsonString::of(entry.value))
            } else {
                document(entry.value).unwrap_or(Json::Null(""))
            };
            if write_scalar(push, name, value).is_none() {
                return;
            }
            if let Some(time) = entry.time {
                push.time(time);
            }
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    #[cfg_attr(target_family = "wasm", inline(never))]
    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            if let Some((key, value)) = self.values.as_mut().and_then(Iterator::next) {
                return Some(Entry::of(self.time, key, &value));
            }
            (self.time, self.values) = match self.groups.next()? {
                Json::Object(members) => timed(&members).unwrap_or((None, Some(members))),
                _ => (None, None),
            };
        }
    }
}

impl<'a> Entry<'a> {
    fn of(time: Option<u64>, key: JsonString<'a>, value: &Json<'a>) -> Entry<'a> {
        let is_string = matches!(value, Json::String(_));
        Entry { time, key: JsonText(key), value: value.raw(), is_string }
    }
}

/// The time and the values of a group that has both; `None` for a group of values.
fn timed<'a>(group: &Members<'a>) -> Option<(Option<u64>, Option<Members<'a>>)> {
    let (time, values) = (last(group, "ts")?, last(group, "values")?);
    let values = match values {
        Json::Object(values) => Some(values),
        _ => None,
    };
    Some((milliseconds(time).ok(), values))
}

/// The members that are strings where they are there.
const TEXTS: [&str; 7] =
    [DEVICE_NAME, ASSET_NAME, DEVICE_TYPE, "assetType", "deviceLabel", "customerName", "groupName"];

fn check<'a>(text: &'a str, item: &Json<'a>) -> Result<(), ConvertError<'a>> {
    let at = |value: &Json<'a>| offset(text, value.raw());
    let Json::Object(members) = item else {
        return Err(ConvertError::new(Kind::Type, MESSAGE, at(item)));
    };
    if members.is_empty() {
        return Ok(());
    }
    let end = at(item) + item.raw().len();
    match (last(members, DEVICE_NAME), last(members, ASSET_NAME)) {
        (None, None) => return Err(ConvertError::new(Kind::Missing, DEVICE_NAME, end)),
        (Some(_), Some(asset)) => {
            return Err(ConvertError::new(Kind::Misplaced, ASSET_NAME, at(&asset)));
        }
        (Some(Json::String(name)), None) | (None, Some(Json::String(name)))
            if name.raw().is_empty() =>
        {
            return Err(ConvertError::new(Kind::Missing, DEVICE_NAME, offset(text, name.raw())));
        }
        _ => {}
    }
    for key in TEXTS {
        match last(members, key) {
            None | Some(Json::String(_)) => {}
            Some(other) => return Err(ConvertError::new(Kind::Type, key, at(&other))),
        }
    }
    for key in [ATTRIBUTES, "metadata"] {
        match last(members, key) {
            None | Some(Json::Object(_)) => {}
            Some(other) => return Err(ConvertError::new(Kind::Type, key, at(&other))),
        }
    }
    match last(members, TELEMETRY) {
        None => Ok(()),
        Some(Json::Array(groups)) => {
            let mut groups = groups;
            groups.try_for_each(|group| check_group(text, &group))
        }
        Some(group) => check_group(text, &group),
    }
}

fn check_group<'a>(text: &'a str, group: &Json<'a>) -> Result<(), ConvertError<'a>> {
    let Json::Object(members) = group else {
        return Err(ConvertError::new(Kind::Type, TELEMETRY, offset(text, group.raw())));
    };
    let wrong = |key| {
        let value = last(members, key).map_or(0, |value| offset(text, value.raw()));
        Err(ConvertError::new(Kind::Type, key, value))
    };
    match timed(members) {
        Some((None, _)) => wrong("ts"),
        Some((_, None)) => wrong("values"),
        _ => Ok(()),
    }
}
