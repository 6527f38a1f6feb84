//! What sessions ask their owner for: keys and counters.

use super::event::Device;
use super::sequence::Sequence;
use crate::envelope::{Header, Sealer};

/// What a server knows of devices: supplied by the caller, asked while requests are read and
/// answered.
///
/// `()` knows nothing: no counters are enforced, and no envelope can be opened.
pub trait Devices {
    /// The counter of this device; `None` if it is not enforced.
    ///
    /// Where it is, a text frame without a counter is an `invalid_seq` too. The number counts as used
    /// as soon as the request is handed out: keep it in one transaction with what is stored, and
    /// [take it back](Sequence::retract) before refusing what could not be stored. A device takes an
    /// `invalid_seq` to what it sends again for "this was stored".
    ///
    /// Anybody can write a name into a text frame: give the counter only to who has the
    /// authorization.
    fn sequence(&mut self, device: Device<'_>) -> Option<&mut Sequence> {
        let _ = device;
        None
    }

    /// The keys that an envelope with this header may have been sealed with: the first, the second,
    /// and so on, until there is none. Each with a name of the caller's choice.
    fn key(&self, header: &Header, nth: usize) -> Option<(usize, &Sealer)> {
        let _ = (header, nth);
        None
    }

    /// The key of this name, to seal an answer with.
    fn sealer(&mut self, name: usize) -> Option<&mut Sealer> {
        let _ = name;
        None
    }
}

impl Devices for () {}

/// What a client seals with: `()` for text, a [`Sealer`] for TagoTiP/S, or either of them, as an
/// `Option`, and borrowed.
pub trait Keys {
    /// What seals, if anything does.
    fn sealer(&self) -> Option<&Sealer>;

    /// The same, to be used.
    fn sealer_mut(&mut self) -> Option<&mut Sealer>;
}

impl Keys for () {
    fn sealer(&self) -> Option<&Sealer> {
        None
    }

    fn sealer_mut(&mut self) -> Option<&mut Sealer> {
        None
    }
}

impl Keys for Sealer {
    fn sealer(&self) -> Option<&Sealer> {
        Some(self)
    }

    fn sealer_mut(&mut self) -> Option<&mut Sealer> {
        Some(self)
    }
}

impl<K: Keys> Keys for Option<K> {
    fn sealer(&self) -> Option<&Sealer> {
        self.as_ref().and_then(K::sealer)
    }

    fn sealer_mut(&mut self) -> Option<&mut Sealer> {
        self.as_mut().and_then(K::sealer_mut)
    }
}

impl<K: Keys> Keys for &mut K {
    fn sealer(&self) -> Option<&Sealer> {
        (**self).sealer()
    }

    fn sealer_mut(&mut self) -> Option<&mut Sealer> {
        (**self).sealer_mut()
    }
}
