//! ThingsPanel's conversations and JSON: the documented samples, round trips, what is refused.

mod support;

use support::{Random, generate, rounds};
use tipwire::platform::thingspanel::{
    ATTRIBUTES, AUTH, Attribute, Attributes, Channel, DATA, EVENTS, Event, Gateway, HEARTBEAT,
    Packet, RawMessage, SubDevices, Topic, Values, raw_token, write_event, write_gateway,
    write_raw, write_sub_devices, write_values,
};
use tipwire::stream::{Packets, Splitter};
use tipwire::{Frame, Kind, Push, Value};

fn frame(line: &str) -> Frame<'_> {
    Frame::parse(line.as_bytes()).expect("a frame")
}

fn pushed(json: &[u8]) -> Result<String, Kind> {
    let mut push = Push::to(String::new(), "4deedd7bab8817ec", "s");
    Values::parse(json).map_err(|error| error.kind)?.fill(&mut push);
    push.finish().map_err(|error| error.kind)
}

#[test]
fn a_device_authorizes_reports_and_keeps_alive() {
    let mut json = String::new();
    let report = frame("PUSH|4deedd7bab8817ec|s|[temperature:=36.5;humidity:=52]");
    write_values(&mut json, report.points()).unwrap();
    let mut event = String::new();
    let params = frame("PUSH|4deedd7bab8817ec|s|[level:=3]");
    write_event(&mut event, "alarm", params.points()).unwrap();
    let sent = [
        Packet::auth(b"b79f6640-8c11-b7ca-608a-f943bb1e2183"),
        Packet::attributes(json.as_bytes()),
        Packet::heartbeat(),
        Packet::events(event.as_bytes()),
    ];
    let mut bytes = Vec::new();
    for packet in sent {
        packet.write(&mut bytes).unwrap();
    }

    let mut server = Splitter::owned(Packets::new()).unwrap();
    let mut input = bytes.as_slice();
    let mut received = Vec::new();
    while let Some(message) = server.next(&mut input) {
        let packet = Packet::parse(message.unwrap()).unwrap();
        received.push((
            packet.kind,
            packet.command,
            String::from_utf8_lossy(packet.payload).into_owned(),
        ));
    }
    assert_eq!(
        received,
        [
            (DATA, AUTH, "b79f6640-8c11-b7ca-608a-f943bb1e2183".to_owned()),
            (DATA, ATTRIBUTES, r#"{"temperature":36.5,"humidity":52}"#.to_owned()),
            (HEARTBEAT, AUTH, String::new()),
            (DATA, EVENTS, r#"{"method":"alarm","params":{"level":3}}"#.to_owned()),
        ]
    );
    assert_eq!(
        pushed(received[1].2.as_bytes()).as_deref(),
        Ok("PUSH|4deedd7bab8817ec|s|[temperature:=36.5;humidity:=52]")
    );
    let event = Event::parse(received[3].2.as_bytes()).unwrap();
    assert!(event.method == *"alarm");
    let mut push = Push::to(String::new(), "4deedd7bab8817ec", "s");
    event.params.unwrap().fill(&mut push);
    assert_eq!(push.finish().unwrap(), "PUSH|4deedd7bab8817ec|s|[level:=3]");
}

#[test]
fn a_raw_connection_begins_with_a_token_and_goes_on_with_anything() {
    for message in ["token", "token\n", "\r\ntoken\r\n", "\n\n\rtoken"] {
        assert_eq!(raw_token(message.as_bytes()), b"token");
    }
    assert_eq!(raw_token(b" a\r\nb "), b" a\r\nb ");
    assert_eq!(raw_token(b"\r\n"), b"");
    for length in 0..20 {
        let message: Vec<u8> = (0..length).map(|n| n * 13).collect();
        let mut json = String::new();
        write_raw(&mut json, "a \"token\"", &message).unwrap();
        let read = RawMessage::parse(json.as_bytes()).unwrap();
        assert!(read.token == *"a \"token\"");
        let mut buffer = [0; 20];
        assert_eq!(read.decode_into(&mut buffer), Ok(&message[..]));
        let short = &mut buffer[..usize::from(length).saturating_sub(1)];
        assert_eq!(read.decode_into(short).is_ok(), length == 0);
    }
    let decode = |json: &str| {
        RawMessage::parse(json.as_bytes()).unwrap().decode_into(&mut [0; 8]).map(<[u8]>::to_vec)
    };
    assert_eq!(decode(r#"{"token":"","values":"AQL\/AA=="}"#), Ok(vec![1, 2, 255, 0]));
    for values in ["AQL/A", "AQ==AQL/", "AQ=A", "AQL/AA= ", "é", "AQ==="] {
        let json = format!(r#"{{"token":"t","values":"{values}"}}"#);
        assert_eq!(decode(&json), Err(Kind::Base64), "{values}");
    }
    let refused = |json: &[u8]| RawMessage::parse(json).unwrap_err().kind;
    assert_eq!(refused(br#"{"token":"t"}"#), Kind::Missing);
    assert_eq!(refused(br#"{"token":1,"values":""}"#), Kind::Type);
    assert_eq!(refused(b"{"), Kind::Json);
    assert_eq!(refused(b"\xff"), Kind::Utf8);
}

#[test]
fn a_gateway_speaks_for_the_devices_behind_it() {
    let one = frame("PUSH|4deedd7bab8817ec|s|[t:=1]");
    let two = frame("PUSH|4deedd7bab8817ec|s|[t:=2;s=a\\|\"b\"]");
    let devices = [("1", one.points()), ("a\"2", two.points())];
    let mut json = String::new();
    write_sub_devices(&mut json, devices.clone()).unwrap();
    assert_eq!(json, r#"{"1":{"t":1},"a\"2":{"t":2,"s":"a|\"b\""}}"#);

    let mut over_mqtt = String::new();
    write_gateway(&mut over_mqtt, one.points(), devices).unwrap();
    assert_eq!(over_mqtt, format!(r#"{{"gateway_data":{{"t":1}},"sub_device_data":{json}}}"#));

    let read = |devices: SubDevices<'_>| -> Vec<(String, String)> {
        let devices = devices.map(|device| {
            let (address, values) = device.unwrap();
            let mut push = Push::to(String::new(), "4deedd7bab8817ec", "s");
            values.fill(&mut push);
            (address.read(&mut [0; 16]).unwrap().to_owned(), push.finish().unwrap())
        });
        devices.collect()
    };
    let expected = [
        ("1".to_owned(), "PUSH|4deedd7bab8817ec|s|[t:=1]".to_owned()),
        ("a\"2".to_owned(), "PUSH|4deedd7bab8817ec|s|[t:=2;s=a\\|\"b\"]".to_owned()),
    ];
    assert_eq!(read(SubDevices::parse(json.as_bytes()).unwrap()), expected);
    let gateway = Gateway::parse(over_mqtt.as_bytes()).unwrap();
    assert_eq!(read(gateway.devices), expected);
    assert!(gateway.own.is_some());
    let empty = Gateway::parse(b"{}").unwrap();
    assert!(empty.own.is_none() && read(empty.devices).is_empty());

    let wrong = SubDevices::parse(br#"{"1":2}"#).unwrap().next().unwrap().unwrap_err();
    assert_eq!(wrong.kind, Kind::Type);
    assert_eq!(Gateway::parse(br#"{"sub_device_data":[]}"#).unwrap_err().kind, Kind::Type);
}

#[test]
fn attributes_are_of_the_device_or_of_sub_devices_behind_it() {
    let read = |json: &str| -> Vec<String> {
        let attributes = Attributes::parse(json.as_bytes()).unwrap();
        let tell = |attribute: Attribute<'_>| {
            let device = attribute.device.map_or(String::new(), |device| format!("{device}/"));
            let quote = if attribute.is_string { "\"" } else { "" };
            format!("{device}{}={quote}{}{quote}", attribute.name, attribute.value)
        };
        attributes.map(tell).collect()
    };
    let both = r#"{ "light" : 98.50, "s\"1": {"a": "x\"y", "b": null, "c": {"d": [1]}}, "no": {}, "on": true }"#;
    let expected =
        ["light=98.50", r#"s"1/a="x\"y""#, "s\"1/b=null", r#"s"1/c={"d": [1]}"#, "on=true"];
    assert_eq!(read(both), expected);
    // A location is a value, with or without a height; what only looks like one is not.
    let place = r#"{"at":{"lat":1.0,"lng":-2,"alt":3},"x":{"lat":1},"y":{"lat":"1","lng":"2"}}"#;
    let expected = [r#"at={"lat":1.0,"lng":-2,"alt":3}"#, "x/lat=1", "y/lat=\"1\"", "y/lng=\"2\""];
    assert_eq!(read(place), expected);
    assert_eq!(read("{}"), [""; 0]);
    let refused = |json: &[u8]| Attributes::parse(json).unwrap_err().kind;
    assert_eq!(refused(b"[]"), Kind::Type);
    assert_eq!(refused(br#"{"a":{"b":}}"#), Kind::Json);
    assert_eq!(refused(b"\xff"), Kind::Utf8);
}

#[test]
fn what_a_frame_cannot_say_is_refused() {
    assert_eq!(pushed(br#"{"a":null}"#), Err(Kind::Type));
    assert_eq!(pushed(br#"{"a":[1]}"#), Err(Kind::Type));
    assert_eq!(pushed(br#"{"a":{"b":1}}"#), Err(Kind::Type));
    assert_eq!(pushed(br#"{"Temperature":1}"#), Err(Kind::Name));
    assert_eq!(pushed(br#"{"a|b":1}"#), Err(Kind::Name));
    assert_eq!(pushed(br#"{"a":""}"#), Err(Kind::Text));
    assert_eq!(pushed(b"{}"), Err(Kind::Empty));
    assert_eq!(pushed(b"[]"), Err(Kind::Type));
    assert_eq!(pushed(b"{\"a\":1}x"), Err(Kind::Json));
    assert_eq!(pushed(&[b'['; 500]), Err(Kind::Json));
    let many: Vec<String> = (0..101).map(|n| format!("\"v{n}\":{n}")).collect();
    let many = format!("{{{}}}", many.join(","));
    assert_eq!(pushed(many.as_bytes()), Err(Kind::TooManyVariables));
    let mut push = Push::to(String::new(), "4deedd7bab8817ec", "s");
    Values::parse(br#"{"a":1,"b":null}"#).unwrap().fill(&mut push);
    assert_eq!(
        push.finish().unwrap_err().to_string(),
        "data point 1: value: a value of another type is needed here"
    );
    assert_eq!(Event::parse(br#"{"params":{}}"#).unwrap_err().kind, Kind::Missing);
    assert_eq!(Event::parse(br#"{"method":"m","params":1}"#).unwrap_err().kind, Kind::Type);
    assert!(Event::parse(br#"{"method":"m"}"#).unwrap().params.is_none());
}

#[test]
fn topics_are_read_and_written() {
    let cases = [
        ("devices/telemetry", false, Channel::Telemetry, ""),
        ("devices/attributes/42", false, Channel::Attributes, "42"),
        ("devices/event/42", false, Channel::Event, "42"),
        ("gateway/telemetry", true, Channel::Telemetry, ""),
        ("gateway/attributes/x", true, Channel::Attributes, "x"),
        ("gateway/event/é", true, Channel::Event, "é"),
    ];
    for (text, gateway, channel, id) in cases {
        let topic = Topic { gateway, channel, id };
        assert_eq!(Topic::parse(text), Ok(topic));
        assert_eq!(topic.write(String::new()).as_deref(), Ok(text));
    }
    for text in [
        "",
        "devices",
        "devices/",
        "devices/telemetry/",
        "devices/telemetry/1",
        "devices/event",
        "devices/event/",
        "devices/event/1/2",
        "devices/event/+",
        "devices/event/#",
        "device/telemetry",
        "devices/event/\0",
    ] {
        assert_eq!(Topic::parse(text).unwrap_err().kind, Kind::Topic, "{text}");
    }
    let wild = Topic { gateway: false, channel: Channel::Event, id: "+" };
    assert_eq!(wild.write(String::new()).unwrap_err().kind, Kind::Topic);
}

#[test]
fn generated_frames_become_values_and_come_back() {
    let mut random = Random::new(12);
    let mut count = 0;
    for _ in 0..rounds(3_000) {
        let line = generate::uplink(&mut random);
        let Ok(frame) = Frame::parse(line.as_bytes()) else { continue };
        if frame.variables().len() == 0 {
            continue;
        }
        let mut json = String::new();
        write_values(&mut json, frame.points()).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&json).unwrap().is_object());
        let written = pushed(json.as_bytes()).unwrap();
        let again = Frame::parse(written.as_bytes()).unwrap();
        let all: Vec<(&str, Value<'_>)> = frame.variables().map(|v| (v.name, v.value)).collect();
        let last = |(n, (name, _)): &(usize, &(&str, Value<'_>))| {
            all[n + 1..].iter().all(|(later, _)| later != name)
        };
        let expected = all.iter().enumerate().filter(last).map(|(_, pair)| *pair);
        assert!(again.variables().map(|v| (v.name, v.value)).eq(expected), "{line}");
        count += 1;
    }
    assert!(cfg!(miri) || count > 500, "{count}");
}
