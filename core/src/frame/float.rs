//! Decimal text and `f64`, both ways and exactly rounded, small enough for firmware.
//!
//! - [`parse`] multiplies the first 19 digits with a 128-bit power of ten and bounds the error; in
//!   the rare case that the bounds round differently it compares the text with the midpoint.
//! - [`shortest`] is Raffaele Giulietti's Schubfach: the shortest digits that read back.
//! - [`fixed`] rounds the exact binary value, ties to even, as `printf` does; [`Wide`] does it for
//!   any value, and where code is to be small for all of them.
//!
//! The standard library's conversions bring tables and code of 15 KB and more; these need one
//! table of 2.6 KB, and on bare metal not even that: there [`Power::compute`] runs when needed.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    reason = "bits are cut and widened on purpose, and `From` is not const"
)]
#![allow(
    clippy::indexing_slicing,
    reason = "`get` is not const; the indices are those of loops over the words of a `Big`"
)]

/// Digits of a decimal number: `digits * 10^exponent`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decimal {
    pub(crate) digits: u64,
    pub(crate) exponent: i32,
}

const MANTISSA_BITS: u32 = 52;
const HIDDEN: u64 = 1 << MANTISSA_BITS;
/// The exponent of the last mantissa bit, biased as in the format: `2^-1075` is below the least.
const BIAS: i32 = 1075;
const INFINITE: u64 = 0x7ff;

/// Whether doubles are divided and multiplied where that is exact. Small processors would do it by
/// functions that are larger than what they save; AVR's C libraries do not even have them.
const CALCULATES: bool = !cfg!(tipwire_small);

/// The double nearest to a number of the frame grammar (digits, perhaps a point and more digits,
/// perhaps a sign before), ties to even. Beyond the largest double: infinity.
#[cfg_attr(not(tipwire_small), inline(always))]
pub(crate) fn parse(text: &str) -> f64 {
    let (negative, digits) = sign_of(text);
    let short = digits.len() <= 16 && CALCULATES;
    let magnitude = if short { parse_short(digits) } else { parse_long(digits) };
    if negative { -magnitude } else { magnitude }
}

/// The same, if it takes one operation.
#[cfg_attr(not(tipwire_small), inline(always))]
pub(crate) fn parse_at_once(text: &str) -> Option<f64> {
    let (negative, digits) = sign_of(text);
    let magnitude = (digits.len() <= 16).then(|| parse_short(digits))?;
    Some(if negative { -magnitude } else { magnitude })
}

#[cfg_attr(not(tipwire_small), inline(always))]
fn sign_of(text: &str) -> (bool, &[u8]) {
    match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    }
}

/// Up to fifteen digits and a point, or sixteen digits: all powers and most such numbers are exact
/// doubles, and one operation on them is rounded correctly.
#[cfg_attr(not(tipwire_small), inline(always))]
fn parse_short(text: &[u8]) -> f64 {
    // Signed, as processors turn numbers into doubles.
    let mut digits = 0i64;
    let mut rest = text.iter();
    for &byte in rest.by_ref() {
        if byte == b'.' {
            break;
        }
        digits = digits * 10 + i64::from(byte.wrapping_sub(b'0'));
    }
    let places = rest.len();
    for &byte in rest {
        digits = digits * 10 + i64::from(byte.wrapping_sub(b'0'));
    }
    #[expect(clippy::cast_precision_loss, reason = "rounded once where it is more than 53 bits")]
    let exact = digits as f64;
    match places {
        0 => exact,
        places => exact / POWERS_OF_TEN.get(places).copied().unwrap_or(1.0),
    }
}

