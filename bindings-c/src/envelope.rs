//! Envelopes
//!
//! A sealer seals what a device sends, or what a server answers to it; an opener opens. Both hold a
//! key expanded, in storage of the caller that is not to be copied, and work in place in buffers of
//! the caller. tipwire_sealer_wipe() and tipwire_opener_wipe() end them.
//!
//! A counter must never be used twice under one key. A device stores what tipwire_sealer_next()
//! gives, after each envelope; or, to write to flash less often, what tipwire_sealer_reserve() gives,
//! before it seals the next ones. After a restart it goes on with that.

use core::ffi::{c_char, c_void};

use codec::{
    Cipher, Header, InnerMethod, Layout, Opener, Ping, Pull, Push, Reply, Sealer, open_with,
    plaintext_answer,
};

use crate::avr::text_argument;
use crate::credentials::{tipwire_hash, tipwire_token};
use crate::error::{TIPWIRE_E_ARGUMENT, status, tell, tipwire_error, told};
use crate::frame::{method_of, tipwire_ack};
use crate::memory::{
    Outcome, Storage, buffer, bytes, discard, fetch, fetch_mut, has_room, place, read,
    set_if_wanted, store, string, utf8,
};
use crate::panic::{guard, run, value};
use crate::text::{length as of_length, tipwire_text};
use crate::writer::{Envelope, Form, finish, start, tipwire_writer};
use codec::{Error, Kind};

/// Ciphers.
pub const TIPWIRE_AES_128_CCM: u8 = 0;
pub const TIPWIRE_AES_128_GCM: u8 = 1;
pub const TIPWIRE_AES_256_CCM: u8 = 2;
pub const TIPWIRE_AES_256_GCM: u8 = 3;
pub const TIPWIRE_CHACHA20_POLY1305: u8 = 4;

/// Layouts of headers. Both sides know which one they use; the short one is that of the first
/// revision.
pub const TIPWIRE_LAYOUT_CURRENT: u8 = 0;
pub const TIPWIRE_LAYOUT_SHORT: u8 = 1;

/// Either layout, for tipwire_open_with().
pub const TIPWIRE_LAYOUT_ANY: u8 = 255;

/// Most bytes that an envelope has beside the text inside.
pub const TIPWIRE_ENVELOPE_OVERHEAD: usize = 37;

#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_OPENER_WORDS: usize = 136;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_OPENER_WORDS: usize = 132;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_OPENER_WORDS: usize = 38;
pub const TIPWIRE_OPENER_SIZE: usize = TIPWIRE_OPENER_WORDS * 8;

#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_SEALER_WORDS: usize = 142;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_SEALER_WORDS: usize = 136;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_SEALER_WORDS: usize = 41;
pub const TIPWIRE_SEALER_SIZE: usize = TIPWIRE_SEALER_WORDS * 8;

/// What opens envelopes.
#[repr(C)]
pub struct tipwire_opener {
    pub storage: [u64; TIPWIRE_OPENER_WORDS],
}

/// What seals envelopes, and opens those to the same device.
#[repr(C)]
pub struct tipwire_sealer {
    pub storage: [u64; TIPWIRE_SEALER_WORDS],
}

/// The header of an envelope. Until that is opened nothing vouches for it.
///
/// method  TIPWIRE_PUSH, TIPWIRE_PULL, TIPWIRE_PING or TIPWIRE_ACK.
/// auth    the authorization hash.
/// device  the device hash; of the short layout its first 8 digits.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_header {
    pub counter: u32,
    pub layout: u8,
    pub cipher: u8,
    pub method: u8,
    pub auth: tipwire_hash,
    pub device: tipwire_hash,
}

/// The bytes of a cipher's key: 16 or 32; or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_key_length(cipher: u8) -> i32 {
    guard(|| of_length(cipher_of(cipher)?.key_len()))
}

/// The name of a cipher, as in "aes-128-ccm".
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_cipher_name(cipher: u8) -> text_argument {
    Cipher::from_id(cipher).map(Cipher::name).into()
}

/// Reads the header of a whole envelope, to find the key that opens it.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_parse_header(
    layout: u8,
    envelope: *const c_void,
    length: usize,
    header: *mut tipwire_header,
) -> i32 {
    run(|| {
        let parsed = Header::parse(layout_of(layout)?, bytes(envelope, length)?);
        let parsed = parsed.map_err(of_error)?;
        place(header)?.set(parsed.into());
        Ok(())
    })
}

