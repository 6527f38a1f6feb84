//! One variable: name, value, suffixes.

use core::fmt;

use crate::cursor::{Cursor, NAME, PLAIN, Scan, Set, is};
use crate::error::{Error, Kind};
use crate::frame::Revision;
use crate::frame::body::Block;
use crate::frame::location::Location;
use crate::frame::metadata::Metadata;
use crate::frame::number::Number;
use crate::frame::seen::Seen;
use crate::frame::text::Text;
use crate::limits::{MAX_NAME, MAX_UNIT, MAX_VARIABLES};

/// A variable of a block, as it stands in the frame: defaults of the block are not applied
/// (see [`Point`](crate::Point)).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Variable<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value.
    pub value: Value<'a>,
    /// The unit of the value.
    pub unit: Option<&'a str>,
    /// Where it was measured; never present where the value itself is a location.
    pub location: Option<Location<'a>>,
    /// When it was measured, in UNIX milliseconds.
    pub time: Option<u64>,
    /// The group of variables that it belongs to.
    pub group: Option<&'a str>,
    /// Its metadata.
    pub metadata: Metadata<'a>,
}

/// A typed value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// `:=`
    Number(Number<'a>),
    /// `=`
    String(Text<'a>),
    /// `?=`
    Boolean(bool),
    /// `@=`
    Location(Location<'a>),
}

impl<'a> Value<'a> {
    /// The number, if the value is one.
    pub const fn as_number(&self) -> Option<Number<'a>> {
        if let Value::Number(number) = self { Some(*number) } else { None }
    }

    /// The text, if the value is a string.
    pub const fn as_text(&self) -> Option<Text<'a>> {
        if let Value::String(text) = self { Some(*text) } else { None }
    }

    /// The truth value, if the value is a boolean.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Value::Boolean(truth) = self { Some(*truth) } else { None }
    }

    /// The location, if the value is one.
    pub const fn as_location(&self) -> Option<Location<'a>> {
        if let Value::Location(location) = self { Some(*location) } else { None }
    }

    /// `number`, `string`, `boolean` or `location`: the name of the type in JSON.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Boolean(_) => "boolean",
            Value::Location(_) => "location",
        }
    }
}

impl<'a> Value<'a> {
    /// The value that a text is that was checked, after this operator.
    #[cfg_attr(not(tipwire_small), inline(always))]
    #[cfg_attr(tipwire_small, inline(never))]
    fn of(operator: u8, seen: Seen, text: &'a str) -> Value<'a> {
        match operator {
            b':' => Value::Number(Number::checked(text)),
            b'=' => Value::String(Text::checked(text, seen)),
            b'@' => Value::Location(Location::checked(text)),
            _ => Value::Boolean(text.len() == 4),
        }
    }
}

impl<'a> Variable<'a> {
    /// Nothing, to be filled.
    #[inline(always)]
    const fn empty() -> Variable<'a> {
        Variable {
            name: "",
            value: Value::Boolean(false),
            unit: None,
            location: None,
            time: None,
            group: None,
            metadata: Metadata::EMPTY,
        }
    }

    /// ```abnf
    /// variable = name ":=" number suffixes / name "="  text   suffixes
    ///          / name "?=" bool   suffixes / name "@=" place  place-suffixes
    /// suffixes = ["#" unit] ["@=" place] ["@" time] ["^" group] ["{" meta "}"]
    /// ```
    ///
    /// Where there is nothing to note it in, it is only checked.
    #[cfg_attr(not(tipwire_small), inline(always))]
    #[cfg_attr(tipwire_small, inline(never))]
    fn read(
        mut noted: Option<&mut Variable<'a>>,
        scan: &mut Scan<'a>,
        revision: Option<Revision>,
    ) -> Result<(), Error> {
        let start = scan.at();
        scan.name()?;
        if let Some(variable) = &mut noted {
            variable.name = scan.since(start);
        }
        let start = scan.at() + 1;
        let (operator, seen) = check_value(scan)?;
        // All but one have two characters.
        let start = if operator == b'=' { start } else { start + 1 };
        if let Some(variable) = &mut noted {
            variable.value = Value::of(operator, seen, scan.since(start));
        }
        let is_place = operator == b'@';
        if scan.peek() == b'#' && !is_place {
            let start = scan.at() + 1;
            check_unit(scan)?;
            if let Some(variable) = &mut noted {
                variable.unit = Some(scan.since(start));
            }
        }
        // A place has none, as nothing had one in the first revisions.
        let revision = if is_place { Some(Revision::A) } else { revision };
        Suffixes::read(noted.map(Variable::suffixes), scan, revision, true)
    }

    #[cfg_attr(not(tipwire_small), inline(always))]
    fn suffixes(&mut self) -> Suffixes<'_, 'a> {
        let Variable { location, time, group, metadata, .. } = self;
        Suffixes { location, time, group, metadata }
    }

