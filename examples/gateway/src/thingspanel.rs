//! ThingsPanel: packets, or whatever a device sends after its access token.

use std::sync::Arc;

use tipwire::platform::thingspanel::{
    ATTRIBUTES, AUTH, Attribute, Attributes, DATA, DEVICE_NOT_FOUND, EVENTS, Event, NOT_A_PACKET,
    NOT_AUTHORIZED, Packet, REGISTER_FAILED, Values, raw_token,
};
use tipwire::stream::{Packets, Splitter};
use tipwire::{BuildError, Kind};

use crate::connection::Turn;
use crate::devices::Device;
use crate::platform::{Link, Platform, Value, store};

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
                link.known();
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
                    Ok(points) => link.heard(turn, Some(device), bytes, &points, ""),
                    Err(problem) => link.end(&format!("MQTT: {problem}")),
                }
            }
            // Heartbeats, and what nobody has a meaning for yet.
            (_, _, device) => link.heard(turn, device.as_deref(), bytes, &[], ""),
        }
    }

    fn message(&mut self, bytes: &[u8], turn: &mut Turn<'_>, link: &mut Link) {
        let Some(device) = &self.device else {
            return self.register(raw_token(bytes), turn, link, REGISTER_FAILED);
        };
        turn.device(device);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let metadata = r#","metadata":{"encoding":"hex"}"#;
        let point = store(turn, "payload", Value::Text(&hex), None, metadata);
        link.heard(turn, Some(device), bytes, &[point], "");
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
fn attributes(payload: &[u8], turn: &mut Turn<'_>) -> Result<Vec<String>, BuildError> {
    let points = Attributes::parse(payload)?.map(|attribute| {
        let Attribute { device, name, value, is_string } = attribute;
        let address = device.map_or(String::new(), |device| format!("{device}/"));
        store(turn, &format!("{address}{name}"), Value::of(value, is_string), None, "")
    });
    Ok(points.collect())
}

fn event(payload: &[u8], turn: &mut Turn<'_>) -> Result<Vec<String>, BuildError> {
    let event = Event::parse(payload)?;
    let params = event.params.as_ref().map_or("{}", Values::json);
    let method = event.method.to_string();
    Ok(vec![store(turn, &method, Value::Json(params), None, r#","group":"event""#)])
}