#[cold]
fn parse_long(text: &[u8]) -> f64 {
    // The first 19 digits that count, and how many places the point stands to their right.
    let mut digits = 0u64;
    let mut count = 0;
    let mut exponent = 0i32;
    let mut truncated = false;
    let mut fraction = false;
    for &byte in text {
        let digit = u64::from(byte.wrapping_sub(b'0'));
        if digit > 9 {
            fraction = true;
        } else if count < 19 {
            digits = digits * 10 + digit;
            count += i32::from(digits != 0);
            exponent -= i32::from(fraction);
        } else {
            truncated |= digit != 0;
            exponent += i32::from(!fraction);
        }
    }
    if digits == 0 {
        return 0.0;
    }
    // Both factors exact in a double: one correctly rounded operation.
    if digits <= 1 << 53 && !truncated && CALCULATES {
        #[expect(clippy::cast_precision_loss, reason = "at most 53 bits")]
        let exact = digits as f64;
        if let Some(scale) = POWERS_OF_TEN.get(exponent.unsigned_abs() as usize) {
            return if exponent < 0 { exact / scale } else { exact * scale };
        }
    }
    if exponent + count > 310 {
        return f64::INFINITY;
    }
    if exponent + count < -325 {
        return 0.0;
    }
    let power = Power::of(exponent);
    let low = power.scale(digits, !power.exact);
    let high = power.scale(digits + u64::from(truncated), false);
    let (low, high) = (low.to_bits(), high.to_bits());
    let bits = if low == high {
        low
    } else {
        match compare_with_midpoint(text, low) {
            core::cmp::Ordering::Less => low,
            core::cmp::Ordering::Equal => low + (low & 1),
            core::cmp::Ordering::Greater => low + 1,
        }
    };
    f64::from_bits(bits)
}

/// The powers of ten that are exact doubles.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Compares a decimal text with the point halfway between the double of `bits` and the next.
fn compare_with_midpoint(text: &[u8], bits: u64) -> core::cmp::Ordering {
    use core::cmp::Ordering::{Equal, Greater, Less};
    let (mantissa, exponent) = parts(bits);
    let (mantissa, exponent) = (2 * mantissa + 1, exponent - 1);
    let point = text.iter().position(|&byte| byte == b'.').unwrap_or(text.len());
    let (whole, fraction) = text.split_at_checked(point).unwrap_or_default();
    let fraction = fraction.get(1..).unwrap_or_default();
    let mut decimal = Big::ZERO;
    for &byte in whole {
        decimal.multiply_add(10, u32::from(byte - b'0'));
    }
    let shift = exponent.unsigned_abs();
    if exponent >= 0 {
        let (above, rest) = (decimal.bits_from(shift), decimal.any_below(shift));
        let more = rest || fraction.iter().any(|&byte| byte != b'0');
        return above.cmp(&mantissa).then(if more { Greater } else { Equal });
    }
    let halves = if shift < 64 { mantissa >> shift } else { 0 };
    let ordering = decimal.bits_from(0).cmp(&halves);
    if ordering != Equal {
        return ordering;
    }
    // The fraction, its binary point at the top: each step turns nine digits out at the carry.
    let mut rest = Big::fraction(mantissa, shift);
    for chunk in fraction.chunks(9) {
        let digits = chunk.iter().fold(0, |digits, byte| digits * 10 + u32::from(byte - b'0'));
        let scale = 10u32.pow(u32::try_from(chunk.len()).unwrap_or(9));
        let ordering = digits.cmp(&rest.multiply_add(scale, 0));
        if ordering != Equal {
            return ordering;
        }
    }
    if rest.any_below(u32::MAX) { Less } else { Equal }
}

/// The mantissa and the exponent of its last bit.
const fn parts(bits: u64) -> (u64, i32) {
    let mantissa = bits & (HIDDEN - 1);
    match (bits >> MANTISSA_BITS & INFINITE) as i32 {
        0 => (mantissa, 1 - BIAS),
        exponent => (mantissa | HIDDEN, exponent - BIAS),
    }
}

/// The shortest decimal that reads back as `value`, which is finite and not negative.
pub(crate) fn shortest(value: f64) -> Decimal {
    let (mantissa, exponent) = parts(value.to_bits());
    shortest_of(mantissa, exponent, mantissa == HIDDEN && exponent > 1 - BIAS)
}

