//! Client sessions
//!
//! A device that asks a server, without the connection: bytes and milliseconds go in; events, bytes to
//! be sent and the next deadline come out. Requests are numbered and kept until they are answered; what
//! got no answer is sent again on the next connection. Sockets, clocks and threads are the caller's,
//! who does this again and again:
//!
//! 1. wait until there are bytes, or for tipwire_client_deadline();
//! 2. if it has passed, tipwire_client_timeout();
//! 3. take events from tipwire_client_next(), which gets the bytes, until there are none;
//! 4. send what tipwire_client_output() has, and say how much of it was sent: tipwire_client_sent().
//!
//! Times are milliseconds since anything, such as the start of the program, as long as they do not go
//! backwards. Two buffers are the session's from tipwire_client_init() on: the queue, for auth, serial
//! and all requests that have no answer, and the input, for an answer of which only a part has come.
//!
//!     tipwire_client_init(&client, NULL, AUTH, SERIAL, queue, sizeof queue, input, sizeof input);
//!     tipwire_client_send(&client, frame, length, now, NULL, NULL);
//!     while (tipwire_client_next(&client, &received, now, &event) > 0) {
//!         switch (event.type) {
//!             case TIPWIRE_CONNECT: ... tipwire_client_connected(&client, now); break;
//!             case TIPWIRE_DISCONNECT: ... close it ... break;
//!             case TIPWIRE_ANSWER: if (event.is_done) ... break;
//!             case TIPWIRE_COMMAND: ... event.text ... break;
//!         }
//!     }

use core::ffi::{c_char, c_void};

use codec::session::{
    Client, ClientEvent, ClientSettings, Keys, Overflow, Queued, Reason, Transport,
};
use codec::{BuildError, Field, InnerMethod, Pull, Push, Sealer, Slice};

use crate::avr::text_argument;
use crate::envelope::tipwire_sealer;
use crate::error::{TIPWIRE_E_ARGUMENT, tell, tipwire_error, told};
use crate::frame::tipwire_ack;
use crate::memory::{
    Does, Either, Outcome, Storage, buffer, bytes, change, fetch, fetch_mut, has_room, place,
    prolong, read, set_if_wanted, store, string,
};
use crate::panic::{guard, run, value};
use crate::stream::input_of;
use crate::text::tipwire_text;
use crate::writer::{Form, lend, tipwire_write};
use codec::Kind;

/// What carries the messages: a stream of bytes, such as TCP, or datagrams, such as UDP. Then each
/// input is one datagram, and so is each output.
pub const TIPWIRE_STREAM: u8 = 0;
pub const TIPWIRE_DATAGRAMS: u8 = 1;

/// What happens to a request that the queue has no room for: it is refused with TIPWIRE_E_FULL, or the
/// oldest ones are dropped.
pub const TIPWIRE_REFUSE: u8 = 0;
pub const TIPWIRE_DROP_OLDEST: u8 = 1;

/// A deadline that never comes.
pub const TIPWIRE_NEVER: u64 = u64::MAX;

/// Types of events of a client.
///
/// TIPWIRE_CONNECT     a connection is wanted now: tipwire_client_connected() or
///                     tipwire_client_disconnected() says what came of it.
/// TIPWIRE_DISCONNECT  the connection is to be closed, for a reason; another one will be wanted.
/// TIPWIRE_ANSWER      a request got its answer: number, method, ack, is_done, is_repeated.
/// TIPWIRE_COMMAND     the server has a command, text; if has_number, in answer to the PING number.
/// TIPWIRE_LOST        the request number is given up. Nobody knows whether it was fulfilled.
/// TIPWIRE_EXTRA       an answer, ack, that nothing waits for; or one that may be that.
/// TIPWIRE_UNREADABLE  what came was no answer, or too long: error.
pub const TIPWIRE_CONNECT: u8 = 1;
pub const TIPWIRE_DISCONNECT: u8 = 2;
pub const TIPWIRE_ANSWER: u8 = 3;
pub const TIPWIRE_COMMAND: u8 = 4;
pub const TIPWIRE_LOST: u8 = 5;
pub const TIPWIRE_EXTRA: u8 = 6;
pub const TIPWIRE_UNREADABLE: u8 = 7;

