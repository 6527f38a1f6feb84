//! What is kept: points, devices and waiting commands, in SQLite. All statements are here.

use std::collections::HashMap;

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Params, Result as Sql, params};
use tipwire::session::Sequence;
use tipwire::{Code, Hash};

use crate::config::Config;
use crate::devices::Device;
use crate::store::{Answer, Ask, Number, Point, Request};

/// Data points stand in the table as the core writes them in JSON, digits and all.
const SCHEMA: &str = "
    CREATE TABLE device (
        id INTEGER PRIMARY KEY, serial TEXT NOT NULL UNIQUE, auth TEXT, frames BLOB, envelopes BLOB);
    CREATE TABLE point (
        id INTEGER PRIMARY KEY, device INTEGER NOT NULL, variable TEXT NOT NULL,
        time INTEGER NOT NULL, json TEXT NOT NULL);
    CREATE INDEX point_by_variable ON point (device, variable, time);
    CREATE TABLE command (
        id INTEGER PRIMARY KEY, device INTEGER NOT NULL, text TEXT NOT NULL);
    CREATE INDEX command_by_device ON command (device);
    CREATE TABLE mark (name TEXT PRIMARY KEY, at INTEGER NOT NULL);
";

/// What number these tables have, in the database: it goes up with every change of them.
const VERSION: i64 = 1;

/// The database, as the writer has it.
pub struct Db {
    sql: Connection,
    /// The counters of devices, of frames and of envelopes: of those that the database knows.
    counters: HashMap<i64, [Sequence; 2]>,
    max_pages: i64,
}

/// A device as the database has it: id, serial, authorization, and how many commands wait for it.
pub type Stored = (i64, String, Option<String>, u32);

/// A point as the database has it.
pub struct Row {
    pub id: i64,
    pub serial: String,
    pub variable: String,
    pub time: i64,
    pub json: String,
}

impl Row {
    pub fn stored(&self) -> tipwire::platform::Stored<'_> {
        let Row { serial, variable, time, json, .. } = self;
        tipwire::platform::Stored { serial, variable, time: time.unsigned_abs(), json }
    }
}

impl Db {
    /// Opens it, or makes a new one. Says what to do with one of other tables.
    pub fn open(config: &Config) -> Result<Db, String> {
        let sql = Connection::open(&config.database).map_err(said)?;
        if !has_tables(&sql).map_err(said)? {
            return Err("it was made by another version of the gateway: \
                move it away, or set another database in the settings"
                .into());
        }
        Db::set_up(sql, config).map_err(said)
    }

    fn set_up(sql: Connection, config: &Config) -> Sql<Db> {
        sql.pragma_update(None, "journal_mode", "wal")?;
        sql.pragma_update(None, "synchronous", "full")?;
        sql.pragma_update(None, "wal_autocheckpoint", 4000)?;
        sql.pragma_update(None, "journal_size_limit", 32 << 20)?;
        sql.pragma_update(None, "cache_size", -32_000)?;
        let max_pages = match config.max_megabytes {
            0 => i64::MAX,
            megabytes => (i64::from(megabytes) << 20) / pragma(&sql, "page_size")?,
        };
        Ok(Db { sql, counters: HashMap::new(), max_pages })
    }

    /// Does all of it in one transaction, or nothing. Gives the id of the newest point, too.
    pub fn transact<T>(&mut self, work: impl FnOnce(&mut Db) -> Sql<T>) -> Sql<(T, i64)> {
        let done = self.try_to_transact(work);
        if done.is_err() {
            // What was not stored was not heard: its numbers may come again.
            self.counters.clear();
            _ = self.sql.execute_batch("ROLLBACK");
        }
        done
    }

    fn try_to_transact<T>(&mut self, work: impl FnOnce(&mut Db) -> Sql<T>) -> Sql<(T, i64)> {
        self.sql.execute_batch("BEGIN")?;
        let before = self.newest()?;
        let done = work(self)?;
        let newest = self.newest()?;
        if newest > before && self.is_full()? {
            // More than have come, so that it comes to an end. What they leave is used again.
            let oldest = "DELETE FROM point WHERE id IN
                (SELECT id FROM point WHERE id <= ? ORDER BY id LIMIT ?)";
            self.run(oldest, [before, 2 * (newest - before)])?;
        }
        self.sql.execute_batch("COMMIT")?;
        Ok((done, newest))
    }

