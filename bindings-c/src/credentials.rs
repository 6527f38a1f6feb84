//! Credentials

use core::ffi::{c_char, c_void};

use codec::{Hash, HashText, Token, device_hash};

use crate::error::{TIPWIRE_E_ARGUMENT, status, tell, tipwire_error};
use crate::memory::{Outcome, Storage, buffer, discard, fetch, has_room, place, store, string};
use crate::panic::run;

pub const TIPWIRE_TOKEN_WORDS: usize = 7;
pub const TIPWIRE_TOKEN_SIZE: usize = TIPWIRE_TOKEN_WORDS * 8;

/// A device's token. It is secret, and is not to be copied: tipwire_token_wipe() ends it.
#[repr(C)]
pub struct tipwire_token {
    pub storage: [u64; TIPWIRE_TOKEN_WORDS],
}

/// 16 hex digits that stand for a token or a serial, and a NUL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_hash {
    pub text: [c_char; 17],
}

/// TIPWIRE_TOKEN_SIZE.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_token_size() -> usize {
    size_of::<tipwire_token>()
}

/// Sets a token up from its text, at and 32 hex digits. error may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_token_init(
    token: *mut tipwire_token,
    text: *const c_char,
    error: *mut tipwire_error,
) -> i32 {
    run(|| {
        let made = Token::new(string(text)?).map_err(|wrong| tell(wrong, error))?;
        store(token, made)
    })
}

/// Wipes a token. It can be set up again.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_token_wipe(token: *mut tipwire_token) -> i32 {
    run(|| discard(token))
}

/// The authorization hash of a token, which frames carry.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_token_hash(token: *const tipwire_token, hash: *mut tipwire_hash) -> i32 {
    run(|| {
        let token = fetch(token)?;
        place(hash)?.set(token.hash().into());
        Ok(())
    })
}

/// The authorization hash of a token in the first revision, which headers of the short layout carry.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_token_first_hash(
    token: *const tipwire_token,
    hash: *mut tipwire_hash,
) -> i32 {
    run(|| {
        let token = fetch(token)?;
        place(hash)?.set(token.first_revision_hash().into());
        Ok(())
    })
}

/// The hash of a serial, which envelopes name their device by.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_device_hash(serial: *const c_char, hash: *mut tipwire_hash) -> i32 {
    run(|| {
        let serial = string(serial)?;
        place(hash)?.set(device_hash(serial).into());
        Ok(())
    })
}

/// Writes the key that may be derived for a device instead of being chosen: length is 16 or 32, as
/// the cipher wants; at most 32.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_derive_key(
    token: *const tipwire_token,
    serial: *const c_char,
    key: *mut c_void,
    length: usize,
) -> i32 {
    run(|| {
        let (token, serial) = (fetch(token)?, string(serial)?);
        let derived = token.derive_key(serial);
        let wanted = derived.bytes().get(..length).ok_or(TIPWIRE_E_ARGUMENT)?;
        buffer(key, length)?.copy_from_slice(wanted);
        Ok(())
    })
}

impl Storage for tipwire_token {
    type Value = Token;
}

const _: () = assert!(has_room::<tipwire_token>());

impl From<Hash> for tipwire_hash {
    fn from(hash: Hash) -> tipwire_hash {
        hash.as_hex().into()
    }
}

impl From<HashText> for tipwire_hash {
    fn from(hash: HashText) -> tipwire_hash {
        let mut text = [0; 17];
        for (to, digit) in text.iter_mut().zip(*hash.as_bytes()) {
            // Digits are the same signed or not.
            *to = digit as c_char;
        }
        tipwire_hash { text }
    }
}

impl tipwire_hash {
    /// The hash that this is.
    pub fn get(&self) -> Outcome<Hash> {
        let mut text = [0; 16];
        for (to, digit) in text.iter_mut().zip(self.text) {
            *to = digit as u8;
        }
        let text = core::str::from_utf8(&text).ok();
        text.and_then(Hash::from_hex).ok_or(status(codec::Kind::Auth))
    }
}
