//! What devices and the gateway say to each other.

mod support;

use std::io::{BufReader, Read, Write};
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::Duration;

use support::{AUTH, Folder, Gateway, LISTEN, TOKEN, certified, line, points, until};
use tipwire::{Ack, Cipher, Layout, Opener, Sealer, Token};

#[test]
fn a_conversation_by_hand_is_answered_line_by_line() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    let asked = format!(
        "PUSH|{AUTH}|sensor-01|[temperature:=32.5#C;humidity:=65#%]\n\
         PULL|{AUTH}|sensor-01|[nothing]\r\n\
         PING|{AUTH}|sensor-01\n\
         PUSH|!42|{TOKEN}|sensor-01|@1694567890000^batch_42[temperature:=32.50;status=online;active?=true;position@=39.74,-104.99,305]\n\
         PULL|!43|{AUTH}|sensor-01|[position;nothing]\n\
         PULL|{AUTH}|sensor-01|[nothing]\n\
         PUSH|{AUTH}|sensor-01|>xDEADBEEF\n\
         PUSH|{AUTH}|sensor-01|[temperature:=032]\n\
         HELLO\n\
         PING|!44|0000000000000000|sensor-01\n"
    );
    let answered = "ACK|OK|2\n\
         ACK|ERR|variable_not_found\n\
         ACK|PONG\n\
         ACK|!42|OK|4\n\
         ACK|!43|OK|[position@=39.74,-104.99,305@1694567890000^batch_42]\n\
         ACK|ERR|variable_not_found\n\
         ACK|OK|1\n\
         ACK|ERR|invalid_payload\n\
         ACK|ERR|invalid_method\n\
         ACK|!44|ERR|invalid_token\n";
    assert_eq!(gateway.talk_text(&asked), answered);
    let stored = points(gateway.database());
    assert_eq!(stored.len(), 7);
    assert_eq!(stored[0], r#"{"variable":"temperature","value":32.5,"unit":"C"}"#);
    assert!(stored[2].contains(r#""value":32.50,"#), "digits are kept: {}", stored[2]);
}

#[test]
fn unknown_devices_are_taken_in_only_when_that_is_configured() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    let ping = "PING|0123456789abcdef|new-one\nPING|fedcba9876543210|new-one\n";
    assert_eq!(gateway.talk_text(ping), "ACK|PONG\nACK|ERR|invalid_token\n");
    let push = "PUSH|0123456789abcdef|new-one|[a:=1]\n";
    assert_eq!(gateway.talk_text(push), "ACK|OK|1\n");
    gateway.kill();
    // It is remembered, and with it whose it is.
    let gateway = Gateway::start(&folder, LISTEN);
    assert_eq!(gateway.talk_text(ping), "ACK|PONG\nACK|ERR|invalid_token\n");
    let strict = Gateway::start(&Folder::new(), &format!("max_devices = 3\n{LISTEN}"));
    assert_eq!(strict.talk_text(ping), "ACK|ERR|device_not_found\nACK|ERR|device_not_found\n");
}

#[test]
fn counters_are_enforced_and_outlive_a_crash() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    let push = |number| format!("PUSH|!{number}|{AUTH}|counted|[a:={number}]\n");
    let asked = [push(5), push(5), push(4), push(6)].concat() + &format!("PING|{AUTH}|counted\n");
    let answered = "ACK|!5|OK|1\nACK|!5|ERR|invalid_seq\nACK|!4|ERR|invalid_seq\nACK|!6|OK|1\nACK|ERR|invalid_seq\n";
    assert_eq!(gateway.talk_text(&asked), answered);
    gateway.kill();
    let gateway = Gateway::start(&folder, LISTEN);
    assert_eq!(gateway.talk_text(&push(6)), "ACK|!6|ERR|invalid_seq\n");
    assert_eq!(gateway.talk_text(&push(7)), "ACK|!7|OK|1\n");
    assert_eq!(points(gateway.database()).len(), 3);
}

