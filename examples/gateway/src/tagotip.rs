//! TagoTiP: the core's session says what was asked, and this answers from the database.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, MutexGuard};

use tipwire::session::{
    Device as Asking, Devices as Known, Sequence, Server, ServerEvent, Ticket, Transport,
};
use tipwire::{Body, BuildError, Code, Frame, Header, Kind, Reply, Sealer, Slice};

use crate::clock;
use crate::connection::{Speaker, Turn};
use crate::devices::{Device, Devices, Refusal};
use crate::gateway::Gateway;
use crate::keys::{Keys, Reservation};
use crate::live::{Inner, Message};
use crate::store::{NotStored, Stored};

pub struct Tagotip {
    gateway: Arc<Gateway>,
    session: Server<Vec<u8>>,
    /// What was asked and is not answered yet, in order.
    asked: VecDeque<Asked>,
    reservations: Vec<Reservation>,
    /// What has come of a message that is not complete.
    partial: Vec<u8>,
    peer: SocketAddr,
    via: &'static str,
}

struct Asked {
    ticket: Ticket,
    answer: Answer,
    /// What the page will show.
    shown: Option<Box<Shown>>,
}

struct Shown {
    bytes: Vec<u8>,
    device: String,
    inner: Option<Inner>,
}

/// What is answered once all is stored.
enum Answer {
    Stored(u64),
    /// The points of a PULL, which come from the database.
    Pulled(Option<String>),
    Command(String),
    Pong,
    Refused(Code),
}

impl Tagotip {
    pub fn new(
        gateway: &Arc<Gateway>,
        transport: Transport,
        peer: SocketAddr,
        via: &'static str,
    ) -> Tagotip {
        let settings = gateway.sessions(transport);
        let session = Server::new(&settings, Vec::new(), Vec::new(), clock::now());
        Tagotip {
            gateway: Arc::clone(gateway),
            session: session.expect("vectors are long enough"),
            asked: VecDeque::new(),
            reservations: Vec::new(),
            partial: Vec::new(),
            peer,
            via,
        }
    }
}

impl Speaker for Tagotip {
    fn receive(&mut self, input: &mut &[u8], turn: &mut Turn<'_>) {
        let now = clock::now();
        let mut known = Session::new(&turn.gateway.devices);
        let mut before = *input;
        while let Some(event) = self.session.next_event(input, now, &mut known) {
            let bytes = &before[..before.len() - input.len()];
            before = input;
            match event {
                ServerEvent::Request { ticket, number, frame, device } => {
                    let points = frame.variables().len();
                    let shown = turn.gateway.live.wants(points).then(|| {
                        Box::new(Shown {
                            bytes: [&self.partial, bytes].concat(),
                            device: device.serial.to_owned(),
                            inner: device.is_sealed.then(|| Inner::of(&frame)),
                        })
                    });
                    let answer = ask(&frame, device, number, turn).unwrap_or_else(Answer::Refused);
                    if device.is_sealed {
                        let known_device = turn.gateway.devices.find(device.serial);
                        let only = known_device.as_deref();
                        self.reservations = known.keys.reserve(only, &mut turn.batch);
                    }
                    self.asked.push_back(Asked { ticket, answer, shown });
                }
                ServerEvent::Rejected { code, .. } if turn.gateway.live.wants(0) => {
                    turn.gateway.live.show(&Message {
                        via: self.via,
                        peer: Some(self.peer),
                        device: None,
                        bytes: &[&self.partial, bytes].concat(),
                        inner: None,
                        points: None,
                        answer: &Answer::Refused(code).to_text(),
                    });
                }
                _ => {}
            }
            self.partial.clear();
        }
        let rest = &before[..before.len() - input.len()];
        // Longer than a message may be is only what the session is dropping.
        if self.partial.len() + rest.len() <= 2 * tipwire::limits::MAX_FRAME {
            self.partial.extend_from_slice(rest);
        }
        if self.partial.is_empty() {
            self.partial = Vec::new();
        }
    }

    fn stored(&mut self, stored: Stored) {
        let reservations = std::mem::take(&mut self.reservations);
        match stored {
            Ok(lists) => {
                if !reservations.is_empty() {
                    self.gateway.devices.keys().reserved(&reservations);
                }
                let mut lists = lists.into_iter();
                for asked in &mut self.asked {
                    if let Answer::Pulled(list @ None) = &mut asked.answer {
                        *list = lists.next();
                    }
                }
            }
            Err(NotStored) => {
                for asked in &mut self.asked {
                    asked.answer = Answer::Refused(Code::ServerError);
                }
            }
        }
    }

