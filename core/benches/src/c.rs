//! The same work through the C library, as `bindings-c/bench/bench.c` does it, and here in Rust, where
//! all is inlined: what the border costs.

use std::ffi::{CStr, c_char, c_void};
use std::hint::black_box;

use tipwire::{
    Ack, Body, Cipher, Detail, Fixed, Frame, InnerMethod, Layout, Location, Merged, Metadata,
    Opener, Push, Sealer, Text, Token, Value, Variables,
};

use crate::corpus::corpus;
use crate::envelope::{KEY, SERIAL, SIZES, TOKEN, inner_text};
use crate::harness::Bench;
use crate::read::Sum;

#[repr(C)]
struct CSum {
    numbers: f64,
    bytes: usize,
}

unsafe extern "C" {
    fn bench_parse(line: *const c_char, length: usize) -> usize;
    fn bench_parse_answer(line: *const c_char, length: usize) -> usize;
    fn bench_read(line: *const c_char, length: usize) -> CSum;
    fn bench_read_answer(line: *const c_char, length: usize) -> CSum;
    fn bench_build(
        auth: *const c_char,
        serial: *const c_char,
        number: f64,
        out: *mut c_char,
        capacity: usize,
    ) -> i32;
    fn bench_seal(
        sealer: *mut c_void,
        text: *const c_void,
        length: usize,
        out: *mut c_void,
        capacity: usize,
    ) -> i32;
    fn bench_open(opener: *const c_void, envelope: *mut c_void, length: usize) -> usize;
    fn bench_sealer(
        cipher: u8,
        key: *const c_void,
        token: *const c_char,
        serial: *const c_char,
    ) -> *mut c_void;
    fn bench_opener(cipher: u8, key: *const c_void, serial: *const c_char) -> *mut c_void;
}

const AUTH: &CStr = c"4deedd7bab8817ec";
const C_SERIAL: &CStr = c"sensor-01";
const C_TOKEN: &CStr = c"ate2bd319014b24e0a8aca9f00aea4c0d0";

pub fn run(bench: &mut Bench) {
    let mut texts = [0; 4096];
    for case in corpus() {
        let (frame, is_answer) = (case.frame.as_bytes(), case.name == "ack10");
        let name = format!("c/parse/{}", case.name);
        assert_eq!(c_parse(frame, is_answer), parse(frame, is_answer), "{name}");
        bench.compare(
            &name,
            "rust",
            || c_parse(black_box(frame), is_answer),
            || parse(black_box(frame), is_answer),
        );
        let name = format!("c/read/{}", case.name);
        assert_eq!(c_touch(frame, is_answer), touch(frame, is_answer, &mut texts), "{name}");
        bench.compare(
            &name,
            "rust",
            || c_touch(black_box(frame), is_answer),
            || touch(black_box(frame), is_answer, &mut texts),
        );
    }
    let (mut ours, mut theirs) = ([0; 256], [0; 256]);
    let length = build(&mut theirs);
    assert_eq!(c_build(&mut ours), length);
    assert_eq!(ours, theirs);
    bench.compare("c/build/small", "rust", || c_build(&mut ours), || build(&mut theirs));
    for &cipher in Cipher::ALL {
        for size in SIZES {
            envelopes(bench, cipher, size);
        }
    }
}

fn envelopes(bench: &mut Bench, cipher: Cipher, size: usize) {
    assert_eq!((C_SERIAL.to_str(), C_TOKEN.to_str()), (Ok(SERIAL), Ok(TOKEN)));
    let (text, key) = (inner_text(size), &KEY[..cipher.key_len()]);
    let text = text.as_slice();
    let (mut ours, mut theirs) = (vec![0; size + 64], vec![0; size + 64]);
    // SAFETY: the storage is the C program's, and its key is of the length that the cipher has.
    let (c_sealer, c_opener) = unsafe {
        (
            bench_sealer(cipher.id(), KEY.as_ptr().cast(), C_TOKEN.as_ptr(), C_SERIAL.as_ptr()),
            bench_opener(cipher.id(), KEY.as_ptr().cast(), C_SERIAL.as_ptr()),
        )
    };
    assert!(!c_sealer.is_null() && !c_opener.is_null());
    let token = Token::new(TOKEN).expect("a token");
    let mut sealer =
        Sealer::new(Layout::Current, cipher, key, &token, SERIAL, 1).expect("a sealer");
    let opener = Opener::new(cipher, key, Some(SERIAL)).expect("an opener");
    let c_seal = |text: &[u8], out: &mut [u8]| {
        // SAFETY: these are the bytes of slices, and the sealer was set up.
        let length = unsafe {
            bench_seal(
                c_sealer,
                text.as_ptr().cast(),
                text.len(),
                out.as_mut_ptr().cast(),
                out.len(),
            )
        };
        usize::try_from(length).expect("an envelope")
    };
    let length = c_seal(text, &mut ours);
    let sealed = sealer.seal(InnerMethod::Push, text, &mut theirs).expect("an envelope").to_vec();
    assert_eq!(&ours[..length], sealed, "both seal alike");
    bench.compare(
        &format!("c/seal/{cipher}/{size}"),
        "rust",
        || c_seal(black_box(text), &mut ours),
        || sealer.seal(InnerMethod::Push, black_box(text), &mut theirs).expect("a counter").len(),
    );
    let (mut ours, mut theirs) = (sealed.clone(), sealed.clone());
    bench.compare(
        &format!("c/open/{cipher}/{size}"),
        "rust",
        || {
            ours.copy_from_slice(black_box(&sealed));
            // SAFETY: these are the bytes of a vector, and the opener was set up.
            unsafe { bench_open(c_opener, ours.as_mut_ptr().cast(), ours.len()) }
        },
        || {
            theirs.copy_from_slice(black_box(&sealed));
            opener.open(Layout::Current, &mut theirs).expect("the key").as_bytes().len()
        },
    );
}

