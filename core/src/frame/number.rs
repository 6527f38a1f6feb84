//! Numbers: exact text, and views of it.

use core::fmt;

use crate::cursor::{Cursor, DIGIT, Scan, Set, is};
use crate::error::{Error, Kind};
use crate::frame::float;
use crate::frame::line::{Line, Sink};
use crate::limits::MAX_DIGITS;
use crate::scan;

/// A number as it stands in a frame: exact text.
///
/// ```
/// let frame = tipwire::Frame::parse(b"PUSH|4deedd7bab8817ec|s|[t:=-32.50]").unwrap();
/// let number = frame.variables().next().unwrap().value.as_number().unwrap();
/// assert_eq!(number.as_str(), "-32.50");
/// assert_eq!(number.to_f64(), -32.5);
/// assert_eq!(number.to_i64(), None);
/// assert_eq!(number.to_decimal().unwrap().unscaled, -3250);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number<'a>(&'a str);

/// A number as `unscaled / 10^scale`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Decimal {
    /// All digits, without the point.
    pub unscaled: i64,
    /// How many of them stand after the point.
    pub scale: u32,
}

impl<'a> Number<'a> {
    /// `number = ["-"] ("0" / nonzero *DIGIT) ["." 1*DIGIT]`
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(super) fn check(scan: &mut Scan<'_>) -> Result<(), Error> {
        scan.eat(b'-');
        if scan.eat(b'0') {
            if is(scan.peek(), DIGIT) {
                return Err(scan.error(Kind::LeadingZero));
            }
        } else {
            check_digits(scan)?;
        }
        if scan.eat(b'.') {
            check_digits(scan)?;
        }
        Ok(())
    }

    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(super) fn walk(c: &mut Cursor<'a>) -> Number<'a> {
        // Signs, points and digits; nothing else between these two follows a number.
        Number(c.take_all(Set::Range(b'-', b'9')))
    }

    /// The same for what is not every frame's: where code has to be loaded it is there once.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    #[cfg_attr(target_family = "wasm", inline(never))]
    pub(super) fn check_rare(scan: &mut Scan<'_>) -> Result<(), Error> {
        Number::check(scan)
    }

    /// A number that was checked.
    #[inline(always)]
    pub(super) const fn checked(text: &'a str) -> Number<'a> {
        Number(text)
    }

    /// The number that `text` is in the grammar of frames.
    pub fn new(text: &'a str) -> Option<Number<'a>> {
        let mut scan = Scan::new(text);
        Number::check_rare(&mut scan).ok()?;
        scan.is_at_end().then_some(Number(text))
    }

    /// The exact text.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// The nearest double, ties to even; an infinity for what is beyond the greatest.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub fn to_f64(&self) -> f64 {
        float::parse(self.0)
    }

    /// The same where one operation gives it, as for all of up to fifteen digits: for hosts that read
    /// the others themselves.
    ///
    /// ```
    /// use tipwire::Number;
    /// assert_eq!(Number::new("-32.50").unwrap().to_f64_at_once(), Some(-32.5));
    /// assert_eq!(Number::new("0.10000000000000000001").unwrap().to_f64_at_once(), None);
    /// ```
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub fn to_f64_at_once(&self) -> Option<f64> {
        float::parse_at_once(self.0)
    }

    /// The number as an integer, if it is written without a point and fits.
    pub fn to_i64(&self) -> Option<i64> {
        self.to_decimal().filter(|decimal| decimal.scale == 0).map(|decimal| decimal.unscaled)
    }

    /// The exact value, if its digits fit in 64 bits.
    pub fn to_decimal(&self) -> Option<Decimal> {
        let (negative, digits) = match self.0.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, self.0),
        };
        let mut unscaled = 0i64;
        let mut point = digits.len();
        for (at, byte) in digits.bytes().enumerate() {
            if byte == b'.' {
                point = at + 1;
                continue;
            }
            // Counted downwards, since there is one more negative number than positive ones.
            unscaled = unscaled.checked_mul(10)?.checked_sub(i64::from(byte.wrapping_sub(b'0')))?;
        }
        let unscaled = if negative { unscaled } else { unscaled.checked_neg()? };
        Some(Decimal { unscaled, scale: u32::try_from(digits.len() - point).ok()? })
    }
}

#[cfg_attr(not(tipwire_small), inline(always))]
fn check_digits(scan: &mut Scan<'_>) -> Result<(), Error> {
    if !is(scan.peek(), DIGIT) {
        return Err(scan.error(Kind::Number));
    }
    scan.skip(Set::Of(DIGIT));
    Ok(())
}