/// The shortest decimal that reads back as `value` in single precision.
pub(crate) fn shortest_f32(value: f32) -> Decimal {
    let bits = value.to_bits();
    let mantissa = u64::from(bits & 0x7f_ffff);
    match (bits >> 23 & 0xff) as i32 {
        0 => shortest_of(mantissa, -149, false),
        exponent => shortest_of(mantissa | 1 << 23, exponent - 150, mantissa == 0 && exponent > 1),
    }
}

/// The shortest decimal that reads back as `value`, which is not negative, if it has at most seven
/// digits after the point and fifteen in all, or is an integer that doubles say exactly.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as far as it fits")]
#[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "doubles that say it exactly")]
pub(crate) fn short(value: f64) -> Option<Decimal> {
    // No two decimals of fifteen digits are the same double: the first that is found is the shortest.
    const MOST: f64 = 1e15;
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let digits = value as u64;
    if value <= EXACT && digits as f64 == value {
        return Some(Decimal { digits, exponent: 0 });
    }
    let mut scale = 1.0;
    for places in 1..=7 {
        scale *= 10.0;
        let digits = (value * scale + 0.5) as u64;
        let rounded = digits as f64;
        if rounded > MOST {
            break;
        }
        if rounded / scale == value {
            return Some(Decimal { digits, exponent: -places });
        }
    }
    None
}

/// Schubfach. `near` says that the next smaller number is only half a step away.
fn shortest_of(mantissa: u64, exponent: i32, near: bool) -> Decimal {
    if mantissa == 0 {
        return Decimal { digits: 0, exponent: 0 };
    }
    // An integer that fits needs no search.
    let places = exponent.unsigned_abs();
    if exponent <= 0 && places < 64 && mantissa.trailing_zeros() >= places {
        return Decimal { digits: mantissa >> places, exponent: 0 }.normalized();
    }
    // In units of a quarter step: the value, and how far one may go to either side of it.
    let middle = 4 * mantissa;
    let left = middle - 2 + u64::from(near);
    let right = middle + 2;
    let k = (exponent * 1_262_611 - if near { 524_031 } else { 0 }) >> 22;
    let shift = exponent + floor_log2_of_ten_to(-k) + 1;
    let power = Power::of(-k);
    let (left, middle, right) = (
        power.round_to_odd(left << shift),
        power.round_to_odd(middle << shift),
        power.round_to_odd(right << shift),
    );
    let open = mantissa & 1;
    let (left, right) = (left + open, right - open);
    let digits = middle / 4;
    if digits >= 10 {
        let tens = digits / 10;
        let below = left <= 40 * tens;
        let above = 40 * tens + 40 <= right;
        if below != above {
            return Decimal { digits: tens + u64::from(above), exponent: k + 1 }.normalized();
        }
    }
    let below = left <= 4 * digits;
    let above = 4 * digits + 4 <= right;
    let up = if below == above {
        middle > 4 * digits + 2 || (middle == 4 * digits + 2 && digits & 1 == 1)
    } else {
        above
    };
    Decimal { digits: digits + u64::from(up), exponent: k }.normalized()
}

impl Decimal {
    /// The same number without zeros at the end of the digits.
    fn normalized(mut self) -> Decimal {
        while self.digits != 0 && self.digits.is_multiple_of(10) {
            self.digits /= 10;
            self.exponent += 1;
        }
        self
    }
}

/// `value`, which is finite, not negative and below `2^53`, rounded to `decimals` (at most 17)
/// places: the part before the point, and the digits after it as a number.
#[cfg(not(tipwire_small))]
pub(crate) fn fixed(value: f64, decimals: u32) -> (u64, u64) {
    let (mantissa, exponent) = parts(value.to_bits());
    let shift = exponent.unsigned_abs();
    if exponent >= 0 {
        return (mantissa, 0);
    }
    if shift >= 128 {
        return (0, 0);
    }
    let scale = 10u64.pow(decimals);
    let whole = if shift < 64 { mantissa >> shift } else { 0 };
    let part = u128::from(mantissa) & ((1 << shift) - 1);
    let product = part * u128::from(scale);
    let mut digits = (product >> shift) as u64;
    let rest = product & ((1 << shift) - 1);
    let half = 1u128 << (shift - 1);
    // Ties go to the even last digit, which is one of the whole part if there are no decimals.
    let last = if decimals == 0 { whole } else { digits };
    digits += u64::from(rest > half || (rest == half && last & 1 == 1));
    if digits >= scale { (whole + 1, digits - scale) } else { (whole, digits) }
}

