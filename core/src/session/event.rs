//! What sessions tell their owner.

use crate::error::{Code, Error};
use crate::frame::{Ack, Frame, Method, Status};

/// What a [`Server`](super::Server) tells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ServerEvent<'a> {
    /// A device asks for something: to be answered, in order, with this ticket.
    Request {
        /// Says which request it is.
        ticket: Ticket,
        /// Its counter, if it has one: of the frame, or under TagoTiP/S of the envelope.
        number: Option<u32>,
        /// The request. Under TagoTiP/S it has neither counter nor authorization: see `device`.
        frame: Frame<'a>,
        /// Whose request it is.
        device: Device<'a>,
    },
    /// What came was no request, or must not be fulfilled. The answer has been written.
    Rejected {
        /// What the answer says.
        code: Code,
        /// What is wrong with the frame, and where, if that is the reason.
        error: Option<Error>,
    },
    /// The session is over. What is left to be sent says why; then the connection is to be closed.
    Closed(Code),
}

/// The device that a request comes from.
#[derive(Clone, Copy)]
pub struct Device<'a> {
    /// The authorization: a hash as 16 hex digits, or a token.
    pub auth: &'a str,
    /// The serial.
    pub serial: &'a str,
    /// Whether an envelope vouches for both: else anybody may have written them.
    pub is_sealed: bool,
}

/// A token is a secret: of one only the first two characters are shown.
impl core::fmt::Debug for Device<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let auth = if self.auth.starts_with("at") { "at…" } else { self.auth };
        let mut device = f.debug_struct("Device");
        device.field("auth", &auth).field("serial", &self.serial);
        device.field("is_sealed", &self.is_sealed).finish()
    }
}

/// Which request it is, for answering it: copied, stored and sent around at will.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ticket {
    /// Requests are counted.
    pub(super) turn: u32,
    pub(super) seq: Option<u32>,
}

impl Ticket {
    /// The ticket as one number, for languages and queues that want one.
    pub fn to_bits(self) -> u64 {
        let seq = self.seq.map_or(0, |seq| u64::from(seq) << 1 | 1);
        u64::from(self.turn & Ticket::TURNS) << 33 | seq
    }

    /// The ticket that [`to_bits`](Ticket::to_bits) made a number of.
    #[expect(clippy::cast_possible_truncation, reason = "that is how the parts are taken out")]
    pub const fn from_bits(bits: u64) -> Ticket {
        let seq = if bits & 1 == 1 { Some((bits >> 1) as u32) } else { None };
        Ticket { turn: (bits >> 33) as u32, seq }
    }

    /// The sequence counter of the request, which its answer will have too.
    pub const fn seq(self) -> Option<u32> {
        self.seq
    }

    /// Turns go from 0 to this, and then from 0 again.
    pub(super) const TURNS: u32 = u32::MAX >> 1;
}

/// What a [`Client`](super::Client) tells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientEvent<'a> {
    /// A connection is wanted now: [`connected`](super::Client::connected) or
    /// [`disconnected`](super::Client::disconnected) says what came of it.
    Connect,
    /// The connection is of no use any more and is to be closed. The client counts it as closed
    /// already; it will ask for another one.
    Disconnect(Reason),
    /// A request got its answer.
    Answer(Answer<'a>),
    /// The server has a command for the device.
    Command {
        /// The command.
        text: &'a str,
        /// The number of the PING that this is the answer to, if it is one.
        answers: Option<u32>,
    },
    /// A request got no answer and is given up: the server answered later ones, or it was sent as
    /// often as the settings allow. Nobody knows whether it was fulfilled.
    Lost {
        /// The number of the request.
        number: u32,
    },
    /// An answer that nothing waits for, to a keep-alive, or too late, or once more; or one that
    /// may be that.
    Extra(Ack<'a>),
    /// What came was no answer at all, or is too long to be read here.
    Unreadable(Error),
}

/// Why a client gives up a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The server said so.
    Closing(Code),
    /// An answer, or the connection itself, was waited for too long.
    Timeout,
    /// What came was no answer: nobody knows any more which answers are missing.
    Unreadable,
}

/// The answer to a request of a client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer<'a> {
    /// The number that the request was given.
    pub number: u32,
    /// What was asked for.
    pub method: Method,
    /// Whether the request was sent more than once.
    pub is_repeated: bool,
    /// Whether the answer came in an envelope, on a stream.
    pub(super) is_sealed: bool,
    /// The answer.
    pub ack: Ack<'a>,
}

impl Answer<'_> {
    /// Whether the request was fulfilled.
    ///
    /// It was as well if a PUSH was sent again because its answer got lost, and the server says that
    /// it has this number already. A PULL or PING of which the same is said is to be asked again.
    pub fn is_done(&self) -> bool {
        match self.ack.status {
            Status::Err => {
                // A number that got lost on the way is an invalid one too.
                let is_of_request = self.ack.seq.is_some() || self.is_sealed;
                self.is_repeated
                    && is_of_request
                    && self.method == Method::Push
                    && self.ack.code() == Some(Code::InvalidSeq)
            }
            Status::Ok | Status::Pong | Status::Cmd => true,
        }
    }
}