    fn is_full(&self) -> Sql<bool> {
        let used = pragma(&self.sql, "page_count")? - pragma(&self.sql, "freelist_count")?;
        Ok(used >= self.max_pages)
    }

    fn newest(&self) -> Sql<i64> {
        Ok(one(&self.sql, "SELECT max(id) FROM point", [])?.flatten().unwrap_or(0))
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
                let oldest = "DELETE FROM command
                    WHERE id = (SELECT min(id) FROM command WHERE device = ?) RETURNING text";
                one(&self.sql, oldest, [id])?.map_or(Answer::Pong, Answer::Command)
            }
        })
    }

    /// The last values of those variables that have one: with the time at which they came where the
    /// device told none.
    fn last_values(&self, device: i64, names: &[String]) -> Sql<Vec<String>> {
        let last = "SELECT json_insert(json, '$.time', time) FROM point
            WHERE device = ? AND variable = ? ORDER BY time DESC, id DESC LIMIT 1";
        let found = names.iter().map(|name| one(&self.sql, last, params![device, name]));
        found.filter_map(Result::transpose).collect()
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
        self.run(update, params![bytes, device.id])?;
        Ok(true)
    }

    /// The counters of a device, which the database knows from now on.
    fn counters(&mut self, device: &Device) -> Sql<&mut [Sequence; 2]> {
        if !self.counters.contains_key(&device.id) {
            let auth = device.auth.map(|hash| hash.to_string());
            let insert = "INSERT OR IGNORE INTO device (id, serial, auth) VALUES (?, ?, ?)";
            self.run(insert, params![device.id, device.serial, auth])?;
            let fresh = Sequence::with_window(device.window.unwrap_or(0));
            let read = |select| -> Sql<Sequence> {
                let bytes: Option<Vec<u8>> = one(&self.sql, select, [device.id])?.flatten();
                let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
                Ok(bytes.and_then(|bytes| Sequence::from_bytes(&bytes)).unwrap_or(fresh))
            };
            let frames = read("SELECT frames FROM device WHERE id = ?")?;
            let envelopes = read("SELECT envelopes FROM device WHERE id = ?")?;
            self.counters.insert(device.id, [frames, envelopes]);
        }
        self.counters.get_mut(&device.id).ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    /// Keeps a command for a device, unless there are so many already; whether it does.
    pub fn add_command(&mut self, device: &Device, text: &str, max: usize) -> Sql<bool> {
        self.counters(device)?;
        let insert = "INSERT INTO command (device, text) SELECT ?1, ?2
            WHERE (SELECT count(*) FROM command WHERE device = ?1) < ?3";
        Ok(self.run(insert, params![device.id, text, max as i64])? == 1)
    }

    /// The command that has waited longest for a device.
    pub fn oldest_command(&self, device: i64) -> Sql<Option<(i64, String)>> {
        let select = "SELECT id, text FROM command WHERE device = ? ORDER BY id LIMIT 1";
        let mut select = self.sql.prepare_cached(select)?;
        select.query_row([device], |row| row.try_into()).optional()
    }

    /// Whether there was such a command, which is no more.
    pub fn forget_command(&self, id: i64) -> Sql<bool> {
        Ok(self.run("DELETE FROM command WHERE id = ?", [id])? == 1)
    }

    /// A device of the settings is to be known.
    pub fn provision(&self, serial: &str, auth: Option<Hash>) -> Sql<()> {
        let insert = "INSERT INTO device (serial, auth) VALUES (?, ?)
            ON CONFLICT (serial) DO UPDATE SET auth = excluded.auth";
        self.run(insert, params![serial, auth.map(|hash| hash.to_string())]).map(|_| ())
    }

    pub fn devices(&self) -> Sql<Vec<Stored>> {
        let select = "SELECT id, serial, auth,
            (SELECT count(*) FROM command WHERE device = device.id) FROM device";
        self.sql.prepare(select)?.query_map([], |row| row.try_into())?.collect()
    }

    /// How far something has come that goes on there after a crash.
    pub fn mark(&self, name: &str) -> Sql<i64> {
        Ok(one(&self.sql, "SELECT at FROM mark WHERE name = ?", [name])?.unwrap_or(0))
    }

    pub fn set_mark(&self, name: &str, at: i64) -> Sql<()> {
        self.run("REPLACE INTO mark VALUES (?, ?)", params![name, at]).map(|_| ())
    }

    /// How many rows it was that a statement changed.
    fn run(&self, statement: &str, values: impl Params) -> Sql<usize> {
        self.sql.prepare_cached(statement)?.execute(values)
    }
}

