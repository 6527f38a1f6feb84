//! The WebAssembly side of the npm package `tipwire`.
//!
//! What is called often takes and returns numbers only. Bytes come in and go out by static buffers,
//! and everything else by the two lanes of a tape ([`layout`]), of which a small function in
//! TypeScript makes objects.
#![forbid(unsafe_code)]

mod build;
mod credentials;
mod failure;
mod lanes;
pub mod layout;
mod read;
#[cfg(feature = "secure")]
mod secure;
#[cfg(feature = "secure")]
mod session;
mod settings;
#[cfg(feature = "secure")]
mod spans;
mod stream;
#[cfg(feature = "secure")]
mod tagoio;
#[cfg(feature = "secure")]
mod thingsboard;
#[cfg(feature = "secure")]
mod thingspanel;
