//! Conversations of sessions, as they stand on the wire.

use tipwire::session::{
    Client, ClientEvent, ClientSettings, Device, Devices, Overflow, Reason, Sequence, Server,
    ServerEvent, ServerSettings, Ticket, Transport,
};
use tipwire::stream::{Buffer, Mode};
use tipwire::{Body, BuildError, Cipher, Code, Field, Header, Kind, Layout, Sealer, Status, Token};

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

fn server(settings: ServerSettings) -> Server<Vec<u8>> {
    Server::new(&settings, Vec::new(), Vec::new(), 0).unwrap()
}

/// All that a server says at once.
fn said<I: Buffer, O: Buffer>(server: &mut Server<I, O>) -> String {
    let said = String::from_utf8(server.output().to_vec()).unwrap();
    server.sent(said.len());
    said
}

/// The tickets of all requests in `bytes`, in order.
fn tickets<I: Buffer, O: Buffer>(server: &mut Server<I, O>, bytes: &str, now: u64) -> Vec<Ticket> {
    let mut input = bytes.as_bytes();
    let mut tickets = Vec::new();
    while let Some(event) = server.next_event(&mut input, now, &mut ()) {
        if let ServerEvent::Request { ticket, .. } = event {
            tickets.push(ticket);
        }
    }
    tickets
}

fn pong<I: Buffer, O: Buffer>(server: &mut Server<I, O>, ticket: Ticket) -> Result<(), BuildError> {
    server.answer(ticket, &mut (), |reply| reply.pong().finish())
}

#[test]
fn answers_are_given_in_the_order_of_the_requests_each_once() {
    let mut server = server(ServerSettings::default());
    let pings = "PING|!1|4deedd7bab8817ec|s\nPING|4deedd7bab8817ec|s\nPING|!3|4deedd7bab8817ec|s\n";
    let [first, second, third] = tickets(&mut server, pings, 0)[..] else { panic!() };
    assert_eq!(server.unanswered(), 3);
    assert_eq!(pong(&mut server, second).unwrap_err().kind, Kind::Turn);
    pong(&mut server, first).unwrap();
    assert_eq!(pong(&mut server, first).unwrap_err().kind, Kind::Turn);
    // A ticket may be a number on its way, and an answer may have been written elsewhere.
    let second = Ticket::from_bits(second.to_bits());
    server.answer_with(second, &mut (), b"ACK|!77|CMD|reboot\r\n").unwrap();
    let third = Ticket::from_bits(third.to_bits());
    assert_eq!(third.seq(), Some(3));
    let wrong = server.answer_with(third, &mut (), b"ACK|SURE").unwrap_err();
    assert_eq!(wrong.kind, Kind::Status);
    let wrong = server.answer(third, &mut (), |reply| reply.command("a|b").finish()).unwrap_err();
    assert_eq!(wrong.kind, Kind::Detail);
    server.answer(third, &mut (), |reply| reply.pong().finish_line()).unwrap();
    assert_eq!(said(&mut server), "ACK|!1|PONG\nACK|CMD|reboot\nACK|!3|PONG\n");
}

#[test]
fn a_mistake_is_answered_in_its_turn() {
    let mut server = server(ServerSettings::default());
    let lines = "PING|!1|4deedd7bab8817ec|s\nPING|!2|nobody|s\nPING|!3|4deedd7bab8817ec|s\n";
    let mut input = lines.as_bytes();
    let Some(ServerEvent::Request { ticket, .. }) = server.next_event(&mut input, 0, &mut ())
    else {
        panic!()
    };
    let rejected = server.next_event(&mut input, 0, &mut ());
    assert!(matches!(rejected, Some(ServerEvent::Rejected { code: Code::InvalidToken, .. })));
    assert!(server.next_event(&mut input, 0, &mut ()).is_none(), "it waits for the first answer");
    assert!(!input.is_empty() && server.output().is_empty());
    pong(&mut server, ticket).unwrap();
    let Some(ServerEvent::Request { ticket, .. }) = server.next_event(&mut input, 0, &mut ())
    else {
        panic!()
    };
    pong(&mut server, ticket).unwrap();
    assert_eq!(said(&mut server), "ACK|!1|PONG\nACK|!2|ERR|invalid_token\nACK|!3|PONG\n");
}

