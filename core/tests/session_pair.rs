//! A device and its server back to back on a clock of their own, with everything between them that
//! can go wrong. What must hold in every world:
//!
//! - a request that the device was told is done was stored;
//! - with counters, nothing is stored twice;
//! - every request gets exactly one outcome, and every request at the server one answer;
//! - no buffer grows beyond its limit.
//!
//! A world is made from a seed, which is printed if something does not hold. With `TIPWIRE_SEED=7` in
//! its environment, `cargo test -p tipwire --test session_pair -- --nocapture` tells what happens in
//! that world alone; with `TIPWIRE_WORLDS=100000` it tries so many.

mod support;

use std::collections::{BTreeMap, VecDeque};

use support::Random;
use tipwire::session::{
    Client, ClientEvent, ClientSettings, Device, Devices, Overflow, Queued, Sequence, Server,
    ServerEvent, ServerSettings, Ticket, Transport,
};
use tipwire::stream::{Buffer, Mode};
use tipwire::{
    Ack, Body, BuildError, Cipher, Code, Header, Kind, Layout, Sealer, Status, Token, Value,
};

const AUTH: &str = "4deedd7bab8817ec";
const SERIAL: &str = "sensor-01";
const WORLDS: usize = 4_000;
/// Until then things go wrong.
const TROUBLE: u64 = 200_000;
/// By then everything must be settled.
const END: u64 = 2_000_000;

#[test]
fn whatever_goes_wrong_between_them_nothing_acknowledged_is_lost_or_stored_twice() {
    if let Some(seed) = std::env::var("TIPWIRE_SEED").ok().and_then(|seed| seed.parse().ok()) {
        World::new(seed, true).run();
        return;
    }
    let mut all = Tally::default();
    let worlds = std::env::var("TIPWIRE_WORLDS").ok().and_then(|worlds| worlds.parse().ok());
    for seed in 0..worlds.unwrap_or(support::rounds(WORLDS)) as u64 {
        let culprit = Culprit(seed);
        let tally = World::new(seed, false).run();
        std::mem::forget(culprit);
        all.add(&tally);
    }
    println!("{all:?}");
    // A test of nothing would pass as well.
    assert!(all.done > 5 * all.refused, "{all:?}");
    for count in [all.done, all.repeated, all.refused, all.lost, all.dropped, all.commands] {
        assert!(count > 0, "{all:?}");
    }
    for count in [all.connections, all.rejected, all.restarts, all.unreadable, all.already] {
        assert!(count > 0, "{all:?}");
    }
}

/// Says which world it was.
struct Culprit(u64);

impl Drop for Culprit {
    fn drop(&mut self) {
        eprintln!("it was world {0}: TIPWIRE_SEED={0} tells what happens in it", self.0);
    }
}

#[derive(Default, Debug)]
struct Tally {
    done: usize,
    repeated: usize,
    already: usize,
    refused: usize,
    lost: usize,
    dropped: usize,
    commands: usize,
    connections: usize,
    rejected: usize,
    restarts: usize,
    unreadable: usize,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.done += other.done;
        self.repeated += other.repeated;
        self.already += other.already;
        self.refused += other.refused;
        self.lost += other.lost;
        self.dropped += other.dropped;
        self.commands += other.commands;
        self.connections += other.connections;
        self.rejected += other.rejected;
        self.restarts += other.restarts;
        self.unreadable += other.unreadable;
    }
}

/// A buffer that grows as it is asked to, but never beyond its limit.
struct Metered {
    bytes: Vec<u8>,
    limit: usize,
}

impl Metered {
    fn new(limit: usize) -> Metered {
        Metered { bytes: Vec::new(), limit }
    }
}

impl Buffer for Metered {
    fn limit(&self) -> usize {
        self.limit
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    fn grow(&mut self, length: usize) {
        assert!(length <= self.limit, "{length} bytes of {}", self.limit);
        self.bytes.resize(length.max(self.bytes.len()), 0);
    }
}

/// What the server keeps beside its connections.
struct Registry {
    sequence: Option<Sequence>,
    sealer: Sealer,
}

impl Devices for Registry {
    fn sequence(&mut self, device: Device<'_>) -> Option<&mut Sequence> {
        self.sequence.as_mut().filter(|_| (device.auth, device.serial) == (AUTH, SERIAL))
    }

