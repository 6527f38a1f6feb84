//! What follows the serial: a block of variables with its defaults, passthrough data, or names.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use crate::cursor::{BASE64, Cursor, HEX, Scan, Set};
use crate::encoding;
use crate::error::{Error, Kind};
use crate::frame::line::{Line, Sink};
use crate::frame::location::Location;
use crate::frame::metadata::Metadata;
use crate::frame::variable::{Each, Suffixes, Variables, read_group};
use crate::frame::{Method, Revision};
use crate::limits::MAX_VARIABLES;

/// The body of an uplink.
#[derive(Clone, Debug)]
pub enum Body<'a> {
    /// PUSH with variables.
    Push(Block<'a>),
    /// PUSH with passthrough data.
    Raw(Raw<'a>),
    /// PULL: the names of variables.
    Pull(Names<'a>),
    /// PING: nothing.
    Ping,
}

impl Body<'_> {
    /// The method that has this body.
    pub const fn method(&self) -> Method {
        match self {
            Body::Push(_) | Body::Raw(_) => Method::Push,
            Body::Pull(_) => Method::Pull,
            Body::Ping => Method::Ping,
        }
    }
}

/// Variables, and what holds for all of them unless they say otherwise.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Block<'a> {
    /// The location of variables that have none and are none.
    pub location: Option<Location<'a>>,
    /// The time of variables that have none.
    pub time: Option<u64>,
    /// The group of variables that have none.
    pub group: Option<&'a str>,
    /// Metadata of every variable; its own pairs win.
    pub metadata: Metadata<'a>,
    /// The variables.
    pub variables: Variables<'a>,
}

impl<'a> Block<'a> {
    /// No defaults and no variables.
    pub const EMPTY: Block<'static> = Block::empty();

    /// The same, set and not copied.
    #[inline(always)]
    pub(super) const fn empty() -> Block<'a> {
        Block {
            location: None,
            time: None,
            group: None,
            metadata: Metadata::EMPTY,
            variables: Variables::EMPTY,
        }
    }

    /// What comes before the variables, and the bracket: where there is nothing to note it in, it is only
    /// checked.
    ///
    /// ```abnf
    /// structured = [modifiers] "[" variable *99(";" variable) "]"
    /// modifiers  = ["@=" place] ["@" time] ["^" group] ["{" meta "}"]
    ///            / ["^" group] ["@" time] ["{" meta "}"]
    /// ```
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    #[cfg_attr(tipwire_small, inline(never))]
    pub(super) fn read_defaults(
        mut noted: Option<&mut Block<'a>>,
        scan: &mut Scan<'a>,
        revision: Option<Revision>,
    ) -> Result<(), Error> {
        let start = scan.at();
        let group_first = match revision {
            None => scan.peek() == b'^',
            Some(revision) => matches!(revision, Revision::A | Revision::B),
        };
        if group_first && scan.peek() == b'^' {
            read_group(scan)?;
            if let Some(block) = &mut noted {
                block.group = Some(scan.since(start + 1));
            }
        }
        let revision = if group_first { Some(Revision::A) } else { revision };
        // What is said of all variables is said like what is said of one.
        let suffixes = noted.map(|Block { location, time, group, metadata, .. }| Suffixes {
            location,
            time,
            group,
            metadata,
        });
        Suffixes::read(suffixes, scan, revision, !group_first)?;
        let kind = if scan.at() == start { Kind::Body } else { Kind::Modifier };
        scan.expect(b'[', kind)
    }

    /// A bare list of variables, without defaults: the detail of `ACK|OK|[…]`.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(super) fn read_list(
        &mut self,
        scan: &mut Scan<'a>,
        revision: Option<Revision>,
        each: &mut impl Each<'a>,
    ) -> Result<(), Error> {
        scan.expect(b'[', Kind::Body)?;
        let mut variables = Variables::EMPTY;
        variables.read(scan, revision, self, each)?;
        self.variables = variables;
        Ok(())
    }
}

/// How passthrough data is written as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Encoding {
    /// `>x`: pairs of hex digits.
    Hex,
    /// `>b`: the standard base64 alphabet.
    Base64,
}

impl Encoding {
    /// `hex` or `base64`: the name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Encoding::Hex => "hex",
            Encoding::Base64 => "base64",
        }
    }
}

/// Passthrough data: bytes of the device's own format, as hex or base64.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Raw<'a> {
    encoding: Encoding,
    data: &'a str,
}

