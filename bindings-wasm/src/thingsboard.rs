//! ThingsBoard's converters, telemetry and downlinks. What comes back is side text.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use tipwire::platform::thingsboard::{
    self as core, ConvertError, Converter as Core, DEVICE_TOPIC, Downlink, Entry, GATEWAY_TOPIC,
    Moment, Uplink, Uplinks,
};
use tipwire::{Frame, Kind, Push};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure::{say, unbuilt, unreadable};
use crate::lanes::{Lanes, tell, with, word};
use crate::texts::Texts;

/// One of the core's converters.
#[wasm_bindgen]
pub struct Converter {
    converter: Option<Core>,
}

#[wasm_bindgen]
impl Converter {
    /// By its name, with settings as JSON. Whether it worked is said by `is_valid`, and else by the
    /// words.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, settings: &str) -> Converter {
        let made = Core::new(name, settings);
        let made = made.map_err(|kind| with(|lanes| unusable(lanes, kind)));
        Converter { converter: made.ok() }
    }

    /// Whether it can be used.
    pub fn is_valid(&self) -> bool {
        self.converter.is_some()
    }

    /// The uplink objects of a message; the length of the text, or 0 for an error.
    pub fn convert(&self, message: &[u8]) -> u32 {
        with(|lanes| {
            lanes.clear_side();
            let Some(converter) = &self.converter else { return 0 };
            match converter.append(message, lanes.side) {
                Ok(()) => word(lanes.side.len()),
                Err(error) => unconvertible(lanes, error),
            }
        })
    }
}

/// Checks uplink objects, and takes them apart: a list as JSON, whose length this is; 0 is an error.
#[wasm_bindgen]
pub fn uplinks(json: &str) -> u32 {
    with(|lanes| {
        lanes.clear_side();
        match Uplinks::parse(json) {
            Ok(uplinks) => {
                write_list(lanes.side, ['[', ']'], uplinks, write_uplink);
                word(lanes.side.len())
            }
            Err(error) => unconvertible(lanes, error),
        }
    })
}

/// The telemetry of one of them as a PUSH, which is the output; its length, or 0 for an error.
#[wasm_bindgen]
pub fn uplink_push(json: &str, nth: u32, auth: &str, serial: Option<String>) -> u32 {
    with(|lanes| {
        let uplink = Uplinks::parse(json).ok().and_then(|mut all| all.nth(nth as usize));
        let Some(uplink) = uplink else { return unusable(lanes, Kind::Missing) };
        let serial = serial.unwrap_or_else(|| {
            let mut name = String::new();
            // Writing to a string does not fail.
            _ = uplink.name.write(&mut name);
            name
        });
        let mut push = Push::to(&mut *lanes.output, auth, &serial);
        uplink.fill(&mut push);
        match push.finish() {
            Ok(frame) => word(frame.len()),
            Err(error) => unbuilt(lanes.words, error),
        }
    })
}

/// A PUSH as telemetry (0), as telemetry of a gateway (1), or as an uplink object (2). The name of the
/// device behind the gateway is the serial if there is none.
#[wasm_bindgen]
pub fn telemetry(form: u32, frame: &str, device: Option<String>, details: bool) -> u32 {
    with(|lanes| {
        lanes.clear_side();
        let frame = match Frame::parse(frame.as_bytes()) {
            Ok(frame) => frame,
            Err(error) => return unreadable(lanes.words, error),
        };
        let (points, out) = (frame.points(), &mut *lanes.side);
        _ = match form {
            0 => core::write_telemetry(&points, details, out),
            1 => {
                let device = device.as_deref().unwrap_or(frame.serial);
                core::write_gateway_telemetry(device, &points, details, out)
            }
            _ => core::write_uplink(&frame, details, out),
        };
        word(out.len())
    })
}