/// Why a connection is given up: the server said so, with the code that is the event's text; an answer
/// or the connection was waited for too long; or what came was no answer, so that nobody knows which
/// ones are missing.
pub const TIPWIRE_REASON_CLOSING: u8 = 1;
pub const TIPWIRE_REASON_TIMEOUT: u8 = 2;
pub const TIPWIRE_REASON_UNREADABLE: u8 = 3;

#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_CLIENT_WORDS: usize = 48;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_CLIENT_WORDS: usize = 34;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_CLIENT_WORDS: usize = 26;
pub const TIPWIRE_CLIENT_SIZE: usize = TIPWIRE_CLIENT_WORDS * 8;

/// A client. It is not to be copied.
#[repr(C)]
pub struct tipwire_client {
    pub storage: [u64; TIPWIRE_CLIENT_WORDS],
}

/// How a client behaves. Times are in milliseconds; 0 is never.
///
/// next_number  the number of the first request: what tipwire_client_next_number() said last. Of no
///              use with a sealer, which counts itself.
/// seed         where the jitter of waiting times comes from. Every device should have its own.
/// max_queue    the most bytes of requests that are kept; never more than the queue has room for.
/// max_answer   the longest answer; never more than the input has room for, with two more bytes.
/// keep_alive   after how long a silence of its own the client sends a PING: before the server's limit.
/// timeout      how long it waits for an answer, or for a connection. A stream is given up then; a
///              datagram is sent again, and the time doubles.
/// retry_first  how long it waits before it connects again, the first time; then twice as long, and
///              so on.
/// retry_max    the longest such wait, and the longest between two sendings of a datagram.
/// transport    TIPWIRE_STREAM or TIPWIRE_DATAGRAMS.
/// overflow     TIPWIRE_REFUSE or TIPWIRE_DROP_OLDEST.
/// attempts     how often a request is sent before it is given up; 0 for as often as it takes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_client_settings {
    pub next_number: u64,
    pub seed: u64,
    pub max_queue: usize,
    pub max_answer: usize,
    pub keep_alive: u32,
    pub timeout: u32,
    pub retry_first: u32,
    pub retry_max: u32,
    pub transport: u8,
    pub overflow: u8,
    pub attempts: u8,
}

/// A request was taken into the queue.
///
/// number       the number by which its answer will be known.
/// has_dropped  whether others made room for it: those from first_dropped to last_dropped, which will
///              get no answer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_queued {
    pub number: u32,
    pub first_dropped: u32,
    pub last_dropped: u32,
    pub has_dropped: u8,
}

/// What a client tells. What a type does not speak of is 0 or absent. Texts and variables are good
/// until the client is used again.
///
/// type         TIPWIRE_CONNECT, ...
/// reason       TIPWIRE_REASON_..., of a TIPWIRE_DISCONNECT.
/// method       what was asked for: TIPWIRE_PUSH, TIPWIRE_PULL or TIPWIRE_PING.
/// is_done      whether the request was fulfilled. It was as well if a PUSH was sent again and the
///              server says that it has this number already.
/// is_repeated  whether the request was sent more than once.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_client_event {
    pub r#type: u8,
    pub reason: u8,
    pub method: u8,
    pub is_done: u8,
    pub is_repeated: u8,
    pub has_number: u8,
    pub number: u32,
    pub text: tipwire_text,
    pub error: tipwire_error,
    pub ack: tipwire_ack,
}

/// TIPWIRE_CLIENT_SIZE.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_size() -> usize {
    size_of::<tipwire_client>()
}

/// Sets settings to the defaults.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_defaults(settings: *mut tipwire_client_settings) -> i32 {
    run(|| {
        place(settings)?.set(ClientSettings::default().into());
        Ok(())
    })
}