#[test]
fn a_frame_too_long_is_answered_once_and_the_connection_goes_on() {
    for (room, length) in [(16_386, 16_385), (66, 65)] {
        let settings = ServerSettings::default();
        let (mut input, mut output) = (vec![0; room], vec![0; 64]);
        let mut server = Server::new(&settings, &mut input[..], &mut output[..], 0).unwrap();
        let long = "x".repeat(length);
        for _ in 0..5 {
            assert!(tickets(&mut server, &long, 0).is_empty());
        }
        assert_eq!(said(&mut server), "ACK|ERR|payload_too_large\n");
        let found = tickets(&mut server, "xyz\nPING|4deedd7bab8817ec|s\n", 0);
        pong(&mut server, found[0]).unwrap();
        assert_eq!(said(&mut server), "ACK|PONG\n");
    }
}

#[test]
fn any_frame_resets_the_idle_limit_and_nothing_resets_the_time_to_live() {
    let mut server = server(ServerSettings::default());
    assert_eq!(server.deadline(), Some(20_000));
    for now in [15_000, 30_000, 45_000] {
        let found = tickets(&mut server, "PING|4deedd7bab8817ec|s\n", now);
        pong(&mut server, found[0]).unwrap();
        assert_eq!(said(&mut server), "ACK|PONG\n");
        assert_eq!(server.deadline(), Some((now + 20_000).min(60_000)));
    }
    // A part of a frame is none.
    assert!(tickets(&mut server, "PING|4dee", 59_000).is_empty());
    server.handle_timeout(59_999);
    assert!(!server.is_closed());
    server.handle_timeout(60_000);
    assert_eq!(said(&mut server), "ACK|ERR|ttl_expired\n");
    let mut input = &b"PING|4deedd7bab8817ec|s\n"[..];
    let closed = server.next_event(&mut input, 60_001, &mut ());
    assert!(matches!(closed, Some(ServerEvent::Closed(Code::TtlExpired))));
    assert!(server.next_event(&mut input, 60_001, &mut ()).is_none());
    assert_eq!(server.deadline(), None);
    assert_eq!(server.command(&mut (), "x").unwrap_err().kind, Kind::Closed);
}

#[test]
fn what_was_asked_is_answered_before_a_connection_ends() {
    let mut server = server(ServerSettings { idle: 100, ttl: 0, ..ServerSettings::default() });
    let found = tickets(&mut server, "PING|!1|4deedd7bab8817ec|s\nPING|!2|4deedd7bab8817ec|s\n", 0);
    server.handle_timeout(100);
    assert!(!server.is_closed() && server.output().is_empty());
    assert!(tickets(&mut server, "PING|!3|4deedd7bab8817ec|s\n", 101).is_empty());
    for ticket in found {
        pong(&mut server, ticket).unwrap();
    }
    assert_eq!(said(&mut server), "ACK|!1|PONG\nACK|!2|PONG\nACK|ERR|keep_alive_timeout\n");
    assert!(server.is_closed());
}

#[test]
fn a_connection_too_many_is_told_so() {
    let mut server = server(ServerSettings::default());
    server.close(Code::RateLimited);
    assert_eq!(said(&mut server), "ACK|ERR|rate_limited\n");
    let settings = ClientSettings::default();
    let mut client = connected(&settings);
    let mut input = &b"ACK|ERR|rate_limited\n"[..];
    assert!(matches!(client.next_event(&mut input, 5), Some(ClientEvent::Extra(_))));
    let told = client.next_event(&mut input, 5);
    let reason = Reason::Closing(Code::RateLimited);
    assert!(matches!(told, Some(ClientEvent::Disconnect(why)) if why == reason));
}

#[test]
fn a_peer_that_does_not_take_its_answers_is_not_listened_to() {
    let settings = ServerSettings { max_output: 100, ..ServerSettings::default() };
    let mut server = server(settings);
    let flood = "nonsense\n".repeat(1000);
    let mut input = flood.as_bytes();
    while server.next_event(&mut input, 0, &mut ()).is_some() {}
    assert!(input.len() > 8_900 && server.output().len() <= 100);
    let before = input.len();
    assert!(server.next_event(&mut input, 0, &mut ()).is_none());
    assert_eq!(input.len(), before);
    server.sent(usize::MAX);
    assert!(server.next_event(&mut input, 0, &mut ()).is_some());
}

