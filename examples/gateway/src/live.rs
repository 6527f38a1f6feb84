//! What the page shows while it happens: every message, or as many of them as one can look at.

use std::collections::VecDeque;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tipwire::Frame;
use tokio::sync::broadcast;

use crate::clock;

/// Most messages a second that are shown, and how many a page that is opened later still sees.
const PER_SECOND: u32 = 50;
const RECENT: usize = 100;

pub struct Live {
    sender: broadcast::Sender<Arc<str>>,
    state: Mutex<State>,
    /// Every message there was, shown or not.
    messages: AtomicU64,
    points: AtomicU64,
}

#[derive(Default)]
struct State {
    second: u64,
    shown: u32,
    recent: VecDeque<Arc<str>>,
}

/// A message and what became of it.
pub struct Message<'a> {
    pub via: &'a str,
    pub peer: Option<SocketAddr>,
    pub device: Option<&'a str>,
    /// The bytes as they came.
    pub bytes: &'a [u8],
    /// What was inside an envelope.
    pub inner: Option<&'a Inner>,
    /// What it means, as data points in JSON, where it is no frame.
    pub points: Option<&'a str>,
    pub answer: &'a str,
}

/// The frame inside an envelope, in JSON.
pub struct Inner(Value);

impl Inner {
    pub fn of(frame: &Frame<'_>) -> Inner {
        let mut json = String::new();
        _ = frame.write_json(&mut json);
        Inner(serde_json::from_str(&json).unwrap_or_default())
    }
}

impl Live {
    pub fn new() -> Live {
        Live {
            sender: broadcast::channel(256).0,
            state: Mutex::default(),
            messages: AtomicU64::new(0),
            points: AtomicU64::new(0),
        }
    }

    /// Counts a message, and says whether it is to be shown.
    pub fn wants(&self, points: usize) -> bool {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.points.fetch_add(points as u64, Ordering::Relaxed);
        let second = clock::now() / 1000;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.second != second {
            (state.second, state.shown) = (second, 0);
        }
        state.shown += 1;
        state.shown <= PER_SECOND
    }

    pub fn show(&self, message: &Message<'_>) {
        let mut hex = String::with_capacity(2 * message.bytes.len());
        for byte in message.bytes {
            _ = write!(hex, "{byte:02x}");
        }
        let points = message.points.and_then(|json| serde_json::from_str::<Value>(json).ok());
        let row = json!({
            "time": clock::unix(),
            "via": message.via,
            "peer": message.peer.map(|peer| peer.to_string()),
            "device": message.device,
            "bytes": hex,
            "inner": message.inner.map(|inner| &inner.0),
            "points": points,
            "answer": message.answer,
        });
        let row: Arc<str> = row.to_string().into();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.recent.len() == RECENT {
            state.recent.pop_front();
        }
        state.recent.push_back(Arc::clone(&row));
        // Nobody may be looking.
        _ = self.sender.send(row);
    }

    /// What was shown last, and what will be from now on.
    pub fn watch(&self) -> (Vec<Arc<str>>, broadcast::Receiver<Arc<str>>) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.recent.iter().cloned().collect(), self.sender.subscribe())
    }

    /// How many messages and points there were.
    pub fn counts(&self) -> (u64, u64) {
        (self.messages.load(Ordering::Relaxed), self.points.load(Ordering::Relaxed))
    }
}
