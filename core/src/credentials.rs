//! Tokens, and what is made of them: authorization hashes, device hashes, derived keys.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::cursor::{HEX, is};
use crate::encoding;
use crate::envelope::Cipher;
use crate::error::{Error, Kind};
use crate::limits::{HASH_DIGITS, TOKEN_DIGITS};

/// A device's token: `at` and 32 hex digits. A secret: it is wiped when dropped and never shown.
///
/// ```
/// use tipwire::{Token, device_hash};
///
/// let token = Token::new("ate2bd319014b24e0a8aca9f00aea4c0d0")?;
/// assert_eq!(token.hash().as_hex().as_str(), "4deedd7bab8817ec");
/// assert_eq!(token.first_revision_hash().as_hex().as_str(), "594c629b79cdfb54");
/// assert_eq!(device_hash("sensor-01").as_hex().as_str(), "ab7788d22eb7372f");
/// assert_eq!(token.derive_key("sensor-01").bytes()[..2], [0xe5, 0x05]);
/// assert_eq!(format!("{token:?}"), "Token(…)");
/// # Ok::<(), tipwire::Error>(())
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Token([u8; 2 + TOKEN_DIGITS]);

impl Token {
    /// The token that `text` is.
    pub fn new(text: &str) -> Result<Token, Error> {
        let wrong = |(at, byte): (usize, u8)| match at {
            0 => byte != b'a',
            1 => byte != b't',
            _ => at >= 2 + TOKEN_DIGITS || !is(byte, HEX),
        };
        let at = text.bytes().enumerate().position(wrong).unwrap_or(text.len());
        text.as_bytes()
            .try_into()
            .ok()
            .filter(|_| at == text.len())
            .map(Token)
            .ok_or(Error::new(Kind::Token, at))
    }

    /// The text without `at`.
    fn digits(&self) -> &[u8] {
        self.0.get(2..).unwrap_or_default()
    }

    /// The authorization hash of the current revisions.
    pub fn hash(&self) -> Hash {
        Hash::of(self.digits())
    }

    /// The authorization hash of the first revision, which is of the whole token.
    pub fn first_revision_hash(&self) -> Hash {
        Hash::of(&self.0)
    }

    /// The key that may be derived for a device instead of being chosen: all 32 bytes or the first
    /// 16, [as the cipher wants](DerivedKey::for_cipher).
    pub fn derive_key(&self, serial: &str) -> DerivedKey {
        // HMAC takes keys of any length: there is no error to handle.
        let mut key = [0; 32];
        if let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(self.digits()) {
            hmac.update(serial.as_bytes());
            let mut bytes = hmac.finalize().into_bytes();
            key.copy_from_slice(&bytes);
            bytes.zeroize();
        }
        DerivedKey(key)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A key derived from a token. A secret: it is wiped when dropped and never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DerivedKey([u8; 32]);

impl DerivedKey {
    /// The bytes of the key.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As many of them as a key of this cipher has.
    pub fn for_cipher(&self, cipher: Cipher) -> &[u8] {
        self.0.get(..cipher.key_len()).unwrap_or(&self.0)
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKey(…)")
    }
}

/// The first 8 bytes of a SHA-256: what stands for a token or a serial in headers and AUTH fields.
/// Compared in constant time.
#[derive(Clone, Copy)]
pub struct Hash([u8; 8]);

/// The hash of a serial, which envelopes name their device by. Short layouts use 4 bytes of it.
pub fn device_hash(serial: &str) -> Hash {
    Hash::of(serial.as_bytes())
}

impl Hash {
    pub(crate) fn of(data: &[u8]) -> Hash {
        let digest = Sha256::digest(data);
        let mut hash = [0; 8];
        for (byte, full) in hash.iter_mut().zip(digest) {
            *byte = full;
        }
        Hash(hash)
    }

    /// A hash from its bytes.
    pub const fn from_bytes(bytes: [u8; 8]) -> Hash {
        Hash(bytes)
    }

    /// A hash from 16 hex digits.
    pub fn from_hex(text: &str) -> Option<Hash> {
        let mut bytes = [0; 8];
        let length = encoding::decode_hex(text.as_bytes(), &mut bytes).ok()?.len();
        (length == bytes.len()).then_some(Hash(bytes))
    }

    /// The hash that stands in an AUTH field, or that of the token that stands there.
    ///
    /// ```
    /// let of_token = tipwire::Hash::from_auth("ate2bd319014b24e0a8aca9f00aea4c0d0");
    /// assert_eq!(of_token, tipwire::Hash::from_auth("4deedd7bab8817ec"));
    /// ```
    pub fn from_auth(auth: &str) -> Option<Hash> {
        match Token::new(auth) {
            Ok(token) => Some(token.hash()),
            Err(_) => Hash::from_hex(auth),
        }
    }

    /// The bytes.
    pub const fn bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// 16 lower-case hex digits, as AUTH has them.
    pub fn as_hex(&self) -> HashText {
        let mut text = [0; HASH_DIGITS];
        for (pair, byte) in text.chunks_mut(2).zip(self.0) {
            pair.copy_from_slice(&encoding::hex(byte).map(|digit| digit.to_ascii_lowercase()));
        }
        HashText(text)
    }
}

impl PartialEq for Hash {
    fn eq(&self, other: &Hash) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Hash {}

impl core::hash::Hash for Hash {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_hex().as_str())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// A [`Hash`](struct@Hash) as text, without allocation.
#[derive(Clone, Copy)]
pub struct HashText([u8; HASH_DIGITS]);

impl HashText {
    /// The 16 digits, as bytes.
    pub const fn as_bytes(&self) -> &[u8; HASH_DIGITS] {
        &self.0
    }

    /// The 16 digits.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl AsRef<str> for HashText {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}
