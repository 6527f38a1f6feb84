//! Both sides of a connection, without the connection.

use std::collections::VecDeque;
use std::sync::Mutex;

use pyo3::exceptions::PyValueError;
use pyo3::types::{PyBytes, PyList, PyTuple};
use pyo3::{PyClass, prelude::*};
use tipwire::session::{
    self, ClientEvent, ClientSettings, Inbox, KnownDevices, Overflow, Reason, Sequence,
    ServerEvent, ServerSettings, Ticket, Transport,
};
use tipwire::stream::Mode;
use tipwire::{Body, Code, Detail};

use crate::build::{self, Writer};
use crate::envelope::Sealer;
use crate::errors::{frame_error, stream, unbuildable};
use crate::frame;
use crate::held::How;
use crate::lock::lock;
use crate::source::Source;

fn transport(datagrams: bool) -> Transport {
    if datagrams { Transport::Datagrams } else { Transport::Stream }
}

/// A frame of an event, which belongs to the session's buffer, as one of its own.
fn copy_frame(py: Python<'_>, frame: &tipwire::Frame<'_>) -> PyResult<Py<PyAny>> {
    let is_inner = frame.auth.is_empty();
    let text = match &frame.body {
        Body::Push(_) | Body::Raw(_) => {
            let mut push = match is_inner {
                true => Writer::inner(String::new(), frame.serial),
                false => Writer::to(String::new(), frame.auth, frame.serial),
            };
            frame.seq.map(|seq| push.seq(seq));
            match &frame.body {
                Body::Push(block) => copy_block(&mut push, block),
                _ => _ = frame.raw().map(|raw| push.raw_read(raw)),
            }
            push.finish()
        }
        Body::Pull(names) => {
            let mut pull = match is_inner {
                true => tipwire::Pull::inner(String::new(), frame.serial),
                false => tipwire::Pull::to(String::new(), frame.auth, frame.serial),
            };
            frame.seq.map(|seq| pull.seq(seq));
            pull.names(names.clone()).finish()
        }
        Body::Ping => {
            let mut ping = match is_inner {
                true => tipwire::Ping::inner(String::new(), frame.serial),
                false => tipwire::Ping::to(String::new(), frame.auth, frame.serial),
            };
            frame.seq.map(|seq| ping.seq(seq));
            ping.finish()
        }
    };
    let text = text.map_err(|error| unbuildable(py, error, None))?;
    let how = if is_inner { How::Inner(Some(frame.method())) } else { How::Frame };
    frame::read(py, how, Source::Copy(text.into_bytes().into()))
}

fn copy_block(push: &mut Writer, block: &tipwire::Block<'_>) {
    if let Some(location) = block.location {
        push.location(location);
    }
    if let Some(time) = block.time {
        push.time(time);
    }
    if let Some(group) = block.group {
        push.group(group);
    }
    for (key, text) in block.metadata.iter() {
        push.metadata(key, &text.to_cow());
    }
    push.variables(block.variables.clone());
}

fn copy_ack(py: Python<'_>, ack: &tipwire::Ack<'_>) -> PyResult<Py<PyAny>> {
    let mut reply = tipwire::Reply::to(String::new());
    if let Some(seq) = ack.seq {
        reply.seq(seq);
    }
    let text = match &ack.detail {
        Detail::None => reply.status(ack.status).finish(),
        Detail::Count(count) => reply.count(*count).finish(),
        Detail::Variables(block) => {
            let mut push = reply.variables();
            push.variables(block.variables.clone());
            push.finish()
        }
        Detail::Command(text) | Detail::Error(text) | Detail::Text(text) => {
            reply.text(ack.status, text).finish()
        }
    };
    let text = text.map_err(|error| unbuildable(py, error, None))?;
    frame::read(py, How::Ack, Source::Copy(text.into_bytes().into()))
}

