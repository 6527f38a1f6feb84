//! Both sides of a connection. What happened goes over as a tape whose texts are all side text.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use tipwire::session::{
    self, ClientEvent, ClientSettings, Inbox, KnownDevices, Overflow, Reason, Sequence,
    ServerEvent, ServerSettings, Ticket, Transport,
};
use tipwire::stream::Mode;
use tipwire::{BuildError, Code, Error, Kind};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::credentials::text;
use crate::failure::{plain, unbuilt};
use crate::lanes::{Lanes, Tape, tell, with, word};
use crate::layout::{
    ANSWERED, CLOSED, COMMANDED, CONNECT, DISCONNECT, EXTRA, LOST, NONE, NOTHING, REJECTED,
    REQUEST, UNREADABLE,
};
use crate::read::{write_ack, write_frame};
use crate::secure::Sealer;
use crate::settings::Numbers;

/// What servers know of devices.
#[wasm_bindgen]
#[derive(Default)]
pub struct Devices(KnownDevices);

#[wasm_bindgen]
impl Devices {
    /// They know nothing.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Devices {
        Devices::default()
    }

    /// From now on a counter is enforced: of the authorization and the serial that are the input, of
    /// these lengths. What its state was follows them, or nothing; whether it was one.
    pub fn enforce(&mut self, auth: u32, serial: u32, state: u32, window: u32) -> bool {
        with(|lanes| {
            let from = (auth + serial) as usize;
            let bytes = lanes.input.get(from..from + state as usize).unwrap_or_default();
            let sequence = match bytes {
                [] => u8::try_from(window).ok().map(Sequence::with_window),
                bytes => bytes.try_into().ok().and_then(Sequence::from_bytes),
            };
            let is_one = sequence.is_some();
            if let Some(sequence) = sequence {
                let (auth, serial) = device(lanes, auth, serial);
                self.0.enforce(auth, serial, sequence);
            }
            is_one
        })
    }

    /// The state of the counter of such a device, as output; its length, or 0 for none.
    pub fn state(&self, auth: u32, serial: u32) -> u32 {
        with(|lanes| {
            let (auth, serial) = device(lanes, auth, serial);
            let bytes = self.0.counted(auth, serial).map(Sequence::to_bytes);
            let bytes = bytes.as_ref().map_or(&[][..], |bytes| bytes);
            lanes.output.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            word(bytes.len())
        })
    }

    /// Takes back that the counter of such a device has had this number.
    pub fn retract(&mut self, auth: u32, serial: u32, number: u32) {
        with(|lanes| {
            let (auth, serial) = device(lanes, auth, serial);
            if let Some(sequence) = self.0.counted_mut(auth, serial) {
                sequence.retract(number);
            }
        });
    }

    /// Adds a key; its name.
    pub fn add(&mut self, sealer: Sealer) -> u32 {
        word(sealer.take().map_or(self.0.keys().len(), |sealer| self.0.add_key(sealer)))
    }

    /// The next counter of the answers that a key seals; NaN where there is no such key.
    pub fn counter(&self, name: u32) -> f64 {
        let key = self.0.keys().get(name as usize);
        key.map_or(f64::NAN, |key| key.counter().next() as f64)
    }

    /// Reserves counters of a key; what is to be stored.
    pub fn reserve(&mut self, name: u32, count: u32) -> f64 {
        let key = self.0.keys_mut().get_mut(name as usize);
        key.map_or(f64::NAN, |key| key.reserve(count) as f64)
    }
}

/// An authorization and a serial.
fn device<'a>(lanes: &'a Lanes<'_>, auth: u32, serial: u32) -> (&'a str, &'a str) {
    let part = |from, to| text(lanes, from, to).unwrap_or_default();
    (part(0, auth), part(auth, auth + serial))
}

/// One connection, seen from the server.
#[wasm_bindgen]
pub struct Server {
    server: Option<session::Server<Vec<u8>>>,
    inbox: Inbox,
}

#[wasm_bindgen]
impl Server {
    /// The reals are `datagrams`, `idle`, `ttl`, `max_frame` and `max_output`, NaN for what is not
    /// set. Whether it worked is said by `is_valid`, and else by the words.
    #[wasm_bindgen(constructor)]
    pub fn new(now: f64) -> Server {
        let made = with(|lanes| {
            let made = server_settings(lanes.reals).and_then(|settings| {
                session::Server::new(&settings, Vec::new(), Vec::new(), now as u64)
            });
            made.map_err(|kind| unbuilt(lanes.words, plain(kind)))
        });
        Server { server: made.ok(), inbox: Inbox::default() }
    }