#[test]
fn an_answer_for_which_there_is_no_room_comes_after_the_others_were_sent() {
    let settings = ServerSettings { ttl: 0, ..ServerSettings::default() };
    let mut server = Server::new(&settings, [0; 100], [0; 64], 0).unwrap();
    let lines = "PING|4deedd7bab8817ec|s\nPING|!2|nobody|s\nPING|!3|4deedd7bab8817ec|s\n";
    let found = tickets(&mut server, lines, 0);
    let text = "x".repeat(50);
    server.answer(found[0], &mut (), |reply| reply.text(Status::Ok, &text).finish()).unwrap();
    let length = "ACK|OK|\n".len() + text.len();
    server.sent(10);
    assert_eq!(server.output().len(), length - 10);
    server.sent(length - 10);
    assert_eq!(said(&mut server), "ACK|!2|ERR|invalid_token\n");
    // What will never fit says so, and can be answered otherwise.
    let found = tickets(&mut server, "PING|4deedd7bab8817ec|s\n", 0);
    let text = "x".repeat(64);
    let error = server.answer(found[0], &mut (), |reply| reply.text(Status::Ok, &text).finish());
    assert_eq!(error.unwrap_err().kind, Kind::Buffer);
    server.refuse(found[0], &mut (), Code::ServerError).unwrap();
    assert_eq!(said(&mut server), "ACK|ERR|server_error\n");
}

struct OneDevice(Sequence);

impl Devices for OneDevice {
    fn sequence(&mut self, device: Device<'_>) -> Option<&mut Sequence> {
        (device.serial == "counted" && device.auth == AUTH).then_some(&mut self.0)
    }
}

#[test]
fn counters_are_enforced_for_those_whose_they_are() {
    let mut server = server(ServerSettings::default());
    let mut devices = OneDevice(Sequence::with_window(2));
    let mut hear = |server: &mut Server<Vec<u8>>, line: String| {
        let mut input = line.as_bytes();
        let event = server.next_event(&mut input, 0, &mut devices);
        if let Some(ServerEvent::Request { ticket, .. }) = event {
            pong(server, ticket).unwrap();
        }
        said(server)
    };
    for (seq, answer) in [
        ("!5|", "ACK|!5|PONG\n"),
        ("!5|", "ACK|!5|ERR|invalid_seq\n"),
        ("!9|", "ACK|!9|PONG\n"),
        ("!7|", "ACK|!7|PONG\n"),
        ("!6|", "ACK|!6|ERR|invalid_seq\n"),
        ("", "ACK|ERR|invalid_seq\n"),
    ] {
        assert_eq!(hear(&mut server, format!("PING|{seq}{AUTH}|counted\n")), answer);
    }
    // Nobody else can use up its numbers, and others need none.
    let other = "0000000000000000";
    assert_eq!(hear(&mut server, format!("PING|!99|{other}|counted\n")), "ACK|!99|PONG\n");
    assert_eq!(hear(&mut server, format!("PING|!10|{AUTH}|counted\n")), "ACK|!10|PONG\n");
    assert_eq!(hear(&mut server, format!("PING|{AUTH}|other\n")), "ACK|PONG\n");
}

fn connected(settings: &ClientSettings) -> Client<Vec<u8>> {
    let mut client = Client::new(settings, AUTH, "s", Vec::new(), Vec::new()).unwrap();
    assert!(matches!(client.next_event(&mut &[][..], 0), Some(ClientEvent::Connect)));
    client.connected(0);
    client
}

fn sent<Q: Buffer, I: Buffer>(client: &mut Client<Q, I>, now: u64) -> String {
    let sent = String::from_utf8(client.output().to_vec()).unwrap();
    client.sent(sent.len(), now);
    sent
}

/// All events of these bytes, in short.
fn heard<Q: Buffer, I: Buffer>(client: &mut Client<Q, I>, bytes: &str, now: u64) -> Vec<String> {
    let mut input = bytes.as_bytes();
    let mut heard = Vec::new();
    while let Some(event) = client.next_event(&mut input, now) {
        heard.push(match event {
            ClientEvent::Answer(answer) if answer.is_done() => format!("done {}", answer.number),
            ClientEvent::Answer(answer) => format!("refused {}", answer.number),
            ClientEvent::Command { text, answers } => format!("{text} {answers:?}"),
            ClientEvent::Lost { number } => format!("lost {number}"),
            ClientEvent::Extra(_) => "extra".to_owned(),
            ClientEvent::Unreadable(error) => error.kind.name().to_owned(),
            ClientEvent::Disconnect(reason) => format!("{reason:?}"),
            ClientEvent::Connect => "connect".to_owned(),
            other => panic!("{other:?}"),
        });
    }
    assert!(input.is_empty());
    heard
}

