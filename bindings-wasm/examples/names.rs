//! Prints the names and numbers that the core has for things as TypeScript.

use tipwire::platform::{thingsboard, thingspanel as panel};
use tipwire::spans::Part;
use tipwire::stream::Any;
use tipwire::{Cipher, InnerMethod, Kind, Layout};

fn main() {
    println!("// Made by `cargo xtask gen` from the names that the core has.");
    let parts = Part::ALL.iter().map(|part| part.name());
    list("PartName", "What a part of a message is.", Some("PARTS"), parts);
    let ciphers = Cipher::ALL.iter().map(|cipher| cipher.name());
    list("Cipher", "A cipher of envelopes.", Some("CIPHERS"), ciphers);
    let layouts = Layout::ALL.iter().map(|layout| layout.name());
    list("Layout", "How the header of an envelope is laid out.", Some("LAYOUTS"), layouts);
    let methods = InnerMethod::ALL.iter().map(|method| method.name());
    list("InnerMethod", "What the text of an envelope is.", Some("METHODS"), methods);
    list("SplitterName", "How a stream is cut.", None, Any::NAMES.into_iter());
    let converters = thingsboard::Converter::NAMES.into_iter();
    list("ConverterName", "A converter that the core has.", None, converters);
    let kinds = Kind::ALL.iter().map(|kind| kind.name());
    list("ErrorKind", "What is wrong, as a short name that never changes.", None, kinds);

    for (name, what, number) in [
        ("DATA", "The type of packets with a payload.", panel::DATA),
        ("HEARTBEAT", "The type of packets that keep a connection alive.", panel::HEARTBEAT),
        ("AUTH", "The command whose payload is an access token.", panel::AUTH),
        ("ATTRIBUTES", "The command whose payload is a JSON object of values.", panel::ATTRIBUTES),
        ("EVENTS", "The command whose payload is a JSON event.", panel::EVENTS),
    ] {
        println!("\n/** {what} */\nexport const {name} = {number};");
    }
    for (name, to, text) in [
        ("DEVICE_NOT_FOUND", "a token it does not know", panel::DEVICE_NOT_FOUND),
        ("NOT_AUTHORIZED", "data that come before a token", panel::NOT_AUTHORIZED),
        ("NOT_A_PACKET", "what is no packet", panel::NOT_A_PACKET),
        ("REGISTER_FAILED", "a token it does not know, of raw messages", panel::REGISTER_FAILED),
    ] {
        println!("\n/** What a server says to {to}, before it closes the connection. */");
        println!("export const {name} = {text:?};");
    }
}

/// A type of these names, and the list of them where numbers stand for them.
fn list(name: &str, what: &str, constant: Option<&str>, names: impl Iterator<Item = &'static str>) {
    let quoted: Vec<String> = names.map(|name| format!("{name:?}")).collect();
    println!("\n/** {what} */\nexport type {name} =\n  | {};", quoted.join("\n  | "));
    if let Some(constant) = constant {
        println!("\n/** @internal The same by number. */");
        println!("export const {constant}: readonly {name}[] = [{}];", quoted.join(", "));
    }
}
