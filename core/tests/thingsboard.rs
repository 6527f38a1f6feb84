//! ThingsBoard's converters, telemetry and downlinks, on the documented samples and on what does
//! not fit.

mod support;

use support::{Random, generate, rounds};
use tipwire::platform::thingsboard::{
    BinaryField, ConvertError, Converter, Downlink, LentConverter, TextConverter, Uplinks,
    write_gateway_telemetry, write_telemetry, write_uplink,
};
use tipwire::{Frame, Kind, Push};

/// What a converter with these settings makes of a message, or field, kind and place of the error.
fn convert(name: &str, settings: &str, message: &[u8]) -> Result<String, (Kind, String, u32)> {
    let converter = Converter::new(name, settings).expect("settings that can work");
    let mut json = String::from("before");
    let converted = converter.convert(message, &mut json);
    let (mut fields, mut texts) = ([BinaryField::EMPTY; 8], [0; 64]);
    let lent = LentConverter::lent(name, settings, &mut fields, &mut texts);
    let lent = lent.expect("settings that can work");
    let mut same = String::from("before");
    assert_eq!(lent.convert(message, &mut same), converted);
    assert_eq!(same, json, "in memory of the caller's as on the heap");
    match converted {
        Ok(()) => Ok(json.split_off("before".len())),
        Err(error) => {
            assert_eq!(json, "before", "nothing is kept of what does not fit");
            Err((error.kind, error.field.to_owned(), error.at))
        }
    }
}

const SAMPLE: &str = "{\"deviceName\":\"SN-002\",\"deviceType\":\"default\",\
                      \"telemetry\":{\"temperature\":25.7},\"attributes\":{}}";

#[test]
fn the_documented_samples_are_converted() {
    let text = convert("text", "", b"SN-002,default,temperature,25.7").unwrap();
    assert_eq!(text, SAMPLE);
    let json = br#"{"deviceName":"SN-002","deviceType":"default","temperature":25.7}"#;
    assert_eq!(convert("json", "", json).unwrap(), SAMPLE);
    assert_eq!(convert("binary", "", b"SN-002default25.7").unwrap(), SAMPLE);
    assert_eq!(convert("binary", "", b"SN-002default25.7\0\0\0").unwrap(), SAMPLE);
}

#[test]
fn quotes_and_white_space_around_values_are_dropped() {
    for message in [
        "\"SN-002,default,temperature,25.7\"\r\n",
        " SN-002 , default,\ttemperature,\"25.7\" ",
        "\"SN-002\",\"default\",\"temperature\",25.7",
    ] {
        assert_eq!(convert("text", "{}", message.as_bytes()).unwrap(), SAMPLE, "{message}");
    }
}

#[test]
fn values_become_what_they_look_like() {
    let message = b"n,,a,1.50,b,true,c,-0,d,1e3,e,05,f,True,g,,h,\"x\\";
    assert_eq!(
        convert("text", "", message).unwrap(),
        "{\"deviceName\":\"n\",\"deviceType\":\"default\",\"telemetry\":{\"a\":1.50,\"b\":true,\
         \"c\":-0,\"d\":1e3,\"e\":\"05\",\"f\":\"True\",\"g\":\"\",\"h\":\"x\\\\\"},\"attributes\":{}}"
    );
}

