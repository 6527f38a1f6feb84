//! Frames from plain Python values.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyList, PyMapping, PyString, PyTuple};
use tipwire::{BuildError, Encoding, Field, Kind, Owned, Reply, Revision, Status};

use crate::errors::{unbuildable, wrong};
use crate::value::{self, PyNumber};
use crate::variable::{Location, Raw, Variable};

/// Where frames are built.
pub type Writer = tipwire::Push<Owned>;

/// What the core refuses, as an exception that names the variable.
pub fn failed(py: Python<'_>, error: BuildError, variable: Option<&str>) -> PyErr {
    unbuildable(py, error, variable.map(str::to_owned))
}

/// The same error of building, with the name of the variable in it.
pub fn name_it(py: Python<'_>, error: PyErr, name: &str) -> PyErr {
    let found = || -> PyResult<(String, String)> {
        let value = error.value(py);
        Ok((value.getattr("kind")?.extract()?, value.getattr("field")?.extract()?))
    };
    let Ok((kind, field)) = found() else { return error };
    let kind = Kind::from_name(&kind);
    let field = Field::ALL.iter().copied().find(|known| known.name() == field);
    match kind {
        Some(kind) => failed(py, BuildError { kind, point: None, field }, Some(name)),
        None => error,
    }
}

/// Writes a variable of this value.
pub fn value(push: &mut Writer, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(text) = value.cast::<PyString>() {
        push.string(name, &plain(text, Field::Value)?);
    } else if let Ok(truth) = value.cast::<PyBool>() {
        push.boolean(name, truth.is_true());
    } else if let Some(number) = PyNumber::new(value, Field::Value)? {
        push.number(name, number.as_any());
    } else if let Ok(location) = value.cast::<Location>() {
        location.get().with(|location| _ = push.position(name, location))?;
    } else if let Some((lat, lng, alt)) = value::place(value, Field::Value)? {
        match alt {
            Some(alt) => push.position(name, (lat.as_any(), lng.as_any(), alt.as_any())),
            None => push.position(name, (lat.as_any(), lng.as_any())),
        };
    } else {
        return Err(wrong(value.py(), Kind::Type, Field::Value));
    }
    Ok(())
}

/// A text; one with a lone surrogate is none that a frame can carry.
fn plain<'a>(text: &'a Bound<'_, PyString>, field: Field) -> PyResult<std::borrow::Cow<'a, str>> {
    text.to_cow().map_err(|_| wrong(text.py(), Kind::Utf8, field))
}

/// Writes what a block and a variable both may have.
pub fn suffixes(
    push: &mut Writer,
    location: Option<&Bound<'_, PyAny>>,
    time: Option<&Bound<'_, PyAny>>,
    group: Option<&str>,
    metadata: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    if let Some(given) = location {
        if let Ok(location) = given.cast::<Location>() {
            location.get().with(|location| _ = push.location(location))?;
        } else {
            match value::place(given, Field::Location)? {
                Some((lat, lng, Some(alt))) => {
                    push.location((lat.as_any(), lng.as_any(), alt.as_any()))
                }
                Some((lat, lng, None)) => push.location((lat.as_any(), lng.as_any())),
                None => return Err(wrong(given.py(), Kind::Type, Field::Location)),
            };
        }
    }
    if let Some(time) = time {
        push.time(value::time(time)?);
    }
    if let Some(group) = group {
        push.group(group);
    }
    if let Some(metadata) = metadata {
        let wrong = || wrong(metadata.py(), Kind::Type, Field::Metadata);
        let mapping = metadata.cast::<PyMapping>().map_err(|_| wrong())?;
        for pair in mapping.items()?.iter() {
            let (key, value): (Bound<'_, PyString>, Bound<'_, PyAny>) =
                pair.extract().map_err(|_| wrong())?;
            push.metadata(&plain(&key, Field::Metadata)?, &metadata_text(&value)?);
        }
    }
    Ok(())
}

/// Text, or the text of a number or boolean.
fn metadata_text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(plain(text, Field::Metadata)?.into_owned());
    }
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(truth.is_true().to_string());
    }
    if PyNumber::new(value, Field::Metadata)?.is_some() {
        return Ok(value.str()?.to_string());
    }
    Err(wrong(value.py(), Kind::Type, Field::Metadata))
}

