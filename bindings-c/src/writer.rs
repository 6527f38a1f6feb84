//! Writing frames
//!
//! A writer is begun over a buffer of the caller, which it owns until it is finished, and is finished
//! once. What is written is checked and escaped as it goes. The first error sticks: every function
//! returns it from then on, tipwire_finish() too, so that only that one has to be looked at.
//!
//!     tipwire_writer w;
//!     tipwire_push_begin(&w, buffer, sizeof buffer, "4deedd7bab8817ec", "sensor-01");
//!     tipwire_number(&w, "temperature", 32.5, 1);
//!     tipwire_unit(&w, "C");
//!     int32_t length = tipwire_finish_line(&w);
//!
//! Text arguments end with a NUL, unless their length is asked for.

use core::ffi::{c_char, c_double, c_void};
use core::fmt::{self, Write};

use codec::{
    BuildError, Fixed, InnerMethod, Location, Method, Ping, Pull, Push, Reply, Revision, Slice,
    ToNumber,
};

use crate::avr::{text_argument, widen};
use crate::error::{TIPWIRE_E_ARGUMENT, kind, status, tell, tipwire_error};
use crate::frame::{encoding_of, status_of};
use crate::memory::{
    Outcome, Storage, buffer, bytes, fetch_mut, has_room, held, read, store, string, text,
};
use crate::panic::{guard, run};
use crate::text::length as of_length;
use crate::variable::{tipwire_names, tipwire_variable, tipwire_variables};
use codec::Kind;

/// Revisions of the protocol.
pub const TIPWIRE_REVISION_A: u8 = 0;
pub const TIPWIRE_REVISION_B: u8 = 1;
pub const TIPWIRE_REVISION_C: u8 = 2;
pub const TIPWIRE_REVISION_D: u8 = 3;

#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_WRITER_WORDS: usize = 22;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_WRITER_WORDS: usize = 15;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_WRITER_WORDS: usize = 10;
pub const TIPWIRE_WRITER_SIZE: usize = TIPWIRE_WRITER_WORDS * 8;

/// A writer. It is not to be copied.
#[repr(C)]
pub struct tipwire_writer {
    pub storage: [u64; TIPWIRE_WRITER_WORDS],
}

/// Writes a frame that a session sends or seals: by the functions below, but for those that begin,
/// number or end it. It gets the context that its caller gave, may be called again where there was
/// too little room, and must not use the session.
pub type tipwire_write = Option<extern "C" fn(writer: *mut tipwire_writer, context: *mut c_void)>;

/// TIPWIRE_WRITER_SIZE.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_writer_size() -> usize {
    size_of::<tipwire_writer>()
}

/// Begins a PUSH.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_push_begin(
    writer: *mut tipwire_writer,
    out: *mut c_void,
    capacity: usize,
    auth: *const c_char,
    serial: *const c_char,
) -> i32 {
    // The head is written where the writer stays, which is not copied then.
    begin(writer, || Ok(Form::Push(Push::bare(buffer(out, capacity)?))));
    push(writer, |push| {
        push.head(Some((Method::Push, string(auth)?)), string(serial)?);
        Ok(())
    })
}

/// Begins a PULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_pull_begin(
    writer: *mut tipwire_writer,
    out: *mut c_void,
    capacity: usize,
    auth: *const c_char,
    serial: *const c_char,
) -> i32 {
    begin(writer, || {
        let (auth, serial) = (string(auth)?, string(serial)?);
        Ok(Form::Pull(Pull::to(buffer(out, capacity)?, auth, serial)))
    })
}

/// Begins a PING.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_ping_begin(
    writer: *mut tipwire_writer,
    out: *mut c_void,
    capacity: usize,
    auth: *const c_char,
    serial: *const c_char,
) -> i32 {
    begin(writer, || {
        let (auth, serial) = (string(auth)?, string(serial)?);
        Ok(Form::Ping(Ping::to(buffer(out, capacity)?, auth, serial)))
    })
}

/// Begins an answer: one of tipwire_answer(), tipwire_answer_count(), tipwire_answer_text() and
/// tipwire_answer_list() follows.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_reply_begin(
    writer: *mut tipwire_writer,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    begin(writer, || Ok(Form::Reply(Reply::to(buffer(out, capacity)?))))
}

