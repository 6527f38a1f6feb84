//! Both sides of a connection, without the connection.
//!
//! A [`Client`] is a device that asks, a [`Server`] is what answers it. Neither knows of sockets or
//! clocks: bytes go in, with the time in milliseconds; events come out, and bytes to be sent, and
//! the time at which something will be due. What does the rest is a loop of the caller's, and both
//! have the same one:
//!
//! 1. wait until there are bytes, or for [`deadline`](Client::deadline);
//! 2. if the deadline has passed, [`handle_timeout`](Client::handle_timeout);
//! 3. take events from [`next_event`](Client::next_event), which gets the bytes, until there are none;
//! 4. send what [`output`](Client::output) has, and say how much of it was [`sent`](Client::sent).
//!
//! Times are milliseconds since anything, such as the start of the program, as long as they do not go
//! backwards. All memory is the caller's: every session has two buffers, which can be arrays, slices,
//! or, with the feature `alloc`, vectors that grow up to a limit.
//!
//! # Serving
//!
//! Text and TagoTiP/S are told apart by the first byte. Requests are handed out in order, each with a
//! [`Ticket`], and are answered in order: at once or later, so that many of them may be on their way
//! to a database together. What cannot be read is answered by the session itself, in its turn.
//!
//! ```
//! use tipwire::session::{Server, ServerEvent, ServerSettings};
//!
//! let mut server = Server::new(&ServerSettings::default(), [0; 512], [0; 512], 0).unwrap();
//! let mut input = &b"PUSH|!1|4deedd7bab8817ec|sensor-01|[t:=21.5;h:=60]\r\nPING|!2|oops\n"[..];
//! let mut unanswered = Vec::new();
//! while let Some(event) = server.next_event(&mut input, 0, &mut ()) {
//!     match event {
//!         ServerEvent::Request { ticket, frame, .. } => {
//!             unanswered.push((ticket, frame.variables().len() as u64));
//!         }
//!         ServerEvent::Rejected { code, .. } => println!("answered with {code}"),
//!         _ => {}
//!     }
//! }
//! assert_eq!(server.output(), b"", "the second answer waits for the first one");
//! for (ticket, count) in unanswered {
//!     server.answer(ticket, &mut (), |reply| reply.count(count).finish())?;
//! }
//! server.command(&mut (), "reboot")?;
//! assert_eq!(server.output(), b"ACK|!1|OK|2\nACK|!2|ERR|invalid_token\nACK|CMD|reboot\n");
//! # Ok::<(), tipwire::BuildError>(())
//! ```
//!
//! Sequence counters are enforced where the caller keeps a [`Sequence`] for the device: see
//! [`Devices`], and [`KnownDevices`] for one in memory. A silent connection ends with `keep_alive_timeout`, an old one with `ttl_expired`:
//! as soon as what was asked has been answered.
//!
//! # Asking
//!
//! A client numbers its requests and keeps them until they are answered. It says when it wants a
//! connection; when one is gone, it wants another after a while, and sends again what got no answer.
//! A server that enforces counters then does not take it for new, and tells so:
//! [`Answer::is_done`] knows.
//!
//! ```
//! use tipwire::session::{Client, ClientEvent, ClientSettings};
//!
//! let settings = ClientSettings { next_number: 7, seed: 42, ..ClientSettings::default() };
//! let mut client = Client::new(&settings, "4deedd7bab8817ec", "sensor-01", [0; 256], [0; 128])?;
//! assert!(matches!(client.next_event(&mut &[][..], 0), Some(ClientEvent::Connect)));
//! client.connected(20);
//!
//! let queued = client.push(25, |push| _ = push.number("temperature", 32).unit("C"))?;
//! let line = b"PUSH|!7|4deedd7bab8817ec|sensor-01|[temperature:=32#C]\n";
//! assert_eq!((queued.number, client.output()), (7, &line[..]));
//! client.sent(line.len(), 26);
//! assert_eq!(client.deadline(), Some(10_025), "when it would give the connection up");
//!
//! let mut input = &b"ACK|CMD|ota=https://example.com/v2.1.bin\nACK|!7|OK|1\n"[..];
//! while let Some(event) = client.next_event(&mut input, 60) {
//!     match event {
//!         ClientEvent::Command { text, .. } => println!("told to {text}"),
//!         ClientEvent::Answer(answer) => assert!(answer.number == 7 && answer.is_done()),
//!         other => println!("{other:?}"),
//!     }
//! }
//! assert!(client.is_idle());
//! # Ok::<(), tipwire::BuildError>(())
//! ```
//!
//! # Datagrams
//!
//! With [`Transport::Datagrams`] each input is one datagram, and so is each output. A client sends
//! one request at a time, and sends it again until its answer comes. A server has no deadlines then:
//! one session can serve all peers in turn, each answer being sent before the next datagram is read.

mod backoff;
mod client;
mod endpoint;
mod event;
mod keys;
#[cfg(feature = "alloc")]
mod known;
mod output;
mod queue;
mod requests;
mod sequence;
mod server;
mod settings;
mod turns;
mod wire;

#[cfg(feature = "alloc")]
pub(crate) use endpoint::endpoint;

pub use backoff::Backoff;
pub use client::{Client, Queued};
pub use endpoint::Endpoint;
pub use event::{Answer, ClientEvent, Device, Reason, ServerEvent, Ticket};
pub use keys::{Devices, Keys};
#[cfg(feature = "alloc")]
pub use known::{Inbox, KnownDevices};
pub use sequence::Sequence;
pub use server::Server;
pub use settings::{ClientSettings, Overflow, ServerSettings};
pub use wire::Transport;