    fn key(&self, header: &Header, nth: usize) -> Option<(usize, &Sealer)> {
        (nth == 0 && header.is_of(SERIAL)).then_some((7, &self.sealer))
    }

    fn sealer(&mut self, name: usize) -> Option<&mut Sealer> {
        (name == 7).then_some(&mut self.sealer)
    }
}

fn sealer(next: u64) -> Sealer {
    let token = Token::new("ate2bd319014b24e0a8aca9f00aea4c0d0").unwrap();
    Sealer::new(Layout::Current, Cipher::Aes128Ccm, &[7; 16], &token, SERIAL, next).unwrap()
}

/// What goes wrong in a world.
#[derive(Clone, Copy, Debug)]
struct Weather {
    transport: Transport,
    is_sealed: bool,
    has_counters: bool,
    window: u8,
    /// One in so many; 0 for never.
    loss: usize,
    cut: usize,
    spoils_requests: bool,
    spoils_answers: bool,
    failure: usize,
    restart: usize,
    attempts: u8,
    overflow: Overflow,
    queue: usize,
    latency: usize,
}

impl Weather {
    fn of(random: &mut Random) -> Weather {
        let transport = if random.chance(3) { Transport::Datagrams } else { Transport::Stream };
        let is_sealed = random.chance(3);
        let is_unnumbered = is_sealed && transport == Transport::Datagrams;
        let window = if random.chance(2) { 0 } else { 96 };
        let is_spoilt = random.chance(4);
        Weather {
            transport,
            is_sealed,
            // Answers in envelopes tell no number. As datagrams, without counters, a second answer
            // to one request cannot be told from the first one to the next.
            has_counters: !random.chance(5) || is_unnumbered,
            window,
            loss: [0, 3, 10, 30][random.below(4)],
            cut: [0, 10, 40, 200][random.below(4)],
            // A stream that loses bytes and tells nobody is no stream: with text, where many
            // requests are on their way, only a window tells then what was stored.
            spoils_requests: is_spoilt && (window > 0 || is_sealed),
            spoils_answers: is_spoilt && random.chance(2),
            // For the same reason no number may be taken back there.
            failure: if is_unnumbered { 0 } else { [0, 10][random.below(2)] },
            restart: [0, 0, 60][random.below(3)],
            attempts: [0, 0, 3][random.below(3)],
            overflow: [Overflow::Refuse, Overflow::DropOldest][random.below(2)],
            queue: [300, 600, 4_000][random.below(3)],
            latency: [5, 300, 3_000][random.below(3)],
        }
    }
}

/// Bytes under way: in order on a stream, else each datagram with its own time.
#[derive(Default)]
struct Pipe {
    parcels: VecDeque<(u64, Vec<u8>)>,
}

impl Pipe {
    fn next(&self) -> Option<u64> {
        self.parcels.iter().map(|(at, _)| *at).min()
    }

    fn take(&mut self, now: u64) -> Option<Vec<u8>> {
        let nth = self.parcels.iter().position(|(at, _)| *at <= now)?;
        self.parcels.remove(nth).map(|(_, bytes)| bytes)
    }
}

/// A connection as the server sees it.
struct Connection {
    server: Server<Metered>,
    up: Pipe,
    down: Pipe,
    /// What the server has not read yet.
    unread: Vec<u8>,
    /// When which request is answered, and how.
    answers: VecDeque<(u64, Ticket, Reply)>,
    asked: usize,
    answered: usize,
    /// The counters of the answers that are owed, as far as they can be known, and what has been said
    /// of the next line.
    owed: VecDeque<Option<u32>>,
    line: Vec<u8>,
    /// Whether the device still listens.
    is_whole: bool,
    /// When the device learns that the server has closed.
    closes: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
enum Reply {
    Count(u64),
    Pong,
    List,
    Refuse(Code),
}

/// What became of a request, and what it was.
struct Request {
    /// What a PUSH stores.
    id: Option<u64>,
    outcomes: usize,
}

struct World {
    random: Random,
    weather: Weather,
    tells: bool,
    now: u64,
    client: Client<Metered, Metered, Option<Sealer>>,
    next_number: u64,
    registry: Registry,
    /// The newest is the last; the others only live on at the server.
    connections: Vec<Connection>,
    connects: Option<(u64, bool)>,
    acts: u64,
    requests: BTreeMap<u32, Request>,
    next_id: u64,
    stored: BTreeMap<u64, usize>,
    tally: Tally,
}

macro_rules! tell {
    ($world:expr, $($what:tt)*) => {
        if $world.tells {
            println!("{:>8}  {}", $world.now, format!($($what)*));
        }
    };
}

impl World {
    fn new(seed: u64, tells: bool) -> World {
        let mut random = Random::new(seed);
        let weather = Weather::of(&mut random);
        if tells {
            println!("{weather:#?}");
        }
        let sequence = weather.has_counters.then(|| Sequence::with_window(weather.window));
        let mut world = World {
            client: make_client(&weather, 1, seed),
            random,
            weather,
            tells,
            now: 0,
            next_number: 1,
            registry: Registry { sequence, sealer: sealer(0) },
            connections: Vec::new(),
            connects: None,
            acts: 0,
            requests: BTreeMap::new(),
            next_id: 0,
            stored: BTreeMap::new(),
            tally: Tally::default(),
        };
        world.next_number = world.client.reserve(50);
        world
    }

