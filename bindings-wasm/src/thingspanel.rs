//! ThingsPanel's packets, values and topics.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use tipwire::platform::thingspanel::{
    self as core, Attribute, Attributes, Channel, Event, Gateway, Packet, RawMessage, SubDevices,
    Topic, Values,
};
use tipwire::{BuildError, Frame, Kind, Push};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure::{plain, say, unbuilt, unreadable};
use crate::lanes::{tell, with, word};
use crate::texts::Texts;

/// Reads a packet. The words are its type, its command, and where its payload begins; 0 is an error.
#[wasm_bindgen]
pub fn packet(bytes: &[u8]) -> u32 {
    with(|lanes| match Packet::parse(bytes) {
        Ok(packet) => {
            let start = word(bytes.len() - packet.payload.len());
            let parts = [packet.kind.into(), packet.command.into(), start];
            tell(lanes.words, parts);
            1
        }
        Err(error) => unreadable(lanes.words, error),
    })
}

/// Writes a packet; nothing for an error.
#[wasm_bindgen]
pub fn write_packet(kind: u8, command: u8, payload: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match (Packet { kind, command, payload }).write(&mut bytes) {
        Ok(_) => Some(bytes),
        Err(error) => {
            with(|lanes| unbuilt(lanes.words, error));
            None
        }
    }
}

/// The values of a PUSH as JSON (0), or an event of this method, as side text; 0 is an error.
#[wasm_bindgen]
pub fn panel_json(method: Option<String>, frame: &str) -> u32 {
    with(|lanes| {
        lanes.clear_side();
        let frame = match Frame::parse(frame.as_bytes()) {
            Ok(frame) => frame,
            Err(error) => return unreadable(lanes.words, error),
        };
        // Writing to a string does not fail.
        _ = match method {
            None => core::write_values(lanes.side, frame.points()),
            Some(method) => core::write_event(lanes.side, &method, frame.points()),
        };
        word(lanes.side.len())
    })
}

/// A PUSH of an object of values, as output; its length, or 0 for an error.
#[wasm_bindgen]
pub fn panel_push(json: &[u8], auth: &str, serial: &str) -> u32 {
    with(|lanes| {
        let frame = Values::parse(json).and_then(|values| {
            let mut push = Push::to(&mut *lanes.output, auth, serial);
            values.fill(&mut push);
            push.finish()
        });
        match frame {
            Ok(frame) => word(frame.len()),
            Err(error) => unbuilt(lanes.words, error),
        }
    })
}

/// A topic as side text; 0 is an error.
#[wasm_bindgen]
pub fn panel_topic(channel: &str, id: &str, gateway: bool) -> u32 {
    let channel = Channel::from_name(channel).ok_or(plain(Kind::Topic));
    match channel.and_then(|channel| Topic { gateway, channel, id }.write(String::new())) {
        Ok(topic) => say(|lanes| lanes.side.push_str(&topic)),
        Err(error) => with(|lanes| unbuilt(lanes.words, error)),
    }
}

/// Reads a topic: the words are whether it is of a gateway, and how long the name of the channel is in
/// the side text, which the id follows. 0 is an error.
#[wasm_bindgen]
pub fn parse_panel_topic(topic: &str) -> u32 {
    with(|lanes| match Topic::parse(topic) {
        Ok(Topic { gateway, channel, id }) => {
            lanes.clear_side();
            lanes.side.push_str(channel.name());
            lanes.side.push_str(id);
            let parts = [gateway.into(), word(channel.name().len()), word(id.len())];
            tell(lanes.words, parts);
            1
        }
        Err(error) => unreadable(lanes.words, error),
    })
}

