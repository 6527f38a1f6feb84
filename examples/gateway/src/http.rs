//! HTTP: devices under `/v1`, and the page with what it asks for.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::channel::Channel;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST, ORIGIN};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tipwire::Kind;
use tipwire::platform::tagoio::{HttpRequest, HttpResponse};
use tokio::net::TcpListener;

use crate::config::Page;
use crate::connection::Stream;
use crate::gateway::Gateway;
use crate::limits::{Doors, Visit};
use crate::tip;

pub type Answer = Response<BoxBody<Bytes, Infallible>>;

/// Longer than any frame and envelope with what HTTP escapes in it.
const LONGEST_BODY: usize = 64 * 1024;

/// Serves the page in the background. Gives the address it has.
pub async fn listen(gateway: &Arc<Gateway>, page: &Page) -> Result<SocketAddr, String> {
    let failed = |error: std::io::Error| format!("{} (the page): {error}", page.address);
    let listener = TcpListener::bind(page.address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let gateway = Arc::clone(gateway);
    // Pages are no devices: they are counted by themselves.
    let doors = Doors::new(gateway.config.limits);
    tokio::spawn(async move {
        loop {
            let Ok((stream, peer)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let Some(visit) = doors.enter(peer.ip()) else { continue };
            tokio::spawn(serve(Arc::clone(&gateway), Stream::Plain(stream), visit, peer, true));
        }
    });
    Ok(address)
}

/// Serves one connection to its end.
pub async fn serve(
    gateway: Arc<Gateway>,
    stream: Stream,
    visit: Visit,
    peer: SocketAddr,
    with_page: bool,
) {
    let visit = &visit;
    let service = service_fn(move |request: Request<Incoming>| {
        let gateway = Arc::clone(&gateway);
        async move { Ok::<_, Infallible>(answer(&gateway, visit, peer, with_page, request).await) }
    });
    // Errors are those of the peer, which is told by hyper where there is a way to tell.
    _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(20))
        .max_buf_size(32 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    gateway: &Arc<Gateway>,
    visit: &Visit,
    peer: SocketAddr,
    with_page: bool,
    request: Request<Incoming>,
) -> Answer {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if path.starts_with("/v1/") {
        let authorization = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        return match read(body).await {
            Ok(body) => {
                let request = HttpRequest {
                    method: head.method.as_str(),
                    path,
                    query: head.uri.query().unwrap_or_default(),
                    authorization: authorization.unwrap_or_default(),
                    body: &body,
                };
                tip::answer(gateway, visit, peer, &request).await
            }
            Err(StatusCode::PAYLOAD_TOO_LARGE) => {
                tip::respond(HttpResponse::from_error(Kind::TooLarge))
            }
            Err(status) => text(status, "too slow"),
        };
    }
    if !with_page || !is_local(&head) {
        return text(StatusCode::NOT_FOUND, "there is nothing here");
    }
    match (&head.method, path) {
        (&Method::GET, "/events") => events(gateway),
        (&Method::GET, "/api/state") => state(gateway),
        (&Method::GET, "/api/points") => {
            points(gateway, head.uri.query().unwrap_or_default()).await
        }
        (&Method::POST, "/api/command") => match read(body).await {
            Ok(body) => command(gateway, &body).await,
            Err(status) => text(status, "too long"),
        },
        (&Method::GET, _) => file(gateway, path),
        _ => text(StatusCode::METHOD_NOT_ALLOWED, "this can only be read"),
    }
}

/// Whether a request comes from the page itself: pages of others that a browser has open must not
/// send commands, nor read what devices say under a name that they made lead here.
fn is_local(head: &hyper::http::request::Parts) -> bool {
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let Some(host) = header(HOST) else { return false };
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_own = name == "localhost"
        || host.parse::<SocketAddr>().is_ok()
        || name.parse::<std::net::IpAddr>().is_ok();
    is_own && header(ORIGIN).is_none_or(|origin| origin.strip_prefix("http://") == Some(host))
}

async fn read(body: Incoming) -> Result<Bytes, StatusCode> {
    let body = Limited::new(body, LONGEST_BODY).collect();
    match tokio::time::timeout(Duration::from_secs(20), body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// What is heard from now on, and what was heard last, as server-sent events.
fn events(gateway: &Gateway) -> Answer {
    let (recent, mut next) = gateway.live.watch();
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(16);
    tokio::spawn(async move {
        for row in recent {
            if sender.send_data(format!("data: {row}\n\n").into()).await.is_err() {
                return;
            }
        }
        loop {
            let event = tokio::time::timeout(Duration::from_secs(15), next.recv()).await;
            let data = match event {
                Ok(Ok(row)) => format!("data: {row}\n\n"),
                // A page that is slow misses some.
                Ok(Err(tokio::sync::broadcast::error::RecvError::Lagged(_))) => continue,
                Ok(Err(_)) => return,
                // Says that the connection still stands, and finds out whether it does.
                Err(_) => ": \n\n".to_owned(),
            };
            if sender.send_data(data.into()).await.is_err() {
                return;
            }
        }
    });
    let response = Response::builder()
        .header(CONTENT_TYPE, "text/event-stream")
        .header(CACHE_CONTROL, "no-store")
        .body(body.boxed());
    response.unwrap_or_default()
}

/// The devices that were heard last, and how much there was.
fn state(gateway: &Gateway) -> Answer {
    let (messages, points) = gateway.live.counts();
    let mut devices = gateway.devices.newest(1000);
    devices.sort_by_key(|device| {
        std::cmp::Reverse(device.heard.load(std::sync::atomic::Ordering::Relaxed))
    });
    let devices: Vec<_> = devices
        .iter()
        .take(200)
        .map(|device| {
            json!({
                "serial": device.serial,
                "heard": device.heard.load(std::sync::atomic::Ordering::Relaxed),
                "connected": device.is_connected(),
                "commands": device.commands(),
            })
        })
        .collect();
    let connections = gateway.doors.connections();
    json(&json!({
        "messages": messages, "points": points, "connections": connections, "devices": devices,
    }))
}

/// `device` alone: its variables. `device` and `variable`: the last points, the oldest first.
async fn points(gateway: &Gateway, query: &str) -> Answer {
    let value = |key: &str| {
        query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=')).map(unescape)
    };
    let device = value("device").and_then(|serial| gateway.devices.find(&serial));
    let Some(device) = device else { return text(StatusCode::NOT_FOUND, "device_not_found") };
    let variable = value("variable");
    let path = gateway.config.database.clone();
    let found = tokio::task::spawn_blocking(move || {
        crate::store::history(&path, device.id, variable.as_deref())
    });
    match found.await {
        Ok(Ok(body)) => Response::builder()
            .header(CONTENT_TYPE, "application/json")
            .body(full(body))
            .unwrap_or_default(),
        _ => text(StatusCode::INTERNAL_SERVER_ERROR, "the database failed"),
    }
}

async fn command(gateway: &Gateway, body: &[u8]) -> Answer {
    #[derive(serde::Deserialize)]
    struct Command {
        device: String,
        text: String,
    }
    let Ok(command) = serde_json::from_slice::<Command>(body) else {
        return text(StatusCode::BAD_REQUEST, "expected {\"device\":…,\"text\":…}");
    };
    match gateway.command(&command.device, &command.text).await {
        Ok(()) => json(&json!({"queued": true})),
        Err(problem) => text(StatusCode::CONFLICT, problem),
    }
}

/// A file of the page, or of the package that it uses.
fn file(gateway: &Gateway, path: &str) -> Answer {
    let page = gateway.config.page.as_ref();
    let beside = |name| Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    let (folder, name) = match path.strip_prefix("/tipwire/") {
        Some(name) => {
            let package = page.and_then(|page| page.package.clone());
            (package.unwrap_or_else(|| beside("target/js/package")), name)
        }
        None => {
            let folder = page.and_then(|page| page.folder.clone());
            let name = if path == "/" { "index.html" } else { path.trim_start_matches('/') };
            (folder.unwrap_or_else(|| beside("examples/inspector")), name)
        }
    };
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains('\\');
    if !name.split('/').all(is_plain) {
        return text(StatusCode::NOT_FOUND, "there is no such file");
    }
    let path: PathBuf = folder.join(name);
    let kind = match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    };
    match std::fs::read(&path) {
        Ok(content) => Response::builder()
            .header(CONTENT_TYPE, kind)
            .header(CACHE_CONTROL, "no-cache")
            .header("content-security-policy", POLICY)
            .header("x-content-type-options", "nosniff")
            .body(full(content))
            .unwrap_or_default(),
        Err(_) => text(StatusCode::NOT_FOUND, "there is no such file"),
    }
}

/// The page needs nothing from elsewhere.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:; \
    object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

fn text(status: StatusCode, body: &'static str) -> Answer {
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    response
}

fn json(value: &serde_json::Value) -> Answer {
    let response = Response::builder()
        .header(CONTENT_TYPE, "application/json")
        .header(CACHE_CONTROL, "no-store")
        .body(full(value.to_string()));
    response.unwrap_or_default()
}

pub fn full(body: impl Into<Bytes>) -> BoxBody<Bytes, Infallible> {
    Full::new(body.into()).boxed()
}

/// A value of a query, without its escapes.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, digits.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
