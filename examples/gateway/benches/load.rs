//! How much the gateway takes: starts one, and is its devices. `cargo xtask bench gateway`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tipwire::{Ack, Detail, Push};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const AUTH: &str = "4deedd7bab8817ec";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds = if arguments.iter().any(|word| word == "--short") { 1 } else { 5 };
    let report = Report { is_json: arguments.iter().any(|word| word == "--json") };
    // The gateway has the other half of the machine.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for (points, window) in [(10, 16), (1, 64)] {
            let gateway = Gateway::start()?;
            let load = Load { devices: 64, points, window, seconds };
            report.stored(&load, &load.run(&gateway).await?);
        }
        let wanted = if seconds == 1 { 1000 } else { 10_000 };
        let gateway = Gateway::start()?;
        report.idle(&idle(&gateway, wanted).await?);
        Ok(())
    })
}

/// A gateway in a folder of its own.
struct Gateway {
    child: Child,
    folder: PathBuf,
    address: String,
}

impl Gateway {
    fn start() -> Result<Gateway, Box<dyn std::error::Error>> {
        let folder = std::env::temp_dir().join(format!("tipwire-load-{}", std::process::id()));
        _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        let settings = folder.join("gateway.toml");
        let text = format!(
            "database = {:?}\nfirst_sight = true\n\
             [limits]\nconnections_per_address = 20000\nidle = 0\ntime_to_live = 0\n\
             [[listen]]\nhandler = \"tagotip\"\naddress = \"127.0.0.1:0\"\n",
            folder.join("gateway.db"),
        );
        std::fs::write(&settings, text)?;
        let program = env!("CARGO_BIN_EXE_tipwire-gateway");
        let mut child = Command::new(program).arg(&settings).stdout(Stdio::piped()).spawn()?;
        let mut address = None;
        for line in BufReader::new(child.stdout.take().ok_or("no output")?).lines() {
            let line = line?;
            if line == "ready" {
                break;
            }
            address = line.strip_prefix("tagotip ").map(|rest| rest.trim().to_owned()).or(address);
        }
        let address = address.ok_or("the gateway did not start")?;
        Ok(Gateway { child, folder, address })
    }