    /// Whether it can be used.
    pub fn is_valid(&self) -> bool {
        self.server.is_some()
    }

    /// Takes the front of the input.
    pub fn receive(&mut self, length: u32) {
        with(|lanes| self.inbox.add(lanes.input.get(..length as usize).unwrap_or_default()));
    }

    /// The next event, on the tape after the length of the side text.
    pub fn next(&mut self, now: f64, devices: &mut Devices) {
        let Server { server, inbox } = self;
        let Some(server) = server else { return };
        let mut rest = inbox.rest();
        let event = server.next_event(&mut rest, now as u64, &mut devices.0);
        on_tape(|tape| match &event {
            Some(ServerEvent::Request { ticket, number, frame, device }) => {
                let bits = ticket.to_bits();
                let halves = [bits as u32, (bits >> 32) as u32];
                tape.word(REQUEST);
                halves.into_iter().for_each(|half| tape.word(half));
                tape.word(device.is_sealed.into());
                write_number(tape, *number);
                tape.span(device.auth);
                tape.span(device.serial);
                write_frame(tape, frame);
            }
            Some(ServerEvent::Rejected { code, error }) => {
                tape.word(REJECTED);
                tape.span(code.name());
                write_error(tape, *error);
            }
            Some(ServerEvent::Closed(code)) => {
                tape.word(CLOSED);
                tape.span(code.name());
            }
            _ => tape.word(NOTHING),
        });
        let left = rest.len();
        inbox.leave(left);
    }

    /// Answers a request with the answer that is the input, or (1) the output; 0 for an error.
    pub fn answer(&mut self, ticket: u64, source: u32, length: u32, devices: &mut Devices) -> u32 {
        self.done(source, length, |server, answer| {
            server.answer_with(Ticket::from_bits(ticket), &mut devices.0, answer)
        })
    }

    /// Sends the command that is the input; 0 for an error.
    pub fn command(&mut self, length: u32, devices: &mut Devices) -> u32 {
        self.done(0, length, |server, command| {
            let command = core::str::from_utf8(command).map_err(|_| plain(Kind::Utf8))?;
            server.command(&mut devices.0, command)
        })
    }

    /// What is to be sent: the words are where it is in memory, and how long.
    pub fn output(&self) {
        place(self.server.as_ref().map_or(&[], |server| server.output()));
    }

    /// So many bytes of it have been sent.
    pub fn sent(&mut self, count: u32) {
        if let Some(server) = &mut self.server {
            server.sent(count as usize);
        }
    }

    /// When something is due; NaN for never.
    pub fn deadline(&self) -> f64 {
        real(self.server.as_ref().and_then(|server| server.deadline()))
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: f64) {
        if let Some(server) = &mut self.server {
            server.handle_timeout(now as u64);
        }
    }

    /// Ends it for the reason whose code is the input; whether that is one.
    pub fn close(&mut self, length: u32) -> bool {
        let code = with(|lanes| Code::from_name(text(lanes, 0, length).unwrap_or_default()));
        if let (Some(server), Some(code)) = (&mut self.server, code) {
            server.close(code);
        }
        code.is_some()
    }

    /// How many requests have no answer.
    pub fn unanswered(&self) -> u32 {
        self.server.as_ref().map_or(0, |server| server.unanswered())
    }

    /// How many received bytes wait for answers.
    pub fn waiting(&self) -> u32 {
        word(self.inbox.rest().len())
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.server.as_ref().is_none_or(|server| server.is_closed())
    }

    /// 0 before the first byte came, 1 for text, 2 for envelopes.
    pub fn mode(&self) -> u32 {
        match self.server.as_ref().and_then(|server| server.mode()) {
            None => 0,
            Some(Mode::Text) => 1,
            Some(Mode::Envelopes) => 2,
        }
    }
}

impl Server {
    fn done(
        &mut self,
        source: u32,
        length: u32,
        work: impl FnOnce(&mut session::Server<Vec<u8>>, &[u8]) -> Result<(), BuildError>,
    ) -> u32 {
        with(|lanes| {
            let done =
                self.server.as_mut().map(|server| work(server, lanes.written(source, length)));
            match done {
                Some(Ok(())) => 1,
                Some(Err(error)) => unbuilt(lanes.words, error),
                None => 0,
            }
        })
    }
}

