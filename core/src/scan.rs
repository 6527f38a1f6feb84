//! Eight bytes at a time in one register: which of them are in a set.
//!
//! Each byte has its seven low bits added to what carries into its high bit from `first` on. What
//! comes out has the high bit of every byte that is a member, and nothing else.

use crate::cursor::{BASE64, Class, DETAIL, DIGIT, HEX, NAME, PLAIN, PLAIN_PAIR, SERIAL, Set};

/// Whether registers are wide enough for this to be faster than one byte after the other.
pub(crate) const IS_FAST: bool = cfg!(any(target_pointer_width = "64", target_family = "wasm"));

/// The high bit of each byte that is a member, the first byte lowest.
type Members = u64;

const HIGH: u64 = all(0x80);

/// Whether all bytes are in one of the sets of `class`.
#[cfg_attr(not(tipwire_small), inline(always))]
pub(crate) fn is_all(bytes: &[u8], class: Class) -> bool {
    let set = Set::Of(class);
    let are = |bytes: &[u8]| bytes.iter().all(|&byte| set.contains(byte));
    match bytes.split_first_chunk::<8>() {
        // Without a branch after each one: they are looked at together.
        Some((first, rest)) if IS_FAST => {
            first.iter().fold(true, |all, &byte| all & set.contains(byte)) && are(rest)
        }
        _ => are(bytes),
    }
}

/// How many bytes at the front are in `set`.
#[cfg_attr(not(tipwire_small), inline(always))]
pub(crate) fn count(bytes: &[u8], set: Set) -> usize {
    let rest = after_eights(bytes, set);
    let more = rest.iter().position(|&byte| !set.contains(byte)).unwrap_or(rest.len());
    bytes.len() - rest.len() + more
}

/// What is left after as many times eight bytes as are in `set`.
#[cfg_attr(not(tipwire_small), inline(always))]
pub(crate) fn after_eights(mut rest: &[u8], set: Set) -> &[u8] {
    while IS_FAST
        && let Some((chunk, after)) = rest.split_first_chunk()
        && are_all(*chunk, set)
    {
        rest = after;
    }
    rest
}

/// What is left after all bytes at the front that are in `set`, of which there may be many.
#[inline(never)]
pub(crate) fn after_run(rest: &[u8], set: Set) -> &[u8] {
    let rest = match set {
        Set::Of(PLAIN) => after_eights(rest, Set::Of(PLAIN)),
        Set::Of(PLAIN_PAIR) => after_eights(rest, Set::Of(PLAIN_PAIR)),
        Set::Of(HEX) => after_eights(rest, Set::Of(HEX)),
        Set::Of(BASE64) => after_eights(rest, Set::Of(BASE64)),
        Set::Of(DETAIL) => after_eights(rest, Set::Of(DETAIL)),
        Set::Neither(a, b) => after_eights(rest, Set::Neither(a, b)),
        // Names and numbers are never so long.
        _ => rest,
    };
    let end = rest.iter().position(|&byte| !set.contains(byte)).unwrap_or(rest.len());
    rest.get(end..).unwrap_or_default()
}

/// Where the first of these bytes is.
#[cfg(not(target_family = "wasm"))]
pub(crate) use memchr::{memchr, memchr2};

/// The same as quickly, and by what is there anyway.
#[cfg(target_family = "wasm")]
pub(crate) fn memchr(byte: u8, bytes: &[u8]) -> Option<usize> {
    memchr2(byte, byte, bytes)
}

#[cfg(target_family = "wasm")]
#[inline(never)]
pub(crate) fn memchr2(first: u8, second: u8, bytes: &[u8]) -> Option<usize> {
    let rest = after_eights(bytes, Set::Neither(first, second));
    let more = rest.iter().position(|&byte| byte == first || byte == second)?;
    Some(bytes.len() - rest.len() + more)
}

/// Copies bytes into a target of the same length: short ones without a call.
#[cfg_attr(not(tipwire_small), inline(always))]
pub(crate) fn copy(bytes: &[u8], target: &mut [u8]) {
    match bytes.len() {
        // The last bytes overlap the first.
        8..=16 if IS_FAST => copy_ends::<8>(bytes, target),
        4..=7 if IS_FAST => copy_ends::<4>(bytes, target),
        // Where every other copy is a call that leaves the module.
        2..=3 if cfg!(target_family = "wasm") => copy_ends::<2>(bytes, target),
        1 if cfg!(target_family = "wasm") => copy_ends::<1>(bytes, target),
        17..=32 if cfg!(target_family = "wasm") => copy_ends::<16>(bytes, target),
        _ => target.copy_from_slice(bytes),
    }
}

