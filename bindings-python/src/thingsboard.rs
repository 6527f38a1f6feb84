//! ThingsBoard's converters, telemetry and downlinks.
//!
//! `tipwire/thingsboard.py` is where users find these names.

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use self_cell::self_cell;
use tipwire::limits::MAX_FRAME;
use tipwire::platform::thingsboard::{self as core, Downlink, Entry, JsonText, Uplinks};

use crate::build::{Writer, failed};
use crate::errors::{unconvertible, unusable};
use crate::frame::{Frame, Push};
use crate::held::Line;
use crate::source::Source;
use crate::value;

/// Makes messages uplink objects, as JSON. Import it from ``tipwire.thingsboard``.
#[pyclass(frozen, module = "tipwire.thingsboard")]
pub struct Converter {
    name: String,
    how: How,
}

enum How {
    Core(core::Converter),
    Function(Py<PyAny>),
}

#[pymethods]
impl Converter {
    #[new]
    #[pyo3(signature = (converter, settings=None, /))]
    fn new(
        converter: &Bound<'_, PyAny>,
        settings: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Converter> {
        let py = converter.py();
        let Ok(name) = converter.extract::<String>() else {
            if converter.is_callable() && settings.is_none() {
                let name = converter.repr()?.to_string();
                return Ok(Converter { name, how: How::Function(converter.clone().unbind()) });
            }
            let names = core::Converter::NAMES.join(", ");
            return Err(PyTypeError::new_err(format!(
                "a converter is one of {names}, with settings, or a function alone"
            )));
        };
        let settings = settings.map(json).transpose()?.unwrap_or_default();
        let converter =
            core::Converter::new(&name, &settings).map_err(|kind| unusable(py, kind, None))?;
        Ok(Converter { name: format!("'{name}'"), how: How::Core(converter) })
    }

    /// The uplink object of a message, or the list of them; raises :class:`ConvertError`.
    #[pyo3(signature = (message, /))]
    fn convert(&self, py: Python<'_>, message: Source) -> PyResult<String> {
        match &self.how {
            How::Core(converter) => {
                let mut json = String::new();
                let converted = converter.convert(message.bytes(), &mut json);
                converted.map(|()| json).map_err(|error| unconvertible(py, error))
            }
            How::Function(function) => {
                let made = function.bind(py).call1((PyBytes::new(py, message.bytes()),))?;
                let json = json(&made)?;
                // What the function made is checked before anybody relies on it.
                Uplinks::parse(&json).map_err(|error| unconvertible(py, error))?;
                Ok(json)
            }
        }
    }

    /// The same, taken apart.
    #[pyo3(signature = (message, /))]
    fn uplinks<'py>(&self, py: Python<'py>, message: Source) -> PyResult<Bound<'py, PyList>> {
        read(py, self.convert(py, message)?)
    }

    fn __repr__(&self) -> String {
        format!("Converter({})", self.name)
    }
}

self_cell!(
    struct Cell {
        owner: String,
        #[covariant]
        dependent: All,
    }
);

type All<'a> = Vec<core::Uplink<'a>>;

/// What a converter made of a message, or of a part of it.
#[pyclass(frozen, module = "tipwire.thingsboard")]
pub struct Uplink {
    cell: Arc<Cell>,
    nth: usize,
}

impl Uplink {
    fn with<T>(&self, look: impl FnOnce(&core::Uplink<'_>) -> PyResult<T>) -> PyResult<T> {
        // One is made for each that is there.
        let uplink = self.cell.borrow_dependent().get(self.nth);
        uplink.map_or_else(|| Err(PyTypeError::new_err("no uplink")), look)
    }
}

#[pymethods]
impl Uplink {
    #[classattr]
    #[expect(non_upper_case_globals)]
    const __match_args__: (&'static str, &'static str) = ("name", "type");

    /// The name of the device or the asset.
    #[getter]
    fn name(&self) -> PyResult<String> {
        self.with(|uplink| Ok(uplink.name.to_string()))
    }

    /// Its type, if one is given.
    #[getter]
    fn r#type(&self) -> PyResult<Option<String>> {
        self.with(|uplink| Ok(uplink.kind.as_ref().map(JsonText::to_string)))
    }

    /// Whether it is an asset.
    #[getter]
    fn is_asset(&self) -> PyResult<bool> {
        self.with(|uplink| Ok(uplink.is_asset))
    }