    fn run(mut self) -> Tally {
        while self.now < END {
            self.step();
            let is_settled = self.client.is_idle() && self.now > TROUBLE;
            if is_settled && self.connections.iter().all(|one| one.answers.is_empty()) {
                break;
            }
            self.now = self.next_time();
        }
        assert!(self.client.is_idle(), "everything is settled in the end");
        for (number, request) in &self.requests {
            assert_eq!(request.outcomes, 1, "request {number}");
        }
        self.tally
    }

    fn is_in_trouble(&self) -> bool {
        self.now < TROUBLE
    }

    fn chance(&mut self, one_in: usize) -> bool {
        one_in > 0 && self.is_in_trouble() && self.random.chance(one_in)
    }

    /// The next time at which anything happens.
    fn next_time(&self) -> u64 {
        let mut times = vec![self.now + 60_000];
        times.extend(self.client.deadline());
        times.extend(self.connects.map(|(at, _)| at));
        if self.is_in_trouble() {
            times.push(self.acts);
        }
        for one in &self.connections {
            let theirs = [one.up.next(), one.down.next(), one.server.deadline(), one.closes];
            times.extend(theirs.into_iter().flatten());
            times.extend(one.answers.front().map(|(at, ..)| *at));
        }
        times.into_iter().min().unwrap_or(END).max(self.now + 1)
    }

    fn step(&mut self) {
        if self.is_in_trouble() && self.acts <= self.now {
            self.act();
            self.acts = self.now + 1 + self.random.below(4_000) as u64;
        }
        if let Some((at, works)) = self.connects
            && at <= self.now
        {
            self.connects = None;
            if works {
                self.connect();
            } else {
                tell!(self, "cannot connect");
                self.client.disconnected(self.now);
            }
        }
        for nth in 0..self.connections.len() {
            self.serve(nth);
        }
        if self.chance(self.weather.cut) {
            self.cut();
        }
        self.client.handle_timeout(self.now);
        self.hear(&[]);
        self.listen();
        self.speak();
        let count = self.connections.len();
        let mut nth = 0;
        self.connections.retain(|one| {
            nth += 1;
            let is_done = one.up.parcels.is_empty() && one.answers.is_empty();
            nth == count && one.is_whole || !is_done
        });
    }

    /// The device has something to say, or breaks.
    fn act(&mut self) {
        if self.chance(self.weather.restart) {
            tell!(self, "restart, going on with {}", self.next_number);
            self.tally.restarts += 1;
            self.drop_connection(0);
            let seed = self.random.next();
            self.client = make_client(&self.weather, self.next_number, seed);
            self.next_number = self.client.reserve(50);
            self.connects = None;
            // What it had kept is gone.
            for request in self.requests.values_mut().filter(|request| request.outcomes == 0) {
                request.outcomes = 1;
            }
            return;
        }
        if self.client.counter().left() < 5 {
            self.next_number = self.client.reserve(50);
        }
        let (now, id) = (self.now, self.next_id);
        let (what, queued) = match self.random.below(6) {
            0 => (None, self.client.ping(now)),
            1 => (None, self.client.pull(now, |pull| _ = pull.name("t"))),
            2 => {
                let frame = format!("PUSH|!77|{AUTH}|{SERIAL}|[id:={id}]\n");
                (Some(id), self.client.send(frame.as_bytes(), now))
            }
            _ => (Some(id), self.client.push(now, |push| _ = push.number("id", id).unit("x"))),
        };
        self.next_id += 1;
        match queued {
            Ok(queued) => self.queue(what, queued),
            Err(BuildError { kind: Kind::Full, .. }) => tell!(self, "the queue is full"),
            Err(error) => panic!("{error}"),
        }
    }