#[cfg_attr(not(tipwire_small), inline(always))]
fn copy_ends<const N: usize>(bytes: &[u8], target: &mut [u8]) {
    if let (Some(from), Some(to)) = (bytes.first_chunk::<N>(), target.first_chunk_mut()) {
        *to = *from;
    }
    if let (Some(from), Some(to)) = (bytes.last_chunk::<N>(), target.last_chunk_mut()) {
        *to = *from;
    }
}

/// The eight digits of a number below `10^8`, and how many zeros they begin with, the last digit
/// not counted.
#[cfg_attr(not(tipwire_small), inline(always))]
pub(crate) fn digits_of(number: u32) -> ([u8; 8], usize) {
    // Two halves of four digits side by side, then four quarters, then all: each step divides by a
    // power of ten through a multiplication whose quotient is exact in this range.
    let halves = u64::from(number / 10_000) | u64::from(number % 10_000) << 32;
    let hundreds = ((halves * 10_486) >> 20) & 0x7f_0000_007f;
    let quarters = hundreds | (halves - hundreds * 100) << 16;
    let tens = ((quarters * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = tens | (quarters - tens * 10) << 8;
    let zeros = (digits.trailing_zeros() / 8).min(7);
    ((digits | all(b'0')).to_le_bytes(), zeros as usize)
}

/// Whether all bytes are in `set`.
#[cfg_attr(not(tipwire_small), inline(always))]
pub(crate) fn are_all(chunk: [u8; 8], set: Set) -> bool {
    members(chunk, set) == HIGH
}

/// How many bytes at the front are in `set`.
#[inline(always)]
pub(crate) fn front(chunk: [u8; 8], set: Set) -> usize {
    ((!members(chunk, set) & HIGH).trailing_zeros() / 8) as usize
}

/// The bytes that are in `set`.
#[cfg_attr(not(tipwire_small), inline(always))]
fn members(chunk: [u8; 8], set: Set) -> Members {
    let chunk = u64::from_le_bytes(chunk);
    // Bytes beyond ASCII look like their low halves: they are sorted out at the end.
    let x = chunk & !HIGH;
    match set {
        Set::Of(class) => in_class(chunk, x, class),
        Set::Range(first, last) => range(x, first, last) & !chunk & HIGH,
        Set::OutOfRange(first, last) => (chunk | !range(x, first, last)) & HIGH,
        Set::Neither(a, b) => (chunk | !(is(x, a) | is(x, b))) & HIGH,
    }
}

/// The number that thirteen digits are.
#[cfg_attr(not(tipwire_small), inline(always))]
pub(crate) fn thirteen_digits(chunk: &[u8; 13]) -> Option<u64> {
    let first = u64::from_le_bytes(*chunk.first_chunk()?) ^ all(b'0');
    // Without the three that are among the first.
    let last = (u64::from_le_bytes(*chunk.last_chunk()?) ^ all(b'0')) & !0x00ff_ffff;
    // A digit has no high half, and gets none when six is added. What is so great that it carries
    // into the next byte has one.
    let high_halves = first | first.wrapping_add(all(6)) | last | last.wrapping_add(all(6));
    (high_halves & all(0xf0) == 0).then(|| joined(first) * 100_000 + joined(last))
}

/// The number of eight digits, each the value of its byte.
#[cfg_attr(not(tipwire_small), inline(always))]
const fn joined(digits: u64) -> u64 {
    // Pairs, then fours, then all.
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours * 10_000 + (fours >> 32)) & 0xffff_ffff
}

#[cfg_attr(not(tipwire_small), inline(always))]
fn in_class(chunk: u64, x: u64, class: Class) -> Members {
    match class {
        DIGIT => digits(x) & !chunk & HIGH,
        HEX => (digits(x) | range(lower(x), b'a', b'f')) & !chunk & HIGH,
        NAME => (digits(x) | range(x, b'a', b'z') | is(x, b'_')) & !chunk & HIGH,
        SERIAL => (digits(x) | letters(x) | is(x, b'-') | is(x, b'_')) & !chunk & HIGH,
        // The slash stands just before the digits.
        BASE64 => (range(x, b'/', b'9') | letters(x) | is(x, b'+') | is(x, b'=')) & !chunk & HIGH,
        PLAIN => (chunk | !special(x)) & HIGH,
        PLAIN_PAIR => (chunk | !(special(x) | is(x, b','))) & HIGH,
        DETAIL => (chunk | !(controls(x) | is(x, b'|') | is(x, b'\\'))) & HIGH,
        _ => 0,
    }
}

const fn all(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// `x >= first`
#[cfg_attr(not(tipwire_small), inline(always))]
const fn from(x: u64, first: u8) -> u64 {
    x + all(0x80 - first)
}

/// `first <= x <= last`
#[cfg_attr(not(tipwire_small), inline(always))]
const fn range(x: u64, first: u8, last: u8) -> u64 {
    from(x, first) & !from(x, last + 1)
}

#[cfg_attr(not(tipwire_small), inline(always))]
const fn is(x: u64, byte: u8) -> u64 {
    HIGH - (x ^ all(byte))
}

#[cfg_attr(not(tipwire_small), inline(always))]
const fn digits(x: u64) -> u64 {
    range(x, b'0', b'9')
}

/// Letters as lower-case ones; other bytes become others, but never letters.
#[cfg_attr(not(tipwire_small), inline(always))]
const fn lower(x: u64) -> u64 {
    x | all(0x20)
}

#[cfg_attr(not(tipwire_small), inline(always))]
const fn letters(x: u64) -> u64 {
    range(lower(x), b'a', b'z')
}

#[cfg_attr(not(tipwire_small), inline(always))]
const fn controls(x: u64) -> u64 {
    !from(x, 0x20) | is(x, 0x7f)
}

/// What is not `plain`: controls and `# ; @ [ \ ] ^ { | }`.
#[cfg_attr(not(tipwire_small), inline(always))]
const fn special(x: u64) -> u64 {
    let brackets = range(x, b'[', b'^') | range(x, b'{', b'}');
    controls(x) | brackets | is(x, b'#') | is(x, b';') | is(x, b'@')
}

#[cfg(test)]
mod tests {
    use super::{are_all, digits_of, front, members, thirteen_digits};
    use crate::cursor::{Set, is};

    /// Fewer numbers where code is interpreted.
    const STEP: usize = if cfg!(miri) { 9_999_991 } else { 997 };

    #[test]
    fn the_front_ends_at_the_first_byte_that_is_no_member() {
        let set = Set::Neither(b',', b'\\');
        assert_eq!(front(*b"12345678", set), 8);
        assert_eq!(front(*b"123,5678", set), 3);
        assert_eq!(front(*b"\\,\xc3\xbc5678", set), 0);
        assert_eq!(front(*b"\xc3\xbc=\xff\xff=\x80,", Set::OutOfRange(b'=', b'=')), 2);
    }

    #[test]
    fn other_sets_have_the_members_they_say() {
        for byte in 0..=255u8 {
            let has = |set| are_all([byte; 8], set);
            assert_eq!(has(Set::Range(b'-', b'9')), (b'-'..=b'9').contains(&byte), "{byte}");
            assert_eq!(has(Set::OutOfRange(b':', b'@')), !(b':'..=b'@').contains(&byte), "{byte}");
            assert_eq!(has(Set::Neither(b'}', b'\\')), !matches!(byte, b'}' | b'\\'), "{byte}");
        }
    }

    #[test]
    fn a_number_is_its_eight_digits() {
        for number in (0..100_000_000).step_by(STEP).chain([0, 1, 99_999_999, 9_999, 10_000]) {
            let (digits, zeros) = digits_of(number);
            assert_eq!(digits, format!("{number:08}").as_bytes());
            assert_eq!(zeros, 8 - number.to_string().len());
        }
    }

    #[test]
    fn thirteen_digits_are_a_number_and_nothing_else_is() {
        for number in (0..100_000_000u64).step_by(STEP) {
            // All of its digits at the front, at the end, and both.
            for number in [number, number * 100_000, number * 100_000 + number / 1000] {
                let text = format!("{number:013}");
                assert_eq!(thirteen_digits(text.as_bytes().try_into().unwrap()), Some(number));
            }
        }
        for place in 0..13 {
            for byte in (0..=255u8).filter(|byte| !byte.is_ascii_digit()) {
                let mut text = *b"1234567890123";
                text[place] = byte;
                assert_eq!(thirteen_digits(&text), None, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn every_class_has_the_members_of_the_table() {
        for class in (0..8).map(|bit| 1 << bit) {
            for byte in (0..=255u8).step_by(if cfg!(miri) { 17 } else { 1 }) {
                for place in 0..8 {
                    let mut bytes = [b'5'; 8];
                    bytes[place] = byte;
                    let expected = bytes.map(|byte| if is(byte, class) { 0x80 } else { 0 });
                    let members = members(bytes, Set::Of(class)).to_le_bytes();
                    assert_eq!(members, expected, "{class} {byte} {place}");
                }
            }
        }
    }
}
