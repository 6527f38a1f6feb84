//! The side of a connection that answers.

use core::fmt;

use super::event::{Device, ServerEvent, Ticket};
use super::output::{Output, copy, with_length, write_seq};
use super::sequence::Sequence;
use super::wire::{Parts, Transport, Wire};
use crate::credentials::{Hash, HashText};
use crate::envelope::{Header, Inner, InnerMethod, Layout, Sealer, open_with};
use crate::error::{BuildError, Code, Error, Kind};
use crate::frame::{Ack, Frame, Reply, Slice};
use crate::limits::MAX_FRAME;
use crate::stream::{Buffer, Mode, Splitter};

/// What a server knows of devices: supplied by the caller, asked while requests are read and
/// answered.
///
/// `()` knows nothing: no counters are enforced, and no envelope can be opened.
pub trait Devices {
    /// The counter of this device; `None` if it is not enforced.
    ///
    /// Where it is, a text frame without a counter is an `invalid_seq` too. The number counts as used
    /// as soon as the request is handed out: keep it in one transaction with what is stored. Anybody
    /// can write a name into a text frame: give the counter only to who has the authorization.
    fn sequence(&mut self, device: Device<'_>) -> Option<&mut Sequence> {
        let _ = device;
        None
    }

    /// The keys that an envelope with this header may have been sealed with: the first, the second,
    /// and so on, until there is none. Each with a name of the caller's choice.
    fn key(&self, header: &Header, nth: usize) -> Option<(usize, &Sealer)> {
        let _ = (header, nth);
        None
    }

    /// The key of this name, to seal an answer with.
    fn sealer(&mut self, name: usize) -> Option<&mut Sealer> {
        let _ = name;
        None
    }
}

impl Devices for () {}

/// How a [`Server`] behaves. Times are in milliseconds; 0 is never.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServerSettings {
    /// A stream of bytes, or datagrams.
    pub transport: Transport,
    /// How long a connection may be silent.
    pub idle: u32,
    /// How long it lives.
    pub ttl: u32,
    /// The longest frame. Never more than the input buffer has room for, with two bytes for the line
    /// ending or the length.
    pub max_frame: usize,
    /// The most bytes that wait to be sent. Never more than the output buffer has room for.
    pub max_output: usize,
}

impl Default for ServerSettings {
    fn default() -> ServerSettings {
        ServerSettings {
            transport: Transport::Stream,
            idle: 20_000,
            ttl: 60_000,
            max_frame: MAX_FRAME,
            max_output: 4 * MAX_FRAME,
        }
    }
}

/// One connection, seen from the server: bytes in, requests out; answers in, bytes out.
///
/// See the [module](super) for how it is used.
pub struct Server<I, O = I> {
    settings: ServerSettings,
    input: Splitter<Wire, I>,
    turns: Turns<O>,
    opened: u64,
    heard: u64,
    /// The authorization that the last envelope has, as text.
    auth: HashText,
}

/// What is to be answered, and the answers.
struct Turns<O> {
    output: Output<O>,
    transport: Transport,
    mode: Mode,
    /// The name of the key of the last envelope.
    key: Option<usize>,
    /// The turns of the next request, and of the next answer.
    asked: u32,
    answered: u32,
    /// What is to be said when all that came before is answered. Nothing more is read until then.
    owed: Option<(Code, Option<u32>)>,
    end: End,
}

/// Whether it is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    No,
    /// As soon as what is asked has been answered.
    Soon(Code),
    /// It is, but nobody has been told.
    Now(Code),
    Told,
}

