//! Frames made by walking the grammar, and mutants of them.

use super::Random;

const NAME: &str = "abcdefghijklmnopqrstuvwxyz0123456789_";
const SERIAL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PLAIN: &str = " !\"$%&'()*+-./0123456789:<=>?ABCXYZ_`abcxyz~éßµ°漢字😀\u{80}\u{7ff}\u{ffff}";
const ESCAPES: [&str; 12] =
    ["\\|", "\\[", "\\]", "\\;", "\\,", "\\{", "\\}", "\\#", "\\@", "\\^", "\\\\", "\\n"];

/// A line as a device could send it.
pub fn uplink(random: &mut Random) -> String {
    let mut frame = match random.below(8) {
        0 => format!("PING|{}{}|{}", seq(random), auth(random), serial(random)),
        1 => {
            let names: Vec<String> = (0..count(random)).map(|_| name(random)).collect();
            let head = format!("PULL|{}{}|{}", seq(random), auth(random), serial(random));
            format!("{head}|[{}]", names.join(";"))
        }
        n => {
            let head = format!("PUSH|{}{}|{}", seq(random), auth(random), serial(random));
            let body = match n {
                2 if random.chance(2) => format!(">x{}", hex(random)),
                2 => format!(">b{}", random.word("ABCDEFGHIJKabcdefghijk0123456789+/=", 200)),
                _ => block(random),
            };
            format!("{head}|{body}")
        }
    };
    frame += random.pick(&["", "", "\n", "\r\n"]);
    frame
}

/// A line as a server could send it.
pub fn answer(random: &mut Random) -> String {
    let status = random.pick(&["OK", "PONG", "CMD", "ERR"]);
    let mut frame = format!("ACK|{}{status}", seq(random));
    match random.below(5) {
        0 => {}
        1 => frame += &format!("|{}", random.word("0123456789", 22)),
        2 => frame += &format!("|{}", list(random)),
        3 => {
            frame += &format!("|{}", random.pick(&["invalid_seq", "reboot", "ota=https://e.x/v2"]))
        }
        _ => frame += &format!("|{}", text(random, true)),
    }
    frame += random.pick(&["", "", "\n", "\r\n"]);
    frame
}

pub fn block(random: &mut Random) -> String {
    let mut modifiers = String::new();
    if random.chance(3) {
        let group_first = random.chance(3);
        if !group_first && random.chance(2) {
            modifiers += &format!("@={}", place(random));
        }
        let mut pair = [format!("@{}", time(random)), format!("^{}", name(random))];
        if group_first {
            pair.reverse();
        }
        for modifier in pair {
            if random.chance(2) {
                modifiers += &modifier;
            }
        }
        if random.chance(2) {
            modifiers += &metadata(random);
        }
    }
    modifiers + &list(random)
}

fn list(random: &mut Random) -> String {
    let variables: Vec<String> = (0..count(random)).map(|_| variable(random)).collect();
    format!("[{}]", variables.join(";"))
}

fn variable(random: &mut Random) -> String {
    let mut variable = name(random);
    let is_place = random.chance(6);
    variable += &match random.below(3) {
        _ if is_place => format!("@={}", place(random)),
        0 => format!("={}", text(random, true)),
        1 => format!("?={}", random.pick(&["true", "false"])),
        _ => format!(":={}", number(random)),
    };
    if !is_place && random.chance(3) {
        variable += &format!("#{}", unit(random));
    }
    if !is_place && random.chance(5) {
        variable += &format!("@={}", place(random));
    }
    if random.chance(3) {
        variable += &format!("@{}", time(random));
    }
    if random.chance(4) {
        variable += &format!("^{}", name(random));
    }
    if random.chance(4) {
        variable += &metadata(random);
    }
    variable
}

fn count(random: &mut Random) -> usize {
    if random.chance(40) { 1 + random.below(101) } else { 1 + random.below(5) }
}

