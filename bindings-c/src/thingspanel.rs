//! ThingsPanel
//!
//! What its services of TCP and MQTT take and give. On the port of the official protocol a packet is a
//! header of eight bytes and a payload: the splitter "packets" cuts streams of them. A connection
//! begins with an access token; success is silent, a failure is one of the texts below, and the end of
//! the connection. On the port of custom protocols the first message is the token, and everything
//! after it the device's own.
//!
//! Values are JSON objects such as {"temperature":36.5}. Parts of JSON that are read are slices of it:
//! texts for tipwire_unescape_json(), objects of values for tipwire_put_values().

use core::ffi::{c_char, c_void};

use codec::Points;
use codec::platform::thingspanel::{
    ATTRIBUTES, AUTH, Channel, DATA, EVENTS, Event, Gateway, HEARTBEAT, Packet, RawMessage,
    SubDevices, Topic, Values, raw_token, write_event, write_gateway, write_raw, write_sub_devices,
    write_values,
};

use crate::error::{TIPWIRE_E_ARGUMENT, status, tell, tipwire_error, told};
use crate::frame::tipwire_frame;
use crate::memory::{
    Copied, Outcome, buffer, bytes, change, held, held_mut, hold, place, read, string,
};
use crate::panic::{guard, run};
use crate::stream::input_of;
use crate::text::{length as of_length, tipwire_text};
use crate::writer::{Out, push, tipwire_writer};

/// Types of packets: with a payload, or to keep a connection alive.
pub const TIPWIRE_PACKET_DATA: u8 = 0;
pub const TIPWIRE_PACKET_HEARTBEAT: u8 = 1;

/// Commands of packets: the payload is an access token, a JSON object of attributes, or one of a method
/// and its params.
pub const TIPWIRE_PACKET_AUTH: u8 = 0;
pub const TIPWIRE_PACKET_ATTRIBUTES: u8 = 1;
pub const TIPWIRE_PACKET_EVENTS: u8 = 2;

/// Channels of topics.
pub const TIPWIRE_CHANNEL_TELEMETRY: u8 = 0;
pub const TIPWIRE_CHANNEL_ATTRIBUTES: u8 = 1;
pub const TIPWIRE_CHANNEL_EVENT: u8 = 2;

#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_SUB_DEVICES_WORDS: usize = 3;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_SUB_DEVICES_WORDS: usize = 2;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_SUB_DEVICES_WORDS: usize = 1;
#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_RAW_MESSAGE_WORDS: usize = 6;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_RAW_MESSAGE_WORDS: usize = 3;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_RAW_MESSAGE_WORDS: usize = 2;

/// A packet. Unknown types and commands are kept as they are. The payload may be any bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_packet {
    pub r#type: u8,
    pub command: u8,
    pub payload: tipwire_text,
}

/// A device behind a gateway, its values being those of a frame.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_sub_device {
    pub address: tipwire_text,
    pub frame: *const tipwire_frame,
}

/// What is left of the devices behind a gateway.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_sub_devices {
    pub inside: [u64; TIPWIRE_SUB_DEVICES_WORDS],
}

/// An event: what happened, and what is known of it, which may be absent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_event {
    pub method: tipwire_text,
    pub params: tipwire_text,
}

/// What a gateway sends over MQTT: its own values, and for tipwire_sub_devices_of() those of the
/// devices behind it. Both may be absent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_gateway {
    pub own: tipwire_text,
    pub devices: tipwire_text,
}

/// The platform's envelope of a message on the port of custom protocols.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_raw_message {
    pub inside: [u64; TIPWIRE_RAW_MESSAGE_WORDS],
    pub token: tipwire_text,
}

/// A topic of MQTT: devices/telemetry, devices/attributes/{id}, devices/event/{id}; those of gateways
/// begin with gateway/.
///
/// is_gateway  whether a gateway publishes there.
/// channel     TIPWIRE_CHANNEL_….
/// id          the message's id, which the sender chooses; absent with telemetry.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_thingspanel_topic {
    pub is_gateway: u8,
    pub channel: u8,
    pub id: tipwire_text,
}

/// Reads one whole packet; its payload is a slice of it. error may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_parse_packet(
    bytes: *const c_void,
    length: usize,
    packet: *mut tipwire_packet,
    error: *mut tipwire_error,
) -> i32 {
    run(|| {
        let bytes = told(self::bytes(bytes, length), error)?;
        let place = told(place(packet), error)?;
        let Packet { kind, command, payload } =
            Packet::parse(bytes).map_err(|wrong| tell(wrong, error))?;
        place.set(tipwire_packet { r#type: kind, command, payload: payload.into() });
        Ok(())
    })
}

/// Writes a packet, its length computed. Returns how long it is, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_write_packet(
    packet: *const tipwire_packet,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let packet = read(packet)?;
        let payload = input_of(packet.payload)?;
        let packet = Packet { kind: packet.r#type, command: packet.command, payload };
        let written = packet.write(buffer(out, capacity)?);
        of_length(written.map_err(|error| status(error.kind))?.len())
    })
}

