//! ThingsPanel's packets, values and topics.

use tipwire::platform::thingspanel::{self as core, Channel, Packet, Topic, Values};
use tipwire::{Frame, Kind, Push};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure::{plain, say, unbuilt, unreadable};
use crate::lanes::{tell, with, word};

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
