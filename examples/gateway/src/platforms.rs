//! ThingsPanel and ThingsBoard: the core's session says what devices tell, and this stores it.

use std::sync::Arc;

use tipwire::platform::{Protocol, Server, ServerEvent, Told};
use tipwire::session::Endpoint;
use tipwire::{Code, Kind};

use crate::clock;
use crate::connection::{Speaker, Turn};
use crate::devices::Device;
use crate::live::{Live, Peer};
use crate::store::{Answer, Ask, Point};

/// A connection of a platform's device.
pub struct Platform {
    session: Server<Arc<Protocol>>,
    peer: Peer,
    /// Whose connection it is, where that is said once.
    device: Option<Arc<Device>>,
}

impl Platform {
    pub fn new(protocol: &Arc<Protocol>, peer: Peer, idle: u32) -> Result<Platform, Kind> {
        let session = Server::new(Arc::clone(protocol), idle.saturating_mul(1000), clock::now())?;
        Ok(Platform { session, peer, device: None })
    }
}

impl Speaker for Platform {
    fn receive(&mut self, input: &mut &[u8], turn: &mut Turn<'_>) {
        let gateway = turn.gateway;
        while let Some(event) = self.session.next_event(input, clock::now()) {
            match event {
                ServerEvent::Token(token) => {
                    self.device = gateway.devices.with_access(token).ok();
                    match &self.device {
                        Some(device) => {
                            turn.ask(device, Ask::Hello);
                            self.session.accept();
                        }
                        None => self.session.refuse(),
                    }
                }
                ServerEvent::Told { bytes, told } => {
                    let told = read(told, self.device.as_ref(), turn).map_err(Code::name);
                    show(&gateway.live, self.peer, bytes, &told);
                    for (device, points) in told.unwrap_or_default() {
                        turn.ask(&device, Ask::Push(points));
                        self.session.accept();
                    }
                }
                ServerEvent::Rejected { bytes, error } => {
                    show(&gateway.live, self.peer, bytes, &Err(&error.to_string()));
                }
            }
        }
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
fn read(told: Told<'_>, own: Option<&Arc<Device>>, turn: &Turn<'_>) -> Result<Points, Code> {
    let (now, mut all) = (clock::unix(), Points::new());
    for (name, points) in told {
        let device = match (name, own) {
            (Some(name), _) => turn.gateway.devices.named(&name.to_string())?,
            (None, Some(own)) => Arc::clone(own),
            // Nobody yet, who shows that it is there.
            (None, None) => continue,
        };
        all.push((device, points.map(|point| Point::of_reading(&point, now)).collect()));
    }
    let is_free = all.iter().all(|(_, points)| points.is_empty());
    if is_free || turn.visit.may_request() { Ok(all) } else { Err(Code::RateLimited) }
}

/// Shows a message: its points, or what is wrong with it.
fn show(live: &Live, peer: Peer, bytes: &[u8], told: &Result<Points, &str>) {
    let devices = told.as_deref().unwrap_or_default();
    let device = devices.first().map(|(device, _)| device.serial.as_str());
    let points: Vec<&str> =
        devices.iter().flat_map(|(_, points)| points).map(|point| point.json.as_str()).collect();
    if let Some(row) = live.row(peer, device, [bytes, b""], points.len()) {
        let problem = told.as_ref().err().copied().unwrap_or_default();
        live.show(row.with("points", format!("[{}]", points.join(","))), problem);
    }
}
