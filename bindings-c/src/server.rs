//! Server sessions
//!
//! One connection, seen from the server, without the connection: as a client session, a server has two
//! buffers of the caller, gets bytes and milliseconds, and gives events, bytes to be sent and the next
//! deadline. Text and TagoTiP/S are told apart by the first byte. Requests are handed out in order,
//! each with a ticket, and are answered in that order: at once or later. What cannot be read is
//! answered by the session itself, in its turn. What it has to know of devices it asks its caller: see
//! tipwire_devices.
//!
//!     tipwire_server_init(&server, NULL, input, sizeof input, output, sizeof output, now);
//!     while (tipwire_server_next(&server, &received, now, &devices, &event) > 0) {
//!         if (event.type == TIPWIRE_REQUEST) {
//!             ... event.frame ...
//!             tipwire_server_answer(&server, event.ticket, &devices, write_answer, &count, NULL);
//!         }
//!     }
//!     ... send tipwire_server_output() ...
//!     tipwire_server_sent(&server, sent);
//!
//! With TIPWIRE_DATAGRAMS each input is one datagram, and so is each output. There are no deadlines
//! then, and one session can serve all peers in turn: each answer is sent before the next datagram is
//! read.

use core::ffi::{c_char, c_void};

use codec::session::{Device, Devices, Sequence, Server, ServerEvent, ServerSettings, Ticket};
use codec::stream::Mode;
use codec::{BuildError, Code, Frame, Header, Kind, Method, Reply, Sealer, Slice};

use crate::avr::text_argument;
use crate::client::{TIPWIRE_NEVER, TIPWIRE_STREAM, transport_of};
use crate::envelope::{tipwire_header, tipwire_sealer};
use crate::error::{TIPWIRE_E_ARGUMENT, status, tell, tipwire_error, told};
use crate::frame::tipwire_frame;
use crate::memory::{
    Copied, Outcome, Storage, buffer, bytes, change, fetch, fetch_mut, has_room, place, prolong,
    read, store, string,
};
use crate::panic::{guard, run, value};
use crate::sequence::tipwire_sequence;
use crate::stream::input_of;
use crate::text::{length as of_length, tipwire_text};
use crate::writer::{Form, finish_lent, lend, tipwire_write};

/// Types of events of a server.
///
/// TIPWIRE_REQUEST   a device asks for something: to be answered with ticket.
/// TIPWIRE_REJECTED  what came was no request, or must not be fulfilled. The answer has been written.
/// TIPWIRE_CLOSED    the session is over: send what is left, which says why, and close the connection.
pub const TIPWIRE_REQUEST: u8 = 1;
pub const TIPWIRE_REJECTED: u8 = 2;
pub const TIPWIRE_CLOSED: u8 = 3;

/// What a connection was found to carry: nothing yet, text, or TagoTiP/S.
pub const TIPWIRE_MODE_UNKNOWN: u8 = 0;
pub const TIPWIRE_MODE_TEXT: u8 = 1;
pub const TIPWIRE_MODE_ENVELOPES: u8 = 2;

#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_SERVER_WORDS: usize = 42;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_SERVER_WORDS: usize = 28;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_SERVER_WORDS: usize = 26;
pub const TIPWIRE_SERVER_SIZE: usize = TIPWIRE_SERVER_WORDS * 8;

/// A server. It is not to be copied.
#[repr(C)]
pub struct tipwire_server {
    pub storage: [u64; TIPWIRE_SERVER_WORDS],
}

/// How a server behaves. Times are in milliseconds; 0 is never.
///
/// max_frame   the longest frame; never more than the input has room for, with two more bytes.
/// max_output  the most bytes that wait to be sent; never more than the output has room for.
/// idle        how long a connection may be silent.
/// ttl         how long it lives.
/// transport   TIPWIRE_STREAM or TIPWIRE_DATAGRAMS.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_server_settings {
    pub max_frame: usize,
    pub max_output: usize,
    pub idle: u32,
    pub ttl: u32,
    pub transport: u8,
}

/// The device that a request comes from.
///
/// auth       the authorization: a hash as 16 hex digits, or a token.
/// is_sealed  whether an envelope vouches for both: else anybody may have written them.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_device {
    pub auth: tipwire_text,
    pub serial: tipwire_text,
    pub is_sealed: u8,
}

