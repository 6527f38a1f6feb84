//! Envelopes: an inner frame sealed, and opened as far as its text. The peer expands the key in each
//! call and gives vectors; `ring`, where it has the cipher, is the ceiling: the bare cipher with the
//! key held and nothing around it. So are the crates of RustCrypto (`rust-crypto`).
//!
//! Nobody of these reads what is sealed: neither does `seal/…`. What it costs to check that it is a
//! frame stands in `seal-checked/…`.

use std::hint::black_box;

use aes_gcm::aead::consts::{U8, U13};
use aes_gcm::aead::{AeadInOut, KeyInit};
use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
use tagotip_secure::{CipherSuite, EnvelopeMethod, open_envelope, seal_raw};
use tipwire::{Cipher, InnerMethod, Layout, Opener, Sealer, Token, device_hash};

use crate::harness::Bench;

pub const SIZES: [usize; 4] = [20, 100, 1024, 16_384];
pub const SERIAL: &str = "sensor-01";
pub const KEY: [u8; 32] = [0x5a; 32];
pub const TOKEN: &str = "ate2bd319014b24e0a8aca9f00aea4c0d0";

pub fn run(bench: &mut Bench) {
    for &cipher in Cipher::ALL {
        for size in SIZES {
            compare(bench, cipher, size);
        }
    }
}

fn compare(bench: &mut Bench, cipher: Cipher, size: usize) {
    let text = inner_text(size);
    let text = text.as_slice();
    let key = &KEY[..cipher.key_len()];
    let token = Token::new(TOKEN).expect("a token");
    let (auth, device) = (*token.hash().bytes(), *device_hash(SERIAL).bytes());
    let layout = Layout::Current;
    let sealer = || Sealer::new(layout, cipher, key, &token, SERIAL, 1).expect("a sealer");
    let opener = Opener::new(cipher, key, Some(SERIAL)).expect("an opener");

    let mut buffer = vec![0; size + 64];
    let envelope =
        sealer().seal(InnerMethod::Push, text, &mut buffer).expect("an envelope").to_vec();
    let suite = suite(cipher);
    let method = EnvelopeMethod::Push;
    let theirs = seal_raw(text, method, 1, auth, device, key, suite).expect("an envelope");
    assert_eq!(envelope, theirs, "both seal alike");

    let name = format!("seal/{cipher}/{size}");
    let mut ours = sealer();
    bench.compare(
        &name,
        "tagotip-secure",
        || built(&mut ours, black_box(text), &mut buffer),
        || seal_raw(black_box(text), method, 1, auth, device, key, suite).expect("a key").len(),
    );
    let ring = ring_key(cipher, key);
    if let Some(ring) = &ring {
        let mut ours = sealer();
        let mut theirs = vec![0; size + 64];
        bench.compare(
            &name,
            "ring",
            || built(&mut ours, black_box(text), &mut buffer),
            || {
                theirs[..21].copy_from_slice(&envelope[..21]);
                theirs[21..][..size].copy_from_slice(black_box(text));
                let (header, rest) = theirs.split_at_mut(21);
                let (text, tag) = rest.split_at_mut(size);
                let made = ring.seal_in_place_separate_tag(nonce(header), Aad::from(header), text);
                tag[..16].copy_from_slice(made.expect("a key").as_ref());
                size + 37
            },
        );
    }

    let crates = RustCrypto::new(cipher, key);
    let mut ours = sealer();
    let mut theirs = vec![0; size + 64];
    let length = crates.seal(&envelope[..21], text, &mut theirs);
    assert_eq!(envelope, theirs[..length], "the crates seal alike");
    bench.compare(
        &name,
        "rust-crypto",
        || built(&mut ours, black_box(text), &mut buffer),
        || crates.seal(&envelope[..21], black_box(text), &mut theirs),
    );
    let mut ours = sealer();
    bench.compare(
        &format!("seal-checked/{cipher}/{size}"),
        "tagotip-secure",
        || ours.seal(InnerMethod::Push, black_box(text), &mut buffer).expect("a counter").len(),
        || seal_raw(black_box(text), method, 1, auth, device, key, suite).expect("a key").len(),
    );

    let name = format!("open/{cipher}/{size}");
    let mut ours = envelope.clone();
    bench.compare(
        &name,
        "tagotip-secure",
        || {
            ours.copy_from_slice(black_box(&envelope));
            opener.open(layout, &mut ours).expect("the key").as_bytes().len()
        },
        || open_envelope(black_box(&envelope), key).expect("the key").2.len(),
    );
    if let Some(ring) = &ring {
        let mut theirs = envelope.clone();
        bench.compare(
            &name,
            "ring",
            || {
                ours.copy_from_slice(black_box(&envelope));
                opener.open(layout, &mut ours).expect("the key").as_bytes().len()
            },
            || {
                theirs.copy_from_slice(black_box(&envelope));
                let (header, sealed) = theirs.split_at_mut(21);
                ring.open_in_place(nonce(header), Aad::from(header), sealed).expect("a key").len()
            },
        );
    }
}

