//! Cutting streams into messages.

use std::sync::Mutex;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use tipwire::stream::{Any, Order, Settings};

use crate::errors;
use crate::lock::lock;
use crate::source::Source;

/// Cuts a byte stream into messages, the same ones however it was chunked.
///
/// ``rule`` is ``lines``, ``delimiter``, ``length_field``, ``length_prefixed``, ``json``,
/// ``packets`` or ``tagotip``. Settings that can never work raise :class:`StreamError`.
#[pyclass(frozen, module = "tipwire")]
pub struct Splitter(Mutex<tipwire::stream::Splitter<Any, Vec<u8>>>);

impl Splitter {
    fn with<T>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut tipwire::stream::Splitter<Any, Vec<u8>>) -> T,
    ) -> T {
        work(&mut lock(py, &self.0))
    }
}

#[pymethods]
impl Splitter {
    #[new]
    #[pyo3(signature = (
        rule, *, max=None, strip=None, delimiters=None, order=None, offset=None, length=None,
        adjustment=None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments")]
    fn new(
        py: Python<'_>,
        rule: &str,
        max: Option<usize>,
        strip: Option<usize>,
        delimiters: Option<Vec<Source>>,
        order: Option<&str>,
        offset: Option<usize>,
        length: Option<usize>,
        adjustment: Option<i64>,
    ) -> PyResult<Splitter> {
        let order = match order {
            None => None,
            Some("big") => Some(Order::Big),
            Some("little") => Some(Order::Little),
            Some(_) => return Err(PyValueError::new_err("an order is big or little")),
        };
        let delimiters: Option<Vec<&[u8]>> =
            delimiters.as_ref().map(|list| list.iter().map(Source::bytes).collect());
        let delimiters = delimiters.as_deref();
        let settings = Settings { max, strip, delimiters, order, offset, length, adjustment };
        let splitter = Any::new(rule, &settings).and_then(tipwire::stream::Splitter::owned);
        Ok(Splitter(Mutex::new(splitter.map_err(|kind| errors::stream(py, kind))?)))
    }

    /// The messages that are complete now. Errors are among them; none is raised.
    #[pyo3(signature = (data, /))]
    fn feed<'py>(&self, py: Python<'py>, data: Source) -> PyResult<Bound<'py, PyList>> {
        let events = PyList::empty(py);
        self.with(py, |splitter| {
            let mut input = data.bytes();
            while let Some(event) = splitter.next(&mut input) {
                match event {
                    Ok(message) => events.append(PyBytes::new(py, message))?,
                    Err(kind) => events.append(errors::event(py, kind)?)?,
                }
            }
            Ok(events)
        })
    }

    /// How many bytes wait for the rest of their message.
    #[getter]
    fn pending(&self, py: Python<'_>) -> usize {
        self.with(py, |splitter| splitter.pending())
    }

    /// Forgets the stream, but not the settings.
    fn reset(&self, py: Python<'_>) {
        self.with(py, |splitter| splitter.reset());
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("Splitter(…, pending={})", self.pending(py))
    }
}
