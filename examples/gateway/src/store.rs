//! What is kept: points, devices and waiting commands, in SQLite.
//!
//! One thread writes. It takes all that waits, makes one transaction of it, and tells everybody when
//! that is on disk: whoever is told `Ok` can acknowledge. Under load, many share one commit.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Result as Sql, params};
use tipwire::session::Sequence;
use tokio::sync::{mpsc, oneshot, watch};

use crate::config::{Config, Durability};
use crate::devices::Device;
use crate::shapes::Row;

/// Data points stand in the table as the core writes them in JSON, digits and all.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS device (
        id INTEGER PRIMARY KEY, serial TEXT NOT NULL UNIQUE, auth TEXT,
        frames BLOB, envelopes BLOB, reserved INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS point (
        id INTEGER PRIMARY KEY, device INTEGER NOT NULL, variable TEXT NOT NULL,
        time INTEGER NOT NULL, json TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS point_by_variable ON point (device, variable, time);
    CREATE TABLE IF NOT EXISTS command (
        id INTEGER PRIMARY KEY, device INTEGER NOT NULL, text TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS forwarded (only INTEGER PRIMARY KEY CHECK (only = 0), point INTEGER);
";

/// Most batches that wait for the writer, and most that one transaction takes.
const WAITING: usize = 256;

/// What is to be done in one transaction, in order.
#[derive(Default)]
pub struct Batch {
    text: String,
    steps: Vec<Step>,
}

enum Step {
    /// What follows is of this device.
    Device(Arc<Device>),
    Point {
        variable: Range<usize>,
        json: Range<usize>,
        time: i64,
    },
    /// This number has been used: of a frame, or of an envelope.
    Number {
        is_sealed: bool,
        number: u32,
    },
    /// Answers may be numbered up to here.
    Reserved(i64),
    /// The last values of these variables are wanted.
    Pull(Vec<String>),
    Command(i64, String),
    CommandSent(i64),
    Forwarded(i64),
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// What follows is of this device.
    pub fn device(&mut self, device: &Arc<Device>) {
        let last = self.steps.iter().rev().find_map(|step| match step {
            Step::Device(device) => Some(device),
            _ => None,
        });
        if last.is_none_or(|last| last.id != device.id) {
            self.steps.push(Step::Device(Arc::clone(device)));
        }
    }

    /// A data point; `write` writes it as JSON.
    pub fn point(&mut self, variable: &str, time: u64, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        self.text.push_str(variable);
        let middle = self.text.len();
        write(&mut self.text);
        let (variable, json) = (start..middle, middle..self.text.len());
        let time = i64::try_from(time).unwrap_or(i64::MAX);
        self.steps.push(Step::Point { variable, json, time });
    }

    pub fn number(&mut self, is_sealed: bool, number: u32) {
        self.steps.push(Step::Number { is_sealed, number });
    }

    pub fn reserved(&mut self, end: i64) {
        self.steps.push(Step::Reserved(end));
    }

    pub fn pull(&mut self, names: Vec<String>) {
        self.steps.push(Step::Pull(names));
    }

    pub fn command(&mut self, id: i64, text: String) {
        self.steps.push(Step::Command(id, text));
    }

    pub fn command_sent(&mut self, id: i64) {
        self.steps.push(Step::CommandSent(id));
    }

    pub fn forwarded(&mut self, point: i64) {
        self.steps.push(Step::Forwarded(point));
    }

    fn devices(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.steps.iter().filter_map(|step| match step {
            Step::Device(device) => Some(device),
            _ => None,
        })
    }
}

/// That a batch is on disk, with a list of data points in JSON for each PULL in it.
pub type Stored = Result<Vec<String>, NotStored>;

#[derive(Clone, Copy, Debug)]
pub struct NotStored;

struct Job {
    batch: Batch,
    done: oneshot::Sender<Stored>,
}

/// The way to the writer.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    last_point: watch::Receiver<i64>,
}

/// A device as it was found in the database.
pub struct Known {
    pub id: i64,
    pub serial: String,
    pub auth: Option<String>,
    pub frames: Option<Sequence>,
    pub envelopes: Option<Sequence>,
    pub reserved: i64,
}

/// What the database had when it was opened.
pub struct Found {
    pub devices: Vec<Known>,
    pub commands: Vec<(i64, i64, String)>,
    pub forwarded: i64,
}

impl Store {
    /// Opens the database and starts the writer.
    pub fn open(config: &Config) -> Sql<(Store, Found)> {
        let db = Connection::open(&config.database)?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "wal_autocheckpoint", 4000)?;
        db.pragma_update(None, "journal_size_limit", 32 << 20)?;
        db.pragma_update(None, "cache_size", -32_000)?;
        db.pragma_update(
            None,
            "synchronous",
            match config.durability {
                Durability::Full => "full",
                Durability::Normal => "normal",
            },
        )?;
        db.execute_batch(SCHEMA)?;
        let found = find(&db)?;
        let last: Option<i64> = db.query_row("SELECT max(id) FROM point", [], |row| row.get(0))?;
        let (jobs, receiver) = mpsc::channel(WAITING);
        let (tell, last_point) = watch::channel(last.unwrap_or(0));
        let max_pages = match config.max_megabytes {
            0 => i64::MAX,
            megabytes => (i64::from(megabytes) << 20) / pragma(&db, "page_size")?,
        };
        let writer = Writer { db, max_pages, tell };
        std::thread::Builder::new()
            .name("store".into())
            .spawn(move || writer.run(receiver))
            .expect("a thread can be started");
        Ok((Store { jobs, last_point }, found))
    }

    /// Waits until all of `batch` is on disk.
    pub async fn store(&self, batch: Batch) -> Stored {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let (done, stored) = oneshot::channel();
        self.jobs.send(Job { batch, done }).await.map_err(|_| NotStored)?;
        stored.await.unwrap_or(Err(NotStored))
    }

    /// The newest point, whenever there is another one.
    pub fn last_point(&self) -> watch::Receiver<i64> {
        self.last_point.clone()
    }
}

