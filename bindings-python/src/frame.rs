//! Frames that were read.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use tipwire::{Body, Detail, Method, Value};

use crate::errors::unreadable;
use crate::held::{Held, How, Line};
use crate::source::Source;
use crate::value;
use crate::variable::{Location, Raw, Variable};

/// What all frames have. Equal are those that stand on the wire alike.
#[pyclass(frozen, subclass, module = "tipwire")]
pub struct Frame {
    pub held: Arc<Held>,
    variables: OnceLock<Py<PyTuple>>,
}

impl Frame {
    /// The object for a line that was read.
    fn make(py: Python<'_>, held: Held) -> PyResult<Py<PyAny>> {
        let method = held.with(|read| match &read.line {
            Line::Frame(frame) => Some(frame.method()),
            Line::Ack(_) => None,
        });
        let frame = Frame { held: Arc::new(held), variables: OnceLock::new() };
        let frame = PyClassInitializer::from(frame);
        Ok(match method {
            Some(Method::Push) => Py::new(py, frame.add_subclass(Push))?.into_any(),
            Some(Method::Pull) => Py::new(py, frame.add_subclass(Pull))?.into_any(),
            Some(Method::Ping) => Py::new(py, frame.add_subclass(Ping))?.into_any(),
            None => Py::new(py, frame.add_subclass(Ack))?.into_any(),
        })
    }

    /// Looks at an uplink; `T::default()` for an answer.
    fn uplink<T: Default>(&self, look: impl for<'a> FnOnce(&tipwire::Frame<'a>) -> T) -> T {
        self.held.with(|read| match &read.line {
            Line::Frame(frame) => look(frame),
            Line::Ack(_) => T::default(),
        })
    }

    /// Looks at an answer; `T::default()` for an uplink.
    fn answer<T: Default>(&self, look: impl for<'a> FnOnce(&tipwire::Ack<'a>) -> T) -> T {
        self.held.with(|read| match &read.line {
            Line::Frame(_) => T::default(),
            Line::Ack(ack) => look(ack),
        })
    }

    /// Looks at the block of a PUSH or of an answer; `T::default()` where there is none.
    fn block<T: Default>(&self, look: impl for<'a> FnOnce(&tipwire::Block<'a>) -> T) -> T {
        self.held.with(|read| match &read.line {
            Line::Frame(tipwire::Frame { body: Body::Push(block), .. })
            | Line::Ack(tipwire::Ack { detail: Detail::Variables(block), .. }) => look(block),
            _ => T::default(),
        })
    }

    fn auth<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        let text = |auth: &str| (!auth.is_empty()).then(|| PyString::new(py, auth));
        self.uplink(|frame| text(frame.auth))
    }

    fn serial<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        let serial = self.uplink(|frame| Some(PyString::new(py, frame.serial)));
        serial.unwrap_or_else(|| PyString::new(py, ""))
    }

    fn variables(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        if let Some(variables) = self.variables.get() {
            return Ok(variables.clone_ref(py));
        }
        // Nothing is locked while objects are made: where two threads make them, the first stay.
        let made = Variable::all(py, &self.held)?;
        Ok(self.variables.get_or_init(|| made).clone_ref(py))
    }

    /// The JSON that `write` writes.
    pub fn json(
        &self,
        write: impl FnOnce(&mut String, &Held) -> std::fmt::Result,
    ) -> PyResult<String> {
        let mut json = String::new();
        write(&mut json, &self.held).map_err(|_| PyValueError::new_err("out of memory"))?;
        Ok(json)
    }
}

#[pymethods]
impl Frame {
    /// The sequence counter.
    #[getter]
    fn seq(&self) -> Option<u32> {
        self.held.with(|read| match &read.line {
            Line::Frame(frame) => frame.seq,
            Line::Ack(ack) => ack.seq,
        })
    }

