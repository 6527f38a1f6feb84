//! Codec for device telemetry: TagoTiP text frames and TagoTiP/S envelopes, read and written
//! without allocation.
//!
//! A device reports with one line of text, and the server answers with another:
//!
//! ```text
//! PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32.5#C;humidity:=65#%]
//! ACK|OK|2
//! ```
//!
//! # Reading
//!
//! [`Frame::parse`] checks a line completely and gives a small value that borrows from it. What it
//! holds is walked by iterators; nothing is copied, and nothing can be wrong any more.
//!
//! ```
//! use tipwire::{Frame, Value};
//!
//! let line = b"PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32.5#C;status=on\\nline]\n";
//! let frame = Frame::parse(line)?;
//! for variable in frame.variables() {
//!     match variable.value {
//!         Value::Number(number) => println!("{} = {}", variable.name, number.to_f64()),
//!         Value::String(text) => println!("{} = {text}", variable.name),
//!         other => println!("{} = {other:?}", variable.name),
//!     }
//! }
//! # Ok::<(), tipwire::Error>(())
//! ```
//!
//! [`Frame::parse_each`] gives each variable as soon as it is checked, so that none is taken apart twice:
//! a quarter quicker for who goes through all of them.
//!
//! An [`Error`] says what was expected and at which byte; [`Error::reply`] is the line that a server
//! answers with.
//!
//! ```
//! let line = b"PUSH|4deedd7bab8817ec|sensor-01|[temperature:=032.5]";
//! let error = tipwire::Frame::parse(line).unwrap_err();
//! assert_eq!(error.explain(line).to_string(), "a number has no leading zeros, found 3 at byte 47");
//! assert_eq!(error.code(), "invalid_payload");
//! ```
//!
//! [`Ack::parse`] reads answers in the same way. [`Frame::points`] are the variables with the
//! defaults of their block applied, and [`Frame::write_json`] is all of it as JSON.
//!
//! # Writing
//!
//! [`Push`], [`Pull`] and [`Ping`] write uplinks, [`Reply`] writes answers: straight into a buffer of
//! the caller, checked and escaped as they go. The first error sticks and comes out at the end.
//!
//! ```
//! use tipwire::{Fixed, Push};
//!
//! let mut buffer = [0; 128];
//! let mut push = Push::to(&mut buffer, "4deedd7bab8817ec", "sensor-01");
//! push.number("temperature", Fixed(32.456, 1)).unit("C");
//! push.string("status", "on\nline").group("boot");
//! let line = push.finish_line()?;
//! assert_eq!(
//!     line,
//!     b"PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32.5#C;status=on\\nline^boot]\n"
//! );
//! # Ok::<(), tipwire::BuildError>(())
//! ```
//!
//! With the feature `alloc`, `&mut Vec<u8>` and `String::new()` stand in the place of the buffer.
//!
//! # Envelopes
//!
//! A [`Sealer`] builds frames inside an encrypted envelope, an [`Opener`] opens them; both hold their
//! key expanded, and work in place in a buffer of the caller. [`Token`] gives the authorization hash
//! that headers (and the text frames) carry, and a key for those who do not choose one.
//!
//! ```
//! use tipwire::{Cipher, Inner, Layout, Opener, Sealer, Token};
//!
//! let token = Token::new("ate2bd319014b24e0a8aca9f00aea4c0d0")?;
//! let key = token.derive_key("sensor-01");
//! let (layout, cipher, key) = (Layout::Current, Cipher::ChaCha20Poly1305, key.bytes());
//!
//! let next = 0; // the counter that was stored last: see `Counter`
//! let mut device = Sealer::new(layout, cipher, key, &token, "sensor-01", next)?;
//! let mut buffer = [0; 128];
//! let envelope = device.push(&mut buffer, |push| {
//!     push.number("temperature", 32).unit("C");
//! })?;
//!
//! let mut received = envelope.to_vec();
//! let server = Opener::new(cipher, key, Some("sensor-01"))?;
//! let opened = server.open(layout, &mut received)?;
//! let Inner::Frame(frame) = opened.parse()? else { unreachable!("the header says PUSH") };
//! assert_eq!((opened.header.counter, frame.variables().len()), (0, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`open_with`] tries several keys, found by what the header says, and both layouts. A device opens
//! answers by [`Sealer::opener`], and [`plaintext_answer`] knows those that are no envelope.
//!
//! # Sessions
//!
//! [`session::Client`] and [`session::Server`] are the two sides of a connection, without the
//! connection: bytes and milliseconds go in; events, bytes to be sent and the next deadline come out.
//! They number and match, keep alive and time out, come back and send again, enforce counters, and
//! tell text from TagoTiP/S.
//!
//! ```
//! use tipwire::session::{Client, ClientEvent, ClientSettings, Server, ServerEvent, ServerSettings};
//!
//! let settings = ClientSettings::default();
//! let mut device = Client::new(&settings, "4deedd7bab8817ec", "sensor-01", [0; 256], [0; 64])?;
//! let mut server = Server::new(&ServerSettings::default(), [0; 256], [0; 256], 0)?;
//! # let now = 0;
//! device.connected(now);
//! device.push(now, |push| _ = push.number("temperature", 32).unit("C"))?;
//!
//! let mut received = device.output();
//! while let Some(event) = server.next_event(&mut received, now, &mut ()) {
//!     if let ServerEvent::Request { ticket, frame, .. } = event {
//!         let count = frame.variables().len() as u64; // stored
//!         server.answer(ticket, &mut (), |reply| reply.count(count).finish())?;
//!     }
//! }
//! device.sent(device.output().len(), now);
//!
//! let mut received = server.output();
//! let event = device.next_event(&mut received, now);
//! assert!(matches!(event, Some(ClientEvent::Answer(answer)) if answer.is_done()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Platforms
//!
//! [`platform`] has what others expect around the same data: TagoIO's HTTP and MQTT, ThingsPanel.
//!
//! ```
//! use tipwire::Frame;
//! use tipwire::platform::{tagoio::HttpRequest, thingspanel};
//!
//! let line = b"PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32.5#C]";
//! let mut buffer = [0; 64];
//! let request = HttpRequest::from_frame(line, &mut buffer)?;
//! assert_eq!((request.method, request.path), ("POST", "/v1/tip/sensor-01"));
//!
//! let mut json = String::new();
//! thingspanel::write_values(&mut json, Frame::parse(line)?.points()).unwrap();
//! assert_eq!(json, r#"{"temperature":32.5}"#);
//! # Ok::<(), tipwire::Error>(())
//! ```
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `std` (default) | nothing but `alloc` |
//! | `alloc` | writing into vectors and strings, owned views |
//! | `serde` | `Serialize` for everything that is read |
//! | `tokio` | [`stream`] as codecs for `tokio_util::codec::Framed` |
//! | `aes-128-ccm`, `aes-128-gcm`, `aes-256-ccm`, `aes-256-gcm`, `chacha20-poly1305` (default) | the ciphers of envelopes |
//!
//! The crate needs neither `std` nor `alloc`, has no `unsafe` code, and never panics on any input.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
#![warn(clippy::pedantic)]
// Nothing may panic, whatever the input.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]
// Where the pedantic group and plain reading disagree.
#![allow(clippy::missing_errors_doc, clippy::must_use_candidate, clippy::module_name_repetitions)]
#![allow(clippy::needless_pass_by_value, clippy::iter_without_into_iter, clippy::inline_always)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod credentials;
mod cursor;
mod encoding;
mod envelope;
mod error;
mod frame;
mod json;
pub mod limits;
mod place;
pub mod platform;
mod points;
mod scan;
#[cfg(feature = "serde")]
mod serde;
pub mod session;
pub mod spans;
pub mod stream;
mod time;
mod utf8;

pub use credentials::{DerivedKey, Hash, HashText, Token, device_hash};
pub use envelope::*;
pub use error::{BuildError, Code, Error, Field, Kind};
pub use frame::*;
pub use json::PointList;
pub use points::{Merged, MergedPairs, Point, Points};
#[doc(hidden)]
pub use utf8::{valid_text, valid_up_to};
