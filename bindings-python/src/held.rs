//! Text and what the core reads in it, together.

use std::sync::OnceLock;

use self_cell::self_cell;
use tipwire::{Ack, Error, Frame, Method, Points, Variable, Variables};

use crate::source::Source;

/// What a text was read as.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    Frame,
    Ack,
    Inner(Option<Method>),
}

/// An uplink or an answer.
pub enum Line<'a> {
    Frame(Frame<'a>),
    Ack(Ack<'a>),
}

impl<'a> Line<'a> {
    fn parse(how: How, bytes: &'a [u8]) -> Result<Line<'a>, Error> {
        Ok(match how {
            How::Frame => Line::Frame(Frame::parse(bytes)?),
            How::Inner(Some(method)) => Line::Frame(Frame::parse_inner(method, bytes)?),
            How::Ack => Line::Ack(Ack::parse(bytes)?),
            How::Inner(None) => Line::Ack(Ack::parse_inner(bytes)?),
        })
    }

    pub fn variables(&self) -> Variables<'a> {
        match self {
            Line::Frame(frame) => frame.variables(),
            Line::Ack(ack) => ack.variables(),
        }
    }

    pub fn points(&self) -> Points<'a> {
        match self {
            Line::Frame(frame) => frame.points(),
            Line::Ack(ack) => ack.points(),
        }
    }

    pub fn write_json(&self, out: &mut String) -> std::fmt::Result {
        match self {
            Line::Frame(frame) => frame.write_json(out),
            Line::Ack(ack) => ack.write_json(out),
        }
    }
}

/// A line, and its variables once somebody asked for them.
pub struct Read<'a> {
    pub line: Line<'a>,
    variables: OnceLock<Box<[Variable<'a>]>>,
}

impl<'a> Read<'a> {
    pub fn variables(&self) -> &[Variable<'a>] {
        self.variables.get_or_init(|| self.line.variables().collect())
    }
}

self_cell!(
    struct Cell {
        owner: Source,
        #[not_covariant]
        dependent: Read,
    }
);

/// A text that was read, for Python objects to look into.
pub struct Held {
    pub how: How,
    cell: Cell,
}

impl Held {
    /// Reads a text; where it cannot be read, the text comes back with the error.
    pub fn parse(how: How, source: Source) -> Result<Held, (Source, Error)> {
        let cell = Cell::try_new_or_recover(source, |source| {
            Line::parse(how, source.bytes()).map(|line| Read { line, variables: OnceLock::new() })
        })?;
        Ok(Held { how, cell })
    }

    pub fn with<T>(&self, look: impl for<'a> FnOnce(&Read<'a>) -> T) -> T {
        self.cell.with_dependent(|_, read| look(read))
    }

    /// The text without its line ending.
    pub fn text(&self) -> &[u8] {
        let bytes = self.cell.borrow_owner().bytes();
        match bytes.strip_suffix(b"\n") {
            Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
            None => bytes,
        }
    }
}
