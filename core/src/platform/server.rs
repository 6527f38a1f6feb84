//! The side of a connection that listens to a platform's devices.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use super::reading::Told;
use super::thingsboard::{ConvertError, Converter, Downlink, Uplinks};
use super::thingspanel::{
    ATTRIBUTES, AUTH, Attributes, DATA, DEVICE_NOT_FOUND, EVENTS, Event, NOT_A_PACKET,
    NOT_AUTHORIZED, Packet, REGISTER_FAILED, raw_token,
};
use crate::error::Kind;
use crate::stream::{Any, Packets, Splitter};

/// What devices speak on a port.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for a port, not for a connection")]
pub enum Protocol {
    /// ThingsPanel's packets: the first one shows an access token.
    Packets,
    /// ThingsPanel's custom port: an access token, and then messages of the device's own, each of
    /// them what was received at one time.
    Raw,
    /// ThingsBoard's integration: a rule cuts the stream into messages, and a converter makes
    /// uplinks of them.
    Messages(Any, Converter),
}

/// One connection, seen from the server: bytes in, what devices tell out; commands in, bytes out.
///
/// Its loop is that of [`session`](crate::session), but these devices are not answered: success is
/// silent.
///
/// ```
/// use tipwire::platform::thingspanel::Packet;
/// use tipwire::platform::{Protocol, Server, ServerEvent};
///
/// let mut received = Vec::new();
/// Packet::auth(b"b79f6640").write(&mut received)?;
/// Packet::attributes(br#"{"light":98}"#).write(&mut received)?;
///
/// let mut server = Server::new(&Protocol::Packets, 20_000, 0)?;
/// let (mut input, mut points) = (&received[..], String::new());
/// while let Some(event) = server.next_event(&mut input, 5) {
///     match event {
///         ServerEvent::Token("b79f6640") => server.accept(),
///         ServerEvent::Token(_) => server.refuse(),
///         ServerEvent::Told { told, .. } => {
///             for point in told.flat_map(|(_, points)| points) {
///                 point.write_json(&mut points)?;
///             }
///         }
///         ServerEvent::Rejected { error, .. } => println!("{error}"),
///     }
/// }
/// assert_eq!(points, r#"{"variable":"light","value":98}"#);
/// server.command("reboot")?;
/// assert_eq!(server.output(), b"reboot");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server<P> {
    protocol: P,
    /// Where there is none, a message is what was received at one time.
    splitter: Option<Splitter<Any, Vec<u8>>>,
    /// The uplinks of the last message.
    json: String,
    state: State,
    /// When the last message came; when one came that counts, or the connection.
    last: u64,
    heard: u64,
    idle: u32,
}

/// What happened on a connection.
pub enum ServerEvent<'m> {
    /// This access token was shown: to be [accepted](Server::accept) or [refused](Server::refuse)
    /// before anything else. It is a secret.
    Token(&'m str),
    /// A message.
    Told {
        /// The message as it came.
        bytes: &'m [u8],
        /// What it tells.
        told: Told<'m>,
    },
    /// A message that cannot be understood. ThingsPanel's connections end with it.
    Rejected {
        /// The message as it came; nothing where it was dropped.
        bytes: &'m [u8],
        /// What is wrong with it.
        error: ConvertError<'m>,
    },
}

/// Who has said who it is may be silent for so many times as long: heartbeats are seldom, if any.
const MORE_PATIENCE: u64 = 15;

/// The longest message of a device's own.
const LONGEST: usize = 1024;

/// Most bytes of commands that wait to be sent.
const MAX_OUTPUT: usize = 1 << 16;

impl<P: Deref<Target = Protocol>> Server<P> {
    /// A connection that was accepted at `now`. It may be silent for `idle` milliseconds until it
    /// has said who it is, and then for 15 times that; 0 is for ever.
    ///
    /// A rule that can never work is [`Kind::InvalidSettings`].
    pub fn new(protocol: P, idle: u32, now: u64) -> Result<Server<P>, Kind> {
        let rule = match &*protocol {
            Protocol::Packets => Some(Any::Packets(Packets::new())),
            Protocol::Raw => None,
            Protocol::Messages(rule, _) => Some(rule.clone()),
        };
        Ok(Server {
            splitter: rule.map(Splitter::owned).transpose()?,
            protocol,
            json: String::new(),
            state: State { stage: Stage::New, output: Vec::new() },
            last: now,
            heard: now,
            idle,
        })
    }

