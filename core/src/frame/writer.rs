//! The writer of a PUSH: a head, defaults, variables with their suffixes.

use crate::cursor::{NAME, Scan};
use crate::error::{BuildError, Field, Kind};
use crate::frame::body::{Encoding, Raw};
use crate::frame::line::{IntoSink, Line, Sink};
use crate::frame::location::ToLocation;
use crate::frame::number::{ToNumber, write_unsigned};
use crate::frame::uplink::write_head;
use crate::frame::variable::{Value, Variable, Variables, is_unit};
use crate::frame::{Method, Revision, text};
use crate::limits::{MAX_FRAME, MAX_NAME, MAX_PAIRS, MAX_VARIABLES};

/// Writes a PUSH straight into a buffer, checking and escaping as it goes.
///
/// [`number`](Push::number), [`string`](Push::string), [`boolean`](Push::boolean) and
/// [`position`](Push::position) start a variable; [`unit`](Push::unit),
/// [`location`](Push::location), [`time`](Push::time), [`group`](Push::group) and
/// [`metadata`](Push::metadata) say more about the variable before them, in any order. Given before
/// the first variable, the last four are defaults for all of them.
///
/// The first error sticks: it comes out of [`finish`](Push::finish), with the data point and the
/// field, and nothing of the frame does.
///
/// ```
/// use tipwire::{Fixed, Push};
///
/// let mut buffer = [0; 128];
/// let line = Push::to(&mut buffer, "4deedd7bab8817ec", "sensor-01")
///     .seq(42)
///     .time(1_694_567_890_000)
///     .number("temperature", Fixed(32.5, 1)).unit("C")
///     .number("humidity", 65).metadata("source", "dht22")
///     .string("status", "on|line")
///     .finish_line()?;
/// assert_eq!(
///     core::str::from_utf8(line).unwrap(),
///     "PUSH|!42|4deedd7bab8817ec|sensor-01|@1694567890000\
///      [temperature:=32.5#C;humidity:=65{source=dht22};status=on\\|line]\n"
/// );
///
/// let error = Push::to(&mut buffer, "4deedd7bab8817ec", "sensor-01")
///     .number("ok", 1)
///     .number("Temperature", 2)
///     .finish()
///     .unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "data point 1: variable: expected a name of lower-case letters, digits and _"
/// );
/// # Ok::<(), tipwire::BuildError>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing comes of it until `finish`"]
pub struct Push<S> {
    line: Line<S>,
    revision: Revision,
    stage: Stage,
    /// What errors call the first data point.
    first: u32,
    /// Variables begun.
    count: u8,
    /// Pairs of the open metadata block.
    pairs: u8,
    /// Which slots of the current item are filled, as bits.
    filled: u8,
    /// Where the slots of the current item begin.
    slots_at: usize,
}

/// The slots of what can be said of a variable or of all of them. They stand in this order in the
/// frame, but may be given in any.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
enum Slot {
    Unit,
    Location,
    Time,
    Group,
    /// The time among defaults that have it after the group.
    LateTime,
    Metadata,
}

/// What the writer is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// The defaults before the block.
    Defaults,
    /// The start of a list that has no defaults.
    List,
    /// A variable whose value is a location.
    Position,
    /// Another variable.
    Variable,
    /// Variables that were read: nothing can be added to the last one.
    Copied,
    /// Passthrough data: nothing may follow.
    Raw,
}

