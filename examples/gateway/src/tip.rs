//! TagoTiP over HTTP: a request is a frame in another dress, and so is its answer.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::{Response, StatusCode};
use tipwire::{Ack, Code, Detail, Header, Layout, plaintext_answer};

use crate::gateway::Gateway;
use crate::http::{full, text, unescape};
use crate::limits::Visit;
use crate::udp::exchange;

/// A request, as far as it matters.
pub struct Asked<'a> {
    pub method: &'a str,
    /// The path and the query.
    pub target: &'a str,
    pub authorization: Option<&'a str>,
    pub body: &'a [u8],
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

/// Answers a request under `/v1`.
pub async fn answer(
    gateway: &Arc<Gateway>,
    visit: &Visit,
    peer: SocketAddr,
    asked: &Asked<'_>,
) -> Answer {
    if asked.target == "/v1/tips" && asked.method == "POST" {
        // The short layout has the smallest envelopes.
        if let Err(error) = Header::parse(Layout::Short, asked.body) {
            return refused(error.code());
        }
        let answer = exchange(gateway, visit, peer, "https", asked.body).await;
        return match plaintext_answer(&answer) {
            Some(Ok(Ack { detail: Detail::Error(code), .. })) => refused(code),
            Some(_) => refused(Code::ServerError.name()),
            None => with(StatusCode::OK, answer),
        };
    }
    let Some(frame) = frame(asked) else {
        return text(StatusCode::NOT_FOUND, "there is nothing here");
    };
    let answer = exchange(gateway, visit, peer, "http", &frame).await;
    match Ack::parse(&answer) {
        Ok(ack) => match ack.detail {
            Detail::Error(code) => refused(code),
            Detail::Command(command) => {
                let mut response = with(StatusCode::OK, "");
                if let Ok(value) = HeaderValue::from_str(command) {
                    response.headers_mut().insert("x-tagotip-cmd", value);
                }
                response
            }
            Detail::Count(count) => with(StatusCode::OK, count.to_string()),
            Detail::Variables(_) => {
                let line = String::from_utf8_lossy(&answer);
                let list = line.find('[').map_or("", |at| line[at..].trim_end());
                with(StatusCode::OK, list.to_owned())
            }
            _ => with(StatusCode::NO_CONTENT, ""),
        },
        Err(_) => refused(Code::ServerError.name()),
    }
}

/// The frame that a request under `/v1/tip/` stands for; whether it is one is for the core to say.
fn frame(asked: &Asked<'_>) -> Option<Vec<u8>> {
    let rest = asked.target.strip_prefix("/v1/tip/")?;
    let (serial, query) = rest.split_once('?').unwrap_or((rest, ""));
    let auth = asked.authorization.and_then(|value| value.strip_prefix("TagoTiP ")).unwrap_or("");
    Some(match asked.method {
        "POST" => [format!("PUSH|{auth}|{serial}|").as_bytes(), asked.body].concat(),
        "GET" => {
            let names = query.split('&').find_map(|pair| pair.strip_prefix("variables="));
            let names = unescape(names.unwrap_or_default()).replace(',', ";");
            format!("PULL|{auth}|{serial}|[{names}]").into_bytes()
        }
        "HEAD" => format!("PING|{auth}|{serial}").into_bytes(),
        _ => return None,
    })
}

fn refused(code: &str) -> Answer {
    let status = match Code::from_name(code) {
        Some(Code::InvalidToken) => StatusCode::UNAUTHORIZED,
        Some(Code::DeviceNotFound | Code::VariableNotFound) => StatusCode::NOT_FOUND,
        Some(Code::PayloadTooLarge | Code::EnvelopeTooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        Some(Code::RateLimited) => StatusCode::TOO_MANY_REQUESTS,
        Some(Code::ServerError) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    with(status, code.to_owned())
}

fn with(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    response
}
