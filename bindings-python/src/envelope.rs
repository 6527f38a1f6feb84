//! TagoTiP/S: sealing and opening.

use std::sync::{Arc, Mutex};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use tipwire::{Cipher, Hash, InnerMethod, Kind, Layout};

use crate::build;
use crate::credentials::Token;
use crate::errors::{sealed, unbuildable};
use crate::frame;
use crate::held::How;
use crate::lock::lock;
use crate::source::Source;

fn cipher(py: Python<'_>, name: &str) -> PyResult<Cipher> {
    Cipher::from_name(name).ok_or_else(|| sealed(py, tipwire::Error { kind: Kind::Cipher, at: 0 }))
}

fn layout(name: &str) -> PyResult<Layout> {
    Layout::from_name(name).ok_or_else(|| PyValueError::new_err("a layout is current or short"))
}

fn method(name: &str) -> PyResult<InnerMethod> {
    let method = InnerMethod::from_name(name);
    method.ok_or_else(|| PyValueError::new_err("a method is PUSH, PULL, PING or ACK"))
}

/// Seals what a device sends, or what a server answers to it. It owns the counter of its key.
#[pyclass(frozen, module = "tipwire")]
pub struct Sealer {
    sealer: Mutex<Option<tipwire::Sealer>>,
}

impl Sealer {
    fn with<T>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut tipwire::Sealer) -> PyResult<T>,
    ) -> PyResult<T> {
        match &mut *lock(py, &self.sealer) {
            Some(sealer) => work(sealer),
            None => Err(PyValueError::new_err("this sealer belongs to a session now")),
        }
    }

    /// Takes the key out, for good: its counter has one owner.
    pub fn take(&self, py: Python<'_>) -> PyResult<tipwire::Sealer> {
        let taken = lock(py, &self.sealer).take();
        taken.ok_or_else(|| PyValueError::new_err("this sealer belongs to a session already"))
    }

    fn seal_text<'py>(
        &self,
        py: Python<'py>,
        method: InnerMethod,
        text: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |sealer| {
            let mut buffer = vec![0; text.len() + sealer.overhead()];
            let envelope = sealer.seal(method, text, &mut buffer);
            Ok(PyBytes::new(py, envelope.map_err(|error| sealed(py, error))?))
        })
    }

    fn serial_text(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |sealer| Ok(sealer.serial().to_owned()))
    }
}

#[pymethods]
impl Sealer {
    #[new]
    #[pyo3(signature = (cipher, key, serial, *, token=None, auth=None, layout="current", counter=0))]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments")]
    fn new(
        py: Python<'_>,
        cipher: &str,
        key: Source,
        serial: &str,
        token: Option<&Bound<'_, Token>>,
        auth: Option<&str>,
        layout: &str,
        counter: u64,
    ) -> PyResult<Sealer> {
        let (cipher, layout) = (self::cipher(py, cipher)?, self::layout(layout)?);
        let hash = match (token, auth) {
            (Some(token), None) => layout.auth(&token.get().0),
            (None, Some(auth)) => {
                let wrong = || PyValueError::new_err("an authorization hash has 16 hex digits");
                Hash::from_hex(auth).ok_or_else(wrong)?
            }
            _ => return Err(PyValueError::new_err("either token or auth is needed")),
        };
        let sealer = tipwire::Sealer::with_hash(layout, cipher, key.bytes(), hash, serial, counter);
        let sealer = sealer.map_err(|error| sealed(py, error))?;
        Ok(Sealer { sealer: Mutex::new(Some(sealer)) })
    }

