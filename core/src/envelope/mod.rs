//! TagoTiP/S envelopes: [`Sealer`] makes them, [`Opener`] opens them, in place in the caller's
//! buffer. The bytes are told in `docs/spec/tagotips.md`.

mod block;
#[cfg(any(feature = "aes-128-ccm", feature = "aes-256-ccm"))]
mod ccm;
#[cfg(feature = "chacha20-poly1305")]
mod chacha;
mod cipher;
mod counter;
#[cfg(feature = "engine")]
mod engine;
#[cfg(any(feature = "aes-128-gcm", feature = "aes-256-gcm"))]
mod gcm;
mod header;
mod inner;
mod opener;
#[cfg(any(
    feature = "aes-128-ccm",
    feature = "aes-128-gcm",
    feature = "aes-256-ccm",
    feature = "aes-256-gcm",
))]
mod pass;
#[cfg(feature = "chacha20-poly1305")]
mod poly1305;
mod sealer;

pub use cipher::Cipher;
pub use counter::Counter;
#[cfg(feature = "engine")]
pub use engine::{Task, Work};
pub use header::{Header, Layout};
pub use inner::{Inner, InnerMethod};
pub use opener::{Opened, Opener, open_with};
pub use sealer::Sealer;

use crate::error::{Error, Kind};
use crate::frame::Ack;

/// The first byte of a plaintext answer, which no envelope begins with.
const PLAINTEXT: u8 = b'A';

/// The answer in plaintext that a server falls back to where it cannot open or seal, if this is
/// one. Nothing vouches for it: it can only be a hint. [`Error::reply`] writes them.
///
/// ```
/// let fallback = tipwire::plaintext_answer(b"ACK|ERR|auth_failed").expect("no envelope")?;
/// assert_eq!(fallback.code(), Some(tipwire::Code::AuthFailed));
/// assert!(tipwire::plaintext_answer(&[0x00, 0, 0, 0, 42]).is_none());
/// # Ok::<(), tipwire::Error>(())
/// ```
pub fn plaintext_answer(bytes: &[u8]) -> Option<Result<Ack<'_>, Error>> {
    (bytes.first() == Some(&PLAINTEXT)).then(|| Ack::parse(bytes))
}

/// An error of an envelope as a whole.
fn refuse(kind: Kind) -> Error {
    Error::new(kind, 0)
}