/// Sets a client up that wants to be connected, as this device. settings may be NULL for the
/// defaults. auth and serial are copied.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_init(
    client: *mut tipwire_client,
    settings: *const tipwire_client_settings,
    auth: *const c_char,
    serial: *const c_char,
    queue: *mut c_void,
    queue_capacity: usize,
    input: *mut c_void,
    input_capacity: usize,
) -> i32 {
    run(|| {
        let settings = settings_of(settings)?;
        let (auth, serial) = (string(auth)?, string(serial)?);
        let (queue, input) = (buffer(queue, queue_capacity)?, buffer(input, input_capacity)?);
        let made = Client::new(&settings, auth, serial, queue, input).map_err(of_error)?;
        store(client, Either::new(made))
    })
}

/// Sets a client up that seals its requests and opens the answers, as the device of a sealer, which is
/// the client's as long as it is used. Requests are numbered by the sealer: it is set up to go on with
/// what was stored, and tipwire_client_next_number() is what to store. The input must have room for a
/// whole answer.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_init_sealed(
    client: *mut tipwire_client,
    settings: *const tipwire_client_settings,
    sealer: *mut tipwire_sealer,
    queue: *mut c_void,
    queue_capacity: usize,
    input: *mut c_void,
    input_capacity: usize,
) -> i32 {
    run(|| {
        let settings = settings_of(settings)?;
        let serial = fetch(sealer)?.serial();
        let (auth, keys) = (fetch(sealer)?.auth().as_hex(), fetch_mut(sealer)?);
        let (queue, input) = (buffer(queue, queue_capacity)?, buffer(input, input_capacity)?);
        let made = Client::with_keys(&settings, auth.as_str(), serial, keys, queue, input);
        store(client, Either::new(made.map_err(of_error)?))
    })
}

/// Queues a PUSH, which write writes. queued and error may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_push(
    client: *mut tipwire_client,
    now: u64,
    write: tipwire_write,
    context: *mut c_void,
    queued: *mut tipwire_queued,
    error: *mut tipwire_error,
) -> i32 {
    enqueue(client, queued, error, |session| {
        let mut wrong = Ok(());
        let taken = session.push(now, &mut |push| wrong = ask(push, write, context));
        wrong.map_err(tipwire_error::of)?;
        Ok(taken?)
    })
}

/// Queues a PULL, whose names write writes. queued and error may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_pull(
    client: *mut tipwire_client,
    now: u64,
    write: tipwire_write,
    context: *mut c_void,
    queued: *mut tipwire_queued,
    error: *mut tipwire_error,
) -> i32 {
    enqueue(client, queued, error, |session| {
        let mut wrong = Ok(());
        let taken = session.pull(now, &mut |pull| wrong = ask(pull, write, context));
        wrong.map_err(tipwire_error::of)?;
        Ok(taken?)
    })
}

/// Queues a PING. queued and error may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_ping(
    client: *mut tipwire_client,
    now: u64,
    queued: *mut tipwire_queued,
    error: *mut tipwire_error,
) -> i32 {
    enqueue(client, queued, error, |session| Ok(session.ping(now)?))
}

/// Queues a text frame that was written elsewhere, as by tipwire_push_begin(). Its counter is made
/// that of the client; a sealer seals what is inside. queued and error may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_send(
    client: *mut tipwire_client,
    frame: *const c_void,
    length: usize,
    now: u64,
    queued: *mut tipwire_queued,
    error: *mut tipwire_error,
) -> i32 {
    enqueue(client, queued, error, |session| {
        let frame = bytes(frame, length).map_err(tipwire_error::of)?;
        Ok(session.send(frame, now)?)
    })
}

/// Takes the next event, going past what it takes of the bytes that were received, which may be NULL
/// for none. Returns 1 for an event, 0 when there is nothing more to tell, or a status. To be called
/// until it returns 0, after everything else that is called.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_next(
    client: *mut tipwire_client,
    received: *mut tipwire_text,
    now: u64,
    event: *mut tipwire_client_event,
) -> i32 {
    guard(|| {
        let session = fetch_mut(client)?.get_mut();
        let place = place(event)?;
        let mut none = tipwire_text::ABSENT;
        let received = if received.is_null() { &mut none } else { change(received)? };
        let mut rest = input_of(*received)?;
        let found = session.next_event(&mut rest, now);
        *received = rest.into();
        let Some(found) = found else { return Ok(0) };
        place.set(found.into());
        Ok(1)
    })
}

