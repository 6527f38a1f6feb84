//! How sessions behave.

use super::wire::Transport;
use crate::limits::MAX_FRAME;

/// How a [`Client`](super::Client) behaves. Times are in milliseconds; 0 is never.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientSettings {
    /// A stream of bytes, or datagrams.
    pub transport: Transport,
    /// After how long a silence of its own the client sends a PING: before the server's limit.
    pub keep_alive: u32,
    /// How long it waits for an answer, or for a connection. A stream is given up then; a datagram is
    /// sent again, and the time doubles.
    pub timeout: u32,
    /// How long it waits before it connects again, the first time; then twice as long, and so on.
    pub retry_first: u32,
    /// The longest such wait, and the longest between two sendings of a datagram.
    pub retry_max: u32,
    /// How often a request is sent before it is given up; 0 for as often as it takes. Datagrams of
    /// TagoTiP/S are given up after two, if the second seems to be refused too.
    pub attempts: u8,
    /// What happens when the queue is full.
    pub overflow: Overflow,
    /// The number of the first request under this counter: what [`Client::counter`](super::Client::counter) said last.
    pub next_number: u64,
    /// Where the jitter comes from. Every device should have its own.
    pub seed: u64,
    /// The most bytes of requests that are kept. Never more than the queue has room for.
    pub max_queue: usize,
    /// The longest answer. Never more than the input buffer has room for, with two bytes for the
    /// line ending or the length.
    pub max_answer: usize,
}

/// What happens to a request for which there is no room.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Overflow {
    /// It is refused with [`Kind::Full`](crate::Kind::Full).
    #[default]
    Refuse,
    /// The oldest ones make room, as far as they are not being sent. One that [`push`] writes and
    /// that is too long for an empty queue takes them all with it.
    ///
    /// [`push`]: super::Client::push
    DropOldest,
}

impl Default for ClientSettings {
    fn default() -> ClientSettings {
        ClientSettings {
            transport: Transport::Stream,
            keep_alive: 15_000,
            timeout: 10_000,
            retry_first: 1_000,
            retry_max: 60_000,
            attempts: 0,
            overflow: Overflow::Refuse,
            next_number: 1,
            seed: 0,
            max_queue: MAX_FRAME.saturating_mul(4),
            max_answer: MAX_FRAME,
        }
    }
}

/// How a [`Server`](super::Server) behaves. Times are in milliseconds; 0 is never.
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
            max_output: MAX_FRAME.saturating_mul(4),
        }
    }
}