    #[cfg_attr(not(tipwire_small), inline(always))]
    fn walk(c: &mut Cursor<'a>) -> Variable<'a> {
        // Where operators begin; nothing else between these two is in a name.
        let name = c.take_all(Set::OutOfRange(b':', b'@'));
        let value = walk_value(c);
        let (mut unit, mut location, mut time, mut group) = (None, None, None, None);
        let mut metadata = Metadata::EMPTY;
        if c.eat("#") {
            unit = Some(c.take_all(Set::Of(PLAIN)));
        }
        if c.eat("@") {
            let mut has_time = true;
            if c.eat("=") {
                location = Some(Location::walk(c));
                has_time = c.eat("@");
            }
            if has_time {
                time = Some(c.number());
            }
        }
        if c.eat("^") {
            group = Some(c.take_all(Set::Of(NAME)));
        }
        if c.peek() == b'{' {
            metadata = c.rarely(Metadata::walk);
        }
        Variable { name, value, unit, location, time, group, metadata }
    }
}

/// Where to note what can be said of one variable, or of all of them.
pub(super) struct Suffixes<'s, 'a> {
    pub(super) location: &'s mut Option<Location<'a>>,
    pub(super) time: &'s mut Option<u64>,
    pub(super) group: &'s mut Option<&'a str>,
    pub(super) metadata: &'s mut Metadata<'a>,
}

impl<'a> Suffixes<'_, 'a> {
    /// What comes after the unit: perhaps without a location, or without a group.
    #[cfg_attr(not(tipwire_small), inline(always))]
    #[cfg_attr(tipwire_small, inline(never))]
    pub(super) fn read(
        mut noted: Option<Suffixes<'_, 'a>>,
        scan: &mut Scan<'a>,
        revision: Option<Revision>,
        groups: bool,
    ) -> Result<(), Error> {
        let mut next = scan.peek();
        if next == b'@' {
            scan.bump();
            if Revision::has_places(revision) && scan.eat(b'=') {
                let start = scan.at();
                scan.rarely(Location::check)?;
                if let Some(suffixes) = &mut noted {
                    *suffixes.location = Some(Location::checked(scan.since(start)));
                }
                next = scan.peek();
                if next == b'@' {
                    scan.bump();
                }
            }
            if next == b'@' {
                let time = scan.number(Kind::Time, Kind::TimeRange)?;
                if let Some(suffixes) = &mut noted {
                    *suffixes.time = Some(time);
                }
                next = scan.peek();
            }
        }
        if next == b'^' && groups {
            let start = scan.at() + 1;
            read_group(scan)?;
            if let Some(suffixes) = &mut noted {
                *suffixes.group = Some(scan.since(start));
            }
            next = scan.peek();
        }
        if next == b'{' {
            let start = scan.at() + 1;
            let ends = scan.rarely(Metadata::check)?;
            if let Some(suffixes) = &mut noted {
                *suffixes.metadata = Metadata::checked(scan.between(start, scan.at() - 1), ends);
            }
        }
        Ok(())
    }
}

/// What gets the variables of a frame while it is checked.
#[doc(hidden)]
pub trait Each<'a> {
    /// Whether it does anything with them.
    const LOOKS: bool = true;

    /// One of them, and the block, which says what holds for all of them.
    fn variable(&mut self, variable: Variable<'a>, block: &Block<'a>);
}

impl<'a, F: FnMut(Variable<'a>)> Each<'a> for F {
    #[inline(always)]
    fn variable(&mut self, variable: Variable<'a>, _: &Block<'a>) {
        self(variable);
    }
}

/// Nothing is done with them.
impl<'a> Each<'a> for () {
    const LOOKS: bool = false;

    fn variable(&mut self, _: Variable<'a>, _: &Block<'a>) {}
}

/// An operator and a value; the first character of the operator, and what was seen in the value.
#[cfg_attr(not(tipwire_small), inline(always))]
fn check_value(scan: &mut Scan<'_>) -> Result<(u8, Seen), Error> {
    if !cfg!(tipwire_small) && scan.eat_word(b":=") {
        return Number::check(scan).map(|()| (b':', Seen::NOTHING));
    }
    let operator = scan.peek();
    let mut seen = Seen::NOTHING;
    match operator {
        b'=' => {
            scan.bump();
            seen = Text::check(scan)?;
        }
        b':' | b'?' | b'@' => {
            scan.bump();
            scan.expect(b'=', Kind::Operator)?;
            match operator {
                b':' => Number::check(scan)?,
                b'@' => scan.rarely(Location::check)?,
                _ => {
                    let word = if scan.eat(b't') { "rue" } else { "false" };
                    scan.rarely(|scan| scan.expect_word(word, Kind::Boolean))?;
                }
            }
        }
        _ => return Err(scan.error(Kind::Operator)),
    }
    Ok((operator, seen))
}

#[cfg_attr(not(tipwire_small), inline(always))]
fn walk_value<'a>(c: &mut Cursor<'a>) -> Value<'a> {
    if c.eat(":=") {
        Value::Number(Number::walk(c))
    } else if c.eat("=") {
        Value::String(Text::walk(c))
    } else if c.eat("?=true") {
        Value::Boolean(true)
    } else if c.eat("?=false") {
        Value::Boolean(false)
    } else {
        c.eat("@=");
        Value::Location(Location::walk(c))
    }
}

