//! TagoTiP: the core's session says what was asked, and this answers from the database.

use std::collections::VecDeque;
use std::sync::Arc;

use tipwire::platform::Reading;
use tipwire::session::{
    Device as Asking, Endpoint, Server, ServerEvent, ServerSettings, Ticket, Transport,
};
use tipwire::{Body, BuildError, Code, Frame, Kind, Reply, Slice};

use crate::clock;
use crate::connection::{Speaker, Turn};
use crate::gateway::Gateway;
use crate::limits::Visit;
use crate::live::{Peer, Row};
use crate::store::{Answer, Ask, Number, Point, Request};

pub struct Tagotip {
    gateway: Arc<Gateway>,
    session: Server<Vec<u8>>,
    /// What was asked in this turn.
    asked: Vec<(Ticket, Option<Row>)>,
    /// What is to be answered, in order, as far as there is room for it.
    answers: VecDeque<(Ticket, Option<Row>, Answer)>,
    /// What has come of a message that is not complete.
    partial: Vec<u8>,
    peer: Peer,
}

impl Tagotip {
    pub fn new(gateway: &Arc<Gateway>, transport: Transport, peer: Peer) -> Tagotip {
        let limits = &gateway.config.limits;
        let settings = ServerSettings {
            transport,
            idle: limits.idle.saturating_mul(1000),
            ttl: limits.time_to_live.saturating_mul(1000),
            ..ServerSettings::default()
        };
        let session = Server::new(&settings, Vec::new(), Vec::new(), clock::now());
        Tagotip {
            gateway: Arc::clone(gateway),
            session: session.expect("vectors are long enough"),
            asked: Vec::new(),
            answers: VecDeque::new(),
            partial: Vec::new(),
            peer,
        }
    }
}

/// The answer to one message that stands by itself. No commands come this way unless a PING asks.
pub async fn exchange(
    gateway: &Arc<Gateway>,
    visit: &Visit,
    peer: Peer,
    message: &[u8],
) -> Vec<u8> {
    let mut speaker = Tagotip::new(gateway, Transport::Datagrams, peer);
    let mut turn = Turn::new(gateway, visit);
    speaker.receive(&mut &message[..], &mut turn);
    turn.asked.iter().flatten().for_each(|request| request.device.heard_now());
    speaker.answered(gateway.answer(turn.asked).await);
    speaker.session.output().to_vec()
}

impl Speaker for Tagotip {
    fn receive(&mut self, input: &mut &[u8], turn: &mut Turn<'_>) {
        let (now, live) = (clock::now(), &turn.gateway.live);
        let mut keys = turn.gateway.devices.keys();
        let mut before = *input;
        while let Some(event) = self.session.next_event(input, now, &mut *keys) {
            let bytes = [&self.partial, &before[..before.len() - input.len()]];
            before = input;
            match event {
                ServerEvent::Request { ticket, number, frame, device } => {
                    let points = frame.variables().len();
                    let row = live.row(self.peer, Some(device.serial), bytes, points);
                    let row = row.map(|row| match device.is_sealed {
                        true => row.with("inner", json(&frame)),
                        false => row,
                    });
                    self.asked.push((ticket, row));
                    turn.asked.push(read(&frame, device, number, turn));
                }
                ServerEvent::Rejected { code, .. } => {
                    if let Some(row) = live.row(self.peer, None, bytes, 0) {
                        live.show(row, &Answer::Refused(code).to_text());
                    }
                }
                _ => {}
            }
            self.partial.clear();
        }
        // Longer than a message may be is only what the session is dropping.
        let rest = &before[..before.len() - input.len()];
        if self.partial.len() + rest.len() <= 2 * tipwire::limits::MAX_FRAME {
            self.partial.extend_from_slice(rest);
        }
        if self.partial.is_empty() {
            self.partial = Vec::new();
        }
    }

    fn answered(&mut self, answers: Vec<Answer>) {
        let asked = self.asked.drain(..answers.len()).zip(answers);
        self.answers.extend(asked.map(|((ticket, row), answer)| (ticket, row, answer)));
        while let Some((ticket, row, answer)) = self.answers.pop_front() {
            let mut keys = self.gateway.devices.keys();
            match self.session.answer(ticket, &mut *keys, |reply| answer.write(reply)) {
                Ok(()) => {}
                // Goes on when some of what there is has been sent.
                Err(BuildError { kind: Kind::Full, .. }) => {
                    return self.answers.push_front((ticket, row, answer));
                }
                // A list that is longer than a frame may be.
                Err(_) => _ = self.session.refuse(ticket, &mut *keys, Code::PayloadTooLarge),
            }
            if let Some(row) = row {
                self.gateway.live.show(row, &answer.to_text());
            }
        }
    }

    fn command(&mut self, text: &str) -> bool {
        self.session.command(&mut *self.gateway.devices.keys(), text).is_ok()
    }

    fn session(&mut self) -> &mut dyn Endpoint {
        &mut self.session
    }
}

/// What a frame asks the database for.
fn read(
    frame: &Frame<'_>,
    asking: Asking<'_>,
    number: Option<u32>,
    turn: &Turn<'_>,
) -> Result<Request, Code> {
    if !matches!(frame.body, Body::Ping) && !turn.visit.may_request() {
        return Err(Code::RateLimited);
    }
    let now = clock::unix();
    let ask = match &frame.body {
        Body::Push(_) => Ask::Push(frame.points().map(|point| Point::of(&point, now)).collect()),
        // Bytes that only their owner understands.
        Body::Raw(raw) => Ask::Push(vec![Point::of_reading(&Reading::of_raw(*raw), now)]),
        Body::Pull(names) => Ask::Pull(names.clone().map(str::to_owned).collect()),
        Body::Ping => Ask::Ping,
    };
    let number = match number {
        Some(number) if asking.is_sealed => Number::Envelope(number),
        number => Number::Frame(number),
    };
    Ok(Request { device: turn.gateway.devices.asking(asking)?, number, ask })
}

fn json(frame: &Frame<'_>) -> String {
    let mut json = String::new();
    _ = frame.write_json(&mut json);
    json
}

impl Answer {
    fn write<'b>(&self, reply: &mut Reply<Slice<'b>>) -> Result<&'b [u8], BuildError> {
        match self {
            Answer::Stored(count) => reply.count(*count).finish(),
            Answer::Pulled(list) => reply.variables().points_json(list).finish(),
            Answer::Command(text) => reply.command(text).finish(),
            Answer::Pong => reply.pong().finish(),
            Answer::Refused(code) => reply.error(*code).finish(),
        }
    }

    /// The answer as it would be without an envelope.
    fn to_text(&self) -> String {
        let mut buffer = vec![0; tipwire::limits::MAX_FRAME + 2];
        let written = self.write(&mut Reply::to(&mut buffer[..])).unwrap_or_default();
        String::from_utf8_lossy(written).into_owned()
    }
}
