//! Variables, data points, names and metadata
//!
//! An iterator is set to what it goes over by a function …_of(), and gone on with by tipwire_next…():
//! 1 for another one, 0 for the end, less than 0 for a wrong argument. Iterators may be copied, to go
//! over something twice, and need not be used up.
//!
//!     tipwire_variables variables;
//!     tipwire_variable variable;
//!     tipwire_variables_of(&frame, &variables);
//!     while (tipwire_next(&variables, &variable) > 0) {
//!         printf("%.*s\n", (int)variable.name.length, variable.name.data);
//!     }

use codec::{
    Body, Location, Merged, MergedPairs, Names, Point, Points, Value, Variable, Variables,
};

use crate::frame::{tipwire_ack, tipwire_frame};
use crate::memory::{Copied, Place, change, held, held_mut, hold, place, read};
use crate::panic::{guard, run};
use crate::text::tipwire_text;

/// Types of values.
pub const TIPWIRE_NUMBER: u8 = 0;
pub const TIPWIRE_STRING: u8 = 1;
pub const TIPWIRE_BOOLEAN: u8 = 2;
pub const TIPWIRE_LOCATION: u8 = 3;

#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_VARIABLES_WORDS: usize = 3;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_VARIABLES_WORDS: usize = 2;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_VARIABLES_WORDS: usize = 1;
#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_POINTS_WORDS: usize = 12;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_POINTS_WORDS: usize = 7;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_POINTS_WORDS: usize = 4;
#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_METADATA_WORDS: usize = 6;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_METADATA_WORDS: usize = 2;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_METADATA_WORDS: usize = 1;
#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_PAIRS_WORDS: usize = 11;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_PAIRS_WORDS: usize = 5;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_PAIRS_WORDS: usize = 3;

/// What is left of some variables.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_variables {
    pub inside: [u64; TIPWIRE_VARIABLES_WORDS],
}

/// What is left of some data points.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_points {
    pub inside: [u64; TIPWIRE_POINTS_WORDS],
}

/// What is left of the names of a PULL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_names {
    pub inside: [u64; TIPWIRE_VARIABLES_WORDS],
}

/// Some pairs of a key and a text, for tipwire_pairs_of().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_metadata {
    pub inside: [u64; TIPWIRE_METADATA_WORDS],
}

/// What is left of some metadata.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_pairs {
    pub inside: [u64; TIPWIRE_PAIRS_WORDS],
}

/// A variable as it stands in the frame; or a data point, which is a variable with the defaults of
/// its block applied. What is absent has data == NULL.
///
/// source    for tipwire_put().
/// metadata  for tipwire_pairs_of().
/// type      TIPWIRE_NUMBER, TIPWIRE_STRING, TIPWIRE_BOOLEAN or TIPWIRE_LOCATION.
/// boolean   the value of a TIPWIRE_BOOLEAN: 0 or 1.
/// value     the value as it stands in the frame: for tipwire_to_double() or tipwire_to_integer() of
///           a number, tipwire_unescape() of a string, tipwire_coordinates() of a location.
/// time      in UNIX milliseconds, if has_time.
/// location  of a data point whose value is a location, that.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_variable {
    pub source: tipwire_variables,
    pub metadata: tipwire_metadata,
    pub name: tipwire_text,
    pub value: tipwire_text,
    pub unit: tipwire_text,
    pub location: tipwire_text,
    pub group: tipwire_text,
    pub time: u64,
    pub has_time: u8,
    pub has_metadata: u8,
    pub r#type: u8,
    pub boolean: u8,
}

/// A pair of metadata. The text is as it stands in the frame, for tipwire_unescape().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_pair {
    pub key: tipwire_text,
    pub text: tipwire_text,
}

/// Sets variables to those of a frame, for tipwire_next(): none where it is no PUSH of variables.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_variables_of(
    frame: *const tipwire_frame,
    variables: *mut tipwire_variables,
) -> i32 {
    run(|| {
        let frame = held(read(frame)?);
        place(variables)?.set(hold(frame.variables()));
        Ok(())
    })
}

