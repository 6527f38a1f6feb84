//! What platforms other than the wire's own expect around their messages.

pub mod tagoio;
pub mod thingsboard;
pub mod thingspanel;
