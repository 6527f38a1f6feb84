//! The rules as codecs: the example server over loopback, and streams that end too early.
#![cfg(feature = "tokio")]

use std::io::ErrorKind;

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use tipwire::Kind;
use tipwire::stream::{
    Codec, Delimiter, Json, LengthField, LengthPrefixed, Lines, Order, Packets, Rule, TagoTip, join,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Decoder, Encoder, Framed};

#[path = "../examples/tokio_server.rs"]
#[allow(dead_code)]
mod server;

#[test]
fn the_example_server_answers_every_line_over_loopback() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            server::converse(socket).await
        });
        let socket = TcpStream::connect(address).await.unwrap();
        let mut client = Framed::new(socket, Codec::new(Lines::new().max(20_000)).unwrap());
        let long = "x".repeat(16_385);
        let requests = [
            (
                "PUSH|!7|4deedd7bab8817ec|sensor-01|[temperature:=32.5#C;humidity:=65#%]",
                "ACK|!7|OK|2",
            ),
            ("PING|4deedd7bab8817ec|sensor-01", "ACK|PONG"),
            ("PING|nonsense|sensor-01", "ACK|ERR|invalid_token"),
            (&long, "ACK|ERR|payload_too_large"),
            ("PING|!4294967295|4deedd7bab8817ec|sensor-01", "ACK|!4294967295|PONG"),
        ];
        for (request, _) in requests {
            client.feed(request).await.unwrap();
        }
        SinkExt::<&str>::flush(&mut client).await.unwrap();
        for (_, answer) in requests {
            assert_eq!(client.next().await.unwrap().unwrap().unwrap(), answer);
        }
        drop(client);
        server.await.unwrap().unwrap();
    });
}

#[test]
fn what_is_written_reads_as_itself_and_anything_else_is_refused() {
    fn check(rule: impl Rule + Clone, message: &[u8], expected: Result<&[u8], Kind>) {
        let mut buffer = [0xee; 64];
        assert_eq!(join(&rule, message, &mut buffer), expected);
        let mut codec = Codec::new(rule).unwrap();
        let mut bytes = BytesMut::from(&b"before"[..]);
        match codec.encode(message, &mut bytes) {
            Ok(()) => {
                assert_eq!(bytes.split_off(6), expected.unwrap());
                bytes = BytesMut::from(expected.unwrap());
                assert_eq!(codec.decode(&mut bytes).unwrap(), Some(Ok(message.to_vec().into())));
                assert!(codec.decode_eof(&mut bytes).unwrap().is_none() && bytes.is_empty());
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
                assert_eq!(error.to_string(), expected.unwrap_err().to_string());
                assert_eq!(bytes, "before");
            }
        }
    }
    check(Lines::new(), b"", Ok(b"\n"));
    check(Lines::new(), b"a\rb", Ok(b"a\rb\n"));
    check(Lines::new(), b"a\nb", Err(Kind::Misplaced));
    check(Lines::new(), b"a\r", Err(Kind::Misplaced));
    check(Lines::new().max(2), b"abc", Err(Kind::TooLong));
    check(Delimiter::new(&[b";;", b"|"]), b"a;b", Ok(b"a;b;;"));
    check(Delimiter::new(&[b";;", b"|"]), b"a|b", Err(Kind::Misplaced));
    check(Delimiter::new(&[b";;", b"|"]), b"a;", Err(Kind::Misplaced));
    // The next message could begin with a c.
    check(Delimiter::new(&[b"b", b"abc"]), b"xa", Err(Kind::Misplaced));
    check(Delimiter::new(&[b";;"]).strip(false), b"a;;", Ok(b"a;;"));
    check(Delimiter::new(&[b";;"]).strip(false), b"a", Err(Kind::Misplaced));
    check(LengthPrefixed::new(), b"abc", Ok(b"\0\x03abc"));
    check(LengthPrefixed::new().max(2), b"abc", Err(Kind::TooLong));
    check(LengthField::new(), b"\0\x01a", Ok(b"\0\x01a"));
    check(LengthField::new(), b"\0\x02a", Err(Kind::Misplaced));
    let header = LengthField::new().offset(1).length(3).order(Order::Little).strip(5).adjustment(1);
    check(header.clone(), b"abc", Ok(b"\0\x03\0\0\0abc"));
    check(header.adjustment(10), b"abc", Err(Kind::Misplaced));
    check(LengthField::new().length(1).strip(1).max(1000), &[0; 300], Err(Kind::Misplaced));
    check(LengthField::new().adjustment(i64::MAX).strip(1 << 62), b"a", Err(Kind::Misplaced));
    check(Json::new(), b"{\"a\":1}", Ok(b"{\"a\":1}"));
    check(Json::new(), b"1", Err(Kind::Misplaced));
    check(Json::new(), b"[1][2]", Err(Kind::Misplaced));
    check(Packets::new(), b"TP\x01\0\0\0\0\0", Ok(b"TP\x01\0\0\0\0\0"));
    check(Packets::new(), b"TP\x01\0\0\0\0\x01", Err(Kind::Misplaced));
    check(TagoTip::new(), b"ACK|PONG", Ok(b"ACK|PONG\n"));
    check(TagoTip::new(), b"\x01\x02", Ok(b"\0\x02\x01\x02"));
}

#[test]
fn an_answer_in_text_to_an_envelope_has_a_length_too() {
    let mut codec = Codec::new(TagoTip::new()).unwrap();
    let mut bytes = BytesMut::from(&b"\0\x01\x01"[..]);
    assert_eq!(codec.decode(&mut bytes).unwrap().unwrap().unwrap(), &b"\x01"[..]);
    codec.encode("ACK|ERR|auth_failed", &mut bytes).unwrap();
    assert_eq!(bytes, &b"\0\x13ACK|ERR|auth_failed"[..]);
}

#[test]
fn a_buffer_without_room_and_settings_that_cannot_work_are_told_apart() {
    assert_eq!(join(&Lines::new(), b"abc", &mut [0; 3]), Err(Kind::Buffer));
    assert_eq!(join(&Lines::new(), b"abc", &mut [0; 4]), Ok(&b"abc\n"[..]));
    let never = LengthField::new().length(usize::MAX);
    assert_eq!(join(&never, b"abc", &mut [0; 4]), Err(Kind::InvalidSettings));
}

#[test]
fn a_stream_that_ends_within_a_message_ends_with_an_error() {
    let mut codec = Codec::new(Lines::new().max(8)).unwrap();
    let mut bytes = BytesMut::from("one\ntwo");
    assert_eq!(codec.decode_eof(&mut bytes).unwrap().unwrap().unwrap(), "one");
    let error = codec.decode_eof(&mut bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(error.to_string(), "the stream ended within a message, after 3 bytes of it");
    assert!(codec.decode_eof(&mut bytes).unwrap().is_none());
    // What is being dropped is no message.
    let mut bytes = BytesMut::from("far too long");
    assert_eq!(codec.decode_eof(&mut bytes).unwrap().unwrap(), Err(Kind::TooLong));
    assert!(codec.decode_eof(&mut bytes).unwrap().is_none());
}