    fn answer(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        let mut known = Session::new(&self.gateway.devices);
        while let Some(Asked { ticket, answer, shown }) = self.asked.front() {
            match self.session.answer(*ticket, &mut known, |reply| answer.write(reply)) {
                Ok(()) => {}
                // Goes on when some of what there is has been sent.
                Err(BuildError { kind: Kind::Full, .. }) => return,
                // A list that is longer than a frame may be.
                Err(_) => _ = self.session.refuse(*ticket, &mut known, Code::PayloadTooLarge),
            }
            if let Some(shown) = shown {
                self.gateway.live.show(&Message {
                    via: self.via,
                    peer: Some(self.peer),
                    device: Some(&shown.device),
                    bytes: &shown.bytes,
                    inner: shown.inner.as_ref(),
                    points: None,
                    answer: &answer.to_text(),
                });
            }
            self.asked.pop_front();
        }
    }

    fn command(&mut self, _: &Device, text: &str) -> bool {
        self.session.command(&mut Session::new(&self.gateway.devices), text).is_ok()
    }

    fn output(&self) -> &[u8] {
        self.session.output()
    }

    fn sent(&mut self, count: usize) {
        self.session.sent(count);
    }

    fn deadline(&self) -> Option<u64> {
        self.session.deadline()
    }

    fn handle_timeout(&mut self, now: u64) {
        self.session.handle_timeout(now);
    }

    fn is_over(&self) -> bool {
        self.session.is_closed()
    }
}

/// What a request is answered with once the turn is stored.
fn ask(
    frame: &Frame<'_>,
    asking: Asking<'_>,
    number: Option<u32>,
    turn: &mut Turn<'_>,
) -> Result<Answer, Refusal> {
    if !matches!(frame.body, Body::Ping) && !turn.visit.may_request() {
        return Err(Code::RateLimited);
    }
    let device = turn.gateway.devices.asking(asking)?;
    turn.device(&device);
    if device.sequence(asking.is_sealed).is_some()
        && let Some(number) = number
    {
        if !device.use_number(asking.is_sealed, number) {
            return Err(Code::InvalidSeq);
        }
        turn.batch.number(asking.is_sealed, number);
    }
    let now = clock::unix();
    Ok(match &frame.body {
        Body::Push(_) => {
            let points = frame.points();
            let count = points.len() as u64;
            for point in points {
                let write = |json: &mut String| _ = point.write_json(json);
                turn.batch.point(point.variable, point.time.unwrap_or(now), write);
            }
            Answer::Stored(count)
        }
        // Bytes that only their owner understands: one point, as they came.
        Body::Raw(raw) => {
            let point = serde_json::json!({
                "variable": "payload", "value": raw.data(),
                "metadata": {"encoding": raw.encoding().name()},
            });
            turn.batch.point("payload", now, |json| json.push_str(&point.to_string()));
            Answer::Stored(1)
        }
        Body::Pull(names) => {
            turn.batch.pull(names.clone().map(str::to_owned).collect());
            Answer::Pulled(None)
        }
        Body::Ping => match device.next_command() {
            Some((id, text)) => {
                turn.batch.command_sent(id);
                Answer::Command(text)
            }
            None => Answer::Pong,
        },
    })
}

impl Answer {
    fn write<'b>(&self, reply: &mut Reply<Slice<'b>>) -> Result<&'b [u8], BuildError> {
        match self {
            Answer::Stored(count) => reply.count(*count).finish(),
            Answer::Pulled(Some(list)) if list != "[]" => {
                reply.variables().points_json(list).finish()
            }
            Answer::Pulled(_) => reply.error(Code::VariableNotFound).finish(),
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

/// What the session wants to know of devices while it reads and answers.
struct Session<'a> {
    devices: &'a Devices,
    keys: MutexGuard<'a, Keys>,
    /// A copy: the number is used for good by [`ask`], which other connections of the device may be
    /// doing at the same time.
    sequence: Option<Sequence>,
}

impl Session<'_> {
    fn new(devices: &Devices) -> Session<'_> {
        Session { devices, keys: devices.keys(), sequence: None }
    }
}

impl Known for Session<'_> {
    fn sequence(&mut self, asking: Asking<'_>) -> Option<&mut Sequence> {
        let device = self.devices.asking(asking).ok()?;
        self.sequence = device.sequence(asking.is_sealed);
        self.sequence.as_mut()
    }

    fn key(&self, header: &Header, nth: usize) -> Option<(usize, &Sealer)> {
        self.keys.fitting(header, nth)
    }

    fn sealer(&mut self, name: usize) -> Option<&mut Sealer> {
        self.keys.sealer(name)
    }
}