    /// The next thing that happened, `input` being what was received since.
    ///
    /// Goes past what it takes of `input`. `None` with something left of it says that a token is to
    /// be accepted or refused first.
    pub fn next_event<'m, 'i: 'm>(
        &'m mut self,
        input: &mut &'i [u8],
        now: u64,
    ) -> Option<ServerEvent<'m>> {
        let Server { protocol, splitter, json, state, .. } = self;
        match state.stage {
            Stage::Over => *input = &[],
            Stage::Asked => return None,
            Stage::New | Stage::Known => {}
        }
        let message = match splitter {
            Some(splitter) => splitter.next(input),
            None => some_of(input).map(Ok),
        };
        let Some(message) = message else {
            // Connections that are silent take no more memory than they need.
            *json = String::new();
            return None;
        };
        let is_known = state.stage == Stage::Known;
        self.last = now;
        if is_known {
            self.heard = now;
        }
        Some(match (&**protocol, message) {
            (Protocol::Messages(_, converter), Ok(bytes)) => {
                match convert(converter, bytes, json) {
                    Ok(uplinks) => ServerEvent::Told { bytes, told: Told::of_uplinks(uplinks) },
                    Err(error) => ServerEvent::Rejected { bytes, error },
                }
            }
            (Protocol::Messages(..), Err(kind)) => rejected(b"", kind),
            (Protocol::Raw, Ok(bytes)) if is_known => {
                ServerEvent::Told { bytes, told: Told::of_bytes(bytes) }
            }
            (Protocol::Raw, Ok(bytes)) => state.token(bytes, raw_token(bytes), REGISTER_FAILED),
            (Protocol::Packets, Ok(bytes)) => state.packet(bytes),
            (_, Err(kind)) => state.end_with(NOT_A_PACKET, b"", kind),
        })
    }

    /// Somebody vouches for who was named last, by a token or in a message: the connection may be
    /// silent for longer.
    pub fn accept(&mut self) {
        if self.state.stage != Stage::Over {
            self.state.stage = Stage::Known;
            self.heard = self.last;
        }
    }

    /// Nobody knows the token: the connection ends, with the platform's words for it.
    pub fn refuse(&mut self) {
        self.state.end(match *self.protocol {
            Protocol::Packets => DEVICE_NOT_FOUND,
            Protocol::Raw => REGISTER_FAILED,
            Protocol::Messages(..) => "",
        });
    }

    /// Sends a command: to ThingsPanel's devices as it is, to ThingsBoard's as a line, or as a
    /// [`Downlink`] says if it is one.
    ///
    /// [`Kind::Full`] says that bytes have to be [sent](Server::output) first, [`Kind::Closed`] that
    /// it is too late.
    pub fn command(&mut self, text: &str) -> Result<(), Kind> {
        let State { stage, output } = &mut self.state;
        if *stage == Stage::Over {
            return Err(Kind::Closed);
        }
        if output.len() + text.len() >= MAX_OUTPUT {
            return Err(if output.is_empty() { Kind::TooLong } else { Kind::Full });
        }
        match (&*self.protocol, Downlink::parse(text)) {
            (Protocol::Messages(..), Ok(downlink)) => {
                let mut buffer = alloc::vec![0; text.len() + 1];
                output.extend_from_slice(downlink.write(&mut buffer)?);
            }
            (Protocol::Messages(..), Err(_)) => {
                output.extend_from_slice(text.as_bytes());
                output.push(b'\n');
            }
            (Protocol::Packets | Protocol::Raw, _) => output.extend_from_slice(text.as_bytes()),
        }
        Ok(())
    }

    /// What is to be sent now.
    pub fn output(&self) -> &[u8] {
        &self.state.output
    }

    /// The first `count` bytes of [`output`](Server::output) have been sent.
    pub fn sent(&mut self, count: usize) {
        let output = &mut self.state.output;
        output.drain(..count.min(output.len()));
        output.shrink_to_fit();
    }

    /// When [`handle_timeout`](Server::handle_timeout) is to be called; `None` for never.
    pub fn deadline(&self) -> Option<u64> {
        let patience = match self.state.stage {
            Stage::Over => return None,
            Stage::Known => MORE_PATIENCE,
            Stage::New | Stage::Asked => 1,
        };
        (self.idle > 0).then(|| self.heard.saturating_add(u64::from(self.idle) * patience))
    }

    /// Ends the connection if it was silent for too long. Does nothing before the time.
    pub fn handle_timeout(&mut self, now: u64) {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            self.state.end("");
        }
    }

    /// Ends the connection for a reason of the caller's, which ThingsPanel's devices are told.
    pub fn close(&mut self, reason: &str) {
        match *self.protocol {
            Protocol::Messages(..) => self.state.end(""),
            Protocol::Packets | Protocol::Raw => self.state.fail(reason),
        }
    }

    /// Whether it is over: once [`output`](Server::output) is sent, the connection is to be closed.
    pub fn is_closed(&self) -> bool {
        self.state.stage == Stage::Over
    }
}

