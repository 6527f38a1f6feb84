//! The requests of a client that are not answered, in the caller's memory.

use super::output::{Output, copy};
use super::wire::{Parts, Transport};
use crate::error::{BuildError, Kind};
use crate::frame::Method;
use crate::scan::memchr;
use crate::stream::{Buffer, Mode};

/// Requests as they are sent, one after the other, oldest first. Nothing else is kept of them: each
/// begins with its method and its number.
///
/// In front of them stands `AUTH|SERIAL`.
pub(super) struct Queue<B> {
    output: Output<B>,
    transport: Transport,
    mode: Mode,
    /// How many bytes of what there is have been sent on this connection.
    sent: usize,
    /// How many bytes belong to requests that were sent on an earlier connection, or once already.
    tried: usize,
}

/// A request in the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    at: usize,
    length: usize,
    pub(super) number: u32,
    pub(super) method: Method,
    /// Whether it was sent before it was sent last.
    pub(super) is_repeated: bool,
}

impl<B: Buffer> Queue<B> {
    pub(super) fn new(
        buffer: B,
        max: usize,
        transport: Transport,
        mode: Mode,
        auth: &str,
        serial: &str,
    ) -> Result<Queue<B>, BuildError> {
        let mut output = Output::new(buffer, max);
        for part in [auth, "|", serial] {
            output.put(part.as_bytes()).map_err(|_| BuildError::of(Kind::Buffer))?;
        }
        output.keep_as_head();
        Ok(Queue { output, transport, mode, sent: 0, tried: 0 })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.output.len() == 0
    }

    pub(super) const fn is_sealed(&self) -> bool {
        matches!(self.mode, Mode::Envelopes)
    }

    /// Appends a request that `write` writes into the bytes after the head, and tells the length of.
    pub(super) fn append(
        &mut self,
        write: impl FnMut(&[u8], &mut [u8]) -> Result<usize, BuildError>,
    ) -> Result<(), BuildError> {
        self.output.append(write)
    }

    /// The oldest request.
    pub(super) fn first(&self) -> Option<Request> {
        self.request_at(0)
    }

    /// The oldest request, if it has been sent on this connection and an answer may come.
    pub(super) fn awaited(&self) -> Option<Request> {
        self.first().filter(|first| first.length <= self.asked())
    }

    /// How many bytes the server may have got: on a stream, on this connection.
    fn asked(&self) -> usize {
        match self.transport {
            Transport::Stream => self.sent,
            Transport::Datagrams => self.sent.max(self.tried),
        }
    }

    /// The request of this number, if an answer to it may come.
    pub(super) fn awaited_as(&self, number: u32) -> Option<Request> {
        let mut next = self.awaited();
        while let Some(request) = next {
            let end = request.at + request.length;
            if request.number >= number || end > self.asked() {
                return next.filter(|request| request.number == number && end <= self.asked());
            }
            next = self.request_at(end);
        }
        None
    }

    fn request_at(&self, at: usize) -> Option<Request> {
        let bytes = self.output.bytes().get(at..)?;
        let (length, number, method) = match self.mode {
            Mode::Text => {
                let length = memchr(b'\n', bytes)? + 1;
                let parts = Parts::of(bytes.get(..length)?);
                (length, parts.seq?, method_of(parts.head)?)
            }
            Mode::Envelopes => {
                let (length, envelope) = bytes.split_first_chunk::<2>()?;
                let (flags, rest) = envelope.split_first()?;
                let number = u32::from_be_bytes(*rest.first_chunk()?);
                let method = match flags & 7 {
                    0 => Method::Push,
                    1 => Method::Pull,
                    _ => Method::Ping,
                };
                (usize::from(u16::from_be_bytes(*length)) + 2, number, method)
            }
        };
        let is_repeated = at + length <= self.tried;
        Some(Request { at, length, number, method, is_repeated })
    }

    /// Whether an answer must come before the next request is sent.
    const fn is_one_by_one(&self) -> bool {
        matches!((self.transport, self.mode), (Transport::Datagrams, _) | (_, Mode::Envelopes))
    }

    /// What is to be sent now.
    pub(super) fn unsent(&self) -> &[u8] {
        let bytes = self.output.bytes();
        let unsent = if self.is_one_by_one() {
            let end = self.first().map_or(0, |first| first.length);
            bytes.get(self.sent..end)
        } else {
            bytes.get(self.sent..)
        };
        let unsent = unsent.unwrap_or_default();
        match (self.transport, self.mode) {
            // A datagram needs no length.
            (Transport::Datagrams, Mode::Envelopes) => unsent.get(2..).unwrap_or_default(),
            _ => unsent,
        }
    }

    /// The first `count` bytes of what is to be sent have been sent.
    pub(super) fn sent(&mut self, count: usize) {
        match self.transport {
            Transport::Stream => {
                let unsent = self.unsent().len();
                self.sent += count.min(unsent);
            }
            Transport::Datagrams => self.sent = self.first().map_or(0, |first| first.length),
        }
    }

    /// Whether another request would be sent at once.
    pub(super) fn may_send_more(&self) -> bool {
        let all = self.output.len();
        if self.is_one_by_one() { all == 0 } else { self.sent == all }
    }

    /// All that was not answered is to be sent again.
    pub(super) fn rewind(&mut self) {
        self.tried = self.tried.max(self.sent);
        self.sent = 0;
    }

    /// The request goes away.
    pub(super) fn remove(&mut self, request: &Request) {
        if request.at == 0 {
            self.output.take(request.length);
        } else {
            self.output.remove(request.at, request.length);
        }
        for mark in [&mut self.sent, &mut self.tried] {
            let behind = mark.saturating_sub(request.at);
            *mark -= behind.min(request.length);
        }
    }

    /// The request of this number, wherever it is.
    pub(super) fn find(&self, number: u32) -> Option<Request> {
        let mut next = self.first();
        while let Some(request) = next {
            if request.number == number {
                break;
            }
            next = self.request_at(request.at + request.length);
        }
        next
    }

    /// The oldest request that may be dropped: one that is being sent may not, nor one whose answer
    /// could be taken for that of another.
    pub(super) fn droppable(&self) -> Option<Request> {
        let first = self.first()?;
        let is_being_sent = self.sent > 0 && self.sent < first.length;
        let is_needed = self.is_one_by_one() && self.sent > 0;
        if is_being_sent || is_needed { self.request_at(first.length) } else { Some(first) }
    }
}

/// `AUTH|SERIAL`, taken apart.
pub(super) fn names(head: &[u8]) -> (&str, &str) {
    core::str::from_utf8(head).ok().and_then(|head| head.split_once('|')).unwrap_or_default()
}

fn method_of(head: &[u8]) -> Option<Method> {
    match head {
        b"PUSH|" => Some(Method::Push),
        b"PULL|" => Some(Method::Pull),
        b"PING|" => Some(Method::Ping),
        _ => None,
    }
}

/// Writes a request that was read, with this number; how long it is.
pub(super) fn write_request(
    target: &mut [u8],
    parts: &Parts<'_>,
    number: u32,
) -> Result<usize, BuildError> {
    let at = copy(target, 0, parts.head)?;
    let at = super::output::write_seq(target, at, number)?;
    let at = copy(target, at, parts.rest)?;
    copy(target, at, b"\n")
}