    /// ``PUSH``, ``PULL``, ``PING`` or ``ACK``.
    #[getter]
    fn method(&self) -> &'static str {
        self.held.with(|read| match &read.line {
            Line::Frame(frame) => frame.method().name(),
            Line::Ack(_) => "ACK",
        })
    }

    /// The frame's JSON form: numbers keep their digits.
    fn to_json(&self) -> PyResult<String> {
        self.json(|out, held| held.with(|read| read.line.write_json(out)))
    }

    /// The frame without its line ending.
    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.held.text())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let Ok(other) = other.cast::<Frame>() else { return false };
        let other = &other.get().held;
        self.held.how == other.how && self.held.text() == other.text()
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.held.how, self.held.text()).hash(&mut hasher);
        hasher.finish()
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let bytes = self.__bytes__(py);
        let (name, arguments) = match self.held.how {
            How::Frame => ("parse", PyTuple::new(py, [bytes])?),
            How::Ack => ("parse_ack", PyTuple::new(py, [bytes])?),
            How::Inner(_) => {
                let method = PyString::new(py, self.method()).into_any();
                ("parse_inner", PyTuple::new(py, [method, bytes.into_any()])?)
            }
        };
        Ok((py.import("tipwire._tipwire")?.getattr(name)?, arguments))
    }

    /// A token is a secret: of one only the first two characters are shown.
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut out = String::new();
        let mut add = |name: &str, value: &dyn Fn() -> PyResult<String>| -> PyResult<()> {
            if !out.is_empty() {
                out += ", ";
            }
            if !name.is_empty() {
                out += name;
                out += "=";
            }
            out += &value()?;
            Ok(())
        };
        let quoted = |text: &str| PyString::new(py, text).repr().map(|text| text.to_string());
        self.held.with(|read| {
            match &read.line {
                Line::Frame(frame) => {
                    if !frame.auth.is_empty() {
                        let auth = if frame.auth.starts_with("at") { "at…" } else { frame.auth };
                        add("", &|| quoted(auth))?;
                    }
                    add("", &|| quoted(frame.serial))?;
                    match &frame.body {
                        Body::Raw(raw) => add("raw", &|| Ok(Raw::read(*raw).__repr__()))?,
                        Body::Pull(names) => add("", &|| {
                            let names = names.clone().map(quoted).collect::<PyResult<Vec<_>>>()?;
                            Ok(format!("[{}]", names.join(", ")))
                        })?,
                        Body::Push(_) | Body::Ping => {}
                    }
                }
                Line::Ack(ack) => {
                    add("", &|| quoted(ack.status.name()))?;
                    match &ack.detail {
                        Detail::Count(count) => add("count", &|| Ok(count.to_string()))?,
                        Detail::Command(text) => add("command", &|| quoted(text))?,
                        Detail::Error(text) => add("error", &|| quoted(text))?,
                        Detail::Text(text) => add("text", &|| quoted(text))?,
                        Detail::None | Detail::Variables(_) => {}
                    }
                }
            }
            if read.line.variables().len() > 0 {
                add("", &|| {
                    Ok(self.variables(py)?.bind(py).as_any().call_method0("__repr__")?.to_string())
                })?;
            }
            Ok::<(), PyErr>(())
        })?;
        let block: Option<PyResult<()>> = self.block(|block| {
            let mut members = || {
                if let Some(location) = block.location {
                    add("location", &|| Ok(Location::read(location).__repr__()))?;
                }
                if let Some(time) = block.time {
                    add("time", &|| Ok(time.to_string()))?;
                }
                if let Some(group) = block.group {
                    add("group", &|| quoted(group))?;
                }
                if !block.metadata.is_empty() {
                    let pairs = || value::metadata(py, block.metadata.unique());
                    add("metadata", &|| Ok(pairs()?.repr()?.to_string()))?;
                }
                Ok(())
            };
            Some(members())
        });
        block.transpose()?;
        if let Some(seq) = self.seq() {
            add("seq", &|| Ok(seq.to_string()))?;
        }
        let name = match self.method() {
            "PUSH" => "Push",
            "PULL" => "Pull",
            "PING" => "Ping",
            _ => "Ack",
        };
        Ok(format!("{name}({out})"))
    }
}

