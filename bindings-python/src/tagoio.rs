//! Frames as TagoIO's HTTP requests and MQTT messages.
//!
//! `tipwire/tagoio.py` is where users find these names.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};
use tipwire::platform::tagoio as core;
use tipwire::{Kind, Method};

use crate::build::failed;
use crate::errors::unreadable;
use crate::source::Source;

/// What is written beside a frame: topics, paths, headers.
const MORE: usize = 256;

/// A frame or an envelope as TagoIO's HTTP request. Import it from ``tipwire.tagoio``.
#[pyclass(frozen, eq, hash, module = "tipwire.tagoio")]
#[derive(PartialEq, Eq, Hash)]
pub struct HttpRequest {
    /// ``POST``, ``GET`` or ``HEAD``.
    #[pyo3(get)]
    method: String,
    /// The path without the query.
    #[pyo3(get)]
    path: String,
    /// The query without its ``?``.
    #[pyo3(get)]
    query: String,
    /// The value of the header ``Authorization``; empty for an envelope.
    #[pyo3(get)]
    authorization: String,
    body: Box<[u8]>,
}

impl HttpRequest {
    fn of(request: core::HttpRequest<'_>) -> HttpRequest {
        HttpRequest {
            method: request.method.into(),
            path: request.path.into(),
            query: request.query.into(),
            authorization: request.authorization.into(),
            body: request.body.into(),
        }
    }

    fn core(&self) -> core::HttpRequest<'_> {
        let HttpRequest { method, path, query, authorization, body } = self;
        core::HttpRequest { method, path, query, authorization, body }
    }
}

#[pymethods]
impl HttpRequest {
    #[classattr]
    #[expect(non_upper_case_globals)]
    const __match_args__: (&'static str, &'static str) = ("method", "path");

    #[new]
    #[pyo3(signature = (method, path, query="", authorization="", body=None))]
    fn new(
        method: &str,
        path: &str,
        query: &str,
        authorization: &str,
        body: Option<Source>,
    ) -> HttpRequest {
        let body = body.as_ref().map_or(&[][..], Source::bytes);
        HttpRequest::of(core::HttpRequest { method, path, query, authorization, body })
    }

    /// The request that says what a frame says; its counter is left out.
    #[staticmethod]
    #[pyo3(signature = (frame, /))]
    fn from_frame(py: Python<'_>, frame: Source) -> PyResult<HttpRequest> {
        let line = frame.bytes();
        let mut buffer = vec![0; line.len() + MORE];
        let request = core::HttpRequest::from_frame(line, &mut buffer);
        request.map(HttpRequest::of).map_err(|error| unreadable(py, error, line))
    }

    /// The request that carries an envelope.
    #[staticmethod]
    #[pyo3(signature = (envelope, /))]
    fn from_envelope(envelope: Source) -> HttpRequest {
        HttpRequest::of(core::HttpRequest::from_envelope(envelope.bytes()))
    }

    /// The body.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.body)
    }

    /// The envelope, where the request carries one.
    #[getter]
    fn envelope<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.core().envelope().map(|envelope| PyBytes::new(py, envelope))
    }

    /// The frame that says what the request says; raises :class:`BuildError`.
    fn to_frame(&self, py: Python<'_>) -> PyResult<String> {
        self.core().to_frame(String::new()).map_err(|error| failed(py, error, None))
    }

    #[expect(clippy::type_complexity, reason = "they are the arguments of the constructor")]
    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> (Bound<'py, PyType>, (String, String, String, String, Bound<'py, PyBytes>)) {
        let HttpRequest { method, path, query, authorization, .. } = slf.get();
        let [method, path, query, authorization] =
            [method, path, query, authorization].map(String::clone);
        (slf.get_type(), (method, path, query, authorization, slf.get().body(slf.py())))
    }

    /// What is sent may be private.
    fn __repr__(&self) -> String {
        format!("HttpRequest({:?}, {:?}, {:?}, …)", self.method, self.path, self.query)
    }
}