/// `"#" unit`, where `unit = 1*25 bytes of plain`, whole characters.
#[cfg_attr(not(tipwire_small), inline(always))]
fn check_unit(scan: &mut Scan<'_>) -> Result<(), Error> {
    scan.bump();
    let start = scan.at();
    scan.skip(Set::Of(PLAIN));
    match scan.at() - start {
        0 => Err(scan.error(Kind::Unit)),
        1..=MAX_UNIT => Ok(()),
        _ => Err(scan.error_in(Kind::UnitLength, start + MAX_UNIT)),
    }
}

/// `"^" group`
#[cfg_attr(not(tipwire_small), inline(always))]
pub(super) fn read_group(scan: &mut Scan<'_>) -> Result<(), Error> {
    scan.bump();
    scan.word(NAME, MAX_NAME, Kind::Group, Kind::GroupLength)
}

/// Whether `text` is a unit of the grammar; else what is wrong.
pub(super) fn is_unit(text: &str) -> Result<(), Kind> {
    match text.len() {
        0 => Err(Kind::Unit),
        1..=MAX_UNIT if text.bytes().all(|byte| is(byte, PLAIN)) => Ok(()),
        1..=MAX_UNIT => Err(Kind::Unit),
        _ => Err(Kind::UnitLength),
    }
}

/// The variables of a block, in the order of the frame.
#[derive(Clone)]
pub struct Variables<'a> {
    cursor: Cursor<'a>,
    left: usize,
}

impl<'a> Variables<'a> {
    pub(super) const EMPTY: Variables<'static> = Variables { cursor: Cursor::new(""), left: 0 };

    /// `"[" variable *99(";" variable) "]"`, without the first bracket, of a block.
    #[cfg_attr(not(tipwire_small), inline(always))]
    #[cfg_attr(tipwire_small, inline(never))]
    pub(super) fn read(
        &mut self,
        scan: &mut Scan<'a>,
        revision: Option<Revision>,
        block: &Block<'a>,
        each: &mut impl Each<'a>,
    ) -> Result<(), Error> {
        let start = scan.at();
        let left = Variables::list(scan, revision, block, each)?;
        *self = Variables { cursor: Cursor::new(scan.since(start)), left };
        scan.expect(b']', Kind::Suffix)
    }

    /// Their number, which comes back in a register: what is copied right after it was written, in other
    /// parts than it was written in, makes a processor wait.
    #[cfg_attr(not(tipwire_small), inline(never))]
    #[cfg_attr(tipwire_small, inline(always))]
    fn list<E: Each<'a>>(
        scan: &mut Scan<'a>,
        revision: Option<Revision>,
        block: &Block<'a>,
        each: &mut E,
    ) -> Result<usize, Error> {
        // A copy, which can stay in registers.
        let mut ahead = *scan;
        let mut count = 0;
        loop {
            let mut variable = const { Variable::empty() };
            let noted = if E::LOOKS { Some(&mut variable) } else { None };
            Variable::read(noted, &mut ahead, revision)?;
            if E::LOOKS {
                each.variable(variable, block);
            }
            count += 1;
            if ahead.peek() != b';' {
                break;
            }
            if count == MAX_VARIABLES {
                return Err(ahead.error(Kind::TooManyVariables));
            }
            ahead.bump();
        }
        *scan = ahead;
        Ok(count)
    }

    /// What is left of the block, as it stands in the frame.
    pub fn raw(&self) -> &'a str {
        self.cursor.rest()
    }

    /// Takes the next one and shows it, for who is not to move it: small processors copy by code.
    #[doc(hidden)]
    #[inline(always)]
    pub fn show_next<T>(&mut self, to: impl FnOnce(&Variable<'a>) -> T) -> Option<T> {
        if !cfg!(tipwire_small) {
            return self.next().map(|variable| to(&variable));
        }
        let mut variable = Variable::empty();
        self.read_next(&mut variable).map(|()| to(&variable))
    }

    /// The next one by what has checked it: slower than to walk, and no more code.
    #[cfg_attr(tipwire_small, inline(never))]
    fn read_next(&mut self, variable: &mut Variable<'a>) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        let mut scan = self.cursor.scan();
        Variable::read(Some(variable), &mut scan, None).ok()?;
        scan.eat(b';');
        self.cursor.take(scan);
        Some(())
    }
}

impl<'a> Iterator for Variables<'a> {
    type Item = Variable<'a>;

    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn next(&mut self) -> Option<Variable<'a>> {
        if cfg!(tipwire_small) {
            let mut variable = Variable::empty();
            return self.read_next(&mut variable).map(|()| variable);
        }
        self.left = self.left.checked_sub(1)?;
        let mut c = self.cursor;
        let variable = Variable::walk(&mut c);
        c.eat(";");
        self.cursor = c;
        Some(variable)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Variables<'_> {}

impl fmt::Debug for Variables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
