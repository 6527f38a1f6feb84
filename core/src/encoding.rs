//! Hex and base64, strict and without allocation.

use crate::error::Kind;

const HEX_DIGITS: [u8; 16] = *b"0123456789ABCDEF";
const BASE64_DIGITS: [u8; 64] =
    *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A byte as two upper-case digits.
pub(crate) fn hex(byte: u8) -> [u8; 2] {
    [digit(&HEX_DIGITS, byte >> 4), digit(&HEX_DIGITS, byte & 15)]
}

/// One to three bytes as four digits, padded.
pub(crate) fn base64(part: &[u8]) -> [u8; 4] {
    let byte = |n: usize| u32::from(part.get(n).copied().unwrap_or(0));
    let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    let mut digits = [18, 12, 6, 0].map(|shift| digit(&BASE64_DIGITS, (bits >> shift & 63) as u8));
    for digit in digits.iter_mut().skip(part.len() + 1) {
        *digit = b'=';
    }
    digits
}

fn digit(digits: &[u8], value: u8) -> u8 {
    digits.get(usize::from(value)).copied().unwrap_or(b'0')
}

/// The bytes of an even number of hex digits.
pub(crate) fn decode_hex<'b>(digits: &[u8], buffer: &'b mut [u8]) -> Result<&'b [u8], Kind> {
    if !digits.len().is_multiple_of(2) {
        return Err(Kind::Hex);
    }
    let bytes = buffer.get_mut(..digits.len() / 2).ok_or(Kind::Buffer)?;
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let mut value = 0;
        for &digit in pair {
            value = value << 4 | hex_value(digit).ok_or(Kind::Hex)?;
        }
        *byte = value;
    }
    Ok(bytes)
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// The bytes of base64 digits: padded or not, `=` only at the end, unused bits zero.
pub(crate) fn decode_base64<'b>(digits: &[u8], buffer: &'b mut [u8]) -> Result<&'b [u8], Kind> {
    let digits = match digits {
        [rest @ .., b'=', b'='] | [rest @ .., b'='] if digits.len().is_multiple_of(4) => rest,
        all => all,
    };
    let rest = match digits.len() % 4 {
        0 => 0,
        1 => return Err(Kind::Base64),
        n => n - 1,
    };
    let length = digits.len() / 4 * 3 + rest;
    let bytes = buffer.get_mut(..length).ok_or(Kind::Buffer)?;
    for (bytes, part) in bytes.chunks_mut(3).zip(digits.chunks(4)) {
        let mut bits = 0u32;
        for &digit in part {
            bits = bits << 6 | base64_value(digit).ok_or(Kind::Base64)?;
        }
        bits <<= 6 * (4 - part.len());
        let [_, all @ ..] = bits.to_be_bytes();
        let (used, unused) = all.split_at(bytes.len());
        bytes.copy_from_slice(used);
        if unused.iter().any(|&byte| byte != 0) {
            return Err(Kind::Base64);
        }
    }
    Ok(bytes)
}

fn base64_value(digit: u8) -> Option<u32> {
    match digit {
        b'A'..=b'Z' => Some(u32::from(digit - b'A')),
        b'a'..=b'z' => Some(u32::from(digit - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(digit - b'0') + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