impl<S: Sink> Push<S> {
    /// Starts a PUSH.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn to(sink: impl IntoSink<Sink = S>, auth: &str, serial: &str) -> Push<S> {
        Push::with_head(sink, Some((Method::Push, auth)), serial)
    }

    /// Starts the inner frame of an envelope.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn inner(sink: impl IntoSink<Sink = S>, serial: &str) -> Push<S> {
        Push::with_head(sink, None, serial)
    }

    /// The line is written where it stays: to be copied it would have to be waited for.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn with_head(
        sink: impl IntoSink<Sink = S>,
        method: Option<(Method, &str)>,
        serial: &str,
    ) -> Push<S> {
        let mut push = Push::bare(sink);
        push.head(method, serial);
        push
    }

    /// Before the head, for who wants it written where the writer stays.
    #[doc(hidden)]
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn bare(sink: impl IntoSink<Sink = S>) -> Push<S> {
        Push::start(Line::new(sink), Stage::Defaults)
    }

    #[doc(hidden)]
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn head(&mut self, method: Option<(Method, &str)>, serial: &str) {
        write_head(&mut self.line, method, serial);
        self.line.put_mark(b"|");
        self.open_slots();
    }

    /// Starts a bare list of variables after what is written.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(super) fn list(line: Line<S>) -> Push<S> {
        Push::start(line, Stage::List)
    }

    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn start(line: Line<S>, stage: Stage) -> Push<S> {
        let mut push = Push {
            line,
            revision: Revision::default(),
            stage,
            first: 0,
            count: 0,
            pairs: 0,
            filled: 0,
            slots_at: 0,
        };
        push.open_slots();
        push
    }

    /// Sets the sequence counter.
    pub fn seq(&mut self, seq: u32) -> &mut Push<S> {
        let before = self.line.len();
        self.line.insert_seq(seq);
        self.slots_at += self.line.len() - before;
        self
    }

    /// Writes an older revision; before anything that depends on it.
    pub fn revision(&mut self, revision: Revision) -> &mut Push<S> {
        if self.filled != 0 || self.count != 0 {
            self.line.fail(Kind::Misplaced);
        }
        self.revision = revision;
        self
    }

    /// Starts a variable with a number: see [`ToNumber`] for what can be one.
    #[inline]
    pub fn number(&mut self, name: &str, value: impl ToNumber) -> &mut Push<S> {
        self.begin(name, b":=", Stage::Variable);
        value.write(&mut self.line);
        self.open_slots();
        self
    }

    /// Starts a variable with a text.
    #[inline]
    pub fn string(&mut self, name: &str, value: &str) -> &mut Push<S> {
        self.string_with(name, |line| text::write_value(line, value));
        self
    }

    /// Starts a variable with a truth value.
    #[inline]
    pub fn boolean(&mut self, name: &str, value: bool) -> &mut Push<S> {
        self.begin(name, b"?=", Stage::Variable);
        self.line.put(if value { b"true" } else { b"false" });
        self.open_slots();
        self
    }

    /// Starts a variable with a location: see [`ToLocation`] for what can be one.
    #[inline]
    pub fn position(&mut self, name: &str, value: impl ToLocation) -> &mut Push<S> {
        self.begin(name, b"@=", Stage::Position);
        value.write(&mut self.line);
        self.open_slots();
        self
    }

    /// Writes a variable that was read, with all its suffixes.
    pub fn variable(&mut self, variable: &Variable<'_>) -> &mut Push<S> {
        let Variable { name, value, unit, location, time, group, metadata } = *variable;
        match value {
            Value::Number(number) => _ = self.number(name, number),
            Value::Boolean(truth) => _ = self.boolean(name, truth),
            Value::Location(location) => _ = self.position(name, location),
            Value::String(text) => self.string_with(name, |line| line.put(text.raw().as_bytes())),
        }
        if let Some(unit) = unit {
            self.unit(unit);
        }
        if let Some(location) = location {
            self.location(location);
        }
        if let Some(time) = time {
            self.time(time);
        }
        if let Some(group) = group {
            self.group(group);
        }
        for (key, text) in metadata.unique() {
            self.metadata_with(key, |line| line.put(text.raw().as_bytes()));
        }
        self
    }

    /// Writes variables that were read, as they stand: after others, or in an empty block.
    ///
    /// They have been checked already and are just copied; defaults of their block are not applied.
    /// Nothing more can be said of the last one.
    ///
    /// ```
    /// use tipwire::{Frame, Push};
    ///
    /// let frame = Frame::parse(b"PUSH|4deedd7bab8817ec|child-7|[t:=1;h:=2]").unwrap();
    /// let mut buffer = [0; 64];
    /// let mut push = Push::to(&mut buffer, "4deedd7bab8817ec", "gateway");
    /// let forwarded = push.number("rssi", -70).variables(frame.variables()).finish()?;
    /// assert_eq!(forwarded, b"PUSH|4deedd7bab8817ec|gateway|[rssi:=-70;t:=1;h:=2]");
    /// # Ok::<(), tipwire::BuildError>(())
    /// ```
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn variables(&mut self, variables: Variables<'_>) -> &mut Push<S> {
        let count = variables.len();
        if count > 0 {
            self.begin_variable();
            self.stage = Stage::Copied;
            self.line.put(variables.raw().as_bytes());
            let has_places = |mut variables: Variables<'_>| variables.any(|v| v.location.is_some());
            if self.revision != Revision::D && has_places(variables) {
                self.fail(Some(Field::Location), Kind::Revision);
            }
            match u8::try_from(usize::from(self.count) + count) {
                Ok(count) if usize::from(count) <= MAX_VARIABLES => self.count = count,
                _ => self.line.fail(Kind::TooManyVariables),
            }
        }
        self
    }

    /// The unit of the variable's value.
    #[inline]
    pub fn unit(&mut self, unit: &str) -> &mut Push<S> {
        self.line.field(Field::Unit);
        if let Some(start) = self.open_slot(Slot::Unit) {
            self.line.check(is_unit(unit));
            self.line.put_mark(b"#");
            self.line.put(unit.as_bytes());
            self.close_slot(Slot::Unit, start);
        }
        self
    }

    /// Where it was measured.
    #[inline]
    pub fn location(&mut self, location: impl ToLocation) -> &mut Push<S> {
        self.line.field(Field::Location);
        if self.revision != Revision::D {
            self.line.fail(Kind::Revision);
        }
        if let Some(start) = self.open_slot(Slot::Location) {
            self.line.put_mark(b"@=");
            location.write(&mut self.line);
            self.close_slot(Slot::Location, start);
        }
        self
    }

    /// When it was measured, in UNIX milliseconds.
    #[inline]
    pub fn time(&mut self, time: u64) -> &mut Push<S> {
        self.line.field(Field::Time);
        let slot = self.time_slot();
        if let Some(start) = self.open_slot(slot) {
            self.line.put_mark(b"@");
            write_unsigned(&mut self.line, time);
            self.close_slot(slot, start);
        }
        self
    }

    /// The group that it belongs to.
    #[inline]
    pub fn group(&mut self, group: &str) -> &mut Push<S> {
        self.line.field(Field::Group);
        if let Some(start) = self.open_slot(Slot::Group) {
            self.line.put_mark(b"^");
            self.line.put_word(group, NAME, MAX_NAME, Kind::Group, Kind::GroupLength);
            self.close_slot(Slot::Group, start);
        }
        self
    }

    /// One pair of metadata; more of them may follow.
    #[inline]
    pub fn metadata(&mut self, key: &str, text: &str) -> &mut Push<S> {
        self.metadata_with(key, |line| text::write_pair(line, text));
        self
    }

    /// Fails with this, at the current data point: for callers who find something wrong that never
    /// comes here as a value.
    pub fn refuse(&mut self, field: Field, kind: Kind) -> &mut Push<S> {
        self.fail(Some(field), kind);
        self
    }

    /// Passthrough data instead of variables, as upper-case hex or padded base64.
    pub fn raw(&mut self, encoding: Encoding, data: &[u8]) -> &mut Push<S> {
        self.begin_raw(encoding);
        encoding.write(&mut self.line, data);
        self
    }

    /// Passthrough data that was read, as it stands.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn raw_read(&mut self, raw: Raw<'_>) -> &mut Push<S> {
        self.begin_raw(raw.encoding());
        self.line.put(raw.data().as_bytes());
        self
    }

    /// Passthrough data that is encoded already; kept as it is.
    pub fn raw_text(&mut self, encoding: Encoding, data: &str) -> &mut Push<S> {
        self.begin_raw(encoding);
        self.line.check(encoding.check(&mut Scan::new(data)).map_err(|error| error.kind));
        self.line.put(data.as_bytes());
        self
    }

    /// The frame, without a line ending.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn finish(&mut self) -> Result<S::Done, BuildError> {
        self.end(false)
    }

    /// The frame and a line feed, as streams want it.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn finish_line(&mut self) -> Result<S::Done, BuildError> {
        self.end(true)
    }

    #[doc(hidden)]
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub fn end(&mut self, with_feed: bool) -> Result<S::Done, BuildError> {
        self.close();
        self.line.end(with_feed)
    }

    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn close(&mut self) {
        if self.stage != Stage::Raw {
            self.close_metadata();
            if self.count == 0 {
                self.line.fail_whole(Kind::Empty);
            }
            self.line.put_mark(b"]");
        }
    }

    /// Ends what came before and starts a variable.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn begin(&mut self, name: &str, operator: &[u8], stage: Stage) {
        self.begin_variable();
        if usize::from(self.count) == MAX_VARIABLES {
            return self.line.fail(Kind::TooManyVariables);
        }
        self.line.field(Field::Variable);
        self.line.put_word(name, NAME, MAX_NAME, Kind::Name, Kind::NameLength);
        self.line.put(operator);
        self.line.field(Field::Value);
        self.stage = stage;
        self.count += 1;
    }

    /// Ends what came before.
    #[cfg_attr(not(tipwire_small), inline(always))]
    fn begin_variable(&mut self) {
        self.close_metadata();
        self.begin_point();
        if self.stage == Stage::Raw {
            self.line.fail(Kind::Misplaced);
        }
        self.line.put_mark(if self.count == 0 { b"[" } else { b";" });
    }

    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    fn begin_raw(&mut self, encoding: Encoding) {
        self.line.field(Field::Raw);
        if self.stage != Stage::Defaults || self.filled != 0 {
            self.line.fail(Kind::Misplaced);
        }
        self.stage = Stage::Raw;
        self.line.put_mark(match encoding {
            Encoding::Hex => b">x",
            Encoding::Base64 => b">b",
        });
    }

    /// Starts a variable with a text that `write` writes.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(crate) fn string_with(&mut self, name: &str, write: impl FnOnce(&mut Line<S>)) {
        self.begin(name, b"=", Stage::Variable);
        write(&mut self.line);
        self.open_slots();
    }

    /// One pair of metadata, whose text `write` writes.
    #[cfg_attr(not(any(tipwire_small, target_family = "wasm")), inline(always))]
    pub(crate) fn metadata_with(&mut self, key: &str, write: impl FnOnce(&mut Line<S>)) {
        self.line.field(Field::Metadata);
        if usize::from(self.pairs) == MAX_PAIRS {
            return self.line.fail(Kind::TooManyPairs);
        }
        if matches!(self.stage, Stage::Raw | Stage::List | Stage::Copied) {
            return self.line.fail(Kind::Misplaced);
        }
        // The block is the last slot and stays open: more pairs just follow.
        self.line.put_mark(if self.pairs == 0 { b"{" } else { b"," });
        self.line.put_word(key, NAME, MAX_NAME, Kind::Key, Kind::KeyLength);
        self.line.put_mark(b"=");
        write(&mut self.line);
        self.pairs += 1;
        self.filled |= 1 << Slot::Metadata as u8;
    }

    #[cfg_attr(not(tipwire_small), inline(always))]
    fn close_metadata(&mut self) {
        if self.pairs > 0 {
            self.line.put_mark(b"}");
            self.pairs = 0;
        }
    }

    #[cfg_attr(not(tipwire_small), inline(always))]
    fn time_slot(&self) -> Slot {
        match (self.stage, self.revision) {
            (Stage::Defaults, Revision::A | Revision::B) => Slot::LateTime,
            _ => Slot::Time,
        }
    }

    /// All slots of the current item are empty and begin here.
    #[cfg_attr(not(tipwire_small), inline(always))]
    fn open_slots(&mut self) {
        self.filled = 0;
        self.slots_at = self.line.len();
    }

    /// Where what is to stand in a slot will be written, if it may.
    #[cfg_attr(not(tipwire_small), inline(always))]
    fn open_slot(&mut self, slot: Slot) -> Option<usize> {
        let fits = match self.stage {
            Stage::Variable => true,
            Stage::Position => slot > Slot::Location,
            Stage::Defaults => slot != Slot::Unit,
            Stage::List | Stage::Copied | Stage::Raw => false,
        };
        if !fits {
            self.line.fail(Kind::Misplaced);
            return None;
        }
        if self.filled & 1 << slot as u8 != 0 {
            self.line.fail(Kind::Repeated);
            return None;
        }
        Some(self.line.len())
    }

    /// Ends a slot whose text was written at the end, from `start` on.
    #[cfg_attr(not(tipwire_small), inline(always))]
    fn close_slot(&mut self, slot: Slot, start: usize) {
        self.filled |= 1 << slot as u8;
        if self.filled >> slot as u8 > 1 {
            self.reorder(slot, start);
        }
    }

    /// Moves what was written from `start` on before the slots that follow it.
    #[cold]
    fn reorder(&mut self, slot: Slot, start: usize) {
        let time_slot = self.time_slot();
        let slots = self.line.written().get(self.slots_at..start).unwrap_or_default();
        // What a slot begins with stands in none of those before it.
        let follows = |(n, byte): (usize, &u8)| {
            let begun = match byte {
                b'@' if slots.get(n + 1) == Some(&b'=') => Slot::Location,
                b'@' => time_slot,
                b'^' => Slot::Group,
                b'{' => Slot::Metadata,
                _ => return false,
            };
            begun > slot
        };
        let place = slots.iter().enumerate().position(follows).unwrap_or(slots.len());
        let place = self.slots_at + place;
        self.line.move_back(start, place);
    }
}

