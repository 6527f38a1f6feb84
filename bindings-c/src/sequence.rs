//! Sequence counters
//!
//! What a server remembers of the counter of one device. Any first number is accepted, then only
//! greater ones; with a window, numbers that are smaller by at most so many are accepted too, each
//! once, since datagrams overtake each other.

use codec::session::Sequence;

use crate::error::TIPWIRE_E_UNINITIALIZED;
use crate::memory::{Outcome, change, place, read};
use crate::panic::{guard, run};

/// The widest window.
pub const TIPWIRE_MAX_WINDOW: u8 = 96;

pub const TIPWIRE_SEQUENCE_SIZE: usize = 22;

/// A sequence counter, to be kept where the data of the device are: copied and stored at will. Zeroes
/// are a new one without a window.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_sequence {
    pub bytes: [u8; TIPWIRE_SEQUENCE_SIZE],
}

/// Sets a sequence up, with a window of at most TIPWIRE_MAX_WINDOW, which greater values mean.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sequence_init(sequence: *mut tipwire_sequence, window: u8) -> i32 {
    run(|| {
        place(sequence)?.set(Sequence::with_window(window).into());
        Ok(())
    })
}

/// Accepts a number if it may be, and remembers it. Returns 1 if it was, 0 if not.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sequence_accept(sequence: *mut tipwire_sequence, number: u32) -> i32 {
    guard(|| {
        let holder = change(sequence)?;
        let mut sequence = holder.get()?;
        let is_accepted = sequence.accept(number);
        *holder = sequence.into();
        Ok(is_accepted.into())
    })
}

/// Whether a number would be accepted: 1 or 0.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sequence_is_fresh(sequence: *const tipwire_sequence, number: u32) -> i32 {
    guard(|| Ok(read(sequence)?.get()?.is_fresh(number).into()))
}

/// Takes a number back that was accepted: what it stood for failed, and may be sent again.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sequence_retract(sequence: *mut tipwire_sequence, number: u32) -> i32 {
    run(|| {
        let holder = change(sequence)?;
        let mut sequence = holder.get()?;
        sequence.retract(number);
        *holder = sequence.into();
        Ok(())
    })
}

/// Sets last to the greatest number accepted so far. Returns 1, or 0 where there was none.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_sequence_last(sequence: *const tipwire_sequence, last: *mut u32) -> i32 {
    guard(|| {
        let place = place(last)?;
        let Some(last) = read(sequence)?.get()?.last() else { return Ok(0) };
        place.set(last);
        Ok(1)
    })
}

impl tipwire_sequence {
    pub fn get(&self) -> Outcome<Sequence> {
        Sequence::from_bytes(&self.bytes).ok_or(TIPWIRE_E_UNINITIALIZED)
    }
}

impl From<Sequence> for tipwire_sequence {
    fn from(sequence: Sequence) -> tipwire_sequence {
        tipwire_sequence { bytes: sequence.to_bytes() }
    }
}

const _: () = assert!(TIPWIRE_SEQUENCE_SIZE == Sequence::SIZE);
const _: () = assert!(TIPWIRE_MAX_WINDOW == Sequence::MAX_WINDOW);
