//! What a client has asked for, and what becomes of it.

use super::backoff::Backoff;
use super::event::{Answer, ClientEvent, Reason};
use super::queue::{Queue, Request};
use super::settings::Overflow;
use super::wire::{Parts, Transport};
use crate::envelope::{Counter, Inner, Sealer};
use crate::error::{Code, Error, Kind};
use crate::frame::{Ack, Detail, Method, Status};
use crate::stream::Buffer;

/// The settings that matter all the time.
#[derive(Clone, Copy)]
pub(super) struct Habits {
    pub(super) transport: Transport,
    pub(super) overflow: Overflow,
    pub(super) attempts: u8,
    pub(super) keep_alive: u32,
    pub(super) timeout: u32,
}

/// All but the input.
pub(super) struct Requests<Q> {
    pub(super) queue: Queue<Q>,
    pub(super) counter: Counter,
    pub(super) backoff: Backoff,
    pub(super) link: Link,
    /// Why the connection is given up, until that is told.
    pub(super) reason: Option<Reason>,
    /// Since when the oldest request has been waited for, and for how long that goes on.
    pub(super) since: u64,
    pub(super) patience: u32,
    /// When something was sent last.
    pub(super) spoke: u64,
    /// The keep-alive that is on its way.
    pub(super) keep_alive: Option<u32>,
    /// How often the oldest request has been sent in vain.
    pub(super) attempts: u8,
    /// Requests with smaller numbers than this will get no answer any more.
    pub(super) lost_below: u64,
    /// The counter of the last sealed answer.
    pub(super) last_answer: Option<u32>,
    /// Whether the oldest request seems to be refused.
    pub(super) is_doubted: bool,
    /// Whether a command was taken for the answer to a PING, but may have come unasked: then there
    /// is still an answer to come.
    pub(super) owes_pong: bool,
}

/// The connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Link {
    /// None is wanted.
    Off,
    /// One is wanted from then on.
    Wanted(u64),
    /// The owner has been connecting since then.
    Connecting(u64),
    Up,
}

impl<Q: Buffer> Requests<Q> {
    /// What an answer is to the owner.
    pub(super) fn take_answer<'a>(
        &mut self,
        ack: Ack<'a>,
        habits: &Habits,
        now: u64,
    ) -> ClientEvent<'a> {
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
    pub(super) fn take_envelope<'a>(
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
    pub(super) fn miss_answer<'a>(
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
    pub(super) fn miss_long_answer<'a>(&mut self, kind: Kind) -> ClientEvent<'a> {
        if let Some(request) = self.queue.awaited().filter(|first| first.method == Method::Pull) {
            self.lost_below = u64::from(request.number) + 1;
        }
        ClientEvent::Unreadable(Error::new(kind, 0))
    }

    /// Takes out the next request that will get no answer.
    pub(super) fn next_lost(&mut self) -> Option<u32> {
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
    pub(super) fn drop(&mut self, request: &Request, dropped: &mut Option<(u32, u32)>) {
        self.queue.remove(request);
        if self.keep_alive == Some(request.number) {
            self.keep_alive = None;
        } else {
            let first = dropped.map_or(request.number, |(first, _)| first);
            *dropped = Some((first, request.number));
        }
    }

    /// The connection is of no use any more.
    pub(super) fn give_up(&mut self, reason: Reason, habits: &Habits, now: u64) {
        self.reason = Some(reason);
        self.retreat(habits, now);
    }

    /// The connection is gone.
    pub(super) fn retreat(&mut self, habits: &Habits, now: u64) {
        self.count_attempt(habits);
        self.rewind();
        self.link = Link::Wanted(now.saturating_add(self.backoff.next_delay().into()));
    }

    /// All is to be sent again, but for the keep-alive.
    pub(super) fn rewind(&mut self) {
        self.owes_pong = false;
        self.queue.rewind();
        if let Some(request) = self.keep_alive.take().and_then(|number| self.queue.find(number)) {
            self.queue.remove(&request);
        }
    }

    /// The oldest request was sent in vain, if it was.
    pub(super) fn count_attempt(&mut self, habits: &Habits) {
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
    pub(super) fn may_keep_alive(&self) -> bool {
        self.keep_alive.is_none() && self.queue.may_send_more()
    }
}

/// `wait` after `since`; never if it is 0.
pub(super) fn after(since: u64, wait: u32) -> Option<u64> {
    (wait > 0).then(|| since.saturating_add(wait.into()))
}

/// Whether a server says this unasked, before it closes the connection.
const fn ends(code: Code) -> bool {
    matches!(code, Code::TtlExpired | Code::KeepAliveTimeout | Code::RateLimited)
}