/// A sequence counter.
fn seq(given: &Bound<'_, PyAny>) -> PyResult<u32> {
    let kind = if given.hasattr("__index__")? { Kind::SeqRange } else { Kind::Type };
    given.extract().map_err(|_| wrong(given.py(), kind, Field::Seq))
}

/// What a PUSH or a list of variables holds.
enum Content<'py> {
    Values(Bound<'py, PyDict>),
    Variables(Vec<Bound<'py, Variable>>),
    Bytes(Vec<u8>),
    Raw(Bound<'py, Raw>),
}

impl<'py> Content<'py> {
    fn of(given: &Bound<'py, PyAny>) -> PyResult<Content<'py>> {
        let py = given.py();
        if let Ok(values) = given.cast::<PyDict>() {
            return Ok(Content::Values(values.clone()));
        }
        if let Ok(mapping) = given.cast::<PyMapping>() {
            let values = PyDict::new(py);
            values.update(mapping)?;
            return Ok(Content::Values(values));
        }
        if given.is_instance_of::<PyBytes>() || given.is_instance_of::<PyByteArray>() {
            return Ok(Content::Bytes(given.extract()?));
        }
        if let Ok(raw) = given.cast::<Raw>() {
            return Ok(Content::Raw(raw.clone()));
        }
        if given.is_instance_of::<PyString>() {
            return Err(wrong(py, Kind::Type, Field::Variable));
        }
        let mut variables = Vec::new();
        for variable in given.try_iter()? {
            let variable = variable?.cast_into::<Variable>();
            variables.push(variable.map_err(|_| wrong(py, Kind::Type, Field::Variable))?);
        }
        Ok(Content::Variables(variables))
    }

    fn write(&self, push: &mut Writer) -> PyResult<()> {
        match self {
            Content::Values(values) => {
                for (name, given) in values.iter() {
                    let wrong = || wrong(name.py(), Kind::Type, Field::Variable);
                    let name = name.cast::<PyString>().map_err(|_| wrong())?;
                    let name = plain(name, Field::Variable)?;
                    value(push, &name, &given)
                        .map_err(|error| name_it(given.py(), error, &name))?;
                }
            }
            Content::Variables(variables) => {
                for variable in variables {
                    variable.get().with(|variable| _ = push.variable(variable));
                }
            }
            Content::Bytes(bytes) => _ = push.raw(Encoding::Hex, bytes),
            Content::Raw(raw) => {
                let (encoding, data) = raw.get().parts();
                push.raw_text(encoding, data);
            }
        }
        Ok(())
    }

    /// The error as an exception that names the variable.
    fn failed(&self, py: Python<'_>, error: BuildError) -> PyErr {
        let nth = error.point.map(|point| point as usize);
        let name = nth.and_then(|nth| match self {
            Content::Values(values) => {
                values.keys().get_item(nth).ok().map(|name| name.to_string())
            }
            Content::Variables(variables) => {
                variables.get(nth).map(|variable| variable.get().with(|v| v.name.to_owned()))
            }
            Content::Bytes(_) | Content::Raw(_) => None,
        });
        unbuildable(py, error, name)
    }
}

/// Builds a PUSH of names and values, of variables, or of bytes.
///
/// There is no line ending: add ``"\n"`` on a stream. Raises :class:`BuildError`.
#[pyfunction]
#[pyo3(signature = (
    auth, serial, variables, *,
    seq=None, location=None, time=None, group=None, metadata=None, revision=None,
))]
#[expect(clippy::too_many_arguments, reason = "they are keyword arguments")]
pub fn push(
    py: Python<'_>,
    auth: &str,
    serial: &str,
    variables: &Bound<'_, PyAny>,
    seq: Option<&Bound<'_, PyAny>>,
    location: Option<&Bound<'_, PyAny>>,
    time: Option<&Bound<'_, PyAny>>,
    group: Option<&str>,
    metadata: Option<&Bound<'_, PyAny>>,
    revision: Option<&str>,
) -> PyResult<String> {
    let mut push = Writer::to(String::new(), auth, serial);
    begin(&mut push, seq, revision)?;
    fill(py, push, variables, location, time, group, metadata)
}

