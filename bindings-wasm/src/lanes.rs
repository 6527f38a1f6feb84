//! The static memory that both sides share.

use alloc::string::String;
use alloc::vec::Vec;

use atomic_refcell::AtomicRefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::known::{Found, Known};
use crate::layout::{INPUT, IS_KEPT, KEEP_SHIFT, OUTPUT, REALS, SIDE, TO_KEEP, WORDS};

/// The static memory: zeros but for what grows, so that the module carries next to none of it.
struct Memory {
    input: [u8; INPUT as usize],
    output: [u8; OUTPUT as usize],
    words: [u32; WORDS as usize],
    reals: [f64; REALS as usize],
    known: Known,
    side: String,
    noted: Vec<String>,
}

static MEMORY: AtomicRefCell<Memory> = AtomicRefCell::new(Memory {
    input: [0; INPUT as usize],
    output: [0; OUTPUT as usize],
    words: [0; WORDS as usize],
    reals: [0.0; REALS as usize],
    known: Known::NOTHING,
    side: String::new(),
    noted: Vec::new(),
});

/// The buffers and the lanes.
pub struct Lanes<'l> {
    pub input: &'l mut [u8],
    pub output: &'l mut [u8],
    pub words: &'l mut [u32],
    pub reals: &'l mut [f64],
    known: &'l mut Known,
    /// Texts that stand in the input with escapes, and other output of any length.
    pub side: &'l mut String,
    /// Texts that JavaScript tells by number.
    pub noted: &'l mut Vec<String>,
}

/// Leaves these parts as the first words.
pub fn tell<const N: usize>(words: &mut [u32], parts: [u32; N]) {
    words.iter_mut().zip(parts).for_each(|(place, part)| *place = part);
}