/// An answer or an envelope as TagoIO's HTTP response.
#[pyclass(frozen, eq, hash, module = "tipwire.tagoio")]
#[derive(PartialEq, Eq, Hash)]
pub struct HttpResponse {
    /// The status code.
    #[pyo3(get)]
    status: u16,
    /// The value of the header ``X-TagoTiP-CMD``, if there is one.
    #[pyo3(get)]
    command: Option<String>,
    body: Box<[u8]>,
}

impl HttpResponse {
    fn of(response: core::HttpResponse<'_>) -> HttpResponse {
        HttpResponse {
            status: response.status,
            command: response.command.map(str::to_owned),
            body: response.body.into(),
        }
    }
}

#[pymethods]
impl HttpResponse {
    #[classattr]
    #[expect(non_upper_case_globals)]
    const __match_args__: (&'static str, &'static str) = ("status", "command");

    #[new]
    #[pyo3(signature = (status, command=None, body=None))]
    fn new(status: u16, command: Option<String>, body: Option<Source>) -> HttpResponse {
        let body = body.as_ref().map_or(&[][..], Source::bytes).into();
        HttpResponse { status, command, body }
    }

    /// The response that says what an answer says; its counter is left out.
    #[staticmethod]
    #[pyo3(signature = (ack, /))]
    fn from_ack(py: Python<'_>, ack: Source) -> PyResult<HttpResponse> {
        let line = ack.bytes();
        let response = core::HttpResponse::from_ack(line);
        response.map(HttpResponse::of).map_err(|error| unreadable(py, error, line))
    }

    /// The response that carries an envelope.
    #[staticmethod]
    #[pyo3(signature = (envelope, /))]
    fn from_envelope(envelope: Source) -> HttpResponse {
        HttpResponse::of(core::HttpResponse::from_envelope(envelope.bytes()))
    }

    /// The response of a server that could not take a request.
    #[staticmethod]
    #[pyo3(signature = (error, /))]
    fn from_error(error: &Bound<'_, PyAny>) -> PyResult<HttpResponse> {
        let name: String = error.getattr("kind")?.extract()?;
        let kind = Kind::from_name(&name);
        let kind = kind.ok_or_else(|| PyValueError::new_err("that is no kind of error"))?;
        Ok(HttpResponse::of(core::HttpResponse::from_error(kind)))
    }

    /// The body.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.body)
    }

    /// The answer that the response to a request of this method is.
    #[pyo3(signature = (method, seq=None))]
    fn to_ack(&self, py: Python<'_>, method: &str, seq: Option<u32>) -> PyResult<String> {
        let method = [Method::Push, Method::Pull, Method::Ping]
            .into_iter()
            .find(|known| known.name() == method)
            .ok_or_else(|| PyValueError::new_err("a method is PUSH, PULL or PING"))?;
        let HttpResponse { status, command, body } = self;
        let response = core::HttpResponse { status: *status, command: command.as_deref(), body };
        response.to_ack(method, seq, String::new()).map_err(|error| failed(py, error, None))
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> (Bound<'py, PyType>, (u16, Option<String>, Bound<'py, PyBytes>)) {
        let response = slf.get();
        let body = response.body(slf.py());
        (slf.get_type(), (response.status, response.command.clone(), body))
    }

    fn __repr__(&self) -> String {
        format!("HttpResponse({}, …)", self.status)
    }
}

/// A frame, an answer or an envelope as an MQTT message of TagoIO's.
#[pyclass(frozen, eq, hash, module = "tipwire.tagoio")]
#[derive(PartialEq, Eq, Hash)]
pub struct MqttMessage {
    /// The topic.
    #[pyo3(get)]
    topic: String,
    payload: Box<[u8]>,
}

impl MqttMessage {
    fn of(message: core::MqttMessage<'_>) -> MqttMessage {
        MqttMessage { topic: message.topic.into(), payload: message.payload.into() }
    }

    fn core(&self) -> core::MqttMessage<'_> {
        core::MqttMessage { topic: &self.topic, payload: &self.payload }
    }
}

