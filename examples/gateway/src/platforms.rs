//! ThingsPanel and ThingsBoard: devices that only tell, without being answered, and commands that are
//! bytes.

use std::sync::Arc;

use serde_json::json;
use tipwire::platform::thingsboard::{Converter, Downlink, Entry, Uplinks};
use tipwire::platform::thingspanel::{
    ATTRIBUTES, AUTH, Attributes, DATA, DEVICE_NOT_FOUND, EVENTS, Event, NOT_A_PACKET,
    NOT_AUTHORIZED, Packet, REGISTER_FAILED, Values, raw_token,
};
use tipwire::stream::{Any, Splitter};
use tipwire::{BuildError, Code, Kind};

use crate::clock;
use crate::connection::{Speaker, Turn};
use crate::devices::Device;
use crate::gateway::Gateway;
use crate::live::Peer;
use crate::store::{Answer, Ask, Point};

pub enum Protocol {
    /// ThingsPanel's packets.
    Packets,
    /// ThingsPanel's token, and then messages of the device's own, each of them one read.
    Raw,
    /// ThingsBoard's messages, whatever cuts the stream into them.
    Thingsboard(Box<Any>, Converter),
}

impl Protocol {
    /// What the page calls it.
    pub fn name(&self) -> &'static str {
        if let Protocol::Thingsboard(..) = self { "thingsboard" } else { "thingspanel" }
    }
}

/// A connection of a platform's device, as this side sees it.
pub struct Platform {
    protocol: Arc<Protocol>,
    splitter: Option<Box<Splitter<Any, Vec<u8>>>>,
    peer: Peer,
    /// Whose connection it is, where that is said once.
    device: Option<Arc<Device>>,
    output: Vec<u8>,
    is_over: bool,
    /// Whether the other side has said who it is.
    is_known: bool,
    /// When it came, or since then its last message: bytes that are none yet do not count.
    heard: u64,
    idle: u64,
}

/// Devices of platforms send heartbeats, if any, more seldom than others speak.
const MORE_PATIENCE: u64 = 15;

/// The longest message of a device's own.
const LONGEST: usize = 1024;

/// What a message tells of a device.
type Told = (Arc<Device>, Vec<Point>);

impl Platform {
    pub fn new(protocol: &Arc<Protocol>, peer: Peer, gateway: &Gateway) -> Result<Platform, Kind> {
        let rule = match &**protocol {
            Protocol::Packets => Some(Any::Packets(Default::default())),
            Protocol::Raw => None,
            Protocol::Thingsboard(rule, _) => Some((**rule).clone()),
        };
        Ok(Platform {
            protocol: Arc::clone(protocol),
            splitter: rule.map(Splitter::owned).transpose()?.map(Box::new),
            peer,
            device: None,
            output: Vec::new(),
            is_over: false,
            is_known: false,
            heard: clock::now(),
            idle: u64::from(gateway.config.limits.idle) * 1000,
        })
    }

    fn message(&mut self, message: Result<&[u8], Kind>, turn: &mut Turn<'_>) {
        let protocol = Arc::clone(&self.protocol);
        match (&*protocol, message) {
            (Protocol::Packets, Ok(message)) => self.packet(message, turn),
            (Protocol::Packets, Err(_)) => self.end(NOT_A_PACKET),
            (Protocol::Thingsboard(_, converter), Ok(message)) => {
                self.tell(message, convert(converter, message, turn), turn);
            }
            (Protocol::Raw, Ok(message)) => match &self.device {
                None => self.register(raw_token(message), REGISTER_FAILED, turn),
                Some(device) => {
                    let told = vec![(Arc::clone(device), vec![raw(message)])];
                    self.tell(message, Ok(told), turn);
                }
            },
            // The splitter goes on at the next boundary.
            (_, Err(kind)) => self.tell(b"", Err(kind.sentence().into()), turn),
        }
    }

    fn packet(&mut self, bytes: &[u8], turn: &mut Turn<'_>) {
        let Ok(Packet { kind, command, payload }) = Packet::parse(bytes) else {
            return self.end(NOT_A_PACKET);
        };
        let points = match (kind, command, &self.device) {
            (DATA, AUTH, _) => return self.register(payload, DEVICE_NOT_FOUND, turn),
            (DATA, ATTRIBUTES | EVENTS, None) => return self.end(NOT_AUTHORIZED),
            (DATA, ATTRIBUTES, _) => attributes(payload),
            (DATA, EVENTS, _) => event(payload),
            // Heartbeats, and what nobody has a meaning for yet.
            _ => Ok(Vec::new()),
        };
        match points {
            Ok(points) => {
                let told = self.device.clone().map(|device| (device, points));
                self.tell(bytes, Ok(told.into_iter().collect()), turn);
            }
            Err(problem) => self.end(&format!("MQTT: {problem}")),
        }
    }

    /// The connection is of the device with this access token, if there is one.
    fn register(&mut self, token: &[u8], failure: &str, turn: &mut Turn<'_>) {
        let token = std::str::from_utf8(token).ok().filter(|token| !token.is_empty());
        self.device = token.and_then(|token| turn.gateway.devices.with_access(token).ok());
        match &self.device {
            Some(device) => {
                turn.ask(device, Ask::Hello);
                (self.is_known, self.heard) = (true, clock::now());
            }
            None => self.end(failure),
        }
    }

