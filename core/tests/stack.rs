//! How much stack reading and writing take: measured on the build that the tests run on, by what is
//! left of a painted area.
#![cfg(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64")))]

use std::cell::Cell;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::sync::Mutex;

use tipwire::session::{Client, ClientEvent, ClientSettings};
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
    thread_local! {
        static TOUCHED: Cell<usize> = const { Cell::new(0) };
    }
    below_area(|area| {
        // SAFETY: within the area, whose bytes `paint` has written in a frame of the same shape.
        let is_painted = |at: &usize| unsafe { area.add(*at).read_volatile() == PAINT };
        TOUCHED.set(AREA - (0..AREA).take_while(is_painted).count());
    });
    TOUCHED.get()
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

/// The client lives elsewhere: what is measured is what its work takes.
#[test]
fn a_client_takes_less_than_a_kilobyte_of_stack() {
    static CLIENT: Mutex<Option<Client<[u8; 256], [u8; 64]>>> = Mutex::new(None);
    let settings = ClientSettings::default();
    let client = Client::new(&settings, "4deedd7bab8817ec", "sensor-01", [0; 256], [0; 64]);
    *CLIENT.lock().unwrap() = client.ok();
    let nothing = measure(|| {});
    let ask = measure(|| {
        let mut client = CLIENT.lock().unwrap();
        let client = client.as_mut().unwrap();
        client.connected(0);
        let queued = client.push(0, |push| {
            push.number("t", Fixed(32.5, 1)).unit("C").string("s", "a|b").time(5);
        });
        black_box(queued.is_ok());
        client.sent(client.output().len(), 0);
    }) - nothing;
    let hear = measure(|| {
        let mut client = CLIENT.lock().unwrap();
        let client = client.as_mut().unwrap();
        let mut input = black_box(&b"ACK|CMD|reboot\nACK|!1|OK|1\n"[..]);
        while let Some(event) = client.next_event(&mut input, 1) {
            black_box(matches!(event, ClientEvent::Answer(answer) if answer.is_done()));
        }
        assert!(client.is_idle());
    }) - nothing;
    println!("ask {ask}, hear {hear} bytes");
    let limit = if cfg!(debug_assertions) { AREA } else { 1024 };
    assert!(ask < limit, "ask {ask}");
    assert!(hear < limit, "hear {hear}");
}
