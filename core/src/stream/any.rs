//! A rule that is chosen at run time, as bindings need it.

use super::{
    Cut, Delimiter, Json, LengthField, LengthPrefixed, Lines, Order, Packets, Rule, Scan, TagoTip,
};
use crate::error::Kind;
#[cfg(feature = "alloc")]
use crate::json::read::{self, Items, Json as Value};
#[cfg(feature = "alloc")]
use alloc::{string::String, vec::Vec};

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

#[cfg(feature = "alloc")]
impl Any {
    /// The rule of this name, with settings as JSON, for programs that are configured: an object of
    /// those of [`Settings`], `order` being `big` or `little`; no settings at all are the rule's own.
    ///
    /// ```
    /// use tipwire::stream::Any;
    ///
    /// let settings = r#"{"order":"little","offset":4,"length":1,"adjustment":3,"strip":5}"#;
    /// assert!(Any::from_json("length_field", settings).is_ok());
    /// assert!(Any::from_json("delimiter", r#"{"delimiters":["\r\n",";"],"max":80}"#).is_ok());
    /// assert!(Any::from_json("lines", r#"{"offset":4}"#).is_err(), "lines have none");
    /// ```
    pub fn from_json(name: &str, settings: &str) -> Result<Any, Kind> {
        let (mut read, mut delimiters) = (Settings::default(), None);
        for (key, value) in read::settings(settings)? {
            match value {
                Value::Number(digits) if key.is("max") => read.max = Some(number(digits)?),
                Value::Number(digits) if key.is("strip") => read.strip = Some(number(digits)?),
                Value::Number(digits) if key.is("offset") => read.offset = Some(number(digits)?),
                Value::Number(digits) if key.is("length") => read.length = Some(number(digits)?),
                Value::Number(digits) if key.is("adjustment") => {
                    read.adjustment = Some(number(digits)?);
                }
                Value::String(word) if key.is("order") => {
                    let order = word.borrowed().and_then(Order::from_name);
                    read.order = Some(order.ok_or(Kind::InvalidSettings)?);
                }
                Value::Array(items) if key.is("delimiters") => delimiters = Some(texts(items)?),
                _ => return Err(Kind::InvalidSettings),
            }
        }
        let lists = delimiters.as_ref().map(|texts| texts.iter().map(String::as_bytes).collect());
        let lists: Option<Vec<&[u8]>> = lists;
        Any::new(name, &Settings { delimiters: lists.as_deref(), ..read })
    }
}

#[cfg(feature = "alloc")]
fn number<N: core::str::FromStr>(digits: &str) -> Result<N, Kind> {
    digits.parse().map_err(|_| Kind::InvalidSettings)
}

#[cfg(feature = "alloc")]
fn texts(items: Items<'_>) -> Result<Vec<String>, Kind> {
    let texts = items.map(|item| match item {
        Value::String(text) => text.chars().collect::<Result<_, ()>>().ok(),
        _ => None,
    });
    texts.collect::<Option<_>>().ok_or(Kind::InvalidSettings)
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

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;

    #[test]
    fn settings_of_json_are_those_of_the_rule() {
        let same = |name, json, settings: Settings<'_>| {
            let (read, made) = (Any::from_json(name, json), Any::new(name, &settings));
            assert_eq!(alloc::format!("{read:?}"), alloc::format!("{made:?}"), "{name} {json}");
            read.is_ok()
        };
        let default = Settings::default();
        for name in Any::NAMES {
            assert!(same(name, "", default) && same(name, " {} ", default));
        }
        assert!(same("lines", r#"{"max":9}"#, Settings { max: Some(9), ..default }));
        let delimiters = Some(&[&b"\r\n"[..], b"\""][..]);
        let settings = Settings { delimiters, strip: Some(0), ..default };
        assert!(same("delimiter", r#"{"delimiters":["\r\n","\""],"strip":0}"#, settings));
        let json = r#"{"order":"little","offset":4,"length":1,"adjustment":-3,"strip":0}"#;
        let settings = Settings {
            order: Some(Order::Little),
            offset: Some(4),
            length: Some(1),
            adjustment: Some(-3),
            strip: Some(0),
            ..default
        };
        assert!(same("length_field", json, settings));
        assert!(!same("lines", r#"{"offset":4}"#, Settings { offset: Some(4), ..default }));
    }

    #[test]
    fn what_are_no_settings_is_refused() {
        for settings in [
            "[]",
            "{",
            "1",
            r#"{"max":-1}"#,
            r#"{"max":"9"}"#,
            r#"{"max":1.5}"#,
            r#"{"min":1}"#,
            r#"{"order":"middle"}"#,
            r#"{"order":1}"#,
            r#"{"delimiters":";"}"#,
            r#"{"delimiters":[1]}"#,
            r#"{"delimiters":["\ud800"]}"#,
        ] {
            for name in Any::NAMES {
                let refused = Any::from_json(name, settings);
                assert_eq!(refused.err(), Some(Kind::InvalidSettings), "{name} {settings}");
            }
        }
        assert!(Any::from_json("words", "").is_err());
    }
}
