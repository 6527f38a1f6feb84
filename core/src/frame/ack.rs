//! Answers: what a server sends.

use crate::cursor::{DETAIL, DIGIT, Scan, Set, is};
use crate::error::{BuildError, Code, Error, Field, Kind};
use crate::frame::body::Block;
use crate::frame::line::{IntoSink, Line, Sink};
use crate::frame::number::write_unsigned;
use crate::frame::uplink::read_seq;
use crate::frame::variable::{Each, Variable, Variables};
use crate::frame::writer::Push;
use crate::frame::{Revision, line, made, read_whole, text_by, text_of};

/// The status of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Status {
    /// Done.
    Ok,
    /// The answer to a PING.
    Pong,
    /// A command for the device, perhaps unasked.
    Cmd,
    /// An error.
    Err,
}

impl Status {
    const ALL: [Status; 4] = [Status::Ok, Status::Pong, Status::Cmd, Status::Err];

    /// The status as it stands on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Ok => "OK",
            Status::Pong => "PONG",
            Status::Cmd => "CMD",
            Status::Err => "ERR",
        }
    }

    /// The status that stands on the wire as `text`.
    pub fn from_name(text: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.name() == text)
    }
}

/// An answer, checked completely and borrowed from the bytes it was read from.
///
/// ```
/// use tipwire::{Ack, Detail};
///
/// assert!(matches!(Ack::parse(b"ACK|!1|OK|2\n")?.detail, Detail::Count(2)));
/// assert!(matches!(Ack::parse(b"ACK|CMD|reboot")?.detail, Detail::Command("reboot")));
/// let error = Ack::parse(b"ACK|ERR|invalid_seq")?;
/// assert_eq!(error.code(), Some(tipwire::Code::InvalidSeq));
/// let list = Ack::parse(b"ACK|OK|[temperature:=25.5#C@1694567890000]")?;
/// assert_eq!(list.variables().next().unwrap().unit, Some("C"));
/// # Ok::<(), tipwire::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ack<'a> {
    /// The sequence counter of the request.
    pub seq: Option<u32>,
    /// The status.
    pub status: Status,
    /// What follows it.
    pub detail: Detail<'a>,
}

