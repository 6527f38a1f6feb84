//! Streams cut in every way: the vectors, and random input against a naive splitter.

use serde_json::Value;
use tipwire::Kind;
use tipwire::stream::{
    Any, Buffer, Delimiter, Json, LengthField, LengthPrefixed, Lines, Mode, Packets, Rule,
    Settings, Splitter, TagoTip,
};

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code)]
mod invariants;
mod support;

#[path = "../examples/driver.rs"]
#[allow(dead_code)]
mod driver;

use support::{Random, rounds};

#[test]
fn every_stream_vector_is_answered_as_written_wherever_its_input_is_cut() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../vectors/stream.json")).expect("vectors are JSON");
    let mut random = Random::new(1);
    for case in &cases {
        let name = case["name"].as_str().expect("a name");
        let input = case["input"].as_str().expect("hex");
        let bytes: Vec<&str> =
            input.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).expect("hex")).collect();
        let check = |chunks: &[String]| {
            let splitter = case["splitter"].as_str().expect("a splitter");
            let settings = settings(&case["settings"]);
            let request = format!("split\t{splitter}\t{settings}\t{}", chunks.join(","));
            let answer = driver::answer(request.as_bytes());
            let answer: Value = serde_json::from_str(&answer).expect("answers are JSON");
            assert_eq!(answer["events"], case["events"], "{name}: {chunks:?}");
            assert_eq!(answer["pending"], case["pending"], "{name}: {chunks:?}");
        };
        check(&[bytes.concat()]);
        check(&bytes.iter().map(|byte| (*byte).to_owned()).collect::<Vec<_>>());
        // At every position, but for one input of tens of thousands of bytes.
        for at in (0..=bytes.len()).step_by(bytes.len() / 700 + 1) {
            check(&[bytes[..at].concat(), bytes[at..].concat()]);
        }
        for _ in 0..4 {
            let mut chunks = Vec::new();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (chunk, after) = rest.split_at(random.below(9).min(rest.len()));
                chunks.push(chunk.concat());
                rest = after;
            }
            check(&chunks);
        }
    }
    assert!(cases.len() > 100);
}

/// Settings as a driver takes them.
fn settings(settings: &Value) -> String {
    let words = settings.as_object().expect("settings").iter().map(|(key, value)| match value {
        Value::Array(items) => {
            let items: Vec<&str> = items.iter().map(|item| item.as_str().expect("hex")).collect();
            format!("{key}={}", items.join(","))
        }
        Value::String(word) => format!("{key}={word}"),
        other => format!("{key}={other}"),
    });
    words.collect::<Vec<_>>().join(";")
}

/// Random data of which most bytes are from `alphabet`, through an invariant of the fuzzers.
fn try_many(seed: u64, alphabet: &[u8], invariant: fn(&[u8])) {
    let mut random = Random::new(seed);
    for _ in 0..rounds(5_000) {
        let most = if random.chance(20) { 400 } else { 60 };
        let length = random.below(most);
        let mut data: Vec<u8> = (0..6).map(|_| random.next() as u8).collect();
        data.extend((0..length).map(|_| match random.chance(60) {
            true => random.next() as u8,
            false => alphabet[random.below(alphabet.len())],
        }));
        invariant(&data);
    }
}

#[test]
fn lines_are_those_of_a_naive_splitter() {
    try_many(2, b"\n\r\rabcdefgh", invariants::split_lines);
    try_many(3, b"\nabcdefghijklmnopqrstuvwxyz", invariants::split_lines);
}

#[test]
fn delimiters_are_found_as_by_a_naive_splitter() {
    try_many(4, b"aaaaab", invariants::split_delimiter);
    try_many(5, b"abc\0;|-\r\n", invariants::split_delimiter);
    try_many(6, b"ab", invariants::split_delimiter);
}

#[test]
fn lengths_are_read_as_by_a_naive_splitter() {
    try_many(7, b"\0\0\0\x01\x02\x03\x05\x09", invariants::split_length_field);
    try_many(8, b"\0\x01\x04\x7f\x80\xff", invariants::split_length_field);
    try_many(9, b"\0\0\0\x01\x02\x03\x05\x09\x20", invariants::split_length_prefixed);
}

#[test]
fn json_values_end_where_a_naive_splitter_ends_them() {
    try_many(10, b"{{[[]]}} \n\"\\a", invariants::split_json);
    try_many(11, b"{[]}\"\\", invariants::split_json);
}

#[test]
fn packets_are_those_of_a_naive_splitter() {
    try_many(12, b"TTPP\0\0\0\0\x01\x02\x08", invariants::split_packets);
    try_many(13, b"TP\0", invariants::split_packets);
}

