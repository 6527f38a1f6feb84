//! ThingsPanel and ThingsBoard: the core's session says what devices tell, and this stores it.

use std::sync::Arc;

use tipwire::platform::{Protocol, Server, ServerEvent, Told};
use tipwire::session::Endpoint;
use tipwire::{Code, Kind};

use crate::clock;
use crate::connection::Speaker;
use crate::devices::Device;
use crate::gateway::Guest;
use crate::store::{Answer, Ask, Number, Point, Request};

/// A connection of a platform's device.
pub struct Platform {
    guest: Arc<Guest>,
    session: Server<Arc<Protocol>>,
    via: &'static str,
    /// Whose connection it is, where that is said once.
    device: Option<Arc<Device>>,
}

impl Platform {
    pub fn new(
        guest: &Arc<Guest>,
        protocol: &Arc<Protocol>,
        via: &'static str,
    ) -> Result<Platform, Kind> {
        let idle = guest.gateway.config.limits.idle.saturating_mul(1000);
        let session = Server::new(Arc::clone(protocol), idle, clock::now())?;
        Ok(Platform { guest: Arc::clone(guest), session, via, device: None })
    }
}

impl Speaker for Platform {
    fn receive(&mut self, input: &mut &[u8]) -> Vec<Result<Request, Code>> {
        let (guest, via) = (&*self.guest, self.via);
        let mut asked = Vec::new();
        let mut ask = |device: Arc<Device>, ask| {
            asked.push(Ok(Request { device, number: Number::Uncounted, ask }));
        };
        while let Some(event) = self.session.next_event(input, clock::now()) {
            match event {
                ServerEvent::Token(token) => {
                    self.device = guest.gateway.devices.with_access(token).ok();
                    match &self.device {
                        Some(device) => {
                            ask(Arc::clone(device), Ask::Hello);
                            self.session.accept();
                        }
                        None => self.session.refuse(),
                    }
                }
                ServerEvent::Told { bytes, told } => {
                    let told = read(told, self.device.as_ref(), guest).map_err(Code::name);
                    show(guest, via, bytes, &told);
                    for (device, points) in told.unwrap_or_default() {
                        ask(device, Ask::Push(points));
                        self.session.accept();
                    }
                }
                ServerEvent::Rejected { bytes, error } => {
                    show(guest, via, bytes, &Err(&error.to_string()));
                }
            }
        }
        asked
    }

    fn answered(&mut self, answers: Vec<Answer>) {
        if answers.iter().any(|answer| matches!(answer, Answer::Refused(Code::ServerError))) {
            self.session.close("the database failed");
        }
    }

    fn command(&mut self, text: &str) -> bool {
        self.session.command(text).is_ok()
    }

    fn session(&mut self) -> &mut dyn Endpoint {
        &mut self.session
    }
}

/// Devices, and the points of each.
type Points = Vec<(Arc<Device>, Vec<Point>)>;

/// All that a message tells, or why nothing of it is taken in.
fn read(told: Told<'_>, own: Option<&Arc<Device>>, guest: &Guest) -> Result<Points, Code> {
    let (now, mut all) = (clock::unix(), Points::new());
    for (name, points) in told {
        let device = match (name, own) {
            (Some(name), _) => guest.gateway.devices.named(&name.to_string())?,
            (None, Some(own)) => Arc::clone(own),
            // Nobody yet, who shows that it is there.
            (None, None) => continue,
        };
        all.push((device, points.map(|point| Point::of_reading(&point, now)).collect()));
    }
    let is_free = all.iter().all(|(_, points)| points.is_empty());
    if is_free || guest.visit.may_request() { Ok(all) } else { Err(Code::RateLimited) }
}

/// Shows a message: its points, or what is wrong with it.
fn show(guest: &Guest, via: &str, bytes: &[u8], told: &Result<Points, &str>) {
    let devices = told.as_deref().unwrap_or_default();
    let device = devices.first().map(|(device, _)| device.serial.as_str());
    let points: Vec<&str> =
        devices.iter().flat_map(|(_, points)| points).map(|point| point.json.as_str()).collect();
    let live = &guest.gateway.live;
    if let Some(row) = live.row(via, guest.address, device, [bytes, b""], points.len()) {
        let problem = told.as_ref().err().copied().unwrap_or_default();
        live.show(row.with("points", format!("[{}]", points.join(","))), problem);
    }
}
