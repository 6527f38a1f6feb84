//! Frames as HTTP requests, answers as HTTP responses.
//!
//! | frame | request | response |
//! |---|---|---|
//! | PUSH | `POST /v1/tip/{serial}`, the body | 200, the count |
//! | PULL | `GET /v1/tip/{serial}?variables=a,b` | 200, the list in its brackets |
//! | PING | `HEAD /v1/tip/{serial}` | 204, or 200 and the header `X-TagoTiP-CMD` |
//! | envelope | `POST /v1/tips` | 200, an envelope |

use core::fmt;

use super::take_apart;
use super::{Texts, as_text, end_names, put_name, put_rest, put_together, take_ack_apart};
use crate::credentials::Token;
use crate::cursor::NAME;
use crate::envelope::{Header, Layout, plaintext_answer};
use crate::error::{BuildError, Code, Error, Kind};
use crate::frame::{Body, IntoSink, Line, Method, Reply, Sink, Status, check_auth};
use crate::limits::MAX_NAME;
use crate::platform::{Parts, split_off};
use crate::scan;

/// A request, in the parts that HTTP libraries take and give.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HttpRequest<'a> {
    /// `POST`, `GET` or `HEAD`.
    pub method: &'a str,
    /// The path, without query: `/v1/tip/{serial}` or `/v1/tips`.
    pub path: &'a str,
    /// The query without its `?`: `variables=a,b`, or nothing.
    pub query: &'a str,
    /// The value of the header `Authorization`; nothing with an envelope, which has its own.
    pub authorization: &'a str,
    /// The body: text, or an envelope (`application/octet-stream`).
    pub body: &'a [u8],
}

impl<'a> HttpRequest<'a> {
    /// The path of devices, before their serial.
    pub const DEVICES: &'static str = "/v1/tip/";
    /// The path of envelopes.
    pub const ENVELOPES: &'static str = "/v1/tips";
    /// The scheme in the header `Authorization`.
    pub const SCHEME: &'static str = "TagoTiP";