    /// Its telemetry as data points: ``variable``, ``value`` and perhaps ``time``.
    fn points<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        self.with(|uplink| {
            for entry in uplink.telemetry() {
                let point = PyDict::new(py);
                point.set_item("variable", entry.key.to_string())?;
                point.set_item("value", plain(py, &entry)?)?;
                if let Some(time) = entry.time {
                    point.set_item("time", time)?;
                }
                list.append(point)?;
            }
            Ok(list)
        })
    }

    /// Its attributes.
    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        self.with(|uplink| {
            for entry in uplink.attributes() {
                dict.set_item(entry.key.to_string(), plain(py, &entry)?)?;
            }
            Ok(dict)
        })
    }

    /// Builds a PUSH of its telemetry; the serial is the name if there is none.
    #[pyo3(signature = (auth, serial=None))]
    fn push(&self, py: Python<'_>, auth: &str, serial: Option<&str>) -> PyResult<String> {
        self.with(|uplink| {
            let name = uplink.name.to_string();
            let mut push = Writer::to(String::new(), auth, serial.unwrap_or(&name));
            uplink.fill(&mut push);
            push.finish().map_err(|error| {
                let point = error.point.and_then(|nth| uplink.telemetry().nth(nth as usize));
                failed(py, error, point.map(|point| point.key.to_string()).as_deref())
            })
        })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let name = PyString::new(py, &self.name()?).repr()?;
        Ok(format!("Uplink({name}, {})", self.points(py)?.repr()?))
    }
}

/// Checks uplink objects, one or a list, and takes them apart; raises :class:`ConvertError`.
#[pyfunction]
#[pyo3(signature = (uplinks, /))]
pub fn parse_uplinks<'py>(uplinks: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    read(uplinks.py(), json(uplinks)?)
}

fn read(py: Python<'_>, json: String) -> PyResult<Bound<'_, PyList>> {
    let cell = Cell::try_new(json, |json| match Uplinks::parse(json) {
        Ok(uplinks) => Ok(uplinks.collect()),
        Err(error) => Err(unconvertible(py, error)),
    })?;
    let cell = Arc::new(cell);
    let count = cell.borrow_dependent().len();
    PyList::new(py, (0..count).map(|nth| Uplink { cell: cell.clone(), nth }))
}

/// The data points as a device publishes its own telemetry, as JSON.
///
/// With ``details``, unit, group, location and metadata are values too: ``temperature_unit``.
#[pyfunction]
#[pyo3(signature = (push, /, *, details=false))]
pub fn telemetry(push: &Bound<'_, Push>, details: bool) -> PyResult<String> {
    written(push, |frame, out| core::write_telemetry(&frame.points(), details, out))
}

/// The same as a gateway publishes it; the device is the serial if there is none.
#[pyfunction]
#[pyo3(signature = (push, /, device=None, *, details=false))]
pub fn gateway_telemetry(
    push: &Bound<'_, Push>,
    device: Option<&str>,
    details: bool,
) -> PyResult<String> {
    written(push, |frame, out| {
        let device = device.unwrap_or(frame.serial);
        core::write_gateway_telemetry(device, &frame.points(), details, out)
    })
}

/// A PUSH as an uplink object, the serial as the name of the device.
#[pyfunction]
#[pyo3(signature = (push, /, *, details=false))]
pub fn uplink(push: &Bound<'_, Push>, details: bool) -> PyResult<String> {
    written(push, |frame, out| core::write_uplink(frame, details, out))
}

fn written(
    push: &Bound<'_, Push>,
    write: impl FnOnce(&tipwire::Frame<'_>, &mut String) -> std::fmt::Result,
) -> PyResult<String> {
    let frame: &Frame = push.as_super().get();
    frame.json(|out, held| {
        held.with(|read| match &read.line {
            Line::Frame(frame) => write(frame, out),
            Line::Ack(_) => Ok(()),
        })
    })
}

/// What a downlink sends to a device, line feed included; raises :class:`ConvertError`.
#[pyfunction]
#[pyo3(signature = (downlink, /))]
pub fn downlink<'py>(downlink: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let py = downlink.py();
    let json = json(downlink)?;
    let downlink = Downlink::parse(&json).map_err(|error| unconvertible(py, error))?;
    // No value is longer than its JSON.
    let mut buffer = vec![0; json.len() + 1];
    match downlink.write(&mut buffer) {
        Ok(bytes) => Ok(PyBytes::new(py, bytes)),
        Err(kind) => Err(unusable(py, kind, Some("data"))),
    }
}

/// JSON text, or Python values as JSON.
fn json(value: &Bound<'_, PyAny>) -> PyResult<String> {
    static DUMPS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_cow()?.into_owned());
    }
    let py = value.py();
    let keywords = PyDict::new(py);
    keywords.set_item("ensure_ascii", false)?;
    keywords.set_item("allow_nan", false)?;
    keywords.set_item("separators", (",", ":"))?;
    DUMPS.import(py, "json", "dumps")?.call((value,), Some(&keywords))?.extract()
}

/// The value of an entry as Python has it.
fn plain<'py>(py: Python<'py>, entry: &Entry<'_>) -> PyResult<Bound<'py, PyAny>> {
    static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let is_integer = entry.value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    // Longer ones take a time that grows with the square: Python refuses them.
    if !entry.is_string && is_integer && entry.value.len() <= MAX_FRAME {
        return value::integer(py, entry.value);
    }
    let quote = if entry.is_string { "\"" } else { "" };
    LOADS.import(py, "json", "loads")?.call1((format!("{quote}{}{quote}", entry.value),))
}
