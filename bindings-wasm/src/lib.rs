//! The WebAssembly side of the npm package `tipwire`.
//!
//! What is called often takes and returns numbers only. Bytes come in and go out by static buffers,
//! and everything else by the two lanes of a tape ([`layout`]), of which a small function in
//! TypeScript makes objects.
#![forbid(unsafe_code)]

mod build;
#[cfg(feature = "full")]
mod credentials;
mod failure;
#[cfg(feature = "full")]
mod json;
mod lanes;
pub mod layout;
mod read;
#[cfg(feature = "full")]
mod secure;
#[cfg(feature = "full")]
mod session;
mod settings;
#[cfg(feature = "full")]
mod spans;
mod stream;
#[cfg(feature = "full")]
mod tagoio;
#[cfg(feature = "full")]
mod thingsboard;
#[cfg(feature = "full")]
mod thingspanel;