/// Stored values of several devices as a gateway publishes them. The texts are the names of the devices,
/// and then names and values, which are JSON, in turn. Of each device there are how many moments it has
/// and how long its name is; of each moment how many values it has, and its time, the upper half first;
/// of each value how long its name and itself are.
#[wasm_bindgen]
pub fn moments(texts: &str, devices: &[u32], moments: &[u32], values: &[u32]) -> u32 {
    let mut texts = Texts(texts);
    let names: Vec<&str> =
        devices.as_chunks().0.iter().map(|[_, name]| texts.next(*name)).collect();
    let pairs =
        values.as_chunks().0.iter().map(|[name, value]| (texts.next(*name), texts.next(*value)));
    let pairs: Vec<(&str, &str)> = pairs.collect();
    let mut rest = &*pairs;
    let mut moments = moments.as_chunks().0.iter().map(|[size, high, low]| {
        let values = rest.split_off(..*size as usize).unwrap_or_default();
        Moment { time: u64::from(*high) << 32 | u64::from(*low), values }
    });
    let counts = devices.as_chunks().0.iter().map(|[count, _]| *count as usize);
    let devices = names.into_iter().zip(counts);
    let devices = devices.map(|(name, count)| (name, moments.by_ref().take(count).collect()));
    let devices: Vec<(&str, Vec<Moment<'_>>)> = devices.collect();
    // Writing to a string does not fail.
    say(|lanes| _ = core::write_gateway_moments(devices, lanes.side))
}

/// The bytes that a downlink sends to a device; nothing for an error.
#[wasm_bindgen]
pub fn downlink(json: &str) -> Option<Vec<u8>> {
    // No value is longer than its JSON.
    let mut buffer = vec![0; json.len() + 1];
    with(|lanes| {
        let written = match Downlink::parse(json) {
            Ok(downlink) => {
                let written = downlink.write(&mut buffer).map(<[u8]>::len);
                let wrong = |kind| ConvertError { kind, field: "data", at: 0 };
                written.map_err(|kind| unconvertible(lanes, wrong(kind)))
            }
            Err(error) => Err(unconvertible(lanes, error)),
        };
        buffer.truncate(written.ok()?);
        Some(buffer)
    })
}

/// The topics of devices (0) and gateways.
#[wasm_bindgen]
pub fn thingsboard_topic(of: u32) -> u32 {
    say(|lanes| lanes.side.push_str(if of == 0 { DEVICE_TOPIC } else { GATEWAY_TOPIC }))
}

/// Leaves what is wrong with a message: kind and place as words, then how long field, code and sentence
/// are, which are the side text.
fn unconvertible(lanes: &mut Lanes<'_>, error: ConvertError<'_>) -> u32 {
    let mut sentence = String::new();
    error.explain_to(&mut |part| sentence.push_str(part));
    let parts = [error.field, error.code(), &sentence];
    leave(lanes, error.kind, error.at, parts)
}

/// The same of settings, which have no place.
fn unusable(lanes: &mut Lanes<'_>, kind: Kind) -> u32 {
    leave(lanes, kind, u32::MAX, ["", kind.code_name(), kind.sentence()])
}

fn leave(lanes: &mut Lanes<'_>, kind: Kind, at: u32, parts: [&str; 3]) -> u32 {
    lanes.clear_side();
    parts.iter().for_each(|part| lanes.side.push_str(part));
    let [field, code, sentence] = parts.map(|part| word(part.len()));
    tell(lanes.words, [kind.number().into(), at, field, code, sentence]);
    0
}

fn write_list<T>(
    out: &mut String,
    [begin, end]: [char; 2],
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut String, T),
) {
    out.push(begin);
    for (nth, item) in items.enumerate() {
        if nth > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(end);
}

#[inline(never)]
fn put(out: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| out.push_str(part));
}

fn write_uplink(out: &mut String, uplink: Uplink<'_>) {
    put(out, &[r#"{"name":""#, uplink.name.raw(), r#"","type":"#]);
    match uplink.kind {
        Some(kind) => put(out, &["\"", kind.raw(), "\""]),
        None => out.push_str("null"),
    }
    let is_asset = if uplink.is_asset { "true" } else { "false" };
    put(out, &[r#","isAsset":"#, is_asset, r#","points":"#]);
    write_list(out, ['[', ']'], uplink.telemetry(), write_point);
    out.push_str(r#","attributes":"#);
    write_list(out, ['{', '}'], uplink.attributes(), |out, entry| {
        put(out, &["\"", entry.key.raw(), "\":"]);
        write_value(out, &entry);
    });
    out.push('}');
}

fn write_point(out: &mut String, entry: Entry<'_>) {
    put(out, &[r#"{"variable":""#, entry.key.raw(), r#"","value":"#]);
    write_value(out, &entry);
    let first = entry.value.bytes().next().unwrap_or_default();
    if !entry.is_string && (first == b'-' || first.is_ascii_digit()) {
        put(out, &[r#","text":""#, entry.value, "\""]);
    }
    if let Some(time) = entry.time {
        let digits = time.to_string();
        put(out, &[r#","time":"#, &digits]);
        if time > 1 << 53 {
            put(out, &[r#","timeText":""#, &digits, "\""]);
        }
    }
    out.push('}');
}

#[inline(never)]
fn write_value(out: &mut String, entry: &Entry<'_>) {
    let quote = if entry.is_string { "\"" } else { "" };
    put(out, &[quote, entry.value, quote]);
}