/// Looks the keys up that may open an envelope with this header: the first (nth is 0), the second, and
/// so on, until NULL.
pub type tipwire_find_opener = Option<
    extern "C" fn(
        context: *mut c_void,
        header: *const tipwire_header,
        nth: usize,
    ) -> *const tipwire_opener,
>;

/// TIPWIRE_OPENER_SIZE.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_opener_size() -> usize {
    size_of::<tipwire_opener>()
}

/// Sets a key up for opening: of one device, whose serial everything inside must have, or, where
/// serial is NULL, of whatever device the header names. The key is copied.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_opener_init(
    opener: *mut tipwire_opener,
    cipher: u8,
    key: *const c_void,
    key_length: usize,
    serial: *const c_char,
) -> i32 {
    run(|| init_opener(opener, cipher_of(cipher)?, (key, key_length), serial))
}

/// The same for TIPWIRE_AES_128_CCM: a program that calls only this is linked without other ciphers.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_opener_init_ccm(
    opener: *mut tipwire_opener,
    key: *const c_void,
    key_length: usize,
    serial: *const c_char,
) -> i32 {
    run(|| init_opener(opener, Cipher::Aes128Ccm, (key, key_length), serial))
}

/// Wipes an opener. It can be set up again.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_opener_wipe(opener: *mut tipwire_opener) -> i32 {
    run(|| discard(opener))
}

/// Opens an envelope in place and sets text to what is inside, which is for tipwire_parse_inner() or
/// tipwire_parse_inner_ack(): it is authentic, but may be no frame. header may be NULL.
///
/// On failure the envelope stays as it was received.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_open(
    opener: *const tipwire_opener,
    layout: u8,
    envelope: *mut c_void,
    length: usize,
    header: *mut tipwire_header,
    text: *mut tipwire_text,
) -> i32 {
    run(|| open(fetch(opener)?, layout, envelope, length, header, text))
}

/// As tipwire_open(), with one of several keys, which find looks up by what the header says: by the
/// authorization hash and the device hash, or however it likes. layout may be TIPWIRE_LAYOUT_ANY, for
/// one after the other. nth, which may be NULL, is set to which of the keys it was.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_open_with(
    find: tipwire_find_opener,
    context: *mut c_void,
    layout: u8,
    envelope: *mut c_void,
    length: usize,
    header: *mut tipwire_header,
    text: *mut tipwire_text,
    nth: *mut usize,
) -> i32 {
    run(|| {
        let find = find.ok_or(TIPWIRE_E_ARGUMENT)?;
        let layouts = match layout {
            TIPWIRE_LAYOUT_ANY => Layout::ALL,
            one => {
                Layout::ALL.get(usize::from(one)..=usize::from(one)).ok_or(TIPWIRE_E_ARGUMENT)?
            }
        };
        let (text, envelope) = (place(text)?, buffer(envelope, length)?);
        let opened = open_with(envelope, layouts, |header: &Header| {
            let header = tipwire_header::from(*header);
            (0..).map_while(move |nth| fetch(find(context, &header, nth)).ok())
        });
        let opened = opened.map_err(of_error)?;
        text.set(opened.as_bytes().into());
        set_if_wanted(header, || opened.header.into());
        set_if_wanted(nth, || opened.candidate);
        Ok(())
    })
}

/// Reads an answer in plaintext, which a server gives to an envelope that it cannot open: nothing
/// vouches for it. Returns 1 for one, 0 for bytes that are none and may be an envelope, or what is
/// wrong. error may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_plaintext_answer(
    answer: *const c_void,
    length: usize,
    ack: *mut tipwire_ack,
    error: *mut tipwire_error,
) -> i32 {
    guard(|| {
        let answer = told(bytes(answer, length), error)?;
        let place = told(place(ack), error)?;
        let Some(read) = plaintext_answer(answer) else { return Ok(0) };
        place.set(read.map_err(|wrong| tell(wrong, error))?.into());
        Ok(1)
    })
}