#[test]
fn a_client_keeps_alive_before_the_server_loses_patience() {
    let mut client = connected(&ClientSettings::default());
    assert_eq!(client.deadline(), Some(15_000));
    client.handle_timeout(14_999);
    assert_eq!(sent(&mut client, 14_999), "");
    client.handle_timeout(15_000);
    assert_eq!(sent(&mut client, 15_000), "PING|!1|4deedd7bab8817ec|s\n");
    assert_eq!(heard(&mut client, "ACK|!1|PONG\n", 15_100), ["extra"]);
    assert!(client.is_idle());
    assert_eq!(client.deadline(), Some(30_000));
    // What waits at the server comes as the answer.
    client.handle_timeout(30_000);
    sent(&mut client, 30_000);
    assert_eq!(heard(&mut client, "ACK|!2|CMD|reboot\n", 30_100), ["reboot None"]);
    // A PING of one's own is answered by a command too.
    let number = client.ping(30_200).unwrap().number;
    sent(&mut client, 30_200);
    assert_eq!(heard(&mut client, "ACK|!3|CMD|reboot\n", 30_300), ["reboot Some(3)"]);
    assert_eq!((number, client.is_idle()), (3, true));
}

#[test]
fn a_client_comes_back_and_sends_again_what_was_not_answered() {
    let settings = ClientSettings { seed: 7, ..ClientSettings::default() };
    let mut client = connected(&settings);
    for value in 0..3 {
        client.push(0, |push| _ = push.number("t", value)).unwrap();
    }
    let lines = sent(&mut client, 0);
    assert_eq!(heard(&mut client, "ACK|!1|OK|1\n", 10), ["done 1"]);
    // The server falls silent.
    assert_eq!(client.deadline(), Some(10_010));
    client.handle_timeout(10_010);
    assert_eq!(heard(&mut client, "ACK|!2|OK|1\n", 10_010), ["Timeout"]);
    assert_eq!(client.output(), b"");
    let again = client.deadline().unwrap();
    assert!((10_510..=11_010).contains(&again), "{again}");
    assert!(heard(&mut client, "", again - 1).is_empty());
    assert_eq!(heard(&mut client, "", again), ["connect"]);
    // It does not work at first: then it waits for longer.
    client.disconnected(again);
    let later = client.deadline().unwrap();
    assert!((again + 1_000..=again + 2_000).contains(&later), "{later}");
    assert_eq!(heard(&mut client, "", later), ["connect"]);
    client.connected(later);
    assert_eq!(sent(&mut client, later), lines.split_once('\n').unwrap().1);
    // The second had been stored: the server says so, and it counts.
    let answers = "ACK|!2|ERR|invalid_seq\nACK|!3|OK|1\n";
    assert_eq!(heard(&mut client, answers, later + 5), ["done 2", "done 3"]);
    // Sent once, it would have been a refusal.
    client.push(later, |push| _ = push.number("t", 9)).unwrap();
    sent(&mut client, later);
    assert_eq!(heard(&mut client, "ACK|!4|ERR|invalid_seq\n", later + 9), ["refused 4"]);
}

#[test]
fn a_request_that_was_passed_over_is_lost_and_one_that_fails_for_ever_too() {
    let settings = ClientSettings { attempts: 2, ..ClientSettings::default() };
    let mut client = connected(&settings);
    for _ in 0..4 {
        client.ping(0).unwrap();
    }
    sent(&mut client, 0);
    let told = heard(&mut client, "ACK|!3|PONG\nACK|!1|PONG\n", 1);
    assert_eq!(told, ["done 3", "lost 1", "lost 2", "extra"]);
    for _ in 0..2 {
        client.disconnected(2);
        let again = client.deadline().unwrap();
        let told = heard(&mut client, "", again);
        client.connected(again);
        sent(&mut client, again);
        if told.len() == 2 {
            assert_eq!(told, ["lost 4", "connect"]);
            assert!(client.is_idle());
            return;
        }
    }
    panic!("it is sent twice at most");
}

#[test]
fn a_client_that_hears_nonsense_asks_again_on_another_connection() {
    let mut client = connected(&ClientSettings::default());
    client.ping(0).unwrap();
    sent(&mut client, 0);
    assert_eq!(heard(&mut client, "HTTP/1.1 400\n", 1), ["answer", "Unreadable"]);
    // What names a request answers it, if badly.
    let mut client = connected(&ClientSettings::default());
    client.ping(0).unwrap();
    sent(&mut client, 0);
    assert_eq!(heard(&mut client, "ACK|!1|WHAT\n", 1), ["status", "lost 1"]);
    assert!(client.is_connected());
}