fn find(db: &Connection) -> Sql<Found> {
    let mut devices =
        db.prepare("SELECT id, serial, auth, frames, envelopes, reserved FROM device ORDER BY id")?;
    let devices = devices.query_map([], |row| {
        Ok(Known {
            id: row.get(0)?,
            serial: row.get(1)?,
            auth: row.get(2)?,
            frames: read_sequence(row.get(3)?),
            envelopes: read_sequence(row.get(4)?),
            reserved: row.get(5)?,
        })
    })?;
    let mut commands = db.prepare("SELECT id, device, text FROM command ORDER BY id")?;
    let commands = commands.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let forwarded = db.query_row("SELECT point FROM forwarded", [], |row| row.get(0)).optional()?;
    Ok(Found {
        devices: devices.collect::<Sql<_>>()?,
        commands: commands.collect::<Sql<_>>()?,
        forwarded: forwarded.unwrap_or(0),
    })
}

fn read_sequence(bytes: Option<Vec<u8>>) -> Option<Sequence> {
    Sequence::from_bytes(&bytes?.try_into().ok()?)
}

fn pragma(db: &Connection, name: &str) -> Sql<i64> {
    db.pragma_query_value(None, name, |row| row.get(0))
}

struct Writer {
    db: Connection,
    max_pages: i64,
    tell: watch::Sender<i64>,
}

impl Writer {
    fn run(mut self, mut receiver: mpsc::Receiver<Job>) {
        let mut jobs = Vec::new();
        while receiver.blocking_recv_many(&mut jobs, WAITING) > 0 {
            let stored = match self.commit(&jobs) {
                Ok(pulled) => pulled.into_iter().map(Ok).collect::<Vec<_>>(),
                Err(error) => {
                    eprintln!("gateway: the database: {error}");
                    self.forget_numbers(&jobs);
                    vec![Err(NotStored); jobs.len()]
                }
            };
            for (job, stored) in jobs.drain(..).zip(stored) {
                // Who has gone away does not want to know.
                _ = job.done.send(stored);
            }
        }
    }

    /// What was not stored was not heard: its numbers may come again.
    fn forget_numbers(&self, jobs: &[Job]) {
        let stored = |id: i64| {
            let select = "SELECT frames, envelopes FROM device WHERE id = ?";
            self.db.query_row(select, [id], |row| {
                Ok([read_sequence(row.get(0)?), read_sequence(row.get(1)?)])
            })
        };
        for device in jobs.iter().flat_map(|job| job.batch.devices()) {
            let [frames, envelopes] = stored(device.id).unwrap_or_default();
            device.reset_numbers(false, frames);
            device.reset_numbers(true, envelopes);
        }
    }

    /// One transaction with all of the jobs.
    fn commit(&mut self, jobs: &[Job]) -> Sql<Vec<Vec<String>>> {
        let transaction = self.db.transaction()?;
        let mut pulled = Vec::with_capacity(jobs.len());
        let mut new = None;
        for job in jobs {
            pulled.push(write(&transaction, &job.batch, &mut new)?);
        }
        if let Some((first, last)) = new {
            make_room(&transaction, self.max_pages, first, last)?;
        }
        transaction.commit()?;
        for device in jobs.iter().flat_map(|job| job.batch.devices()) {
            device.is_stored.store(true, Ordering::Relaxed);
        }
        if let Some((_, last)) = new {
            self.tell.send_replace(last);
        }
        Ok(pulled)
    }
}

/// Forgets the oldest points where the database is as large as it may be: more than have come, so
/// that it comes to an end. What they leave is used again.
fn make_room(db: &Connection, max_pages: i64, first: i64, last: i64) -> Sql<()> {
    if pragma(db, "page_count")? - pragma(db, "freelist_count")? < max_pages {
        return Ok(());
    }
    let mut delete = db.prepare_cached(
        "DELETE FROM point WHERE id IN (SELECT id FROM point WHERE id < ? ORDER BY id LIMIT ?)",
    )?;
    delete.execute([first, 2 * (last - first + 1)])?;
    Ok(())
}