impl fmt::Display for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What can be written as a number: integers, `f32` and `f64` (the shortest text that reads back,
/// without an exponent), [`Fixed`], exact text and what was read as a [`Number`].
///
/// A `f64` that is not finite or needs more than 64 digits, and text that is no number of the
/// grammar, make the writer fail.
pub trait ToNumber: sealed::ToNumber {}

impl<T: sealed::ToNumber> ToNumber for T {}

/// A `f64` with this many digits after the point, at most 17: its exact value, rounded. Halves go to
/// the even digit.
///
/// ```
/// use tipwire::{Fixed, Push};
/// let mut buffer = [0; 64];
/// let frame = Push::to(&mut buffer, "4deedd7bab8817ec", "s").number("t", Fixed(32.456, 1)).finish();
/// assert_eq!(frame.unwrap(), b"PUSH|4deedd7bab8817ec|s|[t:=32.5]");
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fixed(pub f64, pub u8);

/// A `f64` of at most seven digits after the point and fifteen in all, or an integer: for hosts that
/// write the others themselves, as which they are refused.
///
/// ```
/// use tipwire::{Kind, Push, Short};
/// let mut buffer = [0; 64];
/// let frame = Push::to(&mut buffer, "4deedd7bab8817ec", "s").number("t", Short(-0.25)).finish();
/// assert_eq!(frame.unwrap(), b"PUSH|4deedd7bab8817ec|s|[t:=-0.25]");
/// let frame = Push::to(&mut buffer, "4deedd7bab8817ec", "s").number("t", Short(0.1 + 0.2)).finish();
/// assert_eq!(frame.unwrap_err().kind, Kind::Digits);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Short(pub f64);

/// A number of a type that is known only at run time, as bindings need it.
///
/// ```
/// use tipwire::{AnyNumber, Push};
/// let mut buffer = [0; 64];
/// let place = (AnyNumber::Float(39.74), AnyNumber::Signed(-104));
/// let frame = Push::to(&mut buffer, "4deedd7bab8817ec", "s").position("p", place).finish();
/// assert_eq!(frame.unwrap(), b"PUSH|4deedd7bab8817ec|s|[p@=39.74,-104]");
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum AnyNumber<'a> {
    /// An integer.
    Signed(i64),
    /// A greater integer.
    Unsigned(u64),
    /// The shortest text that reads back.
    Float(f64),
    /// Exact text.
    Text(&'a str),
}

pub(crate) mod sealed {
    use super::{Line, Sink};

    pub trait ToNumber {
        fn write<S: Sink>(&self, out: &mut Line<S>);
    }
}

impl sealed::ToNumber for &str {
    fn write<S: Sink>(&self, out: &mut Line<S>) {
        if Number::new(self).is_some() {
            out.put(self.as_bytes());
        } else {
            out.fail(Kind::Number);
        }
    }
}

impl sealed::ToNumber for Number<'_> {
    fn write<S: Sink>(&self, out: &mut Line<S>) {
        out.put(self.0.as_bytes());
    }
}

impl sealed::ToNumber for AnyNumber<'_> {
    fn write<S: Sink>(&self, out: &mut Line<S>) {
        match self {
            AnyNumber::Signed(value) => value.write(out),
            AnyNumber::Unsigned(value) => value.write(out),
            AnyNumber::Float(value) => value.write(out),
            AnyNumber::Text(text) => text.write(out),
        }
    }
}

macro_rules! integers {
    ($($unsigned:ty, $signed:ty;)*) => {$(
        impl sealed::ToNumber for $unsigned {
            fn write<S: Sink>(&self, out: &mut Line<S>) {
                write_unsigned(out, (*self).into());
            }
        }

        impl sealed::ToNumber for $signed {
            fn write<S: Sink>(&self, out: &mut Line<S>) {
                if *self < 0 {
                    out.put_mark(b"-");
                }
                write_unsigned(out, self.unsigned_abs().into());
            }
        }
    )*};
}

integers! { u8, i8; u16, i16; u32, i32; u64, i64; }

impl sealed::ToNumber for f64 {
    fn write<S: Sink>(&self, out: &mut Line<S>) {
        if write_sign(out, self.is_finite(), self.is_sign_negative()) {
            write_plain(out, float::shortest(self.abs()), MAX_DIGITS);
        }
    }
}

impl sealed::ToNumber for Short {
    fn write<S: Sink>(&self, out: &mut Line<S>) {
        if write_sign(out, self.0.is_finite(), self.0.is_sign_negative()) {
            match float::short(self.0.abs()) {
                Some(decimal) => write_plain(out, decimal, MAX_DIGITS),
                None => out.fail(Kind::Digits),
            }
        }
    }
}

impl sealed::ToNumber for f32 {
    fn write<S: Sink>(&self, out: &mut Line<S>) {
        if write_sign(out, self.is_finite(), self.is_sign_negative()) {
            write_plain(out, float::shortest_f32(self.abs()), MAX_DIGITS);
        }
    }
}

