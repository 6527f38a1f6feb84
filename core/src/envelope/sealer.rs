//! Sealing: a key, what its device's headers say, and a counter.

use core::fmt;

use crate::credentials::{Hash, Token};
#[cfg(feature = "engine")]
use crate::envelope::engine::Work;
use crate::envelope::{Cipher, Counter, Header, InnerMethod, Layout, Opener, refuse};
use crate::error::{BuildError, Error, Kind};
use crate::frame::{Ack, Frame, Ping, Pull, Push, Reply, Slice};
use crate::limits::MAX_FRAME;

/// Seals what a device sends, or what a server answers to it. It holds the key expanded, and wipes
/// it when dropped; it owns the counter, so that no number is used twice.
///
/// Frames are built and sealed in the same buffer:
///
/// ```
/// use tipwire::{Cipher, Layout, Sealer, Token};
///
/// let token = Token::new("ate2bd319014b24e0a8aca9f00aea4c0d0")?;
/// let key = [7; 16];
/// let next = 42; // as stored
/// let mut sealer =
///     Sealer::new(Layout::Current, Cipher::Aes128Ccm, &key, &token, "sensor-01", next)?;
///
/// let mut buffer = [0; 128];
/// let envelope = sealer.push(&mut buffer, |push| {
///     push.number("temperature", 32).unit("C");
/// })?;
/// assert_eq!(envelope[..5], [0x00, 0, 0, 0, 42]);
/// assert_eq!(envelope.len(), 21 + "sensor-01|[temperature:=32#C]".len() + 8);
/// assert_eq!(sealer.counter().next(), 43);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sealer {
    opener: Opener,
    layout: Layout,
    auth: Hash,
    counter: Counter,
}

impl Sealer {
    /// Sets a key up for one device, to go on with the counter `next`: 0 with a new key.
    ///
    /// A number must never be used twice under one key: see [`Counter`] for what to store.
    #[inline(always)]
    pub fn new(
        layout: Layout,
        cipher: Cipher,
        key: &[u8],
        token: &Token,
        serial: &str,
        next: u64,
    ) -> Result<Sealer, Error> {
        Sealer::with_hash(layout, cipher, key, layout.auth(token), serial, next)
    }

    /// The same where the authorization hash is known instead of the token, as to a server that
    /// answers: it stands in the [`Header`].
    #[inline(always)]
    pub fn with_hash(
        layout: Layout,
        cipher: Cipher,
        key: &[u8],
        auth: Hash,
        serial: &str,
        next: u64,
    ) -> Result<Sealer, Error> {
        let opener = Opener::new(cipher, key, Some(serial))?;
        Ok(Sealer { opener, layout, auth, counter: Counter::resume(next) })
    }

    /// The same, but what `work` takes is done by it: see [`Opener::with_engine`].
    #[cfg(feature = "engine")]
    pub fn with_engine(mut self, key: &[u8], work: Work) -> Result<Sealer, Error> {
        self.opener = self.opener.with_engine(key, work)?;
        Ok(self)
    }

    /// The numbers that are left.
    pub fn counter(&self) -> &Counter {
        &self.counter
    }

    /// Reserves the next `count` numbers, and gives the number to store before any of them is used:
    /// see [`Counter::reserve`].
    pub fn reserve(&mut self, count: u32) -> u64 {
        self.counter.reserve(count)
    }

    /// What opens envelopes to this device: it shares the key.
    pub fn opener(&self) -> &Opener {
        &self.opener
    }

    /// The layout of the headers.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The authorization hash, as it stands in the headers.
    pub fn auth(&self) -> Hash {
        self.auth
    }

    /// How many bytes an envelope has before the text inside.
    pub fn header_len(&self) -> usize {
        self.layout.header_len()
    }

    /// How many bytes an envelope has beside the text inside.
    pub fn overhead(&self) -> usize {
        self.header_len() + self.opener.cipher().tag_len()
    }

