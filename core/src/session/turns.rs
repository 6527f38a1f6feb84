//! What a server has been asked, and what it answers, in its turn.

use super::event::{Device, ServerEvent, Ticket};
use super::keys::Devices;
use super::output::{Output, copy, with_length, write_seq};
use super::wire::{Parts, Transport};
use crate::credentials::HashText;
use crate::envelope::{Inner, InnerMethod, Layout, open_with};
use crate::error::{BuildError, Code, Error, Kind};
use crate::frame::{Frame, Reply, Slice};
use crate::stream::{Buffer, Mode};

/// What is to be answered, and the answers.
pub(super) struct Turns<O> {
    pub(super) output: Output<O>,
    pub(super) transport: Transport,
    pub(super) mode: Mode,
    /// The name of the key of the last envelope.
    pub(super) key: Option<usize>,
    /// The turns of the next request, and of the next answer.
    pub(super) asked: u32,
    pub(super) answered: u32,
    /// What is to be said when all that came before is answered. Nothing more is read until then.
    pub(super) owed: Option<(Code, Option<u32>)>,
    pub(super) end: End,
}

/// Whether it is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    No,
    /// As soon as what is asked has been answered.
    Soon(Code),
    /// It is, but nobody has been told.
    Now(Code),
    Told,
}

/// What writes an answer.
pub(super) type WriteReply<'w> =
    dyn for<'b> FnMut(&mut Reply<Slice<'b>>) -> Result<&'b [u8], BuildError> + 'w;

/// Room for the longest answer that is written unasked.
pub(super) const ERROR_ROOM: usize = 64;

impl<O: Buffer> Turns<O> {
    pub(super) fn unanswered(&self) -> u32 {
        self.asked.wrapping_sub(self.answered) & Ticket::TURNS
    }

    /// Whether another message can be read: it may have to be answered at once.
    pub(super) fn can_go_on(&self) -> bool {
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

    pub(super) fn check(&self, ticket: Ticket) -> Result<(), BuildError> {
        if matches!(self.end, End::Now(_) | End::Told) {
            return Err(BuildError::of(Kind::Closed));
        }
        if self.unanswered() == 0 || ticket.turn != self.answered {
            return Err(BuildError::of(Kind::Turn));
        }
        Ok(())
    }

    pub(super) fn next_turn(&mut self) {
        self.answered = self.answered.wrapping_add(1) & Ticket::TURNS;
        self.settle();
    }

    /// Says what is to be said when everything is answered.
    pub(super) fn settle(&mut self) {
        if self.unanswered() > 0 {
            return;
        }
        if let Some((code, seq)) = self.owed {
            let is_full = self.write_error(seq, code).is_err();
            if is_full && self.end == End::No {
                // As soon as something was sent.
                return;
            }
            self.owed = None;
        }
        // A peer that does not take its answers does not get a farewell.
        if let End::Soon(code) = self.end {
            _ = self.write_error(None, code);
            self.end = End::Now(code);
        }
    }

    /// What a line is to the owner.
    pub(super) fn take_line<'a>(
        &mut self,
        line: &'a [u8],
        devices: &mut dyn Devices,
    ) -> ServerEvent<'a> {
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
    pub(super) fn take_envelope<'a>(
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
    pub(super) fn fall_back<'e>(&mut self, kind: Kind) -> ServerEvent<'e> {
        let code = match kind {
            Kind::Version => Code::UnsupportedVersion,
            Kind::Cipher => Code::UnsupportedCipher,
            Kind::EnvelopeTooLarge => Code::EnvelopeTooLarge,
            _ => Code::AuthFailed,
        };
        self.reject(code, None, Some(Error::new(kind, 0)))
    }

    /// Answers what is not handed out, in its turn.
    pub(super) fn reject<'e>(
        &mut self,
        code: Code,
        seq: Option<u32>,
        error: Option<Error>,
    ) -> ServerEvent<'e> {
        self.owed = Some((code, seq));
        self.settle();
        ServerEvent::Rejected { code, error }
    }

    pub(super) fn tell_end(&mut self) -> Option<Code> {
        let End::Now(code) = self.end else { return None };
        self.end = End::Told;
        Some(code)
    }

    /// Writes an answer, sealed under TagoTiP/S.
    pub(super) fn reply(
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
    pub(super) fn copy(
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
