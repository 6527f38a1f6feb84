//! Tokens, and what is made of them.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::unreadable;

/// A device's token. A secret: it is wiped in the end and never shown.
#[pyclass(frozen, module = "tipwire")]
pub struct Token(pub tipwire::Token);

#[pymethods]
impl Token {
    #[new]
    fn new(py: Python<'_>, text: &str) -> PyResult<Token> {
        tipwire::Token::new(text).map(Token).map_err(|error| unreadable(py, error, &[]))
    }

    /// The authorization hash that frames carry: 16 hex digits.
    #[getter]
    fn hash(&self) -> String {
        self.0.hash().to_string()
    }

    /// That of the first revision.
    #[getter]
    fn first_revision_hash(&self) -> String {
        self.0.first_revision_hash().to_string()
    }

    /// The key that may be derived for a device instead of being chosen.
    #[pyo3(signature = (serial, length=32))]
    fn derive_key<'py>(
        &self,
        py: Python<'py>,
        serial: &str,
        length: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let key = self.0.derive_key(serial);
        let part = match length {
            16 | 32 => key.bytes().get(..length),
            _ => None,
        };
        let part = part
            .ok_or_else(|| pyo3::exceptions::PyValueError::new_err("a key has 16 or 32 bytes"))?;
        Ok(PyBytes::new(py, part))
    }

    fn __repr__(&self) -> &'static str {
        "Token(…)"
    }
}

/// The hash of a serial that envelopes name their device by: 16 hex digits.
#[pyfunction]
pub fn device_hash(serial: &str) -> String {
    tipwire::device_hash(serial).to_string()
}
