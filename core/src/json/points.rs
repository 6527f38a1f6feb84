//! Data points from JSON to the writer of a PUSH.

use crate::error::{BuildError, Field, Kind};
use crate::frame::{Line, Push, Sink, sealed, text, write_shifted};
use crate::json::read::{Items, Json, JsonString, Members, document};
use crate::limits::{MAX_DIGITS, MAX_NAME};
use crate::time::parse_rfc3339;

impl<S: Sink> Push<S> {
    /// Adds the data points of a JSON list, as TagoIO and [`Points::write_json`] shape them.
    ///
    /// Numbers keep their digits; those with an exponent are written without. `time` may be a
    /// number, digits in a string, or RFC 3339 text. A string value that is equal to its location's
    /// text becomes a location variable. Unknown keys are ignored.
    ///
    /// [`Points::write_json`]: crate::Points::write_json
    ///
    /// ```
    /// use tipwire::Push;
    ///
    /// let points = r#"[{"variable":"t","value":32.50,"unit":"C","time":"2023-09-13T01:18:10Z"}]"#;
    /// let mut buffer = [0; 128];
    /// let frame = Push::to(&mut buffer, "4deedd7bab8817ec", "s").points_json(points).finish()?;
    /// assert_eq!(frame, b"PUSH|4deedd7bab8817ec|s|[t:=32.50#C@1694567890000]");
    ///
    /// let points = r#"[{"variable":"a","value":1},{"variable":"B","value":2}]"#;
    /// let error = Push::to(&mut buffer, "4deedd7bab8817ec", "s").points_json(points).finish();
    /// assert_eq!(error.unwrap_err().point, Some(1));
    /// # Ok::<(), tipwire::BuildError>(())
    /// ```
    pub fn points_json(&mut self, json: &str) -> &mut Push<S> {
        match PointList::new(json) {
            Ok(list) => list.items.for_each(|point| write_point(self, point)),
            Err(error) => self.fail_whole(error.kind),
        }
        self
    }
}

/// A JSON list of data points that may need several frames.
///
/// ```
/// use tipwire::{Frame, PointList, Push};
///
/// let json = format!("[{}]", vec![r#"{"variable":"t","value":1}"#; 250].join(","));
/// let mut points = PointList::new(&json)?;
/// let mut counts = Vec::new();
/// while !points.is_empty() {
///     let mut buffer = [0; 2048];
///     let mut push = Push::to(&mut buffer, "4deedd7bab8817ec", "sensor-01");
///     points.fill(&mut push);
///     counts.push(Frame::parse(push.finish()?).unwrap().variables().len());
/// }
/// assert_eq!(counts, [100, 100, 50]);
/// # Ok::<(), tipwire::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PointList<'a> {
    items: Items<'a>,
    /// The one to be written next, counted from 0.
    next: u32,
}

impl<'a> PointList<'a> {
    /// The data points of `json`: a list, or a single object.
    pub fn new(json: &'a str) -> Result<PointList<'a>, BuildError> {
        match document(json) {
            Ok(Json::Array(items)) => Ok(PointList { items, next: 0 }),
            Ok(Json::Object(_)) => Ok(PointList { items: Items::one(json), next: 0 }),
            Ok(_) => Err(BuildError::of(Kind::Type)),
            Err(_) => Err(BuildError::of(Kind::Json)),
        }
    }

    /// Whether all data points are written.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Adds as many data points as the frame and its sink can take, and leaves the others.
    ///
    /// A data point that does not fit even alone is the frame's error, as is any other that cannot
    /// be written. Errors count data points from the start of the list.
    pub fn fill<S: Sink>(&mut self, push: &mut Push<S>) {
        push.number_points_from(self.next);
        let mut ahead = self.items.clone();
        while let Some(point) = ahead.next() {
            let before = push.checkpoint();
            write_point(push, point);
            if push.is_full() && push.go_back(&before) {
                break;
            }
            self.items = ahead.clone();
            self.next += 1;
        }
    }
}

/// The members of a data point that count; of a repeated key the last.
#[derive(Default)]
struct Parts<'a> {
    variable: Option<Json<'a>>,
    value: Option<Json<'a>>,
    location: Option<Json<'a>>,
    unit: Option<Json<'a>>,
    time: Option<Json<'a>>,
    group: Option<Json<'a>>,
    metadata: Option<Json<'a>>,
}

