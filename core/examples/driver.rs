//! The black box of `docs/spec/driver.md` over the Rust API: requests on standard input, one JSON
//! answer a line on standard output.

use std::io::{self, BufRead, Write};

use tipwire::platform::thingsboard::Converter;
use tipwire::platform::thingspanel::Packet;
use tipwire::stream::{Any, Order, Settings, Splitter};
use tipwire::{
    Ack, Body, Cipher, Detail, Error, Frame, Header, Inner, InnerMethod, Layout, Opener, Push,
    Reply, Sealer, Status, Token, Value, Variables,
};

fn main() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut request = Vec::new();
    loop {
        request.clear();
        if input.read_until(b'\n', &mut request)? == 0 {
            return output.flush();
        }
        request.pop_if(|last| *last == b'\n');
        writeln!(output, "{}", answer(&request))?;
        // Whoever waits for this answer before asking again gets it now.
        if input.fill_buf().is_ok_and(|more| !more.contains(&b'\n')) {
            output.flush()?;
        }
    }
}

/// The answer to one request, errors included.
pub fn answer(request: &[u8]) -> String {
    let fields: Vec<&[u8]> = request.split(|&byte| byte == b'\t').collect();
    dispatch(&fields).unwrap_or_else(|error| format!("{{\"error\":{error}}}"))
}

fn dispatch(fields: &[&[u8]]) -> Answer {
    match *fields {
        [b"uplink", frame] => uplink(&hex(frame)?),
        [b"ack", frame] => ack(&hex(frame)?),
        [b"inner", method, frame] => inner(plain(method)?, &hex(frame)?),
        [b"open", layout, key, envelope] => {
            let layout = Layout::from_name(plain(layout)?).ok_or_else(bad_request)?;
            open(layout, &hex(key)?, &mut hex(envelope)?)
        }
        [b"seal", ref fields @ ..] => seal(fields),
        [b"derive", token, serial, length] => {
            derive(plain(token)?, plain(serial)?, number(length)?)
        }
        [b"points", auth, serial, json] => points(plain(auth)?, plain(serial)?, &hex(json)?),
        [b"split", splitter, settings, chunks] => {
            split(plain(splitter)?, plain(settings)?, &hexes(chunks)?)
        }
        [b"packet", bytes] => packet(&hex(bytes)?),
        [b"thingsboard", converter, settings, message] => {
            thingsboard(plain(converter)?, &hex(settings)?, &hex(message)?)
        }
        _ => Err(bad_request()),
    }
}

/// An answer, or the object that stands under `error`.
type Answer = Result<String, String>;

fn bad_request() -> String {
    code("bad_request")
}

fn code(code: &str) -> String {
    format!("{{\"code\":\"{code}\"}}")
}

fn unreadable(error: Error) -> String {
    format!("{{\"code\":\"{}\",\"at\":{}}}", error.code(), error.at)
}

fn hex(digits: &[u8]) -> Result<Vec<u8>, String> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(bad_request()),
    };
    if digits.len() % 2 == 1 {
        return Err(bad_request());
    }
    digits.chunks(2).map(|pair| Ok(value(pair[0])? << 4 | value(pair[1])?)).collect()
}

/// Hex with commas between.
fn hexes(list: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    list.split(|&byte| byte == b',').map(hex).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn plain(field: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(field).map_err(|_| bad_request())
}

fn number<T: std::str::FromStr>(field: &[u8]) -> Result<T, String> {
    let text = plain(field)?;
    if !text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad_request());
    }
    text.parse().map_err(|_| bad_request())
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn uplink(bytes: &[u8]) -> Answer {
    let frame = Frame::parse(bytes).map_err(unreadable)?;
    let canonical = rebuild_uplink(&frame);
    Ok(format!("{{{},\"canonical\":{}}}", forms(&frame), quoted(&canonical)))
}

fn ack(bytes: &[u8]) -> Answer {
    let ack = Ack::parse(bytes).map_err(unreadable)?;
    let canonical = rebuild_ack(&ack);
    Ok(format!("{{{},\"canonical\":{}}}", ack_forms(&ack), quoted(&canonical)))
}

fn inner(method: &str, bytes: &[u8]) -> Answer {
    let method = InnerMethod::from_name(method).ok_or_else(bad_request)?;
    Ok(match Inner::parse(method, bytes).map_err(unreadable)? {
        Inner::Frame(frame) => format!("{{{}}}", forms(&frame)),
        Inner::Ack(ack) => format!("{{{}}}", ack_forms(&ack)),
    })
}