impl<'a> Raw<'a> {
    /// `raw-hex = ">x" 1*(2hex)`, `raw-base64 = ">b" 1*base64`, at the first character.
    pub(super) fn read(scan: &mut Scan<'a>) -> Result<Raw<'a>, Error> {
        scan.bump();
        let encoding = match scan.peek() {
            b'x' => Encoding::Hex,
            b'b' => Encoding::Base64,
            _ => return Err(scan.error(Kind::Raw)),
        };
        scan.bump();
        let start = scan.at();
        encoding.check(scan)?;
        Ok(Raw { encoding, data: scan.since(start) })
    }

    /// How the bytes are written.
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The text, as it stands in the frame.
    pub const fn data(&self) -> &'a str {
        self.data
    }

    /// The bytes that the data stand for, into the caller's buffer.
    ///
    /// A frame only has to keep to the alphabet; here base64 must be right too: padded or not, `=`
    /// only at the end, unused bits zero.
    ///
    /// ```
    /// let frame = tipwire::Frame::parse(b"PUSH|4deedd7bab8817ec|s|>b3q2+7w==").unwrap();
    /// let mut buffer = [0; 8];
    /// assert_eq!(frame.raw().unwrap().decode_into(&mut buffer), Ok(&[0xde, 0xad, 0xbe, 0xef][..]));
    /// ```
    pub fn decode_into<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], Kind> {
        match self.encoding {
            Encoding::Hex => encoding::decode_hex(self.data.as_bytes(), buffer),
            Encoding::Base64 => encoding::decode_base64(self.data.as_bytes(), buffer),
        }
    }

    /// The bytes that the data stand for.
    #[cfg(feature = "alloc")]
    pub fn decode(&self) -> Result<Vec<u8>, Kind> {
        let mut buffer = alloc::vec![0; self.data.len()];
        let length = self.decode_into(&mut buffer)?.len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

impl Encoding {
    /// Data of this encoding, which must be all there is.
    pub(super) fn check(self, scan: &mut Scan<'_>) -> Result<(), Error> {
        let start = scan.at();
        scan.skip(Set::Of(match self {
            Encoding::Hex => HEX,
            Encoding::Base64 => BASE64,
        }));
        let length = scan.at() - start;
        let is_odd = self == Encoding::Hex && length % 2 == 1;
        if length == 0 || is_odd || !scan.is_at_end() {
            Err(scan.error(self.kind()))
        } else {
            Ok(())
        }
    }

    /// Writes bytes as upper-case hex or padded base64.
    pub(super) fn write<S: Sink>(self, out: &mut Line<S>, data: &[u8]) {
        match self {
            _ if data.is_empty() => out.fail(self.kind()),
            Encoding::Hex => data.iter().for_each(|byte| out.put(&encoding::hex(*byte))),
            Encoding::Base64 => data.chunks(3).for_each(|part| out.put(&encoding::base64(part))),
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Encoding::Hex => Kind::Hex,
            Encoding::Base64 => Kind::Base64,
        }
    }
}

/// The names of a PULL, in the order of the frame.
#[derive(Clone)]
pub struct Names<'a> {
    cursor: Cursor<'a>,
    left: usize,
}

impl<'a> Names<'a> {
    pub(super) const EMPTY: Names<'static> = Names { cursor: Cursor::new(""), left: 0 };

    /// What is left of the list, as it stands in the frame.
    pub fn raw(&self) -> &'a str {
        self.cursor.rest()
    }

    /// `name-list = "[" name *99(";" name) "]"`
    pub(super) fn read(scan: &mut Scan<'a>) -> Result<Names<'a>, Error> {
        scan.expect(b'[', Kind::List)?;
        let start = scan.at();
        let mut count = 0;
        loop {
            scan.name()?;
            count += 1;
            if scan.peek() != b';' {
                break;
            }
            if count == MAX_VARIABLES {
                return Err(scan.error(Kind::TooManyVariables));
            }
            scan.bump();
        }
        let cursor = Cursor::new(scan.since(start));
        scan.expect(b']', Kind::ListEnd)?;
        Ok(Names { cursor, left: count })
    }
}

impl<'a> Iterator for Names<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.left = self.left.checked_sub(1)?;
        let name = self.cursor.take_all(Set::OutOfRange(b';', b';'));
        self.cursor.eat(";");
        Some(name)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Names<'_> {}

impl fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
