//! What must not happen, made to happen.

mod support;

use std::collections::BTreeSet;
use std::io::{BufReader, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use support::{AUTH, Folder, Gateway, LISTEN, certified, line, points, until};

/// How often a gateway is killed: `TIPWIRE_ROUNDS`, which `cargo xtask kill` sets.
fn rounds() -> usize {
    std::env::var("TIPWIRE_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

#[test]
fn what_is_acknowledged_is_in_the_database_when_the_gateway_is_killed() {
    let folder = Folder::new();
    let mut acknowledged = BTreeSet::new();
    let mut next = 0;
    for round in 0..rounds() {
        let gateway = Gateway::start(&folder, LISTEN);
        let is_over = AtomicBool::new(false);
        let (told, after) = std::thread::scope(|scope| {
            let devices: Vec<_> = (0..8)
                .map(|device| {
                    let (gateway, is_over) = (&gateway, &is_over);
                    scope.spawn(move || push_until_killed(gateway, device, next, is_over))
                })
                .collect();
            std::thread::sleep(Duration::from_millis(150 + 97 * (round as u64 % 5)));
            // The one that is killed is a copy of nothing: it has no time to prepare.
            let killed = std::process::Command::new("kill").args(["-9", &gateway.id()]).status();
            assert!(killed.unwrap().success());
            is_over.store(true, Ordering::Relaxed);
            let ends = devices.into_iter().map(|device| device.join().unwrap());
            ends.fold((Vec::new(), next), |(mut told, after), (mine, sent)| {
                told.extend(mine);
                (told, after.max(sent))
            })
        });
        gateway.kill();
        assert!(!told.is_empty(), "there was load");
        acknowledged.extend(told);
        next = after;
        let stored: BTreeSet<String> = points(&folder.0.join("gateway.db")).into_iter().collect();
        let lost = acknowledged.iter().filter(|point| !stored.contains(*point)).count();
        assert_eq!(lost, 0, "round {round}: of {} acknowledged points", acknowledged.len());
    }
    println!("{} rounds, {} points acknowledged, none lost", rounds(), acknowledged.len());
}

/// The points that were acknowledged, as the database should have them, and the next number.
fn push_until_killed(
    gateway: &Gateway,
    device: usize,
    first: usize,
    is_over: &AtomicBool,
) -> (Vec<String>, usize) {
    let mut told = Vec::new();
    let mut number = first;
    let Ok(mut stream) = std::net::TcpStream::connect(gateway.address("tagotip")) else {
        return (told, number);
    };
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while !is_over.load(Ordering::Relaxed) {
        // Ten frames at a time, so that the gateway always has some that it has not answered.
        let numbers: Vec<usize> = (number..number + 10).collect();
        number += 10;
        let lines = numbers.iter().map(|n| format!("PUSH|{AUTH}|load-{device}|[d{device}:={n}]\n"));
        if stream.write_all(lines.collect::<String>().as_bytes()).is_err() {
            break;
        }
        for n in numbers {
            let mut answer = String::new();
            match std::io::BufRead::read_line(&mut reader, &mut answer) {
                Ok(_) if answer == "ACK|OK|1\n" => {
                    told.push(format!("{{\"variable\":\"d{device}\",\"value\":{n}}}"));
                }
                // Cut off in the middle: nobody was told.
                _ => return (told, number),
            }
        }
    }
    (told, number)
}

#[test]
fn who_is_slow_or_talks_rubbish_does_not_disturb_others() {
    let limits = "[limits]\nidle = 3\ntime_to_live = 0\nconnections_per_address = 2000\n";
    let gateway = Gateway::start(&Folder::new(), &format!("{limits}{LISTEN}"));
    let push = format!("PUSH|{AUTH}|sensor-01|[a:=1]\n");
    assert_eq!(gateway.talk_text(&push), "ACK|OK|1\n");
    let before = gateway.memory();

    // Half a frame each, and then a byte now and then, which does not make it a frame: 500 of them.
    let mut slow: Vec<_> = (0..500)
        .map(|n| gateway.connect(["tagotip", "thingsboard, text", "thingspanel"][n % 3]))
        .collect();
    let is_over = Arc::new(AtomicBool::new(false));
    let dripping = std::thread::spawn({
        let is_over = Arc::clone(&is_over);
        move || {
            for byte in b"PUSH|4deedd7bab8817ec|sens".iter().chain(std::iter::repeat(&b'x')) {
                for stream in &mut slow {
                    // Some have been sent away already.
                    _ = stream.write_all(&[*byte]);
                }
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    });
    // Frames that do not end.
    let giants: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = gateway.connect("tagotip");
            stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
            std::thread::spawn(move || {
                for _ in 0..64 {
                    if stream.write_all(&[b'x'; 65_536]).is_err() {
                        break;
                    }
                }
                _ = stream.write_all(b"\n");
                _ = stream.shutdown(Shutdown::Write);
                let mut answer = String::new();
                _ = stream.read_to_string(&mut answer);
                answer
            })
        })
        .collect();
    // Bytes that mean nothing, with and without line ends, as text and as envelopes.
    let floods: Vec<_> = (0..20u32)
        .map(|seed| {
            let mut stream = gateway.connect("tagotip");
            stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
            std::thread::spawn(move || {
                let mut state = seed.wrapping_mul(2_654_435_761) | 1;
                let mut reader = stream.try_clone().unwrap();
                let drain = std::thread::spawn(move || _ = reader.read_to_end(&mut Vec::new()));
                for _ in 0..32 {
                    let noise: Vec<u8> = (0..16_384)
                        .map(|_| {
                            state ^= state << 13;
                            state ^= state >> 17;
                            state ^= state << 5;
                            (state >> 8) as u8
                        })
                        .collect();
                    if stream.write_all(&noise).is_err() {
                        break;
                    }
                }
                _ = stream.shutdown(Shutdown::Both);
                drain.join().unwrap();
            })
        })
        .collect();
    // Meanwhile somebody sensible is served, and quickly.
    let mut stream = gateway.connect("tagotip");
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut slowest = Duration::ZERO;
    let mut most = 0;
    for n in 0..100 {
        let start = Instant::now();
        stream.write_all(push.as_bytes()).unwrap();
        assert_eq!(line(&mut reader), "ACK|OK|1\n");
        slowest = slowest.max(start.elapsed());
        if n % 10 == 0 {
            most = most.max(gateway.memory().saturating_sub(before));
        }
    }
    for giant in giants {
        assert_eq!(giant.join().unwrap(), "ACK|ERR|payload_too_large\n");
    }
    floods.into_iter().for_each(|flood| flood.join().unwrap());
    println!("slowest answer {slowest:?}, at most {most} bytes more");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    assert!(most < 16 * 1024 * 1024, "{most} bytes more");
    // The slow ones are sent away, although they go on.
    drop((stream, reader));
    until("the slow ones to be gone", || gateway.state()["connections"].as_u64().unwrap() <= 1);
    is_over.store(true, Ordering::Relaxed);
    dripping.join().unwrap();
    assert!(gateway.memory().saturating_sub(before) < 16 * 1024 * 1024);
    assert_eq!(gateway.talk_text(&push), "ACK|OK|1\n");
}

#[test]
fn half_open_connections_are_given_up() {
    let folder = Folder::new();
    let tls = certified(&folder, "tagotip");
    let http = "[[listen]]\nhandler = \"http\"\naddress = \"127.0.0.1:0\"\n";
    let limits = "[limits]\nidle = 2\ntime_to_live = 0\nconnections_per_address = 2000\n";
    let gateway = Gateway::start(&folder, &format!("{limits}{LISTEN}{tls}{http}"));
    let push = format!("PUSH|{AUTH}|sensor-01|[a:=1]\n");
    assert_eq!(gateway.talk_text(&push), "ACK|OK|1\n");
    let before = gateway.memory();
    // Of each of them the other side vanishes without a word: before it said anything, in the middle
    // of something, or after it. Nobody closes, and nobody reads any more.
    let ping = format!("PING|{AUTH}|sensor-01\n");
    let vanished: Vec<_> = [
        ("tagotip", ""),
        ("tagotip", "PUSH|4deedd7bab8817ec|sens"),
        ("tagotip", ping.as_str()),
        ("tagotip", "\0\x31\0"),
        ("tagotip, tls", ""),
        ("tagotip, tls", "\x16\x03\x01"),
        ("http", ""),
        ("http", "POST /v1/tip/sensor-01 HT"),
        ("http", "POST /v1/tip/sensor-01 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n[a"),
        ("http", "HEAD /v1/tip/sensor-01 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("thingspanel", ""),
        ("thingspanel", "TP\0\0\0\0\0\x24"),
        ("thingspanel, raw", ""),
        ("thingsboard, text", "SN-002,defau"),
    ]
    .into_iter()
    .flat_map(|half| std::iter::repeat_n(half, 20))
    .map(|(name, bytes)| {
        let mut stream = gateway.connect(name);
        stream.write_all(bytes.as_bytes()).unwrap();
        stream
    })
    .collect();
    until("all of them", || gateway.state()["connections"].as_u64().unwrap() > 200);
    let start = Instant::now();
    while gateway.state()["connections"].as_u64().unwrap() > 1 {
        assert!(start.elapsed() < Duration::from_secs(90), "{}", gateway.state()["connections"]);
        assert!(gateway.memory().saturating_sub(before) < 16 * 1024 * 1024);
        assert_eq!(gateway.talk_text(&push), "ACK|OK|1\n");
        std::thread::sleep(Duration::from_millis(200));
    }
    println!("{} given up within {:.0?}", vanished.len(), start.elapsed());
}

#[test]
fn who_does_not_take_its_answers_is_not_listened_to() {
    let gateway = Gateway::start(&Folder::new(), LISTEN);
    let before = gateway.memory();
    let mut deaf: Vec<_> = (0..10).map(|_| gateway.connect("tagotip")).collect();
    for stream in &mut deaf {
        stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
        let pings = format!("PING|{AUTH}|sensor-01\n").repeat(10_000);
        // As much as the sockets take on both sides.
        while stream.write_all(pings.as_bytes()).is_ok() {}
    }
    assert_eq!(gateway.talk_text(&format!("PING|{AUTH}|sensor-01\n")), "ACK|PONG\n");
    assert!(gateway.memory().saturating_sub(before) < 32 * 1024 * 1024);
    until("them to be given up", || gateway.state()["connections"].as_u64().unwrap() <= 1);
}

#[test]
fn the_database_grows_as_far_as_it_may_and_keeps_what_is_new() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, &format!("max_megabytes = 2\n{LISTEN}"));
    let data = "AB".repeat(4000);
    let mut stream = gateway.connect("tagotip");
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    for round in 0..60 {
        let push = format!("PUSH|{AUTH}|sensor-01|[n:={round}]\n");
        let raw = format!("PUSH|{AUTH}|sensor-01|>x{data}\n").repeat(20);
        stream.write_all((push + &raw).as_bytes()).unwrap();
        for _ in 0..21 {
            assert_eq!(line(&mut reader), "ACK|OK|1\n");
        }
    }
    // Ten megabytes have come.
    let kept = points(gateway.database());
    assert!((100..600).contains(&kept.len()), "{} points", kept.len());
    assert!(kept.contains(&r#"{"variable":"n","value":59}"#.to_owned()));
    assert!(!kept.contains(&r#"{"variable":"n","value":0}"#.to_owned()));
    let size = std::fs::metadata(gateway.database()).unwrap().len();
    assert!(size < 4 * 1024 * 1024, "{size} bytes");
    let last = gateway.talk_text(&format!("PULL|{AUTH}|sensor-01|[n]\n"));
    assert!(last.starts_with("ACK|OK|[n:=59@"), "{last}");
}
