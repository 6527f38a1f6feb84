//! Frames and answers
//!
//! A line is checked completely once; then nothing in it can be wrong any more, and it is walked by
//! iterators: see the next section.

use core::ffi::c_void;

use codec::{Ack, Body, Detail, Encoding, Frame, InnerMethod, Status};

use crate::error::{TIPWIRE_E_ARGUMENT, status, tell, tipwire_error, told};
use crate::memory::{
    Copied, Outcome, Place, buffer, bytes, held, held_in, hold, place, read, utf8,
};
use crate::panic::{guard, run};
use crate::text::{length as of_length, tipwire_text};
use crate::writer::{Out, revision_of};
use codec::Kind;

/// Methods.
pub const TIPWIRE_PUSH: u8 = 0;
pub const TIPWIRE_PULL: u8 = 1;
pub const TIPWIRE_PING: u8 = 2;
pub const TIPWIRE_ACK: u8 = 3;

/// How passthrough data is written.
pub const TIPWIRE_HEX: u8 = 1;
pub const TIPWIRE_BASE64: u8 = 2;

/// Statuses of answers.
pub const TIPWIRE_OK: u8 = 0;
pub const TIPWIRE_PONG: u8 = 1;
pub const TIPWIRE_CMD: u8 = 2;
pub const TIPWIRE_ERR: u8 = 3;

/// What follows the status of an answer: nothing, how many data points were stored, variables, a
/// command, the code of an error, or another text.
pub const TIPWIRE_DETAIL_NONE: u8 = 0;
pub const TIPWIRE_DETAIL_COUNT: u8 = 1;
pub const TIPWIRE_DETAIL_VARIABLES: u8 = 2;
pub const TIPWIRE_DETAIL_COMMAND: u8 = 3;
pub const TIPWIRE_DETAIL_ERROR: u8 = 4;
pub const TIPWIRE_DETAIL_TEXT: u8 = 5;

#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_FRAME_WORDS: usize = 18;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_FRAME_WORDS: usize = 10;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_FRAME_WORDS: usize = 5;

/// What a device sends: at most 256 bytes.
///
/// inside    for the functions below.
/// method    TIPWIRE_PUSH, TIPWIRE_PULL or TIPWIRE_PING.
/// has_seq   whether there is a sequence counter, seq.
/// auth      16 hex digits, or a token. Absent in the inner frame of an envelope.
/// encoding  passthrough data: TIPWIRE_HEX or TIPWIRE_BASE64, and raw is the data. Else 0.
/// location, time (if has_time), group: what holds for all variables that do not say otherwise.
///           tipwire_next_point() applies them.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_frame {
    pub inside: [u64; TIPWIRE_FRAME_WORDS],
    pub method: u8,
    pub has_seq: u8,
    pub has_time: u8,
    pub encoding: u8,
    pub seq: u32,
    pub time: u64,
    pub auth: tipwire_text,
    pub serial: tipwire_text,
    pub location: tipwire_text,
    pub group: tipwire_text,
    pub raw: tipwire_text,
}

/// What a server answers.
///
/// inside   for the functions below.
/// status   TIPWIRE_OK, TIPWIRE_PONG, TIPWIRE_CMD or TIPWIRE_ERR.
/// detail   TIPWIRE_DETAIL_…: count has the number of data points, text the rest as it stands.
/// has_seq  whether there is a sequence counter, seq.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_ack {
    pub inside: [u64; TIPWIRE_FRAME_WORDS],
    pub status: u8,
    pub detail: u8,
    pub has_seq: u8,
    pub seq: u32,
    pub count: u64,
    pub text: tipwire_text,
}

/// Reads an uplink of any revision, with or without a line ending. The bytes stay the caller's, and
/// the frame points into them. error may be NULL; where there is one, it is only set on failure.
/// Returns 0, or what is wrong.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_parse(
    line: *const c_void,
    length: usize,
    frame: *mut tipwire_frame,
    error: *mut tipwire_error,
) -> i32 {
    run(|| {
        let line = told(bytes(line, length), error)?;
        let mut place = told(place(frame), error)?;
        let read = Frame::read_into(line, utf8, None, place.room());
        read.map_err(|wrong| tell(wrong, error))?;
        set_frame(place.filled());
        Ok(())
    })
}

/// Reads an answer of any revision; otherwise as tipwire_parse().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_parse_ack(
    line: *const c_void,
    length: usize,
    ack: *mut tipwire_ack,
    error: *mut tipwire_error,
) -> i32 {
    run(|| {
        let line = told(bytes(line, length), error)?;
        let place = told(place(ack), error)?;
        let read = Ack::show(line, utf8, &mut (), |(), ack| set_ack(place, ack));
        read.map_err(|wrong| tell(wrong, error))
    })
}