/// Lends the lanes.
#[inline(always)]
pub fn with<T>(work: impl FnOnce(&mut Lanes<'_>) -> T) -> T {
    // Nothing that works with them asks for them again.
    let Ok(mut memory) = MEMORY.try_borrow_mut() else { crate::end() };
    let Memory { input, output, words, reals, known, side, noted } = &mut *memory;
    work(&mut Lanes { input, output, words, reals, known, side, noted })
}

/// Where the input buffer, the output buffer, the words, the reals and the states of what is known are:
/// 0 to 4.
#[wasm_bindgen]
pub fn address(of: u32) -> u32 {
    with(|lanes| {
        let address = match of {
            0 => lanes.input.as_ptr() as usize,
            1 => lanes.output.as_ptr() as usize,
            2 => lanes.words.as_ptr() as usize,
            3 => lanes.reals.as_ptr() as usize,
            _ => lanes.known.states.as_ptr() as usize,
        };
        word(address)
    })
}

/// Where the side text begins; how long it is is said by whoever wrote it.
#[wasm_bindgen]
pub fn side() -> u32 {
    with(|lanes| word(lanes.side.as_ptr() as usize))
}

/// Makes UTF-8 one byte for each character: how many those are, or 0 where a character does not fit into
/// one. A part of the input (0) comes to the front of the output, one of the output (1) to that of the
/// input, one of the side text (2) to that of the output.
#[wasm_bindgen]
pub fn narrow(source: u32, from: u32, to: u32) -> u32 {
    with(|lanes| {
        let Lanes { input, output, side, .. } = lanes;
        let (text, target) = match source {
            0 => (&**input, output),
            1 => (&**output, input),
            _ => (side.as_bytes(), output),
        };
        let text = text.get(from as usize..to as usize).unwrap_or_default();
        word(narrowed(text, target).unwrap_or(0))
    })
}

fn narrowed(text: &[u8], target: &mut [u8]) -> Option<usize> {
    let (mut from, mut to) = (0, 0);
    while from < text.len() {
        if let Some(eight) = text.get(from..)?.first_chunk() {
            // All of them, of which those at the front that are ASCII are what they should be.
            *target.get_mut(to..)?.first_chunk_mut()? = *eight;
            let high = u64::from_le_bytes(*eight) & 0x8080_8080_8080_8080;
            // Most often, and then nothing has to be counted before the next eight are loaded.
            if high == 0 {
                (from, to) = (from + 8, to + 8);
                continue;
            }
            let plain = high.trailing_zeros() as usize / 8;
            (from, to) = (from + plain, to + plain);
        }
        let byte = *text.get(from)?;
        let (byte, length) = match byte {
            0..0x80 => (byte, 1),
            // What is left of the first of two bytes is the last of its bits.
            0xc2..=0xc3 => (byte << 6 | text.get(from + 1)? & 0x3f, 2),
            _ => return None,
        };
        *target.get_mut(to)? = byte;
        (from, to) = (from + length, to + 1);
    }
    Some(to)
}

/// Overwrites what may be secret.
#[wasm_bindgen]
pub fn wipe() {
    with(|lanes| {
        lanes.input.fill(0);
        lanes.output.fill(0);
    });
}

/// All numbers of this side have 32 bits.
#[inline(always)]
pub fn word(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Lanes<'_> {
    /// The front of what JavaScript brought, or (1) of what was written here just before.
    #[cfg(feature = "full")]
    pub fn written(&self, source: u32, length: u32) -> &[u8] {
        let buffer: &[u8] = if source == 0 { self.input } else { self.output };
        buffer.get(..length as usize).unwrap_or_default()
    }

    /// Empties the side text, and gives memory back that only a rare input needed.
    pub fn clear_side(&mut self) {
        if self.side.capacity() > OUTPUT as usize {
            *self.side = String::new();
        }
        self.side.clear();
    }
}

/// Writes a tape about the front of the input.
pub struct Tape<'t> {
    words: &'t mut [u32],
    reals: &'t mut [f64],
    side: &'t mut String,
    /// What is known of short texts, where that is of use.
    known: Option<&'t mut Known>,
    /// UTF-16 units of the side text.
    side_units: u32,
    word: usize,
    real: usize,
    /// Variables of the list that is being written.
    pub count: u32,
    /// Whether what blocks say of all variables is said of each.
    pub are_points: bool,
    /// What the texts stand in is a part of this.
    input: &'t [u8],
    /// Where an index of 0 would be.
    base: usize,
    /// Places of the input, and how many UTF-16 units there are before: where each of two texts in turn
    /// was asked for last, as of a variable and of what its block says of all of them.
    counted: [(usize, u32); 2],
    places: Places,
}

/// Where a tape ended.
#[derive(Clone, Copy)]
pub struct Mark {
    word: usize,
    real: usize,
    side: usize,
    units: u32,
}

/// How texts are told about.
#[derive(Clone, Copy)]
enum Places {
    /// By where they stand in the input, which is ASCII.
    Bytes,
    /// By how many UTF-16 units there are before them.
    Units,
    /// As side text: they stand somewhere else.
    #[cfg(feature = "full")]
    Aside,
}

impl Lanes<'_> {
    /// The first `length` bytes of the input, which are `units` long in JavaScript, and the tape.
    #[inline(always)]
    pub fn tape(&mut self, length: u32, units: u32) -> (&[u8], Tape<'_>) {
        let (input, mut tape) = self.chunk_tape(0, length);
        tape.about(input, 0, length == units);
        (input, tape)
    }

    /// A part of the input, and the tape, which is about nothing yet.
    #[inline(always)]
    pub fn chunk_tape(&mut self, from: u32, to: u32) -> (&[u8], Tape<'_>) {
        let Lanes { input, words, reals, known, side, .. } = self;
        let input = input.get(from as usize..to as usize).unwrap_or(input);
        let tape = Tape { words, reals, input, known: Some(known), ..Tape::nowhere(side) };
        (input, tape)
    }

    /// A tape about what does not stand in the input: all its texts are side text.
    #[cfg(feature = "full")]
    pub fn side_tape(&mut self) -> Tape<'_> {
        self.clear_side();
        let (_, mut tape) = self.chunk_tape(0, 0);
        tape.places = Places::Aside;
        tape
    }
}

