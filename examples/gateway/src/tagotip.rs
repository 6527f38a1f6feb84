//! TagoTiP: the core's session says what was asked, and this answers from the database.

use std::collections::VecDeque;
use std::sync::Arc;

use tipwire::platform::Reading;
use tipwire::session::{
    Device as Asking, Endpoint, Server, ServerEvent, ServerSettings, Ticket, Transport,
};
use tipwire::{Body, BuildError, Code, Frame, Kind, Reply, Slice};

use crate::clock;
use crate::connection::Speaker;
use crate::gateway::{Gateway, Guest};
use crate::live::Row;
use crate::store::{Answer, Ask, Number, Point, Request};

pub struct Tagotip {
    guest: Arc<Guest>,
    via: &'static str,
    session: Server<Vec<u8>>,
    /// What was asked, and has no answer so far.
    asked: VecDeque<(Ticket, Option<Row>)>,
    /// The first answers, for which there was no room so far.
    answers: VecDeque<Answer>,
    /// What has come of a message that is not complete.
    partial: Vec<u8>,
}

impl Tagotip {
    pub fn new(guest: &Arc<Guest>, via: &'static str, transport: Transport) -> Tagotip {
        let limits = &guest.gateway.config.limits;
        let settings = ServerSettings {
            transport,
            idle: limits.idle.saturating_mul(1000),
            ttl: limits.time_to_live.saturating_mul(1000),
            ..ServerSettings::default()
        };
        let session = Server::new(&settings, Vec::new(), Vec::new(), clock::now());
        Tagotip {
            guest: Arc::clone(guest),
            via,
            session: session.expect("vectors are long enough"),
            asked: VecDeque::new(),
            answers: VecDeque::new(),
            partial: Vec::new(),
        }
    }
}

/// The answer to one message that stands by itself. No commands come this way unless a PING asks.
pub async fn exchange(guest: &Arc<Guest>, via: &'static str, message: &[u8]) -> Vec<u8> {
    let mut speaker = Tagotip::new(guest, via, Transport::Datagrams);
    let asked = speaker.receive(&mut &message[..]);
    asked.iter().flatten().for_each(|request| request.device.heard_now());
    speaker.answered(guest.gateway.answer(asked).await);
    speaker.session.output().to_vec()
}

impl Speaker for Tagotip {
    fn receive(&mut self, input: &mut &[u8]) -> Vec<Result<Request, Code>> {
        let Guest { gateway, address, .. } = &*self.guest;
        let mut keys = gateway.devices.keys();
        let (mut asked, mut before, now) = (Vec::new(), *input, clock::now());
        while let Some(event) = self.session.next_event(input, now, &mut *keys) {
            let bytes = [&self.partial, &before[..before.len() - input.len()]];
            before = input;
            match event {
                ServerEvent::Request { ticket, number, frame, device } => {
                    let points = frame.variables().len();
                    let row =
                        gateway.live.row(self.via, *address, Some(device.serial), bytes, points);
                    let row = row.map(|row| match device.is_sealed {
                        true => row.with("inner", json(&frame)),
                        false => row,
                    });
                    self.asked.push_back((ticket, row));
                    asked.push(read(&frame, device, number, &self.guest));
                }
                ServerEvent::Rejected { code, .. } => {
                    if let Some(row) = gateway.live.row(self.via, *address, None, bytes, 0) {
                        gateway.live.show(row, &Answer::Refused(code).to_text());
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
        asked
    }

    fn answered(&mut self, answers: Vec<Answer>) {
        let Gateway { devices, live, .. } = &*self.guest.gateway;
        self.answers.extend(answers);
        while let (Some(answer), Some((ticket, _))) = (self.answers.front(), self.asked.front()) {
            let mut keys = devices.keys();
            match self.session.answer(*ticket, &mut *keys, |reply| answer.write(reply)) {
                Ok(()) => {}
                // Goes on when some of what there is has been sent.
                Err(BuildError { kind: Kind::Full, .. }) => return,
                // A list that is longer than a frame may be.
                Err(_) => _ = self.session.refuse(*ticket, &mut *keys, Code::PayloadTooLarge),
            }
            if let (Some(answer), Some((_, Some(row)))) =
                (self.answers.pop_front(), self.asked.pop_front())
            {
                live.show(row, &answer.to_text());
            }
        }
    }

    fn command(&mut self, text: &str) -> bool {
        self.session.command(&mut *self.guest.gateway.devices.keys(), text).is_ok()
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
    guest: &Guest,
) -> Result<Request, Code> {
    if !matches!(frame.body, Body::Ping) && !guest.visit.may_request() {
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
    Ok(Request { device: guest.gateway.devices.asking(asking)?, number, ask })
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
