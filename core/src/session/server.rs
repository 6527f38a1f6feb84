//! The side of a connection that answers.

use core::fmt;

use super::event::{ServerEvent, Ticket};
use super::keys::Devices;
use super::output::Output;
use super::settings::ServerSettings;
use super::turns::{ERROR_ROOM, End, Turns};
use super::wire::{Parts, Transport, Wire};
use crate::credentials::{Hash, HashText};
use crate::error::{BuildError, Code, Kind};
use crate::frame::{Ack, Reply, Slice};
use crate::stream::{Buffer, Mode, Splitter};

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
        self.turns.settle();
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
