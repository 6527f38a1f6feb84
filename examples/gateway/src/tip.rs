//! TagoTiP over HTTP: a request is a frame in another dress, and so is its answer.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use tipwire::platform::tagoio::{HttpRequest, HttpResponse};
use tipwire::{Header, Kind, Layout, plaintext_answer};

use crate::gateway::Gateway;
use crate::http::{Answer, full};
use crate::limits::Visit;
use crate::live::Message;
use crate::udp::exchange;

/// Answers a request under `/v1`.
pub async fn answer(
    gateway: &Arc<Gateway>,
    visit: &Visit,
    peer: SocketAddr,
    request: &HttpRequest<'_>,
) -> Answer {
    let message = match request.envelope() {
        // The short layout has the smallest envelopes.
        Some(envelope) => Header::parse(Layout::Short, envelope)
            .map(|_| envelope.to_vec())
            .map_err(|error| error.kind),
        None => request.to_frame(String::new()).map(String::into_bytes).map_err(|error| error.kind),
    };
    let message = match message {
        Ok(message) => message,
        Err(kind) => return refuse(gateway, peer, request, kind),
    };
    let is_sealed = request.envelope().is_some();
    let via = if is_sealed { "https" } else { "http" };
    let answer = exchange(gateway, visit, peer, via, &message).await;
    let response = if is_sealed && plaintext_answer(&answer).is_none() {
        Ok(HttpResponse::from_envelope(&answer))
    } else {
        HttpResponse::from_ack(&answer)
    };
    respond(response.unwrap_or_else(|_| HttpResponse::from_error(Kind::Buffer)))
}

/// Refuses what is no frame and no envelope.
fn refuse(gateway: &Gateway, peer: SocketAddr, request: &HttpRequest<'_>, kind: Kind) -> Answer {
    let response = HttpResponse::from_error(kind);
    if gateway.live.wants(0) {
        gateway.live.show(&Message {
            via: "http",
            peer: Some(peer),
            device: None,
            bytes: request.body,
            inner: None,
            points: None,
            answer: &String::from_utf8_lossy(response.body),
        });
    }
    respond(response)
}

/// The response as hyper has it.
pub fn respond(response: HttpResponse<'_>) -> Answer {
    let mut answer = Response::new(full(Bytes::copy_from_slice(response.body)));
    let status = StatusCode::from_u16(response.status);
    *answer.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let command = response.command.map(HeaderValue::from_str);
    let name = HeaderName::from_bytes(HttpResponse::COMMAND.as_bytes());
    if let (Ok(name), Some(Ok(command))) = (name, command) {
        answer.headers_mut().insert(name, command);
    }
    answer
}