/// The detail of an answer.
#[derive(Clone, Debug)]
pub enum Detail<'a> {
    /// There is none.
    None,
    /// `OK`: how many data points were stored.
    Count(u64),
    /// `OK`: the variables asked for.
    Variables(Block<'a>),
    /// `CMD`: the command, as it stands.
    Command(&'a str),
    /// `ERR`: the code, as it stands; [`Ack::code`] gives the known ones.
    Error(&'a str),
    /// Anything else, as it stands.
    Text(&'a str),
}

impl<'a> Ack<'a> {
    /// Reads an answer of any revision, with or without a line ending.
    pub fn parse(bytes: &'a [u8]) -> Result<Ack<'a>, Error> {
        made(Ack::empty(), |ack| ack.fill(text_of(line(bytes)), None, &mut ()))
    }

    /// Reads an answer as [`parse`](Ack::parse) does, and gives each variable to `each` once it is
    /// checked: as [`Frame::parse_each`](crate::Frame::parse_each).
    pub fn parse_each(
        bytes: &'a [u8],
        mut each: impl FnMut(Variable<'a>),
    ) -> Result<Ack<'a>, Error> {
        made(Ack::empty(), |ack| ack.fill(text_of(line(bytes)), None, &mut each))
    }

    /// Reads an answer and shows it: as [`Frame::show`](crate::Frame::show).
    #[doc(hidden)]
    #[inline(always)]
    pub fn show<E: Each<'a>, T>(
        bytes: &'a [u8],
        utf8: impl FnOnce(&[u8]) -> Result<&str, usize>,
        each: &mut E,
        to: impl FnOnce(&mut E, &Ack<'a>) -> T,
    ) -> Result<T, Error> {
        let mut ack = Ack::empty();
        ack.fill(text_by(line(bytes), utf8), None, each).map(|()| to(each, &ack))
    }

    /// The same for what [`parse_inner`](Ack::parse_inner) reads.
    #[doc(hidden)]
    #[inline(always)]
    pub fn show_inner<E: Each<'a>, T>(
        bytes: &'a [u8],
        utf8: impl FnOnce(&[u8]) -> Result<&str, usize>,
        each: &mut E,
        to: impl FnOnce(&mut E, &Ack<'a>) -> T,
    ) -> Result<T, Error> {
        let mut ack = Ack::empty();
        read_whole(text_by(bytes, utf8), |scan| ack.read_status(scan, None, each))
            .map(|()| to(each, &ack))
    }

    /// Reads an answer of one revision only.
    pub fn parse_as(revision: Revision, bytes: &'a [u8]) -> Result<Ack<'a>, Error> {
        made(Ack::empty(), |ack| ack.fill(text_of(line(bytes)), Some(revision), &mut ()))
    }

    /// Reads the inner frame of an envelope: `STATUS[|DETAIL]`, without a line ending.
    pub fn parse_inner(bytes: &'a [u8]) -> Result<Ack<'a>, Error> {
        let read = |scan: &mut Scan<'a>, ack: &mut Ack<'a>| ack.read_status(scan, None, &mut ());
        made(Ack::empty(), |ack| read_whole(text_of(bytes), |scan| read(scan, ack)))
    }

    #[inline(always)]
    const fn empty() -> Ack<'a> {
        Ack { seq: None, status: Status::Ok, detail: Detail::None }
    }

    /// Reads to where the answer is to be, so that it is not copied on the way.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    #[cfg_attr(tipwire_small, inline(never))]
    fn fill(
        &mut self,
        text: Result<&'a str, Error>,
        revision: Option<Revision>,
        each: &mut impl Each<'a>,
    ) -> Result<(), Error> {
        read_whole(text, |scan| self.read(scan, revision, each))
    }

    /// `ack = "ACK|" [seq "|"] …`
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn read(
        &mut self,
        scan: &mut Scan<'a>,
        revision: Option<Revision>,
        each: &mut impl Each<'a>,
    ) -> Result<(), Error> {
        scan.expect_word("ACK", Kind::Answer)?;
        scan.expect(b'|', Kind::Answer)?;
        self.seq = read_seq(scan)?;
        self.read_status(scan, revision, each)
    }

    /// `… status ["|" detail]`
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn read_status(
        &mut self,
        scan: &mut Scan<'a>,
        revision: Option<Revision>,
        each: &mut impl Each<'a>,
    ) -> Result<(), Error> {
        // No two of them begin alike.
        let (status, rest) = match scan.peek() {
            b'O' => (Status::Ok, "K"),
            b'P' => (Status::Pong, "ONG"),
            b'C' => (Status::Cmd, "MD"),
            b'E' => (Status::Err, "RR"),
            _ => return Err(scan.error(Kind::Status)),
        };
        scan.bump();
        self.status = status;
        scan.expect_word(rest, Kind::Status)?;
        if !scan.is_at_end() {
            scan.expect(b'|', Kind::Status)?;
            self.detail.read(scan, revision, self.status, each)?;
        }
        scan.expect_end()
    }

    /// The variables of an `OK`; none in other answers.
    pub fn variables(&self) -> Variables<'a> {
        match &self.detail {
            Detail::Variables(block) => block.variables.clone(),
            _ => Variables::EMPTY,
        }
    }

    /// The error code of an `ERR`, if it is a known one.
    pub fn code(&self) -> Option<Code> {
        match self.detail {
            Detail::Error(text) => Code::from_name(text),
            _ => None,
        }
    }
}

impl<'a> Detail<'a> {
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    #[cfg_attr(target_family = "wasm", inline(never))]
    fn read(
        &mut self,
        scan: &mut Scan<'a>,
        revision: Option<Revision>,
        status: Status,
        each: &mut impl Each<'a>,
    ) -> Result<(), Error> {
        if status == Status::Ok && scan.peek() == b'[' {
            *self = Detail::Variables(Block::empty());
            if let Detail::Variables(block) = self {
                block.read_list(scan, revision, each)?;
            }
            return Ok(());
        }
        let mut start = *scan;
        check_text(scan)?;
        let text = scan.since(start.at());
        *self = match status {
            // A text of digits only is a count; where it is too great the digit that makes it so
            // is wrong.
            Status::Ok if text.bytes().all(|byte| is(byte, DIGIT)) => {
                Detail::Count(start.number(Kind::Count, Kind::Count)?)
            }
            Status::Ok | Status::Pong => Detail::Text(text),
            Status::Cmd => Detail::Command(text),
            Status::Err => Detail::Error(text),
        };
        Ok(())
    }
}

/// The text of a detail, which is all that is left: not empty, no controls, `|` only after a
/// backslash, which protects the character after it and may itself be the last.
fn check_text(scan: &mut Scan<'_>) -> Result<(), Error> {
    let start = scan.at();
    scan.skip(Set::Of(DETAIL));
    while scan.eat(b'\\') {
        if matches!(scan.peek(), b'|' | b'\\') {
            scan.bump();
        }
        scan.skip(Set::Of(DETAIL));
    }
    if scan.at() == start || !scan.is_at_end() {
        return Err(scan.error(Kind::Detail));
    }
    Ok(())
}

/// Writes an answer.
///
/// ```
/// use tipwire::{Code, Reply};
///
/// let mut buffer = [0; 64];
/// assert_eq!(Reply::to(&mut buffer).seq(1).count(2).finish_line()?, b"ACK|!1|OK|2\n");
/// assert_eq!(Reply::to(&mut buffer).pong().finish_line()?, b"ACK|PONG\n");
/// assert_eq!(Reply::to(&mut buffer).command("reboot").finish_line()?, b"ACK|CMD|reboot\n");
/// let line = Reply::to(&mut buffer).seq(3).error(Code::InvalidSeq).finish_line()?;
/// assert_eq!(line, b"ACK|!3|ERR|invalid_seq\n");
/// let line = Reply::to(&mut buffer).variables().number("t", 25.5).unit("C").finish_line()?;
/// assert_eq!(line, b"ACK|OK|[t:=25.5#C]\n");
/// # Ok::<(), tipwire::BuildError>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing comes of it until `finish`"]
pub struct Reply<S> {
    line: Line<S>,
    status: Option<Status>,
}

impl<S: Sink> Reply<S> {
    /// Starts an answer.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn to(sink: impl IntoSink<Sink = S>) -> Reply<S> {
        let mut reply = Reply { line: Line::new(sink), status: None };
        reply.line.put_mark(b"ACK|");
        reply.line.allow_seq();
        reply
    }

    /// Starts the inner frame of an envelope.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn inner(sink: impl IntoSink<Sink = S>) -> Reply<S> {
        Reply { line: Line::new(sink), status: None }
    }

    /// Echoes the sequence counter of the request.
    pub fn seq(&mut self, seq: u32) -> &mut Reply<S> {
        self.line.insert_seq(seq);
        self
    }

    /// Just the status.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn status(&mut self, status: Status) -> &mut Reply<S> {
        self.line.field(Field::Status);
        if self.status.is_some() {
            self.line.fail(Kind::Repeated);
        }
        self.line.put(status.name().as_bytes());
        self.status = Some(status);
        self
    }

    /// `OK` and nothing more.
    pub fn ok(&mut self) -> &mut Reply<S> {
        self.status(Status::Ok)
    }

    /// `OK` and the number of data points stored.
    pub fn count(&mut self, count: u64) -> &mut Reply<S> {
        self.status(Status::Ok);
        self.line.put_mark(b"|");
        write_unsigned(&mut self.line, count);
        self
    }

    /// `OK` and a list of variables.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn variables(&mut self) -> Push<S> {
        self.status(Status::Ok);
        self.line.put_mark(b"|");
        Push::list(self.line.take())
    }

    /// `PONG`
    pub fn pong(&mut self) -> &mut Reply<S> {
        self.status(Status::Pong)
    }

    /// `CMD` and a command.
    pub fn command(&mut self, command: &str) -> &mut Reply<S> {
        self.text(Status::Cmd, command)
    }

    /// `ERR` and a code.
    pub fn error(&mut self, code: Code) -> &mut Reply<S> {
        self.text(Status::Err, code.name())
    }

    /// A status and a text that is kept as it stands; it must read as the detail it is meant to be.
    #[inline(always)]
    pub fn text(&mut self, status: Status, text: &str) -> &mut Reply<S> {
        self.text_by(status, text, &mut ())
    }

    /// The same by how the caller reads variables, for who would have the code for that twice.
    #[doc(hidden)]
    pub fn text_by<'t>(
        &mut self,
        status: Status,
        text: &'t str,
        each: &mut impl Each<'t>,
    ) -> &mut Reply<S> {
        self.status(status);
        self.line.field(Field::Detail);
        let mut scan = Scan::new(text);
        let read =
            Detail::None.read(&mut scan, None, status, each).and_then(|()| scan.expect_end());
        self.line.check(read.map_err(|error| error.kind));
        self.line.put_mark(b"|");
        self.line.put(text.as_bytes());
        self
    }

    /// The answer, without a line ending.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn finish(&mut self) -> Result<S::Done, BuildError> {
        self.end(false)
    }

    /// The answer and a line feed, as streams want it.
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
        if self.status.is_none() {
            self.line.field(Field::Status);
            self.line.fail(Kind::Missing);
        }
    }
}

impl Error {
    /// Writes the answer of a server that could not read a request.
    ///
    /// ```
    /// let error = tipwire::Frame::parse(b"PING|nonsense|s").unwrap_err();
    /// let mut buffer = [0; 64];
    /// assert_eq!(error.reply(&mut buffer).finish_line().unwrap(), b"ACK|ERR|invalid_token\n");
    /// ```
    pub fn reply<S: Sink>(&self, sink: impl IntoSink<Sink = S>) -> Reply<S> {
        let mut reply = Reply::to(sink);
        reply.error(self.kind.answer());
        reply
    }
}

impl Kind {
    /// The code of the answer to what is wrong so: [`code`](Kind::code), and where there is none what
    /// tells the least.
    pub fn answer(self) -> Code {
        let is_sealed = self.is_of_envelopes();
        let fallback = if is_sealed { Code::AuthFailed } else { Code::InvalidPayload };
        self.code().unwrap_or(fallback)
    }
}
