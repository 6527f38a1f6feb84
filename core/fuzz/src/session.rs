//! What must hold for sessions, whatever their peer sends.

use tipwire::session::{
    Client, ClientEvent, ClientSettings, Devices, Server, ServerEvent, ServerSettings, Transport,
};
use tipwire::{Ack, Cipher, Header, Layout, Sealer, Token};

const AUTH: &str = "4deedd7bab8817ec";
const SERIAL: &str = "sensor-01";

fn sealer() -> Sealer {
    let token = Token::new("ate2bd319014b24e0a8aca9f00aea4c0d0").expect("a token");
    let key = [0xfe; 16];
    Sealer::new(Layout::Current, Cipher::Aes128Ccm, &key, &token, SERIAL, 0).expect("a sealer")
}

struct Registry(Sealer);

impl Devices for Registry {
    fn key(&self, header: &Header, nth: usize) -> Option<(usize, &Sealer)> {
        (nth == 0 && header.is_of(SERIAL)).then_some((0, &self.0))
    }

    fn sealer(&mut self, _: usize) -> Option<&mut Sealer> {
        Some(&mut self.0)
    }
}

/// A server answers every message exactly once, and the same however its bytes come.
pub fn server(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else { return };
    let transport = match choice & 1 {
        0 => Transport::Stream,
        _ => Transport::Datagrams,
    };
    let whole = serve(transport, choice, [bytes].into_iter());
    if transport == Transport::Stream {
        assert_eq!(whole, serve(transport, choice, bytes.chunks(1)));
        assert_eq!(whole, serve(transport, choice, bytes.chunks(7)));
    }
}

/// What a server says to these chunks.
fn serve<'d>(
    transport: Transport,
    choice: u8,
    chunks: impl Iterator<Item = &'d [u8]>,
) -> (Vec<String>, Vec<u8>) {
    let settings = ServerSettings {
        transport,
        max_frame: [64, 500][usize::from(choice >> 1 & 1)],
        max_output: 1000,
        ..ServerSettings::default()
    };
    let mut server = Server::new(&settings, Vec::new(), Vec::new(), 0).expect("a server");
    let mut registry = Registry(sealer());
    let (mut events, mut said, mut messages, mut answers) = (Vec::new(), Vec::new(), 0, 0);
    for mut input in chunks {
        loop {
            let ticket = match server.next_event(&mut input, 0, &mut registry) {
                Some(event) => {
                    events.push(format!("{event:?}"));
                    messages += 1;
                    match event {
                        ServerEvent::Request { ticket, .. } => Some(ticket),
                        _ => None,
                    }
                }
                None if input.is_empty() => break,
                // It waits for what it has said to be sent.
                None => None,
            };
            if let Some(ticket) = ticket {
                server
                    .answer(ticket, &mut registry, |reply| reply.count(1).finish())
                    .expect("room for an answer");
                assert!(server.refuse(ticket, &mut registry, tipwire::Code::ServerError).is_err());
            }
            let output = server.output();
            assert!(output.len() <= 1000 && !output.is_empty());
            if server.mode() != Some(tipwire::stream::Mode::Envelopes)
                && transport == Transport::Stream
            {
                assert!(Ack::parse(output).is_ok());
            }
            answers += 1;
            said.extend_from_slice(output);
            server.sent(output.len());
        }
    }
    assert_eq!(messages, answers);
    (events, said)
}

/// A client gives every request at most one outcome, and the same however the bytes come.
pub fn client(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else { return };
    let transport = match choice & 1 {
        0 => Transport::Stream,
        _ => Transport::Datagrams,
    };
    let whole = ask(transport, choice, [bytes].into_iter());
    if transport == Transport::Stream {
        assert_eq!(whole, ask(transport, choice, bytes.chunks(1)));
        assert_eq!(whole, ask(transport, choice, bytes.chunks(5)));
    }
}

/// What a client with three requests makes of these chunks.
fn ask<'d>(
    transport: Transport,
    choice: u8,
    chunks: impl Iterator<Item = &'d [u8]>,
) -> Vec<String> {
    let settings = ClientSettings { transport, max_answer: 100, ..ClientSettings::default() };
    let keys = (choice & 2 != 0).then(sealer);
    let first = if keys.is_some() { 0 } else { 1 };
    let mut client =
        Client::with_keys(&settings, AUTH, SERIAL, keys, Vec::new(), Vec::new()).expect("a client");
    assert!(matches!(client.next_event(&mut &[][..], 0), Some(ClientEvent::Connect)));
    client.connected(0);
    client.push(0, |push| _ = push.number("t", 1)).expect("room");
    client.pull(0, |pull| _ = pull.name("t")).expect("room");
    client.ping(0).expect("room");
    let (mut events, mut outcomes) = (Vec::new(), [0; 3]);
    for mut input in chunks {
        client.sent(client.output().len(), 0);
        while let Some(event) = client.next_event(&mut input, 0) {
            let number = match &event {
                ClientEvent::Answer(answer) => Some(answer.number),
                ClientEvent::Lost { number } => Some(*number),
                ClientEvent::Command { answers, .. } => *answers,
                _ => None,
            };
            if let Some(number) = number {
                outcomes[(number - first) as usize] += 1;
            }
            events.push(format!("{event:?}"));
            client.sent(client.output().len(), 0);
        }
        assert!(input.is_empty());
    }
    assert!(outcomes.iter().all(|count| *count <= 1), "{outcomes:?}");
    assert_eq!(client.is_idle(), outcomes == [1; 3]);
    events
}
