//! How far bytes are UTF-8: where code is to be small without the tables of the standard library.

/// The text that bytes are, or how many at the front are one.
#[doc(hidden)]
#[inline(always)]
pub fn valid_text(bytes: &[u8]) -> Result<&str, usize> {
    core::str::from_utf8(bytes).map_err(|error| error.valid_up_to())
}

/// How many bytes at the front are whole characters of UTF-8. For who may take them for a text then.
#[doc(hidden)]
#[cfg(not(tipwire_small))]
#[inline(always)]
pub fn valid_up_to(bytes: &[u8]) -> usize {
    // Most texts are short and ASCII, which is quicker to see.
    if is_ascii(bytes) {
        return bytes.len();
    }
    valid_text(bytes).map_or_else(|valid| valid, str::len)
}

#[doc(hidden)]
#[cfg(tipwire_small)]
#[inline(never)]
pub fn valid_up_to(bytes: &[u8]) -> usize {
    by_characters(bytes)
}

/// The standard library looks at 64 bytes at once, but at what is left of them one by one: so the last 64
/// overlap, or where there are fewer the last word does.
#[cfg(any(not(tipwire_small), test))]
#[inline(always)]
fn is_ascii(bytes: &[u8]) -> bool {
    if let Some(last) = bytes.last_chunk::<64>() {
        let (most, _) = bytes.as_chunks::<64>();
        return last.is_ascii() && most.as_flattened().is_ascii();
    }
    let (words, rest) = bytes.as_chunks();
    let last = match bytes.last_chunk() {
        Some(last) => u64::from_ne_bytes(*last),
        None => rest.iter().fold(0, |all, &byte| all | u64::from(byte)),
    };
    let all = words.iter().fold(last, |all, &word| all | u64::from_ne_bytes(word));
    all & 0x8080_8080_8080_8080 == 0
}

#[cfg(any(tipwire_small, test))]
fn by_characters(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let [first, rest @ ..] = bytes.get(at..).unwrap_or_default() {
        let more = match first {
            0..0x80 => 0,
            0xc2..0xe0 => 1,
            0xe0..0xf0 => 2,
            0xf0..0xf5 => 3,
            _ => break,
        };
        let mut code = u32::from(*first);
        for n in 0..more {
            match rest.get(n) {
                Some(next @ 0x80..0xc0) => code = code << 6 | u32::from(next & 0x3f),
                _ => return at,
            }
        }
        // With the bits of the first byte: too long for what it says, half of a pair, or too great.
        if matches!(code, 0xe_0000..0xe_0800 | 0xe_d800..0xe_e000 | 0x3c0_0000..0x3c1_0000 | 0x3d1_0000..)
        {
            break;
        }
        at += 1 + more;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{by_characters, is_ascii};

    #[test]
    fn one_byte_that_is_not_ascii_is_found_wherever_it_stands() {
        for length in 0..150 {
            let mut bytes = vec![0x7f; length];
            assert!(is_ascii(&bytes));
            for at in 0..length {
                bytes[at] = 0x80;
                assert!(!is_ascii(&bytes), "{at} of {length}");
                bytes[at] = 0;
            }
        }
    }

    /// Bytes at which anything changes, and one beside each.
    const EDGES: [u8; 26] = [
        0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1,
        0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xfe, 0xff,
    ];

    #[test]
    fn it_stops_where_the_standard_library_does() {
        let check = |bytes: &[u8]| {
            let wanted = core::str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), str::len);
            assert_eq!(by_characters(bytes), wanted, "{bytes:x?}");
        };
        // Fewer where code is interpreted.
        let bytes = || (0..=255).filter(|byte| !cfg!(miri) || EDGES.contains(byte));
        for (a, b) in bytes().flat_map(|a| bytes().map(move |b| (a, b))) {
            check(&[a, b]);
            check(&[b'a', a, b, 0x80]);
            for c in EDGES.into_iter().step_by(if cfg!(miri) { 5 } else { 1 }) {
                check(&[a, b, c]);
                for d in EDGES.into_iter().step_by(if cfg!(miri) { 13 } else { 1 }) {
                    check(&[a, b, c, d]);
                }
            }
        }
        for char in ('\0'..=char::MAX).step_by(if cfg!(miri) { 9973 } else { 1 }) {
            check(char.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}