/// Declares the class of an event: its name, its members, and what `match` takes them as.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[pyclass(frozen, module = "tipwire")]
        pub struct $name { $($(#[$member_doc])* #[pyo3(get)] $member: $type,)* }

        #[pymethods]
        impl $name {
            #[classattr]
            fn __match_args__(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
                let members: &[&str] = &[$(stringify!($member)),*];
                PyTuple::new(py, members)
            }

            fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
                let members: &[&str] = &[$(stringify!($member)),*];
                let shown = members.iter().map(|member| {
                    let value = slf.getattr(*member)?;
                    // A token is a secret.
                    let hidden = *member == "auth"
                        && value.extract::<&str>().is_ok_and(|auth| auth.starts_with("at"));
                    let text = if hidden { "'at…'".to_owned() } else { value.repr()?.to_string() };
                    Ok(format!("{member}={text}"))
                });
                let shown = shown.collect::<PyResult<Vec<_>>>()?;
                Ok(format!("{}({})", stringify!($name), shown.join(", ")))
            }
        }
    )*};
}

events! {
    /// A device asks for something: answer it by its ticket, in order.
    Request {
        /// Says which request it is.
        ticket: u64,
        /// Its sequence counter, or that of its envelope.
        number: Option<u32>,
        /// The request.
        frame: Py<PyAny>,
        /// The authorization.
        auth: String,
        /// The device's serial.
        serial: String,
        /// Whether an envelope vouches for both.
        sealed: bool,
    }
    /// What came was no request, or must not be fulfilled. The answer has been written.
    Rejected {
        /// What the answer says.
        code: &'static str,
        /// What is wrong with the frame, if that is the reason.
        error: Option<Py<PyAny>>,
    }
    /// The session is over: send what is left, then close the connection.
    Closed {
        /// Why.
        code: &'static str,
    }
    /// A connection is wanted now: say what came of it.
    Connect {}
    /// The connection is of no use any more and is to be closed.
    Disconnect {
        /// ``timeout``, ``unreadable``, or the code that the server gave.
        reason: &'static str,
    }
    /// A request got its answer.
    Answer {
        /// The number that the request was given.
        number: u32,
        /// What was asked for.
        method: &'static str,
        /// Whether the request was fulfilled, now or when it was sent before.
        done: bool,
        /// Whether it was sent more than once.
        repeated: bool,
        /// The answer.
        ack: Py<PyAny>,
    }
    /// The server has a command for the device.
    Command {
        /// The command.
        text: String,
        /// The number of the PING that this is the answer to, if it is one.
        answers: Option<u32>,
    }
    /// A request got no answer and is given up. Nobody knows whether it was fulfilled.
    Lost {
        /// The number of the request.
        number: u32,
    }
    /// An answer that nothing waits for: to a keep-alive, or too late, or once more.
    Extra {
        /// The answer.
        ack: Py<PyAny>,
    }
    /// What came was no answer at all, or is too long to be read.
    Unreadable {
        /// What is wrong.
        error: Py<PyAny>,
    }
}

