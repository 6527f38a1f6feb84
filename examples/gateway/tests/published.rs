//! The conversations that the protocol's own documents print, line by line: pasted into netcat and
//! curl, they are answered here as they are there.

mod support;

use std::process::Command;

use support::{AUTH, Folder, Gateway, LISTEN};

/// What a shell prints that runs `line` as it is printed, but for where it leads to.
fn paste(gateway: &Gateway, line: &str) -> String {
    let place = |name: &str| gateway.address(name).replace(':', " ");
    let line = line
        .replace("tcp.tip.us-e1.tago.io 5693", &place("tagotip"))
        .replace("udp.tip.us-e1.tago.io 5683", &place("tagotip, udp"))
        .replace("https://http.tip.us-e1.tago.io", &format!("http://{}", gateway.address("page")));
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {errors}");
    String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n")
}

/// A conversation as it is printed: what is said behind `>`, what is answered behind `<`. `@NOW` is the
/// time at which something came that told none; `!` is what the page sends as a command.
fn converse(gateway: &Gateway, printed: &str) {
    let mut said = String::new();
    let mut expected = String::new();
    for line in printed.lines().map(str::trim) {
        match line.split_once(' ') {
            Some((">", line)) => said = format!("{said}{line}\n"),
            Some(("<", line)) => expected = format!("{expected}{line}\n"),
            Some(("!", text)) => assert!(gateway.command(SERIAL, text).starts_with("HTTP/1.1 200")),
            _ => assert_eq!(line, ""),
        }
    }
    let file = format!("{}.txt", gateway.database().display());
    std::fs::write(&file, &said).unwrap();
    let answered = paste(gateway, &format!("nc -N tcp.tip.us-e1.tago.io 5693 < {file}"));
    assert_eq!(without_times(&answered), expected, "to\n{said}");
}

const SERIAL: &str = "weather-denver";

/// `@NOW` for a time that is not one of those printed.
fn without_times(answered: &str) -> String {
    let mut parts = answered.split('@');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let is_now = digits == 13 && !part.starts_with("1694567");
        text.push('@');
        text.push_str(if is_now { "NOW" } else { &part[..digits] });
        text.push_str(&part[digits..]);
    }
    text
}