/// Writes the body of a PUSH.
pub fn fill(
    py: Python<'_>,
    mut push: Writer,
    variables: &Bound<'_, PyAny>,
    location: Option<&Bound<'_, PyAny>>,
    time: Option<&Bound<'_, PyAny>>,
    group: Option<&str>,
    metadata: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let content = Content::of(variables)?;
    suffixes(&mut push, location, time, group, metadata)?;
    content.write(&mut push)?;
    push.finish().map_err(|error| content.failed(py, error))
}

fn begin(
    push: &mut Writer,
    number: Option<&Bound<'_, PyAny>>,
    revision: Option<&str>,
) -> PyResult<()> {
    if let Some(number) = number {
        push.seq(seq(number)?);
    }
    match revision {
        None => {}
        Some("A") => _ = push.revision(Revision::A),
        Some("B") => _ = push.revision(Revision::B),
        Some("C") => _ = push.revision(Revision::C),
        Some("D") => _ = push.revision(Revision::D),
        Some(_) => return Err(PyTypeError::new_err("a revision is A, B, C or D")),
    }
    Ok(())
}

/// Builds a PUSH of data points: JSON text, or dictionaries as :meth:`Push.points` gives.
#[pyfunction]
#[pyo3(signature = (auth, serial, points, *, seq=None, revision=None))]
pub fn from_points(
    py: Python<'_>,
    auth: &str,
    serial: &str,
    points: &Bound<'_, PyAny>,
    seq: Option<&Bound<'_, PyAny>>,
    revision: Option<&str>,
) -> PyResult<String> {
    let mut json = String::new();
    match points.cast::<PyString>() {
        Ok(text) => json += &plain(text, Field::Value)?,
        Err(_) => write_json(&mut json, points, 0)?,
    }
    let mut push = Writer::to(String::new(), auth, serial);
    begin(&mut push, seq, revision)?;
    push.points_json(&json).finish().map_err(|error| {
        let point = error.point.map(|point| point as usize);
        let name = point.and_then(|nth| points.get_item(nth).ok()?.get_item("variable").ok());
        let name = name.and_then(|name| name.extract::<String>().ok());
        unbuildable(py, error, name)
    })
}

/// Python values as JSON. What JSON does not have becomes `null`, which no field takes.
fn write_json(out: &mut String, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
    let list = |out: &mut String, items: &Bound<'_, PyAny>| {
        out.push('[');
        for (n, item) in items.try_iter()?.enumerate() {
            if n > 0 {
                out.push(',');
            }
            write_json(out, &item?, depth + 1)?;
        }
        out.push(']');
        Ok::<(), PyErr>(())
    };
    if let Ok(text) = value.cast::<PyString>() {
        return write_json_string(out, text);
    }
    if let Ok(truth) = value.cast::<PyBool>() {
        *out += if truth.is_true() { "true" } else { "false" };
        return Ok(());
    }
    match PyNumber::new(value, Field::Value)? {
        Some(PyNumber::Signed(number)) => *out += &number.to_string(),
        Some(PyNumber::Unsigned(number)) => *out += &number.to_string(),
        Some(PyNumber::Text(text)) => *out += &text,
        Some(PyNumber::Float(float)) if float.is_finite() => *out += &value.str()?.to_cow()?,
        Some(PyNumber::Float(_)) => *out += "null",
        None if depth > 8 => *out += "null",
        None => {
            if let Ok(dict) = value.cast::<PyDict>() {
                out.push('{');
                let mut is_first = true;
                for (key, item) in dict.iter() {
                    let Ok(key) = key.cast_into::<PyString>() else { continue };
                    if !std::mem::take(&mut is_first) {
                        out.push(',');
                    }
                    write_json_string(out, &key)?;
                    out.push(':');
                    if key.to_cow()? == "time" && item.hasattr("tzinfo")? {
                        *out += &value::time(&item)?.to_string();
                    } else if !item.is_none() {
                        write_json(out, &item, depth + 1)?;
                    } else {
                        *out += "null";
                    }
                }
                out.push('}');
            } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
                list(out, value)?;
            } else {
                *out += "null";
            }
        }
    }
    Ok(())
}

