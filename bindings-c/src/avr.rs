//! Where the C compilers for AVR differ from all others: their `double` has 32 bits, and small structs
//! are handed over in registers, where Rust would hand over a pointer.

#[cfg(target_arch = "avr")]
pub use floats::{narrow, widen};
#[cfg(not(target_arch = "avr"))]
pub use other::{narrow, text_argument, widen};
#[cfg(target_arch = "avr")]
pub use registers::text_argument;

#[cfg(not(target_arch = "avr"))]
mod other {
    /// A text that is an argument or a result.
    pub type text_argument = crate::text::tipwire_text;

    #[inline(always)]
    pub fn widen(value: f64) -> f64 {
        value
    }

    #[inline(always)]
    pub fn narrow(value: f64) -> f64 {
        value
    }
}

#[cfg(target_arch = "avr")]
mod registers {
    use core::ptr::with_exposed_provenance;

    use crate::memory::Outcome;
    use crate::text::tipwire_text;
    use codec::Number;

    /// A text that is an argument or a result: as an integer, which takes the same registers.
    #[derive(Clone, Copy)]
    #[repr(transparent)]
    pub struct text_argument(u32);

    impl text_argument {
        pub const ABSENT: text_argument = text_argument(0);

        pub fn get(self) -> Outcome<&'static str> {
            self.text().get()
        }

        pub fn bytes(self) -> Outcome<&'static [u8]> {
            self.text().bytes()
        }

        pub fn number(self) -> Outcome<Number<'static>> {
            self.text().number()
        }

        fn text(self) -> tipwire_text {
            let [address, length] = [self.0, self.0 >> 16].map(|half| (half & 0xffff) as usize);
            tipwire_text { data: with_exposed_provenance(address), length }
        }
    }

    impl From<tipwire_text> for text_argument {
        fn from(text: tipwire_text) -> text_argument {
            let address = text.data.expose_provenance() as u32;
            text_argument(address | (text.length as u32) << 16)
        }
    }

    impl From<&str> for text_argument {
        fn from(text: &str) -> text_argument {
            tipwire_text::from(text).into()
        }
    }

    impl From<&[u8]> for text_argument {
        fn from(bytes: &[u8]) -> text_argument {
            tipwire_text::from(bytes).into()
        }
    }

    impl From<Option<&str>> for text_argument {
        fn from(text: Option<&str>) -> text_argument {
            tipwire_text::from(text).into()
        }
    }
}

/// What Rust calls to multiply, which the compilers' library does not have.
#[cfg(target_arch = "avr")]
#[unsafe(no_mangle)]
extern "C" fn __mulosi4(a: i32, b: i32, has_overflown: &mut core::ffi::c_int) -> i32 {
    let product = i64::from(a) * i64::from(b);
    *has_overflown = core::ffi::c_int::from(i32::try_from(product).is_err());
    product as i32
}

/// Doubles are changed as bits: the functions that do that in other C libraries are missing.
#[cfg(any(target_arch = "avr", test))]
mod floats {
    /// Where the exponents of both kinds of numbers stand for 1.
    const SINGLE: u32 = 127;
    const DOUBLE: u32 = 1023;
    /// How many more bits a double has after its point.
    const FINER: u32 = 52 - 23;

    pub fn widen(value: f32) -> f64 {
        let bits = value.to_bits();
        let (exponent, fraction) = (bits >> 23 & 0xff, bits & 0x7f_ffff);
        let sign = u64::from(bits >> 31) << 63;
        let fraction = u64::from(fraction);
        let magnitude = match exponent {
            0 if fraction == 0 => 0,
            0 => {
                // The first bit that is set becomes the one that is not written.
                let shift = fraction.leading_zeros() - (63 - 23);
                let fraction = fraction << shift & 0x7f_ffff;
                u64::from(DOUBLE - SINGLE + 1 - shift) << 52 | fraction << FINER
            }
            0xff => 0x7ff << 52 | fraction << FINER,
            _ => u64::from(exponent + DOUBLE - SINGLE) << 52 | fraction << FINER,
        };
        f64::from_bits(sign | magnitude)
    }

    /// The nearest, halves to the even one.
    pub fn narrow(value: f64) -> f32 {
        let bits = value.to_bits();
        let sign = ((bits >> 63) as u32) << 31;
        let exponent = (bits >> 52 & 0x7ff) as u32;
        let fraction = bits & ((1 << 52) - 1);
        // As a whole number, of which `drop` bits are too many.
        let (whole, drop) = match exponent {
            0..=872 => return f32::from_bits(sign),
            873..=896 => (1 << 52 | fraction, FINER + (DOUBLE - SINGLE + 1 - exponent)),
            897..=1150 => (u64::from(exponent - (DOUBLE - SINGLE)) << 52 | fraction, FINER),
            0x7ff if fraction != 0 => return f32::NAN,
            _ => return f32::from_bits(sign | 0xff << 23),
        };
        let (kept, rest, half) = (whole >> drop, whole & ((1 << drop) - 1), 1 << (drop - 1));
        let up = u32::from(rest > half || rest == half && kept & 1 == 1);
        f32::from_bits(sign | (kept as u32 + up))
    }
}

#[cfg(test)]
mod tests {
    use super::floats::{narrow, widen};

    #[test]
    fn floats_are_widened_and_narrowed_as_a_processor_does_it() {
        let mut bits = 1u64;
        let hard = [0.0, 1.5, 3.402_823_5e38, 3.402_823_6e38, 1e-45, 7e-46, 1.17e-38, f64::MAX];
        let hard = hard.into_iter().chain([f64::INFINITY, 1.000_000_059_604_644_8]);
        let random = core::iter::repeat_with(move || {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Exponents around those of a float.
            f64::from_bits((800 + (bits >> 40) % 400) << 52 | bits >> 12 | bits << 63)
        });
        for value in hard.chain(random.take(100_000)) {
            for value in [value, -value] {
                assert_eq!(narrow(value).to_bits(), (value as f32).to_bits(), "{value:e}");
                let float = value as f32;
                assert_eq!(widen(float).to_bits(), f64::from(float).to_bits(), "{value:e}");
            }
        }
        assert!(narrow(f64::NAN).is_nan() && widen(f32::NAN).is_nan());
    }
}
