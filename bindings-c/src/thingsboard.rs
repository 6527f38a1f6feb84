//! ThingsBoard
//!
//! Its TCP integration cuts a stream into messages, as a splitter does, and a converter makes each of
//! them an uplink object: of which device, with what telemetry and attributes. What TagoTiP devices
//! send becomes telemetry for its MQTT topics.
//!
//! Parts of JSON that are read are slices of it: texts for tipwire_unescape_json().

use core::ffi::{c_char, c_void};

use codec::platform::thingsboard::{
    BinaryField, ConvertError, Downlink, Entries, LentConverter, Uplink, Uplinks,
    write_gateway_telemetry, write_telemetry, write_uplink,
};

use crate::error::status;
use crate::frame::tipwire_frame;
use crate::memory::{
    Copied, Storage, array, buffer, bytes, change, fetch, has_room, held, held_mut, hold, place,
    read, set_if_wanted, store, string, text,
};
use crate::panic::{guard, run};
use crate::text::{length as of_length, tipwire_text};
use crate::thingspanel::points;
use crate::writer::{Out, push, tipwire_writer};

#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_CONVERTER_WORDS: usize = 9;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_CONVERTER_WORDS: usize = 5;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_CONVERTER_WORDS: usize = 4;
pub const TIPWIRE_CONVERTER_SIZE: usize = TIPWIRE_CONVERTER_WORDS * 8;
#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_CONVERTER_FIELD_WORDS: usize = 10;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_CONVERTER_FIELD_WORDS: usize = 7;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_CONVERTER_FIELD_WORDS: usize = 5;
#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_UPLINKS_WORDS: usize = 3;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_UPLINKS_WORDS: usize = 2;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_UPLINKS_WORDS: usize = 1;
#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_UPLINK_WORDS: usize = 10;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_UPLINK_WORDS: usize = 5;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_UPLINK_WORDS: usize = 3;
#[cfg(target_pointer_width = "64")]
pub const TIPWIRE_ENTRIES_WORDS: usize = 8;
#[cfg(target_pointer_width = "32")]
pub const TIPWIRE_ENTRIES_WORDS: usize = 5;
#[cfg(target_pointer_width = "16")]
pub const TIPWIRE_ENTRIES_WORDS: usize = 3;

/// A converter. It is not to be copied.
#[repr(C)]
pub struct tipwire_converter {
    pub storage: [u64; TIPWIRE_CONVERTER_WORDS],
}

/// Room for one field of a binary converter.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_converter_field {
    pub storage: [u64; TIPWIRE_CONVERTER_FIELD_WORDS],
}

/// Why a message does not fit its converter, or JSON is not what it should be.
///
/// status  what is wrong.
/// at      the byte; the length where something is missing.
/// field   the field: a key of the uplink object, of the telemetry, or of the settings; "message" where
///         it is the message as a whole. A slice of the message or the settings, or for ever.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_convert_error {
    pub status: i32,
    pub at: i32,
    pub field: tipwire_text,
}

/// What is left of some uplink objects.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_uplinks {
    pub inside: [u64; TIPWIRE_UPLINKS_WORDS],
}

/// An uplink object: the name of the device, or of the asset, and its type, which may be absent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_uplink {
    pub inside: [u64; TIPWIRE_UPLINK_WORDS],
    pub name: tipwire_text,
    pub r#type: tipwire_text,
    pub is_asset: u8,
}

/// What is left of telemetry or attributes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_entries {
    pub inside: [u64; TIPWIRE_ENTRIES_WORDS],
}

/// A value of telemetry or attributes.
///
/// key        its key.
/// value      the value: of a string what stands between its quotes, of others their JSON.
/// time       in UNIX milliseconds, if has_time.
/// is_string  whether it is a string.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tipwire_entry {
    pub key: tipwire_text,
    pub value: tipwire_text,
    pub time: u64,
    pub has_time: u8,
    pub is_string: u8,
}

/// TIPWIRE_CONVERTER_SIZE.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_converter_size() -> usize {
    size_of::<tipwire_converter>()
}

