//! Data points: variables with the defaults of their block applied.

use core::fmt;

use crate::frame::metadata::{Keys, take_bit};
use crate::frame::{Ack, Block, Body, Detail, Frame, Location, Metadata, Pairs, Text};
use crate::frame::{Value, Variable, Variables};

/// A data point: a variable, the block's defaults applied.
///
/// ```
/// let frame = tipwire::Frame::parse(b"PUSH|4deedd7bab8817ec|s|@5{by=dht22}[t:=1;h:=2@6{n=1}]")?;
/// let [t, h] = core::array::from_fn(|n| frame.points().nth(n).unwrap());
/// assert_eq!((t.time, h.time), (Some(5), Some(6)));
/// assert!(h.metadata.iter().map(|(key, _)| key).eq(["by", "n"]));
/// # Ok::<(), tipwire::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Point<'a> {
    /// The variable's name.
    pub variable: &'a str,
    /// Its value.
    pub value: Value<'a>,
    /// The unit of the value.
    pub unit: Option<&'a str>,
    /// When it was measured, in UNIX milliseconds.
    pub time: Option<u64>,
    /// The group of data points that it belongs to.
    pub group: Option<&'a str>,
    /// Where it was measured; where the value itself is a location, that.
    pub location: Option<Location<'a>>,
    /// Its metadata and the block's.
    pub metadata: Merged<'a>,
}

impl<'a> Point<'a> {
    /// A variable, and its block: for who gets both while they are read.
    #[doc(hidden)]
    #[inline(always)]
    pub fn of(own: Variable<'a>, block: &Block<'a>) -> Point<'a> {
        Point::new(own, block.location, block.time, block.group, block.metadata)
    }

    #[inline(always)]
    fn new(
        own: Variable<'a>,
        location: Option<Location<'a>>,
        time: Option<u64>,
        group: Option<&'a str>,
        defaults: Metadata<'a>,
    ) -> Point<'a> {
        let location = match own.value {
            Value::Location(place) => Some(place),
            _ => own.location.or(location),
        };
        Point {
            variable: own.name,
            value: own.value,
            location,
            unit: own.unit,
            time: own.time.or(time),
            group: own.group.or(group),
            metadata: Merged { defaults, own: own.metadata },
        }
    }
}

/// The data points of a frame, in its order.
#[derive(Clone, Debug)]
pub struct Points<'a> {
    variables: Variables<'a>,
    location: Option<Location<'a>>,
    time: Option<u64>,
    group: Option<&'a str>,
    metadata: Metadata<'a>,
}

/// Variables without defaults, such as those of an answer.
impl<'a> From<Variables<'a>> for Points<'a> {
    fn from(variables: Variables<'a>) -> Points<'a> {
        Points { variables, ..Block::EMPTY.points() }
    }
}

impl<'a> Block<'a> {
    /// The variables as data points.
    pub fn points(&self) -> Points<'a> {
        let Block { location, time, group, metadata, .. } = *self;
        Points { variables: self.variables.clone(), location, time, group, metadata }
    }
}

impl<'a> Frame<'a> {
    /// The data points of a PUSH; none in other frames.
    pub fn points(&self) -> Points<'a> {
        match &self.body {
            Body::Push(block) => block.points(),
            _ => Block::EMPTY.points(),
        }
    }
}

impl<'a> Ack<'a> {
    /// The data points of an `OK` with variables; none in other answers.
    pub fn points(&self) -> Points<'a> {
        match &self.detail {
            Detail::Variables(block) => block.points(),
            _ => Block::EMPTY.points(),
        }
    }
}

impl<'a> Points<'a> {
    /// The variables of the data points that are left, as they stand in the frame.
    pub fn variables(&self) -> Variables<'a> {
        self.variables.clone()
    }
}

impl<'a> Iterator for Points<'a> {
    type Item = Point<'a>;

    #[cfg_attr(target_family = "wasm", inline(always))]
    fn next(&mut self) -> Option<Point<'a>> {
        let own = self.variables.next()?;
        Some(Point::new(own, self.location, self.time, self.group, self.metadata))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.variables.size_hint()
    }
}

impl ExactSizeIterator for Points<'_> {}

/// The metadata of a data point: the block's pairs, then its own; its own texts win.
#[derive(Clone, Copy, Default)]
pub struct Merged<'a> {
    defaults: Metadata<'a>,
    own: Metadata<'a>,
}

impl<'a> Merged<'a> {
    /// Whether there are no pairs.
    pub const fn is_empty(&self) -> bool {
        self.defaults.is_empty() && self.own.is_empty()
    }

    /// The pairs, every key once.
    pub fn iter(&self) -> MergedPairs<'a> {
        MergedPairs::new(*self)
    }

    /// The text of a key.
    pub fn get(&self, key: &str) -> Option<Text<'a>> {
        self.own.get(key).or_else(|| self.defaults.get(key))
    }
}

/// Pairs alone: of a repeated key the last.
impl<'a> From<Metadata<'a>> for Merged<'a> {
    fn from(own: Metadata<'a>) -> Merged<'a> {
        Merged { defaults: Metadata::default(), own }
    }
}

impl<'a> IntoIterator for Merged<'a> {
    type Item = (&'a str, Text<'a>);
    type IntoIter = MergedPairs<'a>;

    fn into_iter(self) -> MergedPairs<'a> {
        self.iter()
    }
}

impl PartialEq for Merged<'_> {
    fn eq(&self, other: &Merged<'_>) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Merged<'_> {}

impl fmt::Debug for Merged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The pairs of a [`Merged`] metadata, every key once.
#[derive(Clone)]
pub struct MergedPairs<'a> {
    defaults: Pairs<'a>,
    own: Pairs<'a>,
    all_own: Metadata<'a>,
    /// One bit for each pair of the block that does not count, and for each that its own replaces.
    repeated: u32,
    replaced: u32,
    /// One bit for each own pair that does not count or replaces one.
    done: u32,
}

impl<'a> MergedPairs<'a> {
    fn new(Merged { defaults, own }: Merged<'a>) -> MergedPairs<'a> {
        let mut pairs = MergedPairs {
            defaults: defaults.iter(),
            own: own.iter(),
            all_own: own,
            repeated: 0,
            replaced: 0,
            done: 0,
        };
        // The keys are compared once, here; what follows only looks at bits.
        let own_keys = Keys::of(own);
        pairs.done = own_keys.repeated();
        if !defaults.is_empty() {
            let default_keys = Keys::of(defaults);
            pairs.repeated = default_keys.repeated();
            for (n, key) in default_keys.iter().enumerate() {
                for (m, _) in own_keys.iter().enumerate().filter(|(_, own)| *own == key) {
                    pairs.replaced |= 1 << n;
                    pairs.done |= 1 << m;
                }
            }
        }
        pairs
    }
}

impl<'a> Iterator for MergedPairs<'a> {
    type Item = (&'a str, Text<'a>);

    #[cfg_attr(target_family = "wasm", inline(always))]
    fn next(&mut self) -> Option<(&'a str, Text<'a>)> {
        for (key, text) in self.defaults.by_ref() {
            let (repeated, replaced) = (take_bit(&mut self.repeated), take_bit(&mut self.replaced));
            if !repeated {
                let own = if replaced { self.all_own.get(key) } else { None };
                return Some((key, own.unwrap_or(text)));
            }
        }
        self.own.by_ref().find(|_| !take_bit(&mut self.done))
    }
}
