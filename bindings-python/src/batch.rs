//! Many frames as columns.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchIterator};
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList, PyTuple};
use tipwire::stream::{Lines, Splitter};
use tipwire::{Body, Frame, Kind, Location, Point, Value};

use crate::source::Source;

/// After so many rows, or bytes of text, a batch is closed: text is found by 32 bits.
const ROWS: usize = 1 << 16;
const BYTES: usize = 1 << 26;

fn schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let columns = [
        ("frame", DataType::Int64),
        ("serial", DataType::Utf8),
        ("variable", DataType::Utf8),
        ("type", DataType::Utf8),
        ("number", DataType::Float64),
        ("text", DataType::Utf8),
        ("boolean", DataType::Boolean),
        ("lat", DataType::Float64),
        ("lng", DataType::Float64),
        ("alt", DataType::Float64),
        ("unit", DataType::Utf8),
        ("time", time),
        ("group", DataType::Utf8),
        ("metadata", DataType::Utf8),
        ("error", DataType::Utf8),
    ];
    let field = |(name, kind): (&str, DataType)| Field::new(name, kind, name != "frame");
    Arc::new(Schema::new(columns.map(field).to_vec()))
}

/// Rows that are being collected.
struct Rows {
    schema: SchemaRef,
    done: Vec<RecordBatch>,
    count: usize,
    bytes: usize,
    scratch: String,
    frame: Int64Builder,
    serial: StringBuilder,
    variable: StringBuilder,
    kind: StringBuilder,
    number: Float64Builder,
    text: StringBuilder,
    boolean: BooleanBuilder,
    lat: Float64Builder,
    lng: Float64Builder,
    alt: Float64Builder,
    unit: StringBuilder,
    time: TimestampMicrosecondBuilder,
    group: StringBuilder,
    metadata: StringBuilder,
    error: StringBuilder,
}

impl Rows {
    fn new() -> Rows {
        Rows {
            schema: schema(),
            done: Vec::new(),
            count: 0,
            bytes: 0,
            scratch: String::new(),
            frame: Int64Builder::new(),
            serial: StringBuilder::new(),
            variable: StringBuilder::new(),
            kind: StringBuilder::new(),
            number: Float64Builder::new(),
            text: StringBuilder::new(),
            boolean: BooleanBuilder::new(),
            lat: Float64Builder::new(),
            lng: Float64Builder::new(),
            alt: Float64Builder::new(),
            unit: StringBuilder::new(),
            time: TimestampMicrosecondBuilder::new().with_timezone("UTC"),
            group: StringBuilder::new(),
            metadata: StringBuilder::new(),
            error: StringBuilder::new(),
        }
    }

    /// Reads the next frame: a row for each data point, and one where there are none.
    fn add(&mut self, nth: i64, bytes: Option<&[u8]>) -> Result<(), ArrowError> {
        match bytes.map(|bytes| (bytes, Frame::parse(bytes))) {
            None => self.row(nth, None, None, None, None, None),
            Some((bytes, Err(error))) => {
                let problem = format!("{}: {}", error.code(), error.explain(bytes));
                self.row(nth, None, None, None, None, Some(&problem));
            }
            Some((_, Ok(frame))) => {
                let serial = Some(frame.serial);
                match &frame.body {
                    Body::Push(block) => {
                        for point in block.points() {
                            self.point(nth, frame.serial, &point);
                        }
                    }
                    Body::Raw(raw) => {
                        self.row(nth, serial, None, Some("raw"), Some(raw.data()), None);
                    }
                    Body::Pull(_) | Body::Ping => self.row(nth, serial, None, None, None, None),
                }
            }
        }
        if self.count >= ROWS || self.bytes >= BYTES { self.close() } else { Ok(()) }
    }

    /// Reports what is no message at all.
    fn refuse(&mut self, nth: i64, kind: Kind) -> Result<(), ArrowError> {
        let kind = if kind == Kind::TooLong { Kind::TooLarge } else { kind };
        let problem = format!("{}: {}", kind.code_name(), kind.sentence());
        self.row(nth, None, None, None, None, Some(&problem));
        if self.count >= ROWS || self.bytes >= BYTES { self.close() } else { Ok(()) }
    }

    fn point(&mut self, nth: i64, serial: &str, point: &Point<'_>) {
        self.count += 1;
        self.bytes += serial.len() + point.variable.len();
        self.frame.append_value(nth);
        self.serial.append_value(serial);
        self.variable.append_value(point.variable);
        self.kind.append_value(point.value.type_name());
        let mut location = point.location;
        let (mut number, mut boolean) = (None, None);
        match point.value {
            Value::Number(found) => {
                number = Some(found.to_f64());
                self.text.append_null();
            }
            Value::String(text) => {
                self.bytes += text.raw().len();
                match text.borrowed() {
                    Some(plain) => self.text.append_value(plain),
                    None => self.text.append_value(text.to_cow()),
                }
            }
            Value::Boolean(truth) => {
                boolean = Some(truth);
                self.text.append_null();
            }
            Value::Location(place) => {
                location = Some(place);
                self.text.append_null();
            }
        }
        self.number.append_option(number);
        self.boolean.append_option(boolean);
        self.place(location);
        self.unit.append_option(point.unit);
        let time = point.time.and_then(|time| i64::try_from(time).ok()?.checked_mul(1000));
        self.time.append_option(time);
        self.bytes += point.group.map_or(0, str::len);
        self.group.append_option(point.group);
        if point.metadata.is_empty() {
            self.metadata.append_null();
        } else {
            self.scratch.clear();
            // Strings take everything.
            let _ = point.metadata.write_json(&mut self.scratch);
            self.bytes += self.scratch.len();
            self.metadata.append_value(&self.scratch);
        }
        if point.time.is_some() && time.is_none() {
            self.error.append_value(Kind::TimeRange.sentence());
        } else {
            self.error.append_null();
        }
    }

