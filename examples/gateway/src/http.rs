//! HTTP: devices under `/v1`, and the page with what it asks for.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Json, Router};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tipwire::Kind;
use tipwire::platform::tagoio::{HttpRequest, HttpResponse};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt};
use tower_http::services::ServeDir;
use tower_http::timeout::TimeoutLayer;

use crate::connection;
use crate::db;
use crate::gateway::{Gateway, Guest};
use crate::tagotip::exchange;

/// Longer than any frame and envelope with what HTTP escapes in it.
const LONGEST_BODY: usize = 64 * 1024;

/// How long a request may take to come, and to be answered.
const PATIENCE: Duration = Duration::from_secs(20);

/// Serves one connection to its end.
pub async fn serve(router: Router, stream: connection::Stream, guest: Arc<Guest>) {
    let router = router.layer(Extension(guest));
    // Errors are those of the peer, which is told by hyper where there is a way to tell.
    _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(32 * 1024)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
}

/// What devices ask for.
pub fn devices() -> Router {
    Router::new()
        .route("/v1/{*rest}", any(tip))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, PATIENCE))
}

/// The page, and what it asks for.
pub fn page(gateway: &Arc<Gateway>) -> Router {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Router::new()
        .route("/events", get(events))
        .route("/api/state", get(state))
        .route("/api/points", get(points))
        .route("/api/command", post(command))
        .nest_service("/tipwire", ServeDir::new(repository.join("target/js/package")))
        .fallback_service(ServeDir::new(repository.join("examples/inspector")))
        .layer(from_fn(only_the_page))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, PATIENCE))
        .with_state(Arc::clone(gateway))
}

/// Where the page may load something from: it needs nothing from elsewhere.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Lets requests of the page itself through: pages of others that a browser has open must not send
/// commands, nor read what devices say under a name that they made lead here.
async fn only_the_page(headers: HeaderMap, request: Request, next: Next) -> Response {
    let told = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = told(header::HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_own =
        name == "localhost" || host.parse::<SocketAddr>().is_ok() || name.parse::<IpAddr>().is_ok();
    let origin = told(header::ORIGIN).map(|origin| origin.split_once("://"));
    if !is_own || origin.is_some_and(|origin| origin.is_none_or(|(_, from)| from != host)) {
        return (StatusCode::NOT_FOUND, "there is nothing here").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// TagoTiP over HTTP: a request is a message in another dress, and so is its answer.
async fn tip(
    Extension(guest): Extension<Arc<Guest>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Ok(body) = body else { return respond(HttpResponse::from_error(Kind::TooLarge)) };
    let request = HttpRequest {
        method: method.as_str(),
        path: uri.path(),
        query: uri.query().unwrap_or_default(),
        authorization: authorization.unwrap_or_default(),
        body: &body,
    };
    let via = if request.envelope().is_some() { "https" } else { "http" };
    match request.to_message(&mut Vec::new()) {
        Ok(message) => respond(HttpResponse::to(&request, &exchange(&guest, via, message).await)),
        Err(error) => {
            let response = HttpResponse::from_error(error.kind);
            let live = &guest.gateway.live;
            if let Some(row) = live.row(via, guest.address, None, [&body, b""], 0) {
                live.show(row, &String::from_utf8_lossy(response.body));
            }
            respond(response)
        }
    }
}

fn respond(response: HttpResponse<'_>) -> Response {
    let status = StatusCode::from_u16(response.status);
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let command = response.command.map(|command| [(HttpResponse::COMMAND, command)]);
    (status, command, response.body.to_vec()).into_response()
}

/// What is heard from now on, and what was heard last, as server-sent events.
async fn events(
    State(gateway): State<Arc<Gateway>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (recent, next) = gateway.live.watch();
    // A page that is too slow misses some.
    let rows = tokio_stream::iter(recent).chain(BroadcastStream::new(next).filter_map(Result::ok));
    Sse::new(rows.map(|row| Ok(Event::default().data(row)))).keep_alive(KeepAlive::default())
}

/// The devices that were heard last, and how much there was.
async fn state(State(gateway): State<Arc<Gateway>>) -> Json<Value> {
    let mut devices = gateway.devices.all();
    devices.sort_by_cached_key(|device| std::cmp::Reverse(device.heard.load(Ordering::Relaxed)));
    let devices = devices.iter().take(200).map(|device| {
        json!({
            "serial": device.serial,
            "heard": device.heard.load(Ordering::Relaxed),
            "connected": device.is_connected(),
            "commands": device.commands.load(Ordering::Relaxed),
        })
    });
    Json(json!({
        "messages": gateway.live.messages.load(Ordering::Relaxed),
        "points": gateway.live.points.load(Ordering::Relaxed),
        "connections": gateway.doors.connections(),
        "devices": devices.collect::<Vec<_>>(),
    }))
}

#[derive(serde::Deserialize)]
struct Wanted {
    device: String,
    variable: Option<String>,
}

/// The variables of a device, or the last points of one of them, the oldest first.
async fn points(State(gateway): State<Arc<Gateway>>, Query(wanted): Query<Wanted>) -> Response {
    let Some(device) = gateway.devices.find(&wanted.device) else {
        return (StatusCode::NOT_FOUND, "there is no such device").into_response();
    };
    let found = gateway.store.read(move |sql| match wanted.variable {
        None => db::variables(sql, device.id),
        Some(variable) => db::history(sql, device.id, &variable),
    });
    match found.await {
        Ok(list) => ([(header::CONTENT_TYPE, "application/json")], list).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
    }
}

#[derive(serde::Deserialize)]
struct Command {
    device: String,
    text: String,
}

async fn command(State(gateway): State<Arc<Gateway>>, body: Bytes) -> Response {
    let Ok(Command { device, text }) = serde_json::from_slice(&body) else {
        return (StatusCode::BAD_REQUEST, "expected {\"device\":…,\"text\":…}").into_response();
    };
    match gateway.command(&device, text).await {
        Ok(()) => Json(json!({"queued": true})).into_response(),
        Err(problem) => (StatusCode::CONFLICT, problem).into_response(),
    }
}
