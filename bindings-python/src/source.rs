//! What Python calls bytes.

use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBytes, PyString};

/// Bytes that stay: those of a Python object that cannot change, or a copy.
pub enum Source {
    Bytes(PyBackedBytes),
    Text(PyBackedStr),
    Copy(Box<[u8]>),
}

impl Source {
    pub fn bytes(&self) -> &[u8] {
        match self {
            Source::Bytes(bytes) => bytes,
            Source::Text(text) => text.as_bytes(),
            Source::Copy(bytes) => bytes,
        }
    }
}

/// `bytes` and `str` are held, anything else with a buffer is copied.
impl<'py> FromPyObject<'_, 'py> for Source {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Source> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Source::Bytes(bytes.to_owned().into()));
        }
        if let Ok(text) = object.cast::<PyString>() {
            // A lone surrogate is no text: its bytes are for the reader to refuse.
            return match text.to_owned().try_into() {
                Ok(text) => Ok(Source::Text(text)),
                Err(_) => {
                    let bytes = text.call_method1("encode", ("utf-8", "surrogatepass"))?;
                    Ok(Source::Bytes(bytes.cast::<PyBytes>()?.to_owned().into()))
                }
            };
        }
        let buffer = PyBuffer::<u8>::get(&object)?;
        Ok(Source::Copy(buffer.to_vec(object.py())?.into()))
    }
}