/// Sets points to the data points of a frame, for tipwire_next_point().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_points_of(
    frame: *const tipwire_frame,
    points: *mut tipwire_points,
) -> i32 {
    run(|| {
        let frame = held(read(frame)?);
        place(points)?.set(hold(frame.points()));
        Ok(())
    })
}

/// Sets metadata to what holds for all variables of a frame, for tipwire_pairs_of().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_metadata_of(
    frame: *const tipwire_frame,
    metadata: *mut tipwire_metadata,
) -> i32 {
    run(|| {
        let defaults = match &held(read(frame)?).body {
            Body::Push(block) => block.metadata,
            _ => codec::Metadata::default(),
        };
        place(metadata)?.set(hold(defaults.into()));
        Ok(())
    })
}

/// Sets names to those that a PULL asks for, for tipwire_next_name(): none in other frames.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_names_of(frame: *const tipwire_frame, names: *mut tipwire_names) -> i32 {
    run(|| {
        let frame = held(read(frame)?);
        place(names)?.set(hold(frame.names()));
        Ok(())
    })
}

/// As tipwire_variables_of(), for the variables of an answer.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_ack_variables_of(
    ack: *const tipwire_ack,
    variables: *mut tipwire_variables,
) -> i32 {
    run(|| {
        let ack = held(read(ack)?);
        place(variables)?.set(hold(ack.variables()));
        Ok(())
    })
}

/// How many variables are left, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_count_variables(variables: *const tipwire_variables) -> i32 {
    guard(|| crate::text::length(held(read(variables)?).len()))
}

/// Takes the next variable.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_next(
    variables: *mut tipwire_variables,
    variable: *mut tipwire_variable,
) -> i32 {
    guard(|| {
        let holder = change(variables)?;
        let place = place(variable)?;
        let source = *holder;
        let shown = held_mut(holder).show_next(|next| set_variable(place, source, next));
        Ok(shown.is_some().into())
    })
}

/// Takes the next data point.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_next_point(
    points: *mut tipwire_points,
    point: *mut tipwire_variable,
) -> i32 {
    guard(|| {
        let holder = change(points)?;
        let place = place(point)?;
        let source = hold(held(holder).variables());
        let Some(next) = held_mut(holder).next() else { return Ok(0) };
        set_point(place, source, &next);
        Ok(1)
    })
}

/// Takes the next name of a PULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_next_name(names: *mut tipwire_names, name: *mut tipwire_text) -> i32 {
    guard(|| {
        let names = change(names)?;
        let place = place(name)?;
        let Some(next) = held_mut(names).next() else { return Ok(0) };
        place.set(next.into());
        Ok(1)
    })
}

/// Sets pairs to those of some metadata, every key once: of a repeated key the last text counts, and
/// that of a variable before that of its block.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_pairs_of(
    metadata: *const tipwire_metadata,
    pairs: *mut tipwire_pairs,
) -> i32 {
    run(|| {
        let metadata = held(read(metadata)?);
        place(pairs)?.set(hold(metadata.iter()));
        Ok(())
    })
}

/// Takes the next pair.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_next_pair(pairs: *mut tipwire_pairs, pair: *mut tipwire_pair) -> i32 {
    guard(|| {
        let pairs = change(pairs)?;
        let place = place(pair)?;
        let Some((key, text)) = held_mut(pairs).next() else { return Ok(0) };
        place.set(tipwire_pair { key: key.into(), text: text.raw().into() });
        Ok(1)
    })
}

/// Sets text to that of a key, as it stands in the frame. Returns 1, or 0 where there is no such key.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_find_pair(
    metadata: *const tipwire_metadata,
    key: *const core::ffi::c_char,
    text: *mut tipwire_text,
) -> i32 {
    guard(|| {
        let found = held(read(metadata)?).get(crate::memory::string(key)?);
        let place = place(text)?;
        let Some(found) = found else { return Ok(0) };
        place.set(found.raw().into());
        Ok(1)
    })
}

