//! What platforms other than the wire's own expect around their messages.

pub mod thingsboard;
pub mod thingspanel;