/// What the reader of JSON needs beside the methods above.
impl<S: Sink> Push<S> {
    /// Errors are those of the next data point from here on.
    #[cfg_attr(not(tipwire_small), inline(always))]
    pub(crate) fn begin_point(&mut self) {
        self.line.point(self.first + u32::from(self.count));
    }

    /// Fails at the current data point.
    pub(crate) fn fail(&mut self, field: Option<Field>, kind: Kind) {
        if let Some(field) = field {
            self.line.field(field);
        }
        self.line.fail(kind);
    }

    pub(crate) fn fail_whole(&mut self, kind: Kind) {
        self.line.fail_whole(kind);
    }

    /// Errors call the next data point this.
    pub(crate) fn number_points_from(&mut self, next: u32) {
        self.first = next.saturating_sub(self.count.into());
    }

    /// The state to go back to.
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let Push { stage, count, pairs, filled, slots_at, .. } = *self;
        let error = self.line.error().is_some();
        Checkpoint { length: self.line.len(), stage, count, pairs, filled, slots_at, error }
    }

    /// Whether the frame is too long already, or would be once it is ended.
    pub(crate) fn is_full(&mut self) -> bool {
        let length = self.line.len();
        let failed = self.line.error();
        let is_full = |error: Option<BuildError>| {
            matches!(error, Some(BuildError { kind: Kind::Buffer | Kind::TooManyVariables, .. }))
        };
        if failed.is_some() {
            return is_full(failed);
        }
        self.line.put_mark(b"}]\n");
        let full = is_full(self.line.error()) || self.line.len() > MAX_FRAME + 1;
        self.line.go_back(length);
        full
    }

    /// Goes back, unless nothing useful was written by then: no variable, or an error.
    pub(crate) fn go_back(&mut self, before: &Checkpoint) -> bool {
        let useful = before.count > 0 && !before.error;
        if useful {
            self.line.go_back(before.length);
            self.stage = before.stage;
            self.count = before.count;
            self.pairs = before.pairs;
            self.filled = before.filled;
            self.slots_at = before.slots_at;
        }
        useful
    }
}

/// What [`Push::go_back`] restores.
pub(crate) struct Checkpoint {
    length: usize,
    stage: Stage,
    count: u8,
    pairs: u8,
    filled: u8,
    slots_at: usize,
    error: bool,
}