/// What a gateway sends in packets (no `own`), or over MQTT, as side text: the values of PUSHes by the
/// addresses of devices. The texts are addresses and frames in turn, of these lengths. 0 is an error.
#[wasm_bindgen]
pub fn panel_devices(own: Option<String>, texts: &str, lengths: &[u32]) -> u32 {
    with(|lanes| {
        lanes.clear_side();
        let own = own.as_ref().map(|own| Frame::parse(own.as_bytes())).transpose();
        let written = own.and_then(|own| {
            let mut texts = Texts(texts);
            let mut frames = Vec::new();
            for [address, frame] in lengths.as_chunks().0 {
                let address = texts.next(*address);
                frames.push((address, Frame::parse(texts.next(*frame).as_bytes())?));
            }
            let devices = frames.iter().map(|(address, frame)| (*address, frame.points()));
            // Writing to a string does not fail.
            _ = match own {
                Some(own) => core::write_gateway(lanes.side, own.points(), devices),
                None => core::write_sub_devices(lanes.side, devices),
            };
            Ok(word(lanes.side.len()))
        });
        written.unwrap_or_else(|error| unreadable(lanes.words, error))
    })
}

/// The envelope of a raw message, as side text.
#[wasm_bindgen]
pub fn panel_raw(token: &str, message: &[u8]) -> u32 {
    // Writing to a string does not fail.
    say(|lanes| _ = core::write_raw(lanes.side, token, message))
}

/// The message in such an envelope; its token is the side text, whose length is the first word.
/// Nothing for an error.
#[wasm_bindgen]
pub fn parse_panel_raw(json: &[u8]) -> Option<Vec<u8>> {
    // No message is longer than its base64.
    let mut buffer = vec![0; json.len()];
    with(|lanes| {
        lanes.clear_side();
        let length = RawMessage::parse(json).and_then(|message| {
            _ = message.token.write(lanes.side);
            message.decode_into(&mut buffer).map(<[u8]>::len).map_err(plain)
        });
        let length = length.map_err(|error| unbuilt(lanes.words, error)).ok()?;
        buffer.truncate(length);
        tell(lanes.words, [word(lanes.side.len())]);
        Some(buffer)
    })
}

/// The token that the first message of a raw connection is.
#[wasm_bindgen]
pub fn panel_token(message: &[u8]) -> Vec<u8> {
    core::raw_token(message).to_vec()
}

/// What an object of JSON says, as places in it, two numbers each, which are the same where there is
/// none; those of texts are with their quotes: the method and the params of an event (0); the values of
/// a gateway of packets, which is none, and its devices, each with its address and its values (1); the
/// same of a gateway of MQTT (2); for each attribute its device, its name and its value (3). Nothing
/// for an error.
#[wasm_bindgen]
pub fn panel_places(what: u32, json: &[u8]) -> Option<Vec<u32>> {
    let mut places = Places { json, found: Vec::new() };
    let read = match what {
        0 => Event::parse(json).map(|event| {
            places.text(event.method.raw());
            places.object(event.params.as_ref());
        }),
        1 => SubDevices::parse(json).and_then(|devices| {
            places.object(None);
            places.devices(devices)
        }),
        2 => Gateway::parse(json).and_then(|gateway| {
            places.object(gateway.own.as_ref());
            places.devices(gateway.devices)
        }),
        _ => Attributes::parse(json).map(|attributes| {
            for Attribute { device, name, value, is_string } in attributes {
                match device {
                    Some(address) => places.text(address.raw()),
                    None => places.found.extend([0, 0]),
                }
                places.text(name.raw());
                places.add(value, is_string.into());
            }
        }),
    };
    match read {
        Ok(()) => Some(places.found),
        Err(error) => {
            with(|lanes| unbuilt(lanes.words, error));
            None
        }
    }
}

struct Places<'j> {
    json: &'j [u8],
    found: Vec<u32>,
}

impl Places<'_> {
    /// A part of the JSON, with what surrounds it.
    fn add(&mut self, part: &str, quote: usize) {
        let start = (part.as_ptr() as usize).wrapping_sub(self.json.as_ptr() as usize);
        self.found.extend([word(start - quote), word(start + part.len() + quote)]);
    }

    fn text(&mut self, raw: &str) {
        self.add(raw, 1);
    }

    fn object(&mut self, values: Option<&Values<'_>>) {
        match values {
            Some(values) => self.add(values.json(), 0),
            None => self.found.extend([0, 0]),
        }
    }

    fn devices(&mut self, mut devices: SubDevices<'_>) -> Result<(), BuildError> {
        devices.try_for_each(|device| {
            let (address, values) = device?;
            self.text(address.raw());
            self.object(Some(&values));
            Ok(())
        })
    }
}
