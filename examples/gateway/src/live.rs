//! What the page shows while it happens: every message, or as many of them as one can look at.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::clock;
use crate::devices::lock;

/// Most messages a second that are shown, and how many a page that is opened later still sees.
const PER_SECOND: u32 = 50;
const RECENT: usize = 100;

pub struct Live {
    sender: broadcast::Sender<Arc<str>>,
    state: Mutex<State>,
    /// Every message there was, shown or not.
    pub messages: AtomicU64,
    pub points: AtomicU64,
}

#[derive(Default)]
struct State {
    second: u64,
    shown: u32,
    recent: VecDeque<Arc<str>>,
}

/// A message that is to be shown once it is answered.
pub struct Row(Value);

impl Default for Live {
    fn default() -> Live {
        let sender = broadcast::channel(256).0;
        Live { sender, state: Mutex::default(), messages: 0.into(), points: 0.into() }
    }
}

impl Live {
    /// Counts a message, and gives the row that shows it, unless there are too many.
    pub fn row(
        &self,
        via: &str,
        from: SocketAddr,
        device: Option<&str>,
        bytes: [&[u8]; 2],
        points: usize,
    ) -> Option<Row> {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.points.fetch_add(points as u64, Ordering::Relaxed);
        let second = clock::now() / 1000;
        let mut state = lock(&self.state);
        if state.second != second {
            (state.second, state.shown) = (second, 0);
        }
        state.shown += 1;
        if state.shown > PER_SECOND {
            return None;
        }
        drop(state);
        let hex = bytes.iter().copied().flatten().map(|byte| format!("{byte:02x}"));
        Some(Row(json!({
            "time": clock::unix(),
            "via": via,
            "peer": from.to_string(),
            "device": device,
            "bytes": hex.collect::<String>(),
        })))
    }

    pub fn show(&self, row: Row, answer: &str) {
        let row: Arc<str> = row.with("answer", answer.into()).0.to_string().into();
        let mut state = lock(&self.state);
        if state.recent.len() == RECENT {
            state.recent.pop_front();
        }
        state.recent.push_back(Arc::clone(&row));
        // Nobody may be looking.
        _ = self.sender.send(row);
    }

    /// What was shown last, and what will be from now on.
    pub fn watch(&self) -> (Vec<Arc<str>>, broadcast::Receiver<Arc<str>>) {
        let state = lock(&self.state);
        (state.recent.iter().cloned().collect(), self.sender.subscribe())
    }
}

impl Row {
    /// What the bytes do not show. JSON stays a text, so that its numbers keep their digits.
    pub fn with(mut self, name: &str, text: String) -> Row {
        self.0[name] = text.into();
        self
    }
}
