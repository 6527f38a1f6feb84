//! Frames and answers as MQTT messages.
//!
//! | what | topic | payload |
//! |---|---|---|
//! | PUSH | `$tip/{serial}/push` | `[!SEQ\|]BODY` |
//! | PULL | `$tip/{serial}/pull` | `[!SEQ\|]a,b` |
//! | answer | `$tip/{serial}/ack` | `[!SEQ\|]STATUS[\|DETAIL]` |
//!
//! Envelopes have the same topics under `$tips/`.

use core::fmt;

use super::take_apart;
use super::{Texts, as_text, end_names, put_name, put_rest, put_together, take_ack_apart};
use crate::credentials::{Hash, HashText};
use crate::cursor::SERIAL;
use crate::error::{BuildError, Error, Field, Kind};
use crate::frame::{Ack, Body, IntoSink, Line, Method, Sink, check_auth};
use crate::limits::{HASH_DIGITS, MAX_NAME};
use crate::platform::Parts;

/// The user and the password that a device connects with: the halves of its hash.
pub fn login(hash: &str) -> Result<(&str, &str), Error> {
    let halves = hash.split_at_checked(HASH_DIGITS / 2);
    let fits = hash.len() == HASH_DIGITS && check_auth(hash).is_ok();
    halves.filter(|_| fits).ok_or(Error::new(Kind::Auth, 0))
}

/// The hash that a user and a password are the halves of.
///
/// ```
/// use tipwire::platform::tagoio::join_login;
///
/// assert_eq!(join_login("4deedd7b", "ab8817ec")?.as_str(), "4deedd7bab8817ec");
/// assert!(join_login("4deedd7bab", "8817ec").is_err());
/// # Ok::<(), tipwire::Error>(())
/// ```
pub fn join_login(user: &str, password: &str) -> Result<HashText, Error> {
    let wrong = Error::new(Kind::Auth, 0);
    let mut digits = [0; HASH_DIGITS];
    let (first, last) = digits.split_at_mut(HASH_DIGITS / 2);
    for (half, text) in [(first, user), (last, password)] {
        let text: [u8; HASH_DIGITS / 2] = text.as_bytes().try_into().map_err(|_| wrong)?;
        half.copy_from_slice(&text);
    }
    Hash::from_hex(as_text(&digits)).map(|hash| hash.as_hex()).ok_or(wrong)
}

/// What a topic is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Channel {
    /// Devices publish data.
    Push,
    /// Devices ask for variables.
    Pull,
    /// Devices get answers and commands.
    Ack,
}

impl Channel {
    const ALL: [Channel; 3] = [Channel::Push, Channel::Pull, Channel::Ack];

    /// The last level of its topics.
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Push => "push",
            Channel::Pull => "pull",
            Channel::Ack => "ack",
        }
    }

    /// The channel whose topics end so.
    pub fn from_name(name: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// A topic.
///
/// ```
/// use tipwire::platform::tagoio::{Channel, Topic};
///
/// let topic = Topic::parse("$tips/sensor-01/ack")?;
/// assert_eq!((topic.sealed, topic.serial, topic.channel), (true, "sensor-01", Channel::Ack));
/// assert_eq!(topic.write(String::new())?, "$tips/sensor-01/ack");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Topic<'a> {
    /// Whether envelopes go there.
    pub sealed: bool,
    /// The device.
    pub serial: &'a str,
    /// What it is for.
    pub channel: Channel,
}

impl<'a> Topic<'a> {
    /// Reads a topic.
    pub fn parse(topic: &'a str) -> Result<Topic<'a>, Error> {
        let wrong = Error::new(Kind::Topic, 0);
        let mut levels = Parts::of(topic, b'/');
        let sealed = match levels.next() {
            Some("$tip") => false,
            Some("$tips") => true,
            _ => return Err(wrong),
        };
        let serial = levels.next().ok_or(wrong)?;
        let channel = levels.next().and_then(Channel::from_name).ok_or(wrong)?;
        let topic = Topic { sealed, serial, channel };
        let mut scan = crate::cursor::Scan::new(serial);
        scan.word(SERIAL, MAX_NAME, Kind::Serial, Kind::SerialLength)?;
        if scan.is_at_end() && levels.next().is_none() { Ok(topic) } else { Err(wrong) }
    }

    /// Writes the topic.
    pub fn write<S: Sink>(&self, sink: impl IntoSink<Sink = S>) -> Result<S::Done, BuildError> {
        let mut out = Line::new(sink);
        self.put(&mut out);
        out.finish()
    }

    fn put<S: Sink>(&self, out: &mut Line<S>) {
        out.put(if self.sealed { b"$tips/" } else { b"$tip/" });
        // A serial has no `/`, `+` or `#`.
        out.field(Field::Serial);
        out.put_word(self.serial, SERIAL, MAX_NAME, Kind::Serial, Kind::SerialLength);
        out.put(b"/");
        out.put(self.channel.name().as_bytes());
    }
}

/// A message: what is published where.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MqttMessage<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The payload.
    pub payload: &'a [u8],
}

