//! The sketches with the gateway: what it stores is what they measured, however the power fails and
//! whatever answers are lost.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::gateway::{self, Running};
use crate::shell::{Need, Outcome, command, have_system, step};
use crate::sketches::{self, BUILDS, Build, built};

/// What the sketches talk to.
const SETTINGS: &str = r#"
[[listen]]
handler = "page"
address = "127.0.0.1:0"
[[listen]]
handler = "tagotip"
address = "127.0.0.1:0"
[[listen]]
handler = "tagotip-udp"
address = "127.0.0.1:0"
[[listen]]
handler = "thingspanel"
address = "127.0.0.1:0"
[[listen]]
handler = "thingsboard"
address = "127.0.0.1:0"
splitter = { name = "lines", max = 128 }
converter = { name = "text" }
[[device]]
serial = "panel-01"
access = "b79f6640-8c11-b7ca-608a-f943bb1e2183"
[[device]]
serial = "SN-002"
[[device]]
serial = "sensor-01"
token = "ate2bd319014b24e0a8aca9f00aea4c0d0"
key = "fe09da81bc4400ee12ab56cd78ef9012"
counter = 0
[[device]]
serial = "logger-01"
token = "ate2bd319014b24e0a8aca9f00aea4c0d0"
counter = 0
"#;

/// SQLite is compiled.
const NEEDS: &[Need] = &[("gcc", "gcc"), ("g++", "g++")];

/// Who has a conversation, on which board, and what has to come of it.
type Conversation = (&'static str, &'static str, fn(&Build) -> Outcome);

const CONVERSATIONS: &[Conversation] = &[
    ("TcpDevice", "ESP32", tcp_device),
    ("SealedUdp", "ESP32", sealed_udp),
    ("DataLogger", "UNO", data_logger),
    ("DataLogger", "ESP32", data_logger),
    ("ThingsPanelDevice", "ESP32", thingspanel_device),
    ("ThingsBoardDevice", "ESP32", thingsboard_device),
];

/// All of them, each with a gateway of its own. Of three answers one is lost.
pub fn test() -> Outcome {
    have_system(NEEDS)?;
    sketches::build()?;
    gateway::build_program()?;
    CONVERSATIONS.iter().try_for_each(|(sketch, board, talk)| {
        let build = BUILDS.iter().find(|build| build.sketch == *sketch && build.board == *board);
        let build = build.ok_or(format!("there is no {sketch} for {board}"))?;
        build.forget();
        step(&format!("{sketch} for {board}, and the gateway"), || talk(build))
    })
}

/// All that is measured is stored once, and a command is obeyed.
fn tcp_device(build: &Build) -> Outcome {
    let gateway = Gateway::start()?;
    gateway.command("sensor-01", "led on")?;
    let (port, numbers) = relay_lines(gateway.address("tagotip")?)?;
    let readings = Readings::none()?;
    let said = readings.say(build.command().env("SKETCH_PORT_5693", port), 4)?;
    for wanted in ["connecting", "disconnecting", "commanded: led on", "> pin 2 is on"] {
        expect(said.contains(wanted), format!("it never says {wanted:?}:\n{said}"))?;
    }
    expect(!said.contains("refused"), format!("something is refused:\n{said}"))?;
    numbers.are_used_once()?;
    let stored = gateway.stored("sensor-01", "temperature")?;
    expect(stored.values().all(|times| times.len() == 1), format!("stored twice: {stored:?}"))?;
    readings.are_in(&stored, &[], 0)
}

/// The same, sealed; and after a restart it goes on with other counters.
fn sealed_udp(build: &Build) -> Outcome {
    let gateway = Gateway::start()?;
    let (port, numbers) = relay_datagrams(gateway.address("tagotip, udp")?)?;
    let readings = Readings::none()?;
    for _ in 0..2 {
        let said = readings.say(build.command().env("SKETCH_PORT_5683", &port), 4)?;
        expect(said.contains("is stored"), format!("nothing is stored:\n{said}"))?;
        expect(!said.contains("refused"), format!("something is refused:\n{said}"))?;
    }
    numbers.are_used_once()?;
    let stored = gateway.stored("sensor-01", "temperature")?;
    expect(stored.values().all(|times| times.len() == 1), format!("stored twice: {stored:?}"))?;
    readings.are_in(&stored, &[], 0)
}