/// How many UTF-16 units these bytes are.
#[inline(never)]
fn units_of(bytes: &[u8]) -> u32 {
    let (eights, rest) = bytes.as_chunks();
    let eights: u32 = eights.iter().map(|eight| units_of_eight(*eight)).sum();
    eights + rest.iter().map(|byte| units_of_one(*byte)).sum::<u32>()
}

#[inline(always)]
pub fn units_of_eight(bytes: [u8; 8]) -> u32 {
    if bytes.is_ascii() {
        return 8;
    }
    let bytes = u64::from_le_bytes(bytes);
    let first_bits = |bits: u64| bits & 0x0101_0101_0101_0101;
    let continued = first_bits((bytes >> 7) & !(bytes >> 6));
    let pairs = first_bits((bytes >> 7) & (bytes >> 6) & (bytes >> 5) & (bytes >> 4));
    8 - continued.count_ones() + pairs.count_ones()
}

/// How many UTF-16 units begin with a byte.
#[inline(always)]
pub fn units_of_one(byte: u8) -> u32 {
    // Continuation bytes begin with 10; a character of four bytes, 1111, is a pair of surrogates.
    u32::from(byte & 0xc0 != 0x80) + u32::from(byte >= 0xf0)
}

impl<'t> Tape<'t> {
    /// A tape on which nothing stays: for who only wants to know what can be read.
    #[inline(always)]
    pub fn nowhere(side: &'t mut String) -> Tape<'t> {
        Tape {
            words: &mut [],
            reals: &mut [],
            side,
            input: &[],
            known: None,
            side_units: 0,
            word: 0,
            real: 0,
            count: 0,
            are_points: false,
            base: 0,
            counted: [(0, 0); 2],
            places: Places::Bytes,
        }
    }
}

impl Tape<'_> {
    /// From here on texts stand in this, which has so many UTF-16 units before it; how many there are
    /// at its end.
    #[inline(always)]
    pub fn about(&mut self, text: &[u8], before: u32, is_ascii: bool) -> u32 {
        self.base = text.as_ptr() as usize;
        if is_ascii {
            self.places = Places::Bytes;
            self.base = self.base.wrapping_sub(before as usize);
            before + word(text.len())
        } else {
            self.places = Places::Units;
            self.counted = [(self.base.wrapping_sub(self.input.as_ptr() as usize), before); 2];
            before + units_of(text)
        }
    }

    /// Where the tape ends now.
    pub fn mark(&self) -> Mark {
        Mark { word: self.word, real: self.real, side: self.side.len(), units: self.side_units }
    }

    /// Forgets what was written since.
    pub fn go_back(&mut self, to: Mark) {
        (self.word, self.real, self.side_units) = (to.word, to.real, to.units);
        while self.side.len() > to.side {
            self.side.pop();
        }
    }

    /// Begins a list of variables; where that is.
    pub fn begin_list(&mut self) -> Mark {
        let start = self.mark();
        self.count = 0;
        self.word(0);
        start
    }

    /// Ends it.
    pub fn end_list(&mut self, start: Mark) {
        self.set(start.word, self.count);
    }

    #[inline(always)]
    pub fn word(&mut self, word: u32) {
        if let Some(place) = self.words.get_mut(self.word) {
            *place = word;
            self.word += 1;
        }
    }

    /// Keeps the place of a word that is known later.
    #[inline(always)]
    pub fn later(&mut self) -> usize {
        self.word(0);
        self.word - 1
    }

    #[inline(always)]
    pub fn set(&mut self, place: usize, word: u32) {
        if let Some(place) = self.words.get_mut(place) {
            *place = word;
        }
    }

    #[inline(always)]
    pub fn real(&mut self, real: f64) {
        if let Some(place) = self.reals.get_mut(self.real) {
            *place = real;
            self.real += 1;
        }
    }