    /// The request that says what a frame says. Its counter is left out: HTTP matches answers
    /// itself. In the place of a token goes the token's hash.
    ///
    /// The buffer takes the path, the query and the header; the body stays where it is.
    pub fn from_frame(line: &'a [u8], buffer: &'a mut [u8]) -> Result<HttpRequest<'a>, Error> {
        let (frame, body) = take_apart(line)?;
        let mut texts = Texts { rest: buffer };
        let path = texts.add(|out| {
            out.put(HttpRequest::DEVICES.as_bytes());
            out.put(frame.serial.as_bytes());
        })?;
        let query = texts.add(|out| {
            for (n, name) in frame.names().enumerate() {
                out.put(if n == 0 { b"variables=" } else { b"," });
                out.put(name.as_bytes());
            }
        })?;
        let authorization = texts.add(|out| {
            out.put(HttpRequest::SCHEME.as_bytes());
            out.put(b" ");
            match Token::new(frame.auth) {
                Ok(token) => out.put(token.hash().as_hex().as_str().as_bytes()),
                Err(_) => out.put(frame.auth.as_bytes()),
            }
        })?;
        let (method, body) = match frame.body {
            Body::Push(_) | Body::Raw(_) => ("POST", body),
            Body::Pull(_) => ("GET", &[][..]),
            Body::Ping => ("HEAD", &[][..]),
        };
        let (path, query, authorization) = (as_text(path), as_text(query), as_text(authorization));
        Ok(HttpRequest { method, path, query, authorization, body })
    }

    /// The request that carries an envelope.
    pub const fn from_envelope(envelope: &'a [u8]) -> HttpRequest<'a> {
        HttpRequest {
            method: "POST",
            path: HttpRequest::ENVELOPES,
            query: "",
            authorization: "",
            body: envelope,
        }
    }

    /// The envelope, where the request carries one.
    pub fn envelope(&self) -> Option<&'a [u8]> {
        let is_one = self.method == "POST" && self.path == HttpRequest::ENVELOPES;
        is_one.then_some(self.body)
    }

    /// Writes the message that the request carries, for a server of datagrams to answer: its
    /// envelope, if it can be one, or else its [frame](HttpRequest::to_frame).
    pub fn to_message<S: Sink>(
        &self,
        sink: impl IntoSink<Sink = S>,
    ) -> Result<S::Done, BuildError> {
        let Some(envelope) = self.envelope() else { return self.to_frame(sink) };
        // The short layout has the smallest envelopes.
        let header = Header::parse(Layout::Short, envelope);
        header.map_err(|error| BuildError::of(error.kind))?;
        let mut out = Line::new(sink);
        out.put(envelope);
        out.finish()
    }

    /// Writes the frame that says what the request says. The parts may be anything.
    ///
    /// What is escaped by percent signs in path and query is unescaped; parts of the query that
    /// have another name than `variables` are ignored.
    ///
    /// ```
    /// use tipwire::platform::tagoio::HttpRequest;
    ///
    /// let request = HttpRequest {
    ///     method: "GET",
    ///     path: "/v1/tip/sensor%2D01",
    ///     query: "variables=t%2Ch",
    ///     authorization: "TagoTiP 4deedd7bab8817ec",
    ///     body: b"",
    /// };
    /// let frame = request.to_frame(String::new())?;
    /// assert_eq!(frame, "PULL|4deedd7bab8817ec|sensor-01|[t;h]");
    /// # Ok::<(), tipwire::BuildError>(())
    /// ```
    pub fn to_frame<S: Sink>(&self, sink: impl IntoSink<Sink = S>) -> Result<S::Done, BuildError> {
        let method = match self.method {
            "POST" => Method::Push,
            "GET" => Method::Pull,
            "HEAD" => Method::Ping,
            _ => return Err(BuildError::of(Kind::Method)),
        };
        let serial = self.path.strip_prefix(HttpRequest::DEVICES);
        let serial = serial.ok_or(BuildError::of(Kind::Path))?;
        let mut buffer = [0; MAX_NAME + 1];
        let serial = unescape(serial, &mut buffer).ok_or(BuildError::of(Kind::Serial))?;
        let auth = self.hash().ok_or(BuildError::of(Kind::Auth))?;
        put_together(sink, method, b"", auth, serial, &mut |out| match method {
            Method::Push => {
                out.put(b"|");
                put_rest(out, self.body);
            }
            Method::Pull => put_query(out, self.query),
            Method::Ping => {}
        })
    }

    /// The hash in the header.
    fn hash(&self) -> Option<&'a str> {
        let mut parts = Parts::of(self.authorization, b' ');
        let scheme = parts.next()?;
        // Spaces around it say nothing.
        let mut hash = parts.rest?;
        while let Some(rest) = hash.strip_prefix(' ').or_else(|| hash.strip_suffix(' ')) {
            hash = rest;
        }
        let fits = scheme.eq_ignore_ascii_case(HttpRequest::SCHEME)
            && !hash.starts_with("at")
            && check_auth(hash).is_ok();
        fits.then_some(hash)
    }
}

/// Writes the names of a query as those of a PULL.
fn put_query<S: Sink>(out: &mut Line<S>, query: &str) {
    let mut count = 0;
    for names in Parts::of(query, b'&').filter_map(|part| part.strip_prefix("variables=")) {
        let mut rest = Some(names);
        while let Some(names) = rest {
            let (name, others) = split_off(names, comma);
            rest = others;
            if out.error().is_none() {
                let mut buffer = [0; MAX_NAME + 1];
                match unescape(name, &mut buffer) {
                    Some(name) => put_name(out, &mut count, name),
                    None => out.fail(Kind::Name),
                }
            }
        }
    }
    end_names(out, count);
}