/// Sets a converter up. name is "text", "json" or "binary"; settings are a JSON object, or "" for the
/// defaults, and stay the converter's: docs/spec/thingsboard.md has them. TIPWIRE_E_TYPE is another
/// name; TIPWIRE_E_INVALID_SETTINGS settings that there are not, or that can never work.
///
/// fields is room for the fields of a binary converter, texts for the bytes of those texts of settings
/// that have escapes; either is the converter's from then on, or may be NULL where there are none.
/// TIPWIRE_E_BUFFER is too little room.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_converter_init(
    converter: *mut tipwire_converter,
    name: *const c_char,
    settings: *const c_char,
    fields: *mut tipwire_converter_field,
    field_count: usize,
    texts: *mut c_void,
    capacity: usize,
) -> i32 {
    run(|| {
        let (name, settings) = (string(name)?, string(settings)?);
        let fields = if fields.is_null() {
            &mut []
        } else {
            array(fields, field_count, BinaryField::EMPTY)?
        };
        let texts = if texts.is_null() { &mut [] } else { buffer(texts, capacity)? };
        let made = LentConverter::lent(name, settings, fields, texts);
        store(converter, made.map_err(status)?)
    })
}

/// Writes what a converter makes of a message, without a NUL: an uplink object, or a list of them.
/// error may be NULL. Returns its length, or why the message does not fit.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_convert(
    converter: *const tipwire_converter,
    message: *const c_void,
    length: usize,
    out: *mut c_void,
    capacity: usize,
    error: *mut tipwire_convert_error,
) -> i32 {
    guard(|| {
        let converter = told(fetch(converter), error)?;
        let message = told(bytes(message, length), error)?;
        let mut out = Out::new(told(buffer(out, capacity), error)?);
        converter.convert(message, &mut out).map_err(|wrong| tell(wrong, error))?;
        of_length(out.length())
    })
}

/// Writes the data points of a frame as telemetry, without a NUL: [{"ts":5,"values":{"t":1.5}}], for
/// TIPWIRE_THINGSBOARD_DEVICE_TOPIC. With details, unit, group, location and metadata are values too.
/// Returns its length, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_thingsboard_telemetry(
    frame: *const tipwire_frame,
    details: bool,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let points = points(frame)?;
        Out::new(buffer(out, capacity)?).write(|out| write_telemetry(&points, details, out))
    })
}

/// Writes it as a gateway publishes it for a device behind it: {"SN-002":[…]}, for
/// TIPWIRE_THINGSBOARD_GATEWAY_TOPIC. Otherwise as tipwire_thingsboard_telemetry().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_thingsboard_gateway_telemetry(
    device: *const c_char,
    frame: *const tipwire_frame,
    details: bool,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let (device, points) = (string(device)?, points(frame)?);
        Out::new(buffer(out, capacity)?)
            .write(|out| write_gateway_telemetry(device, &points, details, out))
    })
}

/// Writes a frame as an uplink object, the serial as the name of the device. Otherwise as
/// tipwire_thingsboard_telemetry().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_thingsboard_uplink(
    frame: *const tipwire_frame,
    details: bool,
    out: *mut c_void,
    capacity: usize,
) -> i32 {
    guard(|| {
        let frame = held(read(frame)?);
        Out::new(buffer(out, capacity)?).write(|out| write_uplink(frame, details, out))
    })
}

/// Writes the bytes that a downlink, {"contentType":…,"data":…,"metadata":{…}}, sends to a device: its
/// data and a line feed. error may be NULL. Returns how many, or a status.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_thingsboard_downlink(
    json: *const c_char,
    length: usize,
    out: *mut c_void,
    capacity: usize,
    error: *mut tipwire_convert_error,
) -> i32 {
    guard(|| {
        let json = told(text(json.cast(), length), error)?;
        let out = told(buffer(out, capacity), error)?;
        let downlink = Downlink::parse(json).map_err(|wrong| tell(wrong, error))?;
        let written = told(downlink.write(out).map_err(status), error)?;
        of_length(written.len())
    })
}

/// Reads and checks uplink objects, as converters and others make them: one, or a list of them. Sets
/// uplinks to them, for tipwire_next_uplink(). error may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_uplinks_of(
    json: *const c_char,
    length: usize,
    uplinks: *mut tipwire_uplinks,
    error: *mut tipwire_convert_error,
) -> i32 {
    run(|| {
        let json = told(text(json.cast(), length), error)?;
        let place = told(place(uplinks), error)?;
        place.set(hold(Uplinks::parse(json).map_err(|wrong| tell(wrong, error))?));
        Ok(())
    })
}