#[test]
fn an_answer_that_is_too_long_does_not_come_again_and_again() {
    let settings = ClientSettings::default();
    let mut client = Client::new(&settings, AUTH, "s", [0; 200], [0; 40]).unwrap();
    client.next_event(&mut &[][..], 0);
    client.connected(0);
    client.ping(0).unwrap();
    client.pull(0, |pull| _ = pull.name("t")).unwrap();
    sent(&mut client, 0);
    let command = format!("ACK|CMD|{}\nACK|!1|PONG\n", "x".repeat(50));
    assert_eq!(heard(&mut client, &command, 1), ["too_long", "done 1"]);
    let list = format!("ACK|!2|OK|[t={}]\n", "x".repeat(50));
    assert_eq!(heard(&mut client, &list, 1), ["too_long", "lost 2"]);
    assert!(client.is_idle() && client.is_connected());
}

#[test]
fn a_full_queue_refuses_or_drops_the_oldest() {
    let ping = "PING|!1|4deedd7bab8817ec|s\n".len();
    let room = AUTH.len() + "|s".len() + 2 * ping;
    let settings = ClientSettings { max_queue: room, ..ClientSettings::default() };
    let mut client = Client::new(&settings, AUTH, "s", Vec::new(), [0; 64]).unwrap();
    assert_eq!(client.ping(0).unwrap().number, 1);
    assert_eq!(client.ping(0).unwrap().number, 2);
    assert_eq!(client.ping(0).unwrap_err().kind, Kind::Full);

    let settings = ClientSettings { overflow: Overflow::DropOldest, ..settings };
    let mut client = Client::new(&settings, AUTH, "s", Vec::new(), [0; 64]).unwrap();
    client.ping(0).unwrap();
    client.ping(0).unwrap();
    let queued = client.ping(0).unwrap();
    assert_eq!((queued.number, queued.dropped), (3, Some((1, 1))));
    client.next_event(&mut &[][..], 0);
    client.connected(0);
    // One that is being sent is not dropped.
    client.sent(5, 0);
    assert_eq!(client.ping(0).unwrap().dropped, Some((3, 3)));
    assert_eq!(sent(&mut client, 0), "!2|4deedd7bab8817ec|s\nPING|!4|4deedd7bab8817ec|s\n");
    // What does not fit an empty queue never will.
    let mut small = Client::new(&settings, AUTH, "s", Vec::new(), [0; 64]).unwrap();
    let long = "x".repeat(room);
    let error = small.push(0, |push| _ = push.string("s", &long)).unwrap_err();
    assert_eq!(error, BuildError { kind: Kind::Buffer, point: None, field: None });
    let error = small.push(0, |push| _ = push.string("S", "")).unwrap_err();
    assert_eq!((error.kind, error.field), (Kind::Name, Some(Field::Variable)));
    assert_eq!(small.counter().next(), 1, "what is not queued has no number");
}

#[test]
fn numbers_go_on_after_a_restart_and_end_at_the_last_one() {
    let last = u64::from(u32::MAX);
    let settings = ClientSettings { next_number: last, ..ClientSettings::default() };
    let mut client = connected(&settings);
    assert_eq!(client.ping(0).unwrap().number, u32::MAX);
    assert_eq!(client.ping(0).unwrap_err().kind, Kind::CounterExhausted);
    assert_eq!(sent(&mut client, 0), "PING|!4294967295|4deedd7bab8817ec|s\n");
    assert_eq!(heard(&mut client, "ACK|!4294967295|PONG\n", 1), ["done 4294967295"]);

    let settings = ClientSettings { next_number: 40, ..ClientSettings::default() };
    let mut client = connected(&settings);
    assert_eq!(client.reserve(2), 42);
    assert_eq!(client.ping(0).unwrap().number, 40);
    assert_eq!(client.ping(0).unwrap().number, 41);
    assert_eq!(client.ping(0).unwrap_err().kind, Kind::CounterUnreserved);
}

#[test]
fn a_datagram_is_answered_by_one_datagram() {
    let transport = Transport::Datagrams;
    let mut server = server(ServerSettings { transport, ..ServerSettings::default() });
    assert_eq!(server.deadline(), None);
    for (datagram, answer) in [
        ("PING|!1|4deedd7bab8817ec|s\n", "ACK|!1|PONG\n"),
        ("PING|4deedd7bab8817ec|s", "ACK|PONG\n"),
        ("PING|4deedd7bab8817ec|s\nPING|4deedd7bab8817ec|s", "ACK|ERR|invalid_payload\n"),
        ("x", "ACK|ERR|invalid_method\n"),
    ] {
        for ticket in tickets(&mut server, datagram, 0) {
            pong(&mut server, ticket).unwrap();
        }
        assert_eq!(said(&mut server), answer);
    }
    tickets(&mut server, &"x".repeat(20_000), 0);
    assert_eq!(said(&mut server), "ACK|ERR|payload_too_large\n");
}