/// How many bytes a comma has, as itself or escaped.
fn comma(rest: &[u8]) -> Option<usize> {
    match rest {
        [b',', ..] => Some(1),
        [b'%', b'2', b'C' | b'c', ..] => Some(3),
        _ => None,
    }
}

/// The text with its percent escapes undone. Of one that is too long for the buffer a part, which
/// is too long for a name too.
fn unescape<'b>(text: &str, buffer: &'b mut [u8]) -> Option<&'b str> {
    let mut bytes = text.bytes();
    let mut length = 0;
    for place in buffer.iter_mut() {
        *place = match bytes.next() {
            None => break,
            Some(b'%') => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? << 4 | digit()?).ok()?
            }
            Some(byte) => byte,
        };
        length += 1;
    }
    core::str::from_utf8(buffer.get(..length)?).ok()
}

/// What is sent may be private.
impl fmt::Debug for HttpRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HttpRequest { method, path, query, .. } = self;
        let mut request = f.debug_struct("HttpRequest");
        request.field("method", method).field("path", path).field("query", query);
        request.finish_non_exhaustive()
    }
}

/// A response, in the parts that HTTP libraries take and give.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HttpResponse<'a> {
    /// The status code.
    pub status: u16,
    /// The value of the header `X-TagoTiP-CMD`, if it has one.
    pub command: Option<&'a str>,
    /// The body: what follows the status of the answer, a bare error code, or an envelope.
    pub body: &'a [u8],
}

impl<'a> HttpResponse<'a> {
    /// The name of the header that carries a command.
    pub const COMMAND: &'static str = "X-TagoTiP-CMD";

    /// The response that says what an answer says. Its counter is left out.
    pub fn from_ack(line: &'a [u8]) -> Result<HttpResponse<'a>, Error> {
        let (ack, rest) = take_ack_apart(line)?;
        let status = usize::from(ack.seq.is_some());
        let body = rest.splitn(status + 2, |&byte| byte == b'|').nth(status + 1);
        let body = body.unwrap_or_default();
        Ok(match ack.status {
            Status::Ok => HttpResponse { status: 200, command: None, body },
            Status::Pong => HttpResponse { status: 204, command: None, body: &[] },
            Status::Cmd => HttpResponse { status: 200, command: Some(as_text(body)), body: &[] },
            Status::Err => HttpResponse { status: status_of(ack.code()), command: None, body },
        })
    }

    /// The response that carries an envelope.
    pub const fn from_envelope(envelope: &'a [u8]) -> HttpResponse<'a> {
        HttpResponse { status: 200, command: None, body: envelope }
    }

    /// The response that says what a server answers to the [message](HttpRequest::to_message) of a
    /// request: an envelope or an ACK.
    ///
    /// ```
    /// use tipwire::platform::tagoio::{HttpRequest, HttpResponse};
    ///
    /// let request = HttpRequest::from_envelope(b"what nobody can open");
    /// let response = HttpResponse::to(&request, b"ACK|ERR|auth_failed");
    /// assert_eq!((response.status, response.body), (400, &b"auth_failed"[..]));
    /// ```
    pub fn to(request: &HttpRequest<'_>, answer: &'a [u8]) -> HttpResponse<'a> {
        if request.envelope().is_some() && plaintext_answer(answer).is_none() {
            return HttpResponse::from_envelope(answer);
        }
        HttpResponse::from_ack(answer).unwrap_or(HttpResponse::from_error(Kind::Buffer))
    }

    /// The response of a server that could not take a request.
    ///
    /// ```
    /// use tipwire::platform::tagoio::{HttpRequest, HttpResponse};
    ///
    /// let mut request = HttpRequest::from_envelope(b"");
    /// request.path = "/v1/nonsense";
    /// let error = request.to_frame(String::new()).unwrap_err();
    /// assert_eq!(HttpResponse::from_error(error.kind).status, 404);
    /// ```
    pub fn from_error(kind: Kind) -> HttpResponse<'static> {
        let fallback = match kind {
            Kind::Buffer => Code::ServerError,
            _ if kind.is_of_envelopes() => Code::AuthFailed,
            _ => Code::InvalidPayload,
        };
        let code = kind.code().unwrap_or(fallback);
        let status = status_of(Some(code));
        HttpResponse { status, command: None, body: code.name().as_bytes() }
    }

