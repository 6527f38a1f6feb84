//! Streams cut into messages.

use tipwire::Kind;
use tipwire::stream::{Any, Order, Rule, Settings, Splitter as Core};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::lanes::{Lanes, tell, with, word};
use crate::settings::Numbers;

/// A splitter; what it splits is in the input.
#[wasm_bindgen]
pub struct Splitter {
    splitter: Option<Core<Any, Vec<u8>>>,
}

#[wasm_bindgen]
impl Splitter {
    /// A splitter by the name of its rule. The reals are `max`, `strip`, `order`, `offset`, `length`
    /// and `adjustment`, NaN for what is not set; the words are how many delimiters there are and
    /// their lengths, and the delimiters stand in the input.
    #[wasm_bindgen(constructor)]
    pub fn new(rule: &str) -> Splitter {
        let made = with(|lanes| {
            settings(lanes).and_then(|settings| {
                let lists: Option<Vec<&[u8]>> =
                    settings.1.as_ref().map(|list| list.iter().map(Vec::as_slice).collect());
                let settings = Settings { delimiters: lists.as_deref(), ..settings.0 };
                Any::new(rule, &settings).and_then(Core::owned)
            })
        });
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

type Delimiters = Option<Vec<Vec<u8>>>;

fn settings(lanes: &Lanes<'_>) -> Result<(Settings<'static>, Delimiters), Kind> {
    let numbers = Numbers(lanes.reals);
    let size = |at| numbers.get(at);
    let order = match numbers.get::<u8>(2)? {
        None => None,
        Some(0) => Some(Order::Big),
        Some(1) => Some(Order::Little),
        Some(_) => return Err(Kind::InvalidSettings),
    };
    let mut words = lanes.words.iter();
    let mut next = || words.next().copied().unwrap_or_default() as usize;
    let mut input = &*lanes.input;
    let delimiters = match next() {
        // One more than there are: none at all is not the same as an empty list.
        0 => None,
        count => {
            let mut list = Vec::new();
            for _ in 1..count.min(1000) {
                let length = next().min(input.len());
                list.push(input.split_off(..length).unwrap_or_default().to_vec());
            }
            Some(list)
        }
    };
    let settings = Settings {
        max: size(0)?,
        strip: size(1)?,
        order,
        offset: size(3)?,
        length: size(4)?,
        adjustment: numbers.get(5)?,
        ..Settings::default()
    };
    Ok((settings, delimiters))
}