#[test]
fn packets_after_packets_are_those_of_a_naive_splitter() {
    // What looks like packets, so that more than garbage is met.
    let mut random = Random::new(14);
    for _ in 0..rounds(5_000) {
        let mut data: Vec<u8> = (0..6).map(|_| random.next() as u8).collect();
        for _ in 0..random.below(6) {
            let length = random.below(24) as u8;
            data.extend([b'T', b'P', 0, 1, 0, 0, 0, length]);
            data.extend((0..length).map(|_| b"TP\0a"[random.below(4)]));
            data.extend((0..random.below(3)).map(|_| b"TPx"[random.below(3)]));
        }
        invariants::split_packets(&data);
    }
}

#[test]
fn the_first_byte_tells_text_from_envelopes() {
    try_many(15, b"\0\0\x01\x02\x03PING|\n\r", invariants::split_tagotip);
    for (first, mode) in
        [(0, Mode::Envelopes), (0x40, Mode::Envelopes), (0x41, Mode::Text), (0xff, Mode::Text)]
    {
        let mut splitter = Splitter::owned(TagoTip::new()).unwrap();
        assert_eq!(splitter.rule().mode(), None);
        assert_eq!(splitter.next(&mut &[first][..]), None);
        assert_eq!(splitter.rule().mode(), Some(mode));
        assert_eq!(splitter.pending(), 1);
        splitter.reset();
        assert_eq!((splitter.rule().mode(), splitter.pending()), (None, 0));
    }
}

#[test]
fn a_message_within_a_chunk_is_a_part_of_the_chunk() {
    fn within(rule: impl Rule, chunk: &[u8], messages: usize) {
        let mut splitter = Splitter::owned(rule).unwrap();
        let mut input = chunk;
        let mut found = 0;
        while let Some(event) = splitter.next(&mut input) {
            assert!(chunk.as_ptr_range().contains(&event.unwrap().as_ptr()));
            found += 1;
        }
        assert_eq!(found, messages);
    }
    within(Lines::new(), b"one\r\ntwo\nthr", 2);
    within(Delimiter::new(&[b";;"]), b"one;;two;;thr", 2);
    within(LengthField::new().length(1), b"\x03one\x03two\x05thr", 2);
    within(LengthPrefixed::new(), b"\0\x03one\0\x03two\0\x05thr", 2);
    within(Json::new(), b" {\"a\":1} [2] {\"b\"", 2);
    within(Packets::new(), b"TP\0\0\0\0\0\x01aTP\x01\0\0\0\0\0TP\0", 2);
    within(TagoTip::new(), b"one\ntwo\nthr", 2);
}

#[test]
fn the_rest_of_a_chunk_is_left_to_whoever_stops_early() {
    let mut splitter = Splitter::new(Lines::new().max(8), [0; 10]).unwrap();
    let mut input = &b"one\ntwo\nthr"[..];
    assert_eq!(splitter.next(&mut input), Some(Ok(&b"one"[..])));
    assert_eq!(input, b"two\nthr");
    // From here on with other bytes: nothing of the old ones is kept.
    assert_eq!(splitter.next(&mut &b"four\n"[..]), Some(Ok(&b"four"[..])));
    assert_eq!(splitter.pending(), 0);
}

/// A buffer that grows, and remembers how far.
#[derive(Default)]
struct Watched {
    bytes: Vec<u8>,
    grown: usize,
}