    /// Seals a text: the inner frame of an uplink of this device, or an answer to it.
    pub fn seal<'b>(
        &mut self,
        method: InnerMethod,
        text: &[u8],
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], Error> {
        self.check(method, text)?;
        self.copy_and_seal(method, text, buffer)
    }

    /// Seals a text that was built, or parsed, before: it is not read once more, but for its serial.
    /// Whoever opens it is told that it is authentic, and then finds out whether it is a frame.
    ///
    /// ```
    /// # use tipwire::{Cipher, InnerMethod, Layout, Push, Sealer, Token};
    /// # let token = Token::new("ate2bd319014b24e0a8aca9f00aea4c0d0")?;
    /// # let mut sealer = Sealer::new(Layout::Current, Cipher::Aes128Ccm, &[7; 16], &token, "sensor-01", 0)?;
    /// let (mut text, mut buffer) = ([0; 64], [0; 128]);
    /// let mut push = Push::inner(&mut text, "sensor-01");
    /// push.number("temperature", 32);
    /// let text = push.finish()?;
    /// let envelope = sealer.seal_built(InnerMethod::Push, text, &mut buffer)?;
    /// # assert_eq!(envelope.len(), sealer.overhead() + text.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seal_built<'b>(
        &mut self,
        method: InnerMethod,
        text: &[u8],
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], Error> {
        self.check_built(method, text)?;
        self.copy_and_seal(method, text, buffer)
    }

    /// Seals a text of `length` bytes that stands in the buffer already, after
    /// [`header_len`](Sealer::header_len) bytes.
    pub fn seal_in_place<'b>(
        &mut self,
        method: InnerMethod,
        buffer: &'b mut [u8],
        length: usize,
    ) -> Result<&'b [u8], Error> {
        self.check(method, self.text_in(buffer, length)?)?;
        self.seal_checked(method, buffer, length)
    }

    /// Both: a text that was built, or parsed, where it stands in the buffer.
    pub fn seal_built_in_place<'b>(
        &mut self,
        method: InnerMethod,
        buffer: &'b mut [u8],
        length: usize,
    ) -> Result<&'b [u8], Error> {
        self.check_built(method, self.text_in(buffer, length)?)?;
        self.seal_checked(method, buffer, length)
    }

    /// Builds a PUSH and seals it.
    pub fn push<'b>(
        &mut self,
        buffer: &'b mut [u8],
        write: impl FnOnce(&mut Push<Slice<'_>>),
    ) -> Result<&'b [u8], BuildError> {
        self.build(InnerMethod::Push, buffer, |text, serial| {
            let mut push = Push::inner(text, serial);
            write(&mut push);
            push.finish()
        })
    }

    /// Builds a PULL and seals it.
    pub fn pull<'b>(
        &mut self,
        buffer: &'b mut [u8],
        write: impl FnOnce(&mut Pull<Slice<'_>>),
    ) -> Result<&'b [u8], BuildError> {
        self.build(InnerMethod::Pull, buffer, |text, serial| {
            let mut pull = Pull::inner(text, serial);
            write(&mut pull);
            pull.finish()
        })
    }

    /// Seals a PING.
    pub fn ping<'b>(&mut self, buffer: &'b mut [u8]) -> Result<&'b [u8], BuildError> {
        self.build(InnerMethod::Ping, buffer, |text, serial| Ping::inner(text, serial).finish())
    }

    /// Builds an answer and seals it.
    pub fn ack<'b>(
        &mut self,
        buffer: &'b mut [u8],
        write: impl FnOnce(&mut Reply<Slice<'_>>),
    ) -> Result<&'b [u8], BuildError> {
        self.build(InnerMethod::Ack, buffer, |text, _| {
            let mut reply = Reply::inner(text);
            write(&mut reply);
            reply.finish()
        })
    }

    /// Builds an answer that is `OK` and a list of variables, and seals it.
    pub fn ack_variables<'b>(
        &mut self,
        buffer: &'b mut [u8],
        write: impl FnOnce(&mut Push<Slice<'_>>),
    ) -> Result<&'b [u8], BuildError> {
        self.build(InnerMethod::Ack, buffer, |text, _| {
            let mut list = Reply::inner(text).variables();
            write(&mut list);
            list.finish()
        })
    }

    fn build<'b>(
        &mut self,
        method: InnerMethod,
        buffer: &'b mut [u8],
        write: impl for<'t> FnOnce(&'t mut [u8], &str) -> Result<&'t [u8], BuildError>,
    ) -> Result<&'b [u8], BuildError> {
        let of = |error: Error| BuildError::of(error.kind);
        self.check_flags(method).map_err(of)?;
        let end = buffer.len().saturating_sub(self.opener.cipher().tag_len());
        let text = buffer.get_mut(self.header_len()..end).ok_or(BuildError::of(Kind::Buffer))?;
        let length = write(text, self.serial())?.len();
        self.seal_checked(method, buffer, length).map_err(of)
    }

    /// The serial of the device whose envelopes it seals.
    pub fn serial(&self) -> &str {
        core::str::from_utf8(self.serial_bytes()).unwrap_or_default()
    }

    #[doc(hidden)]
    pub fn serial_bytes(&self) -> &[u8] {
        self.opener.device().map_or(&[], |device| device.serial())
    }

    /// Some flags would make an envelope look like an answer in plaintext.
    fn check_flags(&self, method: InnerMethod) -> Result<(), Error> {
        match (self.opener.cipher(), method) {
            (Cipher::Aes256Ccm, InnerMethod::Pull) => Err(refuse(Kind::ForbiddenFlags)),
            _ => Ok(()),
        }
    }

    fn check_size(&self, method: InnerMethod, text: &[u8]) -> Result<(), Error> {
        self.check_flags(method)?;
        if text.len() > MAX_FRAME {
            return Err(refuse(Kind::EnvelopeTooLarge));
        }
        Ok(())
    }

    /// Whether this text can be sealed.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn check(&self, method: InnerMethod, text: &[u8]) -> Result<(), Error> {
        self.check_size(method, text)?;
        match method.uplink() {
            Some(method) => Frame::check_inner(method, text)?,
            None => Ack::parse_inner(text).map(drop)?,
        }
        self.check_serial(method, text)
    }

    /// Whether a text can be sealed that was built, or parsed, before.
    fn check_built(&self, method: InnerMethod, text: &[u8]) -> Result<(), Error> {
        self.check_size(method, text)?;
        self.check_serial(method, text)
    }

    fn check_serial(&self, method: InnerMethod, text: &[u8]) -> Result<(), Error> {
        if method != InnerMethod::Ack && !self.opener.device().is_some_and(|it| it.is_of(text)) {
            return Err(refuse(Kind::OtherSerial));
        }
        Ok(())
    }

    fn text_in<'b>(&self, buffer: &'b [u8], length: usize) -> Result<&'b [u8], Error> {
        let text = buffer.get(self.header_len()..).and_then(|rest| rest.get(..length));
        text.ok_or(refuse(Kind::Buffer))
    }

    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn copy_and_seal<'b>(
        &mut self,
        method: InnerMethod,
        text: &[u8],
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], Error> {
        let end = self.header_len() + text.len();
        let target = buffer.get_mut(self.header_len()..end).ok_or(refuse(Kind::Buffer))?;
        target.copy_from_slice(text);
        self.seal_checked(method, buffer, text.len())
    }

    /// Seals a text that was checked, or built.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn seal_checked<'b>(
        &mut self,
        method: InnerMethod,
        buffer: &'b mut [u8],
        length: usize,
    ) -> Result<&'b [u8], Error> {
        let envelope = buffer.get_mut(..self.overhead() + length).ok_or(refuse(Kind::Buffer))?;
        let device = self.opener.device().ok_or(refuse(Kind::Serial))?;
        let counter = self.counter.take().map_err(refuse)?;
        let cipher = self.opener.cipher();
        let header = Header::new(self.layout, cipher, method, counter, self.auth, device.hash);
        if let (Some(target), Some(bytes)) =
            (envelope.get_mut(..self.header_len()), header.bytes().get(..self.header_len()))
        {
            target.copy_from_slice(bytes);
        }
        self.opener.suite().seal(&header, envelope)?;
        Ok(envelope)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({}, {:?}, …)", self.opener.cipher(), self.counter)
    }
}
