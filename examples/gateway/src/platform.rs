//! What ThingsPanel and ThingsBoard have in common: devices that only tell, without being answered,
//! and commands that are bytes.

use std::fmt;
use std::net::SocketAddr;

use crate::clock;
use crate::connection::{Speaker, Turn};
use crate::devices::Device;
use crate::gateway::Gateway;
use crate::live::Message;
use crate::store::Stored;

/// What is a platform's own.
pub trait Platform: Send {
    /// What the page calls it.
    const NAME: &'static str;

    /// What it says, before it closes the connection, where something could not be stored.
    const NOT_STORED: &'static str = "";

    /// Understands all of `input`.
    fn receive(&mut self, input: &mut &[u8], turn: &mut Turn<'_>, link: &mut Link);

    /// The bytes of a command for a device, which are added to `output`; whether it can be sent.
    fn command(&mut self, device: &Device, text: &str, output: &mut Vec<u8>) -> bool;
}

/// A connection of a platform's device, as that side sees it.
pub struct Link {
    output: Vec<u8>,
    is_over: bool,
    /// Whether the other side has said who it is.
    is_known: bool,
    /// When it came, or since then its last message: bytes that are none yet do not count.
    heard: u64,
    idle: u64,
    peer: SocketAddr,
    via: &'static str,
}

/// Devices of platforms send heartbeats, if any, more seldom than others speak.
const MORE_PATIENCE: u64 = 15;

impl Link {
    /// Says why it ends, in the platform's words.
    pub fn end(&mut self, reason: &str) {
        self.output.extend_from_slice(reason.as_bytes());
        self.is_over = true;
    }

    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// The other side has said who it is.
    pub fn known(&mut self) {
        self.is_known = true;
        self.heard = clock::now();
    }

    /// A message has come: shows it, the points in it as JSON, and what was wrong with it.
    pub fn heard(
        &mut self,
        turn: &Turn<'_>,
        device: Option<&Device>,
        bytes: &[u8],
        points: &[String],
        problem: &str,
    ) {
        if self.is_known {
            self.heard = clock::now();
        }
        if turn.gateway.live.wants(points.len()) {
            turn.gateway.live.show(&Message {
                via: self.via,
                peer: Some(self.peer),
                device: device.map(|device| device.serial.as_str()),
                bytes,
                inner: None,
                points: Some(&format!("[{}]", points.join(","))),
                answer: problem,
            });
        }
    }
}

/// Speaks for a platform.
pub struct Talk<P> {
    platform: P,
    link: Link,
}

impl<P: Platform> Talk<P> {
    pub fn new(platform: P, peer: SocketAddr, gateway: &Gateway) -> Talk<P> {
        let link = Link {
            output: Vec::new(),
            is_over: false,
            is_known: false,
            heard: clock::now(),
            idle: u64::from(gateway.config.limits.idle) * 1000,
            peer,
            via: P::NAME,
        };
        Talk { platform, link }
    }
}

impl<P: Platform> Speaker for Talk<P> {
    fn receive(&mut self, input: &mut &[u8], turn: &mut Turn<'_>) {
        self.platform.receive(input, turn, &mut self.link);
    }

    fn stored(&mut self, stored: Stored) {
        if stored.is_err() {
            self.link.end(P::NOT_STORED);
        }
    }

    fn command(&mut self, device: &Device, text: &str) -> bool {
        self.platform.command(device, text, &mut self.link.output)
    }

    fn output(&self) -> &[u8] {
        &self.link.output
    }

    fn sent(&mut self, count: usize) {
        self.link.output.drain(..count);
        if self.link.output.is_empty() {
            self.link.output = Vec::new();
        }
    }

    fn deadline(&self) -> Option<u64> {
        // Who says nothing must at least say who it is.
        let patience = if self.link.is_known { MORE_PATIENCE } else { 1 };
        (self.link.idle > 0).then(|| self.link.heard + self.link.idle * patience)
    }

    fn handle_timeout(&mut self, _: u64) {
        self.link.is_over = true;
    }

    fn is_over(&self) -> bool {
        self.link.is_over
    }
}

/// A value of another protocol.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// What stands between the quotes of a string in JSON.
    Text(&'a str),
    Json(&'a str),
}

impl<'a> Value<'a> {
    pub fn of(value: &'a str, is_string: bool) -> Value<'a> {
        if is_string { Value::Text(value) } else { Value::Json(value) }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => write!(f, "\"{text}\""),
            Value::Json(json) => f.write_str(json),
        }
    }
}

/// Stores a data point of another protocol; `more` is what follows the value in its JSON.
pub fn store(
    turn: &mut Turn<'_>,
    variable: &str,
    value: Value<'_>,
    time: Option<u64>,
    more: &str,
) -> String {
    let name = serde_json::Value::from(variable);
    let told = time.map_or(String::new(), |time| format!(r#","time":{time}"#));
    let point = format!(r#"{{"variable":{name},"value":{value}{told}{more}}}"#);
    turn.batch.point(variable, time.unwrap_or_else(clock::unix), |json| json.push_str(&point));
    point
}