/// What is to be sent now: nothing while there is no connection. A datagram is to be sent as a whole.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_output(client: *const tipwire_client) -> text_argument {
    value(text_argument::ABSENT, || Ok(fetch(client)?.get().output().into()))
}

/// The first count bytes of tipwire_client_output() have been sent.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_sent(client: *mut tipwire_client, count: usize, now: u64) -> i32 {
    with(client, |session| session.sent(count, now))
}

/// The connection that was wanted is there.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_connected(client: *mut tipwire_client, now: u64) -> i32 {
    with(client, |session| session.connected(now))
}

/// There is no connection any more, or none could be made. Another one will be wanted, after a while.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_disconnected(client: *mut tipwire_client, now: u64) -> i32 {
    with(client, |session| session.disconnected(now))
}

/// No connection is wanted until tipwire_client_open(). Requests are kept.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_close(client: *mut tipwire_client) -> i32 {
    with(client, |session| session.close())
}

/// A connection is wanted, at once; as it is from the beginning.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_open(client: *mut tipwire_client, now: u64) -> i32 {
    with(client, |session| session.open(now))
}

/// When tipwire_client_timeout() is to be called; TIPWIRE_NEVER if it need not be, and on failure.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_deadline(client: *const tipwire_client) -> u64 {
    value(TIPWIRE_NEVER, || fetch(client)?.get().deadline().ok_or(0))
}

/// Does what is due: gives up a connection, sends again, keeps alive. Does nothing before the time.
/// tipwire_client_next() tells what is to be done.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_timeout(client: *mut tipwire_client, now: u64) -> i32 {
    with(client, |session| session.handle_timeout(now))
}

/// The number of the next request, or of the next envelope: what to store, after each request. Beyond
/// 32 bits all are used up. 0 on failure.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_next_number(client: *const tipwire_client) -> u64 {
    value(0, || Ok(fetch(client)?.get().next_number()))
}

/// Reserves the next count numbers, and gives the number to store before any of them is used: to
/// write to flash less often. 0 on failure.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_reserve(client: *mut tipwire_client, count: u32) -> u64 {
    value(0, || Ok(fetch_mut(client)?.get_mut().reserve(count)))
}

/// Whether every request has got its answer.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_is_idle(client: *const tipwire_client) -> bool {
    value(false, || Ok(fetch(client)?.get().is_idle()))
}

/// Whether there is a connection, as far as the client was told.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_client_is_connected(client: *const tipwire_client) -> bool {
    value(false, || Ok(fetch(client)?.get().is_connected()))
}

type Buffer = &'static mut [u8];
type Plain = Client<Buffer, Buffer>;
type Sealed = Client<Buffer, Buffer, &'static mut Sealer>;