/// As tipwire_open(), for envelopes to the device of a sealer.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sealer_open(
    sealer: *const tipwire_sealer,
    layout: u8,
    envelope: *mut c_void,
    length: usize,
    header: *mut tipwire_header,
    text: *mut tipwire_text,
) -> i32 {
    run(|| open(fetch(sealer)?.opener(), layout, envelope, length, header, text))
}

/// TIPWIRE_SEALER_SIZE.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sealer_size() -> usize {
    size_of::<tipwire_sealer>()
}

/// Sets a key up for sealing, to go on with the counter next: 0 with a new key. The key is copied;
/// the token is not needed afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sealer_init(
    sealer: *mut tipwire_sealer,
    layout: u8,
    cipher: u8,
    key: *const c_void,
    key_length: usize,
    token: *const tipwire_token,
    serial: *const c_char,
    next: u64,
) -> i32 {
    run(|| init_sealer(sealer, layout, cipher_of(cipher)?, (key, key_length), token, serial, next))
}

/// The same for TIPWIRE_AES_128_CCM: a program that calls only this is linked without other ciphers.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sealer_init_ccm(
    sealer: *mut tipwire_sealer,
    layout: u8,
    key: *const c_void,
    key_length: usize,
    token: *const tipwire_token,
    serial: *const c_char,
    next: u64,
) -> i32 {
    run(|| init_sealer(sealer, layout, Cipher::Aes128Ccm, (key, key_length), token, serial, next))
}

/// The same where the authorization hash is known instead of the token, as to a server that answers:
/// it stands in the header of what it has opened.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sealer_init_hash(
    sealer: *mut tipwire_sealer,
    layout: u8,
    cipher: u8,
    key: *const c_void,
    key_length: usize,
    auth: *const tipwire_hash,
    serial: *const c_char,
    next: u64,
) -> i32 {
    run(|| {
        let (layout, cipher) = (layout_of(layout)?, cipher_of(cipher)?);
        let (key, auth, serial) = (bytes(key, key_length)?, read(auth)?.get()?, string(serial)?);
        let made = Sealer::with_hash(layout, cipher, key, auth, serial, next);
        keep(sealer, made)
    })
}

/// Wipes a sealer. It can be set up again.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sealer_wipe(sealer: *mut tipwire_sealer) -> i32 {
    run(|| discard(sealer))
}

/// The counter of the next envelope: what to store. Beyond 32 bits all are used up. 0 on failure.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sealer_next(sealer: *const tipwire_sealer) -> u64 {
    value(0, || Ok(fetch(sealer)?.counter().next()))
}

/// Reserves the next count counters, and gives the number to store before any of them is used. 0 on
/// failure.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sealer_reserve(sealer: *mut tipwire_sealer, count: u32) -> u64 {
    value(0, || Ok(fetch_mut(sealer)?.reserve(count)))
}

/// Seals a text: the inner frame of an uplink of this device, or an answer to it. Returns the length
/// of the envelope, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_seal(
    sealer: *mut tipwire_sealer,
    method: u8,
    text: *const c_void,
    length: usize,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let sealer = fetch_mut(sealer)?;
        let (text, out) = (bytes(text, length)?, buffer(out, capacity)?);
        let envelope = sealer.seal(method_of(method)?, text, out);
        of_length(envelope.map_err(of_error)?.len())
    })
}

/// Begins to write what is sealed in the same buffer, and ended by tipwire_finish_sealed(). The method
/// TIPWIRE_ACK begins an answer, as tipwire_reply_begin() does.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sealed_begin(
    writer: *mut tipwire_writer,
    sealer: *const tipwire_sealer,
    method: u8,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    run(|| {
        let made = sealed_form(sealer, method, out, capacity);
        let envelope = method_of(method).ok().map(|method| Envelope { out, capacity, method });
        start(writer, made, envelope)
    })
}

/// Ends what tipwire_sealed_begin() began, and seals it. Returns the length of the envelope, or the
/// first error.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_finish_sealed(
    writer: *mut tipwire_writer,
    sealer: *mut tipwire_sealer,
) -> i32 {
    guard(|| {
        let writer = fetch_mut(writer)?;
        let sealer = fetch_mut(sealer)?;
        let Envelope { out, capacity, method } = writer.envelope.ok_or(status(Kind::Misplaced))?;
        let length = finish(writer, false)?.len();
        let envelope = sealer.seal_built_in_place(method, buffer(out, capacity)?, length);
        of_length(envelope.map_err(of_error)?.len())
    })
}