impl<'a> Parts<'a> {
    fn of(object: Members<'a>) -> Parts<'a> {
        let mut parts = Parts::default();
        for (key, value) in object {
            let part = match () {
                () if key.is("variable") => &mut parts.variable,
                () if key.is("value") => &mut parts.value,
                () if key.is("location") => &mut parts.location,
                () if key.is("unit") => &mut parts.unit,
                () if key.is("time") => &mut parts.time,
                () if key.is("group") => &mut parts.group,
                () if key.is("metadata") => &mut parts.metadata,
                () => continue,
            };
            *part = Some(value);
        }
        parts
    }
}

fn write_point<S: Sink>(push: &mut Push<S>, point: Json<'_>) {
    push.begin_point();
    let Json::Object(object) = point else {
        return push.fail(None, Kind::Type);
    };
    let parts = Parts::of(object);
    let mut name = [0; WORD];
    let name = match word(parts.variable, &mut name, Kind::Name) {
        Ok(name) => name,
        Err(kind) => return push.fail(Some(Field::Variable), kind),
    };
    let place = parts.location.map(JsonLocation::of);
    let mut is_position = false;
    match parts.value {
        Some(Json::String(text))
            if place.is_some_and(|place| place.is_ok_and(|place| place.is_written_as(text))) =>
        {
            if let Some(Ok(place)) = place {
                is_position = true;
                push.position(name, place);
            }
        }
        Some(value) => {
            if write_scalar(push, name, value).is_none() {
                return;
            }
        }
        None => return push.fail(Some(Field::Value), Kind::Missing),
    }
    if parts.unit.is_some() {
        let mut buffer = [0; WORD];
        match word(parts.unit, &mut buffer, Kind::Unit) {
            Ok(unit) => {
                push.unit(unit);
            }
            Err(kind) => push.fail(Some(Field::Unit), kind),
        }
    }
    match place {
        Some(Ok(place)) if !is_position => {
            push.location(place);
        }
        Some(Err(kind)) => push.fail(Some(Field::Location), kind),
        _ => {}
    }
    if let Some(time) = parts.time {
        match milliseconds(time) {
            Ok(time) => {
                push.time(time);
            }
            Err(kind) => push.fail(Some(Field::Time), kind),
        }
    }
    if parts.group.is_some() {
        let mut buffer = [0; WORD];
        match word(parts.group, &mut buffer, Kind::Group) {
            Ok(group) => {
                push.group(group);
            }
            Err(kind) => push.fail(Some(Field::Group), kind),
        }
    }
    match parts.metadata {
        Some(Json::Object(pairs)) => pairs.for_each(|(key, text)| write_pair(push, key, text)),
        Some(_) => push.fail(Some(Field::Metadata), Kind::Type),
        None => {}
    }
}

/// Starts a variable with a value that is a number, a string or a boolean; else it fails.
pub(crate) fn write_scalar<S: Sink>(push: &mut Push<S>, name: &str, value: Json<'_>) -> Option<()> {
    match value {
        Json::Number(number) => {
            push.number(name, JsonNumber(number));
        }
        Json::Boolean(truth, _) => {
            push.boolean(name, truth);
        }
        Json::String(text) => {
            push.string_with(name, |line| write_text(line, text, text::write_value));
        }
        _ => {
            push.fail(Some(Field::Value), Kind::Type);
            return None;
        }
    }
    Some(())
}

/// Adds the members of a flat object as data points: names and values, nothing more.
pub(crate) fn write_members<S: Sink>(push: &mut Push<S>, members: Members<'_>) {
    for (name, value) in members {
        push.begin_point();
        let mut buffer = [0; WORD];
        let Some(name) = name.text(&mut buffer) else {
            return push.fail(Some(Field::Variable), Kind::Name);
        };
        match JsonLocation::of(value.clone()) {
            Ok(place) => _ = push.position(name, place),
            Err(_) => _ = write_scalar(push, name, value),
        }
    }
}

/// Room for the longest name, and for one character more.
pub(crate) const WORD: usize = MAX_NAME + 4;

/// A string of at most a name's length.
fn word<'b, 'a: 'b>(
    value: Option<Json<'a>>,
    buffer: &'b mut [u8; WORD],
    kind: Kind,
) -> Result<&'b str, Kind> {
    match value {
        Some(Json::String(text)) => text.text(buffer).ok_or(kind),
        Some(_) => Err(Kind::Type),
        None => Err(Kind::Missing),
    }
}