/// What a client does, with a key or without: a program that has none links nothing of sealing.
pub trait Session {
    fn push(&mut self, now: u64, write: WritePush<'_>) -> Result<Queued, BuildError>;
    fn pull(&mut self, now: u64, write: WritePull<'_>) -> Result<Queued, BuildError>;
    fn ping(&mut self, now: u64) -> Result<Queued, BuildError>;
    fn send(&mut self, frame: &[u8], now: u64) -> Result<Queued, BuildError>;
    fn next_event<'m, 'i: 'm>(
        &'m mut self,
        input: &mut &'i [u8],
        now: u64,
    ) -> Option<ClientEvent<'m>>;
    fn output(&self) -> &[u8];
    fn sent(&mut self, count: usize, now: u64);
    fn connected(&mut self, now: u64);
    fn disconnected(&mut self, now: u64);
    fn close(&mut self);
    fn open(&mut self, now: u64);
    fn deadline(&self) -> Option<u64>;
    fn handle_timeout(&mut self, now: u64);
    fn next_number(&self) -> u64;
    fn reserve(&mut self, count: u32) -> u64;
    fn is_idle(&self) -> bool;
    fn is_connected(&self) -> bool;
}

type WritePush<'w> = &'w mut dyn FnMut(&mut Push<Slice<'_>>);
type WritePull<'w> = &'w mut dyn FnMut(&mut Pull<Slice<'_>>);

impl<K: Keys> Session for Client<Buffer, Buffer, K> {
    fn push(&mut self, now: u64, write: WritePush<'_>) -> Result<Queued, BuildError> {
        Client::push(self, now, write)
    }

    fn pull(&mut self, now: u64, write: WritePull<'_>) -> Result<Queued, BuildError> {
        Client::pull(self, now, write)
    }

    fn ping(&mut self, now: u64) -> Result<Queued, BuildError> {
        Client::ping(self, now)
    }

    fn send(&mut self, frame: &[u8], now: u64) -> Result<Queued, BuildError> {
        Client::send(self, frame, now)
    }

    fn next_event<'m, 'i: 'm>(
        &'m mut self,
        input: &mut &'i [u8],
        now: u64,
    ) -> Option<ClientEvent<'m>> {
        Client::next_event(self, input, now)
    }

    fn output(&self) -> &[u8] {
        Client::output(self)
    }

    fn sent(&mut self, count: usize, now: u64) {
        Client::sent(self, count, now);
    }

    fn connected(&mut self, now: u64) {
        Client::connected(self, now);
    }

    fn disconnected(&mut self, now: u64) {
        Client::disconnected(self, now);
    }

    fn close(&mut self) {
        Client::close(self);
    }

    fn open(&mut self, now: u64) {
        Client::open(self, now);
    }

    fn deadline(&self) -> Option<u64> {
        Client::deadline(self)
    }

    fn handle_timeout(&mut self, now: u64) {
        Client::handle_timeout(self, now);
    }

    fn next_number(&self) -> u64 {
        self.counter().next()
    }

    fn reserve(&mut self, count: u32) -> u64 {
        Client::reserve(self, count)
    }

    fn is_idle(&self) -> bool {
        Client::is_idle(self)
    }

    fn is_connected(&self) -> bool {
        Client::is_connected(self)
    }
}

impl<K: Keys + 'static> Does<dyn Session> for Client<Buffer, Buffer, K> {
    fn view(this: *mut Self) -> *mut dyn Session {
        this
    }
}

/// Words that the larger one of the two needs.
const ROOM: usize = if size_of::<Plain>() > size_of::<Sealed>() {
    size_of::<Plain>().div_ceil(8)
} else {
    size_of::<Sealed>().div_ceil(8)
};

impl Storage for tipwire_client {
    type Value = Either<dyn Session, ROOM>;
}

const _: () = assert!(has_room::<tipwire_client>());

fn with(client: *mut tipwire_client, act: impl FnOnce(&mut dyn Session)) -> i32 {
    run(|| {
        act(fetch_mut(client)?.get_mut());
        Ok(())
    })
}

fn enqueue(
    client: *mut tipwire_client,
    queued: *mut tipwire_queued,
    error: *mut tipwire_error,
    ask: impl FnOnce(&mut dyn Session) -> Result<Queued, tipwire_error>,
) -> i32 {
    run(|| {
        let session = told(fetch_mut(client), error)?.get_mut();
        let taken = ask(session).map_err(|wrong| tell(wrong, error))?;
        set_if_wanted(queued, || taken.into());
        Ok(())
    })
}

/// Lets the caller's function write a frame. What only C can do wrong fails the frame, so that it is not
/// queued.
fn ask(frame: &mut impl Asked, write: tipwire_write, context: *mut c_void) -> Outcome {
    lend(write, context, frame.lent()).map(drop).inspect_err(|_| frame.refuse())
}

/// A frame that the caller's function writes.
trait Asked {
    fn lent(&mut self) -> Form;
    fn refuse(&mut self);
}

impl Asked for Push<Slice<'_>> {
    fn lent(&mut self) -> Form {
        Form::LentPush(prolong(self))
    }

    fn refuse(&mut self) {
        Push::refuse(self, Field::Value, Kind::Missing);
    }
}

impl Asked for Pull<Slice<'_>> {
    fn lent(&mut self) -> Form {
        Form::LentPull(prolong(self))
    }

    fn refuse(&mut self) {
        Pull::refuse(self, Kind::Missing);
    }
}

