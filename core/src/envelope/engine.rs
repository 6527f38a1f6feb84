//! Ciphers that somebody else works out, such as the hardware of a board or the host of a module.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::envelope::Cipher;
use crate::envelope::cipher::{Direction, Message};

/// What is to be done with one envelope.
pub struct Task<'m> {
    /// By which cipher.
    pub cipher: Cipher,
    /// Whether the text is to be encrypted and the tag written. Else the tag is to be checked and the
    /// text decrypted: with a wrong tag it stays as it is.
    pub seals: bool,
    /// The key, as it was given.
    pub key: &'m [u8],
    /// The nonce.
    pub nonce: &'m [u8],
    /// What is authenticated and not encrypted.
    pub header: &'m [u8],
    /// What is encrypted, or decrypted, in place.
    pub text: &'m mut [u8],
    /// The tag.
    pub tag: &'m mut [u8],
}

/// Does a task; whether the tag was right, or `None` where this crate is to do it, to which the text
/// must be left as it was.
pub type Work = fn(Task<'_>) -> Option<bool>;

/// Somebody who does tasks, and the key for them.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(super) struct Engine {
    key: [u8; 32],
    #[zeroize(skip)]
    work: Work,
}

impl Engine {
    /// Of a key that was checked.
    pub(super) fn new(key: &[u8], work: Work) -> Engine {
        let mut engine = Engine { key: [0; 32], work };
        engine.key.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        engine
    }

    pub(super) fn work(
        &self,
        cipher: Cipher,
        direction: Direction,
        message: &mut Message<'_>,
    ) -> Option<bool> {
        let Message { nonce, header, text, tag } = message;
        let block = nonce.block.to_be_bytes();
        let nonce = block.get(..nonce.length).unwrap_or_default();
        let key = self.key.get(..cipher.key_len()).unwrap_or_default();
        let seals = matches!(direction, Direction::Encrypt);
        (self.work)(Task { cipher, seals, key, nonce, header, text, tag })
    }
}
