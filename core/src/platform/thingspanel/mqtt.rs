//! The platform's MQTT topics.

use crate::error::{BuildError, Error, Kind};
use crate::frame::{IntoSink, Line, Sink};
use crate::platform::Parts;

/// What a topic is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Channel {
    /// Values that change: `{k:v}`.
    Telemetry,
    /// Values that stay: `{k:v}`.
    Attributes,
    /// `{"method","params"}`
    Event,
}

impl Channel {
    const ALL: [Channel; 3] = [Channel::Telemetry, Channel::Attributes, Channel::Event];

    /// The second level of its topics.
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Telemetry => "telemetry",
            Channel::Attributes => "attributes",
            Channel::Event => "event",
        }
    }

    /// The channel whose topics have this second level.
    pub fn from_name(name: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// A topic: `devices/telemetry`, `devices/attributes/{id}`, `devices/event/{id}`; those of gateways
/// begin with `gateway/`.
///
/// ```
/// use tipwire::platform::thingspanel::{Channel, Topic};
///
/// let topic = Topic { gateway: true, channel: Channel::Event, id: "7" };
/// assert_eq!(topic.write(String::new())?, "gateway/event/7");
/// assert_eq!(Topic::parse("gateway/event/7")?, topic);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Topic<'a> {
    /// Whether a gateway publishes there.
    pub gateway: bool,
    /// What it is for.
    pub channel: Channel,
    /// The message's id, which the sender chooses; empty with telemetry.
    pub id: &'a str,
}

impl<'a> Topic<'a> {
    /// Reads a topic.
    pub fn parse(topic: &'a str) -> Result<Topic<'a>, Error> {
        let mut levels = Parts::of(topic, b'/');
        let gateway = match levels.next() {
            Some("devices") => Some(false),
            Some("gateway") => Some(true),
            _ => None,
        };
        let channel = levels.next().and_then(Channel::from_name);
        let id = levels.rest;
        let wrong = Error::new(Kind::Topic, 0);
        let (Some(gateway), Some(channel)) = (gateway, channel) else { return Err(wrong) };
        if id.is_some() == (channel == Channel::Telemetry) {
            return Err(wrong);
        }
        let topic = Topic { gateway, channel, id: id.unwrap_or_default() };
        if topic.fits() { Ok(topic) } else { Err(wrong) }
    }

    /// Writes the topic.
    pub fn write<S: Sink>(&self, sink: impl IntoSink<Sink = S>) -> Result<S::Done, BuildError> {
        let mut out = Line::new(sink);
        if !self.fits() {
            out.fail_whole(Kind::Topic);
        }
        out.put(if self.gateway { b"gateway/" } else { b"devices/" });
        out.put(self.channel.name().as_bytes());
        if self.channel != Channel::Telemetry {
            out.put(b"/");
            out.put(self.id.as_bytes());
        }
        out.finish()
    }

    /// Whether the id is one level of a topic, without wildcards, where there has to be one.
    fn fits(&self) -> bool {
        let is_plain = |char: char| !char.is_control() && !matches!(char, '/' | '+' | '#');
        self.id.is_empty() == (self.channel == Channel::Telemetry) && self.id.chars().all(is_plain)
    }
}