    /// A text that stands in the input.
    #[inline(always)]
    pub fn span(&mut self, text: &str) {
        let start = (text.as_ptr() as usize).wrapping_sub(self.base);
        let end = start.wrapping_add(text.len());
        match self.places {
            Places::Bytes => {
                self.word(word(start));
                self.word(word(end));
            }
            #[cfg(feature = "full")]
            Places::Aside => self.aside(text),
            Places::Units => {
                self.place(start);
                self.place(end);
            }
        }
    }

    /// The same where it is not often needed, and so not to be there every time.
    #[inline(never)]
    pub fn rare_span(&mut self, text: &str) {
        self.span(text);
    }

    /// A short text that may well come again.
    #[cfg_attr(feature = "full", inline(never))]
    #[cfg_attr(not(feature = "full"), inline(always))]
    pub fn name(&mut self, text: &str) {
        self.frequent_name(text);
    }

    /// The same where there are many of them: without a call in the whole module, which is to be quick
    /// before it is to be small.
    #[cfg_attr(feature = "full", inline(always))]
    #[cfg_attr(not(feature = "full"), inline(never))]
    pub fn frequent_name(&mut self, text: &str) {
        match self.known.as_mut().map_or(Found::Nothing, |known| known.find(text)) {
            Found::Kept(number) => {
                self.word(number | IS_KEPT);
                self.word(0);
            }
            Found::Nothing => self.span(text),
            Found::Again(number) => {
                let at = self.word;
                self.span(text);
                self.keep(at, number);
            }
        }
    }

    /// The text that was written last, from this word on, is to be kept.
    #[inline(never)]
    fn keep(&mut self, at: usize, number: u32) {
        if let Some(place) = self.words.get_mut(at)
            && *place < SIDE
        {
            *place |= TO_KEEP | number << KEEP_SHIFT;
        }
    }

    /// Where a byte of the input is.
    pub fn place(&mut self, at: usize) {
        let place = match self.places {
            Places::Units => self.units_before(at),
            _ => word(at),
        };
        self.word(place);
    }

    /// How many UTF-16 units there are before a byte: from the nearer one of the places where that is
    /// known, in either direction.
    fn units_before(&mut self, at: usize) -> u32 {
        let at = self.base.wrapping_add(at).wrapping_sub(self.input.as_ptr() as usize);
        let [first, second] = &mut self.counted;
        let is_first_nearer = first.0.abs_diff(at) <= second.0.abs_diff(at);
        let counted = if is_first_nearer { first } else { second };
        let (from, units) = *counted;
        let between = self.input.get(from.min(at)..from.max(at)).map_or(0, units_of);
        let units =
            if from <= at { units.wrapping_add(between) } else { units.wrapping_sub(between) };
        *counted = (at, units);
        units
    }

    /// A text that may stand there with escapes.
    #[inline(always)]
    pub fn text(&mut self, text: tipwire::Text<'_>) {
        match text.borrowed() {
            Some(text) => self.span(text),
            None => self.escaped(text),
        }
    }

    #[inline(never)]
    fn escaped(&mut self, text: tipwire::Text<'_>) {
        // Pieces are short, and most texts too: those are copied once.
        if let Some(text) = text.unescape_into(&mut [0; 256]) {
            return self.aside(text);
        }
        let from = self.begin_aside();
        text.pieces().for_each(|piece| self.side.push_str(piece));
        self.end_aside(from);
    }

    /// A text that does not stand in the input.
    #[inline(never)]
    pub fn aside(&mut self, text: &str) {
        let from = self.begin_aside();
        self.side.push_str(text);
        self.end_aside(from);
    }

    fn begin_aside(&mut self) -> usize {
        self.word(self.side_units | SIDE);
        self.side.len()
    }

    #[inline(never)]
    fn end_aside(&mut self, from: usize) {
        let new = self.side.as_bytes().get(from..).unwrap_or_default();
        self.side_units += units_of(new);
        self.word(self.side_units);
    }

    /// The length of the side text, in bytes.
    pub fn side_len(&self) -> u32 {
        word(self.side.len())
    }
}