fn write_pair<S: Sink>(push: &mut Push<S>, key: JsonString<'_>, value: Json<'_>) {
    let mut buffer = [0; WORD];
    let Some(key) = key.text(&mut buffer) else {
        return push.fail(Some(Field::Metadata), Kind::Key);
    };
    match value {
        Json::String(text) => {
            push.metadata_with(key, |line| write_text(line, text, text::write_pair));
        }
        Json::Number(number) => {
            push.metadata(key, number);
        }
        Json::Boolean(truth, _) => {
            push.metadata(key, if truth { "true" } else { "false" });
        }
        _ => push.fail(Some(Field::Metadata), Kind::Type),
    }
}

/// Writes a string of any length by `write`, which gets it in parts; an empty one as an empty part.
fn write_text<S: Sink>(
    line: &mut Line<S>,
    text: JsonString<'_>,
    write: impl Fn(&mut Line<S>, &str),
) {
    match text.borrowed() {
        Some(text) => write(line, text),
        None => {
            for char in text.chars() {
                match char {
                    Ok(char) => write(line, char.encode_utf8(&mut [0; 4])),
                    Err(()) => line.fail(Kind::Text),
                }
            }
        }
    }
}

/// A JSON number, written without an exponent and otherwise as it stands.
#[derive(Clone, Copy)]
struct JsonNumber<'a>(&'a str);

impl JsonNumber<'_> {
    /// The digits that count, how many they are, and the exponent of the last one; `None` if there
    /// are more than a frame would take.
    fn parts(&self) -> Option<([u8; MAX_DIGITS], usize, i32)> {
        let mut digits = [b'0'; MAX_DIGITS];
        let mut count = 0;
        let (mantissa, exponent) = self.0.split_once(['e', 'E']).unwrap_or((self.0, "0"));
        // An exponent beyond 32 bits is as good as the greatest.
        let (negative, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => (true, exponent),
            None => (false, exponent.trim_start_matches('+')),
        };
        let exponent = exponent.bytes().fold(0i32, |exponent, digit| {
            exponent.saturating_mul(10).saturating_add(i32::from(digit.wrapping_sub(b'0')))
        });
        let mut exponent = if negative { -exponent } else { exponent };
        let mut fraction = false;
        for byte in mantissa.trim_start_matches('-').bytes() {
            if byte == b'.' {
                fraction = true;
                continue;
            }
            exponent = exponent.saturating_sub(i32::from(fraction));
            if count > 0 || byte != b'0' {
                *digits.get_mut(count)? = byte;
                count += 1;
            }
        }
        Some((digits, count.max(1), exponent))
    }

    /// The number as whole milliseconds, if it is one that is not negative and fits.
    fn to_u64(self) -> Option<u64> {
        let (digits, count, exponent) = self.parts()?;
        let mut digits = digits.get(..count)?;
        let mut zeros = usize::try_from(exponent).unwrap_or(0);
        if digits == b"0" {
            return Some(0);
        }
        if let Ok(places @ 1..) = usize::try_from(-i64::from(exponent)) {
            let (whole, fraction) = digits.split_at_checked(digits.len().checked_sub(places)?)?;
            digits = whole;
            zeros = 0;
            if fraction.iter().any(|&digit| digit != b'0') {
                return None;
            }
        }
        let digits = digits.iter().copied().chain(core::iter::repeat_n(b'0', zeros));
        if self.0.starts_with('-') { None } else { whole(digits) }
    }
}