impl Buffer for &mut Watched {
    fn limit(&self) -> usize {
        usize::MAX
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    fn grow(&mut self, length: usize) {
        self.bytes.resize(length, 0);
        self.grown += 1;
    }
}

#[test]
fn memory_is_bounded_by_the_maximum_whatever_comes() {
    fn bounded(rule: impl Rule + Clone, max: usize, input: &[u8]) {
        for chunk in [1, 7, 4096] {
            let mut watched = Watched::default();
            let mut splitter = Splitter::new(rule.clone(), &mut watched).unwrap();
            for mut input in input.chunks(chunk) {
                while splitter.next(&mut input).is_some() {}
                assert!(splitter.pending() <= rule.capacity());
            }
            assert!(rule.capacity() <= max + 20);
            assert!(watched.bytes.len() <= rule.capacity());
            assert!(watched.grown <= 12, "it grows by doubling: {}", watched.grown);
        }
    }
    let many = |bytes: &[u8]| bytes.repeat(100_000 / bytes.len());
    bounded(Lines::new().max(1000), 1000, &many(b"x"));
    bounded(Delimiter::new(&[b";;;"]).max(1000), 1000, &many(b"x;;"));
    bounded(Delimiter::new(&[b"xxxxxxxy", b"x"]).max(1000), 1000, &many(b"x"));
    bounded(LengthField::new().max(1000), 1000, &many(b"\x03\xe6x"));
    bounded(LengthField::new().max(1000), 1000, &many(b"\xff"));
    bounded(LengthPrefixed::new().max(1000), 1000, &many(b"\x03\xe8"));
    bounded(Json::new().max(1000), 1000, &many(b"[\"\\\""));
    bounded(Json::new().max(1000), 1000, &many(b"garbage"));
    bounded(Packets::new().max(1000), 1000, &many(b"TP\0\0\0\0\x03\xe8"));
    bounded(Packets::new().max(1000), 1000, &many(b"TP\0\0\xff\xff\xff\xff"));
    bounded(TagoTip::within(1000), 1000, &many(b"P"));
    bounded(TagoTip::within(1000), 1000, &many(b"\x03\xe6x"));
}

#[test]
fn settings_that_can_never_work_are_refused() {
    let refused =
        |rule: LengthField| assert_eq!(Splitter::owned(rule).err(), Some(Kind::InvalidSettings));
    let works = |rule: LengthField| assert_eq!(Splitter::owned(rule).err(), None);
    for length in [0, 5, 6, 7, 9, usize::MAX] {
        refused(LengthField::new().length(length));
    }
    for length in [1, 2, 3, 4, 8] {
        works(LengthField::new().length(length));
    }
    refused(LengthField::new().offset(127));
    works(LengthField::new().offset(126));
    refused(LengthField::new().offset(usize::MAX));
    refused(LengthField::new().strip(3));
    works(LengthField::new().strip(2));
    refused(LengthField::new().strip(6).adjustment(3));
    works(LengthField::new().strip(5).adjustment(3));
    refused(LengthField::new().strip(3).adjustment(-3));
    works(
        LengthField::new().strip(1 << 62).adjustment(i64::MAX).max(usize::MAX).length(8).offset(9),
    );

    let refused = |list: &[&[u8]]| {
        assert_eq!(Splitter::owned(Delimiter::new(list)).err(), Some(Kind::InvalidSettings));
    };
    refused(&[]);
    refused(&[b""]);
    refused(&[b"a", b""]);
    refused(&[&[b'x'; 129]]);
    refused(&[&[b'x'; 100], &[b'y'; 29]]);
    assert!(Splitter::owned(Delimiter::new(&[&[b'x'; 100], &[b'y'; 28]])).is_ok());
}

#[test]
fn a_rule_by_its_name_takes_only_its_own_settings() {
    let refused = |name: &str, settings: Settings<'_>| {
        assert_eq!(Any::new(name, &settings).err(), Some(Kind::InvalidSettings), "{name}");
    };
    for name in Any::NAMES {
        assert!(Any::new(name, &Settings::default()).is_ok(), "{name}");
        if name != "length_field" {
            refused(name, Settings { offset: Some(1), ..Settings::default() });
        }
    }
    refused("nonsense", Settings::default());
    refused("tagotip", Settings { max: Some(1), ..Settings::default() });
    refused("lines", Settings { strip: Some(1), ..Settings::default() });
    refused("json", Settings { delimiters: Some(&[b";"]), ..Settings::default() });
    refused("delimiter", Settings { strip: Some(2), ..Settings::default() });
}

#[test]
fn a_buffer_that_is_too_small_is_refused() {
    assert_eq!(Splitter::new(Lines::new(), [0; 512]).err(), Some(Kind::Buffer));
    assert!(Splitter::new(Lines::new().max(510), [0; 512]).is_ok());
}

#[test]
fn adversarial_input_takes_linear_time() {
    /// How long it takes to split as many such inputs as make up the longest, byte by byte and
    /// whole.
    fn time(rule: &(impl Rule + Clone), input: &[u8]) -> std::time::Duration {
        let start = std::time::Instant::now();
        for _ in 0..LONGEST / input.len() {
            for chunk in [1, input.len()] {
                let mut splitter = Splitter::owned(rule.clone()).unwrap();
                for mut input in input.chunks(chunk) {
                    while splitter.next(&mut input).is_some() {}
                }
            }
        }
        start.elapsed()
    }
    fn linear(rule: impl Rule + Clone, part: &[u8]) {
        let input = part.repeat(LONGEST / part.len());
        // The same number of bytes; were it quadratic, the one would take a hundred times as long
        // as the many. A busy machine gets more than one try.
        let is_fast = || {
            let many = time(&rule, &input[..LONGEST / 100]);
            time(&rule, &input) < 10 * many
        };
        assert!((0..3).any(|_| is_fast()), "{}", String::from_utf8_lossy(part));
    }
    const LONGEST: usize = 400_000;
    if cfg!(miri) {
        return;
    }
    let max = 1_000_000;
    linear(Lines::new().max(max), b"x");
    linear(Lines::new().max(max), b"\r");
    linear(Lines::new().max(max), b"\n");
    linear(Delimiter::new(&[b"xxxxxxxy", b"xxz"]).max(max), b"x");
    linear(Delimiter::new(&[b"xxxxxxxy", b"x"]).max(max), b"x");
    linear(LengthField::new().length(4).max(max), b"\0\x20\0\0");
    linear(LengthField::new().length(4).max(max), b"\0\0\0\0");
    linear(Json::new().max(max), b"[");
    linear(Json::new().max(max), b"[\"\\\\");
    linear(Json::new().max(max), b"[]");
    linear(Packets::new().max(max), b"T");
    linear(Packets::new().max(max), b"TP\0\0\0\0\0\0");
    linear(TagoTip::new(), b"\0\0");
}