/// What a PUSH and an answer with variables have.
fn points<'py>(py: Python<'py>, frame: &Frame) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    frame.held.with(|read| {
        for point in read.line.points() {
            let dict = PyDict::new(py);
            dict.set_item("variable", point.variable)?;
            match point.value {
                Value::Location(location) => dict.set_item("value", location.as_str())?,
                found => dict.set_item("value", value::value(py, &found)?)?,
            }
            if let Some(unit) = point.unit {
                dict.set_item("unit", unit)?;
            }
            if let Some(time) = point.time {
                dict.set_item("time", time)?;
            }
            if let Some(group) = point.group {
                dict.set_item("group", group)?;
            }
            if let Some(location) = point.location {
                let place = PyDict::new(py);
                let (lat, lng, alt) = location.coordinates();
                place.set_item("lat", value::number(py, lat)?)?;
                place.set_item("lng", value::number(py, lng)?)?;
                if let Some(alt) = alt {
                    place.set_item("alt", value::number(py, alt)?)?;
                }
                dict.set_item("location", place)?;
            }
            if !point.metadata.is_empty() {
                dict.set_item("metadata", value::metadata(py, point.metadata.iter())?)?;
            }
            list.append(dict)?;
        }
        Ok(list)
    })
}

/// Data to store: variables, or passthrough data.
#[pyclass(frozen, extends = Frame, module = "tipwire")]
pub struct Push;

/// A wish for the last values of variables.
#[pyclass(frozen, extends = Frame, module = "tipwire")]
pub struct Pull;

/// Is anybody there?
#[pyclass(frozen, extends = Frame, module = "tipwire")]
pub struct Ping;

/// An answer: of its details at most one is not ``None``.
#[pyclass(frozen, extends = Frame, module = "tipwire")]
pub struct Ack;

#[pymethods]
impl Push {
    #[classattr]
    #[expect(non_upper_case_globals)]
    const __match_args__: (&'static str, &'static str) = ("serial", "variables");

    /// The authorization: a hash, or a token. ``None`` inside an envelope, whose header has it.
    #[getter]
    fn auth<'py>(slf: &Bound<'py, Self>) -> Option<Bound<'py, PyString>> {
        slf.as_super().get().auth(slf.py())
    }

    /// The device's serial.
    #[getter]
    fn serial<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyString> {
        slf.as_super().get().serial(slf.py())
    }

    /// The variables as they stand in the frame; :meth:`points` has defaults applied.
    #[getter]
    fn variables(slf: &Bound<'_, Self>) -> PyResult<Py<PyTuple>> {
        slf.as_super().get().variables(slf.py())
    }

    /// The passthrough data.
    #[getter]
    fn raw(slf: &Bound<'_, Self>) -> Option<Raw> {
        slf.as_super().get().uplink(|frame| frame.raw().map(Raw::read))
    }

    /// Where, for all variables that do not say it themselves.
    #[getter]
    fn location(slf: &Bound<'_, Self>) -> Option<Location> {
        slf.as_super().get().block(|block| block.location.map(Location::read))
    }

    /// When, in UNIX milliseconds, for all variables that do not say it themselves.
    #[getter]
    fn time(slf: &Bound<'_, Self>) -> Option<u64> {
        slf.as_super().get().block(|block| block.time)
    }

    /// The time as an aware ``datetime``; ``OverflowError`` for what that does not reach.
    #[getter]
    fn datetime<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
        value::datetime(slf.py(), Push::time(slf))
    }

    /// The group of all variables that do not say it themselves.
    #[getter]
    fn group<'py>(slf: &Bound<'py, Self>) -> Option<Bound<'py, PyString>> {
        slf.as_super().get().block(|block| block.group.map(|group| PyString::new(slf.py(), group)))
    }

    /// Metadata of all variables.
    #[getter]
    fn metadata<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let frame = slf.as_super().get();
        let found = frame.block(|block| Some(value::metadata(slf.py(), block.metadata.unique())));
        found.unwrap_or_else(|| Ok(PyDict::new(slf.py())))
    }

    /// The data points: variables with the defaults of the frame applied.
    fn points<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        points(slf.py(), slf.as_super().get())
    }

    /// The data points as JSON: numbers keep their digits.
    fn points_json(slf: &Bound<'_, Self>) -> PyResult<String> {
        slf.as_super().get().json(|out, held| held.with(|read| read.line.points().write_json(out)))
    }
}

#[pymethods]
impl Pull {
    #[classattr]
    #[expect(non_upper_case_globals)]
    const __match_args__: (&'static str, &'static str) = ("serial", "names");