/// A double that is finite and not negative, in bytes, the highest first: what is before the binary
/// point, as much as 64 digits need, and 128 bits after it. Slow, and little code.
pub(crate) struct Wide([u8; Wide::WHOLE + Wide::FRACTION]);

impl Wide {
    const WHOLE: usize = 28;
    const FRACTION: usize = 16;
    const SIZE: usize = Wide::WHOLE + Wide::FRACTION;
    /// How many digits may be before the point, and one more.
    pub(crate) const DIGITS: usize = 68;

    pub(crate) const ZERO: Wide = Wide([0; Wide::SIZE]);

    /// Takes the place of zero, as what is too small for the bits does. `None` for what is too great.
    pub(crate) fn set(&mut self, value: f64) -> Option<()> {
        let (mantissa, exponent) = parts(value.to_bits());
        let place = exponent + 8 * Wide::FRACTION as i32;
        let Ok(place) = usize::try_from(place) else { return Some(()) };
        // Whole bytes up from the last one, and some bits more: a mantissa has room for these.
        let bytes = (mantissa << (place & 7)).to_le_bytes();
        let end = Wide::SIZE.checked_sub(place >> 3)?;
        for (slot, byte) in self.0.get_mut(end.checked_sub(8)?..end)?.iter_mut().rev().zip(bytes) {
            *slot = byte;
        }
        Some(())
    }

    /// The digits, of which `decimals` are after the point, rounded with ties to even: at the end of
    /// `digits`, which are zeros, and one more than all of them.
    pub(crate) fn digits<'d>(&mut self, decimals: usize, digits: &'d mut [u8]) -> &'d [u8] {
        let (whole, fraction) = self.0.split_at_mut(Wide::WHOLE);
        let point = digits.len().saturating_sub(decimals);
        let (before, after) = digits.split_at_mut_checked(point).unwrap_or_default();
        let mut length = digits_of(whole, before).len() + decimals;
        for digit in after {
            let mut carry = 0;
            for byte in fraction.iter_mut().rev() {
                carry += u16::from(*byte) * 10;
                *byte = carry as u8;
                carry >>= 8;
            }
            *digit = b'0' + carry as u8;
        }
        let (first, rest) = fraction.split_first().unwrap_or((&0, &[]));
        let is_odd = digits.last().is_some_and(|last| last & 1 == 1);
        let is_more = is_odd || rest.iter().any(|&byte| byte != 0);
        if *first > 0x80 || (*first == 0x80 && is_more) {
            let mut places = 0;
            for digit in digits.iter_mut().rev() {
                places += 1;
                if *digit != b'9' {
                    *digit += 1;
                    break;
                }
                *digit = b'0';
            }
            length = length.max(places);
        }
        digits.get(digits.len() - length..).unwrap_or_default()
    }
}

/// The decimal digits of a number in bytes, the highest first, which is used up: at the end of
/// `digits`, which has room for all.
pub(crate) fn digits_of<'d>(number: &mut [u8], digits: &'d mut [u8]) -> &'d [u8] {
    let mut left = digits.len();
    for digit in digits.iter_mut().rev() {
        let (mut rest, mut any) = (0, 0);
        for byte in number.iter_mut() {
            // A tenth by multiplication, exact for what is so small.
            let dividend = rest << 8 | u32::from(*byte);
            let tenth = (dividend * 6554) >> 16;
            *byte = tenth as u8;
            rest = dividend - 10 * tenth;
            any |= *byte;
        }
        *digit = b'0' + rest as u8;
        left -= 1;
        if any == 0 {
            break;
        }
    }
    digits.get(left..).unwrap_or_default()
}

