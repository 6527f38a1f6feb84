//! Conversations of sessions, as they stand on the wire.

use tipwire::session::{Client, ClientEvent, ClientSettings, Server, ServerEvent, ServerSettings};
use tipwire::{Body, Code};

const AUTH: &str = "4deedd7bab8817ec";

/// A server that stores what it gets, in the plainest way.
struct Endpoint {
    server: Server<Vec<u8>>,
    stored: Vec<(String, String)>,
}

impl Endpoint {
    fn new() -> Endpoint {
        let server = Server::new(&ServerSettings::default(), Vec::new(), Vec::new(), 0);
        Endpoint { server: server.unwrap(), stored: Vec::new() }
    }

    /// What it answers to these bytes.
    fn hears(&mut self, bytes: &str, now: u64) -> String {
        let mut input = bytes.as_bytes();
        while let Some(event) = self.server.next_event(&mut input, now, &mut ()) {
            let ServerEvent::Request { ticket, frame, .. } = event else { continue };
            match &frame.body {
                Body::Push(_) | Body::Raw(_) => {
                    for variable in frame.variables() {
                        let value = variable.value.as_number().unwrap().as_str();
                        self.stored.push((variable.name.to_owned(), value.to_owned()));
                    }
                    let count = frame.variables().len() as u64;
                    self.server
                        .answer(ticket, &mut (), |reply| reply.count(count).finish())
                        .unwrap();
                }
                Body::Pull(names) => {
                    let last = |name| self.stored.iter().rev().find(|(stored, _)| stored == name);
                    let found: Vec<_> = names.clone().filter_map(last).collect();
                    if found.is_empty() {
                        self.server.refuse(ticket, &mut (), Code::VariableNotFound).unwrap();
                        continue;
                    }
                    let answer = self.server.answer(ticket, &mut (), |reply| {
                        let mut list = reply.variables();
                        for (name, value) in &found {
                            list.number(name, value.parse::<f64>().unwrap());
                        }
                        list.finish()
                    });
                    answer.unwrap();
                }
                Body::Ping => {
                    self.server.answer(ticket, &mut (), |reply| reply.pong().finish()).unwrap();
                }
            }
        }
        assert!(input.is_empty());
        self.says()
    }

    fn says(&mut self) -> String {
        let said = String::from_utf8(self.server.output().to_vec()).unwrap();
        self.server.sent(said.len());
        said
    }
}

#[test]
fn a_person_with_netcat_is_understood() {
    let mut endpoint = Endpoint::new();
    assert_eq!(
        endpoint.hears(
            "PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32.5#C;humidity:=65#%]\r\n",
            1_000
        ),
        "ACK|OK|2\n"
    );
    assert_eq!(
        endpoint.hears("PULL|4deedd7bab8817ec|sensor-01|[temperature]\r\n", 9_000),
        "ACK|OK|[temperature:=32.5]\n"
    );
    assert_eq!(
        endpoint.hears("PULL|4deedd7bab8817ec|sensor-01|[pressure]\r\n", 9_100),
        "ACK|ERR|variable_not_found\n"
    );
    assert_eq!(endpoint.hears("PING|4deedd7bab8817ec|sensor-01\r\n", 9_200), "ACK|PONG\n");
    // Keys as they are hit.
    assert_eq!(endpoint.hears("PING|4deedd", 9_300), "");
    assert_eq!(endpoint.hears("7bab8817ec|sensor-01\r", 9_400), "");
    assert_eq!(endpoint.hears("\n", 9_500), "ACK|PONG\n");
    // Mistakes have their answers, and do no harm.
    assert_eq!(endpoint.hears("hello\n", 9_600), "ACK|ERR|invalid_method\n");
    assert_eq!(endpoint.hears("\n", 9_600), "ACK|ERR|invalid_method\n");
    assert_eq!(endpoint.hears("PING|!01|4deedd7bab8817ec|s\n", 9_600), "ACK|ERR|invalid_seq\n");
    assert_eq!(endpoint.hears("PING|!7|secret|s\n", 9_600), "ACK|!7|ERR|invalid_token\n");
    assert_eq!(
        endpoint.hears("PUSH|!8|4deedd7bab8817ec|s|[t:=1\n", 9_600),
        "ACK|!8|ERR|invalid_payload\n"
    );
    // Then the person goes for a coffee.
    assert_eq!(endpoint.server.deadline(), Some(29_600));
    endpoint.server.handle_timeout(29_599);
    assert_eq!(endpoint.says(), "");
    endpoint.server.handle_timeout(29_600);
    assert_eq!(endpoint.says(), "ACK|ERR|keep_alive_timeout\n");
    assert!(endpoint.server.is_closed());
}

#[test]
fn a_data_logger_sends_its_batch_with_times_and_is_told_to_update_in_between() {
    let mut endpoint = Endpoint::new();
    let settings = ClientSettings::default();
    let mut logger = Client::new(&settings, AUTH, "logger-7", [0; 1024], [0; 128]).unwrap();
    logger.next_event(&mut &[][..], 0);
    logger.connected(0);
    for batch in 0..3 {
        let queued = logger.push(batch, |push| {
            push.group("batch_1");
            for minute in 0..2 {
                let time = 1_694_567_890_000 + 60_000 * (2 * batch + minute);
                push.number("temperature", 20 + batch).unit("C").time(time);
            }
        });
        assert_eq!(u64::from(queued.unwrap().number), batch + 1);
    }
    let sent = String::from_utf8(logger.output().to_vec()).unwrap();
    assert_eq!(
        sent,
        "PUSH|!1|4deedd7bab8817ec|logger-7|^batch_1\
         [temperature:=20#C@1694567890000;temperature:=20#C@1694567950000]\n\
         PUSH|!2|4deedd7bab8817ec|logger-7|^batch_1\
         [temperature:=21#C@1694568010000;temperature:=21#C@1694568070000]\n\
         PUSH|!3|4deedd7bab8817ec|logger-7|^batch_1\
         [temperature:=22#C@1694568130000;temperature:=22#C@1694568190000]\n"
    );
    logger.sent(sent.len(), 10);
    // One answer comes, then a command, then the others.
    let (first, rest) = sent.split_at(sent.find("PUSH|!2").unwrap());
    let mut said = endpoint.hears(first, 20);
    endpoint.server.command(&mut (), "ota=https://example.com/v2.1.bin").unwrap();
    said += &endpoint.hears(rest, 30);
    assert_eq!(
        said,
        "ACK|!1|OK|2\nACK|CMD|ota=https://example.com/v2.1.bin\nACK|!2|OK|2\nACK|!3|OK|2\n"
    );
    assert_eq!(endpoint.stored.len(), 6);
    let mut input = said.as_bytes();
    let mut told = Vec::new();
    while let Some(event) = logger.next_event(&mut input, 40) {
        told.push(match event {
            ClientEvent::Answer(answer) if answer.is_done() => answer.number.to_string(),
            ClientEvent::Command { text, answers: None } => text.to_owned(),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(told, ["1", "ota=https://example.com/v2.1.bin", "2", "3"]);
    assert!(logger.is_idle());
    assert_eq!(logger.counter().next(), 4);
}