/// Sets the sequence counter, at any time. Frames inside envelopes have none.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_seq(writer: *mut tipwire_writer, seq: u32) -> i32 {
    with(writer, |form| {
        match form {
            Form::Push(push) => _ = push.seq(seq),
            Form::Pull(pull) => _ = pull.seq(seq),
            Form::Ping(ping) => _ = ping.seq(seq),
            Form::Reply(reply) => _ = reply.seq(seq),
            // Sessions have counted already.
            Form::LentPush(_) | Form::LentPull(_) | Form::LentReply(_) => {
                return Err(status(Kind::Misplaced));
            }
        }
        Ok(())
    })
}

/// Writes an older revision of a PUSH than the current one: before anything that depends on it.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_revision(writer: *mut tipwire_writer, revision: u8) -> i32 {
    push(writer, |push| {
        push.revision(revision_of(revision)?);
        Ok(())
    })
}

/// Begins a variable with a number of so many decimals, 0 to 17.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_number(
    writer: *mut tipwire_writer,
    name: *const c_char,
    value: c_double,
    decimals: u8,
) -> i32 {
    number(writer, name, || Ok(Fixed(widen(value), decimals)))
}

/// Begins a variable with a number: the shortest text that reads back as the same double.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_double(
    writer: *mut tipwire_writer,
    name: *const c_char,
    value: c_double,
) -> i32 {
    number(writer, name, || Ok(value))
}

/// Begins a variable with an integer.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_integer(
    writer: *mut tipwire_writer,
    name: *const c_char,
    value: i64,
) -> i32 {
    number(writer, name, || Ok(value))
}

/// Begins a variable with an integer that has no sign.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_unsigned(
    writer: *mut tipwire_writer,
    name: *const c_char,
    value: u64,
) -> i32 {
    number(writer, name, || Ok(value))
}

/// Begins a variable with a number that is text already: plain digits, kept as they are.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_digits(
    writer: *mut tipwire_writer,
    name: *const c_char,
    digits: *const c_char,
) -> i32 {
    number(writer, name, || string(digits))
}

/// Begins a variable with a text.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_string(
    writer: *mut tipwire_writer,
    name: *const c_char,
    value: *const c_char,
) -> i32 {
    push(writer, |push| {
        push.string(string(name)?, string(value)?);
        Ok(())
    })
}

/// Begins a variable with a text of so many bytes.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_string_n(
    writer: *mut tipwire_writer,
    name: *const c_char,
    value: *const c_char,
    length: usize,
) -> i32 {
    push(writer, |push| {
        push.string(string(name)?, text(value.cast(), length)?);
        Ok(())
    })
}

/// Begins a variable that is true or false.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_boolean(
    writer: *mut tipwire_writer,
    name: *const c_char,
    value: bool,
) -> i32 {
    push(writer, |push| {
        push.boolean(string(name)?, value);
        Ok(())
    })
}

/// Begins a variable that is a location, of so many decimals.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_position(
    writer: *mut tipwire_writer,
    name: *const c_char,
    lat: c_double,
    lng: c_double,
    decimals: u8,
) -> i32 {
    push(writer, |push| {
        push.position(string(name)?, (Fixed(widen(lat), decimals), Fixed(widen(lng), decimals)));
        Ok(())
    })
}

/// Begins a variable that is a location, as text: "lat,lng" or "lat,lng,alt".
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_position_text(
    writer: *mut tipwire_writer,
    name: *const c_char,
    location: *const c_char,
) -> i32 {
    push(writer, |push| {
        push.position(string(name)?, location_of(location)?);
        Ok(())
    })
}

/// Writes a variable that was read, with all that is said of it. More may be said.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_put(
    writer: *mut tipwire_writer,
    variable: *const tipwire_variable,
) -> i32 {
    push(writer, |push| {
        let mut source = held(&read(variable)?.source).clone();
        push.variable(&source.next().ok_or(TIPWIRE_E_ARGUMENT)?);
        Ok(())
    })
}

/// Writes all variables that are left of some that were read, as they stand. Nothing more can be said
/// of the last one.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_put_all(
    writer: *mut tipwire_writer,
    variables: *const tipwire_variables,
) -> i32 {
    push(writer, |push| {
        push.variables(held(read(variables)?).clone());
        Ok(())
    })
}

/// Writes data points of a JSON list, as TagoIO and tipwire_points_json() shape them.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_put_json(
    writer: *mut tipwire_writer,
    json: *const c_char,
    length: usize,
) -> i32 {
    push(writer, |push| {
        push.points_json(text(json.cast(), length)?);
        Ok(())
    })
}

