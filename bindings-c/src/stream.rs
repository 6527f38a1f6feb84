//! Streams
//!
//! A splitter cuts a stream into messages, however it comes in chunks. It works over a buffer of the
//! caller, which it owns from then on, for what is unfinished at the end of a chunk.
//!
//!     tipwire_text chunk = {data, length};
//!     int32_t found;
//!     while ((found = tipwire_split(&splitter, &chunk, &message)) != 0) {
//!         if (found > 0) { ... } else { puts("a message was too long, or no message"); }
//!     }

use core::ffi::{c_char, c_void};

use codec::Kind;
use codec::stream::{Any, Order, Rule, Settings, Splitter, join};

use crate::error::{TIPWIRE_E_ARGUMENT, status};
use crate::memory::{
    Outcome, Storage, buffer, bytes, change, fetch, fetch_mut, has_room, place, read, store, string,
};
use crate::panic::{guard, run};
use crate::text::{length as of_length, tipwire_text};

/// What a setting is that is left as the rule has it.
pub const TIPWIRE_DEFAULT: i64 = i64::MIN;

/// Most delimiters of a splitter.
pub const TIPWIRE_MAX_DELIMITERS: usize = 16;

pub const TIPWIRE_SPLITTER_WORDS: usize = 48;
pub const TIPWIRE_SPLITTER_SIZE: usize = TIPWIRE_SPLITTER_WORDS * 8;

/// A splitter. It is not to be copied.
#[repr(C)]
pub struct tipwire_splitter {
    pub storage: [u64; TIPWIRE_SPLITTER_WORDS],
}

/// How a splitter works: TIPWIRE_DEFAULT for what is left as its rule has it. Settings that a rule has
/// no use for are TIPWIRE_E_INVALID_SETTINGS.
///
/// max         the longest message; what it counts is said by the rule.
/// strip       "delimiter": whether it is taken off, 1 or 0. "length_field": how many bytes are taken
///             off the front.
/// order       "length_field": 0 if the first byte of the length is the greatest, 1 if the last.
/// offset      "length_field": bytes before the length.
/// length      "length_field": bytes of the length.
/// adjustment  "length_field": what is added to the length.
/// delimiters, delimiter_count  "delimiter": what messages end with; NULL for the default, a NUL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_splitter_settings {
    pub max: i64,
    pub strip: i64,
    pub order: i64,
    pub offset: i64,
    pub length: i64,
    pub adjustment: i64,
    pub delimiters: *const tipwire_text,
    pub delimiter_count: usize,
}

/// TIPWIRE_SPLITTER_SIZE.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_splitter_size() -> usize {
    size_of::<tipwire_splitter>()
}

/// Settings that are all left as the rule has them.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_splitter_defaults(settings: *mut tipwire_splitter_settings) -> i32 {
    run(|| {
        place(settings)?.set(DEFAULTS);
        Ok(())
    })
}

/// How long the buffer of a splitter must be, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_splitter_capacity(
    rule: *const c_char,
    settings: *const tipwire_splitter_settings,
) -> i32 {
    guard(|| of_length(rule_of(rule, settings)?.capacity()))
}

/// Sets a splitter up for a new stream. rule is "lines", "delimiter", "length_field",
/// "length_prefixed", "json", "packets" or "tagotip"; settings may be NULL for the defaults.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_splitter_init(
    splitter: *mut tipwire_splitter,
    rule: *const c_char,
    settings: *const tipwire_splitter_settings,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    run(|| {
        let rule = rule_of(rule, settings)?;
        let made = Splitter::new(rule, buffer(out, capacity)?);
        store(splitter, made.map_err(status)?)
    })
}

/// Writes a message as it stands on a stream that a splitter of this rule and these settings cuts: with
/// its end, its length, or as it is. What would read as something else is TIPWIRE_E_MISPLACED. Returns
/// the length, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_join(
    rule: *const c_char,
    settings: *const tipwire_splitter_settings,
    message: *const c_void,
    length: usize,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let rule = rule_of(rule, settings)?;
        let joined = join(&rule, bytes(message, length)?, buffer(out, capacity)?);
        of_length(joined.map_err(status)?.len())
    })
}

