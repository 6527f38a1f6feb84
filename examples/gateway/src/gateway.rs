//! What everything shares.

use std::sync::Arc;

use tipwire::session::{ServerSettings, Transport};
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::devices::{Device, Devices};
use crate::limits::Doors;
use crate::live::Live;
use crate::store::{Batch, Store};

pub struct Gateway {
    pub config: Config,
    pub store: Store,
    pub devices: Devices,
    pub doors: Arc<Doors>,
    pub live: Live,
    /// So many connections are listened to at a time: what they send is in memory until it is stored.
    pub turns: Semaphore,
}

const TURNS: usize = 512;

impl Gateway {
    /// Opens the database. What is in it besides is the point up to which all has been forwarded.
    pub async fn open(config: Config) -> Result<(Arc<Gateway>, i64), String> {
        let path = config.database.display().to_string();
        let (store, found) = Store::open(&config).map_err(|error| format!("{path}: {error}"))?;
        let forwarded = found.forwarded;
        let devices = Devices::new(&config, found)?;
        let doors = Doors::new(config.limits);
        let gateway = Gateway {
            config,
            store,
            devices,
            doors,
            live: Live::new(),
            turns: Semaphore::new(TURNS),
        };
        let mut batch = Batch::default();
        let reservations = gateway.devices.keys().reserve(None, &mut batch);
        gateway.store.store(batch).await.map_err(|_| format!("{path}: cannot be written"))?;
        gateway.devices.keys().reserved(&reservations);
        Ok((Arc::new(gateway), forwarded))
    }

    /// How sessions behave here.
    pub fn sessions(&self, transport: Transport) -> ServerSettings {
        let limits = &self.config.limits;
        ServerSettings {
            transport,
            idle: limits.idle.saturating_mul(1000),
            ttl: limits.time_to_live.saturating_mul(1000),
            ..ServerSettings::default()
        }
    }

    /// Queues a command for a device: it is sent now if the device is connected, else when it is
    /// heard next. Says why not.
    pub async fn command(&self, serial: &str, text: &str) -> Result<(), &'static str> {
        let device = self.devices.find(serial).ok_or("there is no such device")?;
        let fits = !text.is_empty() && text.len() <= 1024 && !text.contains(char::is_control);
        if !fits {
            return Err("a command is one line of text");
        }
        let id = self.devices.command_id();
        let mut batch = Batch::default();
        batch.device(&device);
        batch.command(id, text.to_owned());
        self.store.store(batch).await.map_err(|_| "the database failed")?;
        if !device.command(id, text.to_owned(), self.config.max_commands) {
            self.command_sent(&device, id).await;
            return Err("too many commands wait for this device");
        }
        Ok(())
    }

    /// A command is on its way and need not be kept.
    pub async fn command_sent(&self, device: &Arc<Device>, id: i64) {
        let mut batch = Batch::default();
        batch.device(device);
        batch.command_sent(id);
        // If the database fails now, the command is sent once more some day.
        _ = self.store.store(batch).await;
    }
}
