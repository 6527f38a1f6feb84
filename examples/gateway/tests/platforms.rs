//! What devices of other platforms say, and how they are told something.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use support::{Folder, Gateway, LISTEN, points, until};
use tipwire::platform::thingspanel::Packet;

#[test]
fn thingspanel_devices_register_and_are_stored() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    let mut stream = gateway.connect("thingspanel");
    let write = |stream: &mut std::net::TcpStream, packet: Packet<'_>| {
        stream.write_all(packet.write(&mut Vec::new()).unwrap()).unwrap();
    };
    write(&mut stream, Packet::auth(b"b79f6640-8c11-b7ca-608a-f943bb1e2183"));
    write(&mut stream, Packet::attributes(br#"{"light": 98, "humidity": 30.0}"#));
    write(&mut stream, Packet::heartbeat());
    write(&mut stream, Packet::events(br#"{"method":"opened","params":{"door":1}}"#));
    write(&mut stream, Packet::attributes(br#"{"sub-1":{"light": 7}}"#));
    until("its points", || points(gateway.database()).len() == 4);
    let expected = [
        r#"{"variable":"light","value":98}"#,
        r#"{"variable":"humidity","value":30.0}"#,
        r#"{"variable":"opened","value":{"door":1},"group":"event"}"#,
        r#"{"variable":"sub-1/light","value":7}"#,
    ];
    assert_eq!(points(gateway.database()), expected);
    // Downlinks have no header.
    assert!(gateway.command("panel-01", "blink").starts_with("HTTP/1.1 200"));
    let mut told = [0; 5];
    stream.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"blink");

    let packet = |packet: Packet<'_>| packet.write(&mut Vec::new()).unwrap().to_vec();
    let early = packet(Packet::attributes(b"{}"));
    assert_eq!(gateway.talk("thingspanel", &early), b"MQTT: device auth failed");
    assert_eq!(gateway.talk("thingspanel", b"GET / HTTP/1.1\r\n\r\n"), b"error");
    let mut raw = gateway.connect("thingspanel, raw");
    raw.write_all(b"b79f6640-8c11-b7ca-608a-f943bb1e2183\r\n").unwrap();
    until("it to be heard", || gateway.state()["connections"].as_u64() >= Some(2));
    std::thread::sleep(Duration::from_millis(200));
    raw.write_all(&[0xde, 0xad]).unwrap();
    until("its message", || points(gateway.database()).len() == 5);
    assert!(points(gateway.database())[4].contains(r#""value":"dead""#));
    let refusing = Gateway::start(&Folder::new(), &format!("max_devices = 3\n{LISTEN}"));
    assert_eq!(
        refusing.talk("thingspanel", &packet(Packet::auth(b"stranger"))),
        b"RPC:device not found"
    );
    assert_eq!(refusing.talk("thingspanel, raw", b"stranger\n"), b"register failed");
}

/// The documented sample: four bytes, the length, the message, three bytes that are not counted.
const BINARY: &[u8] = b"0000\x11SN-002default25.7\0\0\0";

#[test]
fn thingsboard_devices_tell_as_their_converter_understands() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    let mut count = 0;
    let mut tells = |handler: &str, bytes: &[u8], expected: &[&str]| {
        assert_eq!(gateway.talk(handler, bytes), b"", "nothing is answered");
        count += expected.len();
        until(handler, || points(gateway.database()).len() == count);
        assert_eq!(points(gateway.database())[count - expected.len()..], *expected, "{handler}");
    };
    let temperature = r#"{"variable":"temperature","value":25.7}"#;
    let humidity = r#"{"variable":"humidity","value":69}"#;
    tells("thingsboard, text", b"SN-002,default,temperature,25.7\r\n", &[temperature]);
    // Two messages, cut in the middle of one, with an error between them.
    let text = b"SN-002,default,temperature\nSN-002,default,temperature,25.7,humidity,69\nSN-0";
    tells("thingsboard, text", text, &[temperature, humidity]);
    let json = br#"{"deviceName":"SN-002","deviceType":"default","temperature":25.7,"humidity":69}
        x [{"deviceName":"SN-003","at":1694567890000,"ok":true,"Door No":"1\n2"},{"deviceName":"SN-002","n":1}]"#;
    let timed = r#""time":1694567890000}"#;
    let expected = [
        temperature,
        humidity,
        &format!(r#"{{"variable":"ok","value":true,{timed}"#),
        &format!(r#"{{"variable":"Door No","value":"1\n2",{timed}"#),
        r#"{"variable":"n","value":1}"#,
    ];
    tells("thingsboard, json", json, &expected);
    tells("thingsboard, binary", &BINARY.repeat(2), &[temperature, temperature]);
    // All of a message is taken in or nothing: here nobody has to vouch for SN-002, but for panel-01.
    let mixed = br#"[{"deviceName":"SN-002","n":2},{"deviceName":"panel-01","n":2},{"deviceName":"sensor-01","n":2}]"#;
    tells("thingsboard, json", mixed, &[]);
    tells("thingsboard, text", b"SN-002,default,n,3\n", &[r#"{"variable":"n","value":3}"#]);
    let devices = gateway.state()["devices"].clone();
    let serials = devices.as_array().unwrap().iter().map(|device| device["serial"].as_str());
    assert_eq!(serials.flatten().filter(|serial| serial.starts_with("SN-")).count(), 2);
}

#[test]
fn thingsboard_devices_hear_commands_where_they_last_told_something() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    let heard = |stream: &mut TcpStream, expected: &[u8]| {
        let mut told = vec![0; expected.len()];
        stream.read_exact(&mut told).unwrap();
        assert_eq!(told, expected);
    };
    gateway.talk("thingsboard, text", b"SN-002,default,n,1\n");
    until("the device", || gateway.state()["devices"].to_string().contains("SN-002"));
    // Nobody is there any more: it waits for the next uplink.
    assert!(gateway.command("SN-002", "set 1").starts_with("HTTP/1.1 200"));
    let mut first = gateway.connect("thingsboard, text");
    first.write_all(b"SN-002,default,n,2\n").unwrap();
    heard(&mut first, b"set 1\n");
    let mut second = gateway.connect("thingsboard, json");
    second.write_all(br#"{"deviceName":"SN-002","n":3}"#).unwrap();
    until("its points", || points(gateway.database()).len() == 3);
    let binary = r#"{"contentType":"BINARY","data":"3q2+7w=="}"#;
    assert!(gateway.command("SN-002", binary).starts_with("HTTP/1.1 200"));
    heard(&mut second, b"\xde\xad\xbe\xef\n");
    let json = r#"{"contentType":"JSON","data":{"led":true}}"#;
    assert!(gateway.command("SN-002", json).starts_with("HTTP/1.1 200"));
    heard(&mut second, b"{\"led\":true}\n");
    first.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(first.read(&mut [0; 8]).is_err(), "the older connection hears nothing");
}

#[test]
fn settings_that_can_never_work_are_named_at_the_start() {
    let row = "[[listen]]\nhandler = \"thingsboard\"\naddress = \"127.0.0.1:0\"\n";
    for (more, problem) in [
        ("splitter = { name = \"words\" }", "splitter \"words\""),
        ("splitter = { name = \"lines\", offset = 3 }", "splitter \"lines\""),
        ("converter = { name = \"csv\" }", "converter \"csv\""),
        ("converter = { name = \"text\", seperator = \";\" }", "converter \"text\""),
    ] {
        let told = Gateway::refuses(&Folder::new(), &format!("{row}{more}\n"));
        assert!(told.contains(problem), "{told}");
    }
}
