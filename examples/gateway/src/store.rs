//! What is kept: points, devices and waiting commands, in SQLite.
//!
//! One thread writes. It takes all that waits, makes one transaction of it, and tells everybody when
//! that is on disk: whoever is told can acknowledge. Under load, many share one commit.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Result as Sql, params};
use tipwire::session::Sequence;
use tipwire::{Code, Hash};
use tokio::sync::{mpsc, oneshot, watch};

use crate::config::Config;
use crate::devices::Device;

/// Data points stand in the table as the core writes them in JSON, digits and all.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS device (
        id INTEGER PRIMARY KEY, serial TEXT NOT NULL UNIQUE, auth TEXT, frames BLOB, envelopes BLOB);
    CREATE TABLE IF NOT EXISTS point (
        id INTEGER PRIMARY KEY, device INTEGER NOT NULL, variable TEXT NOT NULL,
        time INTEGER NOT NULL, json TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS point_by_variable ON point (device, variable, time);
    CREATE TABLE IF NOT EXISTS command (
        id INTEGER PRIMARY KEY, device INTEGER NOT NULL, text TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS command_by_device ON command (device);
    CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, at INTEGER NOT NULL);
";

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

/// A device as the database has it.
pub struct Stored {
    pub id: i64,
    pub serial: String,
    pub auth: Option<String>,
    pub commands: u32,
}

/// The way to the database.
pub struct Store {
    jobs: mpsc::Sender<Job>,
    newest: watch::Receiver<i64>,
    path: PathBuf,
}

#[derive(Clone, Copy, Debug)]
pub struct NotStored;

/// What is to be done in a transaction, and then after it.
type Job = Box<dyn FnOnce(&mut Db) -> Sql<Done> + Send>;
type Done = Box<dyn FnOnce()>;

impl Store {
    /// Starts the writer.
    pub fn new(config: &Config, db: Db) -> Store {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let newest = db.newest.subscribe();
        std::thread::spawn(move || db.run(waiting));
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

    /// The number of the newest point, whenever there is another one.
    pub fn newest(&self) -> watch::Receiver<i64> {
        self.newest.clone()
    }
}

/// The database, as the writer has it.
pub struct Db {
    pub sql: Connection,
    /// The counters of devices, of frames and of envelopes: of those that the database knows.
    counters: HashMap<i64, [Sequence; 2]>,
    newest: watch::Sender<i64>,
    max_pages: i64,
}

impl Db {
    pub fn open(config: &Config) -> Sql<Db> {
        let sql = Connection::open(&config.database)?;
        sql.pragma_update(None, "journal_mode", "wal")?;
        sql.pragma_update(None, "synchronous", "full")?;
        sql.pragma_update(None, "wal_autocheckpoint", 4000)?;
        sql.pragma_update(None, "journal_size_limit", 32 << 20)?;
        sql.pragma_update(None, "cache_size", -32_000)?;
        sql.execute_batch(SCHEMA)?;
        let max_pages = match config.max_megabytes {
            0 => i64::MAX,
            megabytes => (i64::from(megabytes) << 20) / pragma(&sql, "page_size")?,
        };
        let newest = watch::Sender::new(newest(&sql)?);
        Ok(Db { sql, counters: HashMap::new(), newest, max_pages })
    }

    fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        let mut jobs = Vec::new();
        while waiting.blocking_recv_many(&mut jobs, WAITING) > 0 {
            match self.transact(jobs.drain(..)) {
                Ok(done) => done.into_iter().for_each(|done| done()),
                Err(error) => {
                    eprintln!("gateway: the database: {error}");
                    // What was not stored was not heard: its numbers may come again.
                    self.counters.clear();
                    _ = self.sql.execute_batch("ROLLBACK");
                }
            }
        }
    }

    /// One transaction with all of the jobs.
    fn transact(&mut self, jobs: impl Iterator<Item = Job>) -> Sql<Vec<Done>> {
        self.sql.execute_batch("BEGIN")?;
        let done = jobs.map(|job| job(self)).collect::<Sql<Vec<_>>>()?;
        let (before, now) = (*self.newest.borrow(), newest(&self.sql)?);
        if now > before {
            self.make_room(before, now - before)?;
        }
        self.sql.execute_batch("COMMIT")?;
        if now > before {
            self.newest.send_replace(now);
        }
        Ok(done)
    }

    /// Forgets the oldest points where the database is as large as it may be: more than have come, so
    /// that it comes to an end. What they leave is used again.
    fn make_room(&self, before: i64, have_come: i64) -> Sql<()> {
        let used = pragma(&self.sql, "page_count")? - pragma(&self.sql, "freelist_count")?;
        if used >= self.max_pages {
            let mut delete = self.sql.prepare_cached(
                "DELETE FROM point WHERE id IN (SELECT id FROM point WHERE id <= ? ORDER BY id LIMIT ?)",
            )?;
            delete.execute([before, 2 * have_come])?;
        }
        Ok(())
    }

    /// Does what a device asks for.
    pub fn answer(&mut self, request: &Request) -> Sql<Answer> {
        let id = request.device.id;
        if !self.accept(&request.device, request.number)? {
            return Ok(Answer::Refused(Code::InvalidSeq));
        }
        Ok(match &request.ask {
            Ask::Hello => Answer::Pong,
            Ask::Push(points) => {
                let mut insert = self.sql.prepare_cached(
                    "INSERT INTO point (device, variable, time, json) VALUES (?, ?, ?, ?)",
                )?;
                for Point { variable, time, json } in points {
                    let time = i64::try_from(*time).unwrap_or(i64::MAX);
                    insert.execute(params![id, variable, time, json])?;
                }
                Answer::Stored(points.len() as u64)
            }
            Ask::Pull(names) => match self.last_values(id, names)? {
                values if values.is_empty() => Answer::Refused(Code::VariableNotFound),
                values => Answer::Pulled(format!("[{}]", values.join(","))),
            },
            Ask::Ping => {
                let mut delete = self.sql.prepare_cached(
                    "DELETE FROM command WHERE id = (SELECT min(id) FROM command WHERE device = ?)
                     RETURNING text",
                )?;
                let command = delete.query_row([id], |row| row.get(0)).optional()?;
                command.map_or(Answer::Pong, Answer::Command)
            }
        })
    }

    /// A device of the settings is to be known.
    pub fn provision(&self, serial: &str, auth: Option<Hash>) -> Sql<()> {
        let auth = auth.map(|hash| hash.to_string());
        let insert = "INSERT INTO device (serial, auth) VALUES (?, ?)
            ON CONFLICT (serial) DO UPDATE SET auth = excluded.auth";
        self.sql.execute(insert, params![serial, auth]).map(|_| ())
    }

    /// All devices, in the order of their ids.
    pub fn devices(&self) -> Sql<Vec<Stored>> {
        let mut select = self.sql.prepare(
            "SELECT id, serial, auth, (SELECT count(*) FROM command WHERE device = device.id)
             FROM device ORDER BY id",
        )?;
        let rows = select.query_map([], |row| {
            let (id, serial, auth) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Stored { id, serial, auth, commands: row.get(3)? })
        })?;
        rows.collect()
    }

    /// Uses the number of a request, if it may be used.
    fn accept(&mut self, device: &Device, number: Number) -> Sql<bool> {
        let [frames, envelopes] = self.counters(device)?;
        let (sequence, number, update) = match number {
            Number::Envelope(number) => {
                (envelopes, Some(number), "UPDATE device SET envelopes = ? WHERE id = ?")
            }
            Number::Frame(number) if device.window.is_some() => {
                (frames, number, "UPDATE device SET frames = ? WHERE id = ?")
            }
            _ => return Ok(true),
        };
        if !number.is_some_and(|number| sequence.accept(number)) {
            return Ok(false);
        }
        let bytes = sequence.to_bytes();
        self.sql.prepare_cached(update)?.execute(params![bytes, device.id])?;
        Ok(true)
    }

    /// The counters of a device, which the database knows from now on.
    pub fn counters(&mut self, device: &Device) -> Sql<&mut [Sequence; 2]> {
        if !self.counters.contains_key(&device.id) {
            let auth = device.auth.map(|hash| hash.to_string());
            let mut insert = self.sql.prepare_cached(
                "INSERT OR IGNORE INTO device (id, serial, auth) VALUES (?, ?, ?)",
            )?;
            insert.execute(params![device.id, device.serial, auth])?;
            let fresh = Sequence::with_window(device.window.unwrap_or(0));
            let read = |bytes: Option<Vec<u8>>| {
                let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
                bytes.and_then(|bytes| Sequence::from_bytes(&bytes)).unwrap_or(fresh)
            };
            let mut select =
                self.sql.prepare_cached("SELECT frames, envelopes FROM device WHERE id = ?")?;
            let found =
                select.query_row([device.id], |row| Ok([read(row.get(0)?), read(row.get(1)?)]))?;
            self.counters.insert(device.id, found);
        }
        self.counters.get_mut(&device.id).ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    /// The last values of those variables that have one: with the time at which they came where the
    /// device told none.
    fn last_values(&self, device: i64, names: &[String]) -> Sql<Vec<String>> {
        let mut select = self.sql.prepare_cached(
            "SELECT json_insert(json, '$.time', time) FROM point
             WHERE device = ? AND variable = ? ORDER BY time DESC, id DESC LIMIT 1",
        )?;
        let mut last = |name| select.query_row(params![device, name], |row| row.get(0)).optional();
        names.iter().filter_map(|name| last(name).transpose()).collect()
    }

    /// How far something has come that goes on there after a crash.
    pub fn mark(&self, name: &str) -> Sql<i64> {
        let at = self.sql.query_row("SELECT at FROM mark WHERE name = ?", [name], |row| row.get(0));
        Ok(at.optional()?.unwrap_or(0))
    }

    pub fn set_mark(&self, name: &str, at: i64) -> Sql<()> {
        let mut replace = self.sql.prepare_cached("REPLACE INTO mark VALUES (?, ?)")?;
        replace.execute(params![name, at]).map(|_| ())
    }
}

fn newest(sql: &Connection) -> Sql<i64> {
    sql.prepare_cached("SELECT ifnull(max(id), 0) FROM point")?.query_row([], |row| row.get(0))
}

fn pragma(sql: &Connection, name: &str) -> Sql<i64> {
    sql.pragma_query_value(None, name, |row| row.get(0))
}