/// An unsigned number of at most 64 bits in these digits.
fn whole(digits: impl Iterator<Item = u8>) -> Option<u64> {
    digits.into_iter().try_fold(0u64, |value, digit| {
        let digit = u64::from(digit).checked_sub(u64::from(b'0')).filter(|&digit| digit < 10)?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

impl sealed::ToNumber for JsonNumber<'_> {
    fn write<S: Sink>(&self, out: &mut Line<S>) {
        if !self.0.contains(['e', 'E']) {
            return out.put(self.0.as_bytes());
        }
        if self.0.starts_with('-') {
            out.put(b"-");
        }
        match self.parts() {
            Some((digits, count, exponent)) => {
                write_shifted(out, digits.get(..count).unwrap_or_default(), exponent, MAX_DIGITS);
            }
            None => out.fail(Kind::Digits),
        }
    }
}

/// A JSON location: an object with `lat`, `lng` and perhaps `alt`.
#[derive(Clone, Copy)]
struct JsonLocation<'a> {
    lat: JsonNumber<'a>,
    lng: JsonNumber<'a>,
    alt: Option<JsonNumber<'a>>,
}

impl<'a> JsonLocation<'a> {
    fn of(value: Json<'a>) -> Result<JsonLocation<'a>, Kind> {
        let Json::Object(members) = value else { return Err(Kind::Type) };
        let (mut lat, mut lng, mut alt) = (None, None, None);
        for (key, value) in members {
            let coordinate = match () {
                () if key.is("lat") => &mut lat,
                () if key.is("lng") => &mut lng,
                () if key.is("alt") => &mut alt,
                () => continue,
            };
            *coordinate = Some(match value {
                Json::Number(number) => Ok(JsonNumber(number)),
                _ => Err(Kind::Type),
            });
        }
        let missing = Err(Kind::Missing);
        let (lat, lng) = (lat.unwrap_or(missing)?, lng.unwrap_or(missing)?);
        Ok(JsonLocation { lat, lng, alt: alt.transpose()? })
    }

    /// Whether `text` is how the location would be written.
    fn is_written_as(&self, text: JsonString<'_>) -> bool {
        let mut expected = Line::comparing(text.chars());
        sealed::ToLocation::write(self, &mut expected);
        expected.finish().is_ok()
    }
}

impl sealed::ToLocation for JsonLocation<'_> {
    fn write<S: Sink>(&self, out: &mut Line<S>) {
        match self.alt {
            Some(alt) => (self.lat, self.lng, alt).write(out),
            None => (self.lat, self.lng).write(out),
        }
    }
}

/// Whether an object stands for a location.
pub(crate) fn is_location(object: &Members<'_>) -> bool {
    JsonLocation::of(Json::Object(object.clone())).is_ok()
}

/// A time: whole milliseconds as a number or digits, or RFC 3339 text.
pub(crate) fn milliseconds(time: Json<'_>) -> Result<u64, Kind> {
    match time {
        Json::Number(number) => JsonNumber(number).to_u64().ok_or(Kind::Time),
        Json::String(text) => {
            let mut buffer = [0; WORD];
            let text = text.text(&mut buffer).ok_or(Kind::Time)?;
            if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
                whole(text.bytes()).ok_or(Kind::TimeRange)
            } else {
                parse_rfc3339(text).ok_or(Kind::Time)
            }
        }
        _ => Err(Kind::Type),
    }
}
