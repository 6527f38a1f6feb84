//! The WebAssembly side of the npm package `tipwire`.
//!
//! What is called often takes and returns numbers only. Bytes come in and go out by static buffers,
//! and everything else by the two lanes of a tape ([`layout`]), of which a small function in
//! TypeScript makes objects.
#![forbid(unsafe_code)]
// Without `std` no message of a panic is written, nor is what would write it part of the module: what
// cannot happen ends it.
#![no_std]

extern crate alloc;
#[cfg(not(target_family = "wasm"))]
extern crate std;

mod build;
#[cfg(feature = "secure")]
mod credentials;
mod failure;
#[cfg(feature = "full")]
mod json;
mod known;
mod lanes;
pub mod layout;
mod read;
#[cfg(feature = "secure")]
mod secure;
#[cfg(feature = "full")]
mod session;
#[cfg(feature = "streams")]
mod settings;
#[cfg(feature = "full")]
mod spans;
#[cfg(feature = "streams")]
mod stream;
#[cfg(feature = "full")]
mod tagoio;
mod texts;
#[cfg(feature = "full")]
mod thingsboard;
#[cfg(feature = "full")]
mod thingspanel;

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

#[cfg(target_family = "wasm")]
#[panic_handler]
fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
    end()
}

/// Ends the module, where what cannot happen has happened.
#[cold]
fn end() -> ! {
    #[cfg(target_family = "wasm")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_family = "wasm"))]
    panic!("what cannot happen has happened");
}