/// Reads an uplink of one revision only: TIPWIRE_REVISION_A to TIPWIRE_REVISION_D. Otherwise as
/// tipwire_parse().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_parse_as(
    revision: u8,
    line: *const c_void,
    length: usize,
    frame: *mut tipwire_frame,
    error: *mut tipwire_error,
) -> i32 {
    run(|| {
        let line = told(bytes(line, length), error)?;
        let place = told(place(frame), error)?;
        let revision = told(revision_of(revision), error)?;
        place.set(Frame::parse_as(revision, line).map_err(|wrong| tell(wrong, error))?.into());
        Ok(())
    })
}

/// Reads an answer of one revision only; otherwise as tipwire_parse_as().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_parse_ack_as(
    revision: u8,
    line: *const c_void,
    length: usize,
    ack: *mut tipwire_ack,
    error: *mut tipwire_error,
) -> i32 {
    run(|| {
        let line = told(bytes(line, length), error)?;
        let place = told(place(ack), error)?;
        let revision = told(revision_of(revision), error)?;
        let read = Ack::parse_as(revision, line).map_err(|wrong| tell(wrong, error))?;
        set_ack(place, &read);
        Ok(())
    })
}

/// Reads the inner frame of an envelope: TIPWIRE_PUSH, TIPWIRE_PULL or TIPWIRE_PING without method,
/// counter and authorization. Answers are for tipwire_parse_inner_ack().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_parse_inner(
    method: u8,
    text: *const c_void,
    length: usize,
    frame: *mut tipwire_frame,
    error: *mut tipwire_error,
) -> i32 {
    run(|| {
        let text = told(bytes(text, length), error)?;
        let mut place = told(place(frame), error)?;
        let method = method_of(method).and_then(|method| method.uplink().ok_or(TIPWIRE_E_ARGUMENT));
        let method = told(method, error)?;
        let read = Frame::read_into(text, utf8, Some(method), place.room());
        read.map_err(|wrong| tell(wrong, error))?;
        set_frame(place.filled());
        Ok(())
    })
}

/// Reads the answer inside an envelope: STATUS, or STATUS|DETAIL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_parse_inner_ack(
    text: *const c_void,
    length: usize,
    ack: *mut tipwire_ack,
    error: *mut tipwire_error,
) -> i32 {
    run(|| {
        let text = told(bytes(text, length), error)?;
        let place = told(place(ack), error)?;
        set_ack(place, &Ack::parse_inner(text).map_err(|wrong| tell(wrong, error))?);
        Ok(())
    })
}

/// Writes the bytes that passthrough data stands for. Returns how many, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_decode_raw(
    frame: *const tipwire_frame,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let raw = held(read(frame)?).raw().ok_or(status(Kind::Raw))?;
        let decoded = raw.decode_into(buffer(out, capacity)?);
        of_length(decoded.map_err(status)?.len())
    })
}

/// Writes a frame as JSON, without a NUL. Returns its length, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_frame_json(
    frame: *const tipwire_frame,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let frame = held(read(frame)?);
        Out::new(buffer(out, capacity)?).write(|out| frame.write_json(out))
    })
}

/// Writes the data points of a frame as a JSON list, without a NUL. Returns its length, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_points_json(
    frame: *const tipwire_frame,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let frame = held(read(frame)?);
        Out::new(buffer(out, capacity)?).write(|out| frame.points().write_json(out))
    })
}

/// Writes an answer as JSON, without a NUL. Returns its length, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_ack_json(
    ack: *const tipwire_ack,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let ack = held(read(ack)?);
        Out::new(buffer(out, capacity)?).write(|out| ack.write_json(out))
    })
}

/// As tipwire_points_json(), for the variables of an answer.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_ack_points_json(
    ack: *const tipwire_ack,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let ack = held(read(ack)?);
        Out::new(buffer(out, capacity)?).write(|out| ack.points().write_json(out))
    })
}

impl Copied for tipwire_frame {
    type Value = Frame<'static>;
    const WORDS: usize = TIPWIRE_FRAME_WORDS;
    const EMPTY: tipwire_frame = tipwire_frame {
        inside: [0; TIPWIRE_FRAME_WORDS],
        method: 0,
        has_seq: 0,
        has_time: 0,
        encoding: 0,
        seq: 0,
        time: 0,
        auth: tipwire_text::ABSENT,
        serial: tipwire_text::ABSENT,
        location: tipwire_text::ABSENT,
        group: tipwire_text::ABSENT,
        raw: tipwire_text::ABSENT,
    };
}

impl tipwire_ack {
    /// OK and nothing more, as good as any where there is none.
    pub fn none() -> tipwire_ack {
        Ack::parse_inner(b"OK").map_or(tipwire_ack::EMPTY, tipwire_ack::from)
    }
}