/// Takes the next message, going past what it takes of the input. Returns 1 for a message, which is
/// good until the splitter is used again; 0 when all of the input is taken; TIPWIRE_E_TOO_LONG or
/// TIPWIRE_E_CORRUPT for what is no message, after which it goes on.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_split(
    splitter: *mut tipwire_splitter,
    input: *mut tipwire_text,
    message: *mut tipwire_text,
) -> i32 {
    guard(|| {
        let splitter = fetch_mut(splitter)?;
        let (input, message) = (change(input)?, place(message)?);
        let mut rest = input_of(*input)?;
        let found = splitter.next(&mut rest);
        *input = rest.into();
        match found {
            None => Ok(0),
            Some(Err(kind)) => Err(status(kind)),
            Some(Ok(found)) => {
                message.set(found.into());
                Ok(1)
            }
        }
    })
}

/// How many bytes of an unfinished message there are, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_splitter_pending(splitter: *const tipwire_splitter) -> i32 {
    guard(|| of_length(fetch(splitter)?.pending()))
}

/// Forgets the stream for a new one with the same settings.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_splitter_reset(splitter: *mut tipwire_splitter) -> i32 {
    run(|| {
        fetch_mut(splitter)?.reset();
        Ok(())
    })
}

/// Input, of which there may be none.
pub fn input_of(input: tipwire_text) -> Outcome<&'static [u8]> {
    if input.length == 0 { Ok(&[]) } else { bytes(input.data.cast(), input.length) }
}

const DEFAULTS: tipwire_splitter_settings = tipwire_splitter_settings {
    max: TIPWIRE_DEFAULT,
    strip: TIPWIRE_DEFAULT,
    order: TIPWIRE_DEFAULT,
    offset: TIPWIRE_DEFAULT,
    length: TIPWIRE_DEFAULT,
    adjustment: TIPWIRE_DEFAULT,
    delimiters: core::ptr::null(),
    delimiter_count: 0,
};

fn rule_of(rule: *const c_char, settings: *const tipwire_splitter_settings) -> Outcome<Any> {
    let name = string(rule)?;
    let settings = if settings.is_null() { &DEFAULTS } else { read(settings)? };
    let mut delimiters = [&[][..]; TIPWIRE_MAX_DELIMITERS];
    let mut given = None;
    if !settings.delimiters.is_null() {
        let room = delimiters.get_mut(..settings.delimiter_count).ok_or(TIPWIRE_E_ARGUMENT)?;
        for (nth, delimiter) in room.iter_mut().enumerate() {
            *delimiter = input_of(*read(settings.delimiters.wrapping_add(nth))?)?;
        }
        given = Some(&*room);
    }
    let order = match settings.order {
        TIPWIRE_DEFAULT => None,
        0 => Some(Order::Big),
        1 => Some(Order::Little),
        _ => return Err(TIPWIRE_E_ARGUMENT),
    };
    let adjustment = Some(settings.adjustment).filter(|value| *value != TIPWIRE_DEFAULT);
    let settings = Settings {
        max: size(settings.max)?,
        strip: size(settings.strip)?,
        delimiters: given,
        order,
        offset: size(settings.offset)?,
        length: size(settings.length)?,
        adjustment,
    };
    Any::new(name, &settings).map_err(status)
}

/// A size, if it is given.
fn size(value: i64) -> Outcome<Option<usize>> {
    match value {
        TIPWIRE_DEFAULT => Ok(None),
        value => usize::try_from(value).map(Some).map_err(|_| status(Kind::InvalidSettings)),
    }
}

impl Storage for tipwire_splitter {
    type Value = Splitter<Any, &'static mut [u8]>;
}

const _: () = assert!(has_room::<tipwire_splitter>());
