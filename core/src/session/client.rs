//! The side of a connection that asks.

use core::fmt;

use super::backoff::Backoff;
use super::event::{ClientEvent, Reason};
use super::keys::Keys;
use super::output::with_length;
use super::queue::{Queue, names, write_request};
use super::requests::{Habits, Link, Requests, after};
use super::settings::{ClientSettings, Overflow};
use super::wire::{Parts, Transport, Wire};
use crate::envelope::{Counter, Sealer};
use crate::error::{BuildError, Error, Kind};
use crate::frame::{Ack, Frame, Ping, Pull, Push, Slice};
use crate::stream::{Buffer, Mode, Splitter};

/// A request was taken into the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Queued {
    /// The number by which its answer will be known.
    pub number: u32,
    /// The first and the last of the requests that made room for it: they, and all that were queued
    /// between them, will get no answer.
    pub dropped: Option<(u32, u32)>,
}

/// One device, seen from itself: requests in, bytes out; bytes in, answers and commands out.
///
/// See the [module](super) for how it is used.
pub struct Client<Q, I = Q, K = ()> {
    habits: Habits,
    input: Splitter<Wire, I>,
    requests: Requests<Q>,
    keys: K,
}

/// Where a request is written.
enum Place<'p> {
    Text { auth: &'p str, serial: &'p str, number: u32, free: &'p mut [u8] },
    Sealed(&'p mut Sealer, &'p mut [u8]),
}

impl<Q: Buffer, I: Buffer> Client<Q, I> {
    /// A client that wants to be connected, as this device.
    ///
    /// `queue` keeps the authorization, the serial, and all requests that are not answered; `input`
    /// keeps answers of which only a part has come, and may be as short as the longest of them.
    pub fn new(
        settings: &ClientSettings,
        auth: &str,
        serial: &str,
        queue: Q,
        input: I,
    ) -> Result<Client<Q, I>, BuildError> {
        Client::with_keys(settings, auth, serial, (), queue, input)
    }
}

impl<Q: Buffer, I: Buffer, K: Keys> Client<Q, I, K> {
    /// The same with a key: requests are sealed, and answers opened. Serial and authorization are
    /// those of the key, as are the numbers.
    ///
    /// The input buffer must hold a whole answer, and gets a copy of it.
    pub fn with_keys(
        settings: &ClientSettings,
        auth: &str,
        serial: &str,
        keys: K,
        queue: Q,
        input: I,
    ) -> Result<Client<Q, I, K>, BuildError> {
        // Whoever cannot even send a PING has wrong names.
        Ping::to(&mut [0; 160], auth, serial).finish()?;
        let transport = settings.transport;
        let input = Wire::splitter(transport, input, settings.max_answer);
        let mode = match keys.sealer() {
            None => Mode::Text,
            Some(sealer) if sealer.serial() == serial => Mode::Envelopes,
            Some(_) => return Err(BuildError::of(Kind::OtherSerial)),
        };
        let queue = Queue::new(queue, settings.max_queue, transport, mode, auth, serial)?;
        let first = match transport {
            Transport::Stream => settings.retry_first,
            Transport::Datagrams => settings.timeout,
        };
        Ok(Client {
            habits: Habits {
                transport,
                overflow: settings.overflow,
                attempts: settings.attempts,
                keep_alive: settings.keep_alive,
                timeout: settings.timeout,
            },
            input: input.map_err(BuildError::of)?,
            requests: Requests {
                queue,
                counter: Counter::resume(settings.next_number),
                backoff: Backoff::new(first, settings.retry_max, settings.seed),
                link: Link::Wanted(0),
                reason: None,
                since: 0,
                patience: settings.timeout,
                spoke: 0,
                keep_alive: None,
                attempts: 0,
                lost_below: 0,
                last_answer: None,
                is_doubted: false,
                owes_pong: false,
            },
            keys,
        })
    }