    /// Writes the answer that says what the response to a request of this method says, with the
    /// counter that the request had. The parts may be anything.
    ///
    /// Where an error has no code in its body (a proxy's page, the answer to a HEAD), its status
    /// decides.
    pub fn to_ack<S: Sink>(
        &self,
        method: Method,
        seq: Option<u32>,
        sink: impl IntoSink<Sink = S>,
    ) -> Result<S::Done, BuildError> {
        let mut reply = Reply::to(sink);
        if let Some(seq) = seq {
            reply.seq(seq);
        }
        let body = core::str::from_utf8(self.body);
        match (self.status, self.command, body) {
            (200..=299, Some(""), _) => reply.status(Status::Cmd),
            (200..=299, Some(command), _) => reply.command(command),
            (200..=299, None, _) if method == Method::Ping => reply.pong(),
            (200..=299, None, Ok("")) => reply.ok(),
            (200..=299, None, Ok(detail)) => reply.text(Status::Ok, detail),
            (200..=299, None, Err(_)) => return Err(BuildError::of(Kind::Utf8)),
            (_, _, Ok(code)) if is_code(code) => reply.text(Status::Err, code),
            (status, ..) => reply.error(code_of(status)),
        };
        reply.finish()
    }
}

/// Whether a body looks like a code, known or not.
fn is_code(body: &str) -> bool {
    (1..=MAX_NAME).contains(&body.len()) && scan::is_all(body.as_bytes(), NAME)
}

/// The status of an error; a code that has none of its own, or is unknown, is the sender's fault.
const fn status_of(code: Option<Code>) -> u16 {
    match code {
        Some(Code::InvalidToken) => 401,
        Some(Code::DeviceNotFound | Code::VariableNotFound) => 404,
        Some(Code::PayloadTooLarge | Code::EnvelopeTooLarge) => 413,
        Some(Code::RateLimited) => 429,
        Some(Code::ServerError) => 500,
        _ => 400,
    }
}

/// The code that a status alone stands for.
const fn code_of(status: u16) -> Code {
    match status {
        401 | 403 => Code::InvalidToken,
        404 => Code::DeviceNotFound,
        413 => Code::PayloadTooLarge,
        429 => Code::RateLimited,
        400..=499 => Code::InvalidPayload,
        _ => Code::ServerError,
    }
}

/// What is sent may be private.
impl fmt::Debug for HttpResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut response = f.debug_struct("HttpResponse");
        response.field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_carries_a_frame_or_what_can_be_an_envelope() {
        let mut buffer = [0; 128];
        let mut request = HttpRequest::from_envelope(&[0; 40]);
        assert_eq!(request.to_message(&mut buffer), Ok(&[0; 40][..]));
        request.body = &[0; 3];
        let error = request.to_message(&mut buffer).map_err(|error| error.kind);
        assert!(error.is_err_and(Kind::is_of_envelopes));
        let frame = HttpRequest { method: "HEAD", path: "/v1/tip/s", ..request };
        let frame = HttpRequest { authorization: "TagoTiP 4deedd7bab8817ec", ..frame };
        assert_eq!(frame.to_message(&mut buffer), Ok(&b"PING|4deedd7bab8817ec|s"[..]));
        let bytes = [0x21, 0, 0, 0xff];
        assert_eq!(HttpResponse::to(&request, &bytes), HttpResponse::from_envelope(&bytes));
        assert_eq!(HttpResponse::to(&frame, &bytes).status, 500);
        assert_eq!(HttpResponse::to(&frame, b"ACK|PONG").status, 204);
    }
}