crate::session::endpoint! { [P: Deref<Target = Protocol>] Server<P> }

/// What a connection has come to, and what it still has to send.
struct State {
    stage: Stage,
    output: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Nobody has vouched for it.
    New,
    /// It has shown a token.
    Asked,
    Known,
    Over,
}

impl State {
    /// Says why it ends.
    fn end(&mut self, reason: &str) {
        if self.stage != Stage::Over {
            self.stage = Stage::Over;
            self.output.extend_from_slice(reason.as_bytes());
        }
    }

    /// The same, for a reason that the platform has no word of its own for.
    fn fail(&mut self, reason: &str) {
        self.end(&alloc::format!("MQTT: {reason}"));
    }

    fn end_with<'m>(&mut self, reason: &str, bytes: &'m [u8], kind: Kind) -> ServerEvent<'m> {
        self.end(reason);
        rejected(bytes, kind)
    }

    fn token<'m>(&mut self, bytes: &'m [u8], token: &'m [u8], failure: &str) -> ServerEvent<'m> {
        match core::str::from_utf8(token) {
            Ok(token) if !token.is_empty() => {
                self.stage = Stage::Asked;
                ServerEvent::Token(token)
            }
            _ => self.end_with(failure, bytes, Kind::Token),
        }
    }

    fn packet<'m>(&mut self, bytes: &'m [u8]) -> ServerEvent<'m> {
        let Packet { kind, command, payload } = match Packet::parse(bytes) {
            Ok(packet) => packet,
            Err(error) => return self.end_with(NOT_A_PACKET, bytes, error.kind),
        };
        let is_known = self.stage == Stage::Known;
        let told = match (kind, command) {
            (DATA, AUTH) => return self.token(bytes, payload, DEVICE_NOT_FOUND),
            (DATA, ATTRIBUTES | EVENTS) if !is_known => {
                return self.end_with(NOT_AUTHORIZED, bytes, Kind::Token);
            }
            (DATA, ATTRIBUTES) => Attributes::parse(payload).map(Told::of_attributes),
            (DATA, EVENTS) => Event::parse(payload).map(|event| Told::of_event(&event)),
            // Heartbeats, and what nobody has a meaning for yet.
            _ => Ok(Told::nothing()),
        };
        match told {
            Ok(told) => ServerEvent::Told { bytes, told },
            Err(error) => {
                self.fail(error.kind.sentence());
                rejected(bytes, error.kind)
            }
        }
    }
}

fn rejected(bytes: &[u8], kind: Kind) -> ServerEvent<'_> {
    ServerEvent::Rejected { bytes, error: ConvertError::of_message(kind) }
}

/// A message of a device's own: what there is, up to the longest one.
fn some_of<'i>(input: &mut &'i [u8]) -> Option<&'i [u8]> {
    let (message, rest) = input.split_at_checked(input.len().min(LONGEST))?;
    *input = rest;
    (!message.is_empty()).then_some(message)
}