    /// Queues a PUSH, which `write` writes. It may be called again, with more room.
    pub fn push(
        &mut self,
        now: u64,
        mut write: impl FnMut(&mut Push<Slice<'_>>),
    ) -> Result<Queued, BuildError> {
        self.enqueue(now, |place| match place {
            Place::Text { auth, serial, number, free } => {
                let mut push = Push::to(free, auth, serial);
                push.seq(number);
                write(&mut push);
                push.finish_line().map(<[u8]>::len)
            }
            Place::Sealed(sealer, free) => sealer.push(free, &mut write).map(<[u8]>::len),
        })
    }

    /// Queues a PULL, whose names `write` writes. It may be called again, with more room.
    pub fn pull(
        &mut self,
        now: u64,
        mut write: impl FnMut(&mut Pull<Slice<'_>>),
    ) -> Result<Queued, BuildError> {
        self.enqueue(now, |place| match place {
            Place::Text { auth, serial, number, free } => {
                let mut pull = Pull::to(free, auth, serial);
                pull.seq(number);
                write(&mut pull);
                pull.finish_line().map(<[u8]>::len)
            }
            Place::Sealed(sealer, free) => sealer.pull(free, &mut write).map(<[u8]>::len),
        })
    }

    /// Queues a PING.
    pub fn ping(&mut self, now: u64) -> Result<Queued, BuildError> {
        self.enqueue(now, |place| match place {
            Place::Text { auth, serial, number, free } => {
                Ping::to(free, auth, serial).seq(number).finish_line().map(<[u8]>::len)
            }
            Place::Sealed(sealer, free) => sealer.ping(free).map(<[u8]>::len),
        })
    }

    /// Queues a text frame that was written elsewhere. Its counter is made that of the client. With a
    /// key, what is inside is sealed; its serial must be that of the key.
    pub fn send(&mut self, frame: &[u8], now: u64) -> Result<Queued, BuildError> {
        let of = |error: Error| BuildError::of(error.kind);
        let method = Frame::parse(frame).map_err(of)?.method();
        let parts = Parts::of(frame);
        self.enqueue(now, |place| match place {
            Place::Text { number, free, .. } => write_request(free, &parts, number),
            Place::Sealed(sealer, free) => {
                let text = Parts::of(parts.rest).rest;
                sealer.seal(method.into(), text, free).map(<[u8]>::len).map_err(of)
            }
        })
    }

    fn enqueue(
        &mut self,
        now: u64,
        mut write: impl FnMut(Place<'_>) -> Result<usize, BuildError>,
    ) -> Result<Queued, BuildError> {
        let Client { requests, habits, keys, .. } = self;
        // Where none is left, it is asked for one to tell why.
        let next = match keys.sealer() {
            Some(sealer) => sealer.counter().next(),
            None if requests.counter.left() == 0 => {
                requests.counter.take().map_err(BuildError::of)?.into()
            }
            None => requests.counter.next(),
        };
        let number = u32::try_from(next).map_err(|_| BuildError::of(Kind::CounterExhausted))?;
        let was_empty = requests.queue.is_empty();
        let mut dropped = None;
        loop {
            let appended = requests.queue.append(|head, free| {
                if let Some(sealer) = keys.sealer_mut() {
                    let seal = |free: &mut [u8]| write(Place::Sealed(sealer, free));
                    return with_length(free, Transport::Stream, seal);
                }
                let (auth, serial) = names(head);
                write(Place::Text { auth, serial, number, free })
            });
            let Err(error) = appended else { break };
            let may_drop = error.kind == Kind::Full && habits.overflow == Overflow::DropOldest;
            match requests.queue.droppable().filter(|_| may_drop) {
                Some(oldest) => requests.drop(&oldest, &mut dropped),
                None => return Err(error),
            }
        }
        if keys.sealer().is_none() {
            requests.counter.take().map_err(BuildError::of)?;
        }
        if was_empty {
            requests.since = now;
        }
        Ok(Queued { number, dropped })
    }

    /// The next thing that happened, or is to be done, `input` being what was received since.
    ///
    /// Takes all of `input`, unless it is stopped before: it goes past what it takes. To be called
    /// until it gives `None`, after everything else that is called.
    pub fn next_event<'m, 'i: 'm>(
        &'m mut self,
        input: &mut &'i [u8],
        now: u64,
    ) -> Option<ClientEvent<'m>> {
        let requests = &mut self.requests;
        if let Some(reason) = requests.reason.take() {
            *input = &[];
            return Some(ClientEvent::Disconnect(reason));
        }
        if let Some(number) = requests.next_lost() {
            return Some(ClientEvent::Lost { number });
        }
        match requests.link {
            Link::Wanted(at) if at <= now => {
                requests.link = Link::Connecting(now);
                return Some(ClientEvent::Connect);
            }
            Link::Up => {}
            _ => {
                *input = &[];
                return None;
            }
        }
        let habits = &self.habits;
        if let Some(sealer) = self.keys.sealer() {
            return Some(match self.input.next_mut(input)? {
                Ok(envelope) => requests.take_envelope(envelope, sealer, habits, now),
                Err(kind) => requests.miss_long_answer(kind),
            });
        }
        Some(match self.input.next(input)? {
            Ok(line) => match Ack::parse(line) {
                Ok(ack) => requests.take_answer(ack, habits, now),
                Err(error) => requests.miss_answer(line, error, habits, now),
            },
            Err(kind) => requests.miss_long_answer(kind),
        })
    }

    /// What is to be sent now; nothing while there is no connection. A datagram is to be sent as a
    /// whole.
    pub fn output(&self) -> &[u8] {
        match self.requests.link {
            Link::Up => self.requests.queue.unsent(),
            _ => &[],
        }
    }

    /// The first `count` bytes of [`output`](Client::output) have been sent.
    pub fn sent(&mut self, count: usize, now: u64) {
        let requests = &mut self.requests;
        if count > 0 {
            requests.queue.sent(count);
            requests.spoke = now;
            let is_long = requests.queue.awaited().is_none();
            if is_long || self.habits.transport == Transport::Datagrams {
                requests.since = now;
            }
        }
    }

    /// The connection that was wanted is there.
    pub fn connected(&mut self, now: u64) {
        self.input.reset();
        let requests = &mut self.requests;
        requests.link = Link::Up;
        requests.since = now;
        requests.spoke = now;
        requests.patience = self.habits.timeout;
        if self.habits.transport == Transport::Datagrams {
            requests.patience = requests.backoff.next_delay();
        }
    }

    /// There is no connection any more, or none could be made. Another one will be wanted, after a
    /// while.
    pub fn disconnected(&mut self, now: u64) {
        self.input.reset();
        if matches!(self.requests.link, Link::Up | Link::Connecting(_)) {
            self.requests.retreat(&self.habits, now);
        }
    }

    /// No connection is wanted until [`open`](Client::open). Requests are kept.
    pub fn close(&mut self) {
        self.input.reset();
        self.requests.rewind();
        self.requests.link = Link::Off;
    }

    /// A connection is wanted, at once; as it is from the beginning.
    pub fn open(&mut self, now: u64) {
        if self.requests.link == Link::Off {
            self.requests.link = Link::Wanted(now);
        }
    }

    /// When [`handle_timeout`](Client::handle_timeout) is to be called; `None` for never.
    pub fn deadline(&self) -> Option<u64> {
        let requests = &self.requests;
        match requests.link {
            Link::Off => None,
            Link::Wanted(at) => Some(at),
            Link::Connecting(since) => after(since, self.habits.timeout),
            Link::Up => {
                let answer = after(requests.since, requests.patience);
                let answer = answer.filter(|_| !requests.queue.is_empty());
                let silence = after(requests.spoke, self.habits.keep_alive);
                let silence = silence.filter(|_| requests.may_keep_alive());
                [answer, silence].into_iter().flatten().min()
            }
        }
    }

    /// Does what is due: gives up a connection, sends again, keeps alive. Does nothing before the
    /// time. [`next_event`](Client::next_event) tells what is to be done.
    pub fn handle_timeout(&mut self, now: u64) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        let requests = &mut self.requests;
        match requests.link {
            Link::Off | Link::Wanted(_) => {}
            Link::Connecting(_) => requests.give_up(Reason::Timeout, &self.habits, now),
            Link::Up => {
                let answer = after(requests.since, requests.patience);
                if requests.queue.is_empty() || answer.is_none_or(|answer| now < answer) {
                    self.keep_alive(now);
                } else if self.habits.transport == Transport::Stream {
                    requests.give_up(Reason::Timeout, &self.habits, now);
                } else {
                    requests.count_attempt(&self.habits);
                    requests.queue.rewind();
                    requests.is_doubted = false;
                    requests.since = now;
                    requests.patience = requests.backoff.next_delay();
                }
            }
        }
    }