fn object<T>(py: Python<'_>, event: T) -> PyResult<Py<PyAny>>
where
    T: PyClass + Into<PyClassInitializer<T>>,
{
    Ok(Py::new(py, event)?.into_any())
}

/// What servers know of devices: keys, and counters to enforce.
#[pyclass(frozen, module = "tipwire")]
pub struct Devices(Mutex<KnownDevices>);

#[pymethods]
impl Devices {
    #[new]
    fn new() -> Devices {
        Devices(Mutex::default())
    }

    /// From now on the counters of this device must go up, or come late by at most ``window``.
    #[pyo3(signature = (auth, serial, *, window=0, state=None))]
    fn enforce_sequence(
        &self,
        py: Python<'_>,
        auth: &str,
        serial: &str,
        window: u8,
        state: Option<Vec<u8>>,
    ) -> PyResult<()> {
        let sequence = match state {
            None => Sequence::with_window(window),
            Some(state) => {
                let state = state.as_slice().try_into().ok().and_then(Sequence::from_bytes);
                state.ok_or_else(|| PyValueError::new_err("this is no state of a sequence"))?
            }
        };
        lock(py, &self.0).enforce(auth, serial, sequence);
        Ok(())
    }

    /// What to store of such a counter, and to give back as ``state``.
    fn sequence_state<'py>(
        &self,
        py: Python<'py>,
        auth: &str,
        serial: &str,
    ) -> Option<Bound<'py, PyBytes>> {
        let known = lock(py, &self.0);
        known.counted(auth, serial).map(|sequence| PyBytes::new(py, &sequence.to_bytes()))
    }

    /// Adds the key of a device; the sealer belongs to this from now on. Gives the key's name.
    fn add_key(&self, sealer: &Bound<'_, Sealer>) -> PyResult<usize> {
        let py = sealer.py();
        let sealer = sealer.get().take(py)?;
        Ok(lock(py, &self.0).add_key(sealer))
    }

    /// The next counter of the answers that a key seals: to be stored.
    fn counter(&self, py: Python<'_>, name: usize) -> PyResult<u64> {
        let known = lock(py, &self.0);
        let key = known.keys().get(name);
        key.map(|key| key.counter().next()).ok_or_else(|| PyValueError::new_err("no such key"))
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let known = lock(py, &self.0);
        format!("Devices({} keys, {} sequences)", known.keys().len(), known.counted_len())
    }
}

type Answering = session::Server<Vec<u8>, Vec<u8>>;

/// One connection, seen from the server, without the connection. Times are milliseconds.
#[pyclass(frozen, module = "tipwire")]
pub struct Server {
    state: Mutex<(Answering, Inbox)>,
    devices: Py<Devices>,
}

impl Server {
    fn next(
        py: Python<'_>,
        server: &mut Answering,
        input: &mut &[u8],
        now: u64,
        devices: &mut KnownDevices,
    ) -> PyResult<Option<Py<PyAny>>> {
        let Some(event) = server.next_event(input, now, devices) else { return Ok(None) };
        let event = match event {
            ServerEvent::Request { ticket, number, frame, device } => object(
                py,
                Request {
                    ticket: ticket.to_bits(),
                    number,
                    frame: copy_frame(py, &frame)?,
                    auth: device.auth.to_owned(),
                    serial: device.serial.to_owned(),
                    sealed: device.is_sealed,
                },
            ),
            ServerEvent::Rejected { code, error } => {
                let error = error.map(|error| frame_error(py, error)).transpose()?;
                object(py, Rejected { code: code.name(), error: error.map(Bound::unbind) })
            }
            ServerEvent::Closed(code) => object(py, Closed { code: code.name() }),
            _ => Err(PyValueError::new_err("an event of a newer version")),
        };
        event.map(Some)
    }

    fn answered(py: Python<'_>, result: Result<(), tipwire::BuildError>) -> PyResult<()> {
        result.map_err(|error| unbuildable(py, error, None))
    }
}

fn code(name: &str) -> PyResult<Code> {
    Code::from_name(name).ok_or_else(|| PyValueError::new_err("this is no code of the protocol"))
}

#[pymethods]
impl Server {
    #[new]
    #[pyo3(signature = (
        now, *, devices=None, datagrams=false, idle=20_000, ttl=60_000, max_frame=16_384,
        max_output=65_536,
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments")]
    fn new(
        py: Python<'_>,
        now: u64,
        devices: Option<Py<Devices>>,
        datagrams: bool,
        idle: u32,
        ttl: u32,
        max_frame: usize,
        max_output: usize,
    ) -> PyResult<Server> {
        let transport = transport(datagrams);
        let settings = ServerSettings { transport, idle, ttl, max_frame, max_output };
        let server = session::Server::new(&settings, Vec::new(), Vec::new(), now);
        let server = server.map_err(|kind| stream(py, kind))?;
        let devices = devices.map_or_else(|| Py::new(py, Devices::new()), Ok)?;
        Ok(Server { state: Mutex::new((server, Inbox::default())), devices })
    }

