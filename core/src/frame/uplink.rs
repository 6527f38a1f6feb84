//! Uplinks: what a device sends.

use core::fmt;
use core::hint::cold_path;
use core::mem::MaybeUninit;

use crate::cursor::{HEX, NAME, SERIAL, Scan};
use crate::error::{BuildError, Error, Field, Kind};
use crate::frame::body::{Block, Body, Names, Raw};
use crate::frame::line::{IntoSink, Line, Sink};
use crate::frame::variable::{Each, Variable, Variables};
use crate::frame::{Method, Revision, line, made, read_whole, text_by, text_of};
use crate::limits::{HASH_DIGITS, MAX_NAME, MAX_VARIABLES, TOKEN_DIGITS};
use crate::scan;

/// An uplink, checked completely and borrowed from the bytes it was read from.
///
/// ```
/// use tipwire::{Body, Frame};
///
/// let frame = Frame::parse(b"PUSH|!7|4deedd7bab8817ec|sensor-01|[temperature:=32.5#C;on?=true]\n")?;
/// assert_eq!((frame.seq, frame.auth, frame.serial), (Some(7), "4deedd7bab8817ec", "sensor-01"));
/// for variable in frame.variables() {
///     println!("{} is {:?} {}", variable.name, variable.value, variable.unit.unwrap_or(""));
/// }
/// # assert_eq!(frame.variables().len(), 2);
///
/// match Frame::parse(b"PULL|4deedd7bab8817ec|sensor-01|[temperature;humidity]")?.body {
///     Body::Pull(names) => assert!(names.eq(["temperature", "humidity"])),
///     _ => unreachable!(),
/// }
/// # Ok::<(), tipwire::Error>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Frame<'a> {
    /// The sequence counter.
    pub seq: Option<u32>,
    /// The authorization: 16 hex digits, or a token. Empty in the inner frame of an envelope,
    /// whose header has it.
    pub auth: &'a str,
    /// The device's serial.
    pub serial: &'a str,
    /// What the method brings with it.
    pub body: Body<'a>,
}

