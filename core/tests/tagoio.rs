//! TagoIO's HTTP and MQTT shapes: the documented ones, round trips, and parts that may be anything.

mod support;

use support::{Random, generate, rounds};
use tipwire::platform::tagoio::{Channel, HttpRequest, HttpResponse, MqttMessage, Topic, login};
use tipwire::{Ack, Body, Detail, Frame, Kind, Method};

const AUTH: &str = "4deedd7bab8817ec";

fn post(body: &[u8]) -> HttpRequest<'_> {
    HttpRequest {
        method: "POST",
        path: "/v1/tip/sensor-01",
        query: "",
        authorization: "TagoTiP 4deedd7bab8817ec",
        body,
    }
}

fn get(query: &str) -> HttpRequest<'_> {
    HttpRequest { method: "GET", query, ..post(b"") }
}

fn frame_of(request: HttpRequest<'_>) -> Result<String, Kind> {
    request.to_frame(String::new()).map_err(|error| error.kind)
}

#[test]
fn the_documented_requests_are_made_and_read_back() {
    let cases = [
        (
            "PUSH|4deedd7bab8817ec|sensor-01|@5^g[t:=32.5#C;on?=true]",
            post(b"@5^g[t:=32.5#C;on?=true]"),
        ),
        ("PUSH|4deedd7bab8817ec|sensor-01|>xDEADBEEF", post(b">xDEADBEEF")),
        ("PULL|4deedd7bab8817ec|sensor-01|[t;h]", get("variables=t,h")),
        ("PING|4deedd7bab8817ec|sensor-01", HttpRequest { method: "HEAD", ..post(b"") }),
    ];
    for (frame, request) in cases {
        let mut buffer = [0; 128];
        assert_eq!(HttpRequest::from_frame(frame.as_bytes(), &mut buffer), Ok(request));
        assert_eq!(frame_of(request), Ok(frame.to_owned()));
        let line = format!("{frame}\r\n");
        assert_eq!(HttpRequest::from_frame(line.as_bytes(), &mut buffer), Ok(request));
    }
}

#[test]
fn a_token_never_leaves_in_a_header() {
    let frame = b"PING|ate2bd319014b24e0a8aca9f00aea4c0d0|s";
    let mut buffer = [0; 128];
    let request = HttpRequest::from_frame(frame, &mut buffer).unwrap();
    assert_eq!(request.authorization, "TagoTiP 4deedd7bab8817ec");
    let with_token = HttpRequest {
        authorization: "TagoTiP ate2bd319014b24e0a8aca9f00aea4c0d0",
        ..post(b"[t:=1]")
    };
    assert_eq!(frame_of(with_token), Err(Kind::Auth));
}

#[test]
fn the_documented_responses_are_made_and_read_back() {
    let response = |status, command, body| HttpResponse { status, command, body };
    let cases: [(&str, Method, HttpResponse<'_>); 16] = [
        ("OK|3", Method::Push, response(200, None, b"3")),
        (
            "OK|[t:=25.5#C@1694567890000]",
            Method::Pull,
            response(200, None, b"[t:=25.5#C@1694567890000]"),
        ),
        ("OK", Method::Push, response(200, None, b"")),
        ("PONG", Method::Ping, response(204, None, b"")),
        ("CMD|ota=https://e.x/v2", Method::Ping, response(200, Some("ota=https://e.x/v2"), b"")),
        ("ERR|invalid_payload", Method::Push, response(400, None, b"invalid_payload")),
        ("ERR|invalid_method", Method::Push, response(400, None, b"invalid_method")),
        ("ERR|auth_failed", Method::Push, response(400, None, b"auth_failed")),
        ("ERR|unsupported_version", Method::Push, response(400, None, b"unsupported_version")),
        ("ERR|invalid_token", Method::Push, response(401, None, b"invalid_token")),
        ("ERR|device_not_found", Method::Push, response(404, None, b"device_not_found")),
        ("ERR|variable_not_found", Method::Pull, response(404, None, b"variable_not_found")),
        ("ERR|payload_too_large", Method::Push, response(413, None, b"payload_too_large")),
        ("ERR|envelope_too_large", Method::Push, response(413, None, b"envelope_too_large")),
        ("ERR|rate_limited", Method::Push, response(429, None, b"rate_limited")),
        ("ERR|server_error", Method::Push, response(500, None, b"server_error")),
    ];
    for (answer, method, response) in cases {
        for (seq, line) in [(None, format!("ACK|{answer}")), (Some(7), format!("ACK|!7|{answer}"))]
        {
            assert_eq!(HttpResponse::from_ack(line.as_bytes()), Ok(response));
            assert_eq!(response.to_ack(method, seq, String::new()), Ok(line));
        }
    }
}

#[test]
fn an_error_without_a_code_goes_by_its_status() {
    let answer = |status, body: &'static [u8]| {
        HttpResponse { status, command: None, body }
            .to_ack(Method::Push, None, String::new())
            .unwrap()
    };
    assert_eq!(answer(404, b""), "ACK|ERR|device_not_found");
    assert_eq!(answer(403, b"<html>no</html>"), "ACK|ERR|invalid_token");
    assert_eq!(answer(502, b"\xff"), "ACK|ERR|server_error");
    assert_eq!(answer(301, b""), "ACK|ERR|server_error");
    assert_eq!(answer(418, b""), "ACK|ERR|invalid_payload");
    assert_eq!(answer(400, b"brand_new_code"), "ACK|ERR|brand_new_code");
}