    fn keep_alive(&mut self, now: u64) {
        // If nothing fits, or the numbers are used up, the silence goes on.
        self.requests.spoke = now;
        self.requests.keep_alive = self.ping(now).ok().map(|queued| queued.number);
    }

    /// The numbers of requests that are left. What it gives [next](Counter::next) is to be stored by
    /// whoever wants to go on after a restart, or fewer times with [`reserve`](Client::reserve).
    pub fn counter(&self) -> &Counter {
        self.keys.sealer().map_or(&self.requests.counter, Sealer::counter)
    }

    /// Reserves the next `count` numbers, and gives the number to store before any of them is used:
    /// see [`Counter::reserve`].
    pub fn reserve(&mut self, count: u32) -> u64 {
        match self.keys.sealer_mut() {
            Some(sealer) => sealer.reserve(count),
            None => self.requests.counter.reserve(count),
        }
    }

    /// Whether every request has got its answer.
    pub fn is_idle(&self) -> bool {
        self.requests.queue.is_empty()
    }

    /// Whether there is a connection, as far as the client was told.
    pub fn is_connected(&self) -> bool {
        self.requests.link == Link::Up
    }
}

/// Without what the buffers hold.
impl<Q: Buffer, I: Buffer, K: Keys> fmt::Debug for Client<Q, I, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut client = f.debug_struct("Client");
        client.field("link", &self.requests.link).field("counter", self.counter());
        client.field("unsent", &self.output().len()).field("is_idle", &self.is_idle());
        client.finish_non_exhaustive()
    }
}
