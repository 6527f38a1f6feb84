//! Envelopes. Keys and texts come in by the input, envelopes and texts go out by the output.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use tipwire::{
    BuildError, Cipher, DerivedKey, Error, Hash, Header, InnerMethod, Kind, Layout, Opened,
    Opener as CoreOpener, Sealer as CoreSealer, Task, Token,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::build::{self, Record, write_points};
use crate::credentials::text;
use crate::failure::{unbuilt, unreadable};
use crate::lanes::{Lanes, tell, with, word};
use crate::layout::{OUTPUT, PING, PULL, PUSH, RAW};

#[wasm_bindgen(raw_module = "#ciphers")]
extern "C" {
    /// Does what a cipher is to do: 1 for done, 0 where the tag is wrong, 2 where the host does not.
    fn work(
        cipher: u8,
        seals: bool,
        key: &[u8],
        nonce: &[u8],
        header: &[u8],
        text: &mut [u8],
        tag: &mut [u8],
    ) -> u8;
}

/// Below this no host is faster, since it is asked by another language.
const LARGE: usize = 256;

/// The ciphers of the host, where it has any.
fn host(task: Task<'_>) -> Option<bool> {
    let Task { cipher, seals, key, nonce, header, text, tag } = task;
    if text.len() < LARGE {
        return None;
    }
    match work(cipher.id(), seals, key, nonce, header, text, tag) {
        done @ 0..=1 => Some(done == 1),
        _ => None,
    }
}

/// A side that seals.
#[wasm_bindgen]
pub struct Sealer {
    sealer: Option<CoreSealer>,
}

#[wasm_bindgen]
impl Sealer {
    /// The input has the key, the token, and the serial, of these lengths; without a key it is the one
    /// that the others give. The counter is the first real. Whether it worked is said by `is_valid`,
    /// and else by the words.
    #[wasm_bindgen(constructor)]
    pub fn new(layout: u32, cipher: u32, key: Option<u32>, token: u32, serial: u32) -> Sealer {
        let sealer = with(|lanes| {
            let made = make_sealer(lanes, layout, cipher, key, [token, serial]);
            made.map_err(|error| unreadable(lanes.words, error))
        });
        Sealer { sealer: sealer.ok() }
    }

    /// Whether it can be used.
    pub fn is_valid(&self) -> bool {
        self.sealer.is_some()
    }

    /// Seals the inner frame that is the input; the length of the envelope, or 0 for an error.
    pub fn seal(&mut self, method: u32, length: u32) -> u32 {
        with(|lanes| {
            let Lanes { input, output, words, .. } = lanes;
            let method = InnerMethod::ALL.get(method as usize).copied();
            let inner = input.get(..length as usize).unwrap_or_default();
            let (Some(sealer), Some(method)) = (&mut self.sealer, method) else { return 0 };
            match sealer.seal(method, inner, output) {
                Ok(envelope) => word(envelope.len()),
                Err(error) => unreadable(words, error),
            }
        })
    }

    /// Builds the frame on the tape, which says nothing of its sender, and seals it: the length of the
    /// envelope, or 0 for an error.
    pub fn build(&mut self) -> u32 {
        self.build_and_seal(|record, serial, text| build::write(record, Some(serial), text))
    }

    /// The same of a PUSH of data points as JSON.
    pub fn build_points(&mut self, points: &str) -> u32 {
        self.build_and_seal(|record, serial, text| write_points(record, Some(serial), points, text))
    }

    /// The counter of the next envelope.
    pub fn counter(&self) -> f64 {
        self.sealer.as_ref().map_or(0.0, |sealer| sealer.counter().next() as f64)
    }

    /// Makes sure that so many counters can be used; what is to be stored before they are.
    pub fn reserve(&mut self, count: u32) -> f64 {
        self.sealer.as_mut().map_or(0.0, |sealer| sealer.reserve(count) as f64)
    }
}

impl Sealer {
    fn build_and_seal(
        &mut self,
        write: impl for<'t> FnOnce(Record<'_>, &str, &'t mut [u8]) -> Result<&'t [u8], BuildError>,
    ) -> u32 {
        with(|lanes| {
            let Lanes { input, output, words, reals, noted, .. } = lanes;
            let Some(sealer) = &mut self.sealer else { return 0 };
            let record = Record::new(input, words, reals, noted);
            let method = match record.kind() {
                PUSH | RAW => InnerMethod::Push,
                PULL => InnerMethod::Pull,
                PING => InnerMethod::Ping,
                _ => InnerMethod::Ack,
            };
            let (front, back) = output.split_at_mut(OUTPUT as usize / 2);
            let sealed = write(record, sealer.serial(), back).and_then(|text| {
                let sealed = sealer.seal_built(method, text, front);
                sealed.map_err(|error| BuildError { kind: error.kind, point: None, field: None })
            });
            match sealed {
                Ok(envelope) => word(envelope.len()),
                Err(error) => unbuilt(words, error),
            }
        })
    }

