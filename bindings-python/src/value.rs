//! Between the values of frames and those of Python.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyDateAccess, PyDateTime, PyDelta, PyDict, PyFloat, PyInt, PyString, PyTimeAccess,
    PyTuple, PyType, PyTzInfo, PyTzInfoAccess,
};
use tipwire::{AnyNumber, Field, Kind, Number, Text, Value};

use crate::errors::{too_late, wrong};
use crate::variable::Location;

static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// An `int` where the text is one, else a `float`.
pub fn number(py: Python<'_>, number: Number<'_>) -> PyResult<Py<PyAny>> {
    let text = number.as_str();
    if text.contains('.') {
        return Ok(PyFloat::new(py, number.to_f64()).into_any().unbind());
    }
    integer(py, text).map(Bound::unbind)
}

/// An integer of digits and perhaps a sign, however many.
pub fn integer<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    match text.parse() {
        Ok(integer) => Ok(PyInt::new::<i64>(py, integer).into_any()),
        Err(_) => long(py, text),
    }
}

/// An integer of more digits than a machine word has. Python limits what it reads in base 10, for
/// the time that takes; a frame's length does so as well.
fn long<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let (sign, digits) = text.strip_prefix('-').map_or((1i64, text), |digits| (-1, digits));
    let mut sum = PyInt::new(py, 0i64).into_any();
    let step = PyInt::new(py, 10u64.pow(18)).into_any();
    let first = digits.len() % 18;
    let (head, rest) = digits.split_at(first);
    let chunks =
        std::iter::once(head).chain((0..rest.len()).step_by(18).map(|at| &rest[at..at + 18]));
    for chunk in chunks.filter(|chunk| !chunk.is_empty()) {
        let part: u64 = chunk.parse().unwrap_or(0);
        sum = sum.mul(&step)?.add(part)?;
    }
    sum.mul(sign)
}

/// The exact digits as a `decimal.Decimal`.
pub fn decimal(py: Python<'_>, number: Number<'_>) -> PyResult<Py<PyAny>> {
    Ok(decimal_class(py)?.call1((number.as_str(),))?.unbind())
}

fn decimal_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    DECIMAL.import(py, "decimal", "Decimal")
}

pub fn text<'py>(py: Python<'py>, text: &Text<'_>) -> Bound<'py, PyString> {
    match text.borrowed() {
        Some(plain) => PyString::new(py, plain),
        None => PyString::new(py, &text.to_cow()),
    }
}

pub fn value(py: Python<'_>, value: &Value<'_>) -> PyResult<Py<PyAny>> {
    Ok(match value {
        Value::Number(found) => number(py, *found)?,
        Value::String(found) => text(py, found).into_any().unbind(),
        Value::Boolean(truth) => PyBool::new(py, *truth).to_owned().into_any().unbind(),
        Value::Location(location) => {
            Location::read(*location).into_pyobject(py)?.into_any().unbind()
        }
    })
}

/// Metadata as a dictionary: the last value of a key wins.
pub fn metadata<'py, 'a>(
    py: Python<'py>,
    pairs: impl Iterator<Item = (&'a str, Text<'a>)>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, found) in pairs {
        dict.set_item(key, text(py, &found))?;
    }
    Ok(dict)
}