/// What a server knows of devices: functions of the caller's, asked while requests are read and
/// answered. They must not use the session. Each may be NULL.
///
/// context   for the functions.
/// sequence  the counter of a device; NULL if it is not enforced. Where it is, a text frame without a
///           counter is an invalid_seq too. The number counts as used as soon as the request is handed
///           out: keep it in one transaction with what is stored, and tipwire_sequence_retract() it
///           before refusing what could not be stored. Anybody can write a name into a text frame:
///           give the counter only to who has the authorization.
/// key       the keys that an envelope with this header may have been sealed with: the first (nth is
///           0), the second, and so on, until NULL. name is set to what the caller calls it.
/// sealer    the key of this name, to seal an answer with; NULL if it is gone.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_devices {
    pub context: *mut c_void,
    pub sequence: Option<
        extern "C" fn(context: *mut c_void, device: *const tipwire_device) -> *mut tipwire_sequence,
    >,
    pub key: Option<
        extern "C" fn(
            context: *mut c_void,
            header: *const tipwire_header,
            nth: usize,
            name: *mut usize,
        ) -> *const tipwire_sealer,
    >,
    pub sealer: Option<extern "C" fn(context: *mut c_void, name: usize) -> *mut tipwire_sealer>,
}

/// What a server tells. What a type does not speak of is 0 or absent. Texts and the frame are good
/// until the server is used again, by more than answering.
///
/// type        TIPWIRE_REQUEST, TIPWIRE_REJECTED or TIPWIRE_CLOSED.
/// has_number  whether a request has a counter, number: of the frame, or of the envelope.
/// ticket      what a request is answered with; stored and sent around at will.
/// device      whose request it is.
/// frame       the request. Inside an envelope it has neither counter nor authorization.
/// code        what the answer to what was rejected says, or why the session is over.
/// error       what is wrong with a frame that was rejected, if that is the reason.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_server_event {
    pub r#type: u8,
    pub has_number: u8,
    pub number: u32,
    pub ticket: u64,
    pub device: tipwire_device,
    pub code: tipwire_text,
    pub error: tipwire_error,
    pub frame: tipwire_frame,
}

/// TIPWIRE_SERVER_SIZE.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_size() -> usize {
    size_of::<tipwire_server>()
}

/// Sets settings to the defaults.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_defaults(settings: *mut tipwire_server_settings) -> i32 {
    run(|| {
        let defaults = ServerSettings::default();
        place(settings)?.set(tipwire_server_settings {
            max_frame: defaults.max_frame,
            max_output: defaults.max_output,
            idle: defaults.idle,
            ttl: defaults.ttl,
            transport: TIPWIRE_STREAM,
        });
        Ok(())
    })
}

/// Sets a server up for a connection that was accepted. settings may be NULL for the defaults. The
/// buffers are the session's from then on, and may be small: frames that do not fit are too large. An
/// output of less than 64 bytes, or an input of less than 2, is TIPWIRE_E_BUFFER.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_init(
    server: *mut tipwire_server,
    settings: *const tipwire_server_settings,
    input: *mut c_void,
    input_capacity: usize,
    output: *mut c_void,
    output_capacity: usize,
    now: u64,
) -> i32 {
    run(|| {
        let settings = settings_of(settings)?;
        let (input, output) = (buffer(input, input_capacity)?, buffer(output, output_capacity)?);
        store(server, Server::new(&settings, input, output, now).map_err(status)?)
    })
}

/// Takes the next event, going past what it takes of the bytes that were received, which may be NULL
/// for none. devices may be NULL: then no counters are enforced, and no envelope can be opened.
/// Returns 1 for an event, 0 when there is nothing more to tell, or a status. Where something is left
/// of the bytes then, there are answers to be given, or bytes to be sent, before it goes on.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_next(
    server: *mut tipwire_server,
    received: *mut tipwire_text,
    now: u64,
    devices: *const tipwire_devices,
    event: *mut tipwire_server_event,
) -> i32 {
    guard(|| {
        let server = fetch_mut(server)?;
        let (place, mut devices) = (place(event)?, Table::of(devices)?);
        let mut none = tipwire_text::ABSENT;
        let received = if received.is_null() { &mut none } else { change(received)? };
        let mut rest = input_of(*received)?;
        let found = server.next_event(&mut rest, now, &mut devices);
        *received = rest.into();
        let Some(found) = found else { return Ok(0) };
        place.set(found.into());
        Ok(1)
    })
}

/// Answers a request, the oldest one that has no answer yet, as write writes it: by one of
/// tipwire_answer(), tipwire_answer_count(), tipwire_answer_text() and tipwire_answer_list(). It has
/// the counter of the request already. An answer in an envelope is sealed with a key of devices, which
/// else may be NULL; as may error.
///
/// TIPWIRE_E_TURN is another request than the oldest; TIPWIRE_E_FULL says that bytes have to be sent
/// first, and TIPWIRE_E_CLOSED that it is too late. After any error the request has no answer yet.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_answer(
    server: *mut tipwire_server,
    ticket: u64,
    devices: *const tipwire_devices,
    write: tipwire_write,
    context: *mut c_void,
    error: *mut tipwire_error,
) -> i32 {
    act(server, devices, error, |server, devices| {
        let mut wrong = Ok(());
        let answered = server.answer(Ticket::from_bits(ticket), devices, |reply| {
            write_reply(reply, write, context, &mut wrong)
        });
        wrong.map_err(tipwire_error::of)?;
        Ok(answered?)
    })
}

