//! What must hold for envelopes.

use std::sync::LazyLock;

use tipwire::{
    Cipher, Header, InnerMethod, Kind, Layout, Opener, Sealer, Token, open_with, plaintext_answer,
};

const SERIAL: &str = "sensor-01";
const KEY: [u8; 32] = *b"\xfe\x09\xda\x81\xbc\x44\x00\xee\x12\xab\x56\xcd\x78\xef\x90\x12\
                         \x12\x90\xef\x78\xcd\x56\xab\x12\xee\x00\x44\xbc\x81\xda\x09\xfe";

static OPENERS: LazyLock<Vec<Opener>> = LazyLock::new(|| {
    let set_up = |cipher: &Cipher| Opener::new(*cipher, &KEY[..cipher.key_len()], None);
    Cipher::ALL.iter().filter_map(|cipher| set_up(cipher).ok()).collect()
});

/// Any bytes open or fail: the same with one key as with all of them; what opens was sealed, and
/// seals to the same bytes again where it is a frame; and a failure leaves either the bytes or
/// nothing.
pub fn open(data: &[u8]) {
    let _ = plaintext_answer(data);
    let mut any = data.to_vec();
    let found = open_with(&mut any, Layout::ALL, |_| OPENERS.iter());
    let found = found.ok().map(|opened| (opened.header, opened.text().to_owned()));
    let mut alone = None;
    for &layout in Layout::ALL {
        for opener in OPENERS.iter() {
            let mut received = data.to_vec();
            match opener.open(layout, &mut received) {
                Ok(opened) => {
                    let _ = opened.parse();
                    alone = alone.or(Some((opened.header, opened.text().to_owned())));
                }
                Err(error) => {
                    assert_eq!(error.at, 0);
                    let changed = received.iter().zip(data).filter(|(now, was)| now != was);
                    assert!(changed.map(|(now, _)| now).all(|now| *now == 0));
                }
            }
        }
    }
    assert_eq!(found, alone);
    if let Some((header, text)) = found {
        assert_eq!(seal_again(&header, &text).unwrap_or_else(|| data.to_vec()), data);
    }
}

fn seal_again(header: &Header, text: &str) -> Option<Vec<u8>> {
    let Header { layout, cipher, auth, counter, .. } = *header;
    let key = &KEY[..cipher.key_len()];
    let serial = if header.method == InnerMethod::Ack { SERIAL } else { text.split('|').next()? };
    // An answer does not say whose it is.
    let mut sealer = Sealer::with_hash(layout, cipher, key, auth, serial, counter.into()).ok()?;
    let mut buffer = vec![0; text.len() + 64];
    let sealed = sealer.seal(header.method, text.as_bytes(), &mut buffer).ok()?;
    header.is_of(serial).then(|| sealed.to_vec())
}

/// What is sealed opens as it was, and does not once any bit of it is flipped. The first bytes say
/// how to seal and which bit to flip; the rest is the text, after the serial.
pub fn seal(data: &[u8]) {
    let Some((&[how, high, low], rest)) = data.split_first_chunk::<3>() else { return };
    let cipher = Cipher::ALL[usize::from(how >> 3) % Cipher::ALL.len()];
    let layout = Layout::ALL[usize::from(how >> 2 & 1)];
    let method = InnerMethod::ALL[usize::from(how & 3)];
    let serial = if method == InnerMethod::Ack { &[] } else { SERIAL.as_bytes() };
    let text = [serial, rest].concat();
    let token = Token::new("ate2bd319014b24e0a8aca9f00aea4c0d0").expect("a token");
    let key = &KEY[..cipher.key_len()];
    let sealer = Sealer::new(layout, cipher, key, &token, SERIAL, low.into());
    let mut sealer = sealer.expect("a key and a serial");
    let mut buffer = vec![0; text.len() + 64];
    let Ok(envelope) = sealer.seal(method, &text, &mut buffer) else { return };
    let envelope = envelope.to_vec();
    let mut received = envelope.clone();
    let opened = sealer.opener().open(layout, &mut received).expect("what was sealed opens");
    assert_eq!(opened.as_bytes(), text);
    assert!(opened.parse().is_ok());

    let mut flipped = envelope;
    let bit = usize::from(u16::from_be_bytes([high, low])) % (8 * flipped.len());
    flipped[bit / 8] ^= 1 << (bit % 8);
    let error = sealer.opener().open(layout, &mut flipped).expect_err("a bit was flipped");
    assert!(bit < 8 || error.kind == Kind::AuthFailed);
}
