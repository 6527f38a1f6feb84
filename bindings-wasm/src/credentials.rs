//! Tokens and what comes of them. The token is the front of the input, the serial follows it.

use tipwire::{Error, Token, device_hash};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure::unreadable;
use crate::lanes::{Lanes, with, word};

/// The authorization hash of a token, of revision A with 1, as output; its length.
#[wasm_bindgen]
pub fn auth_hash(length: u32, first_revision: u32) -> u32 {
    with(|lanes| {
        let hash = text(lanes, 0, length).and_then(|text| {
            let token = Token::new(text)?;
            Ok(if first_revision == 1 { token.first_revision_hash() } else { token.hash() })
        });
        match hash {
            Ok(hash) => put(lanes, hash.as_hex().as_str().as_bytes()),
            Err(error) => unreadable(lanes.words, error),
        }
    })
}

/// The hash of the serial that is the input, as output; its length.
#[wasm_bindgen]
pub fn serial_hash(length: u32) -> u32 {
    with(|lanes| {
        let hash = text(lanes, 0, length).map(device_hash).unwrap_or_else(|_| device_hash(""));
        put(lanes, hash.as_hex().as_str().as_bytes())
    })
}

/// The key that a token and a serial give, as output; its length.
#[wasm_bindgen]
pub fn derive_key(token: u32, serial: u32) -> u32 {
    with(|lanes| {
        let key = text(lanes, 0, token).and_then(|text| {
            let token_of = Token::new(text)?;
            Ok(token_of.derive_key(self::text(lanes, token, token + serial)?))
        });
        match key {
            Ok(key) => put(lanes, key.bytes()),
            Err(error) => unreadable(lanes.words, error),
        }
    })
}

/// A part of the input as text; what is none is empty.
pub fn text<'l>(lanes: &'l Lanes<'_>, from: u32, to: u32) -> Result<&'l str, Error> {
    let bytes = lanes.input.get(from as usize..to as usize).unwrap_or_default();
    Ok(core::str::from_utf8(bytes).unwrap_or_default())
}

fn put(lanes: &mut Lanes<'_>, bytes: &[u8]) -> u32 {
    lanes.output.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    word(bytes.len())
}