fn write_json_string(out: &mut String, text: &Bound<'_, PyString>) -> PyResult<()> {
    out.push('"');
    for c in plain(text, Field::Value)?.chars() {
        match c {
            '"' => *out += "\\\"",
            '\\' => *out += "\\\\",
            '\0'..='\x1f' => *out += &format!("\\u{:04x}", c as u32),
            _ => out.push(c),
        }
    }
    out.push('"');
    Ok(())
}

/// Builds a PULL; raises :class:`BuildError`.
#[pyfunction]
#[pyo3(signature = (auth, serial, names, *, seq=None))]
pub fn pull(
    py: Python<'_>,
    auth: &str,
    serial: &str,
    names: &Bound<'_, PyAny>,
    seq: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let mut pull = tipwire::Pull::to(String::new(), auth, serial);
    if let Some(number) = seq {
        pull.seq(self::seq(number)?);
    }
    fill_names(py, pull, names)
}

/// Writes the names of a PULL.
pub fn fill_names(
    py: Python<'_>,
    mut pull: tipwire::Pull<Owned>,
    names: &Bound<'_, PyAny>,
) -> PyResult<String> {
    let wrong = || wrong(py, Kind::Type, Field::Names);
    if names.is_instance_of::<PyString>() {
        return Err(wrong());
    }
    for name in names.try_iter()? {
        let name = name?.cast_into::<PyString>().map_err(|_| wrong())?;
        pull.name(&plain(&name, Field::Names)?);
    }
    pull.finish().map_err(|error| failed(py, error, None))
}

/// Builds a PING; raises :class:`BuildError`.
#[pyfunction]
#[pyo3(signature = (auth, serial, *, seq=None))]
pub fn ping(
    py: Python<'_>,
    auth: &str,
    serial: &str,
    seq: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let mut ping = tipwire::Ping::to(String::new(), auth, serial);
    if let Some(number) = seq {
        ping.seq(self::seq(number)?);
    }
    ping.finish().map_err(|error| failed(py, error, None))
}

/// Builds an answer: its detail is a count, a text, or variables; raises :class:`BuildError`.
#[pyfunction]
#[pyo3(signature = (status="OK", detail=None, *, seq=None))]
pub fn ack(
    py: Python<'_>,
    status: &str,
    detail: Option<&Bound<'_, PyAny>>,
    seq: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let mut reply = Reply::to(String::new());
    if let Some(number) = seq {
        reply.seq(self::seq(number)?);
    }
    answer(py, reply, status, detail)
}

/// Writes status and detail of an answer.
pub fn answer(
    py: Python<'_>,
    mut reply: Reply<Owned>,
    status: &str,
    detail: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let status = Status::from_name(status).ok_or_else(|| wrong(py, Kind::Status, Field::Status))?;
    let Some(detail) = detail else {
        return reply.status(status).finish().map_err(|error| failed(py, error, None));
    };
    if let Ok(text) = detail.cast::<PyString>() {
        let text = plain(text, Field::Detail)?;
        return reply.text(status, &text).finish().map_err(|error| failed(py, error, None));
    }
    if status != Status::Ok || detail.is_instance_of::<PyBool>() {
        return Err(wrong(py, Kind::Type, Field::Detail));
    }
    if let Some(number) = PyNumber::new(detail, Field::Detail)? {
        let count = match number {
            PyNumber::Signed(count) => u64::try_from(count).ok(),
            PyNumber::Unsigned(count) => Some(count),
            PyNumber::Float(_) | PyNumber::Text(_) => None,
        };
        let count = count.ok_or_else(|| wrong(py, Kind::Type, Field::Detail))?;
        return reply.count(count).finish().map_err(|error| failed(py, error, None));
    }
    let content = Content::of(detail)?;
    let mut push = reply.variables();
    content.write(&mut push)?;
    push.finish().map_err(|error| content.failed(py, error))
}