impl Copied for tipwire_ack {
    type Value = Ack<'static>;
    const WORDS: usize = TIPWIRE_FRAME_WORDS;
    const EMPTY: tipwire_ack = tipwire_ack {
        inside: [0; TIPWIRE_FRAME_WORDS],
        status: 0,
        detail: TIPWIRE_DETAIL_NONE,
        has_seq: 0,
        seq: 0,
        count: 0,
        text: tipwire_text::ABSENT,
    };
}

const _: () = assert!(size_of::<tipwire_frame>() <= 256);

/// Sets what else there is, of what stands in the words.
#[cfg_attr(not(tipwire_small), inline(always))]
fn set_frame(out: &mut tipwire_frame) {
    let tipwire_frame { inside, .. } = *out;
    *out = tipwire_frame { inside, ..tipwire_frame::EMPTY };
    let tipwire_frame { inside, method, has_seq, has_time, encoding, seq, time, .. } = out;
    let frame = held_in::<tipwire_frame, _>(inside);
    *method = InnerMethod::from(frame.method()) as u8;
    if let Some(number) = frame.seq {
        *has_seq = 1;
        *seq = number;
    }
    out.auth = if frame.auth.is_empty() { None } else { Some(frame.auth) }.into();
    out.serial = frame.serial.into();
    match &frame.body {
        Body::Push(block) => {
            out.location = block.location.map(|location| location.as_str()).into();
            if let Some(at) = block.time {
                *has_time = 1;
                *time = at;
            }
            out.group = block.group.into();
        }
        Body::Raw(raw) => {
            *encoding = encoding_number(raw.encoding());
            out.raw = raw.data().into();
        }
        Body::Pull(_) | Body::Ping => {}
    }
}

#[cfg_attr(not(tipwire_small), inline(always))]
fn set_ack(place: Place<tipwire_ack>, ack: &Ack<'static>) {
    let out = place.hold(ack);
    out.status = status_number(ack.status);
    out.detail = match ack.detail {
        Detail::None => TIPWIRE_DETAIL_NONE,
        Detail::Count(_) => TIPWIRE_DETAIL_COUNT,
        Detail::Variables(_) => TIPWIRE_DETAIL_VARIABLES,
        Detail::Command(_) => TIPWIRE_DETAIL_COMMAND,
        Detail::Error(_) => TIPWIRE_DETAIL_ERROR,
        Detail::Text(_) => TIPWIRE_DETAIL_TEXT,
    };
    if let Some(seq) = ack.seq {
        out.has_seq = 1;
        out.seq = seq;
    }
    match ack.detail {
        Detail::Count(count) => out.count = count,
        Detail::Command(text) | Detail::Error(text) | Detail::Text(text) => out.text = text.into(),
        Detail::None | Detail::Variables(_) => {}
    }
}

impl From<Frame<'static>> for tipwire_frame {
    fn from(frame: Frame<'static>) -> tipwire_frame {
        let mut out = hold(frame);
        set_frame(&mut out);
        out
    }
}

impl From<Ack<'static>> for tipwire_ack {
    fn from(ack: Ack<'static>) -> tipwire_ack {
        let mut out = tipwire_ack::EMPTY;
        if let Ok(place) = place(&raw mut out) {
            set_ack(place, &ack);
        }
        out
    }
}

/// The method that C calls so.
pub fn method_of(number: u8) -> Outcome<InnerMethod> {
    InnerMethod::ALL.get(usize::from(number)).copied().ok_or(TIPWIRE_E_ARGUMENT)
}

/// The status that C calls so.
pub fn status_of(number: u8) -> Outcome<Status> {
    Ok(match number {
        TIPWIRE_OK => Status::Ok,
        TIPWIRE_PONG => Status::Pong,
        TIPWIRE_CMD => Status::Cmd,
        TIPWIRE_ERR => Status::Err,
        _ => return Err(TIPWIRE_E_ARGUMENT),
    })
}

const fn status_number(status: Status) -> u8 {
    match status {
        Status::Ok => TIPWIRE_OK,
        Status::Pong => TIPWIRE_PONG,
        Status::Cmd => TIPWIRE_CMD,
        Status::Err => TIPWIRE_ERR,
    }
}

/// The encoding that C calls so.
pub fn encoding_of(number: u8) -> Outcome<Encoding> {
    match number {
        TIPWIRE_HEX => Ok(Encoding::Hex),
        TIPWIRE_BASE64 => Ok(Encoding::Base64),
        _ => Err(TIPWIRE_E_ARGUMENT),
    }
}

const fn encoding_number(encoding: Encoding) -> u8 {
    match encoding {
        Encoding::Hex => TIPWIRE_HEX,
        Encoding::Base64 => TIPWIRE_BASE64,
    }
}