    /// Takes what came from the connection.
    fn receive(&self, py: Python<'_>, data: Source) {
        lock(py, &self.state).1.add(data.bytes());
    }

    /// The next thing that happened.
    fn next_event(&self, py: Python<'_>, now: u64) -> PyResult<Option<Py<PyAny>>> {
        let (server, inbox) = &mut *lock(py, &self.state);
        let mut input = inbox.rest();
        let devices = &mut lock(py, &self.devices.get().0);
        let event = Server::next(py, server, &mut input, now, devices);
        let left = input.len();
        inbox.leave(left);
        event
    }

    /// Takes what came, and gives all that happened.
    #[pyo3(signature = (data, now))]
    fn events<'py>(&self, py: Python<'py>, data: Source, now: u64) -> PyResult<Bound<'py, PyList>> {
        let (server, inbox) = &mut *lock(py, &self.state);
        inbox.add(data.bytes());
        let mut input = inbox.rest();
        let devices = &mut lock(py, &self.devices.get().0);
        let events = PyList::empty(py);
        while let Some(event) = Server::next(py, server, &mut input, now, devices)? {
            events.append(event)?;
        }
        let left = input.len();
        inbox.leave(left);
        Ok(events)
    }

    /// Answers the oldest request that has no answer.
    #[pyo3(signature = (ticket, status="OK", detail=None))]
    fn answer(
        &self,
        py: Python<'_>,
        ticket: u64,
        status: &str,
        detail: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let ack = build::answer(py, tipwire::Reply::to(String::new()), status, detail)?;
        let server = &mut lock(py, &self.state).0;
        let devices = &mut *lock(py, &self.devices.get().0);
        let ticket = Ticket::from_bits(ticket);
        Server::answered(py, server.answer_with(ticket, devices, ack.as_bytes()))
    }

    /// Sends a command that the device did not ask for.
    fn command(&self, py: Python<'_>, text: &str) -> PyResult<()> {
        let server = &mut lock(py, &self.state).0;
        Server::answered(py, server.command(&mut *lock(py, &self.devices.get().0), text))
    }

    /// All that is to be sent now; it counts as sent.
    fn data_to_send<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let server = &mut lock(py, &self.state).0;
        let data = PyBytes::new(py, server.output());
        server.sent(data.as_bytes().len());
        data
    }

    /// To be called at the deadline.
    fn handle_timeout(&self, py: Python<'_>, now: u64) {
        lock(py, &self.state).0.handle_timeout(now);
    }

    /// Ends the session for a reason, as soon as all is answered.
    fn close(&self, py: Python<'_>, code: &str) -> PyResult<()> {
        lock(py, &self.state).0.close(self::code(code)?);
        Ok(())
    }

    /// When :meth:`handle_timeout` is to be called.
    #[getter]
    fn deadline(&self, py: Python<'_>) -> Option<u64> {
        lock(py, &self.state).0.deadline()
    }

    /// How many requests have no answer.
    #[getter]
    fn unanswered(&self, py: Python<'_>) -> u32 {
        lock(py, &self.state).0.unanswered()
    }

    /// How many received bytes wait for answers to be given first.
    #[getter]
    fn waiting(&self, py: Python<'_>) -> usize {
        lock(py, &self.state).1.rest().len()
    }

    /// Whether it is over.
    #[getter]
    fn closed(&self, py: Python<'_>) -> bool {
        lock(py, &self.state).0.is_closed()
    }

    /// ``text`` or ``envelopes``, once the first byte came.
    #[getter]
    fn mode(&self, py: Python<'_>) -> Option<&'static str> {
        lock(py, &self.state).0.mode().map(|mode| match mode {
            Mode::Text => "text",
            Mode::Envelopes => "envelopes",
        })
    }
}