#[test]
fn a_datagram_is_sent_again_until_it_is_answered() {
    let settings = ClientSettings {
        transport: Transport::Datagrams,
        timeout: 1_000,
        keep_alive: 0,
        ..ClientSettings::default()
    };
    let mut client = connected(&settings);
    client.ping(0).unwrap();
    client.ping(0).unwrap();
    let mut now = 0;
    let mut waits = Vec::new();
    for _ in 0..4 {
        assert_eq!(sent(&mut client, now), "PING|!1|4deedd7bab8817ec|s\n");
        assert_eq!(sent(&mut client, now), "", "one at a time");
        waits.push(client.deadline().unwrap() - now);
        now = client.deadline().unwrap();
        client.handle_timeout(now);
    }
    assert!(waits[0] <= 1_000 && waits[3] >= 4_000, "{waits:?}");
    assert_eq!(heard(&mut client, "ACK|!1|PONG", now), ["done 1"]);
    assert_eq!(heard(&mut client, "ACK|!1|PONG", now), ["extra"]);
    assert_eq!(sent(&mut client, now), "PING|!2|4deedd7bab8817ec|s\n");
    assert_eq!(heard(&mut client, "ACK|!2|PONG", now), ["done 2"]);
    assert_eq!(client.deadline(), None);
}

const KEY: [u8; 16] = [7; 16];

fn key_of(serial: &str, next: u64) -> Sealer {
    let token = Token::new("ate2bd319014b24e0a8aca9f00aea4c0d0").unwrap();
    Sealer::new(Layout::Current, Cipher::Aes128Ccm, &KEY, &token, serial, next).unwrap()
}

/// A server that knows two devices, one of them by an old and a new key.
struct Keys {
    keys: [Sealer; 3],
    sequence: Sequence,
}

impl Keys {
    fn new() -> Keys {
        let token = Token::new("ate2bd319014b24e0a8aca9f00aea4c0d0").unwrap();
        let old =
            Sealer::new(Layout::Current, Cipher::Aes128Ccm, &[1; 16], &token, "s", 0).unwrap();
        let keys = [old, key_of("s", 900), key_of("other", 0)];
        Keys { keys, sequence: Sequence::strict() }
    }
}

impl Devices for Keys {
    fn sequence(&mut self, device: Device<'_>) -> Option<&mut Sequence> {
        (device.serial == "s" && device.is_sealed).then_some(&mut self.sequence)
    }

    fn key(&self, header: &Header, nth: usize) -> Option<(usize, &Sealer)> {
        let fitting = self.keys.iter().enumerate().filter(|(_, key)| header.is_of(key.serial()));
        fitting.into_iter().nth(nth)
    }

    fn sealer(&mut self, name: usize) -> Option<&mut Sealer> {
        self.keys.get_mut(name)
    }
}

/// What the server makes of these bytes: PINGs are answered, and told with their numbers.
fn hear_sealed(server: &mut Server<Vec<u8>>, bytes: &[u8], keys: &mut Keys) -> Vec<String> {
    let mut input = bytes;
    let mut heard = Vec::new();
    while let Some(event) = server.next_event(&mut input, 0, keys) {
        match event {
            ServerEvent::Request { ticket, number, frame, device } => {
                assert!(device.is_sealed && device.auth == AUTH);
                heard.push(format!("{} {}", frame.serial, number.unwrap()));
                server.answer(ticket, keys, |reply| reply.pong().finish()).unwrap();
            }
            ServerEvent::Rejected { code, .. } => heard.push(code.name().to_owned()),
            other => panic!("{other:?}"),
        }
    }
    assert!(input.is_empty());
    heard
}

/// A message with its length before it.
fn prefixed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    [&length[..], message].concat()
}

/// The messages that stand in `output`, each opened, or as it is where that does not go.
fn opened(output: &[u8], keys: &Keys) -> Vec<String> {
    let mut rest = output;
    let mut messages = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (message, after) = after.split_at(u16::from_be_bytes(*length).into());
        let mut message = message.to_vec();
        let open = |key: &Sealer| {
            let mut copy = message.clone();
            let opened = key.opener().open(Layout::Current, &mut copy).ok()?;
            Some(format!("{} {}", opened.header.counter, opened.text()))
        };
        let text = keys.keys.iter().find_map(open);
        messages
            .push(text.unwrap_or_else(|| String::from_utf8(std::mem::take(&mut message)).unwrap()));
        rest = after;
    }
    messages
}