    /// Seals an inner frame; raises :class:`EnvelopeError`.
    fn seal<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        inner: Source,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.seal_text(py, self::method(method)?, inner.bytes())
    }

    /// Builds a PUSH and seals it.
    #[pyo3(signature = (variables, *, location=None, time=None, group=None, metadata=None))]
    fn push<'py>(
        &self,
        py: Python<'py>,
        variables: &Bound<'_, PyAny>,
        location: Option<&Bound<'_, PyAny>>,
        time: Option<&Bound<'_, PyAny>>,
        group: Option<&str>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let push = build::Writer::inner(String::new(), &self.serial_text(py)?);
        let text = build::fill(py, push, variables, location, time, group, metadata)?;
        self.seal_text(py, InnerMethod::Push, text.as_bytes())
    }

    /// Builds a PULL and seals it.
    fn pull<'py>(
        &self,
        py: Python<'py>,
        names: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let pull = tipwire::Pull::inner(String::new(), &self.serial_text(py)?);
        let text = build::fill_names(py, pull, names)?;
        self.seal_text(py, InnerMethod::Pull, text.as_bytes())
    }

    /// Seals a PING.
    fn ping<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let text = tipwire::Ping::inner(String::new(), &self.serial_text(py)?).finish();
        let text = text.map_err(|error| unbuildable(py, error, None))?;
        self.seal_text(py, InnerMethod::Ping, text.as_bytes())
    }

    /// Builds an answer and seals it.
    #[pyo3(signature = (status="OK", detail=None))]
    fn ack<'py>(
        &self,
        py: Python<'py>,
        status: &str,
        detail: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let text = build::answer(py, tipwire::Reply::inner(String::new()), status, detail)?;
        self.seal_text(py, InnerMethod::Ack, text.as_bytes())
    }

    /// Reserves counters; gives the one to store before any of them is used.
    fn reserve(&self, py: Python<'_>, count: u32) -> PyResult<u64> {
        self.with(py, |sealer| Ok(sealer.reserve(count)))
    }

    /// The next counter: to be stored, so that none is used twice.
    #[getter]
    fn counter(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |sealer| Ok(sealer.counter().next()))
    }

    /// How many counters are left of those reserved, or of all.
    #[getter]
    fn left(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |sealer| Ok(sealer.counter().left()))
    }

    /// The name of the cipher.
    #[getter]
    fn cipher(&self, py: Python<'_>) -> PyResult<&'static str> {
        self.with(py, |sealer| Ok(sealer.opener().cipher().name()))
    }

    /// The layout of the headers.
    #[getter]
    fn layout(&self, py: Python<'_>) -> PyResult<&'static str> {
        self.with(py, |sealer| Ok(sealer.layout().name()))
    }

    /// The device's serial.
    #[getter]
    fn serial(&self, py: Python<'_>) -> PyResult<String> {
        self.serial_text(py)
    }

    /// What opens envelopes of the same key and device.
    fn opener(&self, py: Python<'_>) -> PyResult<Opener> {
        self.with(py, |sealer| Ok(Opener(Arc::new(sealer.opener().clone()))))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |sealer| Ok(format!("Sealer('{}', …)", sealer.opener().cipher())))
    }
}

/// Opens what was sealed with one key: of one device, or of whatever device the header names.
#[pyclass(frozen, module = "tipwire")]
pub struct Opener(Arc<tipwire::Opener>);

#[pymethods]
impl Opener {
    #[new]
    #[pyo3(signature = (cipher, key, serial=None))]
    fn new(py: Python<'_>, cipher: &str, key: Source, serial: Option<&str>) -> PyResult<Opener> {
        let opener = tipwire::Opener::new(self::cipher(py, cipher)?, key.bytes(), serial);
        Ok(Opener(Arc::new(opener.map_err(|error| sealed(py, error))?)))
    }

    /// Opens an envelope; raises :class:`EnvelopeError`.
    #[pyo3(signature = (envelope, layout="current"))]
    fn open(&self, py: Python<'_>, envelope: Source, layout: &str) -> PyResult<Opened> {
        let mut bytes = envelope.bytes().to_vec();
        let opened = self.0.open(self::layout(layout)?, &mut bytes);
        Opened::new(&opened.map_err(|error| sealed(py, error))?)
    }

    /// The name of the cipher.
    #[getter]
    fn cipher(&self) -> &'static str {
        self.0.cipher().name()
    }

    fn __repr__(&self) -> String {
        format!("Opener('{}', …)", self.0.cipher())
    }
}

/// What stands before the ciphertext. Nothing vouches for it until the envelope is opened.
#[pyclass(frozen, module = "tipwire")]
pub struct Header(tipwire::Header);

#[pymethods]
impl Header {
    #[new]
    #[pyo3(signature = (envelope, layout="current"))]
    fn new(py: Python<'_>, envelope: Source, layout: &str) -> PyResult<Header> {
        let header = tipwire::Header::parse(self::layout(layout)?, envelope.bytes());
        header.map(Header).map_err(|error| sealed(py, error))
    }