/// Written field by field, where it is to be: to copy it takes code.
#[cfg_attr(not(tipwire_small), inline(always))]
#[cfg_attr(tipwire_small, inline(never))]
fn set_variable(
    place: Place<tipwire_variable>,
    source: tipwire_variables,
    variable: &Variable<'static>,
) {
    let out = place.begin(tipwire_variable::EMPTY);
    out.source = source;
    out.metadata = hold(variable.metadata.into());
    out.has_metadata = (!variable.metadata.is_empty()).into();
    out.name = variable.name.into();
    out.unit = variable.unit.into();
    out.location = of_location(variable.location);
    out.group = variable.group.into();
    set_time(out, variable.time);
    set_value(out, &variable.value);
}

/// The same of a data point.
#[cfg_attr(not(tipwire_small), inline(always))]
#[cfg_attr(tipwire_small, inline(never))]
fn set_point(place: Place<tipwire_variable>, source: tipwire_variables, point: &Point<'static>) {
    let out = place.begin(tipwire_variable::EMPTY);
    out.source = source;
    out.metadata = hold(point.metadata);
    out.has_metadata = (!point.metadata.is_empty()).into();
    out.name = point.variable.into();
    out.unit = point.unit.into();
    out.location = of_location(point.location);
    out.group = point.group.into();
    set_time(out, point.time);
    set_value(out, &point.value);
}

#[inline(always)]
fn set_time(out: &mut tipwire_variable, time: Option<u64>) {
    if let Some(time) = time {
        out.time = time;
        out.has_time = 1;
    }
}

/// Part of something longer: constants of four bytes are linked together, all or none.
const TRUE: &str = "true,".split_at(4).0;

#[inline(always)]
fn set_value(out: &mut tipwire_variable, value: &Value<'static>) {
    out.r#type = match value {
        Value::Number(_) => TIPWIRE_NUMBER,
        Value::String(_) => TIPWIRE_STRING,
        Value::Boolean(_) => TIPWIRE_BOOLEAN,
        Value::Location(_) => TIPWIRE_LOCATION,
    };
    out.boolean = matches!(value, Value::Boolean(true)).into();
    let text = match value {
        Value::Number(number) => number.as_str(),
        Value::String(text) => text.raw(),
        Value::Location(location) => location.as_str(),
        Value::Boolean(true) => TRUE,
        Value::Boolean(false) => "false",
    };
    out.value = text.into();
}

fn of_location(location: Option<Location<'static>>) -> tipwire_text {
    location.map(|location| location.as_str()).into()
}

impl tipwire_variable {
    const EMPTY: tipwire_variable = tipwire_variable {
        source: tipwire_variables::EMPTY,
        metadata: tipwire_metadata::EMPTY,
        name: tipwire_text::ABSENT,
        value: tipwire_text::ABSENT,
        unit: tipwire_text::ABSENT,
        location: tipwire_text::ABSENT,
        group: tipwire_text::ABSENT,
        time: 0,
        has_time: 0,
        has_metadata: 0,
        r#type: 0,
        boolean: 0,
    };
}

impl Copied for tipwire_variables {
    type Value = Variables<'static>;
    const WORDS: usize = TIPWIRE_VARIABLES_WORDS;
    const EMPTY: tipwire_variables = tipwire_variables { inside: [0; TIPWIRE_VARIABLES_WORDS] };
}

impl Copied for tipwire_points {
    type Value = Points<'static>;
    const WORDS: usize = TIPWIRE_POINTS_WORDS;
    const EMPTY: tipwire_points = tipwire_points { inside: [0; TIPWIRE_POINTS_WORDS] };
}

impl Copied for tipwire_names {
    type Value = Names<'static>;
    const WORDS: usize = TIPWIRE_VARIABLES_WORDS;
    const EMPTY: tipwire_names = tipwire_names { inside: [0; TIPWIRE_VARIABLES_WORDS] };
}

impl Copied for tipwire_metadata {
    type Value = Merged<'static>;
    const WORDS: usize = TIPWIRE_METADATA_WORDS;
    const EMPTY: tipwire_metadata = tipwire_metadata { inside: [0; TIPWIRE_METADATA_WORDS] };
}

impl Copied for tipwire_pairs {
    type Value = MergedPairs<'static>;
    const WORDS: usize = TIPWIRE_PAIRS_WORDS;
    const EMPTY: tipwire_pairs = tipwire_pairs { inside: [0; TIPWIRE_PAIRS_WORDS] };
}
