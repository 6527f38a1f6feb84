//! Envelopes: the vectors both ways, everything that must not open, counters, candidates, and what
//! is left. Runs with any set of ciphers: `cargo xtask test core` does with each alone.

use std::collections::HashMap;

use serde_json::Value;
use tipwire::{
    Cipher, Code, Counter, Error, Hash, Header, Inner, InnerMethod, Kind, Layout, Opener, Sealer,
    Token, device_hash, open_with, plaintext_answer,
};

const TOKEN: &str = "ate2bd319014b24e0a8aca9f00aea4c0d0";
const SERIAL: &str = "sensor-01";
const TEXT: &[u8] = b"sensor-01|[temp:=32]";
const KEY: [u8; 32] = *b"a key that is no secret whatever";

/// The ciphers that were built in.
fn ciphers() -> impl Iterator<Item = Cipher> {
    let built = [
        cfg!(feature = "aes-128-ccm"),
        cfg!(feature = "aes-128-gcm"),
        cfg!(feature = "aes-256-ccm"),
        cfg!(feature = "aes-256-gcm"),
        cfg!(feature = "chacha20-poly1305"),
    ];
    Cipher::ALL.iter().copied().zip(built).filter(|(_, built)| *built).map(|(cipher, _)| cipher)
}

fn key(cipher: Cipher) -> &'static [u8] {
    &KEY[..cipher.key_len()]
}

fn sealer(layout: Layout, cipher: Cipher, next: u64) -> Sealer {
    Sealer::new(layout, cipher, key(cipher), &Token::new(TOKEN).unwrap(), SERIAL, next).unwrap()
}

fn opener(cipher: Cipher) -> Opener {
    Opener::new(cipher, key(cipher), None).unwrap()
}

fn envelope(layout: Layout, cipher: Cipher) -> Vec<u8> {
    let mut buffer = [0; 128];
    sealer(layout, cipher, 42).seal(InnerMethod::Push, TEXT, &mut buffer).unwrap().to_vec()
}