/// What writes an answer.
type WriteReply<'w> = dyn for<'b> FnMut(&mut Reply<Slice<'b>>) -> Result<&'b [u8], BuildError> + 'w;

/// Room for the longest answer that is written unasked.
const ERROR_ROOM: usize = 64;

impl<I: Buffer, O: Buffer> Server<I, O> {
    /// A connection that was accepted at `now`.
    ///
    /// The buffers may be small: frames that do not fit are too large. An output buffer of less than
    /// 64 bytes, or an input buffer of less than 2, is [`Kind::Buffer`].
    pub fn new(
        settings: &ServerSettings,
        input: I,
        output: O,
        now: u64,
    ) -> Result<Server<I, O>, Kind> {
        let output = Output::new(output, settings.max_output);
        if output.room() < ERROR_ROOM {
            return Err(Kind::Buffer);
        }
        Ok(Server {
            settings: *settings,
            input: Wire::splitter(settings.transport, input, settings.max_frame)?,
            turns: Turns {
                output,
                transport: settings.transport,
                mode: Mode::Text,
                key: None,
                asked: 0,
                answered: 0,
                owed: None,
                end: End::No,
            },
            opened: now,
            heard: now,
            auth: Hash::from_bytes([0; 8]).as_hex(),
        })
    }

    /// The next thing that happened, `input` being what was received since.
    ///
    /// Goes past what it takes of `input`. `None` with something left of it says that there are
    /// answers to be given, or bytes to be sent, before it goes on.
    pub fn next_event<'m, 'i: 'm>(
        &'m mut self,
        input: &mut &'i [u8],
        now: u64,
        devices: &mut dyn Devices,
    ) -> Option<ServerEvent<'m>> {
        if let Some(code) = self.turns.tell_end() {
            return Some(ServerEvent::Closed(code));
        }
        if self.turns.end != End::No {
            *input = &[];
            return None;
        }
        if !self.turns.can_go_on() {
            return None;
        }
        let turns = &mut self.turns;
        turns.mode = self.input.rule().mode(input.first().copied());
        if turns.mode == Mode::Envelopes {
            let envelope = self.input.next_mut(input)?;
            self.heard = now;
            return Some(match envelope {
                Ok(envelope) => turns.take_envelope(envelope, &mut self.auth, devices),
                Err(_) => turns.fall_back(Kind::EnvelopeTooLarge),
            });
        }
        let line = self.input.next(input)?;
        self.heard = now;
        Some(match line {
            Ok(line) => turns.take_line(line, devices),
            Err(_) => turns.reject(Code::PayloadTooLarge, None, None),
        })
    }

    /// Answers a request: the oldest one that has no answer yet.
    ///
    /// `write` gets an answer that has the counter of the request already, and finishes it. It may
    /// be called again, with more room. Under TagoTiP/S the answer is sealed with a key of `devices`.
    ///
    /// Another request than the oldest is [`Kind::Turn`]. [`Kind::Full`] says that bytes have to be
    /// [sent](Server::output) first, and [`Kind::Closed`] that it is too late. After any error the
    /// request still has no answer.
    pub fn answer(
        &mut self,
        ticket: Ticket,
        devices: &mut dyn Devices,
        mut write: impl for<'b> FnMut(&mut Reply<Slice<'b>>) -> Result<&'b [u8], BuildError>,
    ) -> Result<(), BuildError> {
        self.turns.check(ticket)?;
        self.turns.reply(ticket.seq, devices, &mut write)?;
        self.turns.next_turn();
        Ok(())
    }

    /// Answers a request with an answer that was written elsewhere, `ACK|…`; its counter is made
    /// that of the request.
    pub fn answer_with(
        &mut self,
        ticket: Ticket,
        devices: &mut dyn Devices,
        ack: &[u8],
    ) -> Result<(), BuildError> {
        Ack::parse(ack).map_err(|error| BuildError::of(error.kind))?;
        self.turns.check(ticket)?;
        self.turns.copy(ticket.seq, devices, Parts::of(ack).rest)?;
        self.turns.next_turn();
        Ok(())
    }

    /// Answers a request with an error.
    pub fn refuse(
        &mut self,
        ticket: Ticket,
        devices: &mut dyn Devices,
        code: Code,
    ) -> Result<(), BuildError> {
        self.answer(ticket, devices, |reply| reply.error(code).finish())
    }

    /// Sends a command that the device did not ask for: between answers, whenever there is one.
    /// Under TagoTiP/S it is for the device that sent the last envelope.
    pub fn command(&mut self, devices: &mut dyn Devices, command: &str) -> Result<(), BuildError> {
        if self.turns.end != End::No {
            return Err(BuildError::of(Kind::Closed));
        }
        self.turns.reply(None, devices, &mut |reply| reply.command(command).finish())
    }

    /// What is to be sent now. A datagram is to be sent as a whole.
    pub fn output(&self) -> &[u8] {
        self.turns.output.bytes()
    }

    /// The first `count` bytes of [`output`](Server::output) have been sent.
    pub fn sent(&mut self, count: usize) {
        self.turns.output.take(match self.settings.transport {
            Transport::Stream => count,
            Transport::Datagrams => usize::MAX,
        });
    }

    /// When [`handle_timeout`](Server::handle_timeout) is to be called; `None` for never.
    pub fn deadline(&self) -> Option<u64> {
        if self.turns.end != End::No || self.settings.transport == Transport::Datagrams {
            return None;
        }
        let after = |since: u64, wait: u32| (wait > 0).then(|| since.saturating_add(wait.into()));
        let ends = [after(self.heard, self.settings.idle), after(self.opened, self.settings.ttl)];
        ends.into_iter().flatten().min()
    }

    /// Ends the connection if it was silent for too long, or has lived long enough: as soon as every
    /// request has its answer. Does nothing before the time.
    pub fn handle_timeout(&mut self, now: u64) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        let lived = now.saturating_sub(self.opened);
        let is_old = self.settings.ttl > 0 && lived >= self.settings.ttl.into();
        self.close(if is_old { Code::TtlExpired } else { Code::KeepAliveTimeout });
    }

    /// Ends the connection for a reason of the caller's, as soon as every request has its answer.
    pub fn close(&mut self, code: Code) {
        if self.turns.end == End::No {
            self.turns.end = End::Soon(code);
            self.turns.settle();
        }
    }

    /// How many requests have no answer yet.
    pub fn unanswered(&self) -> u32 {
        self.turns.unanswered()
    }

    /// Whether it is over: once [`output`](Server::output) is sent, the connection is to be closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.turns.end, End::Now(_) | End::Told)
    }

    /// Text or TagoTiP/S, as the first byte has it; `None` before it came.
    pub fn mode(&self) -> Option<Mode> {
        self.input.rule().decided()
    }
}

