//! The examples in C: a device, and a server for three platforms.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::c::{SANITIZED, SYSTEM, build_library, built, compiler, program};
use crate::shell::{Outcome, command, have_system};

pub fn build() -> Outcome {
    have_system(SYSTEM)?;
    build_library(&[])?;
    ["device", "server"].into_iter().try_for_each(|name| {
        let source = format!("examples/c/{name}.c");
        program(compiler("gcc", "c99").args(SANITIZED), &[&source], &built().join(name))
    })
}

pub fn start(name: &str) -> Command {
    command(built().join(name), &[])
}

/// Each port of the server is spoken to, and the device to a server that does what devices fear.
pub fn test() -> Outcome {
    build()?;
    let mut server = start("server");
    let server = server.args(["127.0.0.1", "0"]).stdout(Stdio::piped()).spawn();
    let mut server = server.map_err(|error| format!("the C server: {error}"))?;
    let outcome = speak(&mut server);
    _ = server.kill();
    _ = server.wait();
    outcome.map_err(|problem| format!("the C server: {problem}"))?;
    command_and_hang_up().map_err(|problem| format!("the C device: {problem}"))
}

fn speak(server: &mut Child) -> Outcome {
    let mut lines = BufReader::new(server.stdout.take().ok_or("no output")?).lines();
    let mut port = |name: &str| {
        let line = lines.next().and_then(Result::ok).ok_or("did not start")?;
        line.strip_prefix(name).map(|port| port.trim().to_owned()).ok_or(format!("said {line}"))
    };
    let (board, panel) = (port("thingsboard")?, port("thingspanel")?);
    let frames = port("serving on")?;
    std::thread::spawn(move || lines.for_each(drop));

    // Commands of a device come in parts, and several at once.
    let token = b"TP\0\0\0\0\0\x24b79f6640-8c11-b7ca-608a-f943bb1e2183";
    let values = b"TP\0\x01\0\0\0\x1f{\"light\": 98, \"humidity\": 30.0}TP\x01\0\0\0\0\0";
    let mut panel_device = connect(&panel)?;
    send(&mut panel_device, &token[..20])?;
    send(&mut panel_device, &[&token[20..], &values[..]].concat())?;
    for (wrong, text) in [
        (&b"TP\0\0\0\0\0\x02no"[..], "RPC:device not found"),
        (&values[..], "MQTT: device auth failed"),
        (&b"GET / HTTP/1.1\r\n\r\n"[..], "error"),
    ] {
        let mut device = connect(&panel)?;
        send(&mut device, wrong)?;
        expect(&all(&mut device), text)?;
    }
    let mut board_device = connect(&board)?;
    send(&mut board_device, b"SN-002,default,temperature,25.7\r\nnonsense\nSN-002,,on,true\n")?;

    let pulls = [
        ("panel-01|[light;humidity]", "ACK|OK|[light:=98;humidity:=30.0]"),
        ("SN-002|[temperature;on]", "ACK|OK|[temperature:=25.7;on?=true]"),
        ("nobody|[t]", "ACK|ERR|variable_not_found"),
    ];
    let mut device = connect(&frames)?;
    let mut answers =
        BufReader::new(device.try_clone().map_err(|error| error.to_string())?).lines();
    let mut ask = |line: &str| {
        send(&mut device, format!("{line}\n").as_bytes())?;
        answers.next().and_then(Result::ok).ok_or("no answer".to_owned())
    };
    for (asked, wanted) in pulls {
        let line = format!("PULL|4deedd7bab8817ec|{asked}");
        // What came in on other ports may take a moment.
        let mut answer = ask(&line)?;
        for _ in 0..50 {
            if answer != wanted {
                std::thread::sleep(Duration::from_millis(20));
                answer = ask(&line)?;
            }
        }
        expect(&answer, wanted)?;
    }
    expect(&ask("PING|4deedd7bab8817ec|s")?, "ACK|PONG")?;
    let everything = r"[n:=-1.50#C;s=a\|b#x;b?=false;p@=1,2,3]";
    expect(&ask(&format!("PUSH|!7|4deedd7bab8817ec|s|{everything}"))?, "ACK|!7|OK|4")?;
    expect(&ask("PULL|4deedd7bab8817ec|s|[n;s;b;p]")?, &format!("ACK|OK|{everything}"))?;
    expect(&ask("NONSENSE")?, "ACK|ERR|invalid_method")
}

/// The device gets an answer and a command, loses the connection before the second answer, comes back
/// and sends again what got none.
fn command_and_hang_up() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port().to_string();
    let mut device = start("device");
    device.args(["--count", "2", "--period", "0.1", "127.0.0.1", &port]);
    let device = device.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    for reply in ["ACK|!1|OK|2\nACK|CMD|reboot\n", "ACK|!2|OK|2\n"] {
        let (mut stream, _) = listener.accept().map_err(|error| error.to_string())?;
        let copy = stream.try_clone().map_err(|error| error.to_string())?;
        let mut reports = BufReader::new(copy).lines().map_while(Result::ok);
        let report = reports.next().ok_or("no report")?;
        send(&mut stream, reply.as_bytes())?;
        if reply.contains("CMD") {
            expect(&report, "PUSH|!1|4deedd7bab8817ec|sensor-01|[temperature:=21.0#C;n:=0]")?;
            reports.next().ok_or("no second report")?;
        } else {
            expect(&report, "PUSH|!2|4deedd7bab8817ec|sensor-01|[temperature:=21.1#C;n:=1]")?;
        }
    }
    let said = device.wait_with_output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    expect(&said, "report 1: 2 stored\ntold to reboot\nreport 2: 2 stored\n")
}

fn connect(address: &str) -> Result<TcpStream, String> {
    let stream = TcpStream::connect(address).map_err(|error| format!("{address}: {error}"))?;
    let limit = Some(Duration::from_secs(10));
    stream.set_read_timeout(limit).map_err(|error| error.to_string())?;
    Ok(stream)
}

fn send(stream: &mut TcpStream, bytes: &[u8]) -> Outcome {
    stream.write_all(bytes).map_err(|error| error.to_string())
}

/// What comes until the other side ends it.
fn all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the text is an end too.
    _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn expect(said: &str, wanted: &str) -> Outcome {
    if said == wanted { Ok(()) } else { Err(format!("said {said:?} instead of {wanted:?}")) }
}