/// Answers a request with an answer that was written elsewhere, as by tipwire_reply_begin(). Its
/// counter is made that of the request. Otherwise as tipwire_server_answer().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_answer_with(
    server: *mut tipwire_server,
    ticket: u64,
    devices: *const tipwire_devices,
    answer: *const c_void,
    length: usize,
    error: *mut tipwire_error,
) -> i32 {
    act(server, devices, error, |server, devices| {
        let answer = bytes(answer, length).map_err(tipwire_error::of)?;
        Ok(server.answer_with(Ticket::from_bits(ticket), devices, answer)?)
    })
}

/// Answers a request with the code of an error of the protocol, such as "server_error"; others are
/// TIPWIRE_E_ARGUMENT. Otherwise as tipwire_server_answer().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_refuse(
    server: *mut tipwire_server,
    ticket: u64,
    devices: *const tipwire_devices,
    code: *const c_char,
) -> i32 {
    act(server, devices, core::ptr::null_mut(), |server, devices| {
        let code = code_of(code).map_err(tipwire_error::of)?;
        Ok(server.refuse(Ticket::from_bits(ticket), devices, code)?)
    })
}

/// Sends a command that the device did not ask for. In an envelope it is for the device that sent the
/// last one. Otherwise as tipwire_server_answer().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_command(
    server: *mut tipwire_server,
    devices: *const tipwire_devices,
    command: *const c_char,
) -> i32 {
    act(server, devices, core::ptr::null_mut(), |server, devices| {
        let command = string(command).map_err(tipwire_error::of)?;
        Ok(server.command(devices, command)?)
    })
}

/// What is to be sent now. A datagram is to be sent as a whole.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_output(server: *const tipwire_server) -> text_argument {
    value(text_argument::ABSENT, || Ok(fetch(server)?.output().into()))
}

/// The first count bytes of tipwire_server_output() have been sent.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_sent(server: *mut tipwire_server, count: usize) -> i32 {
    run(|| {
        fetch_mut(server)?.sent(count);
        Ok(())
    })
}

/// When tipwire_server_timeout() is to be called; TIPWIRE_NEVER if it need not be, and on failure.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_deadline(server: *const tipwire_server) -> u64 {
    value(TIPWIRE_NEVER, || fetch(server)?.deadline().ok_or(0))
}

/// Ends the connection if it was silent for too long, or has lived long enough: as soon as every
/// request has its answer. Does nothing before the time.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_timeout(server: *mut tipwire_server, now: u64) -> i32 {
    run(|| {
        fetch_mut(server)?.handle_timeout(now);
        Ok(())
    })
}

/// Ends the connection for a reason of the caller's, the code of an error of the protocol, as soon as
/// every request has its answer.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_close(server: *mut tipwire_server, code: *const c_char) -> i32 {
    run(|| {
        let (server, code) = (fetch_mut(server)?, code_of(code)?);
        server.close(code);
        Ok(())
    })
}

/// How many requests have no answer yet, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_unanswered(server: *const tipwire_server) -> i32 {
    guard(|| of_length(fetch(server)?.unanswered() as usize))
}

/// Whether it is over: once tipwire_server_output() is sent, the connection is to be closed.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_is_closed(server: *const tipwire_server) -> bool {
    value(false, || Ok(fetch(server)?.is_closed()))
}

/// TIPWIRE_MODE_UNKNOWN, TIPWIRE_MODE_TEXT or TIPWIRE_MODE_ENVELOPES, as the first byte has it.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_server_mode(server: *const tipwire_server) -> u8 {
    value(TIPWIRE_MODE_UNKNOWN, || {
        Ok(match fetch(server)?.mode() {
            None => TIPWIRE_MODE_UNKNOWN,
            Some(Mode::Text) => TIPWIRE_MODE_TEXT,
            Some(Mode::Envelopes) => TIPWIRE_MODE_ENVELOPES,
        })
    })
}

type Session = Server<&'static mut [u8]>;

impl Storage for tipwire_server {
    type Value = Session;
}

const _: () = assert!(has_room::<tipwire_server>());

/// What the caller's functions say.
struct Table<'t> {
    functions: Option<&'t tipwire_devices>,
    /// The counter that was asked for last, and where it goes back.
    sequence: Sequence,
    holder: Option<&'t mut tipwire_sequence>,
}