    fn queue(&mut self, id: Option<u64>, queued: Queued) {
        tell!(self, "queued {queued:?}, {id:?}");
        let before = self.requests.insert(queued.number, Request { id, outcomes: 0 });
        assert!(before.is_none(), "a number is given once: {}", queued.number);
        if let Some((first, last)) = queued.dropped {
            let mut dropped = 0;
            for (_, request) in self.requests.range_mut(first..=last) {
                // Between them may be some that were settled out of order.
                dropped += usize::from(request.outcomes == 0);
                request.outcomes = request.outcomes.max(1);
            }
            assert!(dropped > 0);
            self.tally.dropped += dropped;
        }
    }

    fn connect(&mut self) {
        tell!(self, "connected");
        self.tally.connections += 1;
        self.client.connected(self.now);
        let settings =
            ServerSettings { transport: self.weather.transport, ..ServerSettings::default() };
        let buffers = (Metered::new(400), Metered::new(400));
        self.connections.push(Connection {
            server: Server::new(&settings, buffers.0, buffers.1, self.now).unwrap(),
            up: Pipe::default(),
            down: Pipe::default(),
            unread: Vec::new(),
            answers: VecDeque::new(),
            asked: 0,
            answered: 0,
            owed: VecDeque::new(),
            line: Vec::new(),
            is_whole: true,
            closes: None,
        });
    }

    /// The connection breaks, and something of what was under way still arrives.
    fn cut(&mut self) {
        if self.weather.transport == Transport::Datagrams || !self.client.is_connected() {
            return;
        }
        tell!(self, "cut");
        let arrives = self.random.below(3);
        self.drop_connection(arrives);
        self.client.disconnected(self.now);
    }

    /// The device lets go of its connection; so many parcels still arrive.
    fn drop_connection(&mut self, arrive: usize) {
        if let Some(one) = self.connections.last_mut() {
            one.is_whole = false;
            one.closes = None;
            one.up.parcels.truncate(arrive);
        }
    }

    /// What the device has to send goes on its way.
    fn speak(&mut self) {
        while !self.client.output().is_empty() {
            let output = self.client.output().to_vec();
            let count = match self.weather.transport {
                Transport::Datagrams => output.len(),
                Transport::Stream => 1 + self.random.below(output.len()),
            };
            self.client.sent(count, self.now);
            let bytes = output.get(..count).unwrap().to_vec();
            let spoils = self.weather.spoils_requests;
            let parcels = self.parcels(bytes, spoils);
            let Some(one) = self.connections.last_mut().filter(|one| one.is_whole) else { return };
            one.up.put(self.weather.transport, parcels);
        }
    }

    /// What becomes of bytes on their way.
    fn parcels(&mut self, mut bytes: Vec<u8>, spoils: bool) -> Vec<(u64, Vec<u8>)> {
        let mut parcels = Vec::new();
        if spoils && self.chance(20) && !bytes.is_empty() {
            let at = self.random.below(bytes.len());
            tell!(self, "byte {at} is spoilt");
            bytes[at] = 0xff;
            if self.random.chance(4) {
                bytes.splice(at..at, *b"\nACK|?\nPING|!1|zz\n");
            }
        }
        match self.weather.transport {
            Transport::Datagrams => {
                for _ in 0..1 + usize::from(self.chance(5)) {
                    if !self.chance(self.weather.loss) {
                        let latency = 1 + self.random.below(self.weather.latency) as u64;
                        parcels.push((self.now + latency, bytes.clone()));
                    }
                }
            }
            Transport::Stream => {
                while !bytes.is_empty() {
                    let rest = bytes.split_off(1 + self.random.below(bytes.len()));
                    let latency = 1 + self.random.below(self.weather.latency) as u64;
                    parcels.push((self.now + latency, bytes));
                    bytes = rest;
                }
            }
        }
        parcels
    }

