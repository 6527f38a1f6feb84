//! The way to the database.
//!
//! One thread writes. It takes all that waits, makes one transaction of it, and tells everybody when
//! that is on disk: whoever is told can acknowledge. Under load, many share one commit.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Result as Sql};
use tipwire::Code;
use tipwire::platform::Reading;
use tokio::sync::{mpsc, oneshot, watch};

use crate::config::Config;
use crate::db::Db;
use crate::devices::Device;

/// Most that waits for the writer, and most that one transaction takes.
const WAITING: usize = 256;

/// What a device asks for.
pub struct Request {
    pub device: Arc<Device>,
    pub number: Number,
    pub ask: Ask,
}

/// The counter of a request.
#[derive(Clone, Copy)]
pub enum Number {
    /// Its protocol has none.
    Uncounted,
    Frame(Option<u32>),
    Envelope(u32),
}

pub enum Ask {
    /// Only to be known.
    Hello,
    Push(Vec<Point>),
    Pull(Vec<String>),
    Ping,
}

/// A data point, and what it is found by.
pub struct Point {
    pub variable: String,
    pub time: u64,
    pub json: String,
}

impl Point {
    /// A data point of a frame that came now.
    pub fn of(point: &tipwire::Point<'_>, now: u64) -> Point {
        let mut json = String::new();
        _ = point.write_json(&mut json);
        Point { variable: point.variable.to_owned(), time: point.time.unwrap_or(now), json }
    }

    /// One that came now and that no frame has written.
    pub fn of_reading(reading: &Reading<'_>, now: u64) -> Point {
        let mut json = String::new();
        _ = reading.write_json(&mut json);
        Point { variable: reading.variable().to_string(), time: reading.time.unwrap_or(now), json }
    }
}

/// What is answered once all is stored.
#[derive(Clone)]
pub enum Answer {
    Stored(u64),
    /// A list of data points in JSON.
    Pulled(String),
    Command(String),
    Pong,
    Refused(Code),
}

/// The way to the database.
pub struct Store {
    jobs: mpsc::Sender<Job>,
    newest: watch::Receiver<i64>,
    path: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotStored;

/// What is to be done in a transaction, and then after it.
type Job = Box<dyn FnOnce(&mut Db) -> Sql<Done> + Send>;
type Done = Box<dyn FnOnce()>;

impl Store {
    /// Starts the writer.
    pub fn new(config: &Config, db: Db) -> Store {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let (tell, newest) = watch::channel(0);
        std::thread::spawn(move || write(db, waiting, &tell));
        Store { jobs, newest, path: config.database.clone() }
    }

    /// Does this in the next transaction, and waits until that is on disk.
    pub async fn commit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db) -> Sql<T> + Send + 'static,
    ) -> Result<T, NotStored> {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            let outcome = work(db)?;
            // Who has gone away does not want to know.
            Ok(Box::new(move || _ = tell.send(outcome)))
        });
        self.jobs.send(job).await.map_err(|_| NotStored)?;
        told.await.map_err(|_| NotStored)
    }

    /// Looks something up on a connection of its own: whoever reads does not hold up the writer.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Sql<T> + Send + 'static,
    ) -> Result<T, String> {
        let path = self.path.clone();
        let found = tokio::task::spawn_blocking(move || {
            let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            db.busy_timeout(Duration::from_secs(2))?;
            look(&db)
        });
        found.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }

    /// The id of the newest point, whenever there is another one.
    pub fn newest(&self) -> watch::Receiver<i64> {
        self.newest.clone()
    }
}

/// What the one thread does.
fn write(mut db: Db, mut waiting: mpsc::Receiver<Job>, newest: &watch::Sender<i64>) {
    let mut jobs = Vec::new();
    while waiting.blocking_recv_many(&mut jobs, WAITING) > 0 {
        let jobs = jobs.drain(..);
        match db.transact(|db| jobs.map(|job| job(db)).collect::<Sql<Vec<_>>>()) {
            Ok((done, last)) => {
                done.into_iter().for_each(|done| done());
                newest.send_if_modified(|known| std::mem::replace(known, last) != last);
            }
            Err(error) => eprintln!("gateway: the database: {error}"),
        }
    }
}
