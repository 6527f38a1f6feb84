//! ThingsPanel: packets, or whatever a device sends after its access token.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use tipwire::Kind;
use tipwire::platform::thingspanel::{
    ATTRIBUTES, AUTH, DATA, DEVICE_NOT_FOUND, EVENTS, NOT_A_PACKET, NOT_AUTHORIZED, Packet,
    REGISTER_FAILED, raw_token,
};
use tipwire::stream::{Packets, Splitter};

use crate::connection::Turn;
use crate::devices::Device;
use crate::platform::{Link, Platform, store};

pub struct Thingspanel {
    mode: Mode,
    device: Option<Arc<Device>>,
}

/// What comes: packets, or messages of which each is one read.
enum Mode {
    Packets(Box<Splitter<Packets, Vec<u8>>>),
    Raw,
}

/// The longest message of a device's own.
const LONGEST: usize = 1024;

#[derive(Deserialize)]
struct Event {
    method: String,
    params: Box<RawValue>,
}

impl Thingspanel {
    /// Of devices that send packets.
    pub fn packets() -> Result<Thingspanel, Kind> {
        let splitter = Splitter::owned(Packets::default())?;
        Ok(Thingspanel { mode: Mode::Packets(Box::new(splitter)), device: None })
    }

    /// Of devices that send what only they understand.
    pub fn raw() -> Thingspanel {
        Thingspanel { mode: Mode::Raw, device: None }
    }

    /// The connection is of the device with this access token, if there is one.
    fn register(&mut self, token: &[u8], turn: &mut Turn<'_>, link: &mut Link, failure: &str) {
        let token = std::str::from_utf8(token).ok().filter(|token| !token.is_empty());
        match token.and_then(|token| turn.gateway.devices.with_access(token).ok()) {
            Some(device) => {
                turn.device(&device);
                link.is_known = true;
                self.device = Some(device);
            }
            None => link.end(failure),
        }
    }

    fn packet(&mut self, bytes: &[u8], turn: &mut Turn<'_>, link: &mut Link) {
        let Ok(Packet { kind, command, payload }) = Packet::parse(bytes) else {
            return link.end(NOT_A_PACKET);
        };
        match (kind, command, &self.device) {
            (DATA, AUTH, _) => self.register(payload, turn, link, DEVICE_NOT_FOUND),
            (DATA, ATTRIBUTES | EVENTS, None) => link.end(NOT_AUTHORIZED),
            (DATA, ATTRIBUTES | EVENTS, Some(device)) => {
                turn.device(device);
                let read = match command {
                    ATTRIBUTES => attributes(payload, turn),
                    _ => event(payload, turn),
                };
                match read {
                    Ok(points) => link.show(turn, Some(device), bytes, &points, ""),
                    Err(problem) => link.end(&format!("MQTT: {problem}")),
                }
            }
            // Heartbeats, and what nobody has a meaning for yet.
            (_, _, device) => link.show(turn, device.as_deref(), bytes, &[], ""),
        }
    }

    fn message(&mut self, bytes: &[u8], turn: &mut Turn<'_>, link: &mut Link) {
        let Some(device) = &self.device else {
            return self.register(raw_token(bytes), turn, link, REGISTER_FAILED);
        };
        turn.device(device);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let metadata = r#","metadata":{"encoding":"hex"}"#;
        let point = store(turn, "payload", &format!("\"{hex}\""), None, metadata);
        link.show(turn, Some(device), bytes, &[point], "");
    }
}

impl Platform for Thingspanel {
    const NAME: &'static str = "thingspanel";
    const NOT_STORED: &'static str = "MQTT: the database failed";

    fn receive(&mut self, input: &mut &[u8], turn: &mut Turn<'_>, link: &mut Link) {
        if let Mode::Raw = self.mode {
            for message in std::mem::take(input).chunks(LONGEST) {
                self.message(message, turn, link);
            }
            return;
        }
        while !link.is_over() {
            let Mode::Packets(splitter) = &mut self.mode else { return };
            // The packet is copied out: it is small, and the splitter is a part of what it changes.
            let Some(packet) = splitter.next(input).map(|packet| packet.map(<[u8]>::to_vec)) else {
                return;
            };
            match packet {
                Ok(packet) => self.packet(&packet, turn, link),
                Err(_) => link.end(NOT_A_PACKET),
            }
        }
    }

    fn command(&mut self, _: &Device, text: &str, output: &mut Vec<u8>) -> bool {
        output.extend_from_slice(text.as_bytes());
        true
    }
}

/// Attributes as points; those of a sub-device have its address before their name.
fn attributes(payload: &[u8], turn: &mut Turn<'_>) -> Result<Vec<String>, serde_json::Error> {
    type Object = BTreeMap<String, Box<RawValue>>;
    let mut points = Vec::new();
    for (name, value) in serde_json::from_slice::<Object>(payload)? {
        match serde_json::from_str::<Object>(value.get()) {
            Ok(own) => {
                for (key, value) in own {
                    points.push(store(turn, &format!("{name}/{key}"), value.get(), None, ""));
                }
            }
            Err(_) => points.push(store(turn, &name, value.get(), None, "")),
        }
    }
    Ok(points)
}

fn event(payload: &[u8], turn: &mut Turn<'_>) -> Result<Vec<String>, serde_json::Error> {
    let event: Event = serde_json::from_slice(payload)?;
    Ok(vec![store(turn, &event.method, event.params.get(), None, r#","group":"event""#)])
}