#[test]
fn the_first_byte_decides_between_text_and_envelopes() {
    for (first, mode) in [(0x00, Mode::Envelopes), (0x40, Mode::Envelopes), (b'P', Mode::Text)] {
        let mut server = server(ServerSettings::default());
        assert_eq!(server.mode(), None);
        assert!(server.next_event(&mut &[first][..], 0, &mut ()).is_none());
        assert_eq!(server.mode(), Some(mode));
    }
}

#[test]
fn envelopes_are_opened_answered_in_envelopes_and_refused_in_plaintext() {
    let mut keys = Keys::new();
    let mut device = key_of("s", 40);
    let mut buffer = [0; 128];
    let mut ping = |device: &mut Sealer| prefixed(device.ping(&mut buffer).unwrap());
    let mut server = server(ServerSettings::default());
    let (first, second) = (ping(&mut device), ping(&mut device));
    let mut other = key_of("other", 3);

    let heard =
        hear_sealed(&mut server, &[&second[..], &first, &ping(&mut other)].concat(), &mut keys);
    assert_eq!(heard, ["s 41", "invalid_seq", "other 3"]);
    server.command(&mut keys, "reboot").unwrap();
    let said = opened(server.output(), &keys);
    assert_eq!(said, ["900 PONG", "901 ERR|invalid_seq", "0 PONG", "1 CMD|reboot"]);
    server.sent(usize::MAX);

    // What does not open is answered too, but by nobody in particular.
    let mut forged = ping(&mut device);
    *forged.last_mut().unwrap() ^= 1;
    let mut version = ping(&mut device);
    version[2] |= 0x08;
    let mut cipher = ping(&mut device);
    cipher[2] |= 0xe0;
    let huge = prefixed(&[0; 16_422]);
    let empty = [0, 0];
    let stranger = ping(&mut key_of("stranger", 0));
    let all = [&forged[..], &version, &cipher, &huge, &empty, &stranger].concat();
    let codes = [
        "auth_failed",
        "unsupported_version",
        "unsupported_cipher",
        "envelope_too_large",
        "auth_failed",
        "auth_failed",
    ];
    assert_eq!(hear_sealed(&mut server, &all, &mut keys), codes);
    let said = opened(server.output(), &keys);
    assert_eq!(said, codes.map(|code| format!("ACK|ERR|{code}")));
    server.sent(usize::MAX);

    // What opens but is no request is answered in an envelope.
    let mut answer = [0; 128];
    let answer = prefixed(device.ack(&mut answer, |reply| _ = reply.pong()).unwrap());
    assert_eq!(hear_sealed(&mut server, &answer, &mut keys), ["invalid_method"]);
    assert_eq!(opened(server.output(), &keys), ["902 ERR|invalid_method"]);
    server.sent(usize::MAX);
    server.handle_timeout(20_000);
    assert_eq!(opened(server.output(), &keys), ["ACK|ERR|keep_alive_timeout"]);
}

#[test]
fn one_envelope_is_outstanding_at_a_time() {
    let mut keys = Keys::new();
    let mut device = key_of("s", 0);
    let mut buffer = [0; 128];
    let mut ping = || prefixed(device.ping(&mut buffer).unwrap());
    let both = [ping(), ping()].concat();
    let mut server = server(ServerSettings::default());
    let mut input = &both[..];
    let Some(ServerEvent::Request { ticket, .. }) = server.next_event(&mut input, 0, &mut keys)
    else {
        panic!()
    };
    assert!(server.next_event(&mut input, 0, &mut keys).is_none());
    assert_eq!(input.len(), both.len() / 2);
    server.answer_with(ticket, &mut keys, b"ACK|!3|OK|[t:=1#C]\n").unwrap();
    assert!(server.next_event(&mut input, 0, &mut keys).is_some());
    assert_eq!(opened(server.output(), &keys), ["900 OK|[t:=1#C]"]);
}