/// Writes the data points of a frame as attributes or telemetry, without a NUL:
/// {"temperature":36.5,"humidity":52}. Returns its length, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_thingspanel_values(
    frame: *const tipwire_frame,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let points = points(frame)?;
        Out::new(buffer(out, capacity)?).write(|out| write_values(out, points))
    })
}

/// Writes an event, its params being the data points of a frame: {"method":"…","params":{…}}. Otherwise
/// as tipwire_thingspanel_values().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_thingspanel_event(
    method: *const c_char,
    frame: *const tipwire_frame,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let (method, points) = (string(method)?, points(frame)?);
        Out::new(buffer(out, capacity)?).write(|out| write_event(out, method, points))
    })
}

/// Writes what a gateway sends in packets: {"<address of a device>":{…},…}. Otherwise as
/// tipwire_thingspanel_values().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_thingspanel_sub_devices(
    devices: *const tipwire_sub_device,
    count: usize,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let devices = sub_devices(devices, count)?;
        Out::new(buffer(out, capacity)?).write(|out| write_sub_devices(out, devices))
    })
}

/// Writes what a gateway sends over MQTT, the data points of own being its own values:
/// {"gateway_data":{…},"sub_device_data":{"<address>":{…}}}. Otherwise as
/// tipwire_thingspanel_values().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_thingspanel_gateway(
    own: *const tipwire_frame,
    devices: *const tipwire_sub_device,
    count: usize,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let (own, devices) = (points(own)?, sub_devices(devices, count)?);
        Out::new(buffer(out, capacity)?).write(|out| write_gateway(out, own, devices))
    })
}

/// Writes the platform's envelope of a message, which may be any bytes:
/// {"token":"…","values":"<base64>"}. Otherwise as tipwire_thingspanel_values().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_thingspanel_raw(
    token: *const c_char,
    message: *const c_void,
    length: usize,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let (token, message) = (string(token)?, bytes(message, length)?);
        Out::new(buffer(out, capacity)?).write(|out| write_raw(out, token, message))
    })
}

/// Writes a topic, without a NUL. Returns its length, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_write_thingspanel_topic(
    topic: *const tipwire_thingspanel_topic,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let topic = read(topic)?;
        let channel = CHANNELS.get(usize::from(topic.channel)).ok_or(TIPWIRE_E_ARGUMENT)?;
        let id = if topic.id.length == 0 { "" } else { topic.id.get()? };
        let topic = Topic { gateway: topic.is_gateway != 0, channel: *channel, id };
        let written = topic.write(buffer(out, capacity)?);
        of_length(written.map_err(|error| status(error.kind))?.len())
    })
}

/// Reads a topic, which ends with a NUL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_parse_thingspanel_topic(
    text: *const c_char,
    topic: *mut tipwire_thingspanel_topic,
) -> i32 {
    run(|| {
        let read = Topic::parse(string(text)?).map_err(|error| status(error.kind))?;
        let id = if read.id.is_empty() { None } else { Some(read.id) };
        place(topic)?.set(tipwire_thingspanel_topic {
            is_gateway: read.gateway.into(),
            channel: CHANNELS
                .iter()
                .zip(0..)
                .find(|known| *known.0 == read.channel)
                .map_or(0, |known| known.1),
            id: id.into(),
        });
        Ok(())
    })
}

/// Reads an event; params may be missing, the method may not.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_parse_event(
    json: *const c_void,
    length: usize,
    event: *mut tipwire_event,
) -> i32 {
    run(|| {
        let read = Event::parse(bytes(json, length)?).map_err(|error| status(error.kind))?;
        let params = read.params.as_ref().map(Values::json);
        place(event)?
            .set(tipwire_event { method: read.method.raw().into(), params: params.into() });
        Ok(())
    })
}

/// Sets devices to those of an object of values by addresses, for tipwire_next_sub_device().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sub_devices_of(
    json: *const c_void,
    length: usize,
    devices: *mut tipwire_sub_devices,
) -> i32 {
    run(|| {
        let read = SubDevices::parse(bytes(json, length)?).map_err(|error| status(error.kind))?;
        place(devices)?.set(hold(read));
        Ok(())
    })
}