    /// What seals, for a session that has it from now on.
    pub fn take(self) -> Option<CoreSealer> {
        self.sealer
    }
}

fn make_sealer(
    lanes: &Lanes<'_>,
    layout: u32,
    cipher: u32,
    key: Option<u32>,
    [token, serial]: [u32; 2],
) -> Result<CoreSealer, Error> {
    let (layout, cipher) = (layout_of(layout), cipher_of(cipher)?);
    let given = Given::new(lanes, key, token, serial)?;
    let next = lanes.reals.first().copied().unwrap_or_default() as u64;
    let (key, serial) = (given.key(cipher), given.serial);
    cipher.check_key(key)?;
    let hash = Hash::from_hex(given.token);
    let hash = hash.map_or_else(|| Ok(layout.auth(&Token::new(given.token)?)), Ok)?;
    CoreSealer::with_hash(layout, cipher, key, hash, serial, next)?.with_engine(key, host)
}

/// What keys are made of: that which was given, or that which token and serial give.
struct Given<'l> {
    key: &'l [u8],
    derived: Option<DerivedKey>,
    token: &'l str,
    serial: &'l str,
}

impl<'l> Given<'l> {
    fn new(
        lanes: &'l Lanes<'_>,
        key: Option<u32>,
        token: u32,
        serial: u32,
    ) -> Result<Given<'l>, Error> {
        let key_end = key.unwrap_or_default();
        let token_text = text(lanes, key_end, key_end + token)?;
        let serial = text(lanes, key_end + token, key_end + token + serial)?;
        let derived = match key {
            Some(_) => None,
            None => Some(Token::new(token_text)?.derive_key(serial)),
        };
        let key = lanes.input.get(..key_end as usize).unwrap_or_default();
        Ok(Given { key, derived, token: token_text, serial })
    }

    fn key(&self, cipher: Cipher) -> &[u8] {
        self.derived.as_ref().map_or(self.key, |derived| derived.for_cipher(cipher))
    }
}

/// A side that opens.
#[wasm_bindgen]
pub struct Opener {
    opener: Option<Rc<CoreOpener>>,
}

#[wasm_bindgen]
impl Opener {
    /// The input has the key, the token, and the serial, of these lengths; without a key it is the one
    /// that the others give. An empty serial takes every one.
    #[wasm_bindgen(constructor)]
    pub fn new(cipher: u32, key: Option<u32>, token: u32, serial: u32) -> Opener {
        let opener = with(|lanes| {
            let made = cipher_of(cipher).and_then(|cipher| {
                let given = Given::new(lanes, key, token, serial)?;
                let serial = Some(given.serial).filter(|serial| !serial.is_empty());
                let key = given.key(cipher);
                CoreOpener::new(cipher, key, serial)?.with_engine(key, host)
            });
            made.map_err(|error| unreadable(lanes.words, error))
        });
        Opener { opener: opener.ok().map(Rc::new) }
    }

    /// Whether it can be used.
    pub fn is_valid(&self) -> bool {
        self.opener.is_some()
    }

    /// Opens the envelope that is the input; its text becomes output and the result its length plus
    /// one, or 0 for an error. The words say what `header` says.
    pub fn open(&self, layout: u32, length: u32) -> u32 {
        with(|lanes| {
            let Lanes { input, output, words, side, .. } = lanes;
            let envelope = input.get_mut(..length as usize).unwrap_or_default();
            let Some(opener) = &self.opener else { return 0 };
            match opener.open(layout_of(layout), envelope) {
                Ok(opened) => tell_opened(output, words, side, &opened),
                Err(error) => unreadable(words, error),
            }
        })
    }

    /// The same once more, for `open_with`.
    pub fn share(&self) -> Opener {
        Opener { opener: self.opener.clone() }
    }
}

#[wasm_bindgen]
extern "C" {
    /// Who knows keys.
    pub type Candidates;

    /// An opener that may fit the header that `header` would tell of: they are asked for in turn, from
    /// 0 on as long as there are more.
    #[wasm_bindgen(method, structural)]
    fn find(this: &Candidates, nth: u32) -> Option<Opener>;
}