/// The unit of the variable just begun.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_unit(writer: *mut tipwire_writer, unit: *const c_char) -> i32 {
    push(writer, |push| {
        push.unit(string(unit)?);
        Ok(())
    })
}

/// Where it was measured, with so many decimals. This and the next four functions are about the
/// variable just begun; before the first one, about all of them.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_location(
    writer: *mut tipwire_writer,
    lat: c_double,
    lng: c_double,
    decimals: u8,
) -> i32 {
    push(writer, |push| {
        push.location((Fixed(widen(lat), decimals), Fixed(widen(lng), decimals)));
        Ok(())
    })
}

/// Where it was measured, as text: "lat,lng" or "lat,lng,alt".
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_location_text(
    writer: *mut tipwire_writer,
    location: *const c_char,
) -> i32 {
    push(writer, |push| {
        push.location(location_of(location)?);
        Ok(())
    })
}

/// When it was measured, in UNIX milliseconds.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_time(writer: *mut tipwire_writer, time: u64) -> i32 {
    push(writer, |push| {
        push.time(time);
        Ok(())
    })
}

/// The group that it belongs to.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_group(writer: *mut tipwire_writer, group: *const c_char) -> i32 {
    push(writer, |push| {
        push.group(string(group)?);
        Ok(())
    })
}

/// One pair of metadata; more may follow.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_pair_put(
    writer: *mut tipwire_writer,
    key: *const c_char,
    value: *const c_char,
) -> i32 {
    push(writer, |push| {
        push.metadata(string(key)?, string(value)?);
        Ok(())
    })
}

/// Passthrough data instead of variables, from bytes: TIPWIRE_HEX or TIPWIRE_BASE64.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_raw(
    writer: *mut tipwire_writer,
    encoding: u8,
    data: *const c_void,
    length: usize,
) -> i32 {
    push(writer, |push| {
        push.raw(encoding_of(encoding)?, bytes(data, length)?);
        Ok(())
    })
}

/// Passthrough data that is encoded already.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_raw_text(
    writer: *mut tipwire_writer,
    encoding: u8,
    data: text_argument,
) -> i32 {
    push(writer, |push| {
        push.raw_text(encoding_of(encoding)?, data.get()?);
        Ok(())
    })
}

/// Asks for one more variable in a PULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_name(writer: *mut tipwire_writer, name: *const c_char) -> i32 {
    pull(writer, |pull| {
        pull.name(string(name)?);
        Ok(())
    })
}

/// Asks for all names that are left of some that were read.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_put_names(
    writer: *mut tipwire_writer,
    names: *const tipwire_names,
) -> i32 {
    pull(writer, |pull| {
        pull.names(held(read(names)?).clone());
        Ok(())
    })
}

/// Answers with a status alone: TIPWIRE_OK, TIPWIRE_PONG, …
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_answer(writer: *mut tipwire_writer, status: u8) -> i32 {
    reply(writer, |reply| {
        reply.status(status_of(status)?);
        Ok(())
    })
}

/// Answers OK and how many data points were stored.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_answer_count(writer: *mut tipwire_writer, count: u64) -> i32 {
    reply(writer, |reply| {
        reply.count(count);
        Ok(())
    })
}

/// Answers with a status and a text that is kept as it stands: TIPWIRE_CMD and a command, or
/// TIPWIRE_ERR and a code.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_answer_text(
    writer: *mut tipwire_writer,
    status: u8,
    text: *const c_char,
) -> i32 {
    reply(writer, |reply| {
        reply.text(status_of(status)?, string(text)?);
        Ok(())
    })
}

/// Answers ERR and the code of what is wrong, such as what tipwire_parse() returned.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_answer_error(writer: *mut tipwire_writer, status: i32) -> i32 {
    reply(writer, |reply| {
        reply.error(kind(status).ok_or(TIPWIRE_E_ARGUMENT)?.answer());
        Ok(())
    })
}

/// Answers OK and a list of variables, which follow as in a PUSH.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_answer_list(writer: *mut tipwire_writer) -> i32 {
    with(writer, |form| {
        *form = Form::Push(form.reply()?.variables());
        Ok(())
    })
}

/// Ends the frame. Returns its length, or the first error. Nothing can be written afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_finish(writer: *mut tipwire_writer) -> i32 {
    guard(|| of_length(finish(fetch_mut(writer)?, false)?.len()))
}