/// Without what the buffers hold.
impl<I: Buffer, O: Buffer> fmt::Debug for Server<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut server = f.debug_struct("Server");
        server.field("mode", &self.mode()).field("unanswered", &self.unanswered());
        server.field("unsent", &self.output().len()).field("end", &self.turns.end);
        server.finish_non_exhaustive()
    }
}

impl<O: Buffer> Turns<O> {
    fn unanswered(&self) -> u32 {
        self.asked.wrapping_sub(self.answered) & Ticket::TURNS
    }

    /// Whether another message can be read: it may have to be answered at once.
    fn can_go_on(&self) -> bool {
        let has_turn = match (self.transport, self.mode) {
            (Transport::Datagrams, _) => self.unanswered() == 0 && self.output.len() == 0,
            (_, Mode::Envelopes) => self.unanswered() == 0,
            (_, Mode::Text) => self.unanswered() < Ticket::TURNS,
        };
        has_turn && self.owed.is_none() && self.output.room() >= ERROR_ROOM
    }

    fn ask(&mut self, seq: Option<u32>) -> Ticket {
        let ticket = Ticket { turn: self.asked, seq };
        self.asked = self.asked.wrapping_add(1) & Ticket::TURNS;
        ticket
    }

    fn check(&self, ticket: Ticket) -> Result<(), BuildError> {
        if matches!(self.end, End::Now(_) | End::Told) {
            return Err(BuildError::of(Kind::Closed));
        }
        if self.unanswered() == 0 || ticket.turn != self.answered {
            return Err(BuildError::of(Kind::Turn));
        }
        Ok(())
    }