    /// Shows and stores what a message tells, or shows what is wrong with it.
    fn tell(&mut self, bytes: &[u8], told: Result<Vec<Told>, String>, turn: &mut Turn<'_>) {
        let (told, problem) = match told {
            Ok(told) => (told, String::new()),
            Err(problem) => (Vec::new(), problem),
        };
        self.is_known |= !told.is_empty();
        if self.is_known {
            self.heard = clock::now();
        }
        let points = || told.iter().flat_map(|(_, points)| points);
        let device = told.first().map(|(device, _)| device.serial.as_str());
        let live = &turn.gateway.live;
        if let Some(row) = live.row(self.peer, device, [bytes, b""], points().count()) {
            let points: Vec<&str> = points().map(|point| point.json.as_str()).collect();
            live.show(row.with("points", format!("[{}]", points.join(","))), &problem);
        }
        for (device, points) in told {
            turn.ask(&device, Ask::Push(points));
        }
    }

    /// Says why it ends, in the platform's words.
    fn end(&mut self, reason: &str) {
        self.output.extend_from_slice(reason.as_bytes());
        self.is_over = true;
    }
}

impl Speaker for Platform {
    fn receive(&mut self, input: &mut &[u8], turn: &mut Turn<'_>) {
        let Some(mut splitter) = self.splitter.take() else {
            for message in std::mem::take(input).chunks(LONGEST) {
                self.message(Ok(message), turn);
            }
            return;
        };
        while !self.is_over
            && let Some(message) = splitter.next(input)
        {
            self.message(message, turn);
        }
        self.splitter = Some(splitter);
    }

    fn answered(&mut self, answers: Vec<Answer>) {
        if answers.iter().any(|answer| matches!(answer, Answer::Refused(Code::ServerError))) {
            let says_so = !matches!(*self.protocol, Protocol::Thingsboard(..));
            self.end(if says_so { "MQTT: the database failed" } else { "" });
        }
    }

    fn command(&mut self, text: &str) -> bool {
        match &*self.protocol {
            Protocol::Thingsboard(..) => self.output.extend(downlink(text)),
            _ => self.output.extend_from_slice(text.as_bytes()),
        }
        true
    }

    fn output(&mut self) -> &[u8] {
        &self.output
    }

    fn sent(&mut self, count: usize) {
        self.output.drain(..count);
        self.output.shrink_to_fit();
    }

    fn deadline(&self) -> Option<u64> {
        // Who says nothing must at least say who it is.
        let patience = if self.is_known { MORE_PATIENCE } else { 1 };
        (self.idle > 0).then(|| self.heard + self.idle * patience)
    }

    fn handle_timeout(&mut self, _: u64) {
        self.is_over = true;
    }

    fn is_over(&self) -> bool {
        self.is_over
    }
}

/// Attributes as points; those of a sub-device have its address before their name.
fn attributes(payload: &[u8]) -> Result<Vec<Point>, BuildError> {
    let points = Attributes::parse(payload)?.map(|attribute| {
        let address = attribute.device.map_or(String::new(), |device| format!("{device}/"));
        let variable = format!("{address}{}", attribute.name);
        point(variable, attribute.value, attribute.is_string, None, "")
    });
    Ok(points.collect())
}

fn event(payload: &[u8]) -> Result<Vec<Point>, BuildError> {
    let event = Event::parse(payload)?;
    let params = event.params.as_ref().map_or("{}", Values::json);
    Ok(vec![point(event.method.to_string(), params, false, None, r#","group":"event""#)])
}

fn raw(message: &[u8]) -> Point {
    let hex: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
    point("payload".into(), &hex, true, None, r#","metadata":{"encoding":"hex"}"#)
}

/// Converts all of a message, or nothing of it.
fn convert(converter: &Converter, message: &[u8], turn: &Turn<'_>) -> Result<Vec<Told>, String> {
    if !turn.visit.may_request() {
        return Err(Code::RateLimited.name().into());
    }
    let mut json = String::new();
    converter.convert(message, &mut json).map_err(|error| error.to_string())?;
    let uplinks = Uplinks::parse(&json).map_err(|error| error.to_string())?;
    let told = uplinks.map(|uplink| {
        let device = turn.gateway.devices.named(&uplink.name.to_string());
        let telemetry = uplink.telemetry().map(|entry| entry_point(&entry, ""));
        let attribute = r#","group":"attribute""#;
        let attributes = uplink.attributes().map(|entry| entry_point(&entry, attribute));
        Ok((device.map_err(|code| code.name())?, telemetry.chain(attributes).collect()))
    });
    told.collect()
}

fn entry_point(entry: &Entry<'_>, more: &str) -> Point {
    point(entry.key.to_string(), entry.value, entry.is_string, entry.time, more)
}

/// A command is a text, unless it is what a downlink converter would give.
fn downlink(text: &str) -> Vec<u8> {
    let plain = json!({"contentType": "TEXT", "data": text}).to_string();
    let downlink = Downlink::parse(text).or_else(|_| Downlink::parse(&plain));
    let mut buffer = vec![0; text.len() + 1];
    let bytes = downlink.ok().and_then(|downlink| downlink.write(&mut buffer).ok());
    bytes.map_or(Vec::new(), <[u8]>::to_vec)
}

/// A data point of another protocol: the value is JSON, or what stands between the quotes of a string
/// in JSON; `more` is what follows it.
fn point(variable: String, value: &str, is_string: bool, time: Option<u64>, more: &str) -> Point {
    let name = json!(variable);
    let quote = if is_string { "\"" } else { "" };
    let told = time.map_or(String::new(), |time| format!(r#","time":{time}"#));
    let json = format!(r#"{{"variable":{name},"value":{quote}{value}{quote}{told}{more}}}"#);
    Point { variable, time: time.unwrap_or_else(clock::unix), json }
}
