//! ThingsBoard: a stream cut into messages, of which a converter makes telemetry and attributes.

use std::sync::Arc;

use serde_json::json;
use tipwire::platform::thingsboard::{Converter, Downlink, Entry, Uplinks};
use tipwire::stream::{Any, Splitter};
use tipwire::{Code, Kind};

use crate::connection::Turn;
use crate::devices::Device;
use crate::platform::{Link, Platform, Value, store};

pub struct Thingsboard {
    splitter: Splitter<Any, Vec<u8>>,
    converter: Arc<Converter>,
}

/// What of a message was taken in: whose it is, and the points.
type Taken = (Vec<Arc<Device>>, Vec<String>);

impl Thingsboard {
    pub fn new(rule: Any, converter: Arc<Converter>) -> Result<Thingsboard, Kind> {
        Ok(Thingsboard { splitter: Splitter::owned(rule)?, converter })
    }
}

impl Platform for Thingsboard {
    const NAME: &'static str = "thingsboard";

    fn receive(&mut self, input: &mut &[u8], turn: &mut Turn<'_>, link: &mut Link) {
        while let Some(cut) = self.splitter.next(input) {
            let message = match cut {
                Ok(message) => message,
                // The splitter goes on at the next boundary.
                Err(kind) => {
                    link.heard(turn, None, b"", &[], kind.sentence());
                    continue;
                }
            };
            match take(&self.converter, message, turn) {
                Ok((devices, points)) => {
                    if !devices.is_empty() {
                        link.known();
                    }
                    link.heard(turn, devices.first().map(|device| &**device), message, &points, "");
                }
                Err(problem) => link.heard(turn, None, message, &[], &problem),
            }
        }
    }

    /// A command is a text, unless it is what a downlink converter would give.
    fn command(&mut self, _: &Device, text: &str, output: &mut Vec<u8>) -> bool {
        let plain = json!({"contentType": "TEXT", "data": text}).to_string();
        let downlink = Downlink::parse(text).or_else(|_| Downlink::parse(&plain));
        let mut buffer = vec![0; text.len() + 1];
        if let Ok(bytes) = downlink.map_or(Err(Kind::Json), |downlink| downlink.write(&mut buffer))
        {
            output.extend_from_slice(bytes);
        }
        true
    }
}

/// Takes in all of a message, or nothing of it.
fn take(converter: &Converter, message: &[u8], turn: &mut Turn<'_>) -> Result<Taken, String> {
    if !turn.visit.may_request() {
        return Err(Code::RateLimited.name().into());
    }
    let mut json = String::new();
    converter.convert(message, &mut json).map_err(|error| error.to_string())?;
    let uplinks = Uplinks::parse(&json).map_err(|error| error.to_string())?;
    let named = |name: String| turn.gateway.devices.named(&name).map_err(|code| code.name());
    let devices = uplinks.clone().map(|uplink| named(uplink.name.to_string()));
    let devices = devices.collect::<Result<Vec<_>, _>>()?;
    let mut points = Vec::new();
    for (device, uplink) in devices.iter().zip(uplinks) {
        turn.device(device);
        points.extend(uplink.telemetry().map(|entry| point(turn, &entry, "")));
        points.extend(uplink.attributes().map(|entry| point(turn, &entry, ATTRIBUTE)));
    }
    Ok((devices, points))
}

const ATTRIBUTE: &str = r#","group":"attribute""#;

fn point(turn: &mut Turn<'_>, entry: &Entry<'_>, more: &str) -> String {
    let value = Value::of(entry.value, entry.is_string);
    store(turn, &entry.key.to_string(), value, entry.time, more)
}