fn open(layout: Layout, key: &[u8], envelope: &mut [u8]) -> Answer {
    let refused = |error: Error| code(error.code());
    let cipher = Header::parse(layout, envelope).map_err(refused)?.cipher;
    let opener = Opener::new(cipher, key, None).map_err(refused)?;
    let opened = opener.open(layout, envelope).map_err(refused)?;
    let header = opened.header;
    Ok(format!(
        "{{\"cipher\":\"{}\",\"method\":\"{}\",\"counter\":{},\"auth\":\"{}\",\"device\":\"{}\",\"inner\":{}}}",
        header.cipher,
        header.method.name(),
        header.counter,
        header.auth,
        to_hex(header.device()),
        quoted(opened.text())
    ))
}

fn seal(fields: &[&[u8]]) -> Answer {
    let &[layout, cipher, method, token, serial, key, counter, inner] = fields else {
        return Err(bad_request());
    };
    let layout = Layout::from_name(plain(layout)?).ok_or_else(bad_request)?;
    let cipher = Cipher::from_name(plain(cipher)?).ok_or_else(bad_request)?;
    let method = InnerMethod::from_name(plain(method)?).ok_or_else(bad_request)?;
    let (token, serial) = (plain(token)?, plain(serial)?);
    let (key, counter, inner) = (hex(key)?, number::<u32>(counter)?, hex(inner)?);
    let refused = |error: Error| code(error.code());
    cipher.check_key(&key).map_err(refused)?;
    let token = Token::new(token).map_err(refused)?;
    let sealer = Sealer::new(layout, cipher, &key, &token, serial, counter.into());
    let mut buffer = vec![0; inner.len() + 64];
    let mut sealer = sealer.map_err(refused)?;
    let envelope = sealer.seal(method, &inner, &mut buffer).map_err(refused)?;
    Ok(format!("{{\"envelope\":\"{}\"}}", to_hex(envelope)))
}

/// `"json":…` and, where there are variables, `"points":…`.
fn forms(frame: &Frame<'_>) -> String {
    let mut out = String::from("\"json\":");
    frame.write_json(&mut out).expect("strings take everything");
    if frame.variables().len() > 0 {
        out += ",\"points\":";
        frame.points().write_json(&mut out).expect("strings take everything");
    }
    out
}

fn ack_forms(ack: &Ack<'_>) -> String {
    let mut out = String::from("\"json\":");
    ack.write_json(&mut out).expect("strings take everything");
    if ack.variables().len() > 0 {
        out += ",\"points\":";
        ack.points().write_json(&mut out).expect("strings take everything");
    }
    out
}

fn rebuild_uplink(frame: &Frame<'_>) -> String {
    let (auth, serial) = (frame.auth, frame.serial);
    let built = match &frame.body {
        Body::Push(block) => {
            let mut push = Push::to(String::new(), auth, serial);
            if let Some(seq) = frame.seq {
                push.seq(seq);
            }
            if let Some(location) = block.location {
                push.location(location);
            }
            if let Some(time) = block.time {
                push.time(time);
            }
            if let Some(group) = block.group {
                push.group(group);
            }
            for (key, text) in block.metadata.unique() {
                push.metadata(key, &text.to_cow());
            }
            rebuild_variables(&mut push, block.variables.clone());
            push.finish()
        }
        Body::Raw(raw) => {
            let mut push = Push::to(String::new(), auth, serial);
            if let Some(seq) = frame.seq {
                push.seq(seq);
            }
            push.raw_text(raw.encoding(), raw.data()).finish()
        }
        Body::Pull(names) => {
            let mut pull = tipwire::Pull::to(String::new(), auth, serial);
            if let Some(seq) = frame.seq {
                pull.seq(seq);
            }
            for name in names.clone() {
                pull.name(name);
            }
            pull.finish()
        }
        Body::Ping => {
            let mut ping = tipwire::Ping::to(String::new(), auth, serial);
            if let Some(seq) = frame.seq {
                ping.seq(seq);
            }
            ping.finish()
        }
    };
    built.expect("what was read can be written")
}

fn rebuild_variables(push: &mut Push<tipwire::Owned>, variables: Variables<'_>) {
    for variable in variables {
        match variable.value {
            Value::Number(number) => push.number(variable.name, number.as_str()),
            Value::String(text) => push.string(variable.name, &text.to_cow()),
            Value::Boolean(truth) => push.boolean(variable.name, truth),
            Value::Location(location) => push.position(variable.name, location),
        };
        if let Some(unit) = variable.unit {
            push.unit(unit);
        }
        if let Some(location) = variable.location {
            push.location(location);
        }
        if let Some(time) = variable.time {
            push.time(time);
        }
        if let Some(group) = variable.group {
            push.group(group);
        }
        for (key, text) in variable.metadata.unique() {
            push.metadata(key, &text.to_cow());
        }
    }
}