/// Takes the steps of a batch; `new` are the first and the last of the points that came.
fn write(db: &Connection, batch: &Batch, new: &mut Option<(i64, i64)>) -> Sql<Vec<String>> {
    let mut insert =
        db.prepare_cached("INSERT INTO point (device, variable, time, json) VALUES (?, ?, ?, ?)")?;
    let mut pulled = Vec::new();
    let mut current: Option<&Arc<Device>> = None;
    let mut id = 0;
    for step in &batch.steps {
        match step {
            Step::Device(device) => {
                if !device.is_stored.load(Ordering::Relaxed) {
                    let mut insert = db.prepare_cached(
                        "INSERT OR IGNORE INTO device (id, serial, auth) VALUES (?, ?, ?)",
                    )?;
                    insert.execute(params![device.id, device.serial, device.auth_text()])?;
                }
                (current, id) = (Some(device), device.id);
            }
            Step::Point { variable, json, time } => {
                let (variable, json) = (&batch.text[variable.clone()], &batch.text[json.clone()]);
                insert.execute(params![id, variable, time, json])?;
                let last = db.last_insert_rowid();
                *new = Some((new.map_or(last, |(first, _)| first), last));
            }
            Step::Number { is_sealed, number } => {
                let Some(device) = current else { continue };
                let update = match is_sealed {
                    false => "UPDATE device SET frames = ? WHERE id = ?",
                    true => "UPDATE device SET envelopes = ? WHERE id = ?",
                };
                let bytes = device.keep_number(*is_sealed, *number);
                db.prepare_cached(update)?.execute(params![bytes, id])?;
            }
            Step::Reserved(end) => {
                let mut update = db
                    .prepare_cached("UPDATE device SET reserved = max(reserved, ?) WHERE id = ?")?;
                update.execute(params![end, id])?;
            }
            Step::Pull(names) => pulled.push(last_values(db, id, names)?),
            Step::Command(command, text) => {
                let mut insert =
                    db.prepare_cached("INSERT INTO command (id, device, text) VALUES (?, ?, ?)")?;
                insert.execute(params![command, id, text])?;
            }
            Step::CommandSent(command) => {
                db.prepare_cached("DELETE FROM command WHERE id = ?")?.execute([command])?;
            }
            Step::Forwarded(point) => {
                let mut replace = db.prepare_cached("REPLACE INTO forwarded VALUES (0, ?)")?;
                replace.execute([point])?;
            }
        }
    }
    Ok(pulled)
}

/// The last values of those variables that have one, as a list of data points in JSON: with the time
/// at which they came where the device told none.
fn last_values(db: &Connection, device: i64, names: &[String]) -> Sql<String> {
    let mut select = db.prepare_cached(
        "SELECT json_insert(json, '$.time', time) FROM point
         WHERE device = ? AND variable = ? ORDER BY time DESC, id DESC LIMIT 1",
    )?;
    let mut list = String::from("[");
    for name in names {
        let json: Option<String> =
            select.query_row(params![device, name], |row| row.get(0)).optional()?;
        if let Some(json) = json {
            if list.len() > 1 {
                list.push(',');
            }
            list.push_str(&json);
        }
    }
    list.push(']');
    Ok(list)
}

/// The variables of a device, or the last points of one of them, the oldest first: as JSON.
///
/// Looked up on a connection of its own: whoever reads does not hold up the writer.
pub fn history(path: &Path, device: i64, variable: Option<&str>) -> Sql<String> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.busy_timeout(Duration::from_secs(2))?;
    match variable {
        // Goes from one name to the next through the index, not past every point.
        None => db.query_row(
            "WITH RECURSIVE names(name) AS (
                 SELECT min(variable) FROM point WHERE device = ?1
                 UNION ALL
                 SELECT (SELECT min(variable) FROM point WHERE device = ?1 AND variable > name)
                 FROM names WHERE name IS NOT NULL LIMIT 500)
             SELECT json_group_array(name) FROM names WHERE name IS NOT NULL",
            [device],
            |row| row.get(0),
        ),
        Some(variable) => db.query_row(
            "SELECT json_group_array(json_object('time', time, 'point', json(json))) FROM (
                 SELECT time, json FROM (
                     SELECT id, time, json FROM point WHERE device = ? AND variable = ?
                     ORDER BY time DESC, id DESC LIMIT 500)
                 ORDER BY time, id)",
            params![device, variable],
            |row| row.get(0),
        ),
    }
}

/// Points after the one with the id `after`, in the order in which they came; `serial` says whose
/// device an id is.
pub fn points_after(
    db: &Connection,
    after: i64,
    count: usize,
    serial: impl Fn(i64) -> String,
) -> Sql<Vec<Row>> {
    let mut select = db.prepare_cached(
        "SELECT id, device, variable, time, json FROM point WHERE id > ? ORDER BY id LIMIT ?",
    )?;
    let rows = select.query_map(params![after, count as i64], |row| {
        Ok(Row {
            id: row.get(0)?,
            serial: serial(row.get(1)?),
            variable: row.get(2)?,
            time: row.get(3)?,
            json: row.get(4)?,
        })
    })?;
    rows.collect()
}