    fn next_turn(&mut self) {
        self.answered = self.answered.wrapping_add(1) & Ticket::TURNS;
        self.settle();
    }

    /// Says what is to be said when everything is answered.
    fn settle(&mut self) {
        if self.unanswered() > 0 {
            return;
        }
        // Room for this was kept. A peer that does not take its answers does not get a farewell.
        if let Some((code, seq)) = self.owed.take() {
            _ = self.write_error(seq, code);
        }
        if let End::Soon(code) = self.end {
            _ = self.write_error(None, code);
            self.end = End::Now(code);
        }
    }

    /// What a line is to the owner.
    fn take_line<'a>(&mut self, line: &'a [u8], devices: &mut dyn Devices) -> ServerEvent<'a> {
        match Frame::parse(line) {
            Ok(frame) => {
                let device = Device { auth: frame.auth, serial: frame.serial, is_sealed: false };
                if !is_fresh(devices, device, frame.seq) {
                    return self.reject(Code::InvalidSeq, frame.seq, None);
                }
                let (ticket, number) = (self.ask(frame.seq), frame.seq);
                ServerEvent::Request { ticket, number, frame, device }
            }
            Err(error) => {
                let code = error.kind.code().unwrap_or(Code::InvalidPayload);
                // The counter is echoed if it is not itself what is wrong.
                let seq = Parts::of(line).seq;
                let seq = seq.filter(|_| !matches!(code, Code::InvalidMethod | Code::InvalidSeq));
                self.reject(code, seq, Some(error))
            }
        }
    }

    /// What an envelope is to the owner.
    fn take_envelope<'a>(
        &mut self,
        envelope: &'a mut [u8],
        auth: &'a mut HashText,
        devices: &mut dyn Devices,
    ) -> ServerEvent<'a> {
        let known = &*devices;
        let opened = open_with(envelope, Layout::ALL, |header| {
            let header = *header;
            (0..).map_while(move |nth| known.key(&header, nth)).map(|(_, key)| key.opener())
        });
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => return self.fall_back(error.kind),
        };
        let header = opened.header;
        self.key = devices.key(&header, opened.candidate).map(|(name, _)| name);
        *auth = header.auth.as_hex();
        let (code, error) = match opened.parse() {
            Ok(Inner::Frame(frame)) => {
                let device = Device { auth: auth.as_str(), serial: frame.serial, is_sealed: true };
                let number = Some(header.counter);
                if is_fresh(devices, device, number) {
                    let ticket = self.ask(None);
                    return ServerEvent::Request { ticket, number, frame, device };
                }
                (Code::InvalidSeq, None)
            }
            // A device has nothing to answer.
            Ok(Inner::Ack(_)) => (Code::InvalidMethod, None),
            Err(error) => (error.kind.code().unwrap_or(Code::InvalidPayload), Some(error)),
        };
        if self.reply(None, devices, &mut |reply| reply.error(code).finish()).is_err() {
            _ = self.write_error(None, Code::ServerError);
        }
        ServerEvent::Rejected { code, error }
    }

    /// Answers in plaintext what could not be opened. One request is outstanding: it is its turn.
    fn fall_back<'e>(&mut self, kind: Kind) -> ServerEvent<'e> {
        let code = match kind {
            Kind::Version => Code::UnsupportedVersion,
            Kind::Cipher => Code::UnsupportedCipher,
            Kind::EnvelopeTooLarge => Code::EnvelopeTooLarge,
            _ => Code::AuthFailed,
        };
        self.reject(code, None, Some(Error::new(kind, 0)))
    }

    /// Answers what is not handed out, in its turn.
    fn reject<'e>(
        &mut self,
        code: Code,
        seq: Option<u32>,
        error: Option<Error>,
    ) -> ServerEvent<'e> {
        self.owed = Some((code, seq));
        self.settle();
        ServerEvent::Rejected { code, error }
    }

    fn tell_end(&mut self) -> Option<Code> {
        let End::Now(code) = self.end else { return None };
        self.end = End::Told;
        Some(code)
    }

    /// Writes an answer, sealed under TagoTiP/S.
    fn reply(
        &mut self,
        seq: Option<u32>,
        devices: &mut dyn Devices,
        write: &mut WriteReply<'_>,
    ) -> Result<(), BuildError> {
        let mut write_to = |mut reply: Reply<Slice<'_>>| {
            if let Some(seq) = seq {
                reply.seq(seq);
            }
            let written = write(&mut reply)?;
            Ok(written.strip_suffix(b"\n").unwrap_or(written).len())
        };
        if self.mode == Mode::Envelopes {
            return self.seal(devices, |text| write_to(Reply::inner(text)));
        }
        self.output.append(|_, free| {
            let length = write_to(Reply::to(&mut *free))?;
            copy(free, length, b"\n")
        })
    }

    /// Writes an answer of which all is known but the beginning.
    fn copy(
        &mut self,
        seq: Option<u32>,
        devices: &mut dyn Devices,
        rest: &[u8],
    ) -> Result<(), BuildError> {
        if self.mode == Mode::Envelopes {
            return self.seal(devices, |text| copy(text, 0, rest));
        }
        self.output.append(|_, free| {
            let mut at = copy(free, 0, b"ACK|")?;
            if let Some(seq) = seq {
                at = write_seq(free, at, seq)?;
            }
            at = copy(free, at, rest)?;
            copy(free, at, b"\n")
        })
    }

    /// Writes an envelope with what `write` writes, and tells the length of.
    fn seal(
        &mut self,
        devices: &mut dyn Devices,
        mut write: impl FnMut(&mut [u8]) -> Result<usize, BuildError>,
    ) -> Result<(), BuildError> {
        let sealer = self.key.and_then(|name| devices.sealer(name));
        let sealer = sealer.ok_or(BuildError::of(Kind::InvalidKey))?;
        write_prefixed(&mut self.output, self.transport, |free| {
            let header = sealer.header_len();
            let end = (free.len() + header).saturating_sub(sealer.overhead());
            let text = free.get_mut(header..end).ok_or(BuildError::of(Kind::Buffer))?;
            let length = write(text)?;
            let envelope = sealer.seal_in_place(InnerMethod::Ack, free, length);
            envelope.map(<[u8]>::len).map_err(|error| BuildError::of(error.kind))
        })
    }

    /// Writes an error that nothing vouches for, as a line or as a plaintext answer.
    fn write_error(&mut self, seq: Option<u32>, code: Code) -> Result<(), BuildError> {
        let write = |free: &mut [u8]| {
            let mut reply = Reply::to(free);
            if let Some(seq) = seq {
                reply.seq(seq);
            }
            match self.mode {
                Mode::Text => reply.error(code).finish_line(),
                Mode::Envelopes => reply.error(code).finish(),
            }
            .map(<[u8]>::len)
        };
        match self.mode {
            Mode::Text => self.output.append(|_, free| write(free)),
            Mode::Envelopes => write_prefixed(&mut self.output, self.transport, write),
        }
    }
}

/// Whether this number is a new one, as far as that matters.
fn is_fresh(devices: &mut dyn Devices, device: Device<'_>, number: Option<u32>) -> bool {
    match devices.sequence(device) {
        Some(sequence) => number.is_some_and(|number| sequence.accept(number)),
        None => true,
    }
}

/// Appends what `write` writes, with its length before it on a stream.
fn write_prefixed(
    output: &mut Output<impl Buffer>,
    transport: Transport,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, BuildError>,
) -> Result<(), BuildError> {
    output.append(|_, free| with_length(free, transport, &mut write))
}
