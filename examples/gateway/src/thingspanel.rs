//! ThingsPanel: packets, or whatever a device sends after its access token.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use tipwire::platform::thingspanel::{ATTRIBUTES, AUTH, DATA, EVENTS, Packet};
use tipwire::stream::{Packets, Splitter};

use crate::clock;
use crate::connection::{Speaker, Turn};
use crate::devices::Device;
use crate::gateway::Gateway;
use crate::live::Message;
use crate::store::{Batch, Stored};

pub struct Thingspanel {
    mode: Mode,
    device: Option<Arc<Device>>,
    output: Vec<u8>,
    is_over: bool,
    heard: u64,
    idle: u64,
    peer: SocketAddr,
}

/// What comes: packets, or messages of which each is one read.
pub enum Mode {
    Packets(Box<Splitter<Packets, Vec<u8>>>),
    Raw,
}

/// Devices of this platform send heartbeats, but more seldom than others speak.
const MORE_PATIENCE: u64 = 15;

/// The longest message of a device's own.
const LONGEST: usize = 1024;

#[derive(Deserialize)]
struct Event {
    method: String,
    params: Box<RawValue>,
}

impl Thingspanel {
    pub fn new(mode: Mode, peer: SocketAddr, gateway: &Gateway) -> Thingspanel {
        Thingspanel {
            mode,
            device: None,
            output: Vec::new(),
            is_over: false,
            heard: clock::now(),
            idle: u64::from(gateway.config.limits.idle) * 1000,
            peer,
        }
    }

    /// Says why it ends, in the platform's words.
    fn end(&mut self, reason: &str) {
        self.output.extend_from_slice(reason.as_bytes());
        self.is_over = true;
    }

    /// The connection is of the device with this access token, if there is one.
    fn register(&mut self, token: &[u8], turn: &mut Turn<'_>, failure: &str) {
        let token = std::str::from_utf8(token).ok().filter(|token| !token.is_empty());
        match token.and_then(|token| turn.gateway.devices.with_access(token).ok()) {
            Some(device) => {
                turn.device(&device);
                self.device = Some(device);
            }
            None => self.end(failure),
        }
    }

    fn packet(&mut self, bytes: &[u8], turn: &mut Turn<'_>) {
        let Ok(Packet { kind, command, payload }) = Packet::parse(bytes) else {
            return self.end("error");
        };
        match (kind, command, &self.device) {
            (DATA, AUTH, _) => self.register(payload, turn, "RPC:device not found"),
            (DATA, ATTRIBUTES | EVENTS, None) => self.end("MQTT: device auth failed"),
            (DATA, ATTRIBUTES | EVENTS, Some(device)) => {
                turn.device(&Arc::clone(device));
                let read = match command {
                    ATTRIBUTES => attributes(payload, &mut turn.batch),
                    _ => event(payload, &mut turn.batch),
                };
                match read {
                    Ok(points) => self.show(bytes, &points, turn),
                    Err(problem) => self.end(&format!("MQTT: {problem}")),
                }
            }
            // Heartbeats, and what nobody has a meaning for yet.
            _ => self.show(bytes, &[], turn),
        }
    }

    fn raw(&mut self, bytes: &[u8], turn: &mut Turn<'_>) {
        let Some(device) = &self.device else {
            return self.register(bytes.trim_ascii(), turn, "register failed");
        };
        turn.device(&Arc::clone(device));
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let metadata = r#""metadata":{"encoding":"hex"}"#;
        let point = format!(r#"{{"variable":"payload","value":"{hex}",{metadata}}}"#);
        turn.batch.point("payload", clock::unix(), |json| json.push_str(&point));
        self.show(bytes, &[point], turn);
    }

    fn show(&self, bytes: &[u8], points: &[String], turn: &Turn<'_>) {
        if turn.gateway.live.wants(points.len()) {
            turn.gateway.live.show(&Message {
                via: "thingspanel",
                peer: Some(self.peer),
                device: self.device.as_ref().map(|device| device.serial.as_str()),
                bytes,
                inner: None,
                points: Some(&format!("[{}]", points.join(","))),
                answer: "",
            });
        }
    }
}

/// Attributes as points; those of a sub-device have its address before their name.
fn attributes(payload: &[u8], batch: &mut Batch) -> Result<Vec<String>, serde_json::Error> {
    type Object = BTreeMap<String, Box<RawValue>>;
    let mut points = Vec::new();
    for (name, value) in serde_json::from_slice::<Object>(payload)? {
        match serde_json::from_str::<Object>(value.get()) {
            Ok(own) => {
                for (key, value) in own {
                    points.push(store(&format!("{name}/{key}"), value.get(), "", batch));
                }
            }
            Err(_) => points.push(store(&name, value.get(), "", batch)),
        }
    }
    Ok(points)
}

fn event(payload: &[u8], batch: &mut Batch) -> Result<Vec<String>, serde_json::Error> {
    let event: Event = serde_json::from_slice(payload)?;
    Ok(vec![store(&event.method, event.params.get(), r#","group":"event""#, batch)])
}

fn store(variable: &str, value: &str, more: &str, batch: &mut Batch) -> String {
    let name = serde_json::Value::from(variable);
    let point = format!(r#"{{"variable":{name},"value":{value}{more}}}"#);
    batch.point(variable, clock::unix(), |json| json.push_str(&point));
    point
}

impl Speaker for Thingspanel {
    fn receive(&mut self, input: &mut &[u8], turn: &mut Turn<'_>) {
        self.heard = clock::now();
        if let Mode::Raw = self.mode {
            for message in std::mem::take(input).chunks(LONGEST) {
                self.raw(message, turn);
            }
            return;
        }
        while !self.is_over {
            let Mode::Packets(splitter) = &mut self.mode else { return };
            // The packet is copied out: it is small, and the splitter is a part of what it changes.
            let Some(packet) = splitter.next(input).map(|packet| packet.map(<[u8]>::to_vec)) else {
                return;
            };
            match packet {
                Ok(packet) => self.packet(&packet, turn),
                Err(_) => self.end("error"),
            }
        }
    }

    fn stored(&mut self, stored: Stored) {
        if stored.is_err() {
            self.end("MQTT: the database failed");
        }
    }

    fn command(&mut self, _: &Device, text: &str) -> bool {
        self.output.extend_from_slice(text.as_bytes());
        true
    }

    fn output(&self) -> &[u8] {
        &self.output
    }

    fn sent(&mut self, count: usize) {
        self.output.drain(..count);
    }

    fn deadline(&self) -> Option<u64> {
        // Who says nothing must at least say who it is.
        let patience = if self.device.is_some() { MORE_PATIENCE } else { 1 };
        (self.idle > 0).then(|| self.heard + self.idle * patience)
    }

    fn handle_timeout(&mut self, _: u64) {
        self.is_over = true;
    }

    fn is_over(&self) -> bool {
        self.is_over
    }
}