/// Opens the envelope that is the input with one of several keys, in any of these layouts, as
/// `Opener::open`; the fifth word is the layout then, and the sixth the number of the opener.
#[wasm_bindgen]
pub fn open_with(layouts: &[u8], length: u32, candidates: &Candidates) -> u32 {
    let layouts: Vec<Layout> = layouts.iter().map(|number| layout_of((*number).into())).collect();
    // Who looks keys up may use the input for other things.
    let mut envelope =
        with(|lanes| lanes.input.get(..length as usize).unwrap_or_default().to_vec());
    let opened = tipwire::open_with(&mut envelope, &layouts, |header| {
        with(|lanes| describe_header(lanes.words, lanes.side, header));
        (0..).map_while(|nth| candidates.find(nth)).filter_map(|found| found.opener)
    });
    with(|lanes| match &opened {
        Ok(opened) => {
            let Lanes { output, words, side, .. } = lanes;
            let layout = Layout::ALL.iter().position(|layout| *layout == opened.header.layout);
            let parts = [layout.unwrap_or_default(), opened.candidate].map(word);
            words.iter_mut().skip(4).zip(parts).for_each(|(place, part)| *place = part);
            tell_opened(output, words, side, opened)
        }
        Err(error) => unreadable(lanes.words, *error),
    })
}

/// Leaves what was opened; how long its text is, plus one.
fn tell_opened(
    output: &mut [u8],
    words: &mut [u32],
    side: &mut String,
    opened: &Opened<'_>,
) -> u32 {
    let text = opened.as_bytes();
    output.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
    describe_header(words, side, &opened.header);
    word(text.len()) + 1
}

/// Reads the header of the envelope that is the input, without a key. The words are the numbers of
/// the cipher and of the method, the counter, and the length of the device's hash; the side text is
/// the authorization and the device, in hex.
#[wasm_bindgen]
pub fn header(layout: u32, length: u32) -> u32 {
    with(|lanes| {
        let envelope = lanes.input.get(..length as usize).unwrap_or_default();
        match Header::parse(layout_of(layout), envelope) {
            Ok(header) => {
                describe_header(lanes.words, lanes.side, &header);
                1
            }
            Err(error) => unreadable(lanes.words, error),
        }
    })
}

fn describe_header(words: &mut [u32], side: &mut String, header: &Header) {
    let method = InnerMethod::ALL.iter().position(|method| *method == header.method);
    side.clear();
    side.push_str(header.auth.as_hex().as_str());
    for byte in header.device() {
        for digit in [byte >> 4, byte & 15] {
            side.extend(char::from_digit(digit.into(), 16));
        }
    }
    let parts = [
        header.cipher.id().into(),
        word(method.unwrap_or_default()),
        header.counter,
        word(side.len()),
    ];
    tell(words, parts);
}

/// Whether the envelope that is the input is of this serial, which follows it.
#[wasm_bindgen]
pub fn is_of(layout: u32, length: u32, serial: u32) -> bool {
    with(|lanes| {
        let envelope = lanes.input.get(..length as usize).unwrap_or_default();
        let header = Header::parse(layout_of(layout), envelope);
        let serial = text(lanes, length, length + serial);
        header.is_ok_and(|header| serial.is_ok_and(|serial| header.is_of(serial)))
    })
}

/// Whether the message that is the input is an answer in plaintext.
#[wasm_bindgen]
pub fn is_plaintext(length: u32) -> bool {
    with(|lanes| {
        let message = lanes.input.get(..length as usize).unwrap_or_default();
        tipwire::plaintext_answer(message).is_some()
    })
}

/// The answer to a request that has an error of this kind, as output; its length, or 0 if it is none.
#[wasm_bindgen]
pub fn reply_to(kind: u32, seq: Option<u32>) -> u32 {
    with(|lanes| {
        let kind = u8::try_from(kind).ok().and_then(Kind::from_number);
        let Some(kind) = kind else { return 0 };
        let mut reply = Error { kind, at: 0 }.reply(&mut *lanes.output);
        if let Some(seq) = seq {
            reply.seq(seq);
        }
        reply.finish().map_or(0, |answer| word(answer.len()))
    })
}

pub fn layout_of(number: u32) -> Layout {
    Layout::ALL.get(number as usize).copied().unwrap_or(Layout::Current)
}

fn cipher_of(number: u32) -> Result<Cipher, Error> {
    let cipher = u8::try_from(number).ok().and_then(Cipher::from_id);
    cipher.ok_or(Error { kind: Kind::Cipher, at: 0 })
}
