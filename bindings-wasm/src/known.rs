//! Short texts that come again and again, of which JavaScript keeps a string: names, keys, units,
//! whoever sends. To make a string anew costs more than to find it here, and to use one that is new as
//! a key much more.
//!
//! Each text has one slot that it can be in. Seen for the first time it takes the slot, seen again
//! JavaScript is asked to keep it, and only JavaScript says that it has: whatever goes wrong there,
//! no slot stands for another text. What comes only once, from whoever it comes, costs nothing more
//! than that.

use alloc::string::String;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::lanes::with;
use crate::layout::{ASKED, KEPT, KNOWN};

/// The other way: keeps the text that is the first bytes of the input, for JavaScript to tell it by
/// number, from 0 on, and in the place of what had that number.
#[wasm_bindgen]
pub fn note(number: u32, length: u32) {
    with(|lanes| {
        let text = lanes.input.get(..length as usize).unwrap_or_default();
        let text = String::from(core::str::from_utf8(text).unwrap_or_default());
        if let Some(place) = lanes.noted.get_mut(number as usize) {
            *place = text;
        } else if lanes.noted.len() < KNOWN as usize {
            lanes.noted.push(text);
        }
    });
}

pub struct Known {
    slots: [Slot; KNOWN as usize],
    /// What is with each: 0, `ASKED` by this side, `KEPT` by the other.
    pub states: [u8; KNOWN as usize],
}

/// What is known of a text.
pub enum Found {
    Nothing,
    /// It was seen before: to be kept with this number.
    Again(u32),
    /// It is kept with this number.
    Kept(u32),
}

/// All bytes of a text: those of a short one are in more than one word.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Slot {
    length: usize,
    first: u64,
    middle: u64,
    last: u64,
}

impl Known {
    pub const NOTHING: Known = Known {
        slots: [Slot { length: 0, first: 0, middle: 0, last: 0 }; KNOWN as usize],
        states: [0; KNOWN as usize],
    };

    #[inline(always)]
    pub fn find(&mut self, text: &str) -> Found {
        let Some(text) = Slot::of(text.as_bytes()) else { return Found::Nothing };
        let number = text.number();
        let Some(slot) = self.slots.get_mut(number as usize) else { return Found::Nothing };
        let Some(state) = self.states.get_mut(number as usize) else { return Found::Nothing };
        if *slot == text {
            if u32::from(*state) == KEPT {
                return Found::Kept(number);
            }
            *state = ASKED as u8;
            return Found::Again(number);
        }
        // Until JavaScript has kept what it was asked to, nothing else can be.
        if u32::from(*state) != ASKED {
            (*slot, *state) = (text, 0);
        }
        Found::Nothing
    }
}

impl Slot {
    #[inline(always)]
    fn of(text: &[u8]) -> Option<Slot> {
        let length = text.len();
        let (first, mut middle, last);
        if let (Some(front), Some(back)) = (text.first_chunk(), text.last_chunk()) {
            (first, last) = (u64::from_le_bytes(*front), u64::from_le_bytes(*back));
            middle = 0;
            if length > 16 {
                middle = u64::from_le_bytes(*text.get(8..)?.first_chunk()?);
                if length > 24 {
                    return None;
                }
            }
        } else if let (Some(front), Some(back)) = (text.first_chunk(), text.last_chunk()) {
            (first, last) = (u32::from_le_bytes(*front).into(), u32::from_le_bytes(*back).into());
            middle = 0;
        } else {
            // One to three: the first, the one in the middle, the last.
            (first, last) = ((*text.first()?).into(), (*text.last()?).into());
            middle = (*text.get(length / 2)?).into();
        }
        Some(Slot { length, first, middle, last })
    }

    #[inline(always)]
    fn number(&self) -> u32 {
        let Slot { length, first, middle, last } = *self;
        let mixed = first ^ last.rotate_left(29) ^ middle.rotate_left(13) ^ length as u64;
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32 % KNOWN
    }
}
