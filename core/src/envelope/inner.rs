//! What stands inside: an uplink without method, counter and authorization, or an answer.

use crate::error::Error;
use crate::frame::{Ack, Frame, Method};

/// What an envelope carries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum InnerMethod {
    /// Data to store.
    Push = 0,
    /// A wish for the last values of variables.
    Pull = 1,
    /// Is anybody there?
    Ping = 2,
    /// An answer.
    Ack = 3,
}

impl InnerMethod {
    /// Every method, in the order of the numbers.
    pub const ALL: &'static [InnerMethod] =
        &[InnerMethod::Push, InnerMethod::Pull, InnerMethod::Ping, InnerMethod::Ack];

    /// The method as text frames have it.
    pub const fn name(self) -> &'static str {
        match self {
            InnerMethod::Push => "PUSH",
            InnerMethod::Pull => "PULL",
            InnerMethod::Ping => "PING",
            InnerMethod::Ack => "ACK",
        }
    }

    /// The method that text frames have as `name`.
    pub fn from_name(name: &str) -> Option<InnerMethod> {
        InnerMethod::ALL.iter().copied().find(|method| method.name() == name)
    }

    /// The method of an uplink; an answer has none.
    pub const fn uplink(self) -> Option<Method> {
        match self {
            InnerMethod::Push => Some(Method::Push),
            InnerMethod::Pull => Some(Method::Pull),
            InnerMethod::Ping => Some(Method::Ping),
            InnerMethod::Ack => None,
        }
    }
}

impl From<Method> for InnerMethod {
    fn from(method: Method) -> InnerMethod {
        match method {
            Method::Push => InnerMethod::Push,
            Method::Pull => InnerMethod::Pull,
            Method::Ping => InnerMethod::Ping,
        }
    }
}

/// The text inside an envelope, read.
#[derive(Clone, Debug)]
pub enum Inner<'a> {
    /// An uplink. It has neither a sequence counter nor an authorization: the header has them.
    Frame(Frame<'a>),
    /// An answer.
    Ack(Ack<'a>),
}

impl<'a> Inner<'a> {
    /// Reads the text inside an envelope. Offsets of errors count from its first byte.
    pub fn parse(method: InnerMethod, text: &'a [u8]) -> Result<Inner<'a>, Error> {
        match method.uplink() {
            Some(method) => Frame::parse_inner(method, text).map(Inner::Frame),
            None => Ack::parse_inner(text).map(Inner::Ack),
        }
    }
}