#[test]
fn envelopes_are_opened_and_answered_under_new_numbers_after_a_crash_too() {
    let folder = Folder::new();
    let key = [
        0xfe, 0x09, 0xda, 0x81, 0xbc, 0x44, 0x00, 0xee, 0x12, 0xab, 0x56, 0xcd, 0x78, 0xef, 0x90,
        0x12,
    ];
    let token = Token::new(TOKEN).unwrap();
    let make = |serial, key: &[u8], cipher, next| {
        Sealer::new(Layout::Current, cipher, key, &token, serial, next).unwrap()
    };
    let mut device = make("sensor-01", &key, Cipher::Aes128Ccm, 0);
    let opener = Opener::new(Cipher::Aes128Ccm, &key, None).unwrap();
    let mut last = None;
    for round in 0..2 {
        let gateway = Gateway::start(&folder, LISTEN);
        let mut stream = gateway.connect("tagotip");
        for (n, expected) in [(0, "OK|1"), (1, "OK|1"), (0, "ERR|invalid_seq")] {
            let mut buffer = [0; 128];
            let mut old = make("sensor-01", &key, Cipher::Aes128Ccm, 0);
            let sealer = if expected == "OK|1" { &mut device } else { &mut old };
            let envelope = sealer.push(&mut buffer, |push| _ = push.number("t", n)).unwrap();
            stream.write_all(&u16::try_from(envelope.len()).unwrap().to_be_bytes()).unwrap();
            stream.write_all(envelope).unwrap();
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut answer).unwrap();
            let opened = opener.open(Layout::Current, &mut answer).unwrap();
            assert_eq!(opened.text(), expected, "round {round}");
            assert!(last < Some(opened.header.counter), "a number came twice");
            last = Some(opened.header.counter);
        }
        gateway.kill();
    }
    let gateway = Gateway::start(&folder, LISTEN);
    // The key of the other device is derived from its token.
    let derived = token.derive_key("counted");
    let mut buffer = [0; 128];
    let mut other = make("counted", derived.bytes(), Cipher::ChaCha20Poly1305, 7);
    let envelope = other.ping(&mut buffer).unwrap();
    let (head, mut answer) = gateway.http("POST /v1/tips", "", envelope);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let opener = Opener::new(Cipher::ChaCha20Poly1305, derived.bytes(), None).unwrap();
    assert_eq!(opener.open(Layout::Current, &mut answer).unwrap().text(), "PONG");
    // Nobody's envelope is answered in plaintext.
    let mut stranger = make("sensor-01", &[9; 16], Cipher::Aes128Ccm, 0);
    let envelope = stranger.ping(&mut buffer).unwrap();
    let message = [&u16::try_from(envelope.len()).unwrap().to_be_bytes(), envelope].concat();
    assert_eq!(gateway.talk("tagotip", &message), b"\0\x13ACK|ERR|auth_failed");
    let (head, body) = gateway.http("POST /v1/tips", "", envelope);
    assert!(head.starts_with("HTTP/1.1 400") && body == b"auth_failed", "{head}");
}

#[test]
fn sealed_answers_go_on_when_all_numbers_that_were_reserved_are_used() {
    const MANY: usize = 70_000;
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    let token = Token::new(TOKEN).unwrap();
    let key = token.derive_key("counted");
    let cipher = Cipher::ChaCha20Poly1305;
    let mut device =
        Sealer::new(Layout::Current, cipher, key.bytes(), &token, "counted", 0).unwrap();
    let mut stream = gateway.connect("tagotip");
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let writer = std::thread::spawn(move || {
        let mut buffer = [0; 128];
        let mut message = Vec::new();
        for _ in 0..MANY {
            let envelope = device.ping(&mut buffer).unwrap();
            message.extend(u16::try_from(envelope.len()).unwrap().to_be_bytes());
            message.extend_from_slice(envelope);
        }
        stream.write_all(&message).unwrap();
        stream
    });
    let opener = Opener::new(cipher, key.bytes(), None).unwrap();
    let mut last = None;
    for _ in 0..MANY {
        let mut length = [0; 2];
        reader.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        reader.read_exact(&mut answer).unwrap();
        let opened = opener.open(Layout::Current, &mut answer).unwrap();
        assert!(opened.text() == "PONG" && last < Some(opened.header.counter));
        last = Some(opened.header.counter);
    }
    writer.join().unwrap();
}