/// A client with a key or without.
type Inner = session::Client<Vec<u8>, Vec<u8>, Option<tipwire::Sealer>>;

struct Asking {
    client: Inner,
    inbox: Inbox,
    /// Requests that made room for others.
    dropped: VecDeque<u32>,
}

/// One device, seen from itself, without the connection. Times are milliseconds, 0 is never.
#[pyclass(frozen, module = "tipwire")]
pub struct Client {
    state: Mutex<Asking>,
    /// The authorization.
    #[pyo3(get)]
    auth: String,
    /// The device's serial.
    #[pyo3(get)]
    serial: String,
}

impl Client {
    fn next(
        py: Python<'_>,
        client: &mut Inner,
        input: &mut &[u8],
        now: u64,
    ) -> PyResult<Option<Py<PyAny>>> {
        let Some(event) = client.next_event(input, now) else { return Ok(None) };
        let event = match event {
            ClientEvent::Connect => object(py, Connect {}),
            ClientEvent::Disconnect(reason) => object(
                py,
                Disconnect {
                    reason: match reason {
                        Reason::Closing(code) => code.name(),
                        Reason::Timeout => "timeout",
                        Reason::Unreadable => "unreadable",
                        _ => "unknown",
                    },
                },
            ),
            ClientEvent::Answer(answer) => object(
                py,
                Answer {
                    number: answer.number,
                    method: answer.method.name(),
                    done: answer.is_done(),
                    repeated: answer.is_repeated,
                    ack: copy_ack(py, &answer.ack)?,
                },
            ),
            ClientEvent::Command { text, answers } => {
                object(py, Command { text: text.to_owned(), answers })
            }
            ClientEvent::Lost { number } => object(py, Lost { number }),
            ClientEvent::Extra(ack) => object(py, Extra { ack: copy_ack(py, &ack)? }),
            ClientEvent::Unreadable(error) => {
                object(py, Unreadable { error: frame_error(py, error)?.unbind() })
            }
            _ => Err(PyValueError::new_err("an event of a newer version")),
        };
        event.map(Some)
    }

