//! The C library. What its functions do is said where C programmers look, in `include/tipwire.h`,
//! which `cargo xtask gen` makes of the comments here: each module is a section of it.
//!
//! A function takes C's pointers by `memory`, which is the only place that believes them, calls the
//! core, and gives a status. Nothing is decided here.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(target_arch = "avr", feature(asm_experimental_arch))]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]
#![allow(non_camel_case_types, reason = "these are the names that C sees")]
#![allow(missing_docs, reason = "fields are told of where their type is")]

mod avr;
pub mod client;
pub mod credentials;
pub mod envelope;
pub mod error;
pub mod frame;
mod memory;
mod panic;
pub mod sequence;
pub mod server;
pub mod spans;
pub mod stream;
pub mod tagoio;
pub mod text;
pub mod thingsboard;
pub mod thingspanel;
pub mod variable;
pub mod writer;