impl sealed::ToNumber for Fixed {
    fn write<S: Sink>(&self, out: &mut Line<S>) {
        let Fixed(value, decimals) = *self;
        // Bits are looked at, for want of a floating-point unit.
        let is_finite = value.to_bits() >> 52 & 0x7ff != 0x7ff;
        if !write_sign(out, is_finite, value.is_sign_negative()) {
            return;
        }
        let (value, decimals) = (value.abs(), decimals.min(17));
        #[cfg(not(tipwire_small))]
        if value.to_bits() < 9_007_199_254_740_992f64.to_bits() {
            let (whole, fraction) = float::fixed(value, decimals.into());
            write_unsigned(out, whole);
            if decimals > 0 {
                out.put_mark(b".");
                let length = 1 + fraction.checked_ilog10().unwrap_or(0) as usize;
                write_zeros(out, usize::from(decimals) - length);
                write_unsigned(out, fraction);
            }
            return;
        }
        write_wide(out, value, decimals.into());
    }
}

/// Writes a number of whatever size with so many decimals, at most 17.
#[cold]
fn write_wide<S: Sink>(out: &mut Line<S>, value: f64, decimals: usize) {
    let mut wide = float::Wide::ZERO;
    let is_set = wide.set(value).is_some();
    let mut digits = [b'0'; float::Wide::DIGITS + 17];
    let digits = wide.digits(decimals, &mut digits);
    if !is_set || digits.len() > MAX_DIGITS {
        return out.fail(Kind::Digits);
    }
    let (whole, fraction) = digits.split_at_checked(digits.len() - decimals).unwrap_or_default();
    out.put(whole);
    if decimals > 0 {
        out.put_mark(b".");
        out.put(fraction);
    }
}

/// Writes the sign of a finite number; fails for others.
fn write_sign<S: Sink>(out: &mut Line<S>, is_finite: bool, is_negative: bool) -> bool {
    if !is_finite {
        out.fail(Kind::NotFinite);
        return false;
    }
    if is_negative {
        out.put_mark(b"-");
    }
    true
}

/// Writes a decimal without an exponent, if that takes at most `most` digits.
fn write_plain<S: Sink>(out: &mut Line<S>, decimal: float::Decimal, most: usize) {
    write_shifted(out, Digits::of(decimal.digits).as_bytes(), decimal.exponent, most);
}

/// Writes `digits * 10^exponent` without an exponent, if that takes at most `most` digits.
pub(crate) fn write_shifted<S: Sink>(out: &mut Line<S>, digits: &[u8], exponent: i32, most: usize) {
    let places = usize::try_from(exponent.unsigned_abs()).unwrap_or(usize::MAX);
    if exponent >= 0 {
        let zeros = if digits == b"0" { 0 } else { places };
        if digits.len().saturating_add(zeros) > most {
            return out.fail(Kind::Digits);
        }
        out.put(digits);
        write_zeros(out, zeros);
    } else if let Some((whole, fraction)) =
        digits.len().checked_sub(places).filter(|&n| n > 0).and_then(|n| digits.split_at_checked(n))
    {
        if digits.len() > most {
            return out.fail(Kind::Digits);
        }
        out.put(whole);
        out.put_mark(b".");
        out.put(fraction);
    } else {
        if places >= most {
            return out.fail(Kind::Digits);
        }
        out.put_mark(b"0.");
        write_zeros(out, places - digits.len());
        out.put(digits);
    }
}

fn write_zeros<S: Sink>(out: &mut Line<S>, count: usize) {
    for _ in 0..count {
        out.put_mark(b"0");
    }
}

/// The decimal digits of an unsigned number, in parts of eight and a shorter first one.
pub(crate) struct Digits {
    parts: [[u8; 8]; 3],
    first: usize,
    /// Zeros before the first part.
    zeros: usize,
}

impl Digits {
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(crate) fn of(value: u64) -> Digits {
        const EIGHT: u32 = 100_000_000;
        let mut digits = Digits { parts: [[0; 8]; 3], first: 3, zeros: 0 };
        let mut rest = value;
        for part in digits.parts.iter_mut().rev() {
            digits.first -= 1;
            // Divisions of 64 bits are slow on small cores: only where 32 do not suffice.
            let low;
            (rest, low) = match u32::try_from(rest) {
                Ok(small) if small < EIGHT => (0, small),
                _ => (rest / u64::from(EIGHT), u32::try_from(rest % u64::from(EIGHT)).unwrap_or(0)),
            };
            (*part, digits.zeros) = scan::digits_of(low);
            if rest == 0 {
                break;
            }
        }
        digits
    }

    /// All of them.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn as_bytes(&self) -> &[u8] {
        self.parts.as_flattened().get(8 * self.first + self.zeros..).unwrap_or_default()
    }

    /// The parts as they follow each other.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(crate) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let mut zeros = self.zeros;
        let parts = self.parts.iter().skip(self.first);
        parts.map(move |part| part.get(core::mem::take(&mut zeros)..).unwrap_or_default())
    }
}

/// Writes an unsigned number.
#[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
pub(crate) fn write_unsigned<S: Sink>(out: &mut Line<S>, value: u64) {
    if cfg!(tipwire_small) {
        out.put(float::digits_of(&mut value.to_be_bytes(), &mut [0; 20]));
    } else {
        Digits::of(value).parts().for_each(|part| out.put(part));
    }
}
