//! The side of a connection that asks.

use core::fmt;

use super::backoff::Backoff;
use super::event::{Answer, ClientEvent, Reason};
use super::output::with_length;
use super::queue::{Queue, Request, names, write_request};
use super::wire::{Parts, Transport, Wire};
use crate::envelope::{Counter, Inner, Sealer};
use crate::error::{BuildError, Code, Error, Kind};
use crate::frame::{Ack, Detail, Frame, Method, Ping, Pull, Push, Slice, Status};
use crate::limits::MAX_FRAME;
use crate::stream::{Buffer, Mode, Splitter};

/// How a [`Client`] behaves. Times are in milliseconds; 0 is never.
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
    /// The number of the first request under this counter: what [`Client::counter`] said last.
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
    /// It is refused with [`Kind::Full`].
    #[default]
    Refuse,
    /// The oldest ones make room, as far as they are not being sent.
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
            max_queue: 4 * MAX_FRAME,
            max_answer: MAX_FRAME,
        }
    }
}

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

/// What a client seals with: `()` for text, a [`Sealer`] for TagoTiP/S, or either of them, as an
/// `Option`, and borrowed.
pub trait Keys {
    /// What seals, if anything does.
    fn sealer(&self) -> Option<&Sealer>;

    /// The same, to be used.
    fn sealer_mut(&mut self) -> Option<&mut Sealer>;
}

impl Keys for () {
    fn sealer(&self) -> Option<&Sealer> {
        None
    }

    fn sealer_mut(&mut self) -> Option<&mut Sealer> {
        None
    }
}

impl Keys for Sealer {
    fn sealer(&self) -> Option<&Sealer> {
        Some(self)
    }

    fn sealer_mut(&mut self) -> Option<&mut Sealer> {
        Some(self)
    }
}

impl<K: Keys> Keys for Option<K> {
    fn sealer(&self) -> Option<&Sealer> {
        self.as_ref().and_then(K::sealer)
    }

    fn sealer_mut(&mut self) -> Option<&mut Sealer> {
        self.as_mut().and_then(K::sealer_mut)
    }
}

impl<K: Keys> Keys for &mut K {
    fn sealer(&self) -> Option<&Sealer> {
        (**self).sealer()
    }

    fn sealer_mut(&mut self) -> Option<&mut Sealer> {
        (**self).sealer_mut()
    }
}

/// The settings that matter all the time.
#[derive(Clone, Copy)]
struct Habits {
    transport: Transport,
    overflow: Overflow,
    attempts: u8,
    keep_alive: u32,
    timeout: u32,
}

/// All but the input.
struct Requests<Q> {
    queue: Queue<Q>,
    counter: Counter,
    backoff: Backoff,
    link: Link,
    /// Why the connection is given up, until that is told.
    reason: Option<Reason>,
    /// Since when the oldest request has been waited for, and for how long that goes on.
    since: u64,
    patience: u32,
    /// When something was sent last.
    spoke: u64,
    /// The keep-alive that is on its way.
    keep_alive: Option<u32>,
    /// How often the oldest request has been sent in vain.
    attempts: u8,
    /// Requests with smaller numbers than this will get no answer any more.
    lost_below: u64,
    /// The counter of the last sealed answer.
    last_answer: Option<u32>,
    /// Whether the oldest request seems to be refused.
    is_doubted: bool,
    /// Whether a command was taken for the answer to a PING, but may have come unasked: then there
    /// is still an answer to come.
    owes_pong: bool,
}

/// Where a request is written.
enum Place<'p> {
    Text { auth: &'p str, serial: &'p str, number: u32, free: &'p mut [u8] },
    Sealed(&'p mut Sealer, &'p mut [u8]),
}

/// The connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Link {
    /// None is wanted.
    Off,
    /// One is wanted from then on.
    Wanted(u64),
    /// The owner has been connecting since then.
    Connecting(u64),
    Up,
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

