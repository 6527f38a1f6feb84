//! What ThingsPanel's services of TCP and MQTT take and give.
//!
//! [`Packet`] is the official framing on TCP (port 7653): a header of eight bytes and a payload. A
//! connection begins with an access token; success is silent, a failure is one of the texts here,
//! and the end of the connection. [`stream::Packets`](crate::stream::Packets) cuts streams of them.
//!
//! ```
//! use tipwire::platform::thingspanel::{HEARTBEAT, Packet};
//!
//! let packet = Packet::attributes(br#"{"light": 98, "humidity": 30.0}"#);
//! let mut buffer = [0; 64];
//! let bytes = packet.write(&mut buffer)?;
//! assert_eq!(bytes[..8], *b"TP\x00\x01\x00\x00\x00\x1f");
//! assert_eq!(Packet::parse(bytes)?, packet);
//! assert_eq!(Packet::parse(b"TP\x01\x00\x00\x00\x00\x00")?.kind, HEARTBEAT);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`write_values`] makes attributes and telemetry of data points, and [`Values`] makes variables of
//! them again; [`Event`], [`SubDevices`] and [`Gateway`] are the shapes around them, [`Attributes`]
//! goes through all that a packet says, and [`Topic`] says where they go over MQTT.
//!
//! On the custom port (7654) the first message is the token ([`raw_token`]), everything after it the
//! device's own bytes, which the platform hands on as a [`RawMessage`].

mod mqtt;
mod packet;
mod values;

pub use super::JsonText;
pub use mqtt::{Channel, Topic};
pub use packet::{ATTRIBUTES, AUTH, DATA, EVENTS, HEARTBEAT, Packet};
pub(crate) use packet::{LENGTH_AT, LENGTH_BYTES};
pub use values::{
    Attribute, Attributes, Event, Gateway, RawMessage, SubDevices, Values, raw_token, write_event,
    write_gateway, write_gateway_json, write_raw, write_sub_devices, write_values,
};

/// What a server says to a token it does not know, before it closes the connection.
pub const DEVICE_NOT_FOUND: &str = "RPC:device not found";
/// What a server says to data that come before a token, before it closes the connection.
pub const NOT_AUTHORIZED: &str = "MQTT: device auth failed";
/// What a server says to what is no packet, before it closes the connection.
pub const NOT_A_PACKET: &str = "error";
/// What a server of raw messages says to a token it does not know, before it closes the connection.
pub const REGISTER_FAILED: &str = "register failed";