#[test]
fn settings_say_where_things_are() {
    let settings = r#"{"separator":"; ","name":2,"type":null}"#;
    let json = convert("text", settings, b"t; 1; SN-7").unwrap();
    assert!(json.starts_with("{\"deviceName\":\"SN-7\",\"deviceType\":\"default\""), "{json}");
    assert!(json.contains("\"telemetry\":{\"t\":1}"), "{json}");

    let settings = r#"{"name":"id","type":"model","time":"at"}"#;
    let message = br#"[{"id":7,"model":"m","at":"1694567890000","t":[1, 2]},{"id":"x"},{}]"#;
    assert_eq!(
        convert("json", settings, message).unwrap(),
        "[{\"deviceName\":\"7\",\"deviceType\":\"m\",\"telemetry\":{\"ts\":1694567890000,\
         \"values\":{\"t\":[1, 2]}},\"attributes\":{}},\
         {\"deviceName\":\"x\",\"deviceType\":\"default\",\"telemetry\":{},\"attributes\":{}},{}]"
    );

    let settings = r#"{"fields":[
        {"name":"id","offset":0,"as":"u16","to":"deviceName"},
        {"name":"t","offset":2,"as":"i16","order":"little","scale":0.1},
        {"name":"big","offset":4,"as":"u64","to":"attribute"},
        {"name":"f","offset":12,"as":"f32"},
        {"name":"note","offset":16}]}"#;
    let message = b"\x00\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x41\xcd\x99\x9aok\0";
    assert_eq!(
        convert("binary", settings, message).unwrap(),
        "{\"deviceName\":\"7\",\"deviceType\":\"default\",\"telemetry\":{\"t\":-0.1,\"f\":25.7,\
         \"note\":\"ok\"},\"attributes\":{\"big\":18446744073709551615}}"
    );
}

#[test]
fn scales_multiply_exactly() {
    let value = |read: &str, scale: &str, bytes: &[u8]| {
        let settings = format!(
            "{{\"fields\":[{{\"name\":\"n\",\"offset\":0,\"length\":1,\"to\":\"deviceName\"}},\
             {{\"name\":\"v\",\"offset\":1,\"as\":\"{read}\",\"scale\":{scale}}}]}}"
        );
        let json = convert("binary", &settings, &[b"x", bytes].concat()).unwrap();
        json.split_once("\"v\":").unwrap().1.split_once('}').unwrap().0.to_owned()
    };
    assert_eq!(value("u8", "0.1", &[250]), "25");
    assert_eq!(value("u8", "0.01", &[3]), "0.03");
    assert_eq!(value("u8", "0.01", &[0]), "0");
    assert_eq!(value("i8", "0.5", &[0xff]), "-0.5");
    assert_eq!(value("u8", "100", &[7]), "700");
    assert_eq!(
        value("i64", "0.999999999999999999", &i64::MIN.to_be_bytes()),
        "-9223372036854775798.776627963145224192"
    );
    assert_eq!(value("f64", "2", &1.25f64.to_be_bytes()), "2.5");
}