/// The points after this one, in the order in which they came.
pub fn points_after(sql: &Connection, id: i64, count: usize) -> Sql<Vec<Row>> {
    let select =
        "SELECT id, (SELECT serial FROM device WHERE id = point.device), variable, time, json
        FROM point WHERE id > ? ORDER BY id LIMIT ?";
    let mut select = sql.prepare(select)?;
    let rows = select.query_map([id, count as i64], |row| {
        let (id, serial, variable, time, json) = row.try_into()?;
        Ok(Row { id, serial, variable, time, json })
    })?;
    rows.collect()
}

/// The names of a device's variables, as JSON. Goes from one to the next through the index, not past
/// every point.
pub fn variables(sql: &Connection, device: i64) -> Sql<String> {
    let select = "WITH RECURSIVE names(name) AS (
            SELECT min(variable) FROM point WHERE device = ?1
            UNION ALL
            SELECT (SELECT min(variable) FROM point WHERE device = ?1 AND variable > name)
            FROM names WHERE name IS NOT NULL LIMIT 500)
        SELECT json_group_array(name) FROM names WHERE name IS NOT NULL";
    sql.query_row(select, [device], |row| row.get(0))
}

/// The last points of a variable, the oldest first, as JSON.
pub fn history(sql: &Connection, device: i64, variable: &str) -> Sql<String> {
    let select = "SELECT json_group_array(json_object('time', time, 'point', json(json))) FROM (
            SELECT time, json FROM (
                SELECT id, time, json FROM point WHERE device = ? AND variable = ?
                ORDER BY time DESC, id DESC LIMIT 500)
            ORDER BY time, id)";
    sql.query_row(select, params![device, variable], |row| row.get(0))
}

/// Whether the database has the tables that it should: a new one gets them.
fn has_tables(sql: &Connection) -> Sql<bool> {
    let tables = |sql: &Connection| -> Sql<Option<String>> {
        let all = "SELECT group_concat(sql) FROM (SELECT sql FROM sqlite_schema ORDER BY name)";
        Ok(one(sql, all, [])?.flatten())
    };
    match (pragma(sql, "user_version")?, tables(sql)?) {
        (0, None) => sql.execute_batch(SCHEMA)?,
        // Made before they had a number: they may be those that got the first one.
        (0, found) => {
            let fresh = Connection::open_in_memory()?;
            fresh.execute_batch(SCHEMA)?;
            if found != tables(&fresh)? {
                return Ok(false);
            }
        }
        (version, _) => return Ok(version == VERSION),
    }
    sql.pragma_update(None, "user_version", VERSION)?;
    Ok(true)
}

/// The one value that a statement gives, if it gives one.
fn one<T: FromSql>(sql: &Connection, statement: &str, values: impl Params) -> Sql<Option<T>> {
    sql.prepare_cached(statement)?.query_row(values, |row| row.get(0)).optional()
}

fn pragma(sql: &Connection, name: &str) -> Sql<i64> {
    sql.pragma_query_value(None, name, |row| row.get(0))
}

fn said(error: rusqlite::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What opening a database says that was made so.
    fn opened(name: &str, make: &str) -> Result<(), String> {
        let path = std::env::temp_dir().join(format!("tipwire-{name}-{}.db", std::process::id()));
        _ = std::fs::remove_file(&path);
        let made = Connection::open(&path).unwrap();
        made.execute_batch(make).unwrap();
        drop(made);
        let config = Config { database: path.clone(), ..Config::default() };
        let opened = Db::open(&config).map(|_| ());
        let again = Db::open(&config).map(|_| ());
        assert_eq!(opened, again);
        std::fs::remove_file(&path).unwrap();
        opened
    }

    #[test]
    fn a_database_of_other_tables_is_not_touched() {
        assert_eq!(opened("new", ""), Ok(()));
        // The first builds did not number their tables.
        let unnumbered = SCHEMA.replace("TABLE", "TABLE IF NOT EXISTS");
        assert_eq!(opened("unnumbered", &unnumbered), Ok(()));
        for (name, make) in [
            ("older", "CREATE TABLE point (id INTEGER PRIMARY KEY, json TEXT)".to_owned()),
            ("newer", format!("{SCHEMA}; PRAGMA user_version = {}", VERSION + 1)),
        ] {
            let told = opened(name, &make).unwrap_err();
            assert!(told.contains("move it away") && told.lines().count() == 1, "{told}");
        }
    }
}