    fn with<T>(&self, py: Python<'_>, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut lock(py, &self.state).client)
    }
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (
        auth, serial, *, sealer=None, datagrams=false, keep_alive=15_000, timeout=10_000,
        retry_first=1_000, retry_max=60_000, attempts=0, drop_oldest=false, next_number=1,
        seed=0, max_queue=65_536, max_answer=16_384,
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments")]
    fn new(
        py: Python<'_>,
        auth: &str,
        serial: &str,
        sealer: Option<&Bound<'_, Sealer>>,
        datagrams: bool,
        keep_alive: u32,
        timeout: u32,
        retry_first: u32,
        retry_max: u32,
        attempts: u8,
        drop_oldest: bool,
        next_number: u64,
        seed: u64,
        max_queue: usize,
        max_answer: usize,
    ) -> PyResult<Client> {
        let settings = ClientSettings {
            transport: transport(datagrams),
            keep_alive,
            timeout,
            retry_first,
            retry_max,
            attempts,
            overflow: if drop_oldest { Overflow::DropOldest } else { Overflow::Refuse },
            next_number,
            seed,
            max_queue,
            max_answer,
        };
        let keys = sealer.map(|sealer| sealer.get().take(py)).transpose()?;
        let client =
            session::Client::with_keys(&settings, auth, serial, keys, Vec::new(), Vec::new());
        let client = client.map_err(|error| unbuildable(py, error, None))?;
        let state = Asking { client, inbox: Inbox::default(), dropped: VecDeque::new() };
        Ok(Client { state: Mutex::new(state), auth: auth.to_owned(), serial: serial.to_owned() })
    }

    /// Queues a request; gives the number by which its answer will be known.
    fn send(&self, py: Python<'_>, frame: Source, now: u64) -> PyResult<u32> {
        let state = &mut *lock(py, &self.state);
        let queued = state.client.send(frame.bytes(), now);
        let queued = queued.map_err(|error| unbuildable(py, error, None))?;
        if let Some((first, last)) = queued.dropped {
            state.dropped.extend(first..=last);
        }
        Ok(queued.number)
    }

    /// Takes what came from the connection.
    fn receive(&self, py: Python<'_>, data: Source) {
        lock(py, &self.state).inbox.add(data.bytes());
    }

    /// The next thing that happened, or is to be done.
    fn next_event(&self, py: Python<'_>, now: u64) -> PyResult<Option<Py<PyAny>>> {
        let Asking { client, inbox, dropped } = &mut *lock(py, &self.state);
        if let Some(number) = dropped.pop_front() {
            return object(py, Lost { number }).map(Some);
        }
        let mut input = inbox.rest();
        let event = Client::next(py, client, &mut input, now);
        let left = input.len();
        inbox.leave(left);
        event
    }

    /// Takes what came, and gives all that happened or is to be done.
    fn events<'py>(&self, py: Python<'py>, data: Source, now: u64) -> PyResult<Bound<'py, PyList>> {
        let Asking { client, inbox, dropped } = &mut *lock(py, &self.state);
        let events = PyList::empty(py);
        for number in dropped.drain(..) {
            events.append(object(py, Lost { number })?)?;
        }
        inbox.add(data.bytes());
        let mut input = inbox.rest();
        while let Some(event) = Client::next(py, client, &mut input, now)? {
            events.append(event)?;
        }
        let left = input.len();
        inbox.leave(left);
        Ok(events)
    }

    /// What is to be sent now; it counts as sent.
    fn data_to_send<'py>(&self, py: Python<'py>, now: u64) -> Bound<'py, PyBytes> {
        self.with(py, |client| {
            let data = PyBytes::new(py, client.output());
            client.sent(data.as_bytes().len(), now);
            data
        })
    }

    /// The connection that was wanted is there.
    fn connected(&self, py: Python<'_>, now: u64) {
        let state = &mut *lock(py, &self.state);
        state.inbox.clear();
        state.client.connected(now);
    }

    /// There is no connection any more, or none could be made.
    fn disconnected(&self, py: Python<'_>, now: u64) {
        let state = &mut *lock(py, &self.state);
        state.inbox.clear();
        state.client.disconnected(now);
    }

    /// No connection is wanted until :meth:`open`.
    fn close(&self, py: Python<'_>) {
        self.with(py, session::Client::close);
    }

    /// A connection is wanted, as it is from the beginning.
    fn open(&self, py: Python<'_>, now: u64) {
        self.with(py, |client| client.open(now));
    }

    /// To be called at the deadline.
    fn handle_timeout(&self, py: Python<'_>, now: u64) {
        self.with(py, |client| client.handle_timeout(now));
    }

    /// Reserves numbers; gives the one to store before any of them is used.
    fn reserve(&self, py: Python<'_>, count: u32) -> u64 {
        self.with(py, |client| client.reserve(count))
    }

    /// The number of the next request.
    #[getter]
    fn counter(&self, py: Python<'_>) -> u64 {
        self.with(py, |client| client.counter().next())
    }

    /// When :meth:`handle_timeout` is to be called.
    #[getter]
    fn deadline(&self, py: Python<'_>) -> Option<u64> {
        self.with(py, |client| client.deadline())
    }

    /// Whether everything has its answer.
    #[getter]
    fn idle(&self, py: Python<'_>) -> bool {
        self.with(py, |client| client.is_idle())
    }

    /// Whether there is a connection.
    #[getter]
    fn is_connected(&self, py: Python<'_>) -> bool {
        self.with(py, |client| client.is_connected())
    }
}