#[test]
fn datagrams_are_answered_one_by_one() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut buffer = [0; 2048];
    let mut ask = |datagram: String| {
        socket.send_to(datagram.as_bytes(), gateway.address("tagotip, udp")).unwrap();
        let (length, _) = socket.recv_from(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap().trim_end().to_owned()
    };
    assert_eq!(ask(format!("PUSH|!1|{AUTH}|sensor-01|[t:=1;u:=2]")), "ACK|!1|OK|2");
    assert_eq!(ask("nonsense".into()), "ACK|ERR|invalid_method");
    assert_eq!(ask("x".repeat(40_000)), "ACK|ERR|payload_too_large");
    assert!(gateway.command("sensor-01", "reboot").starts_with("HTTP/1.1 200"));
    assert_eq!(ask(format!("PING|{AUTH}|sensor-01")), "ACK|CMD|reboot");
    assert_eq!(ask(format!("PING|{AUTH}|sensor-01")), "ACK|PONG");
}

#[test]
fn http_says_the_same_in_its_own_words() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    let auth = format!("Authorization: TagoTiP {AUTH}\r\n");
    let ask = |request: &str, headers: &str, body: &str| {
        let (head, body) = gateway.http(request, headers, body.as_bytes());
        (head, String::from_utf8(body).unwrap())
    };
    let status = |(head, body): (String, String)| (head[9..12].to_owned(), body);
    let is = |code: &str, body: &str| (code.to_owned(), body.to_owned());
    let push = status(ask("POST /v1/tip/sensor-01", &auth, "@5[t:=21.50#C;h:=60]"));
    assert_eq!(push, is("200", "2"));
    let pull = status(ask("GET /v1/tip/sensor-01?variables=t,h", &auth, ""));
    assert_eq!(pull, is("200", "[t:=21.50#C@5;h:=60@5]"));
    assert_eq!(status(ask("HEAD /v1/tip/sensor-01", &auth, "")), is("204", ""));
    gateway.command("sensor-01", "ota=v2");
    let (head, _) = ask("HEAD /v1/tip/sensor-01", &auth, "");
    assert!(head.contains("x-tagotip-cmd: ota=v2"), "{head}");
    let missing = status(ask("GET /v1/tip/sensor-01?variables=x", &auth, ""));
    assert_eq!(missing, is("404", "variable_not_found"));
    let wrong = status(ask("POST /v1/tip/sensor-01", &auth, "[t:=]"));
    assert_eq!(wrong, is("400", "invalid_payload"));
    assert_eq!(status(ask("POST /v1/tip/sensor-01", "", "[t:=1]")), is("401", "invalid_token"));
    let smuggled = status(ask("POST /v1/tip/s|[a:=1]", &auth, ""));
    assert_eq!(smuggled, is("400", "invalid_payload"));
    let long = status(ask("POST /v1/tip/sensor-01", &auth, &"x".repeat(17_000)));
    assert_eq!(long, is("413", "payload_too_large"));
    let large = status(ask("POST /v1/tip/sensor-01", &auth, &"x".repeat(70_000)));
    assert_eq!(large, is("413", "payload_too_large"));
    assert_eq!(status(ask("GET /v1/other", &auth, "")).0, "404");
}

#[test]
fn commands_wait_for_a_device_and_then_reach_it_at_once() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    assert!(gateway.command("nobody", "reboot").starts_with("HTTP/1.1 409"));
    assert!(
        gateway
            .command("sensor-01", "ota=https://example.com/v2.1.bin")
            .starts_with("HTTP/1.1 200")
    );
    gateway.kill();
    let gateway = Gateway::start(&folder, LISTEN);
    let mut stream = gateway.connect("tagotip");
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    stream.write_all(format!("PUSH|{AUTH}|sensor-01|[a:=1]\n").as_bytes()).unwrap();
    assert_eq!(line(&mut reader), "ACK|OK|1\n");
    assert_eq!(line(&mut reader), "ACK|CMD|ota=https://example.com/v2.1.bin\n");
    assert!(gateway.command("sensor-01", "blink").starts_with("HTTP/1.1 200"));
    assert_eq!(line(&mut reader), "ACK|CMD|blink\n");
    drop((stream, reader));
    // A crash right now might have it sent once more: better than never.
    let db = rusqlite::Connection::open(gateway.database()).unwrap();
    let left = || db.query_row("SELECT count(*) FROM command", [], |row| row.get::<_, i64>(0));
    until("the command to be forgotten", || left() == Ok(0));
    gateway.kill();
    let gateway = Gateway::start(&folder, LISTEN);
    assert_eq!(
        gateway.talk_text(&format!("PING|{AUTH}|sensor-01\n")),
        "ACK|PONG\n",
        "none is sent twice"
    );
}