/// Takes the next uplink object. Returns 1, or 0 at the end.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_next_uplink(
    uplinks: *mut tipwire_uplinks,
    uplink: *mut tipwire_uplink,
) -> i32 {
    guard(|| {
        let place = place(uplink)?;
        let Some(next) = held_mut(change(uplinks)?).next() else { return Ok(0) };
        let (name, is_asset) = (next.name.raw(), next.is_asset);
        let kind = next.kind.as_ref().map(|kind| kind.raw());
        let out = place.hold(&next);
        out.name = name.into();
        out.r#type = kind.into();
        out.is_asset = is_asset.into();
        Ok(1)
    })
}

/// Sets entries to the telemetry of an uplink object, for tipwire_next_entry().
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_telemetry_of(
    uplink: *const tipwire_uplink,
    entries: *mut tipwire_entries,
) -> i32 {
    run(|| {
        let uplink = held(read(uplink)?);
        place(entries)?.set(hold(uplink.telemetry()));
        Ok(())
    })
}

/// Sets entries to the attributes of an uplink object.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_attributes_of(
    uplink: *const tipwire_uplink,
    entries: *mut tipwire_entries,
) -> i32 {
    run(|| {
        let uplink = held(read(uplink)?);
        place(entries)?.set(hold(uplink.attributes()));
        Ok(())
    })
}

/// Takes the next value. Returns 1, or 0 at the end.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_next_entry(
    entries: *mut tipwire_entries,
    entry: *mut tipwire_entry,
) -> i32 {
    guard(|| {
        let place = place(entry)?;
        let Some(next) = held_mut(change(entries)?).next() else { return Ok(0) };
        place.set(tipwire_entry {
            key: next.key.raw().into(),
            value: next.value.into(),
            time: next.time.unwrap_or(0),
            has_time: next.time.is_some().into(),
            is_string: next.is_string.into(),
        });
        Ok(1)
    })
}

/// Writes the telemetry of an uplink object into a PUSH, each value as a variable. What a frame cannot
/// say is an error of the frame.
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_put_uplink(
    writer: *mut tipwire_writer,
    uplink: *const tipwire_uplink,
) -> i32 {
    push(writer, |push| {
        held(read(uplink)?).fill(push);
        Ok(())
    })
}

impl Storage for tipwire_converter {
    type Value = LentConverter<'static>;
}

const _: () = assert!(has_room::<tipwire_converter>());

impl Copied for tipwire_uplinks {
    type Value = Uplinks<'static>;
    const WORDS: usize = TIPWIRE_UPLINKS_WORDS;
    const EMPTY: tipwire_uplinks = tipwire_uplinks { inside: [0; TIPWIRE_UPLINKS_WORDS] };
}

impl Copied for tipwire_uplink {
    type Value = Uplink<'static>;
    const WORDS: usize = TIPWIRE_UPLINK_WORDS;
    const EMPTY: tipwire_uplink = tipwire_uplink {
        inside: [0; TIPWIRE_UPLINK_WORDS],
        name: tipwire_text::ABSENT,
        r#type: tipwire_text::ABSENT,
        is_asset: 0,
    };
}

impl Copied for tipwire_entries {
    type Value = Entries<'static>;
    const WORDS: usize = TIPWIRE_ENTRIES_WORDS;
    const EMPTY: tipwire_entries = tipwire_entries { inside: [0; TIPWIRE_ENTRIES_WORDS] };
}

/// Tells a caller who wants to know more, and gives the status.
fn tell(error: ConvertError<'static>, wanted: *mut tipwire_convert_error) -> i32 {
    let at = i32::try_from(error.at).unwrap_or(i32::MAX);
    let status = status(error.kind);
    set_if_wanted(wanted, || tipwire_convert_error { status, at, field: error.field.into() });
    status
}

/// The same for outcomes that are the status alone.
fn told<T>(
    outcome: crate::memory::Outcome<T>,
    wanted: *mut tipwire_convert_error,
) -> crate::memory::Outcome<T> {
    outcome.inspect_err(|&status| {
        let field = tipwire_text::ABSENT;
        set_if_wanted(wanted, || tipwire_convert_error { status, at: -1, field });
    })
}
