//! What goes on to a broker: mosquitto, with a subscriber that sees what others would.

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use support::{AUTH, Folder, Gateway, LISTEN, until};

struct Broker {
    child: Child,
    port: u16,
}

impl Broker {
    /// On a port that nobody is given who asks for any.
    fn start(folder: &Folder) -> Broker {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let first = 20_000 + (std::process::id() % 10_000) as u16;
        let mut ports = (0..100).map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed));
        ports.find_map(|port| Broker::start_at(folder, port)).expect("mosquitto found a port")
    }

    /// `None` if the port was taken.
    fn start_at(folder: &Folder, port: u16) -> Option<Broker> {
        let settings = folder.0.join("mosquitto.conf");
        let text = format!("listener {port} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\n");
        std::fs::write(&settings, text).unwrap();
        let mut mosquitto = Command::new("mosquitto");
        let mosquitto = mosquitto.arg("-c").arg(&settings).stderr(Stdio::piped());
        let child = mosquitto.spawn().expect("mosquitto is installed");
        let mut broker = Broker { child, port };
        // It says itself when it listens: who can connect may have met somebody else.
        let said = BufReader::new(broker.child.stderr.take().unwrap());
        let mut said = said.lines().map_while(Result::ok).inspect(|line| eprintln!("{line}"));
        said.find(|line| line.ends_with(" running"))?;
        std::thread::spawn(move || said.for_each(drop));
        Some(broker)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// What a subscriber has seen, by topic.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

struct Subscriber {
    child: Child,
    seen: Seen,
}

impl Subscriber {
    fn start(port: u16, topic: &str, seen: &Seen) -> Subscriber {
        let port = port.to_string();
        // Line by line, also into a pipe.
        let mut child = Command::new("stdbuf")
            .args(["-oL", "mosquitto_sub"])
            .args(["-h", "127.0.0.1", "-p", &port, "-q", "1", "-t", topic, "-v", "-d"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("mosquitto_sub is installed");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        lines.find(|line| line.contains("SUBACK")).expect("subscribed");
        let kept = Arc::clone(seen);
        std::thread::spawn(move || {
            for line in
                lines.filter(|line| !line.starts_with("Client ") && !line.starts_with("Subscribed"))
            {
                let (topic, payload) = line.split_once(' ').unwrap_or((&line, ""));
                kept.lock().unwrap().push((topic.to_owned(), payload.to_owned()));
            }
        });
        Subscriber { child, seen: Arc::clone(seen) }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn forward(port: u16, shape: &str) -> String {
    format!("{LISTEN}\n[forward]\nbroker = \"127.0.0.1:{port}\"\nshape = \"{shape}\"\n")
}

fn push(gateway: &Gateway, numbers: std::ops::Range<u32>) {
    let lines = numbers.map(|n| format!("PUSH|{AUTH}|sensor-01|[n:={n}]\n")).collect::<String>();
    let count = lines.lines().count();
    assert_eq!(gateway.talk_text(&lines), "ACK|OK|1\n".repeat(count));
}

/// How often each number has come in ThingsBoard's shape.
fn numbers(seen: &Seen) -> BTreeMap<u64, usize> {
    let mut numbers = BTreeMap::new();
    for (topic, payload) in seen.lock().unwrap().iter() {
        assert_eq!(topic, "v1/gateway/telemetry");
        let devices: serde_json::Value = serde_json::from_str(payload).unwrap();
        for moment in devices["sensor-01"].as_array().unwrap() {
            assert!(moment["ts"].as_u64().unwrap() > 1_600_000_000_000);
            *numbers.entry(moment["values"]["n"].as_u64().unwrap()).or_insert(0) += 1;
        }
    }
    numbers
}

#[test]
fn nothing_is_lost_while_the_broker_is_away_or_the_gateway_is_killed() {
    let folder = Folder::new();
    let broker = Broker::start(&folder);
    let port = broker.port;
    let seen = Seen::default();
    let settings = forward(port, "thingsboard");
    let subscriber = Subscriber::start(port, "v1/gateway/telemetry", &seen);
    let gateway = Gateway::start(&folder, &settings);
    push(&gateway, 0..100);
    until("the first hundred", || numbers(&seen).len() == 100);
    drop((subscriber, broker));

    push(&gateway, 100..1300);
    gateway.kill();
    let gateway = Gateway::start(&folder, &settings);
    push(&gateway, 1300..1400);

    let _broker = Broker::start_at(&folder, port).expect("the port is free again");
    let subscriber = Subscriber::start(port, "v1/gateway/telemetry", &seen);
    until("all of them", || numbers(&subscriber.seen).len() == 1400);
    let all = numbers(&seen);
    assert!(all.keys().copied().eq(0..1400));
    let twice = all.values().filter(|count| **count > 1).count();
    println!("1400 points, {twice} of them more than once");
    push(&gateway, 1400..1401);
    until("one more", || numbers(&seen).contains_key(&1400));
}

#[test]
fn each_platform_gets_its_own_shape() {
    let folder = Folder::new();
    let broker = Broker::start(&folder);
    let line = format!("PUSH|{AUTH}|sensor-01|@1694567890000[t:=21.50#C;s=on]\n");
    let expected = [
        (
            "thingspanel",
            "gateway/telemetry",
            r#"{"sub_device_data":{"sensor-01":{"t":21.50,"s":"on"}}}"#,
        ),
        ("tagotip", "$tip/sensor-01/push", "[t:=21.50#C@1694567890000;s=on@1694567890000]"),
        (
            "thingsboard",
            "v1/gateway/telemetry",
            r#"{"sensor-01":[{"ts":1694567890000,"values":{"t":21.50,"s":"on"}}]}"#,
        ),
    ];
    for (shape, topic, payload) in expected {
        let seen = Seen::default();
        let _subscriber = Subscriber::start(broker.port, topic, &seen);
        let own = Folder::new();
        let gateway = Gateway::start(&own, &forward(broker.port, shape));
        assert_eq!(gateway.talk_text(&line), "ACK|OK|2\n");
        until(shape, || !seen.lock().unwrap().is_empty());
        let first = seen.lock().unwrap()[0].clone();
        assert_eq!(first, (topic.to_owned(), payload.to_owned()));
    }
}