impl Table<'_> {
    fn of(devices: *const tipwire_devices) -> Outcome<Table<'static>> {
        let functions = if devices.is_null() { None } else { Some(read(devices)?) };
        Ok(Table { functions, sequence: Sequence::strict(), holder: None })
    }

    fn put_back(&mut self) {
        if let Some(holder) = self.holder.take() {
            *holder = self.sequence.into();
        }
    }
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        self.put_back();
    }
}

impl Devices for Table<'_> {
    fn sequence(&mut self, device: Device<'_>) -> Option<&mut Sequence> {
        self.put_back();
        let functions = self.functions?;
        let found = functions.sequence?(functions.context, &device.into());
        if found.is_null() {
            return None;
        }
        // A counter that was never set up has seen all numbers: who has one wants it enforced.
        self.sequence = used_up();
        if let Ok(holder) = change(found)
            && let Ok(sequence) = holder.get()
        {
            (self.sequence, self.holder) = (sequence, Some(holder));
        }
        Some(&mut self.sequence)
    }

    fn key(&self, header: &Header, nth: usize) -> Option<(usize, &Sealer)> {
        let functions = self.functions?;
        let mut name = 0;
        let key = functions.key?(functions.context, &(*header).into(), nth, &mut name);
        Some((name, fetch(key).ok()?))
    }

    fn sealer(&mut self, name: usize) -> Option<&mut Sealer> {
        let functions = self.functions?;
        fetch_mut(functions.sealer?(functions.context, name)).ok()
    }
}

/// A counter that accepts nothing.
fn used_up() -> Sequence {
    let mut sequence = Sequence::strict();
    let _ = sequence.accept(u32::MAX);
    sequence
}

fn act(
    server: *mut tipwire_server,
    devices: *const tipwire_devices,
    error: *mut tipwire_error,
    act: impl FnOnce(&mut Session, &mut dyn Devices) -> Result<(), tipwire_error>,
) -> i32 {
    run(|| {
        let server = told(fetch_mut(server), error)?;
        let mut devices = told(Table::of(devices), error)?;
        act(server, &mut devices).map_err(|wrong| tell(wrong, error))
    })
}

/// Lets the caller write an answer, and ends it.
fn write_reply<'b>(
    reply: &mut Reply<Slice<'b>>,
    write: tipwire_write,
    context: *mut c_void,
    wrong: &mut Outcome,
) -> Result<&'b [u8], BuildError> {
    *wrong = Ok(());
    match lend(write, context, Form::LentReply(prolong(reply))) {
        Ok(form) => finish_lent(form),
        Err(status) => {
            *wrong = Err(status);
            Err(BuildError { kind: Kind::Missing, point: None, field: None })
        }
    }
}

fn code_of(code: *const c_char) -> Outcome<Code> {
    Code::from_name(string(code)?).ok_or(TIPWIRE_E_ARGUMENT)
}

fn settings_of(settings: *const tipwire_server_settings) -> Outcome<ServerSettings> {
    if settings.is_null() {
        return Ok(ServerSettings::default());
    }
    let settings = read(settings)?;
    Ok(ServerSettings {
        transport: transport_of(settings.transport)?,
        idle: settings.idle,
        ttl: settings.ttl,
        max_frame: settings.max_frame,
        max_output: settings.max_output,
    })
}

impl From<Device<'_>> for tipwire_device {
    fn from(device: Device<'_>) -> tipwire_device {
        tipwire_device {
            auth: device.auth.into(),
            serial: device.serial.into(),
            is_sealed: device.is_sealed.into(),
        }
    }
}

impl From<ServerEvent<'static>> for tipwire_server_event {
    fn from(event: ServerEvent<'static>) -> tipwire_server_event {
        // As good as any where there is none.
        let none = Frame::parse_inner(Method::Ping, b"-");
        let absent = tipwire_text::ABSENT;
        let mut out = tipwire_server_event {
            r#type: 0,
            has_number: 0,
            number: 0,
            ticket: 0,
            device: tipwire_device { auth: absent, serial: absent, is_sealed: 0 },
            code: absent,
            error: tipwire_error::of(0),
            frame: none.map_or(tipwire_frame::EMPTY, tipwire_frame::from),
        };
        out.r#type = match event {
            ServerEvent::Request { ticket, number, frame, device } => {
                out.has_number = number.is_some().into();
                out.number = number.unwrap_or(0);
                out.ticket = ticket.to_bits();
                out.device = device.into();
                out.frame = frame.into();
                TIPWIRE_REQUEST
            }
            ServerEvent::Rejected { code, error } => {
                out.code = code.name().into();
                out.error = error.map_or(out.error, Into::into);
                TIPWIRE_REJECTED
            }
            ServerEvent::Closed(code) => {
                out.code = code.name().into();
                TIPWIRE_CLOSED
            }
            // The core has no others.
            _ => 0,
        };
        out
    }
}