    /// The authorization; ``None`` inside an envelope.
    #[getter]
    fn auth<'py>(slf: &Bound<'py, Self>) -> Option<Bound<'py, PyString>> {
        slf.as_super().get().auth(slf.py())
    }

    /// The device's serial.
    #[getter]
    fn serial<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyString> {
        slf.as_super().get().serial(slf.py())
    }

    /// The names of the variables.
    #[getter]
    fn names<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        let names = slf
            .as_super()
            .get()
            .uplink(|frame| frame.names().map(|name| PyString::new(py, name)).collect::<Vec<_>>());
        PyTuple::new(py, names)
    }
}

#[pymethods]
impl Ping {
    #[classattr]
    #[expect(non_upper_case_globals)]
    const __match_args__: (&'static str,) = ("serial",);

    /// The authorization; ``None`` inside an envelope.
    #[getter]
    fn auth<'py>(slf: &Bound<'py, Self>) -> Option<Bound<'py, PyString>> {
        slf.as_super().get().auth(slf.py())
    }

    /// The device's serial.
    #[getter]
    fn serial<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyString> {
        slf.as_super().get().serial(slf.py())
    }
}

/// The detail of an answer where it is text of one sort.
macro_rules! detail {
    ($slf:ident, $sort:ident) => {
        $slf.as_super().get().answer(|ack| match ack.detail {
            Detail::$sort(text) => Some(PyString::new($slf.py(), text)),
            _ => None,
        })
    };
}

#[pymethods]
impl Ack {
    #[classattr]
    #[expect(non_upper_case_globals)]
    const __match_args__: (&'static str,) = ("status",);

    /// ``OK``, ``PONG``, ``CMD`` or ``ERR``.
    #[getter]
    fn status(slf: &Bound<'_, Self>) -> &'static str {
        slf.as_super().get().answer(|ack| ack.status.name())
    }

    /// How many data points were stored.
    #[getter]
    fn count(slf: &Bound<'_, Self>) -> Option<u64> {
        slf.as_super().get().answer(|ack| match ack.detail {
            Detail::Count(count) => Some(count),
            _ => None,
        })
    }

    /// The command.
    #[getter]
    fn command<'py>(slf: &Bound<'py, Self>) -> Option<Bound<'py, PyString>> {
        detail!(slf, Command)
    }

    /// The error code.
    #[getter]
    fn error<'py>(slf: &Bound<'py, Self>) -> Option<Bound<'py, PyString>> {
        detail!(slf, Error)
    }

    /// Any other detail.
    #[getter]
    fn text<'py>(slf: &Bound<'py, Self>) -> Option<Bound<'py, PyString>> {
        detail!(slf, Text)
    }

    /// The variables that were asked for.
    #[getter]
    fn variables(slf: &Bound<'_, Self>) -> PyResult<Py<PyTuple>> {
        slf.as_super().get().variables(slf.py())
    }

    /// The variables as data points.
    fn points<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        points(slf.py(), slf.as_super().get())
    }

    /// The same as JSON: numbers keep their digits.
    fn points_json(slf: &Bound<'_, Self>) -> PyResult<String> {
        slf.as_super().get().json(|out, held| held.with(|read| read.line.points().write_json(out)))
    }
}

/// Reads a text as something.
pub fn read(py: Python<'_>, how: How, source: Source) -> PyResult<Py<PyAny>> {
    match Held::parse(how, source) {
        Ok(held) => Frame::make(py, held),
        Err((source, error)) => Err(unreadable(py, error, source.bytes())),
    }
}

/// Reads an uplink, with or without a line ending; raises :class:`FrameError`.
#[pyfunction]
#[pyo3(signature = (data, /))]
pub fn parse(py: Python<'_>, data: Source) -> PyResult<Py<PyAny>> {
    read(py, How::Frame, data)
}

/// Reads an answer, with or without a line ending; raises :class:`FrameError`.
#[pyfunction]
#[pyo3(signature = (data, /))]
pub fn parse_ack(py: Python<'_>, data: Source) -> PyResult<Py<PyAny>> {
    read(py, How::Ack, data)
}

/// Reads the text inside an envelope; raises :class:`FrameError`.
#[pyfunction]
#[pyo3(signature = (method, data, /))]
pub fn parse_inner(py: Python<'_>, method: &str, data: Source) -> PyResult<Py<PyAny>> {
    let method = tipwire::InnerMethod::from_name(method)
        .ok_or_else(|| PyValueError::new_err("a method is PUSH, PULL, PING or ACK"))?;
    read(py, How::Inner(method.uplink()), data)
}
