//! ThingsPanel's packets, values and topics.
//!
//! `tipwire/thingspanel.py` is where users find these names.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyType};
use tipwire::platform::thingspanel as core;
use tipwire::{BuildError, Kind};

use crate::build::{Writer, failed};
use crate::errors::unreadable;
use crate::frame::{Frame, Push};
use crate::source::Source;

/// A packet of ThingsPanel. ``bytes(packet)`` is the packet with its header.
#[pyclass(frozen, eq, hash, module = "tipwire")]
#[derive(PartialEq, Eq, Hash)]
pub struct Packet {
    /// 0 for data, 1 for a heartbeat.
    #[pyo3(get)]
    r#type: u8,
    /// 0 for authorization, 1 for attributes, 2 for events.
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

    /// An access token, or JSON.
    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.payload)
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let (kind, command, payload) = (self.r#type, self.command, &*self.payload);
        let packet = core::Packet { kind, command, payload };
        let mut bytes = Vec::new();
        packet.write(&mut bytes).map_err(|error| failed(py, error, None))?;
        Ok(PyBytes::new(py, &bytes))
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

/// Reads a whole packet of ThingsPanel; raises :class:`FrameError`.
#[pyfunction]
#[pyo3(signature = (data, /))]
pub fn parse_packet(py: Python<'_>, data: Source) -> PyResult<Packet> {
    let packet = core::Packet::parse(data.bytes());
    let core::Packet { kind, command, payload } =
        packet.map_err(|error| unreadable(py, error, &[]))?;
    Ok(Packet { r#type: kind, command, payload: payload.into() })
}

/// The data points as attributes or telemetry of ThingsPanel, an object as JSON.
///
/// Of a variable that comes more than once the last value stands.
#[pyfunction]
#[pyo3(signature = (push, /))]
pub fn values(push: &Bound<'_, Push>) -> PyResult<String> {
    let frame: &Frame = push.as_super().get();
    frame.json(|out, held| held.with(|read| core::write_values(out, read.line.points())))
}

/// The same as an event: ``{"method": …, "params": {…}}``.
#[pyfunction]
#[pyo3(signature = (method, push, /))]
pub fn event(method: &str, push: &Bound<'_, Push>) -> PyResult<String> {
    let frame: &Frame = push.as_super().get();
    frame.json(|out, held| held.with(|read| core::write_event(out, method, read.line.points())))
}

/// Builds a PUSH of such an object of values; raises :class:`BuildError`.
#[pyfunction]
pub fn values_push(py: Python<'_>, auth: &str, serial: &str, values: Source) -> PyResult<String> {
    let frame = core::Values::parse(values.bytes()).and_then(|values| {
        let mut push = Writer::to(String::new(), auth, serial);
        values.fill(&mut push);
        push.finish()
    });
    frame.map_err(|error| failed(py, error, None))
}

/// Where something is published over MQTT. Import it from ``tipwire.thingspanel``.
///
/// ``str(topic)`` is the topic. Telemetry has no ``id``; all else has one, which the sender chooses.
#[pyclass(frozen, eq, hash, module = "tipwire.thingspanel")]
#[derive(PartialEq, Eq, Hash)]
pub struct Topic(Box<str>);

impl Topic {
    fn read(&self, py: Python<'_>) -> PyResult<core::Topic<'_>> {
        core::Topic::parse(&self.0).map_err(|error| unreadable(py, error, self.0.as_bytes()))
    }
}

#[pymethods]
impl Topic {
    #[classattr]
    #[expect(non_upper_case_globals)]
    const __match_args__: (&'static str, &'static str) = ("channel", "id");

    #[new]
    #[pyo3(signature = (channel, id="", *, gateway=false))]
    fn new(py: Python<'_>, channel: &str, id: &str, gateway: bool) -> PyResult<Topic> {
        let channel = core::Channel::from_name(channel);
        let channel = channel.ok_or(BuildError { kind: Kind::Topic, point: None, field: None });
        let topic =
            channel.and_then(|channel| core::Topic { gateway, channel, id }.write(String::new()));
        topic.map(|topic| Topic(topic.into())).map_err(|error| failed(py, error, None))
    }

    /// Reads a topic; raises :class:`FrameError`.
    #[staticmethod]
    #[pyo3(signature = (topic, /))]
    fn parse(py: Python<'_>, topic: &str) -> PyResult<Topic> {
        let topic = Topic(topic.into());
        topic.read(py)?;
        Ok(topic)
    }

    /// What it is for.
    #[getter]
    fn channel(&self, py: Python<'_>) -> PyResult<&'static str> {
        Ok(self.read(py)?.channel.name())
    }

    /// The message's id.
    #[getter]
    fn id(&self, py: Python<'_>) -> PyResult<&str> {
        Ok(self.read(py)?.id)
    }

    /// Whether a gateway publishes there.
    #[getter]
    fn gateway(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.read(py)?.gateway)
    }

    fn __str__(&self) -> &str {
        &self.0
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((slf.get_type().getattr("parse")?, (slf.get().0.to_string(),)))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let topic = slf.get().read(slf.py())?;
        let mut out = format!("Topic('{}'", topic.channel.name());
        if !topic.id.is_empty() {
            out += &format!(", {}", PyString::new(slf.py(), topic.id).repr()?);
        }
        if topic.gateway {
            out += ", gateway=True";
        }
        Ok(out + ")")
    }
}