/// What a cipher of any kind, in any layout, must do.
fn everywhere(check: impl Fn(Layout, Cipher)) {
    for cipher in ciphers() {
        for &layout in Layout::ALL {
            check(layout, cipher);
        }
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(pair).collect()
}

/// A vector whose cipher was built in.
struct Case {
    layout: Layout,
    cipher: Cipher,
    method: InnerMethod,
    token: Token,
    serial: String,
    key: Vec<u8>,
    counter: u32,
    inner: String,
    envelope: Vec<u8>,
}

fn vectors() -> Vec<Case> {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../vectors/envelope.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let good = cases.iter().filter(|case| case["error"].is_null());
    good.map(|case| Case {
        layout: Layout::from_name(&text(&case["layout"])).unwrap(),
        cipher: Cipher::from_name(&text(&case["cipher"])).unwrap(),
        method: InnerMethod::from_name(&text(&case["method"])).unwrap(),
        token: Token::new(&text(&case["token"])).unwrap(),
        serial: text(&case["serial"]),
        key: unhex(&text(&case["key"])),
        counter: case["counter"].as_u64().unwrap().try_into().unwrap(),
        inner: text(&case["inner"]),
        envelope: unhex(&text(&case["envelope"])),
    })
    .filter(|case| ciphers().any(|cipher| cipher == case.cipher))
    .collect()
}

#[test]
fn ciphers_that_were_not_built_in_are_refused() {
    for &cipher in Cipher::ALL {
        let outcome =
            Opener::new(cipher, key(cipher), None).map(|_| ()).map_err(|error| error.kind);
        let expected =
            if ciphers().any(|built| built == cipher) { Ok(()) } else { Err(Kind::Cipher) };
        assert_eq!(outcome, expected, "{cipher}");
    }
}

#[test]
fn every_vector_is_sealed_to_the_byte_and_opened() {
    for layout in Layout::ALL {
        for cipher in ciphers() {
            assert!(vectors().iter().any(|c| (c.layout, c.cipher) == (*layout, cipher)));
        }
    }
    for case in vectors() {
        let Case { layout, cipher, method, token, serial, key, counter, inner, envelope } = case;
        let mut sealer =
            Sealer::new(layout, cipher, &key, &token, &serial, counter.into()).unwrap();
        let mut buffer = vec![0xee; inner.len() + 64];
        assert_eq!(sealer.seal(method, inner.as_bytes(), &mut buffer), Ok(&envelope[..]));

        // A text that stands in the buffer already.
        let mut sealer =
            Sealer::with_hash(layout, cipher, &key, layout.auth(&token), &serial, counter.into())
                .unwrap();
        buffer[sealer.header_len()..][..inner.len()].copy_from_slice(inner.as_bytes());
        let sealed = sealer.seal_in_place(method, &mut buffer, inner.len());
        assert_eq!(sealed, Ok(&envelope[..]));
        assert_eq!(sealer.counter().next(), u64::from(counter) + 1);

        for known in [None, Some(serial.as_str())] {
            let opener = Opener::new(cipher, &key, known).unwrap();
            let mut received = envelope.clone();
            let opened = opener.open(layout, &mut received).unwrap();
            assert_eq!(opened.text(), inner);
            let header = opened.header;
            assert_eq!(
                (header.layout, header.cipher, header.method, header.counter, header.auth),
                (layout, cipher, method, counter, layout.auth(&token))
            );
            let half = if layout == Layout::Short { 4 } else { 8 };
            assert_eq!(header.device(), &device_hash(&serial).bytes()[..half]);
            opened.parse().unwrap();
        }
    }
}

/// What an engine takes is done by it alone, and to the byte as here; what it declines is done here.
#[cfg(all(feature = "engine", feature = "aes-128-gcm", feature = "chacha20-poly1305"))]
#[test]
fn an_engine_does_what_it_takes() {
    use aead::{AeadInOut, KeyInit};
    use std::sync::atomic::{AtomicUsize, Ordering};

    static DONE: AtomicUsize = AtomicUsize::new(0);

    fn by<C: AeadInOut + KeyInit>(task: tipwire::Task<'_>) -> Option<bool> {
        let tipwire::Task { seals, key, nonce, header, text, tag, .. } = task;
        let (cipher, nonce) = (C::new_from_slice(key).ok()?, nonce.try_into().ok()?);
        DONE.fetch_add(1, Ordering::Relaxed);
        if seals {
            tag.copy_from_slice(&cipher.encrypt_inout_detached(nonce, header, text.into()).ok()?);
            return Some(true);
        }
        let tag = (&*tag).try_into().ok()?;
        Some(cipher.decrypt_inout_detached(nonce, header, text.into(), tag).is_ok())
    }
    fn work(task: tipwire::Task<'_>) -> Option<bool> {
        match task.cipher {
            Cipher::Aes128Gcm => by::<aes_gcm::Aes128Gcm>(task),
            Cipher::ChaCha20Poly1305 => by::<chacha20poly1305::ChaCha20Poly1305>(task),
            _ => None,
        }
    }

    for case in vectors() {
        let Case { layout, cipher, method, token, serial, key, counter, inner, mut envelope } =
            case;
        let before = DONE.load(Ordering::Relaxed);
        let sealer = Sealer::new(layout, cipher, &key, &token, &serial, counter.into()).unwrap();
        let mut sealer = sealer.with_engine(&key, work).unwrap();
        let mut buffer = vec![0xee; inner.len() + 64];
        assert_eq!(sealer.seal(method, inner.as_bytes(), &mut buffer), Ok(&envelope[..]));
        let opener = Opener::new(cipher, &key, None).unwrap().with_engine(&key, work).unwrap();
        assert_eq!(opener.open(layout, &mut envelope.clone()).unwrap().text(), inner);
        *envelope.last_mut().unwrap() ^= 1;
        let mut received = envelope.clone();
        assert_eq!(opener.open(layout, &mut received).unwrap_err().kind, Kind::AuthFailed);
        assert_eq!(received, envelope);
        let takes = matches!(cipher, Cipher::Aes128Gcm | Cipher::ChaCha20Poly1305);
        assert_eq!(DONE.load(Ordering::Relaxed) - before, if takes { 3 } else { 0 }, "{cipher}");
        assert!(Opener::new(cipher, &key, None).unwrap().with_engine(&key[1..], work).is_err());
    }
}

#[test]
fn every_single_bit_that_changes_keeps_an_envelope_shut() {
    for Case { layout, cipher, key, serial, envelope, inner, .. } in vectors() {
        let openers = [None, Some(serial.as_str())].map(|s| Opener::new(cipher, &key, s).unwrap());
        // Large ones take long where nothing is optimized: `cargo xtask test` has both.
        let is_large = envelope.len() > 1000;
        let step = if is_large && cfg!(debug_assertions) { 4099 } else { 1 };
        let mut changed = envelope.clone();
        for bit in (0..8 * envelope.len()).step_by(step) {
            let flip = |bytes: &mut [u8]| bytes[bit / 8] ^= 1 << (bit % 8);
            changed.copy_from_slice(&envelope);
            flip(&mut changed);
            let error = openers[0].open(layout, &mut changed).unwrap_err();
            assert!(bit < 8 || error.kind == Kind::AuthFailed, "bit {bit}: {error}");
            if is_large {
                continue;
            }
            let text = inner.as_bytes();
            assert!(!changed.windows(text.len()).any(|window| window == text), "bit {bit}");

            changed.copy_from_slice(&envelope);
            flip(&mut changed);
            openers[1].open(layout, &mut changed).unwrap_err();
            changed.copy_from_slice(&envelope);
            flip(&mut changed);
            open_with(&mut changed, Layout::ALL, |_| &openers).unwrap_err();
        }
    }
}

#[test]
fn every_length_but_the_right_one_keeps_an_envelope_shut() {
    everywhere(|layout, cipher| {
        let envelope = envelope(layout, cipher);
        for length in 0..envelope.len() {
            let error = opener(cipher).open(layout, &mut envelope[..length].to_vec()).unwrap_err();
            let overhead = layout.header_len() + cipher.tag_len();
            let expected = if length < overhead { Kind::TooShort } else { Kind::AuthFailed };
            assert_eq!(error.kind, expected, "{length} bytes");
        }
        let longer = &mut [envelope.as_slice(), &[0]].concat();
        assert_eq!(opener(cipher).open(layout, longer).unwrap_err().kind, Kind::AuthFailed);
    });
}

#[test]
fn what_is_built_in_the_buffer_is_what_is_sealed_as_text() {
    everywhere(|layout, cipher| {
        let mut built = sealer(layout, cipher, 7);
        let mut sealed = sealer(layout, cipher, 7);
        let (mut a, mut b) = ([0; 200], [0; 200]);
        let mut same = |method, text: &str, envelope: &[u8]| {
            assert_eq!(sealed.seal(method, text.as_bytes(), &mut b).unwrap(), envelope);
        };
        let push = built.push(&mut a, |push| {
            push.time(5).number("t", 32).unit("C").string("s", "a|b");
        });
        same(InnerMethod::Push, "sensor-01|@5[t:=32#C;s=a\\|b]", push.unwrap());
        if cipher != Cipher::Aes256Ccm {
            let pull = built.pull(&mut a, |pull| {
                pull.name("t").name("h");
            });
            same(InnerMethod::Pull, "sensor-01|[t;h]", pull.unwrap());
        }
        same(InnerMethod::Ping, "sensor-01", built.ping(&mut a).unwrap());
        let ack = built.ack(&mut a, |reply| {
            reply.count(3);
        });
        same(InnerMethod::Ack, "OK|3", ack.unwrap());
        let list = built.ack_variables(&mut a, |list| {
            list.number("t", 25.5).unit("C");
        });
        same(InnerMethod::Ack, "OK|[t:=25.5#C]", list.unwrap());
    });
}

#[test]
fn what_cannot_be_built_or_has_no_room_takes_no_counter() {
    everywhere(|layout, cipher| {
        let mut sealer = sealer(layout, cipher, 7);
        let mut buffer = [0; 200];
        let wrong = sealer.push(&mut buffer, |push| {
            push.number("Wrong", 1);
        });
        let error = wrong.unwrap_err();
        assert_eq!((error.kind, error.point), (Kind::Name, Some(0)));
        assert_eq!(sealer.ack(&mut buffer, |_| ()).unwrap_err().kind, Kind::Missing);
        let whole = sealer.overhead() + SERIAL.len();
        for size in 0..whole {
            let buffer = &mut buffer[..size];
            assert_eq!(sealer.ping(buffer).unwrap_err().kind, Kind::Buffer, "{size}");
            let text = sealer.seal(InnerMethod::Ping, SERIAL.as_bytes(), buffer);
            assert_eq!(text.unwrap_err().kind, Kind::Buffer, "{size}");
            let text = sealer.seal_in_place(InnerMethod::Ping, buffer, SERIAL.len());
            assert!(matches!(text.unwrap_err().kind, Kind::Buffer | Kind::Serial), "{size}");
        }
        for length in [whole, usize::MAX] {
            let outcome = sealer.seal_in_place(InnerMethod::Ping, &mut buffer[..whole], length);
            assert_eq!(outcome.unwrap_err().kind, Kind::Buffer);
        }
        assert_eq!(sealer.counter().next(), 7);
        assert_eq!(sealer.ping(&mut buffer[..whole]).unwrap().len(), whole);
    });
}

#[test]
fn what_was_built_is_sealed_unread_but_only_for_its_device() {
    everywhere(|layout, cipher| {
        let [mut checked, mut built, mut in_place] = [(); 3].map(|()| sealer(layout, cipher, 0));
        let (mut a, mut b) = ([0; 256], [0; 256]);
        for (method, text) in [(InnerMethod::Push, TEXT), (InnerMethod::Ack, b"OK|1")] {
            let expected = checked.seal(method, text, &mut a).unwrap();
            assert_eq!(built.seal_built(method, text, &mut b), Ok(expected));
            let start = in_place.header_len();
            b[start..start + text.len()].copy_from_slice(text);
            let sealed = in_place.seal_built_in_place(method, &mut b, text.len());
            assert_eq!(sealed, Ok(expected));
        }
        for text in ["sensor-02|[t:=1]", "sensor-011|[t:=1]", "sensor-0", ""] {
            let error = built.seal_built(InnerMethod::Push, text.as_bytes(), &mut b).unwrap_err();
            assert_eq!(error.kind, Kind::OtherSerial);
            let start = in_place.header_len();
            b[start..start + text.len()].copy_from_slice(text.as_bytes());
            let sealed = in_place.seal_built_in_place(InnerMethod::Push, &mut b, text.len());
            assert_eq!(sealed.unwrap_err().kind, Kind::OtherSerial);
        }
        for length in [256, usize::MAX] {
            let sealed = in_place.seal_built_in_place(InnerMethod::Ack, &mut b, length);
            assert_eq!(sealed.unwrap_err().kind, Kind::Buffer);
        }
        let long = vec![b'x'; 16_385];
        let error = built.seal_built(InnerMethod::Ack, &long, &mut b).unwrap_err();
        assert_eq!(error.kind, Kind::EnvelopeTooLarge);
        assert_eq!((built.counter().next(), in_place.counter().next()), (2, 2));
    });
}

#[test]
fn only_inner_frames_of_the_device_are_sealed() {
    everywhere(|layout, cipher| {
        let mut sealer = sealer(layout, cipher, 0);
        let mut buffer = vec![0; 20_000];
        let mut refused = |method, text: &[u8]| {
            let error = sealer.seal(method, text, &mut buffer).unwrap_err();
            (error.kind, error.at, error.code())
        };
        let push = InnerMethod::Push;
        let code = "invalid_payload";
        assert_eq!(refused(push, b"sensor-02|[t:=1]"), (Kind::OtherSerial, 0, code));
        assert_eq!(refused(push, b"sensor-01|[t:=]"), (Kind::Number, 14, code));
        assert_eq!(refused(push, b"sensor-01|[t:=1]\n"), (Kind::Trailing, 16, code));
        assert_eq!(refused(InnerMethod::Ack, b"ACK|OK"), (Kind::Status, 0, code));
        let large = [b'x'; 16_385];
        assert_eq!(refused(push, &large), (Kind::EnvelopeTooLarge, 0, "envelope_too_large"));
        if cipher == Cipher::Aes256Ccm {
            let forbidden = (Kind::ForbiddenFlags, 0, "forbidden_flags");
            assert_eq!(refused(InnerMethod::Pull, b"sensor-01|[t]"), forbidden);
            let pull = sealer.pull(&mut buffer, |pull| _ = pull.name("t"));
            assert_eq!(pull.unwrap_err().kind, Kind::ForbiddenFlags);
        }
        assert_eq!(sealer.counter().next(), 0);
    });
}

#[test]
fn the_largest_inner_frame_is_sealed_and_opened_and_one_byte_more_is_refused_unopened() {
    everywhere(|layout, cipher| {
        let mut text = b"sensor-01|[s=".to_vec();
        text.resize(16_383, b'x');
        text.push(b']');
        let mut buffer = vec![0; text.len() + 64];
        let mut sealer = sealer(layout, cipher, 0);
        let length = sealer.seal(InnerMethod::Push, &text, &mut buffer).unwrap().len();
        let mut longer = buffer[..=length].to_vec();
        let opened = opener(cipher).open(layout, &mut buffer[..length]).unwrap();
        assert_eq!(opened.as_bytes(), text);
        let before = longer.clone();
        let error = opener(cipher).open(layout, &mut longer).unwrap_err();
        assert_eq!((error.kind, longer), (Kind::EnvelopeTooLarge, before));
    });
}

#[test]
fn the_checks_of_an_opener_come_in_their_order() {
    let check = |bytes: &[u8]| Header::parse(Layout::Current, bytes).map_err(|error| error.kind);
    assert_eq!(check(b""), Err(Kind::TooShort));
    assert_eq!(check(b"A"), Err(Kind::Plaintext));
    // Version, cipher and method before the size; in this order.
    assert_eq!(check(&[0xef]), Err(Kind::Version));
    assert_eq!(check(&[0xa7]), Err(Kind::Cipher));
    assert_eq!(check(&[0x84]), Err(Kind::EnvelopeMethod));
    assert_eq!(check(&[0; 28]), Err(Kind::TooShort));
    assert!(check(&[0; 29]).is_ok());
    assert!(check(&[0; 21 + 16_384 + 8]).is_ok());
    assert_eq!(check(&[0; 21 + 16_384 + 9]), Err(Kind::EnvelopeTooLarge));
    for cipher in ciphers() {
        for length in (0..40).filter(|length| *length != cipher.key_len()) {
            let error = Opener::new(cipher, &[0; 40][..length], None).unwrap_err();
            assert_eq!((error.kind, error.code()), (Kind::InvalidKey, "invalid_key"));
        }
    }
    let codes = [
        (Kind::Plaintext, "plaintext"),
        (Kind::Version, "unsupported_version"),
        (Kind::Cipher, "unsupported_cipher"),
        (Kind::EnvelopeMethod, "invalid_method"),
        (Kind::TooShort, "too_short"),
        (Kind::EnvelopeTooLarge, "envelope_too_large"),
        (Kind::AuthFailed, "auth_failed"),
    ];
    assert!(codes.into_iter().all(|(kind, code)| kind.code_name() == code));
}

#[test]
fn a_text_that_is_no_frame_opens_and_then_fails_with_the_kind_and_offset_of_the_frame() {
    everywhere(|layout, cipher| {
        // A peer that does not check what it seals: an answer can hold what is no uplink, and the
        // nonce of a short text says nothing of its method.
        let (key, auth) = (key(cipher), layout.auth(&Token::new(TOKEN).unwrap()));
        let mut sealer = Sealer::with_hash(layout, cipher, key, auth, SERIAL, 1).unwrap();
        let mut buffer = [0; 128];
        let length = sealer.ack(&mut buffer, |reply| _ = reply.command("reboot")).unwrap().len();
        let opened = opener(cipher).open(layout, &mut buffer[..length]).unwrap();
        assert_eq!(opened.text(), "CMD|reboot");
        let Inner::Ack(_) = opened.parse().unwrap() else { panic!("an answer") };
        let error = Inner::parse(InnerMethod::Push, opened.as_bytes()).unwrap_err();
        assert_eq!((error.kind, error.at, error.code()), (Kind::Body, 4, "invalid_payload"));
    });
}

#[test]
fn a_key_opens_only_what_was_sealed_with_its_cipher_and_for_its_device() {
    everywhere(|layout, cipher| {
        let shut = |opener: Opener| {
            let mut received = envelope(layout, cipher);
            assert_eq!(opener.open(layout, &mut received).unwrap_err().kind, Kind::AuthFailed);
        };
        for other in ciphers().filter(|other| *other != cipher) {
            shut(opener(other));
        }
        let mut wrong = key(cipher).to_vec();
        wrong[0] ^= 1;
        shut(Opener::new(cipher, &wrong, None).unwrap());
        shut(Opener::new(cipher, key(cipher), Some("sensor-02")).unwrap());
        let other = if layout == Layout::Short { Layout::Current } else { Layout::Short };
        let mut received = envelope(layout, cipher);
        assert_eq!(opener(cipher).open(other, &mut received).unwrap_err().kind, Kind::AuthFailed);
    });
}

#[test]
fn candidates_are_tried_in_turn_and_in_both_layouts() {
    everywhere(|layout, cipher| {
        let keys: Vec<[u8; 32]> = (0..5).map(|n| [n; 32]).collect();
        let token = Token::new(TOKEN).unwrap();
        for right in 0..keys.len() {
            let key = &keys[right][..cipher.key_len()];
            let mut sealer = Sealer::new(layout, cipher, key, &token, SERIAL, 9).unwrap();
            let mut buffer = [0; 128];
            let length = sealer.seal(InnerMethod::Push, TEXT, &mut buffer).unwrap().len();
            let mut asked = Vec::new();
            let opened = open_with(&mut buffer[..length], Layout::ALL, |header| {
                asked.push((header.auth, header.device().to_vec()));
                let cipher = header.cipher;
                keys.iter()
                    .filter_map(move |key| Opener::new(cipher, &key[..cipher.key_len()], None).ok())
            })
            .unwrap();
            assert_eq!(
                (opened.as_bytes(), opened.header.layout, opened.candidate),
                (TEXT, layout, right)
            );
            let (auth, device) = asked.last().unwrap();
            assert_eq!(*auth, layout.auth(&token));
            assert!(device_hash(SERIAL).bytes().starts_with(device));
        }
        // Nobody, or nobody that fits.
        let mut received = envelope(layout, cipher);
        let nobody = open_with(&mut received, Layout::ALL, |_| None::<Opener>);
        assert_eq!(nobody.unwrap_err().kind, Kind::AuthFailed);
        let none = open_with(&mut received, &[], |_| Some(opener(cipher)));
        assert_eq!(none.unwrap_err().kind, Kind::AuthFailed);
        let empty = open_with(&mut [], Layout::ALL, |_| Some(opener(cipher)));
        assert_eq!(empty.unwrap_err().kind, Kind::TooShort);
        let opened = open_with(&mut received, &[layout], |_| Some(opener(cipher))).unwrap();
        assert_eq!(opened.as_bytes(), TEXT);
    });
}

#[test]
fn devices_with_one_key_and_one_hash_are_told_apart_by_their_serials() {
    let mut seen = HashMap::new();
    let (a, b) = (0..1_000_000)
        .map(|n| format!("s{n}"))
        .find_map(|serial| {
            let short: [u8; 4] = *device_hash(&serial).bytes().first_chunk().unwrap();
            seen.insert(short, serial.clone()).map(|other| (other, serial))
        })
        .expect("a collision of 32 bits");
    for cipher in ciphers() {
        let token = Token::new(TOKEN).unwrap();
        let mut sealer = Sealer::new(Layout::Short, cipher, key(cipher), &token, &b, 0).unwrap();
        let mut buffer = [0; 128];
        let length = sealer.ping(&mut buffer).unwrap().len();
        let openers = [&a, &b].map(|s| Opener::new(cipher, key(cipher), Some(s)).unwrap());
        let mut wrong = buffer[..length].to_vec();
        let opened = open_with(&mut buffer[..length], &[Layout::Short], |_| &openers).unwrap();
        assert_eq!((opened.text(), opened.candidate), (b.as_str(), 1));

        // Alone the other one refuses, and leaves nothing of what it has seen.
        let before = wrong.clone();
        let error = openers[0].open(Layout::Short, &mut wrong).unwrap_err();
        assert_eq!((error.kind, wrong), (Kind::AuthFailed, before));
    }
}

#[test]
fn a_failed_opening_leaves_no_text_behind() {
    everywhere(|layout, cipher| {
        let mut changed = envelope(layout, cipher);
        *changed.last_mut().unwrap() ^= 1;
        // Either never decrypted, or encrypted again.
        let before = changed.clone();
        opener(cipher).open(layout, &mut changed).unwrap_err();
        assert_eq!(changed, before);
    });
}

#[test]
fn counters_increase_and_never_wrap() {
    everywhere(|layout, cipher| {
        let mut sealer = sealer(layout, cipher, 0xffff_fffe);
        let mut buffer = [0; 64];
        let mut counters = Vec::new();
        for _ in 0..2 {
            let envelope = sealer.ping(&mut buffer).unwrap();
            counters.push(Header::parse(layout, envelope).unwrap().counter);
        }
        assert_eq!(counters, [0xffff_fffe, 0xffff_ffff]);
        for _ in 0..3 {
            assert_eq!(sealer.ping(&mut buffer).unwrap_err().kind, Kind::CounterExhausted);
            let text = sealer.seal(InnerMethod::Ping, SERIAL.as_bytes(), &mut buffer);
            assert_eq!(text.unwrap_err().code(), "counter_exhausted");
        }
        assert_eq!((sealer.counter().next(), sealer.reserve(10)), (1 << 32, 1 << 32));
        // What is stored then says that nothing is left.
        let mut again = self::sealer(layout, cipher, sealer.counter().next());
        assert_eq!(again.ping(&mut buffer).unwrap_err().kind, Kind::CounterExhausted);
    });
}

#[test]
fn a_device_that_reserves_never_gives_a_number_twice_whenever_it_crashes() {
    let mut given = Vec::new();
    let mut flash = 0;
    for lifetime in [0, 1, 9, 10, 11, 25, 3] {
        let mut counter = Counter::resume(flash);
        for _ in 0..lifetime {
            if counter.left() == 0 || flash == counter.next() {
                flash = counter.reserve(10);
            }
            given.push(counter.take().unwrap());
        }
    }
    assert!(given.is_sorted_by(|a, b| a < b), "{given:?}");

    let mut counter = Counter::resume(5);
    assert_eq!((counter.left(), counter.reserve(2)), ((1 << 32) - 5, 7));
    assert_eq!((counter.take(), counter.take()), (Ok(5), Ok(6)));
    assert_eq!((counter.left(), counter.take()), (0, Err(Kind::CounterUnreserved)));
    assert_eq!((counter.reserve(0), counter.take()), (7, Err(Kind::CounterUnreserved)));
    assert_eq!((counter.reserve(1), counter.take()), (8, Ok(7)));
    let mut last = Counter::resume(u64::MAX);
    assert_eq!((last.next(), last.take()), (1 << 32, Err(Kind::CounterExhausted)));
    assert_eq!(last.reserve(u32::MAX), 1 << 32);
}

#[test]
fn plaintext_answers_are_known_by_their_first_byte_and_made_from_errors() {
    let mut buffer = [0; 64];
    let answers = [
        (Kind::AuthFailed, Code::AuthFailed),
        (Kind::TooShort, Code::AuthFailed),
        (Kind::InvalidKey, Code::AuthFailed),
        (Kind::Version, Code::UnsupportedVersion),
        (Kind::Cipher, Code::UnsupportedCipher),
        (Kind::EnvelopeTooLarge, Code::EnvelopeTooLarge),
    ];
    for (kind, code) in answers {
        let written = Error { kind, at: 0 }.reply(&mut buffer).finish().unwrap();
        assert_eq!(written, format!("ACK|ERR|{code}").as_bytes());
        assert_eq!(plaintext_answer(written).unwrap().unwrap().code(), Some(code));
    }
    assert!(plaintext_answer(b"A").unwrap().is_err());
    assert!(plaintext_answer(b"").is_none());
    everywhere(|layout, cipher| {
        assert!(plaintext_answer(&envelope(layout, cipher)).is_none());
        let error = opener(cipher).open(layout, &mut b"ACK|ERR|auth_failed".to_vec()).unwrap_err();
        assert_eq!(error.kind, Kind::Plaintext);
    });
}

#[test]
fn a_server_answers_with_what_the_header_says_and_the_device_opens_it() {
    everywhere(|layout, cipher| {
        let mut device = sealer(layout, cipher, 3);
        let mut buffer = [0; 128];
        let length = device.seal(InnerMethod::Push, TEXT, &mut buffer).unwrap().len();
        let opened = opener(cipher).open(layout, &mut buffer[..length]).unwrap();
        let Inner::Frame(frame) = opened.parse().unwrap() else { panic!("an uplink") };
        let Header { layout, cipher, auth, .. } = opened.header;
        let mut server =
            Sealer::with_hash(layout, cipher, key(cipher), auth, frame.serial, 1000).unwrap();
        let mut answer = [0; 64];
        let length = server.ack(&mut answer, |reply| _ = reply.count(1)).unwrap().len();
        let opened = device.opener().open(device.layout(), &mut answer[..length]).unwrap();
        assert_eq!((opened.text(), opened.header.counter), ("OK|1", 1000));
    });
}

#[test]
fn nothing_that_is_shown_holds_a_secret() {
    everywhere(|layout, cipher| {
        let mut sealed = envelope(layout, cipher);
        let sealer = sealer(layout, cipher, 0);
        let opener = opener(cipher);
        let mut shown = format!("{sealer:?} {opener:?} {:?}", sealer.opener());
        let opened = opener.open(layout, &mut sealed).unwrap();
        shown += &format!("{opened:?} {:?}", opened.header);
        for &kind in Kind::ALL {
            let error = Error { kind, at: 3 };
            shown += &format!("{error} {error:?}");
        }
        let mut changed = envelope(layout, cipher);
        changed[30] ^= 1;
        let panic = std::panic::catch_unwind(move || {
            opener.open(layout, &mut changed).expect("it does not open");
        });
        shown += panic.unwrap_err().downcast_ref::<String>().expect("a message");
        for secret in ["a key that", "temp:=32", &TOKEN[2..]] {
            assert!(!shown.contains(secret), "{secret:?} in {shown}");
        }
        let bytes = |separator: &str| {
            key(cipher)[..4].iter().map(u8::to_string).collect::<Vec<_>>().join(separator)
        };
        assert!(!shown.contains(&bytes(", ")), "{shown}");
    });
}

#[test]
#[cfg(not(miri))]
fn a_key_that_is_dropped_is_wiped() {
    use std::mem::{ManuallyDrop, size_of};

    /// The bytes of a value, whether it was dropped or not.
    fn bytes_of<T>(value: &ManuallyDrop<T>) -> Vec<u8> {
        let start = std::ptr::from_ref(value).cast::<u8>();
        // SAFETY: within the value. Volatile, so that nothing is assumed of what a drop leaves.
        (0..size_of::<T>()).map(|at| unsafe { start.add(at).read_volatile() }).collect()
    }

    let check = || {
        for cipher in ciphers() {
            let mut opener = ManuallyDrop::new(opener(cipher));
            let before = bytes_of(&opener);
            // SAFETY: dropped once, and not used as an opener any more.
            unsafe { ManuallyDrop::drop(&mut opener) };
            let after = bytes_of(&opener);
            let used = |bytes: &[u8]| bytes.iter().filter(|byte| **byte != 0).count();
            // Round keys hardly have zeros; what no key needed may hold anything.
            let expanded = if cipher == Cipher::ChaCha20Poly1305 { 32 } else { 176 };
            assert!(used(&before) >= used(&after) + expanded * 4 / 5, "{cipher}");
            let key = key(cipher);
            let holds = |bytes: &[u8]| bytes.windows(16).any(|window| window == &key[..16]);
            assert!(!holds(&after), "{cipher}");
        }
    };
    // Ciphers differ in size, and what one does not fill holds what stood on the stack before. Stacks
    // of other tests, which print their keys, are used again: none of them is that large.
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(check);
    thread.unwrap().join().unwrap();
}

#[test]
fn serials_and_hashes_are_checked_when_a_sealer_is_made() {
    for cipher in ciphers() {
        let make = |serial: &str| {
            let auth = Hash::from_bytes([1; 8]);
            Sealer::with_hash(Layout::Current, cipher, key(cipher), auth, serial, 0)
                .map(|_| ())
                .map_err(|error| error.kind)
        };
        assert_eq!(make(""), Err(Kind::Serial));
        assert_eq!(make("a b"), Err(Kind::Serial));
        assert_eq!(make(&"s".repeat(101)), Err(Kind::SerialLength));
        assert_eq!(make(&"s".repeat(100)), Ok(()));
    }
}

#[test]
fn sealers_and_openers_are_small() {
    // Nothing is boxed: this is all there is. A caller in C keeps them on its own.
    let engine = if cfg!(feature = "engine") { 48 } else { 0 };
    assert!(size_of::<Opener>() <= 544 + engine, "{}", size_of::<Opener>());
    assert!(size_of::<Sealer>() <= 592 + engine, "{}", size_of::<Sealer>());
}