fn settings_of(settings: *const tipwire_client_settings) -> Outcome<ClientSettings> {
    if settings.is_null() {
        return Ok(ClientSettings::default());
    }
    let settings = read(settings)?;
    Ok(ClientSettings {
        transport: transport_of(settings.transport)?,
        keep_alive: settings.keep_alive,
        timeout: settings.timeout,
        retry_first: settings.retry_first,
        retry_max: settings.retry_max,
        attempts: settings.attempts,
        overflow: match settings.overflow {
            TIPWIRE_REFUSE => Overflow::Refuse,
            TIPWIRE_DROP_OLDEST => Overflow::DropOldest,
            _ => return Err(TIPWIRE_E_ARGUMENT),
        },
        next_number: settings.next_number,
        seed: settings.seed,
        max_queue: settings.max_queue,
        max_answer: settings.max_answer,
    })
}

/// The transport that C calls so.
pub fn transport_of(number: u8) -> Outcome<Transport> {
    match number {
        TIPWIRE_STREAM => Ok(Transport::Stream),
        TIPWIRE_DATAGRAMS => Ok(Transport::Datagrams),
        _ => Err(TIPWIRE_E_ARGUMENT),
    }
}

impl From<ClientSettings> for tipwire_client_settings {
    fn from(settings: ClientSettings) -> tipwire_client_settings {
        tipwire_client_settings {
            next_number: settings.next_number,
            seed: settings.seed,
            max_queue: settings.max_queue,
            max_answer: settings.max_answer,
            keep_alive: settings.keep_alive,
            timeout: settings.timeout,
            retry_first: settings.retry_first,
            retry_max: settings.retry_max,
            transport: TIPWIRE_STREAM,
            overflow: TIPWIRE_REFUSE,
            attempts: settings.attempts,
        }
    }
}

impl From<Queued> for tipwire_queued {
    fn from(queued: Queued) -> tipwire_queued {
        let (first_dropped, last_dropped) = queued.dropped.unwrap_or_default();
        tipwire_queued {
            number: queued.number,
            first_dropped,
            last_dropped,
            has_dropped: queued.dropped.is_some().into(),
        }
    }
}

impl From<ClientEvent<'static>> for tipwire_client_event {
    fn from(event: ClientEvent<'static>) -> tipwire_client_event {
        let mut out = tipwire_client_event {
            r#type: 0,
            reason: 0,
            method: 0,
            is_done: 0,
            is_repeated: 0,
            has_number: 0,
            number: 0,
            text: tipwire_text::ABSENT,
            error: tipwire_error::of(0),
            ack: tipwire_ack::none(),
        };
        out.r#type = match event {
            ClientEvent::Connect => TIPWIRE_CONNECT,
            ClientEvent::Disconnect(reason) => {
                out.reason = match reason {
                    Reason::Closing(code) => {
                        out.text = code.name().into();
                        TIPWIRE_REASON_CLOSING
                    }
                    Reason::Timeout => TIPWIRE_REASON_TIMEOUT,
                    _ => TIPWIRE_REASON_UNREADABLE,
                };
                TIPWIRE_DISCONNECT
            }
            ClientEvent::Answer(answer) => {
                (out.has_number, out.number) = (1, answer.number);
                out.method = InnerMethod::from(answer.method) as u8;
                out.is_done = answer.is_done().into();
                out.is_repeated = answer.is_repeated.into();
                out.ack = answer.ack.into();
                TIPWIRE_ANSWER
            }
            ClientEvent::Command { text, answers } => {
                out.text = text.into();
                out.has_number = answers.is_some().into();
                out.number = answers.unwrap_or(0);
                TIPWIRE_COMMAND
            }
            ClientEvent::Lost { number } => {
                (out.has_number, out.number) = (1, number);
                TIPWIRE_LOST
            }
            ClientEvent::Extra(ack) => {
                out.ack = ack.into();
                TIPWIRE_EXTRA
            }
            ClientEvent::Unreadable(error) => {
                out.error = error.into();
                TIPWIRE_UNREADABLE
            }
            // The core has no others.
            _ => 0,
        };
        out
    }
}

/// What was wrong with a name or a buffer.
fn of_error(error: BuildError) -> i32 {
    crate::error::status(error.kind)
}