/// UNIX milliseconds as an aware `datetime`.
pub fn datetime(py: Python<'_>, time: Option<u64>) -> PyResult<Option<Bound<'_, PyAny>>> {
    let Some(time) = time else { return Ok(None) };
    let utc = PyTzInfo::utc(py)?;
    let epoch = PyDateTime::new(py, 1970, 1, 1, 0, 0, 0, 0, Some(&*utc))?;
    let days = i32::try_from(time / 86_400_000).map_err(|_| too_late(time))?;
    let rest = (time % 86_400_000) as i32;
    let delta = PyDelta::new(py, days, rest / 1000, rest % 1000 * 1000, false);
    delta.and_then(|delta| epoch.add(delta)).map(Some).map_err(|_| too_late(time))
}

/// UNIX milliseconds, from an `int` or an aware `datetime`.
pub fn time(value: &Bound<'_, PyAny>) -> PyResult<u64> {
    let py = value.py();
    if let Ok(moment) = value.cast::<PyDateTime>() {
        if moment.get_tzinfo().is_none() {
            return Err(wrong(py, Kind::Type, Field::Time));
        }
        let utc = PyTzInfo::utc(py)?;
        let moment = moment.call_method1("astimezone", (utc,))?.cast_into::<PyDateTime>()?;
        let days = days_since_1970(moment.get_year(), moment.get_month(), moment.get_day());
        let (hour, minute) = (i64::from(moment.get_hour()), i64::from(moment.get_minute()));
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + i64::from(moment.get_second());
        let millis = seconds * 1000 + i64::from(moment.get_microsecond() / 1000);
        return u64::try_from(millis).map_err(|_| wrong(py, Kind::TimeRange, Field::Time));
    }
    if value.is_instance_of::<PyBool>() {
        return Err(wrong(py, Kind::Type, Field::Time));
    }
    if !value.hasattr("__index__")? {
        return Err(wrong(py, Kind::Type, Field::Time));
    }
    value.extract().map_err(|_| wrong(py, Kind::TimeRange, Field::Time))
}

fn days_since_1970(year: i32, month: u8, day: u8) -> i64 {
    let (year, month) = (i64::from(year), i64::from(month));
    let year = if month <= 2 { year - 1 } else { year };
    let leap_days = year / 4 - year / 100 + year / 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    year * 365 + leap_days + day_of_year - 719_468
}

/// A number of Python, with the text where it needs one.
pub enum PyNumber {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
}

impl PyNumber {
    pub fn as_any(&self) -> AnyNumber<'_> {
        match self {
            PyNumber::Signed(value) => AnyNumber::Signed(*value),
            PyNumber::Unsigned(value) => AnyNumber::Unsigned(*value),
            PyNumber::Float(value) => AnyNumber::Float(*value),
            PyNumber::Text(text) => AnyNumber::Text(text),
        }
    }

    /// `float`, `int`, `Decimal`, and what can be made one of the first two; `None` for others.
    pub fn new(value: &Bound<'_, PyAny>, field: Field) -> PyResult<Option<PyNumber>> {
        let py = value.py();
        if let Ok(float) = value.cast::<PyFloat>() {
            return Ok(Some(PyNumber::Float(float.value())));
        }
        if value.is_instance_of::<PyBool>() || value.is_instance_of::<PyString>() {
            return Ok(None);
        }
        if value.is_instance_of::<PyInt>() || value.hasattr("__index__")? {
            if let Ok(integer) = value.extract::<i64>() {
                return Ok(Some(PyNumber::Signed(integer)));
            }
            if let Ok(integer) = value.extract::<u64>() {
                return Ok(Some(PyNumber::Unsigned(integer)));
            }
            // Python refuses to write more than some thousand digits, for the time that takes.
            let text = value
                .call_method0("__index__")?
                .str()
                .map_err(|_| wrong(py, Kind::Digits, field))?;
            return Ok(Some(PyNumber::Text(text.to_string())));
        }
        if value.is_instance(decimal_class(py)?)? {
            return decimal_text(value, field).map(|text| Some(PyNumber::Text(text)));
        }
        if value.hasattr("__float__")? {
            return Ok(Some(PyNumber::Float(value.extract()?)));
        }
        Ok(None)
    }
}

/// The digits of a `Decimal`, all of them and no exponent.
fn decimal_text(value: &Bound<'_, PyAny>, field: Field) -> PyResult<String> {
    let py = value.py();
    if !value.call_method0("is_finite")?.is_truthy()? {
        return Err(wrong(py, Kind::NotFinite, field));
    }
    // Written without an exponent it would fill the memory, before the frame's length could tell.
    let parts = value.call_method0("as_tuple")?;
    let exponent: i64 = parts.getattr("exponent")?.extract()?;
    if exponent.unsigned_abs() > tipwire::limits::MAX_FRAME as u64 {
        return Err(wrong(py, Kind::Digits, field));
    }
    Ok(value.call_method1("__format__", ("f",))?.cast::<PyString>()?.to_string())
}

/// `(lat, lng)` or `(lat, lng, alt)`.
pub fn place(
    value: &Bound<'_, PyAny>,
    field: Field,
) -> PyResult<Option<(PyNumber, PyNumber, Option<PyNumber>)>> {
    let Ok(tuple) = value.cast::<PyTuple>() else { return Ok(None) };
    let mut numbers = Vec::with_capacity(3);
    for part in tuple.iter() {
        match PyNumber::new(&part, field)? {
            Some(number) => numbers.push(number),
            None => return Ok(None),
        }
    }
    let mut numbers = numbers.into_iter();
    Ok(match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
        (Some(lat), Some(lng), alt, None) => Some((lat, lng, alt)),
        _ => None,
    })
}
