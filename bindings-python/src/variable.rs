//! Variables, locations, passthrough data.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyString, PyTuple, PyType};
use tipwire::{Encoding, Field, Kind, Push, Value};

use crate::build;
use crate::errors::{unreadable, wrong};
use crate::held::{Held, How};
use crate::source::Source;
use crate::value::{self, PyNumber};

/// A head for variables that belong to no frame yet.
pub const NOWHERE: (&str, &str) = ("0000000000000000", "-");

/// A variable: name, value, and what may follow. It is checked when it is made.
#[pyclass(frozen, module = "tipwire")]
pub struct Variable {
    held: Arc<Held>,
    index: usize,
    // These are objects of Python from the start, which Python finds there by itself: calls of
    // getters would cost more than making them.
    /// Its name.
    #[pyo3(get)]
    name: Py<PyString>,
    /// ``number``, ``string``, ``boolean`` or ``location``.
    #[pyo3(get)]
    r#type: Py<PyString>,
    /// ``int`` where the text is an integer, else ``float``; or ``str``, ``bool``, ``Location``.
    #[pyo3(get)]
    value: Py<PyAny>,
    /// The unit.
    #[pyo3(get)]
    unit: Py<PyAny>,
    /// Where it was measured.
    #[pyo3(get)]
    location: Py<PyAny>,
    /// When it was measured, in UNIX milliseconds.
    #[pyo3(get)]
    time: Py<PyAny>,
    /// The group of variables that it belongs to.
    #[pyo3(get)]
    group: Py<PyAny>,
}

impl Variable {
    /// All variables of a frame.
    pub fn all(py: Python<'_>, held: &Arc<Held>) -> PyResult<Py<PyTuple>> {
        let all = held.with(|read| {
            let variables = read.line.variables();
            let mut all = Vec::with_capacity(variables.len());
            for (index, variable) in variables.enumerate() {
                all.push(Bound::new(py, Variable::new_at(py, held, index, &variable)?)?);
            }
            Ok::<_, PyErr>(all)
        })?;
        Ok(PyTuple::new(py, all)?.unbind())
    }

    #[inline]
    fn new_at(
        py: Python<'_>,
        held: &Arc<Held>,
        index: usize,
        variable: &tipwire::Variable<'_>,
    ) -> PyResult<Variable> {
        let text = |text: Option<&str>| match text {
            Some(text) => PyString::new(py, text).into_any().unbind(),
            None => py.None(),
        };
        Ok(Variable {
            held: Arc::clone(held),
            index,
            name: PyString::new(py, variable.name).unbind(),
            r#type: match variable.value {
                Value::Number(_) => intern!(py, "number"),
                Value::String(_) => intern!(py, "string"),
                Value::Boolean(_) => intern!(py, "boolean"),
                Value::Location(_) => intern!(py, "location"),
            }
            .clone()
            .unbind(),
            value: value::value(py, &variable.value)?,
            unit: text(variable.unit),
            location: match variable.location {
                Some(location) => Py::new(py, Location::read(location))?.into_any(),
                None => py.None(),
            },
            time: match variable.time {
                Some(time) => PyInt::new(py, time).into_any().unbind(),
                None => py.None(),
            },
            group: text(variable.group),
        })
    }

    /// The only variable of a frame that was written for it.
    fn alone(py: Python<'_>, frame: String) -> PyResult<Variable> {
        let source = Source::Copy(frame.into_bytes().into());
        let held = Held::parse(How::Frame, source)
            .map_err(|(source, error)| unreadable(py, error, source.bytes()))?;
        let held = Arc::new(held);
        let alone = held.with(|read| match read.variables() {
            [variable] => Some(Variable::new_at(py, &held, 0, variable)),
            _ => None,
        });
        alone.unwrap_or_else(|| Err(PyValueError::new_err("this is no frame of one variable")))
    }

    pub fn with<T>(&self, look: impl FnOnce(&tipwire::Variable<'_>) -> T) -> T {
        // The index is one of the list, which does not change.
        self.held.with(|read| look(&read.variables()[self.index]))
    }
}

