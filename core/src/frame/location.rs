//! Locations: latitude, longitude and perhaps an altitude, as exact text.

use core::fmt;

use crate::cursor::{Cursor, Scan, Set};
use crate::error::{Error, Kind};
use crate::frame::line::{Line, Sink};
use crate::frame::number::{Number, ToNumber};

/// A location as it stands in a frame: `lat,lng` or `lat,lng,alt`. Ranges are not checked.
///
/// ```
/// let frame = tipwire::Frame::parse(b"PUSH|4deedd7bab8817ec|s|[p@=39.74,-104.99]").unwrap();
/// let place = frame.variables().next().unwrap().value.as_location().unwrap();
/// assert_eq!((place.lat().to_f64(), place.lng().to_f64(), place.alt()), (39.74, -104.99, None));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Location<'a>(&'a str);

impl<'a> Location<'a> {
    /// `place = number "," number ["," number]`
    pub(super) fn check(scan: &mut Scan<'_>) -> Result<(), Error> {
        Number::check_rare(scan)?;
        scan.expect(b',', Kind::Location)?;
        Number::check_rare(scan)?;
        if scan.eat(b',') {
            Number::check_rare(scan)?;
        }
        Ok(())
    }

    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(super) fn walk(c: &mut Cursor<'a>) -> Location<'a> {
        // Numbers and commas; nothing else between these two follows a location.
        Location(c.take_all(Set::Range(b',', b'9')))
    }

    /// A location that was checked.
    #[inline(always)]
    pub(super) const fn checked(text: &'a str) -> Location<'a> {
        Location(text)
    }

    /// The location that `text` is in the grammar of frames.
    pub fn new(text: &'a str) -> Option<Location<'a>> {
        let mut scan = Scan::new(text);
        Location::check(&mut scan).ok()?;
        scan.is_at_end().then_some(Location(text))
    }

    /// The exact text.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Latitude, longitude, and the altitude if there is one.
    pub fn coordinates(&self) -> (Number<'a>, Number<'a>, Option<Number<'a>>) {
        let (lat, rest) = split_off(self.0);
        let (lng, alt) = split_off(rest.unwrap_or_default());
        (Number::checked(lat), Number::checked(lng), alt.map(Number::checked))
    }

    /// The latitude.
    pub fn lat(&self) -> Number<'a> {
        self.coordinates().0
    }

    /// The longitude.
    pub fn lng(&self) -> Number<'a> {
        self.coordinates().1
    }

    /// The altitude, if there is one.
    pub fn alt(&self) -> Option<Number<'a>> {
        self.coordinates().2
    }
}

/// What is before a comma, and what is after it.
#[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
#[cfg_attr(tipwire_small, inline(never))]
fn split_off(text: &str) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == b',').and_then(|at| text.split_at_checked(at)) {
        Some((before, rest)) => (before, rest.strip_prefix(',')),
        None => (text, None),
    }
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What can be written as a location: a pair or a triple of [numbers](ToNumber), of which the third may
/// be an `Option`, or what was read as a [`Location`].
pub trait ToLocation: sealed::ToLocation {}

impl<T: sealed::ToLocation> ToLocation for T {}

pub(crate) mod sealed {
    use super::{Line, Sink};

    pub trait ToLocation {
        fn write<S: Sink>(&self, out: &mut Line<S>);
    }
}

impl sealed::ToLocation for Location<'_> {
    fn write<S: Sink>(&self, out: &mut Line<S>) {
        out.put(self.0.as_bytes());
    }
}

impl<A: ToNumber, B: ToNumber> sealed::ToLocation for (A, B) {
    fn write<S: Sink>(&self, out: &mut Line<S>) {
        self.0.write(out);
        out.put_mark(b",");
        self.1.write(out);
    }
}

impl<A: ToNumber, B: ToNumber, C: ToNumber> sealed::ToLocation for (A, B, C) {
    fn write<S: Sink>(&self, out: &mut Line<S>) {
        self.0.write(out);
        out.put_mark(b",");
        self.1.write(out);
        out.put_mark(b",");
        self.2.write(out);
    }
}

impl<A: ToNumber, B: ToNumber, C: ToNumber> sealed::ToLocation for (A, B, Option<C>) {
    fn write<S: Sink>(&self, out: &mut Line<S>) {
        self.0.write(out);
        out.put_mark(b",");
        self.1.write(out);
        if let Some(alt) = &self.2 {
            out.put_mark(b",");
            alt.write(out);
        }
    }
}