#[test]
fn connections_end_with_the_reason() {
    let limits = "[limits]\nidle = 1\ntime_to_live = 3\nconnections_per_address = 3\n";
    let gateway = Gateway::start(&Folder::new(), &format!("{limits}{LISTEN}"));
    let mut silent = BufReader::new(gateway.connect("tagotip"));
    assert_eq!(line(&mut silent), "ACK|ERR|keep_alive_timeout\n");
    assert_eq!(line(&mut silent), "", "and it is closed");
    let mut stream = gateway.connect("tagotip");
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let end = loop {
        _ = stream.write_all(format!("PING|{AUTH}|sensor-01\n").as_bytes());
        match line(&mut reader) {
            pong if pong == "ACK|PONG\n" => std::thread::sleep(Duration::from_millis(300)),
            end => break end,
        }
    };
    assert_eq!(end, "ACK|ERR|ttl_expired\n");
    let _held: Vec<_> = (0..3).map(|_| gateway.connect("tagotip")).collect();
    let mut one_too_many = BufReader::new(gateway.connect("tagotip"));
    assert_eq!(line(&mut one_too_many), "ACK|ERR|rate_limited\n");
}

#[test]
fn requests_are_limited_and_pings_are_not() {
    let limits = "[limits]\nrequests_per_second = 5\n";
    let gateway = Gateway::start(&Folder::new(), &format!("{limits}{LISTEN}"));
    let answers = gateway.talk_text(&format!("PUSH|{AUTH}|sensor-01|[a:=1]\n").repeat(50));
    let refused = answers.lines().filter(|line| *line == "ACK|ERR|rate_limited").count();
    assert!((1..=45).contains(&refused), "{refused}");
    let pongs = gateway.talk_text(&format!("PING|{AUTH}|sensor-01\n").repeat(50));
    assert_eq!(pongs, "ACK|PONG\n".repeat(50));
}

#[test]
fn tls_is_the_same_conversation() {
    let folder = Folder::new();
    let row = certified(&folder, "tagotip");
    let gateway = Gateway::start(&folder, &format!("{LISTEN}{row}"));
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-CAfile"])
        .arg(folder.0.join("certificate.pem"))
        .args(["-connect", gateway.address("tagotip, tls")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    let mut reader = BufReader::new(client.stdout.take().unwrap());
    let push = format!("PUSH|{AUTH}|sensor-01|[a:=1]\n");
    input.write_all(push.repeat(100).as_bytes()).unwrap();
    for _ in 0..100 {
        assert_eq!(line(&mut reader), "ACK|OK|1\n");
    }
    gateway.command("sensor-01", "blink");
    assert_eq!(line(&mut reader), "ACK|CMD|blink\n");
    _ = client.kill();
    _ = client.wait();
}

#[test]
fn only_the_page_itself_may_ask_for_what_the_page_needs() {
    let gateway = Gateway::start(&Folder::new(), LISTEN);
    let body = br#"{"device":"sensor-01","text":"reboot"}"#;
    let (head, _) = gateway.http("POST /api/command", "Origin: http://elsewhere.example\r\n", body);
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    for path in ["/../gateway.toml", "/.git/config", "/%2e%2e/Cargo.toml", "/tipwire/../x"] {
        assert!(
            gateway.http(&format!("GET {path}"), "", b"").0.starts_with("HTTP/1.1 404"),
            "{path}"
        );
    }
    let (head, _) = gateway.http("GET /", "", b"");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
}

#[test]
fn answers_are_what_the_core_reads() {
    let gateway = Gateway::start(&Folder::new(), LISTEN);
    for line in gateway.talk_text(&format!("PING|{AUTH}|sensor-01\nnonsense\n")).lines() {
        Ack::parse(line.as_bytes()).unwrap();
    }
}