#[pymethods]
impl Variable {
    #[classattr]
    #[expect(non_upper_case_globals)]
    const __match_args__: (&'static str, &'static str, &'static str) = ("name", "value", "unit");

    #[new]
    #[pyo3(signature = (name, value, unit=None, *, location=None, time=None, group=None, metadata=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments")]
    fn new(
        py: Python<'_>,
        name: &str,
        value: &Bound<'_, PyAny>,
        unit: Option<&str>,
        location: Option<&Bound<'_, PyAny>>,
        time: Option<&Bound<'_, PyAny>>,
        group: Option<&str>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Variable> {
        let mut push = Push::to(String::new(), NOWHERE.0, NOWHERE.1);
        let named = |error| build::name_it(py, error, name);
        build::value(&mut push, name, value).map_err(named)?;
        unit.map(|unit| push.unit(unit));
        build::suffixes(&mut push, location, time, group, metadata).map_err(named)?;
        let frame = push.finish().map_err(|error| build::failed(py, error, Some(name)))?;
        Variable::alone(py, frame)
    }

    /// The value as text: of a number or location with its exact digits.
    #[getter]
    fn text<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.with(|variable| match &variable.value {
            Value::Number(number) => PyString::new(py, number.as_str()),
            Value::String(text) => value::text(py, text),
            Value::Boolean(truth) => PyString::new(py, if *truth { "true" } else { "false" }),
            Value::Location(location) => PyString::new(py, location.as_str()),
        })
    }

    /// The exact number; ``ValueError`` for what is none.
    fn decimal(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.with(|variable| match variable.value {
            Value::Number(number) => value::decimal(py, number),
            _ => Err(PyValueError::new_err("only a number has decimal digits")),
        })
    }

    /// The time as an aware ``datetime``; ``OverflowError`` for what that does not reach.
    #[getter]
    fn datetime<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        value::datetime(py, self.with(|variable| variable.time))
    }

    /// Its own metadata.
    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.with(|variable| value::metadata(py, variable.metadata.unique()))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let Ok(other) = other.cast::<Variable>() else { return false };
        self.with(|variable| other.get().with(|other| variable == other))
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.with(|variable| {
            variable.name.hash(&mut hasher);
            variable.time.hash(&mut hasher);
            match &variable.value {
                Value::Number(number) => number.as_str().hash(&mut hasher),
                Value::String(text) => text.to_cow().hash(&mut hasher),
                Value::Boolean(truth) => truth.hash(&mut hasher),
                Value::Location(location) => location.as_str().hash(&mut hasher),
            }
        });
        hasher.finish()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let frame = slf.get().with(|variable| {
            let mut push = Push::to(String::new(), NOWHERE.0, NOWHERE.1);
            push.variable(variable).finish()
        });
        let frame = frame.map_err(|error| build::failed(slf.py(), error, None))?;
        Ok((slf.get_type().getattr("_from_frame")?, (frame,)))
    }

    #[staticmethod]
    fn _from_frame(py: Python<'_>, frame: String) -> PyResult<Variable> {
        Variable::alone(py, frame)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut out = String::from("Variable(");
        let quoted = |text: &str| PyString::new(py, text).repr().map(|text| text.to_string());
        self.with(|variable| {
            out += &quoted(variable.name)?;
            out += ", ";
            out += &match variable.value {
                // A `float` may stand for many texts: the one of the frame is shown.
                Value::Number(number) => number.as_str().to_owned(),
                _ => self.value.bind(py).repr()?.to_string(),
            };
            if let Some(unit) = variable.unit {
                out += &format!(", {}", quoted(unit)?);
            }
            if let Some(location) = variable.location {
                out += &format!(", location={}", Location::read(location).__repr__());
            }
            if let Some(time) = variable.time {
                out += &format!(", time={time}");
            }
            if let Some(group) = variable.group {
                out += &format!(", group={}", quoted(group)?);
            }
            if !variable.metadata.is_empty() {
                out += &format!(", metadata={}", self.metadata(py)?.repr()?);
            }
            Ok::<(), PyErr>(())
        })?;
        Ok(out + ")")
    }
}

/// A place on earth. It can be unpacked into its two or three numbers.
#[pyclass(frozen, module = "tipwire")]
pub struct Location(Box<str>);

impl Location {
    pub fn read(location: tipwire::Location<'_>) -> Location {
        Location(location.as_str().into())
    }