impl<'a> Frame<'a> {
    /// Reads an uplink of any revision, with or without a line ending.
    pub fn parse(bytes: &'a [u8]) -> Result<Frame<'a>, Error> {
        made(Frame::empty(), |frame| frame.fill(text_of(line(bytes)), None, None, &mut ()))
    }

    /// Reads an uplink as [`parse`](Frame::parse) does, and gives each variable to `each` once it is
    /// checked: the quickest way for who goes through all of them, since none is taken apart twice.
    ///
    /// What comes after a variable may still be wrong: where an error comes back, those that were given
    /// before are of a frame that does not count.
    ///
    /// ```
    /// let mut names = Vec::new();
    /// let line = b"PUSH|4deedd7bab8817ec|s|@1694567890000[t:=32.5;h:=65]";
    /// let frame = tipwire::Frame::parse_each(line, |variable| names.push(variable.name))?;
    /// assert_eq!((names, frame.serial), (vec!["t", "h"], "s"));
    /// # Ok::<(), tipwire::Error>(())
    /// ```
    pub fn parse_each(
        bytes: &'a [u8],
        mut each: impl FnMut(Variable<'a>),
    ) -> Result<Frame<'a>, Error> {
        made(Frame::empty(), |frame| frame.fill(text_of(line(bytes)), None, None, &mut each))
    }

    /// Reads an uplink and shows it, for who is not to move it: small processors copy by code, and
    /// WebAssembly by a call. Each variable was shown before. `utf8` gives the text that bytes are, or
    /// how many at the front are one.
    #[doc(hidden)]
    #[inline(always)]
    pub fn show<E: Each<'a>, T>(
        bytes: &'a [u8],
        utf8: impl FnOnce(&[u8]) -> Result<&str, usize>,
        each: &mut E,
        to: impl FnOnce(&mut E, &Frame<'a>) -> T,
    ) -> Result<T, Error> {
        let mut frame = Frame::empty();
        frame.fill(text_by(line(bytes), utf8), None, None, each).map(|()| to(each, &frame))
    }

    /// The same for what [`parse_inner`](Frame::parse_inner) reads.
    #[doc(hidden)]
    #[inline(always)]
    pub fn show_inner<E: Each<'a>, T>(
        method: Method,
        bytes: &'a [u8],
        utf8: impl FnOnce(&[u8]) -> Result<&str, usize>,
        each: &mut E,
        to: impl FnOnce(&mut E, &Frame<'a>) -> T,
    ) -> Result<T, Error> {
        let mut frame = Frame::empty();
        frame.fill(text_by(bytes, utf8), Some(method), None, each).map(|()| to(each, &frame))
    }

    /// Reads an uplink of one revision only.
    pub fn parse_as(revision: Revision, bytes: &'a [u8]) -> Result<Frame<'a>, Error> {
        made(Frame::empty(), |frame| {
            frame.fill(text_of(line(bytes)), None, Some(revision), &mut ())
        })
    }

    /// Reads the inner frame of an envelope: without method, counter, authorization and line
    /// ending. Offsets count from its own first byte.
    pub fn parse_inner(method: Method, bytes: &'a [u8]) -> Result<Frame<'a>, Error> {
        made(Frame::empty(), |frame| frame.fill(text_of(bytes), Some(method), None, &mut ()))
    }

    /// Reads an uplink, or with a method what [`parse_inner`](Frame::parse_inner) reads, to where it is to
    /// be, which stays as it is where this fails: for who has room for it there, and little on the stack.
    #[doc(hidden)]
    #[inline(always)]
    pub fn read_into(
        bytes: &'a [u8],
        utf8: impl FnOnce(&[u8]) -> Result<&str, usize>,
        method: Option<Method>,
        room: &mut MaybeUninit<Frame<'a>>,
    ) -> Result<(), Error> {
        let bytes = if method.is_none() { line(bytes) } else { bytes };
        let text = text_by(bytes, utf8);
        if cfg!(tipwire_small) {
            return Frame::check_and_fill(text, method, room);
        }
        let mut frame = Frame::empty();
        frame.fill(text, method, None, &mut ())?;
        room.write(frame);
        Ok(())
    }

    /// Checks first, and reads once more then what is not variables: none is on the stack meanwhile.
    fn check_and_fill(
        text: Result<&'a str, Error>,
        method: Option<Method>,
        room: &mut MaybeUninit<Frame<'a>>,
    ) -> Result<(), Error> {
        read_whole(text, |scan| {
            let mut start = *scan;
            let variables = Frame::check(scan, method)?;
            let frame = room.write(Frame::empty());
            Frame::read_head(Some(frame), &mut start, method, None)?;
            if let Body::Push(block) = &mut frame.body {
                block.variables = variables;
            }
            Ok(())
        })
    }

    /// Whether [`parse_inner`](Frame::parse_inner) would read it.
    pub(crate) fn check_inner(method: Method, bytes: &[u8]) -> Result<(), Error> {
        read_whole(text_of(bytes), |scan| Frame::check(scan, Some(method)).map(drop))
    }

    /// Notes nothing but where the variables are, if there are any.
    #[inline(always)]
    fn check(scan: &mut Scan<'a>, method: Option<Method>) -> Result<Variables<'a>, Error> {
        let mut variables = Variables::EMPTY;
        if Frame::read_head(None, scan, method, None)? {
            variables.read(scan, None, &Block::EMPTY, &mut ())?;
        }
        scan.expect_end().map(|()| variables)
    }

    /// No constant: to copy one takes more than to set its few fields.
    #[inline(always)]
    const fn empty() -> Frame<'a> {
        Frame { seq: None, auth: "", serial: "", body: Body::Ping }
    }

    /// Reads to where the frame is to be, so that it is not copied on the way: with a method an inner one.
    #[cfg_attr(not(tipwire_small), inline(always))]
    #[cfg_attr(tipwire_small, inline(never))]
    fn fill(
        &mut self,
        text: Result<&'a str, Error>,
        method: Option<Method>,
        revision: Option<Revision>,
        each: &mut impl Each<'a>,
    ) -> Result<(), Error> {
        read_whole(text, |scan| {
            if Frame::read_head(Some(self), scan, method, revision)?
                && let Body::Push(block) = &mut self.body
            {
                let mut variables = Variables::EMPTY;
                variables.read(scan, revision, block, each)?;
                block.variables = variables;
            }
            scan.expect_end()
        })
    }

    /// All but the variables, which may follow: where there is nothing to note it in, it is only checked.
    ///
    /// ```abnf
    /// uplink = METHOD "|" [seq "|"] auth "|" inner
    /// inner  = serial ["|" body]
    /// ```
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    #[cfg_attr(tipwire_small, inline(never))]
    fn read_head(
        mut noted: Option<&mut Frame<'a>>,
        scan: &mut Scan<'a>,
        method: Option<Method>,
        revision: Option<Revision>,
    ) -> Result<bool, Error> {
        let method = if let Some(method) = method {
            method
        } else {
            let method = read_method(scan)?;
            let seq = read_seq(scan)?;
            let start = scan.at();
            read_auth(scan, revision)?;
            if let Some(frame) = &mut noted {
                frame.seq = seq;
                frame.auth = scan.since(start);
            }
            scan.expect(b'|', Kind::AuthEnd)?;
            method
        };
        let start = scan.at();
        scan.word(SERIAL, MAX_NAME, Kind::Serial, Kind::SerialLength)?;
        if let Some(frame) = &mut noted {
            frame.serial = scan.since(start);
        }
        if method == Method::Ping {
            return Ok(false);
        }
        scan.expect(b'|', Kind::SerialEnd)?;
        let body = match (method, scan.peek()) {
            (Method::Pull, _) => Body::Pull(Names::read(scan)?),
            (_, b'>') => Body::Raw(Raw::read(scan)?),
            _ => {
                let block = noted.and_then(|frame| {
                    frame.body = Body::Push(Block::empty());
                    if let Body::Push(block) = &mut frame.body { Some(block) } else { None }
                });
                return Block::read_defaults(block, scan, revision).map(|()| true);
            }
        };
        if let Some(frame) = noted {
            frame.body = body;
        }
        Ok(false)
    }

    /// The method.
    pub const fn method(&self) -> Method {
        self.body.method()
    }

    /// The variables; none where the frame is no PUSH of variables.
    pub fn variables(&self) -> Variables<'a> {
        match &self.body {
            Body::Push(block) => block.variables.clone(),
            _ => Variables::EMPTY,
        }
    }

    /// The names of a PULL; none in other frames.
    pub fn names(&self) -> Names<'a> {
        match &self.body {
            Body::Pull(names) => names.clone(),
            _ => Names::EMPTY,
        }
    }

    /// The passthrough data of a PUSH, if it is one.
    pub const fn raw(&self) -> Option<Raw<'a>> {
        match self.body {
            Body::Raw(raw) => Some(raw),
            _ => None,
        }
    }
}