#[test]
fn a_response_cannot_bring_lines_of_its_own() {
    let answer = |command, body: &'static [u8]| {
        let response = HttpResponse { status: 200, command, body };
        response.to_ack(Method::Push, None, String::new()).map_err(|error| error.kind)
    };
    assert_eq!(answer(None, b"1\nACK|OK|2"), Err(Kind::Detail));
    assert_eq!(answer(Some("a\r\nb"), b""), Err(Kind::Detail));
    assert_eq!(answer(Some(""), b""), Ok("ACK|CMD".to_owned()));
    assert_eq!(answer(None, b"\xff"), Err(Kind::Utf8));
}

#[test]
fn what_is_no_request_is_refused_with_its_status() {
    let ok = post(b"[t:=1]");
    let cases = [
        (HttpRequest { method: "PUT", ..ok }, Kind::Method, 400),
        (HttpRequest { method: "post", ..ok }, Kind::Method, 400),
        (HttpRequest { path: "/v2/tip/s", ..ok }, Kind::Path, 404),
        (HttpRequest { path: "/v1/tips", ..ok }, Kind::Path, 404),
        (HttpRequest { path: "/v1/tip/", ..ok }, Kind::Serial, 400),
        (HttpRequest { path: "/v1/tip/a/b", ..ok }, Kind::Serial, 400),
        (HttpRequest { path: "/v1/tip/a%7Cb", ..ok }, Kind::Serial, 400),
        (HttpRequest { path: "/v1/tip/a%0a", ..ok }, Kind::Serial, 400),
        (HttpRequest { path: "/v1/tip/a%+1", ..ok }, Kind::Serial, 400),
        (HttpRequest { path: "/v1/tip/a%", ..ok }, Kind::Serial, 400),
        (HttpRequest { authorization: "", ..ok }, Kind::Auth, 401),
        (HttpRequest { authorization: "Bearer 4deedd7bab8817ec", ..ok }, Kind::Auth, 401),
        (HttpRequest { authorization: "TagoTiP 4deedd7bab8817e", ..ok }, Kind::Auth, 401),
        (HttpRequest { authorization: "TagoTiP 4deedd7bab8817ec|x", ..ok }, Kind::Auth, 401),
        (post(b""), Kind::Body, 400),
        (post(b"[t:=1]|x"), Kind::Trailing, 400),
        (post(b"[t:=1]\nPING|4deedd7bab8817ec|s"), Kind::Trailing, 400),
        (post(b"[t:=1]\n\n"), Kind::Trailing, 400),
        (post(b"[t=\xff]"), Kind::Utf8, 400),
        (post(&[b'x'; 20_000]), Kind::TooLarge, 413),
        (get(""), Kind::Empty, 400),
        (get("variables="), Kind::Name, 400),
        (get("variables=a,,b"), Kind::Name, 400),
        (get("variables=a;b"), Kind::Name, 400),
        (get("variables=a%5Db"), Kind::Name, 400),
        (get("other=a"), Kind::Empty, 400),
    ];
    for (request, kind, status) in cases {
        assert_eq!(frame_of(request), Err(kind), "{request:?}");
        let response = HttpResponse::from_error(kind);
        assert_eq!(response.status, status, "{kind:?}");
        assert!(response.to_ack(Method::Push, None, String::new()).is_ok());
    }
    let long = format!("/v1/tip/{}", "s".repeat(101));
    assert_eq!(frame_of(HttpRequest { path: &long, ..ok }), Err(Kind::SerialLength));
    let many = format!("variables={}", vec!["a"; 101].join(","));
    assert_eq!(frame_of(get(&many)), Err(Kind::TooManyVariables));
}