    /// What arrives at the device.
    fn listen(&mut self) {
        loop {
            let Some(one) = self.connections.last_mut().filter(|one| one.is_whole) else { return };
            let Some(bytes) = one.down.take(self.now) else {
                if one.closes.is_some_and(|at| at <= self.now) && one.down.parcels.is_empty() {
                    tell!(self, "the server has closed");
                    self.drop_connection(2);
                    self.client.disconnected(self.now);
                    self.hear(&[]);
                }
                return;
            };
            self.hear(&bytes);
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let mut input = bytes;
        while let Some(event) = self.client.next_event(&mut input, self.now) {
            tell!(self, "device: {event:?}");
            match event {
                ClientEvent::Connect => {
                    let works = !self.random.chance(5) || self.now >= TROUBLE;
                    self.connects = Some((self.now + 1 + self.random.below(300) as u64, works));
                }
                ClientEvent::Disconnect(_) => {
                    self.connects = None;
                    if let Some(one) = self.connections.last_mut() {
                        one.is_whole = false;
                        one.closes = None;
                    }
                }
                ClientEvent::Answer(answer) => {
                    let request = self.requests.get_mut(&answer.number).expect("a request");
                    request.outcomes += 1;
                    self.tally.repeated += usize::from(answer.is_repeated);
                    if answer.is_done() {
                        self.tally.done += 1;
                        self.tally.already += usize::from(answer.ack.code().is_some());
                        if let Some(id) = request.id {
                            assert!(self.stored.contains_key(&id), "{id} is told to be stored");
                        }
                    } else {
                        self.tally.refused += 1;
                    }
                }
                ClientEvent::Command { text, answers } => {
                    assert!(text.starts_with("do=") || self.weather.spoils_answers, "{text}");
                    self.tally.commands += 1;
                    if let Some(number) = answers {
                        self.requests.get_mut(&number).expect("a request").outcomes += 1;
                    }
                }
                ClientEvent::Lost { number } => {
                    self.requests.get_mut(&number).expect("a request").outcomes += 1;
                    self.tally.lost += 1;
                }
                ClientEvent::Unreadable(_) => self.tally.unreadable += 1,
                _ => {}
            }
        }
        assert!(input.is_empty());
    }

    /// The server reads, answers and sends.
    fn serve(&mut self, nth: usize) {
        let now = self.now;
        let one = &mut self.connections[nth];
        one.server.handle_timeout(now);
        self.read(nth);
        while let Some(&(at, ticket, reply)) = self.connections[nth].answers.front() {
            if at > now {
                break;
            }
            let one = &mut self.connections[nth];
            let answered = one.server.answer(ticket, &mut self.registry, |answer| match reply {
                Reply::Count(count) => answer.count(count).finish(),
                Reply::Pong => answer.pong().finish(),
                Reply::List => answer.variables().number("t", 1).finish(),
                Reply::Refuse(code) => answer.error(code).finish(),
            });
            match answered {
                Ok(()) => one.answered += 1,
                Err(BuildError { kind: Kind::Full, .. }) => {
                    self.flush(nth);
                    continue;
                }
                Err(error) => panic!("{error}"),
            }
            self.connections[nth].answers.pop_front();
        }
        if self.chance(100) && !self.connections[nth].server.is_closed() {
            let command = format!("do={now}");
            let one = &mut self.connections[nth];
            if self.weather.transport == Transport::Stream {
                _ = one.server.command(&mut self.registry, &command);
            }
        }
        self.flush(nth);
        self.read(nth);
        self.flush(nth);
        let one = &mut self.connections[nth];
        if one.server.is_closed() && one.closes.is_none() {
            assert_eq!(one.asked, one.answered, "every request has got its answer");
            let last = one.down.parcels.back().map_or(now, |(at, _)| *at);
            one.closes = Some(last + 1);
        }
    }

    fn read(&mut self, nth: usize) {
        loop {
            let one = &mut self.connections[nth];
            let is_stream = self.weather.transport == Transport::Stream;
            if is_stream || one.unread.is_empty() {
                let Some(bytes) = one.up.take(self.now) else { break };
                one.unread.extend(bytes);
            }
            if !self.handle(nth) {
                break;
            }
        }
        self.handle(nth);
    }

    /// Hands requests to the application. Whether all that came was read.
    fn handle(&mut self, nth: usize) -> bool {
        let unread = std::mem::take(&mut self.connections[nth].unread);
        let mut input = &unread[..];
        loop {
            let one = &mut self.connections[nth];
            let Some(event) = one.server.next_event(&mut input, self.now, &mut self.registry)
            else {
                break;
            };
            tell!(self, "server: {event:?}");
            match event {
                ServerEvent::Request { ticket, number, frame, device } => {
                    assert_eq!(device.is_sealed, self.weather.is_sealed);
                    one.asked += 1;
                    one.owed.push_back(frame.seq);
                    let fails = self.weather.failure > 0
                        && self.now < TROUBLE
                        && self.random.chance(self.weather.failure);
                    let reply = match frame.body {
                        Body::Push(_) if fails => {
                            // Nothing was stored: the number is free again.
                            if let Some(sequence) = &mut self.registry.sequence {
                                sequence.retract(number.expect("clients number requests"));
                            }
                            Reply::Refuse(Code::ServerError)
                        }
                        Body::Push(_) => {
                            let value = frame.variables().next().map(|first| first.value);
                            let Some(Value::Number(id)) = value else { panic!("{frame:?}") };
                            let id = id.as_str().parse().expect("an id");
                            let count = self.stored.entry(id).or_default();
                            *count += 1;
                            assert!(
                                *count == 1 || !self.weather.has_counters,
                                "{id} is stored twice"
                            );
                            Reply::Count(1)
                        }
                        Body::Pull(_) => Reply::List,
                        _ => Reply::Pong,
                    };
                    let delay = match self.weather.transport {
                        Transport::Stream => self.random.below(400) as u64,
                        Transport::Datagrams => 0,
                    };
                    let last = one.answers.back().map_or(0, |(at, ..)| *at);
                    one.answers.push_back((last.max(self.now + delay), ticket, reply));
                }
                ServerEvent::Rejected { .. } => {
                    one.owed.push_back(None);
                    self.tally.rejected += 1;
                }
                _ => {}
            }
        }
        let is_all = input.is_empty();
        self.connections[nth].unread = input.to_vec();
        // A peer that does not wait is not waited for.
        assert!(self.connections[nth].unread.len() <= 100_000);
        is_all
    }

    fn flush(&mut self, nth: usize) {
        loop {
            let output = self.connections[nth].server.output().to_vec();
            if output.is_empty() {
                return;
            }
            let count = match self.weather.transport {
                Transport::Datagrams => output.len(),
                Transport::Stream => 1 + self.random.below(output.len()),
            };
            self.connections[nth].server.sent(count);
            self.connections[nth].check(&output[..count]);
            let spoils = self.weather.spoils_answers;
            let parcels = self.parcels(output[..count].to_vec(), spoils);
            self.connections[nth].down.put(self.weather.transport, parcels);
        }
    }
}

impl Connection {
    /// Every request gets one answer, in its turn; between answers there are commands, and at the end
    /// a farewell.
    fn check(&mut self, output: &[u8]) {
        if self.server.mode() != Some(Mode::Text) {
            return;
        }
        for &byte in output {
            self.line.push(byte);
            if byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                let ack = Ack::parse(&line).expect("an answer");
                if ack.seq.is_none() && ack.status == Status::Cmd {
                    continue;
                }
                match self.owed.pop_front() {
                    Some(Some(seq)) => assert_eq!(ack.seq, Some(seq)),
                    Some(None) => assert_eq!(ack.status, Status::Err),
                    None => assert!(self.server.is_closed(), "{ack:?}"),
                }
            }
        }
    }
}

impl Pipe {
    fn put(&mut self, transport: Transport, parcels: Vec<(u64, Vec<u8>)>) {
        for (at, bytes) in parcels {
            let last = match transport {
                Transport::Stream => self.parcels.back().map_or(0, |(at, _)| *at),
                Transport::Datagrams => 0,
            };
            self.parcels.push_back((at.max(last), bytes));
        }
    }
}

fn make_client(
    weather: &Weather,
    next_number: u64,
    seed: u64,
) -> Client<Metered, Metered, Option<Sealer>> {
    let settings = ClientSettings {
        transport: weather.transport,
        attempts: weather.attempts,
        overflow: weather.overflow,
        next_number,
        seed,
        ..ClientSettings::default()
    };
    let keys = weather.is_sealed.then(|| sealer(next_number));
    let (queue, input) = (Metered::new(weather.queue), Metered::new(128));
    Client::with_keys(&settings, AUTH, SERIAL, keys, queue, input).unwrap()
}