/// A token is a secret: of one only the first two characters are shown.
impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let auth = if self.auth.starts_with("at") { "at…" } else { self.auth };
        let Frame { seq, serial, body, .. } = self;
        let mut frame = f.debug_struct("Frame");
        frame.field("seq", seq).field("auth", &auth).field("serial", serial);
        frame.field("body", body).finish()
    }
}

/// `PUSH|`, `PULL|` or `PING|`
fn read_method(scan: &mut Scan<'_>) -> Result<Method, Error> {
    if !cfg!(tipwire_small) {
        let methods = [(Method::Push, b"PUSH"), (Method::Pull, b"PULL"), (Method::Ping, b"PING")];
        for (method, name) in methods {
            if scan.eat_word(name) {
                return scan.expect(b'|', Kind::Method).map(|()| method);
            }
        }
    }
    // Byte by byte: an error is at the first one at which all of them are out.
    scan.expect(b'P', Kind::Method)?;
    let (method, rest) = if scan.eat(b'I') {
        (Method::Ping, "NG|")
    } else {
        scan.expect(b'U', Kind::Method)?;
        if scan.eat(b'L') { (Method::Pull, "L|") } else { (Method::Push, "SH|") }
    };
    scan.expect_word(rest, Kind::Method).map(|()| method)
}