#[test]
fn a_client_seals_what_it_asks_and_trusts_what_is_sealed() {
    for transport in [Transport::Stream, Transport::Datagrams] {
        let mut keys = Keys::new();
        let settings = ClientSettings { transport, ..ClientSettings::default() };
        let key = key_of("s", 40);
        let mut client = Client::with_keys(&settings, AUTH, "s", key, [0; 300], [0; 128]).unwrap();
        let none = &mut &[][..];
        client.next_event(none, 0);
        client.connected(0);
        assert_eq!(client.push(0, |push| _ = push.number("t", 1)).unwrap().number, 40);
        let frame = b"PULL|!3|4deedd7bab8817ec|s|[t]\n";
        assert_eq!(client.send(frame, 0).unwrap().number, 41);
        let other = b"PULL|!3|4deedd7bab8817ec|another|[t]\n";
        assert_eq!(client.send(other, 0).unwrap_err().kind, Kind::OtherSerial);
        assert_eq!(client.counter().next(), 42);

        let mut server = server(ServerSettings { transport, ..ServerSettings::default() });
        let request = client.output().to_vec();
        client.sent(request.len(), 0);
        assert_eq!(client.output(), b"", "one at a time");
        let mut input = &request[..];
        let event = server.next_event(&mut input, 0, &mut keys);
        let Some(ServerEvent::Request { ticket, number, frame, .. }) = event else {
            panic!("{event:?}")
        };
        assert_eq!((number, frame.variables().len()), (Some(40), 1));
        server.answer(ticket, &mut keys, |reply| reply.count(1).finish()).unwrap();
        let mut input = server.output();
        let event = client.next_event(&mut input, 1);
        let Some(ClientEvent::Answer(answer)) = event else { panic!("{event:?}") };
        assert_eq!((answer.number, answer.is_done()), (40, true));

        // What anybody may have said is believed only if it is bad news.
        let request = client.output().to_vec();
        assert!(!request.is_empty());
        client.sent(request.len(), 2);
        let wrap = |text: &[u8]| match transport {
            Transport::Stream => prefixed(text),
            Transport::Datagrams => text.to_vec(),
        };
        let good = wrap(b"ACK|OK|[t:=1]");
        let bad = wrap(b"ACK|ERR|auth_failed");
        match transport {
            Transport::Stream => {
                let event = client.next_event(&mut &bad[..], 3);
                let Some(ClientEvent::Answer(answer)) = event else { panic!("{event:?}") };
                assert_eq!((answer.number, answer.is_done()), (41, false));
                client.ping(3).unwrap();
                client.sent(client.output().len(), 3);
                assert!(matches!(
                    client.next_event(&mut &good[..], 3),
                    Some(ClientEvent::Unreadable(error)) if error.kind == Kind::Plaintext
                ));
                assert!(matches!(
                    client.next_event(&mut &[][..], 3),
                    Some(ClientEvent::Disconnect(Reason::Unreadable))
                ));
            }
            Transport::Datagrams => {
                // A datagram is easily forged: it is asked again, and then given up.
                for round in 0..2 {
                    let event = client.next_event(&mut &good[..], 3);
                    assert!(matches!(event, Some(ClientEvent::Unreadable(_))), "{event:?}");
                    let event = client.next_event(&mut &bad[..], 3);
                    assert!(matches!(event, Some(ClientEvent::Extra(_))), "{event:?}");
                    client.handle_timeout(client.deadline().unwrap());
                    match client.next_event(&mut &[][..], 20_000) {
                        None => assert_eq!((client.output(), round), (&request[..], 0)),
                        Some(ClientEvent::Lost { number }) => assert_eq!((number, round), (41, 1)),
                        other => panic!("{other:?}"),
                    }
                    client.sent(client.output().len(), 20_000);
                }
                assert!(client.is_idle());
            }
        }
    }
}

#[test]
fn sessions_show_no_secrets() {
    let token = "ate2bd319014b24e0a8aca9f00aea4c0d0";
    let settings = ClientSettings::default();
    let mut client = Client::new(&settings, token, "s", Vec::new(), Vec::new()).unwrap();
    client.push(0, |push| _ = push.string("pin", "98765")).unwrap();
    let mut server = server(ServerSettings::default());
    let line = format!("PUSH|{token}|s|[pin=98765]\n");
    let mut input = line.as_bytes();
    let Some(ServerEvent::Request { device, .. }) = server.next_event(&mut input, 0, &mut ())
    else {
        panic!()
    };
    let shown = format!("{device:?}");
    let all = format!("{client:?} {server:?} {shown}");
    assert!(!all.contains("e2bd3190") && !all.contains("98765"), "{all}");
    let sealed = Client::with_keys(&settings, AUTH, "s", key_of("s", 0), Vec::new(), Vec::new());
    assert!(!format!("{:?}", sealed.unwrap()).contains("7, 7"));
}

#[test]
fn sessions_are_small() {
    let client = size_of::<Client<&mut [u8]>>();
    let sealed = size_of::<Client<&mut [u8], &mut [u8], Option<&mut Sealer>>>();
    let server = size_of::<Server<&mut [u8]>>();
    println!("client {client}, with a borrowed key {sealed}, server {server} bytes");
    assert!(client <= 512 && sealed <= client + 8 && server <= 512);
}