const fn floor_log2_of_ten_to(power: i32) -> i32 {
    (power * 1_741_647) >> 19
}

/// A power of ten as `mantissa * 2^exponent`, its 128 bits rounded up where they do not suffice.
#[derive(Clone, Copy)]
struct Power {
    high: u64,
    low: u64,
    exponent: i32,
    exact: bool,
}

impl Power {
    #[cfg(not(target_os = "none"))]
    fn of(power: i32) -> Power {
        match usize::try_from(power - Power::FIRST).ok().and_then(|row| Power::TABLE.get(row)) {
            Some(&(high, low)) => Power::assemble(power, high, low),
            None => Power::compute(power),
        }
    }

    #[cfg(target_os = "none")]
    fn of(power: i32) -> Power {
        Power::compute(power)
    }

    /// The powers that numbers of at most 64 digits need.
    #[cfg(not(target_os = "none"))]
    const FIRST: i32 = -81;
    #[cfg(not(target_os = "none"))]
    const TABLE: [(u64, u64); 163] = {
        let mut table = [(0, 0); 163];
        let mut row = 0;
        while row < table.len() {
            let power = Power::compute(Power::FIRST + row as i32);
            table[row] = (power.high, power.low);
            row += 1;
        }
        table
    };

    const fn assemble(power: i32, high: u64, low: u64) -> Power {
        let exponent = floor_log2_of_ten_to(power) - 127;
        Power { high, low, exponent, exact: 0 <= power && power <= 55 }
    }

    /// Exact arithmetic: the power of five, or a power of two divided by it; then its top bits.
    const fn compute(power: i32) -> Power {
        let mut fives = power.unsigned_abs();
        let mut big;
        if power >= 0 {
            big = Big::from(1);
            while fives > 0 {
                let step = if fives < 13 { fives } else { 13 };
                big.multiply_add(5u32.pow(step), 0);
                fives -= step;
            }
        } else {
            // 5^n has at most 2.33 n bits: this leaves 128 or a few more.
            big = Big::power_of_two(129 + fives * 233 / 100);
            while fives > 0 {
                let step = if fives < 13 { fives } else { 13 };
                big.divide(5u32.pow(step));
                fives -= step;
            }
        }
        let bits = big.bit_length();
        let (mut high, mut low);
        if bits > 128 {
            let (top, rest) = (bits - 128, big.any_below(bits - 128));
            (high, low) = (big.bits_from(top + 64), big.bits_from(top));
            // A quotient is never exact, and what was cut off is not zero: round up.
            if rest || power < 0 {
                let (sum, carry) = low.overflowing_add(1);
                low = sum;
                high += carry as u64;
            }
        } else {
            let wide =
                ((big.bits_from(64) as u128) << 64 | big.bits_from(0) as u128) << (128 - bits);
            (high, low) = ((wide >> 64) as u64, wide as u64);
        }
        Power::assemble(power, high, low)
    }

    /// The double nearest to `digits` times this power; with `under`, times the greatest that the
    /// true power can be above.
    fn scale(&self, digits: u64, under: bool) -> f64 {
        // digits * (high, low), less one unit per digit if asked: 192 bits.
        let low = u128::from(digits) * u128::from(self.low);
        let high = u128::from(digits) * u128::from(self.high);
        let (mut top, mut bottom) = (high + (low >> 64), (low & u128::from(u64::MAX)) as u64);
        if under {
            let (rest, borrow) = bottom.overflowing_sub(digits);
            bottom = rest;
            top -= u128::from(borrow);
        }
        round(top, bottom != 0, self.exponent + 64)
    }

    /// `floor(cp * power / 2^128)` with the last bit set if anything was cut off.
    fn round_to_odd(&self, cp: u64) -> u64 {
        let low = u128::from(cp) * u128::from(self.low);
        let high = u128::from(cp) * u128::from(self.high) + (low >> 64);
        (high >> 64) as u64 | u64::from(high as u64 > 1)
    }
}