/// How many times something is written before the power fails.
const POWER: &[u32] = &[1, 7, 8, 9, 14, 15, 16, 17, 24, 60, 75, 88];

/// The power fails again and again. Nothing that was kept is lost, no number is used for two requests,
/// and no reading gets another time.
fn data_logger(build: &Build) -> Outcome {
    let gateway = Gateway::start()?;
    let (port, numbers) = relay_lines(gateway.address("tagotip")?)?;
    let readings = Readings::none()?;
    let (mut start, mut cut_off) = (1_700_000_000, Vec::new());
    let mut run = |power: Option<u32>, minutes| {
        start += 86_400;
        let mut command = build.command();
        command.env("SKETCH_START", format!("{start}")).env("SKETCH_PORT_5693", &port);
        if let Some(power) = power {
            command.env("SKETCH_POWER", power.to_string());
        }
        // The port of one board is Serial.
        if build.board == "UNO" {
            let stream = TcpStream::connect(format!("127.0.0.1:{port}")).map_err(failed)?;
            command.stdin(OwnedFd::from(stream.try_clone().map_err(failed)?));
            command.stdout(OwnedFd::from(stream));
        }
        readings.run(&mut command, minutes)
    };
    for power in POWER {
        let status = run(Some(*power), 60)?.status;
        expect(status.code() == Some(7), format!("it ended with {status}, not without power"))?;
        // What was being written then was not kept.
        cut_off.extend(readings.count()?.checked_sub(1));
    }
    for _ in 0..2 {
        let status = run(None, 3)?.status;
        expect(status.success(), format!("it ended with {status}"))?;
    }
    numbers.are_used_once()?;
    let stored = gateway.stored("logger-01", "celsius")?;
    let times: Vec<i64> = stored.values().flat_map(|times| times.iter().copied()).collect();
    expect(times.is_sorted(), format!("times are mixed up: {stored:?}"))?;
    for (reading, times) in &stored {
        let is_one = times.windows(2).all(|pair| pair.first() == pair.last());
        expect(is_one, format!("reading {reading} has the times {times:?}"))?;
    }
    // The last ones wait until there are more.
    readings.are_in(&stored, &cut_off, 3)
}

fn thingspanel_device(build: &Build) -> Outcome {
    platform_device(build, "SKETCH_PORT_7653", "thingspanel", "panel-01")
}

fn thingsboard_device(build: &Build) -> Outcome {
    platform_device(build, "SKETCH_PORT_10560", "thingsboard, text", "SN-002")
}