fn convert<'m>(
    converter: &'m Converter,
    message: &'m [u8],
    json: &'m mut String,
) -> Result<Uplinks<'m>, ConvertError<'m>> {
    json.clear();
    converter.append(message, json)?;
    Uplinks::parse(json)
}

/// Without what is told, and without tokens.
impl fmt::Debug for ServerEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerEvent::Token(_) => f.write_str("Token(…)"),
            ServerEvent::Told { bytes, .. } => {
                f.debug_struct("Told").field("bytes", &bytes.len()).finish_non_exhaustive()
            }
            ServerEvent::Rejected { bytes, error } => {
                let mut event = f.debug_struct("Rejected");
                event.field("bytes", &bytes.len()).field("kind", &error.kind);
                event.finish_non_exhaustive()
            }
        }
    }
}

/// Without what the buffers hold.
impl<P> fmt::Debug for Server<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { stage, output } = &self.state;
        let mut server = f.debug_struct("Server");
        server.field("stage", stage).field("unsent", &output.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Json, Lines};
    use alloc::string::ToString;

    const TOKEN: &str = "b79f6640";

    fn packet(packet: Packet<'_>) -> Vec<u8> {
        packet.write(&mut Vec::new()).unwrap().to_vec()
    }

    /// What a server says happened, its tokens accepted if they are [`TOKEN`].
    fn hear(server: &mut Server<&Protocol>, mut input: &[u8], now: u64) -> Vec<String> {
        let mut heard = Vec::new();
        while let Some(event) = server.next_event(&mut input, now) {
            heard.push(match event {
                ServerEvent::Token(TOKEN) => {
                    server.accept();
                    "accepted".into()
                }
                ServerEvent::Token(_) => {
                    server.refuse();
                    "refused".into()
                }
                ServerEvent::Told { told, .. } => {
                    let mut text = String::new();
                    for (device, points) in told {
                        let name = device.map(|name| name.to_string());
                        text.push_str(&(name.unwrap_or_default() + ":"));
                        points.for_each(|point| point.write_json(&mut text).unwrap());
                    }
                    text
                }
                ServerEvent::Rejected { error, .. } => error.kind.name().into(),
            });
        }
        assert!(input.is_empty());
        heard
    }

    /// The same however the bytes come.
    fn hears(protocol: &Protocol, input: &[u8], expected: &[&str], said: &str) {
        for size in 1..=input.len() {
            let mut server = Server::new(protocol, 0, 0).unwrap();
            let parts = input.chunks(size).map(|part| hear(&mut server, part, 0));
            let heard = parts.flatten().collect::<Vec<_>>();
            assert_eq!(heard, expected, "{size} bytes at a time");
            assert_eq!(server.output(), said.as_bytes());
            assert_eq!(server.is_closed(), !said.is_empty());
        }
    }

    #[test]
    fn packets_are_heard_after_a_token() {
        let conversation = [
            packet(Packet::auth(TOKEN.as_bytes())),
            packet(Packet::attributes(br#"{"light": 98,"sub-1":{"a\"b":"x"}}"#)),
            packet(Packet::heartbeat()),
            packet(Packet::events(br#"{"method":"opened","params":{"door":1}}"#)),
        ];
        let expected = [
            "accepted",
            r#":{"variable":"light","value":98}{"variable":"sub-1/a\"b","value":"x"}"#,
            ":",
            r#":{"variable":"opened","value":{"door":1},"group":"event"}"#,
        ];
        hears(&Protocol::Packets, &conversation.concat(), &expected, "");
    }

    #[test]
    fn a_connection_of_packets_ends_in_the_words_of_the_platform() {
        let auth = packet(Packet::auth(TOKEN.as_bytes()));
        let told = packet(Packet::attributes(b"{}"));
        let no_json = packet(Packet::attributes(b"light"));
        let ends = |packets: &[&[u8]], expected: &[&str], said: &str| {
            hears(&Protocol::Packets, &packets.concat(), expected, said);
        };
        let (stranger, no_text) = (packet(Packet::auth(b"x")), packet(Packet::auth(b"\xff")));
        ends(&[&stranger, &told], &["refused"], DEVICE_NOT_FOUND);
        ends(&[&no_text, &told], &[Kind::Token.name()], DEVICE_NOT_FOUND);
        ends(&[&told, &auth], &[Kind::Token.name()], NOT_AUTHORIZED);
        ends(&[b"GET / HTTP/1.1"], &[Kind::Corrupt.name()], NOT_A_PACKET);
        let problem = alloc::format!("MQTT: {}", Kind::Json.sentence());
        ends(&[&auth, &no_json, &told], &["accepted", Kind::Json.name()], &problem);
    }

    #[test]
    fn raw_messages_are_what_came_at_one_time() {
        let mut server = Server::new(&Protocol::Raw, 0, 0).unwrap();
        assert_eq!(hear(&mut server, b"b79f6640\r\n", 0), ["accepted"]);
        let point = r#":{"variable":"payload","value":"dead","metadata":{"encoding":"hex"}}"#;
        assert_eq!(hear(&mut server, b"\xde\xad", 0), [point]);
        assert_eq!(hear(&mut server, &[0; 2500], 0).len(), 3);
        let mut server = Server::new(&Protocol::Raw, 0, 0).unwrap();
        assert_eq!(hear(&mut server, b"stranger", 0), ["refused"]);
        assert_eq!(server.output(), REGISTER_FAILED.as_bytes());
    }

    #[test]
    fn messages_are_converted_and_go_on_after_what_is_none() {
        let text = Protocol::Messages(
            Any::Lines(Lines::new().max(20)),
            Converter::new("text", "").unwrap(),
        );
        let input = b"SN-2,default,t,25.70\nSN-2,default,t\nxxxxxxxxxxxxxxxxxxxxxxx\nSN-3,x\n";
        let point = r#"SN-2:{"variable":"t","value":25.70}"#;
        let expected = [point, Kind::Missing.name(), Kind::TooLong.name(), "SN-3:"];
        hears(&text, input, &expected, "");

        let settings = r#"{"time":"at"}"#;
        let json =
            Protocol::Messages(Any::Json(Json::new()), Converter::new("json", settings).unwrap());
        let input = br#"[{"deviceName":"a","at":5,"On Off":true},{"deviceName":"b","n":"1\n"}]"#;
        let expected = concat!(
            r#"a:{"variable":"On Off","value":true,"time":5}"#,
            r#"b:{"variable":"n","value":"1\n"}"#,
        );
        hears(&json, input, &[expected], "");
    }

    #[test]
    fn commands_are_what_the_device_expects() {
        let mut server = Server::new(&Protocol::Packets, 0, 0).unwrap();
        assert_eq!(server.command("blink"), Ok(()));
        server.sent(2);
        assert_eq!(server.output(), b"ink");
        server.sent(9);
        assert_eq!(server.output(), b"");
        let messages =
            Protocol::Messages(Any::Lines(Lines::new()), Converter::new("text", "").unwrap());
        let mut server = Server::new(&messages, 0, 0).unwrap();
        server.command("set 1").unwrap();
        server.command(r#"{"contentType":"BINARY","data":"3q2+7w=="}"#).unwrap();
        assert_eq!(server.output(), b"set 1\n\xde\xad\xbe\xef\n");
        let long = "x".repeat(MAX_OUTPUT - 20);
        assert_eq!((server.command(&long), server.command(&long)), (Ok(()), Err(Kind::Full)));
        server.close("it rains");
        assert_eq!(server.command("set 2"), Err(Kind::Closed));
    }

    #[test]
    fn who_is_silent_is_given_up_and_who_is_known_later() {
        let mut server = Server::new(&Protocol::Packets, 100, 7).unwrap();
        hear(&mut server, &packet(Packet::heartbeat()), 50);
        assert_eq!(server.deadline(), Some(107), "it has not said who it is");
        hear(&mut server, &packet(Packet::auth(TOKEN.as_bytes())), 60);
        assert_eq!(server.deadline(), Some(1560));
        hear(&mut server, b"TP\x01", 70);
        assert_eq!(server.deadline(), Some(1560), "it is no message yet");
        server.handle_timeout(1559);
        assert!(!server.is_closed());
        server.handle_timeout(1560);
        assert!(server.is_closed() && server.output().is_empty() && server.deadline().is_none());
    }
}
