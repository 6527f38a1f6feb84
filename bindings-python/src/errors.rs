//! The exceptions, which `tipwire/errors.py` defines: classes of Python can derive from
//! `ValueError` everywhere.

use pyo3::call::PyCallArgs;
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use tipwire::platform::thingsboard::ConvertError;
use tipwire::{BuildError, Error, Field, Kind};

static FRAME_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static ENVELOPE_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static STREAM_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static BUILD_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static CONVERT_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();

fn raise<'py>(
    py: Python<'py>,
    class: &PyOnceLock<Py<PyType>>,
    name: &str,
    arguments: impl PyCallArgs<'py>,
) -> PyErr {
    let class = class.import(py, "tipwire.errors", name);
    class.and_then(|class| class.call1(arguments)).map_or_else(|error| error, PyErr::from_value)
}

/// Input that cannot be read.
pub fn unreadable(py: Python<'_>, error: Error, input: &[u8]) -> PyErr {
    let message = error.explain(input).to_string();
    let arguments = (message, error.kind.name(), error.code(), error.at);
    raise(py, &FRAME_ERROR, "FrameError", arguments)
}

/// What a session says of input that is gone: an exception as a value.
pub fn frame_error(py: Python<'_>, error: Error) -> PyResult<Bound<'_, PyAny>> {
    let class = FRAME_ERROR.import(py, "tipwire.errors", "FrameError")?;
    class.call1((error.to_string(), error.kind.name(), error.code(), error.at))
}

/// A frame that cannot be built; `variable` is the name of the data point.
pub fn unbuildable(py: Python<'_>, error: BuildError, variable: Option<String>) -> PyErr {
    let mut parts = Vec::new();
    match (&variable, error.point) {
        (Some(name), _) => parts.push(format!("variable {name:?}")),
        (None, Some(point)) => parts.push(format!("data point {point}")),
        (None, None) => {}
    }
    parts.extend(error.field.map(|field| field.name().to_owned()));
    parts.push(error.kind.sentence().to_owned());
    let field = error.field.map(Field::name);
    let arguments =
        (parts.join(": "), error.kind.name(), error.code(), error.point, variable, field);
    raise(py, &BUILD_ERROR, "BuildError", arguments)
}

/// An envelope that cannot be sealed or opened, or a text that is no frame to be sealed.
pub fn sealed(py: Python<'_>, error: Error) -> PyErr {
    let arguments = (error.kind.sentence(), error.kind.name(), error.code());
    raise(py, &ENVELOPE_ERROR, "EnvelopeError", arguments)
}

/// What a splitter says between messages: an exception as a value.
pub fn event(py: Python<'_>, kind: Kind) -> PyResult<Bound<'_, PyAny>> {
    let class = STREAM_ERROR.import(py, "tipwire.errors", "StreamError")?;
    class.call1((kind.sentence(), kind.name(), kind.code_name()))
}

/// The same, raised.
pub fn stream(py: Python<'_>, kind: Kind) -> PyErr {
    event(py, kind).map_or_else(|error| error, PyErr::from_value)
}

/// A message that does not fit its converter.
pub fn unconvertible(py: Python<'_>, error: ConvertError<'_>) -> PyErr {
    let (field, at) = (Some(error.field), Some(error.at));
    let arguments = (error.to_string(), error.kind.name(), error.code(), field, at);
    raise(py, &CONVERT_ERROR, "ConvertError", arguments)
}

/// Settings that no converter can have, or the data of a downlink that are no data.
pub fn unusable(py: Python<'_>, kind: Kind, field: Option<&str>) -> PyErr {
    let prefix = field.map(|field| format!("{field}: ")).unwrap_or_default();
    let message = format!("{prefix}{}", kind.sentence());
    raise(py, &CONVERT_ERROR, "ConvertError", (message, kind.name(), kind.code_name(), field))
}

/// A frame that cannot be built, found by what translates from Python.
pub fn wrong(py: Python<'_>, kind: Kind, field: Field) -> PyErr {
    unbuildable(py, BuildError { kind, point: None, field: Some(field) }, None)
}

/// A time that `datetime` does not reach.
pub fn too_late(time: u64) -> PyErr {
    PyOverflowError::new_err(format!("{time} ms is beyond the years of datetime"))
}