/// A platform answers nothing: what is measured is stored all the same, and a command is obeyed, which
/// the next report tells.
fn platform_device(build: &Build, setting: &str, service: &str, device: &str) -> Outcome {
    let gateway = Gateway::start()?;
    gateway.command(device, "led on")?;
    let port = gateway.address(service)?.port().to_string();
    let readings = Readings::none()?;
    let said = readings.say(build.command().env(setting, port), 4)?;
    for wanted in ["connected", "told: led on", "> pin 2 is on"] {
        expect(said.contains(wanted), format!("it never says {wanted:?}:\n{said}"))?;
    }
    expect(!said.contains("not sent"), format!("something was not sent:\n{said}"))?;
    let led = gateway.ask(&format!("GET /api/points?device={device}&variable=led"), "")?;
    expect(led.contains("true"), format!("the led was never on: {led}"))?;
    // Nothing says when the last one is.
    let mut outcome = Ok(());
    for _ in 0..100 {
        outcome = readings.are_in(&gateway.stored(device, "temperature")?, &[], 0);
        if outcome.is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    outcome
}

fn expect(is_so: bool, problem: String) -> Outcome {
    if is_so { Ok(()) } else { Err(problem) }
}

fn failed(error: std::io::Error) -> String {
    error.to_string()
}

/// What the sketches have measured: the n-th time it is n, in tenths.
struct Readings {
    path: PathBuf,
}

impl Readings {
    fn none() -> Result<Readings, String> {
        let path = built().join("readings");
        fs::write(&path, "").map_err(failed)?;
        Ok(Readings { path })
    }

    fn count(&self) -> Result<usize, String> {
        Ok(fs::metadata(&self.path).map_err(failed)?.len() as usize)
    }

    /// Runs a sketch for so many minutes of its own.
    fn run(&self, command: &mut Command, minutes: u32) -> Result<std::process::Output, String> {
        command.env("SKETCH_READINGS", &self.path).env("SKETCH_MINUTES", minutes.to_string());
        let child = command.spawn().map_err(failed)?;
        child.wait_with_output().map_err(failed)
    }

    /// Runs a sketch and gives what it says.
    fn say(&self, command: &mut Command, minutes: u32) -> Result<String, String> {
        let output = self.run(command.stdin(Stdio::null()).stdout(Stdio::piped()), minutes)?;
        expect(output.status.success(), format!("it ended with {}", output.status))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether all are stored, but for some and the last ones.
    fn are_in(&self, stored: &Stored, but: &[usize], last: usize) -> Outcome {
        let count = self.count()?;
        let missing = |reading: &usize| !stored.contains_key(reading) && !but.contains(reading);
        let missing: Vec<usize> = (0..count.saturating_sub(last)).filter(missing).collect();
        let summary = format!("{} of {count} readings are stored", stored.len());
        expect(count > 0 && missing.is_empty(), format!("{summary}; missing: {missing:?}"))?;
        let lost = but.iter().filter(|reading| !stored.contains_key(reading)).count();
        println!("{summary}; {lost} were cut off");
        Ok(())
    }
}

/// The times at which each reading is stored.
type Stored = BTreeMap<usize, Vec<i64>>;

/// The gateway, with nothing stored.
struct Gateway(Running);

impl Gateway {
    fn start() -> Result<Gateway, String> {
        let folder = built().join("gateway");
        // Most often there is none.
        _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(failed)?;
        let settings = format!("database = {:?}\n{SETTINGS}", folder.join("gateway.db"));
        fs::write(folder.join("gateway.toml"), settings).map_err(failed)?;
        let mut program = command(gateway::PROGRAM, &[]);
        Running::start(program.arg(folder.join("gateway.toml")), |_| {}).map(Gateway)
    }

    fn address(&self, name: &str) -> Result<SocketAddr, String> {
        self.0.address(name).parse().map_err(|_| format!("the gateway has no {name}"))
    }

    /// The body of what its page gets.
    fn ask(&self, request: &str, body: &str) -> Result<String, String> {
        let host = self.address("page")?;
        let mut stream = TcpStream::connect(host).map_err(failed)?;
        let length = body.len();
        let head = "Connection: close\r\nContent-Length";
        let text = format!("{request} HTTP/1.1\r\nHost: {host}\r\n{head}: {length}\r\n\r\n{body}");
        stream.write_all(text.as_bytes()).map_err(failed)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(failed)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        expect(head.starts_with("HTTP/1.1 200"), format!("the page says {answer}"))?;
        Ok(body.to_owned())
    }

    fn command(&self, device: &str, text: &str) -> Outcome {
        let body = serde_json::json!({"device": device, "text": text}).to_string();
        self.ask("POST /api/command", &body).map(|_| ())
    }

    fn stored(&self, device: &str, variable: &str) -> Result<Stored, String> {
        let request = format!("GET /api/points?device={device}&variable={variable}");
        let rows: Vec<Value> =
            serde_json::from_str(&self.ask(&request, "")?).map_err(|error| error.to_string())?;
        let mut stored = Stored::new();
        for row in rows {
            let value = row.pointer("/point/value").and_then(Value::as_f64);
            let time = row.get("time").and_then(Value::as_i64);
            let (Some(value), Some(time)) = (value, time) else {
                return Err(format!("{row} is no reading"));
            };
            stored.entry((value * 10.0).round() as usize).or_default().push(time);
        }
        Ok(stored)
    }
}

/// What was asked with each number.
#[derive(Clone, Default)]
struct Numbers(Arc<Mutex<Asked>>);

#[derive(Default)]
struct Asked {
    requests: HashMap<u32, Vec<u8>>,
    problems: Vec<String>,
    answers: usize,
}

impl Numbers {
    fn with<T>(&self, work: impl FnOnce(&mut Asked) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn ask(&self, number: Option<u32>, request: &[u8]) {
        self.with(|asked| {
            let Some(number) = number else {
                asked.problems.push(format!("no number in {request:?}"));
                return;
            };
            let before = asked.requests.entry(number).or_insert_with(|| request.to_vec());
            if before != request {
                asked.problems.push(format!("{number} is used twice"));
            }
        });
    }

    /// Whether this answer is one of those that get lost.
    fn lose(&self) -> bool {
        self.with(|asked| {
            asked.answers += 1;
            asked.answers % 3 == 0
        })
    }

    fn are_used_once(&self) -> Outcome {
        self.with(|asked| {
            expect(asked.answers > 2, "hardly anything was answered".into())?;
            expect(asked.problems.is_empty(), asked.problems.join("; "))
        })
    }
}

/// A port that stands for the gateway's, and loses some of its answers.
fn relay_lines(to: SocketAddr) -> Result<(String, Numbers), String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let numbers = Numbers::default();
    let result = numbers.clone();
    thread::spawn(move || {
        for device in listener.incoming().map_while(Result::ok) {
            let numbers = numbers.clone();
            // A connection that fails is one more thing for the sketch to live with.
            thread::spawn(move || relay_connection(device, to, &numbers));
        }
    });
    Ok((port.to_string(), result))
}

fn relay_connection(device: TcpStream, to: SocketAddr, numbers: &Numbers) -> std::io::Result<()> {
    let mut gateway = TcpStream::connect(to)?;
    let (mut back, asked) = (device.try_clone()?, numbers.clone());
    let answers = BufReader::new(gateway.try_clone()?);
    thread::spawn(move || {
        for answer in answers.lines().map_while(Result::ok) {
            if answer.starts_with("ACK|!") && asked.lose() {
                continue;
            }
            if back.write_all(format!("{answer}\n").as_bytes()).is_err() {
                break;
            }
        }
        back.shutdown(std::net::Shutdown::Both)
    });
    for request in BufReader::new(device).lines().map_while(Result::ok) {
        let number = request.split('|').nth(1).and_then(|part| part.strip_prefix('!'));
        numbers.ask(number.and_then(|number| number.parse().ok()), request.as_bytes());
        gateway.write_all(format!("{request}\n").as_bytes())?;
    }
    gateway.shutdown(std::net::Shutdown::Both)
}

/// The same for envelopes in datagrams, from one device at a time.
fn relay_datagrams(to: SocketAddr) -> Result<(String, Numbers), String> {
    let socket = UdpSocket::bind("127.0.0.1:0").map_err(failed)?;
    let port = socket.local_addr().map_err(failed)?.port();
    let numbers = Numbers::default();
    let result = numbers.clone();
    thread::spawn(move || {
        let mut device = None;
        let mut bytes = [0; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut bytes) {
            let datagram = bytes.get(..length).unwrap_or_default();
            if from != to {
                device = Some(from);
                let counter = datagram.get(1..5).and_then(|bytes| bytes.try_into().ok());
                numbers.ask(counter.map(u32::from_be_bytes), datagram);
                // What cannot be sent is lost, as datagrams are.
                _ = socket.send_to(datagram, to);
            } else if let Some(device) = device
                && !numbers.lose()
            {
                _ = socket.send_to(datagram, device);
            }
        }
    });
    Ok((port.to_string(), result))
}