/// The double nearest to `value * 2^exponent`, where `more` says that a little more is meant.
fn round(value: u128, more: bool, exponent: i32) -> f64 {
    let top = 128 - value.leading_zeros() as i32;
    // The exponent of the last bit that is kept: 53 bits, or fewer below the normal range.
    let last = (exponent + top - 53).max(1 - BIAS);
    let cut = last - exponent;
    debug_assert!(cut > 0, "the value has far more bits than a mantissa");
    if cut > 128 {
        return 0.0;
    }
    let kept = if cut == 128 { 0 } else { (value >> cut) as u64 };
    let rest = value << (128 - cut);
    let half = 1u128 << 127;
    let up = rest > half || (rest == half && (more || kept & 1 == 1));
    let kept = kept + u64::from(up);
    // A carry out of the mantissa moves into the exponent, as it should.
    let biased = (last + BIAS - 1) as u64;
    if biased >= INFINITE {
        return f64::INFINITY;
    }
    let bits = (biased << MANTISSA_BITS) + kept;
    f64::from_bits(bits.min(INFINITE << MANTISSA_BITS))
}

/// An unsigned number of 1,088 bits: enough for every double and its midpoints.
#[derive(Clone, Copy)]
struct Big([u32; Big::WORDS]);

impl Big {
    const WORDS: usize = 34;
    const ZERO: Big = Big([0; Big::WORDS]);

    const fn from(value: u64) -> Big {
        let mut big = Big::ZERO;
        big.0[0] = value as u32;
        big.0[1] = (value >> 32) as u32;
        big
    }

    const fn power_of_two(power: u32) -> Big {
        let mut big = Big::ZERO;
        big.0[(power / 32) as usize] = 1 << (power % 32);
        big
    }

    /// The fraction of `mantissa / 2^shift`, its binary point above the top word.
    fn fraction(mantissa: u64, shift: u32) -> Big {
        let mut big = Big::ZERO;
        for bit in 0..64u32.min(shift) {
            if mantissa >> bit & 1 == 1 {
                let place = Big::WORDS as u32 * 32 - shift + bit;
                if let Some(word) = big.0.get_mut((place / 32) as usize) {
                    *word |= 1 << (place % 32);
                }
            }
        }
        big
    }

    /// Multiplies, adds, and gives what goes beyond the top word.
    const fn multiply_add(&mut self, factor: u32, summand: u32) -> u32 {
        let mut carry = summand as u64;
        let mut n = 0;
        while n < Big::WORDS {
            carry += self.0[n] as u64 * factor as u64;
            self.0[n] = carry as u32;
            carry >>= 32;
            n += 1;
        }
        carry as u32
    }

    const fn divide(&mut self, divisor: u32) {
        let mut rest = 0u64;
        let mut n = Big::WORDS;
        while n > 0 {
            n -= 1;
            rest = rest << 32 | self.0[n] as u64;
            self.0[n] = (rest / divisor as u64) as u32;
            rest %= divisor as u64;
        }
    }

    const fn bit_length(&self) -> u32 {
        let mut n = Big::WORDS;
        while n > 0 {
            n -= 1;
            if self.0[n] != 0 {
                return n as u32 * 32 + 32 - self.0[n].leading_zeros();
            }
        }
        0
    }

    /// The 64 bits from `bit` on.
    const fn bits_from(&self, bit: u32) -> u64 {
        let mut value = 0u128;
        let mut n = 3;
        while n > 0 {
            n -= 1;
            let word = (bit / 32) as usize + n;
            value = value << 32 | if word < Big::WORDS { self.0[word] as u128 } else { 0 };
        }
        (value >> (bit % 32)) as u64
    }

    /// Whether any bit below `bit` is set.
    const fn any_below(&self, bit: u32) -> bool {
        let mut n = 0;
        while n < Big::WORDS {
            let from = n as u32 * 32;
            if from >= bit {
                return false;
            }
            let below = bit - from;
            let mask = if below < 32 { (1 << below) - 1 } else { u32::MAX };
            if self.0[n] & mask != 0 {
                return true;
            }
            n += 1;
        }
        false
    }
}