fn server_settings(reals: &[f64]) -> Result<ServerSettings, Kind> {
    let numbers = Numbers(reals);
    let mut settings = ServerSettings { transport: transport(&numbers)?, ..Default::default() };
    numbers.set(1, &mut settings.idle)?;
    numbers.set(2, &mut settings.ttl)?;
    numbers.set(3, &mut settings.max_frame)?;
    numbers.set(4, &mut settings.max_output)?;
    Ok(settings)
}

fn transport(numbers: &Numbers<'_>) -> Result<Transport, Kind> {
    Ok(if numbers.get(0)? == Some(1_u8) { Transport::Datagrams } else { Transport::Stream })
}

/// With a key or without.
type Asking = session::Client<Vec<u8>, Vec<u8>, Option<tipwire::Sealer>>;

/// One device, seen from itself.
#[wasm_bindgen]
pub struct Client {
    client: Option<Asking>,
    inbox: Inbox,
    /// Requests that made room for others, as ranges.
    dropped: VecDeque<(u32, u32)>,
}

#[wasm_bindgen]
impl Client {
    /// The input has the authorization and the serial, of these lengths. The reals are `datagrams`,
    /// `keep_alive`, `timeout`, `retry_first`, `retry_max`, `attempts`, `drop_oldest`,
    /// `next_number`, `seed`, `max_queue` and `max_answer`, NaN for what is not set. Whether it
    /// worked is said by `is_valid`, and else by the words.
    #[wasm_bindgen(constructor)]
    pub fn new(auth: u32, serial: u32, sealer: Option<Sealer>) -> Client {
        let keys = sealer.and_then(Sealer::take);
        let made = with(|lanes| {
            let made = client_settings(lanes.reals).map_err(plain).and_then(|settings| {
                let auth_text = text(lanes, 0, auth).unwrap_or_default();
                let serial = text(lanes, auth, auth + serial).unwrap_or_default();
                Asking::with_keys(&settings, auth_text, serial, keys, Vec::new(), Vec::new())
            });
            made.map_err(|error| unbuilt(lanes.words, error))
        });
        Client { client: made.ok(), inbox: Inbox::default(), dropped: VecDeque::new() }
    }

    /// Whether it can be used.
    pub fn is_valid(&self) -> bool {
        self.client.is_some()
    }

    /// Queues the frame that is the input, or (1) the output. The word is its number; 0 is an error.
    pub fn send(&mut self, source: u32, length: u32, now: f64) -> u32 {
        with(|lanes| {
            let Some(client) = &mut self.client else { return 0 };
            match client.send(lanes.written(source, length), now as u64) {
                Ok(queued) => {
                    self.dropped.extend(queued.dropped);
                    tell(lanes.words, [queued.number]);
                    1
                }
                Err(error) => unbuilt(lanes.words, error),
            }
        })
    }

    /// Takes the front of the input.
    pub fn receive(&mut self, length: u32) {
        with(|lanes| self.inbox.add(lanes.input.get(..length as usize).unwrap_or_default()));
    }

    /// The next event, on the tape after the length of the side text.
    pub fn next(&mut self, now: f64) {
        let Client { client, inbox, dropped } = self;
        let Some(client) = client else { return };
        if let Some((first, last)) = dropped.pop_front() {
            if first < last {
                dropped.push_front((first + 1, last));
            }
            on_tape(|tape| [LOST, first].into_iter().for_each(|part| tape.word(part)));
            return;
        }
        let mut rest = inbox.rest();
        let event = client.next_event(&mut rest, now as u64);
        on_tape(|tape| match &event {
            Some(ClientEvent::Connect) => tape.word(CONNECT),
            Some(ClientEvent::Disconnect(reason)) => {
                tape.word(DISCONNECT);
                tape.span(match reason {
                    Reason::Closing(code) => code.name(),
                    Reason::Timeout => "timeout",
                    _ => "unreadable",
                });
            }
            Some(ClientEvent::Answer(answer)) => {
                tape.word(ANSWERED);
                tape.word(answer.number);
                tape.word(answer.is_done().into());
                tape.word(answer.is_repeated.into());
                tape.span(answer.method.name());
                write_ack(tape, &answer.ack);
            }
            Some(ClientEvent::Command { text, answers }) => {
                tape.word(COMMANDED);
                write_number(tape, *answers);
                tape.span(text);
            }
            Some(ClientEvent::Lost { number }) => {
                tape.word(LOST);
                tape.word(*number);
            }
            Some(ClientEvent::Extra(ack)) => {
                tape.word(EXTRA);
                write_ack(tape, ack);
            }
            Some(ClientEvent::Unreadable(error)) => {
                tape.word(UNREADABLE);
                write_error(tape, Some(*error));
            }
            _ => tape.word(NOTHING),
        });
        let left = rest.len();
        inbox.leave(left);
    }

