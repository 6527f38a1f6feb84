//! Splitting: a chunk as one read from a socket gives it, into lines, and each of them read.

use std::hint::black_box;

use bytes::BytesMut;
use tipwire::stream::{Lines, Splitter};
use tokio_util::codec::{Decoder, LinesCodec};

use crate::corpus::corpus;
use crate::harness::Bench;
use crate::read::{Sum, touch};

/// What a server reads at once.
const CHUNK: usize = 64 << 10;

pub fn run(bench: &mut Bench) {
    let cases = corpus();
    let small = cases.iter().find(|case| case.name == "small").expect("a small frame");
    let line = format!("{}\n", small.frame);
    let lines = CHUNK / line.len();
    let mut chunk = line.repeat(lines + 1);
    chunk.truncate(CHUNK);
    let chunk = chunk.as_bytes();

    let mut splitter = Splitter::owned(Lines::new()).expect("a vector gets long enough");
    let mut ours = || {
        // The last line is unfinished, as it is in life.
        splitter.reset();
        let mut sum = Sum::default();
        let mut input = black_box(chunk);
        while let Some(line) = splitter.next(&mut input) {
            sum += touch(line.expect("no line is too long"));
        }
        sum
    };
    // As `Framed` does, which reads into one buffer again and again.
    let mut buffer = BytesMut::new();
    let mut theirs = || {
        let mut codec = LinesCodec::new_with_max_length(16_384);
        buffer.clear();
        buffer.extend_from_slice(black_box(chunk));
        let mut sum = Sum::default();
        while let Some(line) = codec.decode(&mut buffer).expect("no line is too long") {
            sum += touch(line.as_bytes());
        }
        sum
    };
    assert_eq!(ours(), theirs());
    assert_eq!(ours().bytes % lines, 0, "every line is read");
    if let Some(nanoseconds) = bench.compare("split/lines64k", "LinesCodec", &mut ours, &mut theirs)
    {
        bench.note(&format!(
            "{:.2} GB/s, {:.1} million frames/s",
            CHUNK as f64 / nanoseconds,
            lines as f64 / nanoseconds * 1e3
        ));
    }

    let mut splitter = Splitter::owned(Lines::new()).expect("a vector gets long enough");
    let mut ours = || {
        splitter.reset();
        let (mut input, mut bytes) = (black_box(chunk), 0);
        while let Some(line) = splitter.next(&mut input) {
            bytes += line.expect("no line is too long").len();
        }
        bytes
    };
    let mut buffer = BytesMut::new();
    let mut theirs = || {
        let mut codec = LinesCodec::new_with_max_length(16_384);
        buffer.clear();
        buffer.extend_from_slice(black_box(chunk));
        let mut bytes = 0;
        while let Some(line) = codec.decode(&mut buffer).expect("no line is too long") {
            bytes += line.len();
        }
        bytes
    };
    assert_eq!(ours(), theirs());
    bench.compare("split/only64k", "LinesCodec", ours, theirs);
}