/// Inlined, so that a cipher that is known brings no other.
#[inline(always)]
fn init_sealer(
    sealer: *mut tipwire_sealer,
    layout: u8,
    cipher: Cipher,
    (key, key_length): (*const c_void, usize),
    token: *const tipwire_token,
    serial: *const c_char,
    next: u64,
) -> Outcome {
    let (key, token, serial) = (bytes(key, key_length)?, fetch(token)?, string(serial)?);
    let made = Sealer::new(layout_of(layout)?, cipher, key, token, serial, next);
    keep(sealer, made)
}

#[inline(always)]
fn init_opener(
    opener: *mut tipwire_opener,
    cipher: Cipher,
    (key, key_length): (*const c_void, usize),
    serial: *const c_char,
) -> Outcome {
    let serial = if serial.is_null() { None } else { Some(string(serial)?) };
    let made = Opener::new(cipher, bytes(key, key_length)?, serial);
    keep(opener, made)
}

fn sealed_form(
    sealer: *const tipwire_sealer,
    method: u8,
    out: *mut c_void,
    capacity: usize,
) -> Outcome<Form> {
    let sealer = fetch(sealer)?;
    let (method, envelope) = (method_of(method)?, buffer(out, capacity)?);
    // What is left of the buffer when header and tag have their room.
    let tag = sealer.opener().cipher().tag_len();
    let end = envelope.len().checked_sub(tag).ok_or(status(Kind::Buffer))?;
    let text = envelope.get_mut(sealer.header_len()..end).ok_or(status(Kind::Buffer))?;
    let serial = utf8(sealer.serial_bytes()).unwrap_or_default();
    Ok(match method {
        InnerMethod::Push => Form::Push(Push::inner(text, serial)),
        InnerMethod::Pull => Form::Pull(Pull::inner(text, serial)),
        InnerMethod::Ping => Form::Ping(Ping::inner(text, serial)),
        InnerMethod::Ack => Form::Reply(Reply::inner(text)),
    })
}

fn open(
    opener: &Opener,
    layout: u8,
    envelope: *mut c_void,
    length: usize,
    header: *mut tipwire_header,
    text: *mut tipwire_text,
) -> Outcome {
    let layout = layout_of(layout)?;
    let text = place(text)?;
    let opened = opener.open(layout, buffer(envelope, length)?).map_err(of_error)?;
    text.set(opened.as_bytes().into());
    set_if_wanted(header, || opened.header.into());
    Ok(())
}

/// Stores what was made, without a copy in between: the stack may be small.
#[inline(always)]
fn keep<S: Storage>(storage: *mut S, made: Result<S::Value, Error>) -> Outcome {
    match made {
        Ok(value) => store(storage, value),
        Err(error) => Err(of_error(error)),
    }
}

fn of_error(error: Error) -> i32 {
    status(error.kind)
}

fn cipher_of(number: u8) -> Outcome<Cipher> {
    Cipher::from_id(number).ok_or(TIPWIRE_E_ARGUMENT)
}

pub fn layout_of(number: u8) -> Outcome<Layout> {
    Layout::ALL.get(usize::from(number)).copied().ok_or(TIPWIRE_E_ARGUMENT)
}

impl Storage for tipwire_opener {
    type Value = Opener;
}

impl Storage for tipwire_sealer {
    type Value = Sealer;
}

const _: () = assert!(has_room::<tipwire_opener>() && has_room::<tipwire_sealer>());

impl From<Header> for tipwire_header {
    fn from(header: Header) -> tipwire_header {
        let mut device = [0; 8];
        let mut digits = 0;
        for (to, byte) in device.iter_mut().zip(header.device()) {
            *to = *byte;
            digits += 2;
        }
        let mut device = tipwire_hash::from(codec::Hash::from_bytes(device));
        for digit in device.text.iter_mut().skip(digits) {
            *digit = 0;
        }
        tipwire_header {
            counter: header.counter,
            layout: header.layout as u8,
            cipher: header.cipher.id(),
            method: header.method as u8,
            auth: header.auth.into(),
            device,
        }
    }
}