    /// ``current`` or ``short``.
    #[getter]
    fn layout(&self) -> &'static str {
        self.0.layout.name()
    }

    /// The name of the cipher.
    #[getter]
    fn cipher(&self) -> &'static str {
        self.0.cipher.name()
    }

    /// ``PUSH``, ``PULL``, ``PING`` or ``ACK``.
    #[getter]
    fn method(&self) -> &'static str {
        self.0.method.name()
    }

    /// The counter.
    #[getter]
    fn counter(&self) -> u32 {
        self.0.counter
    }

    /// The authorization hash.
    #[getter]
    fn auth(&self) -> String {
        self.0.auth.to_string()
    }

    /// The hash of the serial: 16 hex digits, of the short layout 8.
    #[getter]
    fn device(&self) -> String {
        self.0.device().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether it names the device of this serial.
    fn is_of(&self, serial: &str) -> bool {
        self.0.is_of(serial)
    }

    fn __repr__(&self) -> String {
        let tipwire::Header { cipher, counter, .. } = self.0;
        let (method, auth) = (self.method(), self.0.auth);
        format!(
            "Header({method}, {cipher}, counter={counter}, auth={auth}, device={})",
            self.device()
        )
    }
}

/// What an envelope was found to hold: authentic, but perhaps no frame.
#[pyclass(frozen, module = "tipwire")]
pub struct Opened {
    header: tipwire::Header,
    text: String,
    /// Which of the candidates opened it.
    #[pyo3(get)]
    candidate: usize,
}

impl Opened {
    fn new(opened: &tipwire::Opened<'_>) -> PyResult<Opened> {
        let text = opened.text().to_owned();
        Ok(Opened { header: opened.header, text, candidate: opened.candidate })
    }
}

#[pymethods]
impl Opened {
    /// The header.
    #[getter]
    fn header(&self) -> Header {
        Header(self.header)
    }

    /// The text inside.
    #[getter]
    fn text(&self) -> &str {
        &self.text
    }

    /// What it is the text of.
    #[getter]
    fn method(&self) -> &'static str {
        self.header.method.name()
    }

    /// The counter: to be checked against the last one.
    #[getter]
    fn counter(&self) -> u32 {
        self.header.counter
    }

    /// Reads the text; raises :class:`FrameError`.
    fn parse(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let text = Source::Copy(self.text.as_bytes().into());
        frame::read(py, How::Inner(self.header.method.uplink()), text)
    }

    fn __repr__(&self) -> String {
        format!("Opened({}, candidate={}, …)", Header(self.header).__repr__(), self.candidate)
    }
}

/// Opens an envelope with one of several keys, in any of ``layouts`` (all).
///
/// ``candidates`` may be a function that looks keys up by the header.
#[pyfunction]
#[pyo3(signature = (envelope, candidates, layouts=None))]
pub fn open_any(
    py: Python<'_>,
    envelope: Source,
    candidates: &Bound<'_, PyAny>,
    layouts: Option<Vec<String>>,
) -> PyResult<Opened> {
    let layouts = match layouts {
        None => Layout::ALL.to_vec(),
        Some(names) => names.iter().map(|name| layout(name)).collect::<PyResult<_>>()?,
    };
    let openers = |list: &Bound<'_, PyAny>| -> PyResult<Vec<Arc<tipwire::Opener>>> {
        let opener =
            |one: PyResult<Bound<'_, PyAny>>| Ok(Arc::clone(&one?.cast::<Opener>()?.get().0));
        list.try_iter()?.map(opener).collect()
    };
    let list = if candidates.is_callable() {
        None
    } else {
        Some(PyList::new(py, candidates.try_iter()?.collect::<PyResult<Vec<_>>>()?)?)
    };
    let mut failure = None;
    let mut bytes = envelope.bytes().to_vec();
    let opened = tipwire::open_with(&mut bytes, &layouts, |header| {
        let found = match &list {
            Some(list) => openers(list),
            None => candidates.call1((Header(*header),)).and_then(|found| openers(&found)),
        };
        found.unwrap_or_else(|error| {
            failure = Some(error);
            Vec::new()
        })
    });
    match (failure, opened) {
        (Some(error), _) => Err(error),
        (None, Ok(opened)) => Opened::new(&opened),
        (None, Err(error)) => Err(sealed(py, error)),
    }
}