/// `["!" seq "|"]`, where `seq` has at most 32 bits and no leading zeros.
pub(super) fn read_seq(scan: &mut Scan<'_>) -> Result<Option<u32>, Error> {
    if !scan.eat(b'!') {
        return Ok(None);
    }
    let start = scan.at();
    let mut seq = 0u32;
    loop {
        let digit = u32::from(scan.peek().wrapping_sub(b'0'));
        if digit > 9 {
            break;
        }
        let is_padded = seq == 0 && scan.at() > start;
        let next = seq.wrapping_mul(10).wrapping_add(digit);
        if is_padded || seq > u32::MAX / 10 || next < digit {
            return Err(scan.error(Kind::SeqRange));
        }
        seq = next;
        scan.bump();
    }
    if scan.at() == start {
        return Err(scan.error(Kind::Seq));
    }
    scan.expect(b'|', Kind::SeqEnd)?;
    Ok(Some(seq))
}

/// `auth = 16hex / ("at" 32hex)`
fn read_auth(scan: &mut Scan<'_>, revision: Option<Revision>) -> Result<(), Error> {
    let (tokens, hashes) = match revision {
        None => (true, true),
        Some(Revision::A) => (true, false),
        Some(_) => (false, true),
    };
    let mut digits = HASH_DIGITS;
    if tokens && scan.eat_word(b"at") {
        digits = TOKEN_DIGITS;
    } else if !hashes {
        scan.expect_word("at", Kind::Auth)?;
    }
    scan.expect_run(HEX, digits, Kind::Auth)
}

/// Whether `auth` is one that a frame can carry; else what is wrong.
pub(crate) fn check_auth(auth: &str) -> Result<(), Kind> {
    let (digits, count) = match auth.strip_prefix("at") {
        Some(digits) => (digits, TOKEN_DIGITS),
        None => (auth, HASH_DIGITS),
    };
    let fits = digits.len() == count && scan::is_all(digits.as_bytes(), HEX);
    if fits { Ok(()) } else { Err(Kind::Auth) }
}

/// Writes a hash or a token.
#[cfg_attr(not(target_family = "wasm"), inline(always))]
pub(crate) fn write_auth<S: Sink>(out: &mut Line<S>, auth: &str) {
    out.field(Field::Auth);
    if !cfg!(any(tipwire_small, target_family = "wasm")) {
        // A hash, as most have: its digits are looked at together, and copied without their number
        // being looked at.
        if let Ok(digits) = <&[u8; HASH_DIGITS]>::try_from(auth.as_bytes())
            && digits.iter().fold(true, |all, digit| all & digit.is_ascii_hexdigit())
        {
            return out.put(digits);
        }
        cold_path();
    }
    out.check(check_auth(auth));
    out.put(auth.as_bytes());
}

/// Writes `METHOD|auth|serial`; without a method `serial` alone, as inner frames have it.
#[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
pub(super) fn write_head<S: Sink>(out: &mut Line<S>, method: Option<(Method, &str)>, serial: &str) {
    if let Some((method, auth)) = method {
        out.put_mark(match method {
            Method::Push => b"PUSH|",
            Method::Pull => b"PULL|",
            Method::Ping => b"PING|",
        });
        out.allow_seq();
        write_auth(out, auth);
        out.put_mark(b"|");
    }
    out.field(Field::Serial);
    out.put_word(serial, SERIAL, MAX_NAME, Kind::Serial, Kind::SerialLength);
}

/// Writes a PULL.
///
/// ```
/// use tipwire::Pull;
///
/// let mut buffer = [0; 64];
/// let mut pull = Pull::to(&mut buffer, "4deedd7bab8817ec", "s");
/// let line = pull.seq(7).name("t").name("h").finish_line()?;
/// assert_eq!(line, b"PULL|!7|4deedd7bab8817ec|s|[t;h]\n");
/// # Ok::<(), tipwire::BuildError>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing comes of it until `finish`"]
pub struct Pull<S> {
    line: Line<S>,
    count: usize,
}