    /// What is to be sent: the words are where it is in memory, and how long.
    pub fn output(&self) {
        place(self.client.as_ref().map_or(&[], |client| client.output()));
    }

    /// So many bytes of it have been sent.
    pub fn sent(&mut self, count: u32, now: f64) {
        if let Some(client) = &mut self.client {
            client.sent(count as usize, now as u64);
        }
    }

    /// The connection that was wanted is there.
    pub fn connected(&mut self, now: f64) {
        self.inbox.clear();
        if let Some(client) = &mut self.client {
            client.connected(now as u64);
        }
    }

    /// There is no connection.
    pub fn disconnected(&mut self, now: f64) {
        self.inbox.clear();
        if let Some(client) = &mut self.client {
            client.disconnected(now as u64);
        }
    }

    /// None is wanted.
    pub fn close(&mut self) {
        if let Some(client) = &mut self.client {
            client.close();
        }
    }

    /// One is wanted.
    pub fn open(&mut self, now: f64) {
        if let Some(client) = &mut self.client {
            client.open(now as u64);
        }
    }

    /// When something is due; NaN for never.
    pub fn deadline(&self) -> f64 {
        real(self.client.as_ref().and_then(|client| client.deadline()))
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: f64) {
        if let Some(client) = &mut self.client {
            client.handle_timeout(now as u64);
        }
    }

    /// The number of the next request.
    pub fn counter(&self) -> f64 {
        real(self.client.as_ref().map(|client| client.counter().next()))
    }

    /// Reserves numbers; the one to store.
    pub fn reserve(&mut self, count: u32) -> f64 {
        real(self.client.as_mut().map(|client| client.reserve(count)))
    }

    /// Whether everything has its answer.
    pub fn is_idle(&self) -> bool {
        self.client.as_ref().is_none_or(|client| client.is_idle())
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.is_connected())
    }
}

fn client_settings(reals: &[f64]) -> Result<ClientSettings, Kind> {
    let numbers = Numbers(reals);
    let mut settings = ClientSettings { transport: transport(&numbers)?, ..Default::default() };
    numbers.set(1, &mut settings.keep_alive)?;
    numbers.set(2, &mut settings.timeout)?;
    numbers.set(3, &mut settings.retry_first)?;
    numbers.set(4, &mut settings.retry_max)?;
    numbers.set(5, &mut settings.attempts)?;
    if numbers.get(6)? == Some(1_u8) {
        settings.overflow = Overflow::DropOldest;
    }
    numbers.set(7, &mut settings.next_number)?;
    numbers.set(8, &mut settings.seed)?;
    numbers.set(9, &mut settings.max_queue)?;
    numbers.set(10, &mut settings.max_answer)?;
    Ok(settings)
}

/// Lets an event be written, after the length of its side text.
fn on_tape(write: impl FnOnce(&mut Tape<'_>)) {
    with(|lanes| {
        let mut tape = lanes.side_tape();
        let side = tape.later();
        write(&mut tape);
        let side_len = tape.side_len();
        tape.set(side, side_len);
    });
}

/// A number of which there may be none: whether there is, and which.
fn write_number(tape: &mut Tape<'_>, number: Option<u32>) {
    tape.word(number.is_some().into());
    tape.word(number.unwrap_or_default());
}

fn write_error(tape: &mut Tape<'_>, error: Option<Error>) {
    tape.word(error.map_or(NONE, |error| error.kind.number().into()));
    tape.word(error.map_or(0, |error| error.at));
}

fn place(bytes: &[u8]) {
    let parts = [word(bytes.as_ptr() as usize), word(bytes.len())];
    with(|lanes| tell(lanes.words, parts));
}

fn real(number: Option<u64>) -> f64 {
    number.map_or(f64::NAN, |number| number as f64)
}