/// Takes the next device: its address and its values. Returns 1, or 0 at the end; TIPWIRE_E_TYPE for
/// what has no values, after which it goes on.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_next_sub_device(
    devices: *mut tipwire_sub_devices,
    address: *mut tipwire_text,
    values: *mut tipwire_text,
) -> i32 {
    guard(|| {
        let (address, values) = (place(address)?, place(values)?);
        match held_mut(change(devices)?).next() {
            None => Ok(0),
            Some(Err(error)) => Err(status(error.kind)),
            Some(Ok((read, object))) => {
                address.set(read.raw().into());
                values.set(object.json().into());
                Ok(1)
            }
        }
    })
}

/// Reads what a gateway sends over MQTT.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_parse_gateway(
    json: *const c_void,
    length: usize,
    gateway: *mut tipwire_gateway,
) -> i32 {
    run(|| {
        let read = Gateway::parse(bytes(json, length)?).map_err(|error| status(error.kind))?;
        let own = read.own.as_ref().map(Values::json);
        place(gateway)?
            .set(tipwire_gateway { own: own.into(), devices: read.devices.json().into() });
        Ok(())
    })
}

/// Reads the platform's envelope of a message.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_parse_raw_message(
    json: *const c_void,
    length: usize,
    message: *mut tipwire_raw_message,
) -> i32 {
    run(|| {
        let read = RawMessage::parse(bytes(json, length)?).map_err(|error| status(error.kind))?;
        place(message)?.hold(&read).token = read.token.raw().into();
        Ok(())
    })
}

/// Writes the bytes of the message. Returns how many, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_decode_raw_message(
    message: *const tipwire_raw_message,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let decoded = held(read(message)?).decode_into(buffer(out, capacity)?);
        of_length(decoded.map_err(status)?.len())
    })
}

/// Sets token to what the first message on the port of custom protocols is: without what surrounds it
/// of LF and CR.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_raw_token(
    message: *const c_void,
    length: usize,
    token: *mut tipwire_text,
) -> i32 {
    run(|| {
        let message = bytes(message, length)?;
        place(token)?.set(raw_token(message).into());
        Ok(())
    })
}

/// Writes the values of an object into a PUSH, as variables of their names. What a frame cannot say is
/// an error of the frame.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_put_values(
    writer: *mut tipwire_writer,
    json: *const c_char,
    length: usize,
) -> i32 {
    push(writer, |push| {
        let values = Values::parse(bytes(json.cast(), length)?);
        values.map_err(|error| status(error.kind))?.fill(push);
        Ok(())
    })
}

/// As the numbers above have them.
const CHANNELS: [Channel; 3] = [Channel::Telemetry, Channel::Attributes, Channel::Event];

const _: () = assert!(TIPWIRE_PACKET_DATA == DATA && TIPWIRE_PACKET_HEARTBEAT == HEARTBEAT);
const _: () = assert!(TIPWIRE_PACKET_AUTH == AUTH && TIPWIRE_PACKET_ATTRIBUTES == ATTRIBUTES);
const _: () = assert!(TIPWIRE_PACKET_EVENTS == EVENTS);

impl Copied for tipwire_sub_devices {
    type Value = SubDevices<'static>;
    const WORDS: usize = TIPWIRE_SUB_DEVICES_WORDS;
    const EMPTY: tipwire_sub_devices =
        tipwire_sub_devices { inside: [0; TIPWIRE_SUB_DEVICES_WORDS] };
}

impl Copied for tipwire_raw_message {
    type Value = RawMessage<'static>;
    const WORDS: usize = TIPWIRE_RAW_MESSAGE_WORDS;
    const EMPTY: tipwire_raw_message =
        tipwire_raw_message { inside: [0; TIPWIRE_RAW_MESSAGE_WORDS], token: tipwire_text::ABSENT };
}

/// The data points of a frame.
pub fn points(frame: *const tipwire_frame) -> Outcome<Points<'static>> {
    Ok(held(read(frame)?).points())
}

/// Devices of the caller's, all of them looked at before anything is written.
fn sub_devices(
    devices: *const tipwire_sub_device,
    count: usize,
) -> Outcome<impl Iterator<Item = (&'static str, Points<'static>)>> {
    let device = move |nth| {
        let device = read(devices.wrapping_add(nth))?;
        Ok::<_, i32>((device.address.get()?, points(device.frame)?))
    };
    for nth in 0..count {
        device(nth)?;
    }
    Ok((0..count).filter_map(move |nth| device(nth).ok()))
}