/// Seals a text that nobody reads.
fn built(sealer: &mut Sealer, text: &[u8], buffer: &mut [u8]) -> usize {
    sealer.seal_built(InnerMethod::Push, text, buffer).expect("a counter").len()
}

/// The crates alone, with the key held.
enum RustCrypto {
    Aes128Ccm(ccm::Ccm<aes::Aes128, U8, U13>),
    Aes128Gcm(aes_gcm::Aes128Gcm),
    Aes256Ccm(ccm::Ccm<aes::Aes256, U8, U13>),
    Aes256Gcm(aes_gcm::Aes256Gcm),
    ChaCha20Poly1305(chacha20poly1305::ChaCha20Poly1305),
}

impl RustCrypto {
    fn new(cipher: Cipher, key: &[u8]) -> RustCrypto {
        fn set_up<C: KeyInit>(key: &[u8]) -> C {
            C::new_from_slice(key).expect("a key")
        }
        match cipher {
            Cipher::Aes128Ccm => RustCrypto::Aes128Ccm(set_up(key)),
            Cipher::Aes128Gcm => RustCrypto::Aes128Gcm(set_up(key)),
            Cipher::Aes256Ccm => RustCrypto::Aes256Ccm(set_up(key)),
            Cipher::Aes256Gcm => RustCrypto::Aes256Gcm(set_up(key)),
            Cipher::ChaCha20Poly1305 => RustCrypto::ChaCha20Poly1305(set_up(key)),
        }
    }

    fn seal(&self, header: &[u8], text: &[u8], buffer: &mut [u8]) -> usize {
        fn run<C: AeadInOut>(
            cipher: &C,
            nonce: &[u8],
            header: &[u8],
            text: &[u8],
            buffer: &mut [u8],
        ) -> usize {
            buffer[..21].copy_from_slice(header);
            buffer[21..][..text.len()].copy_from_slice(text);
            let nonce = nonce.try_into().expect("a nonce");
            let inside = &mut buffer[21..][..text.len()];
            let tag = cipher.encrypt_inout_detached(nonce, header, inside.into()).expect("a text");
            buffer[21 + text.len()..][..tag.len()].copy_from_slice(&tag);
            21 + text.len() + tag.len()
        }
        let mut nonce = [0; 13];
        nonce[5..9].copy_from_slice(&header[13..17]);
        nonce[9..].copy_from_slice(&header[1..5]);
        nonce[0] = header[0];
        let long = nonce;
        nonce[1] = header[0];
        let short = &nonce[1..];
        match self {
            RustCrypto::Aes128Ccm(cipher) => run(cipher, &long, header, text, buffer),
            RustCrypto::Aes128Gcm(cipher) => run(cipher, short, header, text, buffer),
            RustCrypto::Aes256Ccm(cipher) => run(cipher, &long, header, text, buffer),
            RustCrypto::Aes256Gcm(cipher) => run(cipher, short, header, text, buffer),
            RustCrypto::ChaCha20Poly1305(cipher) => run(cipher, short, header, text, buffer),
        }
    }
}

/// The inner frame of a PUSH, of as many bytes.
pub fn inner_text(size: usize) -> Vec<u8> {
    let mut text = format!("{SERIAL}|[temp:=32");
    // At most 100 variables, each with the same share of what is left.
    let step = (size / 90).max(40);
    while text.len() + 2 * step < size {
        let start = text.len();
        text += &format!(";v{}=", text.len());
        text.extend(std::iter::repeat_n('x', start + step - text.len()));
    }
    if text.len() + 1 < size {
        let name = format!(";v{}=", text.len());
        let rest = size - 1 - text.len();
        text += &name;
        text.extend(std::iter::repeat_n('x', rest - name.len()));
    }
    text.push(']');
    assert_eq!(text.len(), size);
    text.into_bytes()
}

fn suite(cipher: Cipher) -> CipherSuite {
    match cipher {
        Cipher::Aes128Ccm => CipherSuite::Aes128Ccm,
        Cipher::Aes128Gcm => CipherSuite::Aes128Gcm,
        Cipher::Aes256Ccm => CipherSuite::Aes256Ccm,
        Cipher::Aes256Gcm => CipherSuite::Aes256Gcm,
        Cipher::ChaCha20Poly1305 => CipherSuite::ChaCha20Poly1305,
    }
}

fn ring_key(cipher: Cipher, key: &[u8]) -> Option<LessSafeKey> {
    let algorithm = match cipher {
        Cipher::Aes128Gcm => &ring::aead::AES_128_GCM,
        Cipher::Aes256Gcm => &ring::aead::AES_256_GCM,
        Cipher::ChaCha20Poly1305 => &ring::aead::CHACHA20_POLY1305,
        Cipher::Aes128Ccm | Cipher::Aes256Ccm => return None,
    };
    Some(LessSafeKey::new(UnboundKey::new(algorithm, key).expect("a key")))
}

/// The nonce that a header makes.
fn nonce(header: &[u8]) -> Nonce {
    let mut nonce = [0; 12];
    nonce[0] = header[0];
    nonce[4..8].copy_from_slice(&header[13..17]);
    nonce[8..].copy_from_slice(&header[1..5]);
    Nonce::assume_unique_for_key(nonce)
}