fn seq(random: &mut Random) -> String {
    match random.below(6) {
        0 => format!("!{}|", random.next() as u32),
        1 => random.pick(&["!0|", "!1|", "!4294967295|", "!4294967296|"]).to_string(),
        _ => String::new(),
    }
}

fn auth(random: &mut Random) -> String {
    let mut digits =
        |count| (0..count).map(|_| random.pick(&["0", "9", "a", "F", "4e"])).collect::<String>();
    let hash: String = digits(16).chars().take(16).collect();
    let token: String = digits(32).chars().take(32).collect();
    if random.chance(4) { format!("at{token}") } else { hash }
}

fn serial(random: &mut Random) -> String {
    random.word(SERIAL, 101)
}

fn name(random: &mut Random) -> String {
    match random.below(3) {
        0 => random.pick(&["temperature", "humidity", "t", "_", "0"]).into(),
        _ => random.word(NAME, 101),
    }
}

fn unit(random: &mut Random) -> String {
    match random.below(3) {
        0 => random.word(PLAIN, 26),
        _ => random.pick(&["C", "%", "kWh", "°C", "m/s"]).into(),
    }
}

pub fn number(random: &mut Random) -> String {
    let mut number = String::from(if random.chance(3) { "-" } else { "" });
    match random.below(4) {
        0 => number += "0",
        _ => {
            number += random.pick(&["1", "2", "9"]);
            if random.chance(2) {
                number += &random.word("0123456789", 30);
            }
        }
    }
    if random.chance(2) {
        number += &format!(".{}", random.word("0123456789", 30));
    }
    number
}

fn place(random: &mut Random) -> String {
    let mut place = format!("{},{}", number(random), number(random));
    if random.chance(3) {
        place += &format!(",{}", number(random));
    }
    place
}

fn time(random: &mut Random) -> String {
    match random.below(4) {
        0 => random.next().to_string(),
        1 => random.pick(&["0", "1", "007", "18446744073709551615", "18446744073709551616"]).into(),
        _ => (1_694_567_890_000 + random.next() % 1_000_000_000).to_string(),
    }
}

/// Text with escapes; in metadata without bare commas.
fn text(random: &mut Random, commas: bool) -> String {
    let mut text = String::new();
    let pieces = if random.chance(20) { 60 } else { 4 };
    for _ in 0..1 + random.below(pieces) {
        match random.below(4) {
            0 => text += ESCAPES[random.below(ESCAPES.len())],
            1 if commas => text += ",",
            _ => text += &random.word(PLAIN, 20),
        }
    }
    text
}

fn metadata(random: &mut Random) -> String {
    let count = if random.chance(20) { 1 + random.below(33) } else { 1 + random.below(3) };
    let pairs: Vec<String> =
        (0..count).map(|_| format!("{}={}", name(random), text(random, false))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn hex(random: &mut Random) -> String {
    let mut hex = random.word("0123456789abcdefABCDEF", 300);
    if hex.len() % 2 == 1 && !random.chance(8) {
        hex.push('0');
    }
    hex
}

/// One or two small changes: bytes inserted, removed, replaced, doubled, or the end cut off.
pub fn mutate(random: &mut Random, frame: &[u8]) -> Vec<u8> {
    const BYTES: &[u8] = b"|;[]{}#@^\\,=:?!-.0019aAtz \n\r\t\0\x7f\x80\xc3\xff<>xbP";
    let mut frame = frame.to_vec();
    for _ in 0..1 + random.below(2) {
        let at = random.below(frame.len());
        let byte = BYTES[random.below(BYTES.len())];
        match random.below(5) {
            0 => frame.insert(at, byte),
            1 if !frame.is_empty() => _ = frame.remove(at),
            2 if !frame.is_empty() => frame[at] = byte,
            3 => {
                let end = (at + 1 + random.below(20)).min(frame.len());
                let copy = frame[at..end].to_vec();
                let to = random.below(frame.len());
                frame.splice(to..to, copy);
            }
            _ => frame.truncate(at),
        }
    }
    frame
}
