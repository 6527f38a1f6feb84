//! What platforms have of their own.

use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};
use tipwire::platform::thingspanel;

use crate::errors::{unbuildable, unreadable};
use crate::source::Source;

/// A packet of ThingsPanel.
#[pyclass(frozen, module = "tipwire")]
#[derive(PartialEq, Eq, Hash)]
pub struct Packet {
    #[pyo3(get)]
    r#type: u8,
    #[pyo3(get)]
    command: u8,
    payload: Box<[u8]>,
}

#[pymethods]
impl Packet {
    #[classattr]
    #[expect(non_upper_case_globals)]
    const __match_args__: (&'static str, &'static str, &'static str) =
        ("type", "command", "payload");

    #[new]
    #[pyo3(signature = (r#type, command, payload=None))]
    fn new(r#type: u8, command: u8, payload: Option<Source>) -> Packet {
        let payload = payload.as_ref().map_or(&[][..], Source::bytes).into();
        Packet { r#type, command, payload }
    }

    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.payload)
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let (kind, command, payload) = (self.r#type, self.command, &*self.payload);
        let packet = thingspanel::Packet { kind, command, payload };
        let mut bytes = Vec::new();
        packet.write(&mut bytes).map_err(|error| unbuildable(py, error, None))?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Packet>().is_ok_and(|other| other.get() == self)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> (Bound<'py, PyType>, (u8, u8, Bound<'py, PyBytes>)) {
        let packet = slf.get();
        (slf.get_type(), (packet.r#type, packet.command, packet.payload(slf.py())))
    }

    /// The payload may be an access token: it is not shown.
    fn __repr__(&self) -> String {
        format!("Packet({}, {}, … {} bytes)", self.r#type, self.command, self.payload.len())
    }
}

/// Reads a packet of ThingsPanel.
#[pyfunction]
#[pyo3(signature = (data, /))]
pub fn parse_packet(py: Python<'_>, data: Source) -> PyResult<Packet> {
    let packet = thingspanel::Packet::parse(data.bytes());
    let thingspanel::Packet { kind, command, payload } =
        packet.map_err(|error| unreadable(py, error, &[]))?;
    Ok(Packet { r#type: kind, command, payload: payload.into() })
}