/// Ends the frame with a line feed, as streams want it. Otherwise as tipwire_finish().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_finish_line(writer: *mut tipwire_writer) -> i32 {
    guard(|| of_length(finish(fetch_mut(writer)?, true)?.len()))
}

/// Sets error to what tipwire_finish() returned, with the data point and the field. Returns its
/// status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_writer_error(
    writer: *mut tipwire_writer,
    error: *mut tipwire_error,
) -> i32 {
    guard(|| Ok(tell(fetch_mut(writer)?.error, error)))
}

/// What a writer is at.
pub struct Writer {
    /// The first error that only C can make, or what came out at the end.
    error: tipwire_error,
    form: Option<Form>,
    /// Where an envelope begins that it is to be sealed in.
    pub envelope: Option<Envelope>,
}

/// The envelope around a frame being written.
#[derive(Clone, Copy)]
pub struct Envelope {
    pub out: *mut c_void,
    pub capacity: usize,
    pub method: InnerMethod,
}

pub enum Form {
    Push(Push<Slice<'static>>),
    Pull(Pull<Slice<'static>>),
    Ping(Ping<Slice<'static>>),
    Reply(Reply<Slice<'static>>),
    /// What a session lends while its caller writes: it has begun it, and will finish it.
    LentPush(&'static mut Push<Slice<'static>>),
    LentPull(&'static mut Pull<Slice<'static>>),
    LentReply(&'static mut Reply<Slice<'static>>),
}

impl Form {
    fn push(&mut self) -> Outcome<&mut Push<Slice<'static>>> {
        match self {
            Form::Push(push) => Ok(push),
            Form::LentPush(push) => Ok(push),
            _ => Err(status(Kind::Misplaced)),
        }
    }

    fn pull(&mut self) -> Outcome<&mut Pull<Slice<'static>>> {
        match self {
            Form::Pull(pull) => Ok(pull),
            Form::LentPull(pull) => Ok(pull),
            _ => Err(status(Kind::Misplaced)),
        }
    }

    fn reply(&mut self) -> Outcome<&mut Reply<Slice<'static>>> {
        match self {
            Form::Reply(reply) => Ok(reply),
            Form::LentReply(reply) => Ok(reply),
            _ => Err(status(Kind::Misplaced)),
        }
    }
}

impl Storage for tipwire_writer {
    type Value = Writer;
}

const _: () = assert!(has_room::<tipwire_writer>());

#[inline(always)]
fn begin(writer: *mut tipwire_writer, make: impl FnOnce() -> Outcome<Form>) -> i32 {
    run(|| start(writer, make(), None))
}

/// Sets a writer up: to fail, if its form could not be made.
pub fn start(
    writer: *mut tipwire_writer,
    form: Outcome<Form>,
    envelope: Option<Envelope>,
) -> Outcome {
    let (form, status) = match form {
        Ok(form) => (Some(form), 0),
        Err(status) => (None, status),
    };
    store(writer, Writer { error: tipwire_error::of(status), form, envelope })?;
    if status == 0 { Ok(()) } else { Err(status) }
}

/// Writes something. What only C can do wrong sticks like all other errors.
#[inline(always)]
fn with(writer: *mut tipwire_writer, write: impl FnOnce(&mut Form) -> Outcome) -> i32 {
    let written = || write(form(writer).ok_or(0)?);
    run(|| written().map_err(|status| failed(writer, status)))
}

/// Writes something into a PUSH, or into the variables of an answer.
#[inline(always)]
pub fn push(
    writer: *mut tipwire_writer,
    write: impl FnOnce(&mut Push<Slice<'static>>) -> Outcome,
) -> i32 {
    let written = || write(form_push(writer).ok_or(0)?);
    run(|| written().map_err(|status| failed(writer, status)))
}

#[inline(always)]
fn pull(
    writer: *mut tipwire_writer,
    write: impl FnOnce(&mut Pull<Slice<'static>>) -> Outcome,
) -> i32 {
    with(writer, |form| write(form.pull()?))
}

#[inline(always)]
fn reply(
    writer: *mut tipwire_writer,
    write: impl FnOnce(&mut Reply<Slice<'static>>) -> Outcome,
) -> i32 {
    with(writer, |form| write(form.reply()?))
}

/// What a writer writes, unless it takes nothing more.
#[cfg_attr(not(tipwire_small), inline(always))]
fn form<'w>(writer: *mut tipwire_writer) -> Option<&'w mut Form> {
    let Writer { error, form, .. } = fetch_mut(writer).ok()?;
    form.as_mut().filter(|_| error.status == 0)
}

#[cfg_attr(not(tipwire_small), inline(always))]
#[cfg_attr(tipwire_small, inline(never))]
fn form_push<'w>(writer: *mut tipwire_writer) -> Option<&'w mut Push<Slice<'static>>> {
    form(writer)?.push().ok()
}

/// The first error of a writer, which is this one where there was none; 0 stands for that nothing, or
/// not this, can be written.
#[cold]
#[inline(never)]
fn failed(writer: *mut tipwire_writer, now: i32) -> i32 {
    match fetch_mut(writer) {
        Ok(Writer { error, .. }) => {
            if error.status == 0 {
                let misplaced = status(Kind::Misplaced);
                *error = tipwire_error::of(if now == 0 { misplaced } else { now });
            }
            error.status
        }
        Err(status) => status,
    }
}

#[inline(always)]
fn number<N: ToNumber>(
    writer: *mut tipwire_writer,
    name: *const c_char,
    value: impl FnOnce() -> Outcome<N>,
) -> i32 {
    push(writer, |push| {
        push.number(string(name)?, value()?);
        Ok(())
    })
}

/// The revision that C calls so.
pub fn revision_of(number: u8) -> Outcome<Revision> {
    Ok(match number {
        TIPWIRE_REVISION_A => Revision::A,
        TIPWIRE_REVISION_B => Revision::B,
        TIPWIRE_REVISION_C => Revision::C,
        TIPWIRE_REVISION_D => Revision::D,
        _ => return Err(TIPWIRE_E_ARGUMENT),
    })
}

fn location_of(location: *const c_char) -> Outcome<Location<'static>> {
    Location::new(string(location)?).ok_or(status(Kind::Location))
}

/// Ends a frame.
pub fn finish(writer: &mut Writer, with_feed: bool) -> Outcome<&'static [u8]> {
    if writer.error.status != 0 {
        return Err(writer.error.status);
    }
    // What is finished takes nothing more, and cannot be finished again.
    let done: Result<&'static [u8], BuildError> = match &mut writer.form {
        // What is lent is finished by who lends it.
        None | Some(Form::LentPush(_) | Form::LentPull(_) | Form::LentReply(_)) => {
            Err(BuildError { kind: Kind::Misplaced, point: None, field: None })
        }
        Some(Form::Push(push)) => push.end(with_feed),
        Some(Form::Pull(pull)) => pull.end(with_feed),
        Some(Form::Ping(ping)) => ping.end(with_feed),
        Some(Form::Reply(reply)) => reply.end(with_feed),
    };
    done.map_err(|error| {
        writer.error = error.into();
        writer.error.status
    })
}

