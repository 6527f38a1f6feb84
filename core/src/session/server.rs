//! The side of a connection that answers.

use core::fmt;

use super::event::{Device, ServerEvent, Ticket};
use super::output::{Output, copy, write_seq};
use super::sequence::Sequence;
use super::wire::{Parts, Transport, Wire};
use crate::error::{BuildError, Code, Error, Kind};
use crate::frame::{Ack, Frame, Reply, Slice, Status};
use crate::limits::MAX_FRAME;
use crate::stream::{Buffer, Mode, Splitter};

/// What a server knows of devices: supplied by the caller, asked while requests are read.
///
/// `()` knows nothing: no counters are enforced.
pub trait Devices {
    /// The counter of this device; `None` if it is not enforced.
    ///
    /// Where it is, a request without a counter is an `invalid_seq` too. The number counts as used
    /// as soon as the request is handed out: keep it in one transaction with what is stored.
    fn sequence(&mut self, device: Device<'_>) -> Option<&mut Sequence> {
        let _ = device;
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
}

/// What is to be answered, and the answers.
struct Turns<O> {
    output: Output<O>,
    mode: Mode,
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
                mode: Mode::Text,
                asked: 0,
                answered: 0,
                owed: None,
                end: End::No,
            },
            opened: now,
            heard: now,
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
        if !self.turns.can_go_on(self.settings.transport) {
            return None;
        }
        self.turns.mode = self.input.rule().mode(input.first().copied());
        let message = self.input.next(input)?;
        self.heard = now;
        let turns = &mut self.turns;
        let Ok(message) = message else {
            let code = match turns.mode {
                Mode::Text => Code::PayloadTooLarge,
                Mode::Envelopes => Code::EnvelopeTooLarge,
            };
            return Some(turns.reject(code, None, None));
        };
        match Frame::parse(message) {
            Ok(frame) => {
                let device = Device { auth: frame.auth, serial: frame.serial, is_sealed: false };
                let is_fresh = match devices.sequence(device) {
                    Some(sequence) => frame.seq.is_some_and(|seq| sequence.accept(seq)),
                    None => true,
                };
                if !is_fresh {
                    return Some(turns.reject(Code::InvalidSeq, frame.seq, None));
                }
                let ticket = turns.ask(frame.seq);
                Some(ServerEvent::Request { ticket, frame, device })
            }
            Err(error) => {
                let code = error.kind.code().unwrap_or(Code::InvalidPayload);
                // The counter is echoed if it is not itself what is wrong.
                let seq = Parts::of(message).seq;
                let seq = seq.filter(|_| !matches!(code, Code::InvalidMethod | Code::InvalidSeq));
                Some(turns.reject(code, seq, Some(error)))
            }
        }
    }

    /// Answers a request: the oldest one that has no answer yet.
    ///
    /// `write` gets an answer that has the counter of the request already, and finishes it. It may
    /// be called again, with more room.
    ///
    /// Another request than the oldest is [`Kind::Turn`]. [`Kind::Full`] says that bytes have to be
    /// [sent](Server::output) first, and [`Kind::Closed`] that it is too late. After any error the
    /// request still has no answer.
    pub fn answer(
        &mut self,
        ticket: Ticket,
        mut write: impl for<'b> FnMut(&mut Reply<Slice<'b>>) -> Result<&'b [u8], BuildError>,
    ) -> Result<(), BuildError> {
        self.turns.check(ticket)?;
        self.turns.reply(ticket.seq, &mut write)?;
        self.turns.next_turn();
        Ok(())
    }

    /// Answers a request with an answer that was written elsewhere, `ACK|…`; its counter is made
    /// that of the request.
    pub fn answer_with(&mut self, ticket: Ticket, ack: &[u8]) -> Result<(), BuildError> {
        Ack::parse(ack).map_err(|error| BuildError::of(error.kind))?;
        self.turns.check(ticket)?;
        self.turns.copy(ticket.seq, Parts::of(ack).rest)?;
        self.turns.next_turn();
        Ok(())
    }

    /// Answers a request with an error.
    pub fn refuse(&mut self, ticket: Ticket, code: Code) -> Result<(), BuildError> {
        self.answer(ticket, |reply| reply.error(code).finish())
    }

    /// Sends a command that the device did not ask for: between answers, whenever there is one.
    pub fn command(&mut self, command: &str) -> Result<(), BuildError> {
        if self.turns.end != End::No {
            return Err(BuildError::of(Kind::Closed));
        }
        self.turns.reply(None, &mut |reply| reply.text(Status::Cmd, command).finish())
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
    fn can_go_on(&self, transport: Transport) -> bool {
        let has_turn = match (transport, self.mode) {
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
            _ = self.reply(seq, &mut |reply| reply.error(code).finish());
        }
        if let End::Soon(code) = self.end {
            _ = self.reply(None, &mut |reply| reply.error(code).finish());
            self.end = End::Now(code);
        }
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

    /// Writes an answer.
    fn reply(&mut self, seq: Option<u32>, write: &mut WriteReply<'_>) -> Result<(), BuildError> {
        self.output.append(|_, free| {
            let mut reply = Reply::to(&mut *free);
            if let Some(seq) = seq {
                reply.seq(seq);
            }
            let written = write(&mut reply)?;
            let length = written.strip_suffix(b"\n").unwrap_or(written).len();
            copy(free, length, b"\n")
        })
    }

    /// Writes an answer of which all is known but the beginning.
    fn copy(&mut self, seq: Option<u32>, rest: &[u8]) -> Result<(), BuildError> {
        self.output.append(|_, free| {
            let mut at = copy(free, 0, b"ACK|")?;
            if let Some(seq) = seq {
                at = write_seq(free, at, seq)?;
            }
            at = copy(free, at, rest)?;
            copy(free, at, b"\n")
        })
    }
}