impl<S: Sink> Pull<S> {
    /// Starts a PULL.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn to(sink: impl IntoSink<Sink = S>, auth: &str, serial: &str) -> Pull<S> {
        let mut pull = Pull { line: Line::new(sink), count: 0 };
        write_head(&mut pull.line, Some((Method::Pull, auth)), serial);
        pull
    }

    /// Starts the inner frame of an envelope.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn inner(sink: impl IntoSink<Sink = S>, serial: &str) -> Pull<S> {
        let mut pull = Pull { line: Line::new(sink), count: 0 };
        write_head(&mut pull.line, None, serial);
        pull
    }

    /// Sets the sequence counter.
    pub fn seq(&mut self, seq: u32) -> &mut Pull<S> {
        self.line.insert_seq(seq);
        self
    }

    /// Asks for one more variable.
    pub fn name(&mut self, name: &str) -> &mut Pull<S> {
        self.line.field(Field::Names);
        if self.count == MAX_VARIABLES {
            self.line.fail(Kind::TooManyVariables);
        }
        self.line.put(if self.count == 0 { b"|[" } else { b";" });
        self.line.put_word(name, NAME, MAX_NAME, Kind::Name, Kind::NameLength);
        self.count += 1;
        self
    }

    /// Fails with this: for callers who find something wrong that never comes here as a name.
    pub fn refuse(&mut self, kind: Kind) -> &mut Pull<S> {
        self.line.field(Field::Names);
        self.line.fail(kind);
        self
    }

    /// Asks for variables whose names were read, as they stand.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn names(&mut self, names: Names<'_>) -> &mut Pull<S> {
        self.line.field(Field::Names);
        if names.len() > 0 {
            self.line.put(if self.count == 0 { b"|[" } else { b";" });
            self.line.put(names.raw().as_bytes());
            self.count += names.len();
        }
        if self.count > MAX_VARIABLES {
            self.line.fail(Kind::TooManyVariables);
        }
        self
    }

    /// The frame, without a line ending.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn finish(&mut self) -> Result<S::Done, BuildError> {
        self.end(false)
    }

    /// The frame and a line feed, as streams want it.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn finish_line(&mut self) -> Result<S::Done, BuildError> {
        self.end(true)
    }

    #[doc(hidden)]
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn end(&mut self, with_feed: bool) -> Result<S::Done, BuildError> {
        self.close();
        self.line.end(with_feed)
    }

    fn close(&mut self) {
        if self.count == 0 {
            self.line.field(Field::Names);
            self.line.fail(Kind::Empty);
        }
        self.line.put_mark(b"]");
    }
}

/// Writes a PING.
///
/// ```
/// use tipwire::Ping;
///
/// let mut buffer = [0; 64];
/// let line = Ping::to(&mut buffer, "4deedd7bab8817ec", "sensor-01").finish_line()?;
/// assert_eq!(line, b"PING|4deedd7bab8817ec|sensor-01\n");
/// # Ok::<(), tipwire::BuildError>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing comes of it until `finish`"]
pub struct Ping<S> {
    line: Line<S>,
}

impl<S: Sink> Ping<S> {
    /// Starts a PING.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn to(sink: impl IntoSink<Sink = S>, auth: &str, serial: &str) -> Ping<S> {
        let mut ping = Ping { line: Line::new(sink) };
        write_head(&mut ping.line, Some((Method::Ping, auth)), serial);
        ping
    }

    /// Starts the inner frame of an envelope.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn inner(sink: impl IntoSink<Sink = S>, serial: &str) -> Ping<S> {
        let mut ping = Ping { line: Line::new(sink) };
        write_head(&mut ping.line, None, serial);
        ping
    }

    /// Sets the sequence counter.
    pub fn seq(&mut self, seq: u32) -> &mut Ping<S> {
        self.line.insert_seq(seq);
        self
    }

    /// The frame, without a line ending.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn finish(&mut self) -> Result<S::Done, BuildError> {
        self.end(false)
    }

    /// The frame and a line feed, as streams want it.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn finish_line(&mut self) -> Result<S::Done, BuildError> {
        self.end(true)
    }

    #[doc(hidden)]
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn end(&mut self, with_feed: bool) -> Result<S::Done, BuildError> {
        self.line.end(with_feed)
    }
}
