//! A rule that is chosen at run time, as bindings need it.

use super::{
    Cut, Delimiter, Json, LengthField, LengthPrefixed, Lines, Order, Packets, Rule, Scan, TagoTip,
};
use crate::error::Kind;

/// One of the rules, by its name.
///
/// ```
/// use tipwire::stream::{Any, Settings, Splitter};
///
/// let settings = Settings { max: Some(64), delimiters: Some(&[b";;"]), ..Settings::default() };
/// let rule = Any::new("delimiter", &settings)?;
/// let mut splitter = Splitter::owned(rule)?;
/// assert_eq!(splitter.next(&mut &b"a;b;;"[..]), Some(Ok(&b"a;b"[..])));
/// # Ok::<(), tipwire::Kind>(())
/// ```
#[derive(Clone, Debug)]
pub enum Any {
    /// `lines`
    Lines(Lines),
    /// `delimiter`
    Delimiter(Delimiter),
    /// `length_field`
    LengthField(LengthField),
    /// `length_prefixed`
    LengthPrefixed(LengthPrefixed),
    /// `json`
    Json(Json),
    /// `packets`
    Packets(Packets),
    /// `tagotip`
    TagoTip(TagoTip),
}

/// The settings of all rules together: what is `None` is as the rule has it by itself.
#[derive(Clone, Copy, Default, Debug)]
pub struct Settings<'a> {
    /// The longest message: what it counts is said by the rule. All but `tagotip` have it.
    pub max: Option<usize>,
    /// `delimiter`: whether the delimiter is taken off, 1 or 0. `length_field`: how many bytes are
    /// taken off the front.
    pub strip: Option<usize>,
    /// `delimiter`: the delimiters.
    pub delimiters: Option<&'a [&'a [u8]]>,
    /// `length_field`: which byte of the length comes first.
    pub order: Option<Order>,
    /// `length_field`: how many bytes there are before the length.
    pub offset: Option<usize>,
    /// `length_field`: how many bytes the length has.
    pub length: Option<usize>,
    /// `length_field`: what is added to the length.
    pub adjustment: Option<i64>,
}

impl Any {
    /// The names of the rules.
    pub const NAMES: [&'static str; 7] =
        ["lines", "delimiter", "length_field", "length_prefixed", "json", "packets", "tagotip"];

    /// The rule of this name.
    ///
    /// [`Kind::InvalidSettings`] says that there is none, that it has no use for one of the
    /// settings, or that they can never work.
    pub fn new(name: &str, settings: &Settings<'_>) -> Result<Any, Kind> {
        let mut left = *settings;
        let max = if name == "tagotip" { None } else { left.max.take() };
        let any = match name {
            "lines" => Any::Lines(set(Lines::new(), max, Lines::max)),
            "delimiter" => {
                let rule = left.delimiters.take().map_or_else(Delimiter::default, Delimiter::new);
                let strip = match left.strip.take() {
                    None => None,
                    Some(0) => Some(false),
                    Some(1) => Some(true),
                    Some(_) => return Err(Kind::InvalidSettings),
                };
                let rule = set(rule, max, Delimiter::max);
                Any::Delimiter(set(rule, strip, Delimiter::strip))
            }
            "length_field" => {
                let rule = set(LengthField::new(), max, LengthField::max);
                let rule = set(rule, left.order.take(), LengthField::order);
                let rule = set(rule, left.offset.take(), LengthField::offset);
                let rule = set(rule, left.length.take(), LengthField::length);
                let rule = set(rule, left.adjustment.take(), LengthField::adjustment);
                Any::LengthField(set(rule, left.strip.take(), LengthField::strip))
            }
            "length_prefixed" => {
                Any::LengthPrefixed(set(LengthPrefixed::new(), max, LengthPrefixed::max))
            }
            "json" => Any::Json(set(Json::new(), max, Json::max)),
            "packets" => Any::Packets(set(Packets::new(), max, Packets::max)),
            "tagotip" => Any::TagoTip(TagoTip::new()),
            _ => return Err(Kind::InvalidSettings),
        };
        if !left.is_empty() {
            return Err(Kind::InvalidSettings);
        }
        any.check()?;
        Ok(any)
    }
}

impl Settings<'_> {
    /// Whether all is left as the rule has it.
    fn is_empty(&self) -> bool {
        let Settings { max, strip, delimiters, order, offset, length, adjustment } = self;
        let sizes = [max, strip, offset, length];
        let others = [delimiters.is_none(), order.is_none(), adjustment.is_none()];
        sizes.iter().all(|size| size.is_none()) && others.iter().all(|is_none| *is_none)
    }
}

/// The rule with this setting, if there is one.
fn set<R, V>(rule: R, value: Option<V>, with: fn(R, V) -> R) -> R {
    match value {
        Some(value) => with(rule, value),
        None => rule,
    }
}

/// Calls the rule that it is.
macro_rules! the_rule {
    ($any:expr, $rule:ident => $call:expr) => {
        match $any {
            Any::Lines($rule) => $call,
            Any::Delimiter($rule) => $call,
            Any::LengthField($rule) => $call,
            Any::LengthPrefixed($rule) => $call,
            Any::Json($rule) => $call,
            Any::Packets($rule) => $call,
            Any::TagoTip($rule) => $call,
        }
    };
}

impl Rule for Any {
    fn capacity(&self) -> usize {
        the_rule!(self, rule => rule.capacity())
    }

    fn pending(&self) -> usize {
        the_rule!(self, rule => rule.pending())
    }

    fn reset(&mut self) {
        the_rule!(self, rule => rule.reset());
    }
}

impl Scan for Any {
    fn check(&self) -> Result<(), Kind> {
        the_rule!(self, rule => rule.check())
    }

    fn scan(&mut self, bytes: &[u8]) -> Option<Cut> {
        the_rule!(self, rule => rule.scan(bytes))
    }

    fn seen(&self) -> usize {
        the_rule!(self, rule => rule.seen())
    }

    fn unit(&self, message: &[u8], put: &mut dyn FnMut(&[u8])) {
        the_rule!(self, rule => rule.unit(message, put));
    }
}