#[test]
fn clients_escape_and_repeat_as_they_like() {
    let asked = Ok("PULL|4deedd7bab8817ec|sensor-01|[a;b;c]".to_owned());
    for query in [
        "variables=a,b,c",
        "variables=a%2cb%2Cc",
        "variables=a&x=y&variables=b,c",
        "variables=%61,b,c",
    ] {
        assert_eq!(frame_of(get(query)), asked, "{query}");
    }
    let request = HttpRequest {
        path: "/v1/tip/%73ensor-01",
        authorization: "tagotip  4deedd7bab8817ec ",
        ..get("variables=a,b,c")
    };
    assert_eq!(frame_of(request), asked);
    assert_eq!(frame_of(post(b"[t:=1]\r\n")), Ok("PUSH|4deedd7bab8817ec|sensor-01|[t:=1]".into()));
}

#[test]
fn envelopes_go_as_they_are() {
    let request = HttpRequest::from_envelope(b"\x20\0");
    assert_eq!((request.method, request.path, request.authorization), ("POST", "/v1/tips", ""));
    assert_eq!(request.envelope(), Some(&b"\x20\0"[..]));
    assert_eq!(post(b"x").envelope(), None);
    assert_eq!(HttpResponse::from_envelope(b"\x20").status, 200);
    let mut buffer = [0; 64];
    let message = MqttMessage::from_envelope(b"\x20", "s", Channel::Push, &mut buffer).unwrap();
    assert_eq!((message.topic, message.envelope()), ("$tips/s/push", Some(&b"\x20"[..])));
    let error = message.to_frame(AUTH, String::new()).unwrap_err();
    assert_eq!(error.kind, Kind::Topic);
}

#[test]
fn the_documented_messages_are_made_and_read_back() {
    let cases: [(&str, &str, &[u8]); 4] = [
        ("PUSH|!42|4deedd7bab8817ec|s|^g[t:=1]", "$tip/s/push", b"!42|^g[t:=1]"),
        ("PUSH|4deedd7bab8817ec|s|>b3q2+7w==", "$tip/s/push", b">b3q2+7w=="),
        ("PULL|4deedd7bab8817ec|s|[t;h]", "$tip/s/pull", b"t,h"),
        ("PULL|!0|4deedd7bab8817ec|s|[t]", "$tip/s/pull", b"!0|t"),
    ];
    for (frame, topic, payload) in cases {
        let mut buffer = [0; 64];
        let message = MqttMessage::from_frame(frame.as_bytes(), &mut buffer).unwrap();
        assert_eq!((message.topic, message.payload), (topic, payload));
        assert_eq!(message.to_frame(AUTH, String::new()).as_deref(), Ok(frame));
    }
    let mut buffer = [0; 64];
    let ping = MqttMessage::from_frame(b"PING|4deedd7bab8817ec|s", &mut buffer).unwrap_err();
    assert_eq!(ping.kind, Kind::Misplaced);
    for payload in ["OK|2", "!7|OK|[t:=1]", "CMD|reboot", "!1|ERR|invalid_seq", "OK"] {
        let line = format!("ACK|{payload}");
        let message = MqttMessage::from_ack(line.as_bytes(), "s", &mut buffer).unwrap();
        assert_eq!((message.topic, message.payload), ("$tip/s/ack", payload.as_bytes()));
        assert_eq!(message.to_ack(String::new()).as_deref(), Ok(line.as_str()));
    }
}