/// Lets the caller write what a session lends, and gives back what came of it. What fails is what only
/// C can do wrong.
pub fn lend(write: tipwire_write, context: *mut c_void, form: Form) -> Outcome<Form> {
    let write = write.ok_or(TIPWIRE_E_ARGUMENT)?;
    let mut storage = tipwire_writer { storage: [0; TIPWIRE_WRITER_WORDS] };
    start(&mut storage, Ok(form), None)?;
    write(&mut storage, context);
    let writer = fetch_mut(&mut storage)?;
    match writer.form.take() {
        Some(form) if writer.error.status == 0 => Ok(form),
        Some(_) => Err(writer.error.status),
        None => Err(status(Kind::Misplaced)),
    }
}

/// Ends an answer that a session has lent.
pub fn finish_lent(form: Form) -> Result<&'static [u8], BuildError> {
    match form {
        Form::LentReply(reply) => reply.finish(),
        Form::Push(mut list) => list.finish(),
        _ => Err(BuildError { kind: Kind::Misplaced, point: None, field: None }),
    }
}

/// Text being printed into a caller's buffer.
pub struct Out {
    buffer: &'static mut [u8],
    length: usize,
}

impl Out {
    pub const fn new(buffer: &'static mut [u8]) -> Out {
        Out { buffer, length: 0 }
    }

    /// How long it is by now.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// The length of what is printed.
    pub fn write(&mut self, print: impl FnOnce(&mut Out) -> fmt::Result) -> Outcome<i32> {
        print(self).map_err(|_| status(Kind::Buffer))?;
        of_length(self.length)
    }

    pub fn print(&mut self, text: fmt::Arguments<'_>) -> Outcome<i32> {
        self.write(|out| out.write_fmt(text))
    }
}

impl Write for Out {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.buffer.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