#[pymethods]
impl MqttMessage {
    #[classattr]
    #[expect(non_upper_case_globals)]
    const __match_args__: (&'static str, &'static str) = ("topic", "payload");

    #[new]
    fn new(topic: String, payload: Source) -> MqttMessage {
        MqttMessage { topic, payload: payload.bytes().into() }
    }

    /// The message that says what a frame says; there is none for a PING.
    #[staticmethod]
    #[pyo3(signature = (frame, /))]
    fn from_frame(py: Python<'_>, frame: Source) -> PyResult<MqttMessage> {
        let line = frame.bytes();
        let mut buffer = vec![0; line.len() + MORE];
        let message = core::MqttMessage::from_frame(line, &mut buffer);
        message.map(MqttMessage::of).map_err(|error| unreadable(py, error, line))
    }

    /// The message that says to a device what an answer says.
    #[staticmethod]
    #[pyo3(signature = (ack, serial, /))]
    fn from_ack(py: Python<'_>, ack: Source, serial: &str) -> PyResult<MqttMessage> {
        let line = ack.bytes();
        let mut buffer = [0; MORE];
        let message = core::MqttMessage::from_ack(line, serial, &mut buffer);
        message.map(MqttMessage::of).map_err(|error| unreadable(py, error, &[]))
    }

    /// The message that carries an envelope from or to a device.
    #[staticmethod]
    #[pyo3(signature = (envelope, serial, channel, /))]
    fn from_envelope(
        py: Python<'_>,
        envelope: Source,
        serial: &str,
        channel: &str,
    ) -> PyResult<MqttMessage> {
        let (channel, mut buffer) = (self::channel(channel)?, [0; MORE]);
        let message =
            core::MqttMessage::from_envelope(envelope.bytes(), serial, channel, &mut buffer);
        message.map(MqttMessage::of).map_err(|error| unreadable(py, error, &[]))
    }

    /// The payload.
    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.payload)
    }

    /// The envelope, where the message carries one.
    #[getter]
    fn envelope<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.core().envelope().map(|envelope| PyBytes::new(py, envelope))
    }

    /// The frame that a device means; ``auth`` is the hash it logged in with.
    fn to_frame(&self, py: Python<'_>, auth: &str) -> PyResult<String> {
        self.core().to_frame(auth, String::new()).map_err(|error| failed(py, error, None))
    }

    /// The answer that a server means.
    fn to_ack(&self, py: Python<'_>) -> PyResult<String> {
        self.core().to_ack(String::new()).map_err(|error| failed(py, error, None))
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> (Bound<'py, PyType>, (String, Bound<'py, PyBytes>)) {
        (slf.get_type(), (slf.get().topic.clone(), slf.get().payload(slf.py())))
    }

    fn __repr__(&self) -> String {
        format!("MqttMessage({:?}, …)", self.topic)
    }
}

fn channel(name: &str) -> PyResult<core::Channel> {
    let wrong = || PyValueError::new_err("a channel is push, pull or ack");
    core::Channel::from_name(name).ok_or_else(wrong)
}

/// The topic of a device, of frames or of envelopes.
#[pyfunction]
#[pyo3(signature = (serial, channel, *, sealed=false))]
pub fn topic(py: Python<'_>, serial: &str, channel: &str, sealed: bool) -> PyResult<String> {
    let topic = core::Topic { sealed, serial, channel: self::channel(channel)? };
    topic.write(String::new()).map_err(|error| failed(py, error, None))
}

/// User and password that a device connects to the broker with.
#[pyfunction]
#[pyo3(signature = (hash, /))]
pub fn login<'a>(py: Python<'_>, hash: &'a str) -> PyResult<(&'a str, &'a str)> {
    core::login(hash).map_err(|error| unreadable(py, error, &[]))
}

/// The hash that a user and a password are the halves of.
#[pyfunction]
#[pyo3(signature = (user, password, /))]
pub fn join_login(py: Python<'_>, user: &str, password: &str) -> PyResult<String> {
    let hash = core::join_login(user, password).map_err(|error| unreadable(py, error, &[]))?;
    Ok(hash.as_str().to_owned())
}