#[test]
fn the_flow_of_a_conversation() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    converse(
        &gateway,
        "> PING|4deedd7bab8817ec|weather-denver
         < ACK|PONG
         > PUSH|4deedd7bab8817ec|weather-denver|[temperature:=32#F;humidity:=65#%;active?=true]
         < ACK|OK|3
         > PULL|4deedd7bab8817ec|weather-denver|[temperature]
         < ACK|OK|[temperature:=32#F@NOW]
         > PUSH|4deedd7bab8817ec|weather-denver|[invalid=broken
         < ACK|ERR|invalid_payload",
    );
    // It waits, and comes with the first that is heard.
    converse(
        &gateway,
        "! reboot
         > PING|4deedd7bab8817ec|weather-denver
         < ACK|CMD|reboot",
    );
}

#[test]
fn the_conversation_with_a_counter() {
    let row = format!("[[device]]\nserial = \"weather-denver\"\nauth = \"{AUTH}\"\ncounter = 0\n");
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, &format!("{LISTEN}{row}"));
    converse(
        &gateway,
        "> PING|!1|4deedd7bab8817ec|weather-denver
         < ACK|!1|PONG
         > PUSH|!2|4deedd7bab8817ec|weather-denver|[temperature:=32#F]
         < ACK|!2|OK|1
         > PUSH|!3|4deedd7bab8817ec|weather-denver|[humidity:=65#%]
         < ACK|!3|OK|1
         > PUSH|!2|4deedd7bab8817ec|weather-denver|[pressure:=1013#hPa]
         < ACK|!2|ERR|invalid_seq",
    );
}

#[test]
fn the_last_values_that_are_asked_for() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    converse(
        &gateway,
        "> PUSH|4deedd7bab8817ec|weather-denver|@1694567890000[temperature:=32#F;humidity:=65#%]
         < ACK|OK|2
         > PULL|4deedd7bab8817ec|weather-denver|[temperature]
         < ACK|OK|[temperature:=32#F@1694567890000]
         > PULL|4deedd7bab8817ec|weather-denver|[temperature;humidity;pressure]
         < ACK|OK|[temperature:=32#F@1694567890000;humidity:=65#%@1694567890000]
         > PULL|!7|4deedd7bab8817ec|weather-denver|[temperature]
         < ACK|!7|OK|[temperature:=32#F@1694567890000]
         > PULL|4deedd7bab8817ec|weather-denver|[pressure]
         < ACK|ERR|variable_not_found",
    );
}

#[test]
fn every_example_of_a_frame() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    converse(
        &gateway,
        r"> PUSH|4deedd7bab8817ec|weather-denver|[temperature:=32;humidity:=65]
          < ACK|OK|2
          > PUSH|!1|4deedd7bab8817ec|weather-denver|[temperature:=32;humidity:=65]
          < ACK|!1|OK|2
          > PUSH|4deedd7bab8817ec|sensor-0A1F|[temperature:=32.5#C;status=online;active?=true]
          < ACK|OK|3
          > PUSH|4deedd7bab8817ec|sensor-0A1F|[temperature:=-15.3#C]
          < ACK|OK|1
          > PUSH|4deedd7bab8817ec|drone-07|[altitude:=305#m;position@=39.74,-104.99,305]
          < ACK|OK|2
          > PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32{source=dht22,quality=high}]
          < ACK|OK|1
          > PUSH|4deedd7bab8817ec|sensor-01|^batch_42@1694567890000{firmware=2.1}[temperature:=32#C;humidity:=65#%]
          < ACK|OK|2
          > PUSH|4deedd7bab8817ec|datalogger-7|[temp:=32@1694567890000;temp:=33@1694567900000;temp:=31@1694567910000]
          < ACK|OK|3
          > PULL|4deedd7bab8817ec|datalogger-7|[temp]
          < ACK|OK|[temp:=31@1694567910000]
          > PUSH|4deedd7bab8817ec|sensor-01|>xDEADBEEF01020304
          < ACK|OK|1
          > PUSH|4deedd7bab8817ec|sensor-01|>b3q2+7wECAwQ=
          < ACK|OK|1
          > PULL|4deedd7bab8817ec|weather-denver|[temperature]
          < ACK|OK|[temperature:=32@NOW]
          > PING|4deedd7bab8817ec|sensor-01
          < ACK|PONG",
    );
}

#[test]
fn the_quick_tests_with_netcat() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    let udp = "nc -u -w1 udp.tip.us-e1.tago.io 5683";
    let tcp = "nc -w1 tcp.tip.us-e1.tago.io 5693";
    for (netcat, frame, answer) in [
        (udp, "PUSH|4deedd7bab8817ec|sensor-01|[temperature:=25.5#C]", "ACK|OK|1"),
        (
            udp,
            "PUSH|4deedd7bab8817ec|sensor-01|[temperature:=25.5#C;humidity:=60#%;active?=true]",
            "ACK|OK|3",
        ),
        (udp, "PING|4deedd7bab8817ec|sensor-01", "ACK|PONG"),
        (tcp, "PUSH|4deedd7bab8817ec|sensor-01|[temperature:=25.5#C]", "ACK|OK|1"),
        (tcp, "PULL|4deedd7bab8817ec|sensor-01|[temperature]", "ACK|OK|[temperature:=25.5#C@NOW]"),
        (tcp, "PING|4deedd7bab8817ec|sensor-01", "ACK|PONG"),
    ] {
        let echo = if netcat == udp { "echo -n" } else { "echo" };
        let answered = paste(&gateway, &format!("{echo} '{frame}' | {netcat}"));
        assert_eq!(without_times(answered.trim_end()), answer, "{frame}");
    }
}

#[test]
fn the_requests_over_http() {
    let folder = Folder::new();
    let gateway = Gateway::start(&folder, LISTEN);
    let curl = |options: &str, path: &str| {
        paste(
            &gateway,
            &format!(
                "curl -s -w ' %{{http_code}}' -H 'Authorization: TagoTiP 4deedd7bab8817ec' {options} \
                 'https://http.tip.us-e1.tago.io{path}'"
            ),
        )
    };
    let push = |serial: &str, body: &str| {
        curl(
            &format!("-H 'Content-Type: text/plain' --data-raw '{body}'"),
            &format!("/v1/tip/{serial}"),
        )
    };
    assert_eq!(push("sensor-01", "[temperature:=32#C;humidity:=65#%]"), "2 200");
    assert_eq!(push("sensor-01", ">xDEADBEEF01020304"), "1 200");
    let batch = "@1694567890000[temperature:=32#F;humidity:=65#%]";
    assert_eq!(push("weather-denver", batch), "2 200");
    assert_eq!(
        curl("", "/v1/tip/weather-denver?variables=temperature,humidity"),
        "[temperature:=32#F@1694567890000;humidity:=65#%@1694567890000] 200"
    );
    let head = || curl("-I", "/v1/tip/sensor-01").to_lowercase();
    assert!(head().starts_with("http/1.1 204 no content\n"), "{}", head());
    assert!(gateway.command("sensor-01", "reboot").starts_with("HTTP/1.1 200"));
    let answer = head();
    assert!(answer.starts_with("http/1.1 200 ok\n"), "{answer}");
    assert!(answer.contains("\nx-tagotip-cmd: reboot\n"), "{answer}");
}
