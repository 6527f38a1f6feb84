//! How much stack reading and writing take: measured on the build that the tests run on, by what is
//! left of a painted area.
#![cfg(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64")))]

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

use tipwire::{Fixed, Frame, Push, Value};

/// Less than a page, or else the compiler probes the stack by writing to it.
const AREA: usize = 3840;
const PAINT: u8 = 0xa5;

/// Calls `work` below an area of the stack, which it gets.
#[inline(never)]
fn below_area(work: fn(*mut u8)) {
    let mut area = MaybeUninit::<[u8; AREA]>::uninit();
    work(black_box(area.as_mut_ptr().cast()));
    black_box(&area);
}

fn paint() {
    below_area(|area| {
        for at in 0..AREA {
            // SAFETY: within the area. Volatile, so that it is not left out.
            unsafe { area.add(at).write_volatile(PAINT) };
        }
    });
}

/// Bytes of the area that no longer are what `paint` left there. The stack grows downwards: what is
/// untouched lies at the low end.
fn touched() -> usize {
    static TOUCHED: AtomicUsize = AtomicUsize::new(0);
    below_area(|area| {
        // SAFETY: within the area, whose bytes `paint` has written in a frame of the same shape.
        let is_painted = |at: &usize| unsafe { area.add(*at).read_volatile() == PAINT };
        TOUCHED.store(AREA - (0..AREA).take_while(is_painted).count(), Ordering::Relaxed);
    });
    TOUCHED.load(Ordering::Relaxed)
}

#[inline(never)]
fn measure(work: fn()) -> usize {
    paint();
    work();
    touched()
}

const LINE: &[u8] = b"PUSH|!1|4deedd7bab8817ec|sensor-01|@=1.5,2@5^g{a=b}[temperature:=32.5#C\
    @=39.74,-104.99@1694567890000^batch_01{source=dht22,quality=high};s=a\\|b;on?=true;p@=1,2,3]\n";

#[test]
fn reading_and_writing_take_less_than_a_kilobyte_of_stack() {
    let nothing = measure(|| {});
    assert!(nothing < AREA / 2, "the paint is found again: {nothing}");
    let parse = measure(|| _ = black_box(Frame::parse(black_box(LINE)).is_ok())) - nothing;
    let walk = measure(|| {
        let frame = Frame::parse(black_box(LINE)).unwrap();
        for variable in frame.variables() {
            if let Value::Number(number) = variable.value {
                black_box(number.to_f64());
            }
            black_box(variable.metadata.get("source"));
        }
    }) - nothing;
    let write = measure(|| {
        let mut buffer = [0; 128];
        let mut push = Push::to(black_box(&mut buffer), "4deedd7bab8817ec", "sensor-01");
        push.number("t", Fixed(32.5, 1)).unit("C").string("s", "a|b").metadata("k", "v").time(5);
        black_box(push.finish_line().is_ok());
    }) - nothing;
    println!("parse {parse}, parse and walk {walk}, write {write} bytes");
    // What is not optimized takes more; `cargo xtask test` runs this on a release build too.
    let limit = if cfg!(debug_assertions) { AREA } else { 1024 };
    assert!(parse < limit, "parse {parse}");
    assert!(walk < limit, "parse and walk {walk}");
    assert!(write < limit, "write {write}");
}
