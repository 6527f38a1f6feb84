//! What everything shares.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tipwire::Code;
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::db::Db;
use crate::devices::{ANSWERS, Device, Devices, FEW, RESERVED};
use crate::limits::{Doors, Visit};
use crate::live::Live;
use crate::store::{Answer, NotStored, Request, Store};

pub struct Gateway {
    pub config: Config,
    pub store: Store,
    pub devices: Devices,
    pub doors: Arc<Doors>,
    pub live: Live,
    /// So many connections are listened to at a time: what they send is in memory until it is stored.
    pub turns: Semaphore,
    reserving: tokio::sync::Mutex<()>,
}

const TURNS: usize = 512;

/// Somebody who was let in.
pub struct Guest {
    pub gateway: Arc<Gateway>,
    pub address: SocketAddr,
    pub visit: Visit,
}

impl Gateway {
    pub async fn open(config: Config) -> Result<Arc<Gateway>, String> {
        let path = config.database.display().to_string();
        let db = Db::open(&config).map_err(|problem| format!("{path}: {problem}"))?;
        let devices = Devices::new(&config, &db)?;
        let gateway = Arc::new(Gateway {
            store: Store::new(&config, db),
            devices,
            doors: Doors::new(config.limits),
            live: Live::default(),
            turns: Semaphore::new(TURNS),
            reserving: Default::default(),
            config,
        });
        let reserved = gateway.reserve_answers().await;
        reserved.map_err(|NotStored| format!("{path}: cannot be written"))?;
        Ok(gateway)
    }

    /// What is answered to these, in order, once all of it is on disk.
    pub async fn answer(&self, asked: Vec<Result<Request, Code>>) -> Vec<Answer> {
        if asked.is_empty() {
            return Vec::new();
        }
        if self.devices.keys().left() < FEW
            && let Ok(_alone) = self.reserving.try_lock()
        {
            // If the database fails now, it is tried again.
            _ = self.reserve_answers().await;
        }
        let count = asked.len();
        let stored = self.store.commit(move |db| {
            let answers = asked.into_iter().map(|asked| match asked {
                Ok(request) => Ok((db.answer(&request)?, Some(request.device))),
                Err(code) => Ok((Answer::Refused(code), None)),
            });
            answers.collect::<rusqlite::Result<Vec<_>>>()
        });
        let Ok(answers) = stored.await else {
            return vec![Answer::Refused(Code::ServerError); count];
        };
        for (answer, device) in &answers {
            if let (Answer::Command(_), Some(device)) = (answer, device) {
                device.commands.fetch_sub(1, Ordering::Relaxed);
            }
        }
        answers.into_iter().map(|(answer, _)| answer).collect()
    }

    /// Keeps a command for a device: it is sent now if the device is connected, else when it is
    /// heard next. Says why not.
    pub async fn command(&self, serial: &str, text: String) -> Result<(), &'static str> {
        let device = self.devices.find(serial).ok_or("there is no such device")?;
        if text.is_empty() || text.len() > 1024 || text.contains(char::is_control) {
            return Err("a command is one line of text");
        }
        let (known, max) = (Arc::clone(&device), self.config.max_commands);
        match self.store.commit(move |db| db.add_command(&known, &text, max)).await {
            Ok(true) => {
                device.call();
                Ok(())
            }
            Ok(false) => Err("too many commands wait for this device"),
            Err(NotStored) => Err("the database failed"),
        }
    }

    /// The command that has waited longest for this device. It waits on until it was sent.
    pub async fn next_command(&self, device: &Device) -> Option<(i64, String)> {
        if device.commands.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let id = device.id;
        self.store.commit(move |db| db.oldest_command(id)).await.ok().flatten()
    }

    /// A command is on its way and need not be kept.
    pub async fn command_sent(&self, device: &Device, id: i64) {
        // If the database fails now, the command is sent once more some day.
        if self.store.commit(move |db| db.forget_command(id)).await == Ok(true) {
            device.commands.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Moves on the mark up to which answers in envelopes may be numbered.
    async fn reserve_answers(&self) -> Result<(), NotStored> {
        let reserved = self.store.commit(|db| {
            let mark = db.mark(ANSWERS)? + RESERVED;
            db.set_mark(ANSWERS, mark)?;
            Ok(mark)
        });
        let mark = reserved.await?;
        self.devices.keys().reserve(mark.unsigned_abs());
        Ok(())
    }
}