impl<'a> MqttMessage<'a> {
    /// The message that says what a frame says. There is none for a PING, which MQTT has its own
    /// of: that is `misplaced`.
    pub fn from_frame(line: &'a [u8], buffer: &'a mut [u8]) -> Result<MqttMessage<'a>, Error> {
        let (frame, body) = take_apart(line)?;
        let channel = match frame.body {
            Body::Push(_) | Body::Raw(_) => Channel::Push,
            Body::Pull(_) => Channel::Pull,
            Body::Ping => return Err(Error::new(Kind::Misplaced, 0)),
        };
        let mut texts = Texts { rest: buffer };
        let topic = Topic { sealed: false, serial: frame.serial, channel };
        let topic = as_text(texts.add(|out| topic.put(out))?);
        let is_borrowed = frame.seq.is_none() && channel == Channel::Push;
        let payload = if is_borrowed {
            body
        } else {
            texts.add(|out| {
                if let Some(seq) = frame.seq {
                    out.allow_seq();
                    out.insert_seq(seq);
                }
                if channel == Channel::Push {
                    return out.put(body);
                }
                for (n, name) in frame.names().enumerate() {
                    out.put(if n == 0 { b"" } else { b"," });
                    out.put(name.as_bytes());
                }
            })?
        };
        Ok(MqttMessage { topic, payload })
    }

    /// The message that says to a device what an answer says.
    pub fn from_ack(
        line: &'a [u8],
        serial: &str,
        buffer: &'a mut [u8],
    ) -> Result<MqttMessage<'a>, Error> {
        let (_, payload) = take_ack_apart(line)?;
        let topic = Topic { sealed: false, serial, channel: Channel::Ack };
        let topic = as_text(Texts { rest: buffer }.add(|out| topic.put(out))?);
        Ok(MqttMessage { topic, payload })
    }

    /// The message that carries an envelope from or to a device.
    pub fn from_envelope(
        envelope: &'a [u8],
        serial: &str,
        channel: Channel,
        buffer: &'a mut [u8],
    ) -> Result<MqttMessage<'a>, Error> {
        let topic = Topic { sealed: true, serial, channel };
        let topic = as_text(Texts { rest: buffer }.add(|out| topic.put(out))?);
        Ok(MqttMessage { topic, payload: envelope })
    }

    /// The envelope, where the message carries one.
    pub fn envelope(&self) -> Option<&'a [u8]> {
        Topic::parse(self.topic).is_ok_and(|topic| topic.sealed).then_some(self.payload)
    }

    /// Writes the frame that a device means by the message. `auth` is the hash it logged in with;
    /// topic and payload may be anything.
    pub fn to_frame<S: Sink>(
        &self,
        auth: &str,
        sink: impl IntoSink<Sink = S>,
    ) -> Result<S::Done, BuildError> {
        let topic = self.open_topic()?;
        let (seq, body) = match self.payload {
            [b'!', ..] => {
                let bar = self.payload.iter().position(|&byte| byte == b'|');
                let bar = bar.ok_or(BuildError::of(Kind::SeqEnd))?;
                self.payload.split_at_checked(bar + 1).unwrap_or_default()
            }
            body => (&[][..], body),
        };
        match topic.channel {
            Channel::Push => {
                put_together(sink, Method::Push, seq, auth, topic.serial, &mut |out| {
                    out.put(b"|");
                    put_rest(out, body);
                })
            }
            Channel::Pull => {
                let names = core::str::from_utf8(body);
                let names = names.map_err(|_| BuildError::of(Kind::Utf8))?;
                put_together(sink, Method::Pull, seq, auth, topic.serial, &mut |out| {
                    let mut count = 0;
                    for name in Parts::of(names, b',') {
                        if out.error().is_none() {
                            put_name(out, &mut count, name);
                        }
                    }
                    end_names(out, count);
                })
            }
            Channel::Ack => Err(BuildError::of(Kind::Topic)),
        }
    }

    /// Writes the answer that a server means by the message.
    pub fn to_ack<S: Sink>(&self, sink: impl IntoSink<Sink = S>) -> Result<S::Done, BuildError> {
        if self.open_topic()?.channel != Channel::Ack {
            return Err(BuildError::of(Kind::Topic));
        }
        let mut out = Line::new(sink);
        out.put(b"ACK|");
        put_rest(&mut out, self.payload);
        if out.error().is_none()
            && let Err(error) = Ack::parse(out.written())
        {
            out.fail_whole(error.kind);
        }
        out.finish()
    }

    /// The topic, if it is one of plain frames.
    fn open_topic(&self) -> Result<Topic<'a>, BuildError> {
        let topic = Topic::parse(self.topic).map_err(|error| BuildError::of(error.kind))?;
        if topic.sealed { Err(BuildError::of(Kind::Topic)) } else { Ok(topic) }
    }
}

/// What is sent may be private.
impl fmt::Debug for MqttMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqttMessage").field("topic", &self.topic).finish_non_exhaustive()
    }
}