fn rebuild_ack(ack: &Ack<'_>) -> String {
    let mut reply = Reply::to(String::new());
    if let Some(seq) = ack.seq {
        reply.seq(seq);
    }
    let built = match &ack.detail {
        Detail::None => reply.status(ack.status).finish(),
        Detail::Count(count) => reply.count(*count).finish(),
        Detail::Command(command) => reply.command(command).finish(),
        Detail::Error(error) => reply.text(Status::Err, error).finish(),
        Detail::Text(text) => reply.text(ack.status, text).finish(),
        Detail::Variables(block) => {
            let mut push = reply.variables();
            rebuild_variables(&mut push, block.variables.clone());
            push.finish()
        }
    };
    built.expect("what was read can be written")
}

fn derive(token: &str, serial: &str, length: usize) -> Answer {
    // The request is looked at before what it asks about.
    if length > 32 {
        return Err(bad_request());
    }
    let token = Token::new(token).map_err(|error| code(error.code()))?;
    let key = token.derive_key(serial);
    Ok(format!(
        "{{\"auth\":\"{}\",\"auth_a\":\"{}\",\"device\":\"{}\",\"key\":\"{}\"}}",
        token.hash(),
        token.first_revision_hash(),
        tipwire::device_hash(serial),
        to_hex(&key.bytes()[..length])
    ))
}

fn points(auth: &str, serial: &str, json: &[u8]) -> Answer {
    let json = std::str::from_utf8(json).map_err(|_| code("invalid_payload"))?;
    let frame = Push::to(String::new(), auth, serial).points_json(json).finish();
    frame.map(|frame| format!("{{\"frame\":{}}}", quoted(&frame))).map_err(|error| {
        let mut out = format!("{{\"code\":\"{}\"", error.code());
        if let Some(point) = error.point {
            out += &format!(",\"point\":{point}");
        }
        if let Some(field) = error.field {
            out += &format!(",\"field\":\"{field}\"");
        }
        out + "}"
    })
}

fn split(splitter: &str, settings: &str, chunks: &[Vec<u8>]) -> Answer {
    if !Any::NAMES.contains(&splitter) {
        return Err(bad_request());
    }
    let words = settings.split_terminator(';').map(|word| word.split_once('='));
    let words: Vec<_> = words.collect::<Option<_>>().ok_or_else(bad_request)?;
    let delimiters = words.iter().rfind(|word| word.0 == "delimiters");
    let delimiters = delimiters.map(|word| hexes(word.1.as_bytes())).transpose()?;
    let delimiters: Option<Vec<&[u8]>> =
        delimiters.as_ref().map(|list| list.iter().map(Vec::as_slice).collect());
    let mut settings = Settings { delimiters: delimiters.as_deref(), ..Settings::default() };
    for (key, value) in words {
        // What not every language can hold is no number here.
        let integer = || number::<i32>(value.as_bytes());
        let size = || usize::try_from(integer()?).map_err(|_| bad_request());
        match (key, value) {
            ("delimiters", _) => {}
            ("max", _) => settings.max = Some(size()?),
            ("strip", "true") => settings.strip = Some(1),
            ("strip", "false") => settings.strip = Some(0),
            ("strip", _) => settings.strip = Some(size()?),
            ("order", "big") => settings.order = Some(Order::Big),
            ("order", "little") => settings.order = Some(Order::Little),
            ("offset", _) => settings.offset = Some(size()?),
            ("length", _) => settings.length = Some(size()?),
            ("adjustment", _) => settings.adjustment = Some(integer()?.into()),
            _ => return Err(bad_request()),
        }
    }
    let splitter = Any::new(splitter, &settings).and_then(Splitter::owned);
    let mut splitter = splitter.map_err(|kind| code(kind.name()))?;
    let mut events = Vec::new();
    for chunk in chunks {
        let mut input = chunk.as_slice();
        while let Some(event) = splitter.next(&mut input) {
            events.push(match event {
                Ok(message) => format!("{{\"message\":\"{}\"}}", to_hex(message)),
                Err(kind) => format!("{{\"error\":\"{}\"}}", kind.name()),
            });
        }
    }
    Ok(format!("{{\"events\":[{}],\"pending\":{}}}", events.join(","), splitter.pending()))
}

fn packet(bytes: &[u8]) -> Answer {
    let Packet { kind, command, payload } =
        Packet::parse(bytes).map_err(|error| code(error.code()))?;
    let payload = to_hex(payload);
    Ok(format!("{{\"type\":{kind},\"command\":{command},\"payload\":\"{payload}\"}}"))
}

fn thingsboard(converter: &str, settings: &[u8], message: &[u8]) -> Answer {
    if !Converter::NAMES.contains(&converter) {
        return Err(bad_request());
    }
    let settings = std::str::from_utf8(settings).map_err(|_| code("invalid_settings"))?;
    let converter = Converter::new(converter, settings).map_err(|kind| code(kind.name()))?;
    let mut json = String::new();
    converter.convert(message, &mut json).map(|()| json).map_err(|error| {
        let (code, field, at) = (error.code(), quoted(error.field), error.at);
        format!("{{\"code\":\"{code}\",\"field\":{field},\"at\":{at}}}")
    })
}