    /// Bytes of memory that it has.
    fn memory(&self) -> std::io::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kilobytes.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) * 1024)
    }

    fn stored(&self) -> Result<u64, Box<dyn std::error::Error>> {
        let db = rusqlite::Connection::open(self.folder.join("gateway.db"))?;
        Ok(db
            .query_row("SELECT count(*) FROM point", [], |row| row.get::<_, i64>(0))?
            .cast_unsigned())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
        _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Devices that each have `window` frames of `points` on their way.
struct Load {
    devices: usize,
    points: usize,
    window: usize,
    seconds: u64,
}

struct Stored {
    points: u64,
    took: Duration,
    /// Of every frame, sorted.
    latencies: Vec<Duration>,
}

impl Load {
    async fn run(&self, gateway: &Gateway) -> Result<Stored, Box<dyn std::error::Error>> {
        let start = Instant::now();
        let end = start + Duration::from_secs(self.seconds);
        let mut devices = Vec::new();
        for number in 0..self.devices {
            let frames = self.frames(number)?;
            let stream = TcpStream::connect(&gateway.address).await?;
            stream.set_nodelay(true)?;
            devices.push(tokio::spawn(device(stream, frames, self.window, end)));
        }
        let mut stored = Stored { points: 0, took: Duration::ZERO, latencies: Vec::new() };
        for device in devices {
            let (points, latencies) = device.await?.map_err(|error| error.to_string())?;
            stored.points += points;
            stored.latencies.extend(latencies);
        }
        stored.took = start.elapsed();
        stored.latencies.sort_unstable();
        let found = gateway.stored()?;
        if found != stored.points {
            return Err(
                format!("{} points acknowledged, {found} in the database", stored.points).into()
            );
        }
        Ok(stored)
    }

    /// A window of frames, as a device would send them.
    fn frames(&self, number: usize) -> Result<Vec<u8>, tipwire::BuildError> {
        let mut lines = Vec::new();
        for frame in 0..self.window {
            let mut push = Push::to(&mut lines, AUTH, &format!("load-{number}"));
            for point in 0..self.points {
                push.number(&format!("variable_{point}"), (frame * 31 + point) as f64 / 4.0)
                    .unit("C");
            }
            push.finish_line()?;
        }
        Ok(lines)
    }
}

async fn device(
    mut stream: TcpStream,
    frames: Vec<u8>,
    window: usize,
    end: Instant,
) -> Result<(u64, Vec<Duration>), Box<dyn std::error::Error + Send + Sync>> {
    let (mut points, mut latencies) = (0, Vec::new());
    let mut buffer = vec![0; 4096];
    while Instant::now() < end {
        let sent = Instant::now();
        stream.write_all(&frames).await?;
        let (mut answered, mut length) = (0, 0);
        while answered < window {
            let count = stream.read(&mut buffer[length..]).await?;
            if count == 0 {
                return Err("the gateway closed".into());
            }
            length += count;
            let mut start = 0;
            while let Some(line) = buffer[start..length].iter().position(|&byte| byte == b'\n') {
                match Ack::parse(&buffer[start..start + line])?.detail {
                    Detail::Count(count) => points += count,
                    other => return Err(format!("answered {other:?}").into()),
                }
                answered += 1;
                latencies.push(sent.elapsed());
                start += line + 1;
            }
            buffer.copy_within(start..length, 0);
            length -= start;
        }
    }
    Ok((points, latencies))
}

struct Idle {
    connections: usize,
    bytes_each: u64,
}

/// Connections that have said something once, and are held.
async fn idle(gateway: &Gateway, wanted: usize) -> Result<Idle, Box<dyn std::error::Error>> {
    let hello = |stream: TcpStream, serial: usize| async move {
        let mut stream = stream;
        stream.write_all(format!("PING|{AUTH}|idle-{}\n", serial % 1000).as_bytes()).await?;
        let mut answer = [0; 64];
        let count = stream.read(&mut answer).await?;
        match &answer[..count] {
            b"ACK|PONG\n" => Ok::<_, Box<dyn std::error::Error>>(stream),
            other => Err(String::from_utf8_lossy(other).into()),
        }
    };
    // Devices are no connections: they are there before.
    for serial in 0..1000 {
        hello(TcpStream::connect(&gateway.address).await?, serial).await?;
    }
    let before = gateway.memory()?;
    let mut held = Vec::new();
    for serial in 0..wanted {
        held.push(hello(TcpStream::connect(&gateway.address).await?, serial).await?);
    }
    // All of them still speak.
    for (serial, stream) in held.drain(..).enumerate().collect::<Vec<_>>() {
        held.push(hello(stream, serial).await?);
    }
    let bytes_each = gateway.memory()?.saturating_sub(before) / wanted as u64;
    Ok(Idle { connections: held.len(), bytes_each })
}

struct Report {
    is_json: bool,
}

impl Report {
    fn stored(&self, load: &Load, stored: &Stored) {
        let frames = stored.latencies.len();
        let seconds = stored.took.as_secs_f64();
        let at = |share: f64| stored.latencies[((frames - 1) as f64 * share) as usize];
        let rate = stored.points as f64 / seconds;
        let name = format!("gateway/stored/{}_points_a_frame", load.points);
        if self.is_json {
            self.line(&name, 1e9 / rate, "100,000 a second", 10_000.0);
            return;
        }
        println!("{name}: {} devices, {} frames each on their way", load.devices, load.window);
        println!("  {rate:>9.0} points a second stored and acknowledged");
        println!("  {:>9.0} frames a second", frames as f64 / seconds);
        println!(
            "  {:>9.1} ms p50, {:.1} ms p99",
            at(0.5).as_secs_f64() * 1e3,
            at(0.99).as_secs_f64() * 1e3
        );
    }

    fn idle(&self, idle: &Idle) {
        if self.is_json {
            self.line("gateway/bytes_a_connection", idle.bytes_each as f64, "10 KB", 10_240.0);
            return;
        }
        println!("gateway/idle: {} connections held", idle.connections);
        println!("  {:>9} bytes of memory each", idle.bytes_each);
    }

    /// Of bytes too, there are as many as the name says instead of nanoseconds.
    fn line(&self, name: &str, ours: f64, against: &str, theirs: f64) {
        let ratio = theirs / ours;
        println!(
            "{{\"name\":\"{name}\",\"ours_ns\":{ours:.1},\"against\":\"{against}\",\"their_ns\":{theirs:.1},\"ratio\":{ratio:.2}}}"
        );
    }
}