#[test]
fn what_is_no_message_is_refused() {
    let frame = |topic, payload: &'static [u8]| {
        MqttMessage { topic, payload }.to_frame(AUTH, String::new()).map_err(|error| error.kind)
    };
    assert_eq!(frame("$tip/s/push", b"!7[t:=1]"), Err(Kind::SeqEnd));
    assert_eq!(frame("$tip/s/push", b"!7|4deedd7bab8817ec|z|[t:=1]"), Err(Kind::Body));
    assert_eq!(frame("$tip/s/push", b"!x|[t:=1]"), Err(Kind::Seq));
    assert_eq!(frame("$tip/s/push", b"[t:=1]\nPING"), Err(Kind::Trailing));
    assert_eq!(frame("$tip/s/pull", b"a;b"), Err(Kind::Name));
    assert_eq!(frame("$tip/s/pull", b""), Err(Kind::Name));
    assert_eq!(frame("$tip/s/pull", b"\xff"), Err(Kind::Utf8));
    assert_eq!(frame("$tip/s/ack", b"OK"), Err(Kind::Topic));
    let ack = |topic, payload: &'static [u8]| {
        MqttMessage { topic, payload }.to_ack(String::new()).map_err(|error| error.kind)
    };
    assert_eq!(ack("$tip/s/ack", b"OK|2\n\n"), Err(Kind::Trailing));
    assert_eq!(ack("$tip/s/ack", b"FINE"), Err(Kind::Status));
    assert_eq!(ack("$tip/s/push", b"OK"), Err(Kind::Topic));
    for topic in [
        "",
        "$tip",
        "$tip/s",
        "$tip/s/",
        "$tip/s/push/",
        "$tip/s/pushed",
        "tip/s/push",
        "$tip/s+/push",
        "$tip/#/push",
        "$tip/é/push",
    ] {
        assert!(Topic::parse(topic).is_err(), "{topic}");
    }
    assert_eq!(Topic::parse("$tip//push").unwrap_err().kind, Kind::Serial);
    let foreign = MqttMessage::from_ack(b"ACK|OK", "a/b", &mut [0; 64]).map(|_| ()).unwrap_err();
    assert_eq!(foreign.kind, Kind::Serial);
    for hash in [
        "",
        "4deedd7b",
        "4deedd7bab8817eg",
        "4deedd7éab8817e",
        "ate2bd319014b24e0a8aca9f00aea4c0d0",
    ] {
        assert_eq!(login(hash).unwrap_err().kind, Kind::Auth, "{hash}");
    }
}

#[test]
fn a_buffer_that_is_too_small_is_an_error_and_never_half_a_request() {
    let frame = b"PULL|!7|4deedd7bab8817ec|sensor-01|[t;h]";
    let mut buffer = [0; 128];
    let request = HttpRequest::from_frame(frame, &mut buffer).unwrap();
    let enough = request.path.len() + request.query.len() + request.authorization.len();
    for size in 0..enough {
        let error = HttpRequest::from_frame(frame, &mut buffer[..size]).unwrap_err();
        assert_eq!(error.kind, Kind::Buffer);
    }
    assert!(HttpRequest::from_frame(frame, &mut buffer[..enough]).is_ok());
    assert_eq!(MqttMessage::from_frame(frame, &mut buffer[..20]).unwrap_err().kind, Kind::Buffer);
}

#[test]
fn generated_frames_and_answers_come_back_from_every_shape() {
    let mut random = Random::new(11);
    let (mut there, mut back) = (vec![0; 40_000], vec![0; 40_000]);
    let mut seen = [0; 4];
    for _ in 0..rounds(3_000) {
        let line = generate::uplink(&mut random);
        if let Ok(frame) = Frame::parse(line.as_bytes()) {
            let request = HttpRequest::from_frame(line.as_bytes(), &mut there).unwrap();
            let written = request.to_frame(&mut back[..]).unwrap();
            let again = Frame::parse(written).unwrap();
            assert_eq!((again.seq, again.serial), (None, frame.serial));
            assert_eq!(format!("{:?}", again.body), format!("{:?}", frame.body));
            if matches!(frame.body, Body::Ping) {
                continue;
            }
            seen[0] += 1;
            let message = MqttMessage::from_frame(line.as_bytes(), &mut there).unwrap();
            let written = message.to_frame(frame.auth, &mut back[..]).unwrap();
            assert_eq!(written, line.trim_end_matches(['\r', '\n']).as_bytes());
            seen[1] += 1;
        }
        let line = generate::answer(&mut random);
        if let Ok(ack) = Ack::parse(line.as_bytes()) {
            let plain = line.trim_end_matches(['\r', '\n']);
            let message = MqttMessage::from_ack(line.as_bytes(), "s", &mut there).unwrap();
            assert_eq!(message.to_ack(String::new()).as_deref(), Ok(plain));
            let response = HttpResponse::from_ack(line.as_bytes()).unwrap();
            // HTTP has no place for a command without text, nor for what a PONG would say more.
            if !matches!(ack.detail, Detail::Text(_) | Detail::None | Detail::Error(_)) {
                let method = Method::Pull;
                assert_eq!(response.to_ack(method, ack.seq, String::new()).as_deref(), Ok(plain));
                seen[2] += 1;
            }
            seen[3] += 1;
        }
    }
    assert!(cfg!(miri) || seen.iter().all(|&count| count > 300), "{seen:?}");
}