    pub fn with<T>(&self, look: impl FnOnce(tipwire::Location<'_>) -> T) -> PyResult<T> {
        let location = tipwire::Location::new(&self.0);
        location.map(look).ok_or_else(|| PyValueError::new_err("this is no location"))
    }
}

#[pymethods]
impl Location {
    #[classattr]
    #[expect(non_upper_case_globals)]
    const __match_args__: (&'static str, &'static str, &'static str) = ("lat", "lng", "alt");

    #[new]
    #[pyo3(signature = (lat, lng, alt=None))]
    fn new(
        py: Python<'_>,
        lat: &Bound<'_, PyAny>,
        lng: &Bound<'_, PyAny>,
        alt: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Location> {
        let number = |value: &Bound<'_, PyAny>| {
            PyNumber::new(value, Field::Location)?
                .ok_or_else(|| wrong(py, Kind::Type, Field::Location))
        };
        let (lat, lng, alt) = (number(lat)?, number(lng)?, alt.map(number).transpose()?);
        let mut push = Push::to(String::new(), NOWHERE.0, NOWHERE.1);
        match &alt {
            Some(alt) => push.position("v", (lat.as_any(), lng.as_any(), alt.as_any())),
            None => push.position("v", (lat.as_any(), lng.as_any())),
        };
        let frame = push.finish().map_err(|error| wrong(py, error.kind, Field::Location))?;
        let variable = Variable::alone(py, frame)?;
        let location = variable.with(|variable| variable.value.as_location().map(Location::read));
        location.ok_or_else(|| wrong(py, Kind::Type, Field::Location))
    }

    /// The latitude.
    #[getter]
    fn lat(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.with(|location| value::number(py, location.lat()))?
    }

    /// The longitude.
    #[getter]
    fn lng(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.with(|location| value::number(py, location.lng()))?
    }

    /// The altitude.
    #[getter]
    fn alt(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.with(|location| location.alt().map(|alt| value::number(py, alt)).transpose())?
    }

    /// The exact digits.
    #[getter]
    fn text(&self) -> &str {
        &self.0
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let mut parts = vec![self.lat(py)?, self.lng(py)?];
        parts.extend(self.alt(py)?);
        Ok(PyTuple::new(py, parts)?.try_iter()?.into_any())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Location>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        hasher.finish()
    }

    /// The exact digits, so that an unpickled location equals this one.
    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let decimals = slf.get().0.split(',').filter_map(tipwire::Number::new);
        let decimals: Vec<_> =
            decimals.map(|number| value::decimal(py, number)).collect::<Result<_, _>>()?;
        Ok((slf.get_type(), PyTuple::new(py, decimals)?))
    }

    pub fn __repr__(&self) -> String {
        format!("Location({})", self.0.replace(',', ", "))
    }
}

/// Passthrough data, as it is encoded.
#[pyclass(frozen, module = "tipwire")]
#[derive(PartialEq, Eq, Hash)]
pub struct Raw {
    is_hex: bool,
    data: Box<str>,
}

impl Raw {
    pub fn read(raw: tipwire::Raw<'_>) -> Raw {
        Raw { is_hex: raw.encoding() == Encoding::Hex, data: raw.data().into() }
    }

    pub fn parts(&self) -> (Encoding, &str) {
        (if self.is_hex { Encoding::Hex } else { Encoding::Base64 }, &self.data)
    }

    fn with<T>(&self, py: Python<'_>, look: impl FnOnce(tipwire::Raw<'_>) -> T) -> PyResult<T> {
        let (encoding, data) = self.parts();
        let mut push = Push::to(String::new(), NOWHERE.0, NOWHERE.1);
        let frame = push
            .raw_text(encoding, data)
            .finish()
            .map_err(|error| build::failed(py, error, None))?;
        let frame = tipwire::Frame::parse(frame.as_bytes())
            .map_err(|error| unreadable(py, error, frame.as_bytes()))?;
        frame.raw().map(look).ok_or_else(|| wrong(py, Kind::Type, Field::Raw))
    }
}

#[pymethods]
impl Raw {
    #[classattr]
    #[expect(non_upper_case_globals)]
    const __match_args__: (&'static str, &'static str) = ("encoding", "data");

    #[new]
    fn new(py: Python<'_>, encoding: &str, data: &str) -> PyResult<Raw> {
        let is_hex = match encoding {
            "hex" => true,
            "base64" => false,
            _ => return Err(wrong(py, Kind::Type, Field::Raw)),
        };
        let raw = Raw { is_hex, data: data.into() };
        raw.with(py, |_| ())?;
        Ok(raw)
    }

    /// ``hex`` or ``base64``.
    #[getter]
    fn encoding(&self) -> &'static str {
        self.parts().0.name()
    }

    /// The text.
    #[getter]
    fn data(&self) -> &str {
        &self.data
    }

    /// The bytes; :class:`BuildError` where base64 is not what it should be.
    fn decode<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.with(py, |raw| raw.decode())?;
        bytes.map(|bytes| PyBytes::new(py, &bytes)).map_err(|kind| wrong(py, kind, Field::Raw))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Raw>().is_ok_and(|other| other.get() == self)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, (&'static str, String)) {
        let raw = slf.get();
        (slf.get_type(), (raw.encoding(), raw.data.to_string()))
    }

    pub fn __repr__(&self) -> String {
        format!("Raw('{}', '{}')", self.encoding(), self.data)
    }
}
