//! Streams cut into messages.

use alloc::vec::Vec;
use tipwire::Kind;
use tipwire::stream::{Any, Delimiter, Order, Rule, Settings, Splitter as Core};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::lanes::{Lanes, Tape, tell, with, word};
use crate::layout::{ALONE, BLOCK, BROKEN, ENOUGH, USED_UP};
use crate::read::read_onto;
use crate::settings::Numbers;

/// A splitter; what it splits is in the input.
#[wasm_bindgen]
pub struct Splitter {
    splitter: Option<Core<Any, Vec<u8>>>,
}

#[wasm_bindgen]
impl Splitter {
    /// A splitter by the name of its rule, which is the first bytes of the input. The reals are `max`,
    /// `strip`, `order`, `offset`, `length` and `adjustment`, NaN for what is not set; the words are how
    /// many delimiters there are and their lengths, and the delimiters stand behind the name.
    #[wasm_bindgen(constructor)]
    pub fn new(name: u32) -> Splitter {
        let made = with(|lanes| rule(name, lanes).and_then(Core::owned));
        Splitter { splitter: made.ok() }
    }

    /// Whether the settings were taken.
    pub fn is_valid(&self) -> bool {
        self.splitter.is_some()
    }

    /// The next event of the input from one byte to another. The words are: 0 for none, 1 for a
    /// message, 2 for an error; where the message is in memory, or the number of the kind; how long
    /// it is; how far the input is used up.
    pub fn next(&mut self, from: u32, to: u32) {
        with(|lanes| {
            let Lanes { input, words, .. } = lanes;
            let mut rest = input.get(from as usize..to as usize).unwrap_or_default();
            let event = self.splitter.as_mut().and_then(|splitter| splitter.next(&mut rest));
            let [what, a, b] = match event {
                None => [0, 0, 0],
                Some(Ok(message)) => [1, word(message.as_ptr() as usize), word(message.len())],
                Some(Err(kind)) => [2, kind.number().into(), 0],
            };
            let parts = [what, a, b, to - word(rest.len())];
            tell(words, parts);
        });
    }

    /// The frames of the input from one byte to another, one after the other on the tape, as long as
    /// they stand there and can be read. Before them are the length of the side text, why there are no
    /// more, the message that comes next or the number of the error, how far the input is used up, from
    /// where to where the frames stand, how many there are, and how many UTF-16 units they are with what
    /// is between them.
    pub fn frames(&mut self, what: u32, from: u32, to: u32) {
        with(|lanes| {
            lanes.clear_side();
            let (input, mut tape) = lanes.chunk_tape(from, to);
            let begin = input.as_ptr() as usize;
            let head: [usize; 9] = core::array::from_fn(|_| tape.later());
            let mut rest = input;
            let mut block = Block { from: 0, to: 0, units: 0, count: 0 };
            let [why, a, b] = loop {
                if block.to - block.from >= BLOCK as usize {
                    break [ENOUGH, 0, 0];
                }
                let event = self.splitter.as_mut().and_then(|splitter| splitter.next(&mut rest));
                match event {
                    None => break [USED_UP, 0, 0],
                    Some(Err(kind)) => break [BROKEN, kind.number().into(), 0],
                    // Empty lines are nobody's frames: they keep connections open.
                    Some(Ok([])) => {}
                    Some(Ok(message)) => {
                        let at = (message.as_ptr() as usize).wrapping_sub(begin);
                        if !block.add(&mut tape, what, input, at, message) {
                            break [ALONE, word(message.as_ptr() as usize), word(message.len())];
                        }
                    }
                }
            };
            let used = to - word(rest.len());
            let (start, end) = (from + word(block.from), from + word(block.to));
            let parts = [tape.side_len(), why, a, b, used, start, end, block.count, block.units];
            head.into_iter().zip(parts).for_each(|(place, part)| tape.set(place, part));
        });
    }

    /// How many bytes wait for the rest of their message.
    pub fn pending(&self) -> u32 {
        self.splitter.as_ref().map_or(0, |splitter| word(splitter.pending()))
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        if let Some(splitter) = &mut self.splitter {
            splitter.reset();
        }
    }

    /// The longest message.
    pub fn capacity(&self) -> u32 {
        self.splitter.as_ref().map_or(0, |splitter| word(splitter.rule().capacity()))
    }
}

/// Frames that stand in the input with nothing but ASCII between them: what they are all parts of.
struct Block {
    from: usize,
    to: usize,
    units: u32,
    count: u32,
}

impl Block {
    /// Adds a message that stands in the input from `at` on; whether that could be done.
    #[inline(always)]
    fn add(
        &mut self,
        tape: &mut Tape<'_>,
        what: u32,
        input: &[u8],
        at: usize,
        message: &[u8],
    ) -> bool {
        let from = if self.count == 0 { at } else { self.to };
        let between = input.get(from..at).filter(|between| between.is_ascii());
        let Some(between) = between.filter(|_| at + message.len() <= input.len()) else {
            return false;
        };
        let before = self.units + word(between.len());
        let units = tape.about(message, before, message.is_ascii());
        let is_read = read_onto(tape, what, message).is_ok();
        if is_read {
            let Block { from: first, count, .. } = *self;
            let first = if count == 0 { at } else { first };
            *self = Block { from: first, to: at + message.len(), units, count: count + 1 };
        }
        is_read
    }
}

/// The rule whose name is as long, with the settings that are in the lanes.
fn rule(name: u32, lanes: &Lanes<'_>) -> Result<Any, Kind> {
    let (name, mut input) = lanes.input.split_at_checked(name as usize).unwrap_or_default();
    let name = core::str::from_utf8(name).unwrap_or_default();
    let numbers = Numbers(lanes.reals);
    let size = |at| numbers.get(at);
    let order = match size(2)? {
        None => None,
        Some(0) => Some(Order::Big),
        Some(1) => Some(Order::Little),
        Some(_) => return Err(Kind::InvalidSettings),
    };
    let mut words = lanes.words.iter();
    let mut next = || words.next().copied().unwrap_or_default() as usize;
    // One more than there are: none at all is not the same as an empty list.
    let count = next();
    // One more than there is room for is enough to be refused.
    let mut list = [&[][..]; Delimiter::ROOM + 1];
    let delimiters = list.get_mut(..count.saturating_sub(1).min(Delimiter::ROOM + 1));
    let delimiters = delimiters.unwrap_or_default();
    for delimiter in delimiters.iter_mut() {
        let length = next().min(input.len());
        *delimiter = input.split_off(..length).unwrap_or_default();
    }
    let settings = Settings {
        max: size(0)?,
        strip: size(1)?,
        order,
        offset: size(3)?,
        length: size(4)?,
        adjustment: numbers.get(5)?,
        delimiters: (count > 0).then_some(delimiters),
    };
    Any::new(name, &settings)
}