fn c_parse(frame: &[u8], is_answer: bool) -> usize {
    let (line, length) = (frame.as_ptr().cast(), frame.len());
    // SAFETY: these are the bytes of a slice.
    unsafe { if is_answer { bench_parse_answer(line, length) } else { bench_parse(line, length) } }
}

#[inline(never)]
fn parse(frame: &[u8], is_answer: bool) -> usize {
    if is_answer {
        let ack = black_box(Ack::parse(frame).expect("a frame of the corpus"));
        let (detail, text) = match ack.detail {
            Detail::None => (0, ""),
            Detail::Count(_) => (1, ""),
            Detail::Variables(_) => (2, ""),
            Detail::Command(text) => (3, text),
            Detail::Error(text) => (4, text),
            Detail::Text(text) => (5, text),
        };
        return detail + text.len();
    }
    let frame = black_box(Frame::parse(frame).expect("a frame of the corpus"));
    let method = match frame.body {
        Body::Push(_) | Body::Raw(_) => 0,
        Body::Pull(_) => 1,
        Body::Ping => 2,
    };
    method + frame.serial.len()
}

fn c_touch(frame: &[u8], is_answer: bool) -> Sum {
    let (line, length) = (frame.as_ptr().cast(), frame.len());
    // SAFETY: these are the bytes of a slice.
    let sum = unsafe {
        if is_answer { bench_read_answer(line, length) } else { bench_read(line, length) }
    };
    Sum { numbers: sum.numbers, bytes: sum.bytes }
}

fn c_build(buffer: &mut [u8]) -> usize {
    let (out, capacity) = (buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: a NUL ends both texts, and these are the bytes of a slice.
    let length =
        unsafe { bench_build(AUTH.as_ptr(), C_SERIAL.as_ptr(), black_box(32.5), out, capacity) };
    usize::try_from(length).expect("a frame")
}

#[inline(never)]
fn build(buffer: &mut [u8]) -> usize {
    let mut push = Push::to(buffer, black_box("4deedd7bab8817ec"), black_box(SERIAL));
    push.number(black_box("temperature"), Fixed(black_box(32.5), 1)).unit(black_box("C"));
    push.number(black_box("humidity"), 65i64).unit(black_box("%"));
    push.string(black_box("status"), black_box("on | line")).time(1_694_567_890_000);
    push.metadata(black_box("source"), black_box("dht22"));
    push.finish_line().expect("a frame").len()
}

/// Reads a frame and all that is in it, as a program does that wants texts in a buffer of its own.
#[inline(never)]
fn touch(frame: &[u8], is_answer: bool, texts: &mut [u8]) -> Sum {
    if is_answer {
        let ack = Ack::parse(frame).expect("a frame of the corpus");
        let mut sum = Sum::bytes(ack.status as usize);
        if let Detail::Variables(block) = &ack.detail {
            sum += touch_variables(block.variables.clone(), texts);
        }
        return sum;
    }
    let frame = Frame::parse(frame).expect("a frame of the corpus");
    let mut sum = Sum::bytes(frame.auth.len() + frame.serial.len());
    match &frame.body {
        Body::Push(block) => {
            sum.bytes += block.group.map_or(0, str::len);
            sum += touch_variables(block.variables.clone(), texts);
        }
        Body::Raw(raw) => sum.bytes += raw.data().len(),
        Body::Pull(names) => sum.bytes += names.clone().map(str::len).sum::<usize>(),
        Body::Ping => {}
    }
    sum
}

fn touch_variables(variables: Variables<'_>, texts: &mut [u8]) -> Sum {
    let mut sum = Sum::default();
    for variable in variables {
        sum.bytes += variable.name.len();
        sum.bytes += variable.unit.map_or(0, str::len) + variable.group.map_or(0, str::len);
        sum += match variable.value {
            Value::Number(number) => Sum::number(number.to_f64()),
            Value::String(text) => Sum::bytes(unescape(text, texts)),
            Value::Boolean(truth) => Sum::bytes(usize::from(truth)),
            Value::Location(location) => Sum::number(touch_location(location)),
        };
        sum.numbers += variable.location.map_or(0.0, touch_location);
        sum.numbers += variable.time.map_or(0.0, |time| time as f64);
        sum.bytes += touch_metadata(variable.metadata, texts);
    }
    sum
}

fn touch_location(location: Location<'_>) -> f64 {
    let (lat, lng, alt) = location.coordinates();
    lat.to_f64() + lng.to_f64() + alt.map_or(0.0, |alt| alt.to_f64())
}

fn touch_metadata(metadata: Metadata<'_>, texts: &mut [u8]) -> usize {
    Merged::from(metadata).iter().map(|(key, text)| key.len() + unescape(text, texts)).sum()
}

fn unescape(text: Text<'_>, texts: &mut [u8]) -> usize {
    black_box(text.unescape_into(texts)).expect("room").len()
}