    fn place(&mut self, location: Option<Location<'_>>) {
        match location {
            None => {
                self.lat.append_null();
                self.lng.append_null();
                self.alt.append_null();
            }
            Some(location) => {
                let (lat, lng, alt) = location.coordinates();
                self.lat.append_value(lat.to_f64());
                self.lng.append_value(lng.to_f64());
                self.alt.append_option(alt.map(|alt| alt.to_f64()));
            }
        }
    }

    /// A row for a frame without data points.
    fn row(
        &mut self,
        nth: i64,
        serial: Option<&str>,
        variable: Option<&str>,
        kind: Option<&str>,
        text: Option<&str>,
        error: Option<&str>,
    ) {
        self.count += 1;
        self.bytes += [serial, text, error].iter().flatten().map(|text| text.len()).sum::<usize>();
        self.frame.append_value(nth);
        self.serial.append_option(serial);
        self.variable.append_option(variable);
        self.kind.append_option(kind);
        self.number.append_null();
        self.text.append_option(text);
        self.boolean.append_null();
        self.place(None);
        self.unit.append_null();
        self.time.append_null();
        self.group.append_null();
        self.metadata.append_null();
        self.error.append_option(error);
    }

    fn close(&mut self) -> Result<(), ArrowError> {
        if self.count == 0 {
            return Ok(());
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.frame.finish()),
            Arc::new(self.serial.finish()),
            Arc::new(self.variable.finish()),
            Arc::new(self.kind.finish()),
            Arc::new(self.number.finish()),
            Arc::new(self.text.finish()),
            Arc::new(self.boolean.finish()),
            Arc::new(self.lat.finish()),
            Arc::new(self.lng.finish()),
            Arc::new(self.alt.finish()),
            Arc::new(self.unit.finish()),
            Arc::new(self.time.finish()),
            Arc::new(self.group.finish()),
            Arc::new(self.metadata.finish()),
            Arc::new(self.error.finish()),
        ];
        self.done.push(RecordBatch::try_new(Arc::clone(&self.schema), columns)?);
        (self.count, self.bytes) = (0, 0);
        Ok(())
    }

    fn finish(mut self) -> Result<Batch, ArrowError> {
        self.close()?;
        Ok(Batch { schema: self.schema, batches: self.done })
    }
}

/// The lines of a text, empty ones left out, though they count.
fn decode_lines(bytes: &[u8]) -> Result<Batch, ArrowError> {
    let mut rows = Rows::new();
    let refuse = |kind: Kind| ArrowError::InvalidArgumentError(kind.sentence().to_owned());
    let mut splitter = Splitter::owned(Lines::new()).map_err(refuse)?;
    let mut nth = 0;
    // What is left without a line feed at the end is a line as well.
    let end: &[u8] = if bytes.ends_with(b"\n") { b"" } else { b"\n" };
    for mut input in [bytes, end] {
        while let Some(event) = splitter.next(&mut input) {
            match event {
                Ok([]) => {}
                Ok(line) => rows.add(nth, Some(line))?,
                Err(kind) => rows.refuse(nth, kind)?,
            }
            nth += 1;
        }
    }
    rows.finish()
}

fn decode_list(frames: &[Option<Source>]) -> Result<Batch, ArrowError> {
    let mut rows = Rows::new();
    for (nth, frame) in (0..).zip(frames) {
        rows.add(nth, frame.as_ref().map(Source::bytes))?;
    }
    rows.finish()
}

/// Columns, as Arrow has them: give it to pyarrow, polars, duckdb or pandas.
#[pyclass(frozen, module = "tipwire")]
pub struct Batch {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

#[pymethods]
impl Batch {
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // There is one schema only; the protocol lets a producer ignore what it cannot give.
        drop(requested_schema);
        let batches = self.batches.clone().into_iter().map(Ok);
        let reader = RecordBatchIterator::new(batches, Arc::clone(&self.schema));
        let stream = FFI_ArrowArrayStream::new(Box::new(reader));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(&*self.schema).map_err(impossible)?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }

    /// The names of the columns.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// How many rows there are.
    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    fn __repr__(&self) -> String {
        format!("Batch({} rows)", self.__len__())
    }
}

fn impossible(error: ArrowError) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}

/// Reads many uplinks into columns: lines in a buffer, or a list of frames.
///
/// There is a row for each data point and one for each frame without any; a bad frame is a row with
/// an ``error``. The GIL is released meanwhile.
#[pyfunction]
#[pyo3(signature = (frames, /))]
pub fn decode_batch(py: Python<'_>, frames: &Bound<'_, PyAny>) -> PyResult<Batch> {
    let is_list = frames.is_instance_of::<PyList>() || frames.is_instance_of::<PyTuple>();
    let batch = if is_list {
        let frames: Vec<Option<Source>> = frames.extract()?;
        py.detach(|| decode_list(&frames))
    } else {
        let frames: Source = frames.extract()?;
        py.detach(|| decode_lines(frames.bytes()))
    };
    batch.map_err(impossible)
}