impl<Q: Buffer> Requests<Q> {
    /// What an answer is to the owner.
    fn take_answer<'a>(&mut self, ack: Ack<'a>, habits: &Habits, now: u64) -> ClientEvent<'a> {
        let is_stream = habits.transport == Transport::Stream;
        if is_stream && ack.seq.is_none() {
            if let Some(code) = ack.code().filter(|code| ends(*code)) {
                self.give_up(Reason::Closing(code), habits, now);
                return ClientEvent::Extra(ack);
            }
            if self.owes_pong && ack.status == Status::Err {
                // Of the PING, or of the request after it? To ask again tells.
                self.give_up(Reason::Unreadable, habits, now);
                return ClientEvent::Extra(ack);
            }
        }
        let request = self.answered_by(&ack);
        if let Some(request) = &request {
            // Answers come in order: those before will get none.
            self.lost_below = request.number.into();
            self.queue.remove(request);
            self.attempts = 0;
            self.is_doubted = false;
            self.since = now;
            self.backoff.reset();
            if !is_stream {
                self.patience = self.backoff.next_delay();
            }
        }
        if self.queue.is_sealed() {
            self.owes_pong = match ack.status {
                Status::Cmd => self.owes_pong || request.is_some(),
                Status::Pong => self.owes_pong && request.is_some(),
                Status::Ok | Status::Err => false,
            };
        }
        let number = request.map(|request| request.number);
        let is_own = number.is_some() && number == self.keep_alive;
        if is_own {
            self.keep_alive = None;
        }
        match (request.filter(|_| !is_own), ack.detail) {
            (request, Detail::Command(text)) => {
                ClientEvent::Command { text, answers: request.map(|request| request.number) }
            }
            (Some(request), detail) => ClientEvent::Answer(Answer {
                number: request.number,
                method: request.method,
                is_repeated: request.is_repeated,
                is_sealed: self.queue.is_sealed(),
                ack: Ack { detail, ..ack },
            }),
            (None, detail) => ClientEvent::Extra(Ack { detail, ..ack }),
        }
    }

    /// The request that this is the answer to, as far as can be told.
    fn answered_by(&self, ack: &Ack<'_>) -> Option<Request> {
        if let Some(number) = ack.seq {
            return self.queue.awaited_as(number);
        }
        let is_sealed = self.queue.is_sealed();
        let fits = |method| match (ack.status, &ack.detail) {
            // With numbers, a command without one comes unasked. Else it may answer a PING.
            (Status::Cmd, _) => is_sealed && method == Method::Ping,
            (Status::Pong, _) => method == Method::Ping,
            (Status::Ok, Detail::Variables(_)) => method == Method::Pull,
            (Status::Ok, Detail::Count(_)) => method == Method::Push,
            (Status::Ok, _) => method != Method::Ping,
            (Status::Err, _) => true,
        };
        self.queue.awaited().filter(|request| fits(request.method))
    }

    /// What an envelope is to the owner, or what came instead of one.
    fn take_envelope<'a>(
        &mut self,
        envelope: &'a mut [u8],
        sealer: &Sealer,
        habits: &Habits,
        now: u64,
    ) -> ClientEvent<'a> {
        if envelope.first() == Some(&b'A') {
            // Nothing vouches for it, so that it can tell of failures only.
            return match Ack::parse(envelope) {
                Ok(ack) if ack.status == Status::Err => self.take_doubtful(ack, habits, now),
                Ok(_) => self.miss_answer(&[], Error::new(Kind::Plaintext, 0), habits, now),
                Err(error) => self.miss_answer(&[], error, habits, now),
            };
        }
        let opened = match sealer.opener().open(sealer.layout(), envelope) {
            Ok(opened) => opened,
            Err(error) => return self.miss_answer(&[], error, habits, now),
        };
        match opened.parse() {
            Ok(Inner::Ack(ack)) if self.is_late(opened.header.counter, habits) => {
                ClientEvent::Extra(ack)
            }
            Ok(Inner::Ack(ack)) if ack.code() == Some(Code::InvalidSeq) => {
                self.take_doubtful(ack, habits, now)
            }
            Ok(Inner::Ack(ack)) => self.take_answer(ack, habits, now),
            Ok(Inner::Frame(_)) => {
                self.miss_answer(&[], Error::new(Kind::EnvelopeMethod, 0), habits, now)
            }
            Err(error) => self.miss_answer(&[], error, habits, now),
        }
    }

    /// Takes an answer that, as a datagram, may be said of a copy of the request before: then it is
    /// no answer yet, but a reason not to ask for ever.
    fn take_doubtful<'a>(&mut self, ack: Ack<'a>, habits: &Habits, now: u64) -> ClientEvent<'a> {
        if habits.transport == Transport::Stream {
            return self.take_answer(ack, habits, now);
        }
        self.is_doubted = true;
        ClientEvent::Extra(ack)
    }

    /// Whether an answer that came as a datagram was made before the last one, or is the same: it
    /// cannot be the one that is waited for. Servers count up, or choose at random.
    fn is_late(&mut self, number: u32, habits: &Habits) -> bool {
        const NEAR: u32 = 1024;
        let is_near = |last: u32| last.checked_sub(number).is_some_and(|ago| ago < NEAR);
        let is_late =
            habits.transport == Transport::Datagrams && self.last_answer.is_some_and(is_near);
        if !is_late {
            self.last_answer = Some(number);
        }
        is_late
    }

    /// An answer came that cannot be read.
    fn miss_answer<'a>(
        &mut self,
        message: &[u8],
        error: Error,
        habits: &Habits,
        now: u64,
    ) -> ClientEvent<'a> {
        let parts = Parts::of(message);
        let number = parts.seq.filter(|_| parts.head == b"ACK|");
        match number.and_then(|number| self.queue.awaited_as(number)) {
            Some(request) => self.lost_below = u64::from(request.number) + 1,
            None if habits.transport == Transport::Datagrams => {}
            None => self.give_up(Reason::Unreadable, habits, now),
        }
        ClientEvent::Unreadable(error)
    }

    /// An answer was too long to be read. To ask again would not help: that of a PULL is lost. What
    /// is told to others is never so long, so that it was a command.
    fn miss_long_answer<'a>(&mut self, kind: Kind) -> ClientEvent<'a> {
        if let Some(request) = self.queue.awaited().filter(|first| first.method == Method::Pull) {
            self.lost_below = u64::from(request.number) + 1;
        }
        ClientEvent::Unreadable(Error::new(kind, 0))
    }

    /// Takes out the next request that will get no answer.
    fn next_lost(&mut self) -> Option<u32> {
        loop {
            let first = self.queue.first()?;
            if u64::from(first.number) >= self.lost_below {
                return None;
            }
            self.queue.remove(&first);
            if self.keep_alive == Some(first.number) {
                self.keep_alive = None;
            } else {
                return Some(first.number);
            }
        }
    }

    /// Makes room.
    fn drop(&mut self, request: &Request, dropped: &mut Option<(u32, u32)>) {
        self.queue.remove(request);
        if self.keep_alive == Some(request.number) {
            self.keep_alive = None;
        } else {
            let first = dropped.map_or(request.number, |(first, _)| first);
            *dropped = Some((first, request.number));
        }
    }

    /// The connection is of no use any more.
    fn give_up(&mut self, reason: Reason, habits: &Habits, now: u64) {
        self.reason = Some(reason);
        self.retreat(habits, now);
    }

    /// The connection is gone.
    fn retreat(&mut self, habits: &Habits, now: u64) {
        self.count_attempt(habits);
        self.rewind();
        self.link = Link::Wanted(now.saturating_add(self.backoff.next_delay().into()));
    }

    /// All is to be sent again, but for the keep-alive.
    fn rewind(&mut self) {
        self.owes_pong = false;
        self.queue.rewind();
        if let Some(request) = self.keep_alive.take().and_then(|number| self.queue.find(number)) {
            self.queue.remove(&request);
        }
    }

    /// The oldest request was sent in vain, if it was.
    fn count_attempt(&mut self, habits: &Habits) {
        if let Some(first) = self.queue.awaited() {
            self.attempts = self.attempts.saturating_add(1);
            let is_refused = self.is_doubted && first.is_repeated;
            if is_refused || habits.attempts > 0 && self.attempts >= habits.attempts {
                self.attempts = 0;
                self.lost_below = u64::from(first.number) + 1;
            }
        }
    }

    /// Whether a silence would be broken by a keep-alive.
    fn may_keep_alive(&self) -> bool {
        self.keep_alive.is_none() && self.queue.may_send_more()
    }
}

/// `wait` after `since`; never if it is 0.
fn after(since: u64, wait: u32) -> Option<u64> {
    (wait > 0).then(|| since.saturating_add(wait.into()))
}

/// Whether a server says this unasked, before it closes the connection.
const fn ends(code: Code) -> bool {
    matches!(code, Code::TtlExpired | Code::KeepAliveTimeout | Code::RateLimited)
}