#[test]
fn errors_name_the_field_and_the_offset() {
    let error = |name, settings, message: &[u8]| {
        let (kind, field, at) = convert(name, settings, message).unwrap_err();
        (kind, field, at)
    };
    let is = |kind, field: &str, at| (kind, field.to_owned(), at);
    assert_eq!(error("text", "", b""), is(Kind::Missing, "deviceName", 0));
    assert_eq!(error("text", "", b" ,x"), is(Kind::Missing, "deviceName", 1));
    assert_eq!(error("text", "", b"n,t,temperature"), is(Kind::Missing, "temperature", 15));
    assert_eq!(error("text", "", b"n,t,,1"), is(Kind::Missing, "telemetry", 4));
    assert_eq!(error("text", "", b"n,t\xff"), is(Kind::Utf8, "message", 3));
    assert_eq!(error("json", "", b"{\"deviceName\":}"), is(Kind::Json, "message", 14));
    assert_eq!(error("json", "", b"[1]"), is(Kind::Type, "message", 1));
    assert_eq!(error("json", "", b"{\"t\":1}"), is(Kind::Missing, "deviceName", 6));
    assert_eq!(error("json", "", b"{\"deviceName\":true}"), is(Kind::Type, "deviceName", 14));
    assert_eq!(error("json", "", b"{\"deviceName\":\"n\",\"t\":null}"), is(Kind::Type, "t", 22));
    assert_eq!(
        error("json", "{\"time\":\"at\"}", b"{\"deviceName\":\"n\",\"at\":-1}"),
        is(Kind::Time, "at", 23)
    );
    assert_eq!(error("binary", "", b"SN-002default25."), is(Kind::TooShort, "temperature", 16));
    assert_eq!(error("binary", "", b"SN-002d\xfffault25.7"), is(Kind::Utf8, "deviceType", 7));
    assert_eq!(error("binary", "", b"      default25.7"), is(Kind::Missing, "deviceName", 17));
    let nan = r#"{"fields":[{"name":"n","offset":0,"length":1,"to":"deviceName"},
        {"name":"v","offset":1,"as":"f32"}]}"#;
    assert_eq!(error("binary", nan, b"x\x7f\xc0\0\0"), is(Kind::NotFinite, "v", 1));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (name, settings) in [
        ("text", r#"{"separator":""}"#),
        ("text", r#"{"name":1}"#),
        ("text", r#"{"type":-1}"#),
        ("text", r#"{"seperator":","}"#),
        ("text", "[]"),
        ("text", "{"),
        ("json", r#"{"name":"a","type":"a"}"#),
        ("json", r#"{"time":"deviceName"}"#),
        ("json", r#"{"name":1}"#),
        ("binary", r#"{"fields":[]}"#),
        ("binary", r#"{"fields":[{"name":"n","offset":0,"to":"telemetry"}]}"#),
        ("binary", r#"{"fields":[{"offset":0,"to":"deviceName"}]}"#),
        (
            "binary",
            r#"{"fields":[{"name":"n","offset":0,"as":"u8","length":2,"to":"deviceName"}]}"#,
        ),
        ("binary", r#"{"fields":[{"name":"n","offset":0,"length":0,"to":"deviceName"}]}"#),
        ("binary", r#"{"fields":[{"name":"n","offset":0,"as":"u9","to":"deviceName"}]}"#),
        ("binary", r#"{"fields":[{"name":"n","offset":0,"as":"u8","scale":0,"to":"deviceName"}]}"#),
    ] {
        assert_eq!(Converter::new(name, settings), Err(Kind::InvalidSettings), "{settings}");
        let mut fields = [BinaryField::EMPTY; 8];
        let lent = LentConverter::lent(name, settings, &mut fields, &mut []);
        assert_eq!(lent, Err(Kind::InvalidSettings), "{settings}");
    }
    assert_eq!(Converter::new("xml", ""), Err(Kind::Type));
    let broken = TextConverter { separator: "", ..TextConverter::default() };
    assert!(broken.convert(b"a", &mut String::new()).is_err());
}

#[test]
fn settings_need_memory_of_the_caller_for_fields_and_for_texts_with_escapes() {
    let settings =
        r#"{"fields":[{"name":"n\u002d","offset":0,"\u0061s":"u\u0038","to":"deviceName"}]}"#;
    for (fields, texts) in [(0, 7), (1, 6)] {
        let (mut fields, mut texts) = (vec![BinaryField::EMPTY; fields], vec![0; texts]);
        let lent = LentConverter::lent("binary", settings, &mut fields, &mut texts);
        assert_eq!(lent, Err(Kind::Buffer));
    }
    let (mut fields, mut texts) = ([BinaryField::EMPTY; 1], [0; 7]);
    let lent = LentConverter::lent("binary", settings, &mut fields, &mut texts).unwrap();
    let mut json = String::new();
    let error = lent.convert(b"", &mut json).unwrap_err();
    assert_eq!((error.kind, error.field), (Kind::TooShort, "n-"));
}

#[test]
fn what_converters_of_users_give_is_checked() {
    for (json, kind, field) in [
        ("", Kind::Json, "message"),
        ("1", Kind::Type, "message"),
        (r#"{"telemetry":{}}"#, Kind::Missing, "deviceName"),
        (r#"{"deviceName":"","telemetry":{}}"#, Kind::Missing, "deviceName"),
        (r#"{"deviceName":"a","assetName":"b"}"#, Kind::Misplaced, "assetName"),
        (r#"{"deviceName":1}"#, Kind::Type, "deviceName"),
        (r#"{"deviceName":"a","deviceType":1}"#, Kind::Type, "deviceType"),
        (r#"{"deviceName":"a","groupName":[]}"#, Kind::Type, "groupName"),
        (r#"{"deviceName":"a","attributes":[]}"#, Kind::Type, "attributes"),
        (r#"{"deviceName":"a","metadata":"x"}"#, Kind::Type, "metadata"),
        (r#"{"deviceName":"a","telemetry":1}"#, Kind::Type, "telemetry"),
        (r#"[{"deviceName":"a","telemetry":[{},2]}]"#, Kind::Type, "telemetry"),
        (r#"{"deviceName":"a","telemetry":{"ts":"x","values":{}}}"#, Kind::Type, "ts"),
        (r#"{"deviceName":"a","telemetry":{"ts":1,"values":[]}}"#, Kind::Type, "values"),
    ] {
        let error = Uplinks::parse(json).map(|_| ()).unwrap_err();
        assert_eq!((error.kind, error.field), (kind, field), "{json}");
    }
    for nothing in ["{}", "[]", "[{},{}]"] {
        assert_eq!(Uplinks::parse(nothing).unwrap().count(), 0, "{nothing}");
    }
}

#[test]
fn every_shape_of_telemetry_is_taken_apart() {
    let json = r#"[{"assetName":"caf\u00e9","telemetry":[{"a":1.50},{"ts":5,"values":{"b":"x\"y"}},
        {"ts":6,"values":{"c":true,"d":{"e":[1]}}}],"attributes":{"f":null}},
        {"deviceName":"d","deviceType":"t","telemetry":{"g":[2]}}]"#;
    let uplinks: Vec<_> = Uplinks::parse(json).unwrap().collect();
    let [asset, device] = &uplinks[..] else { panic!("two") };
    assert_eq!((asset.name.to_string().as_str(), asset.is_asset), ("café", true));
    assert_eq!((device.name.borrowed(), device.kind.unwrap().raw()), (Some("d"), "t"));
    let entries = |uplink: &tipwire::platform::thingsboard::Uplink<'_>| -> Vec<_> {
        uplink.telemetry().map(|e| (e.time, e.key.to_string(), e.value.to_owned())).collect()
    };
    let entry = |time, key: &str, value: &str| (time, key.to_owned(), value.to_owned());
    assert_eq!(
        entries(asset),
        [
            entry(None, "a", "1.50"),
            entry(Some(5), "b", "x\\\"y"),
            entry(Some(6), "c", "true"),
            entry(Some(6), "d", "{\"e\":[1]}"),
        ]
    );
    assert_eq!(entries(device), [entry(None, "g", "[2]")]);
    assert!(asset.attributes().map(|entry| (entry.key.raw(), entry.value)).eq([("f", "null")]));

    let mut push = Push::to(String::new(), "4deedd7bab8817ec", "s");
    asset.fill(&mut push);
    let error = push.finish().unwrap_err();
    assert_eq!((error.point, error.kind), (Some(3), Kind::Type), "an object is no value");
}

#[test]
fn data_points_become_telemetry() {
    let frame =
        b"PUSH|4deedd7bab8817ec|SN-002|@5{by=x}[t:=1.50#C@=1,2;t:=2@6;n=a\\|b;p@=1,2,3^g;t:=3]";
    let frame = Frame::parse(frame).unwrap();
    let mut json = String::new();
    write_gateway_telemetry("SN-002", &frame.points(), false, &mut json).unwrap();
    assert_eq!(
        json,
        "{\"SN-002\":[{\"ts\":5,\"values\":{\"n\":\"a|b\",\"p\":\"1,2,3\",\"t\":3}},\
         {\"ts\":6,\"values\":{\"t\":2}}]}"
    );
    let frame = Frame::parse(b"PUSH|4deedd7bab8817ec|d|[t:=1#C@=1,2^g{k=v}]").unwrap();
    let mut json = String::new();
    write_uplink(&frame, true, &mut json).unwrap();
    assert_eq!(
        json,
        "{\"deviceName\":\"d\",\"deviceType\":\"default\",\"telemetry\":[{\"t\":1,\"t_unit\":\"C\",\
         \"t_group\":\"g\",\"t_location\":{\"lat\":1,\"lng\":2},\"t_metadata\":{\"k\":\"v\"}}],\
         \"attributes\":{}}"
    );
    assert_eq!(Uplinks::parse(&json).unwrap().count(), 1);
}

#[test]
fn telemetry_of_any_frame_is_json_that_reads_back() {
    let mut random = Random::new(77);
    for _ in 0..rounds(3_000) {
        let line = generate::uplink(&mut random);
        let Ok(frame) = Frame::parse(line.as_bytes()) else { continue };
        for details in [false, true] {
            let mut json = String::new();
            write_uplink(&frame, details, &mut json).unwrap();
            let uplink = Uplinks::parse(&json).unwrap().next().expect("a device");
            assert_eq!(uplink.name.to_string(), frame.serial);
            let mut names: Vec<_> = frame.points().map(|p| (p.time, p.variable)).collect();
            names.sort_unstable();
            names.dedup();
            if !details {
                assert_eq!(uplink.telemetry().count(), names.len(), "{json}");
            }
        }
        let mut list = String::new();
        write_telemetry(&frame.points(), false, &mut list).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&list).is_ok(), "{list}");
    }
}

#[test]
fn downlinks_are_bytes_and_a_line_feed() {
    type Bytes<'a> = Result<Result<Vec<u8>, Kind>, ConvertError<'a>>;
    fn bytes(json: &str) -> Bytes<'_> {
        let mut buffer = [0; 64];
        Downlink::parse(json).map(|downlink| downlink.write(&mut buffer).map(<[u8]>::to_vec))
    }
    fn ok(bytes: &[u8]) -> Bytes<'_> {
        Ok(Ok(bytes.to_vec()))
    }
    assert_eq!(bytes(r#"{"contentType":"JSON","data":{"a": 1}}"#), ok(b"{\"a\": 1}\n"));
    assert_eq!(bytes(r#"{"contentType":"JSON","data":"{\"a\":1}"}"#), ok(b"{\"a\":1}\n"));
    assert_eq!(
        bytes(r#"{"contentType":"TEXT","data":"gr\u00fcn","metadata":{}}"#),
        ok("grün\n".as_bytes())
    );
    assert_eq!(bytes(r#"{"contentType":"BINARY","data":"AAE="}"#), ok(b"\0\x01\n"));
    assert_eq!(bytes(r#"{"contentType":"BINARY","data":"A"}"#), Ok(Err(Kind::Base64)));
    for (json, field) in [
        (r#"{"data":"x"}"#, "contentType"),
        (r#"{"contentType":"TEXT"}"#, "data"),
        (r#"{"contentType":"XML","data":"x"}"#, "contentType"),
        (r#"{"contentType":"TEXT","data":1}"#, "data"),
        (r#"{"contentType":"TEXT","data":"\ud800"}"#, "data"),
        ("[]", "message"),
    ] {
        assert_eq!(bytes(json).unwrap_err().field, field, "{json}");
    }
    let downlink = Downlink::parse(r#"{"contentType":"TEXT","data":"1234"}"#).unwrap();
    assert_eq!(downlink.write(&mut [0; 4]), Err(Kind::Buffer));
    assert!(downlink.write(&mut [0; 5]).is_ok());
}

#[test]
fn hostile_messages_are_errors_or_json() {
    let mut random = Random::new(5);
    let converters = Converter::NAMES.map(|name| Converter::new(name, "").unwrap());
    let seeds: [&[u8]; 3] = [
        b"SN-002,default,temperature,25.7",
        br#"[{"deviceName":"SN-002","deviceType":"default","temperature":25.7,"x":{"y":[1,"z"]}}]"#,
        b"SN-002default25.7",
    ];
    for _ in 0..rounds(20_000) {
        for (converter, seed) in converters.iter().zip(seeds) {
            let mut message = seed.to_vec();
            for _ in 0..1 + random.below(4) {
                let at = random.below(message.len());
                match random.below(3) {
                    0 => message[at] = random.below(256) as u8,
                    1 => message.insert(at, b"\",{}[]\\:\0 "[random.below(10)]),
                    _ => _ = message.remove(at),
                }
            }
            let mut json = String::new();
            match converter.convert(&message, &mut json) {
                Ok(()) => {
                    assert!(Uplinks::parse(&json).is_ok(), "{json}");
                    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
                }
                Err(error) => assert!(error.at as usize <= message.len()),
            }
        }
    }
}
