//! What is stored goes on to a broker, in the order in which it came: at least once, since where to go
//! on after an outage is only known to what the broker has acknowledged.

use std::sync::Arc;
use std::time::Duration;

use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Packet, QoS};
use tipwire::platform::{Message, messages};
use tipwire::session::Backoff;
use tokio::sync::mpsc;

use crate::clock;
use crate::config::Forward;
use crate::db::{Row, points_after};
use crate::gateway::Gateway;

/// Points of one round, which are sent and then acknowledged together.
const ROUND: usize = 500;
/// Messages that can wait to be sent: a round has at most one for each point.
const MESSAGES: usize = ROUND;
const LONGEST: usize = 1024 * 1024;

/// How far the broker has acknowledged.
const FORWARDED: &str = "forwarded";

/// Forwards for ever.
pub async fn run(gateway: Arc<Gateway>, settings: Forward) {
    let found = gateway.store.commit(|db| db.mark(FORWARDED)).await;
    let mut done = found.unwrap_or_default();
    let mut backoff = Backoff::new(500, 15_000, clock::unix());
    loop {
        let before = done;
        let problem = forward(&gateway, &settings, &mut done).await;
        if done > before {
            backoff.reset();
        }
        eprintln!(
            "gateway: the broker {}: {problem}; going on after point {done}",
            settings.broker
        );
        tokio::time::sleep(Duration::from_millis(backoff.next_delay().into())).await;
    }
}

/// Forwards until something is wrong.
async fn forward(gateway: &Arc<Gateway>, settings: &Forward, done: &mut i64) -> String {
    let (host, port) = settings.broker.rsplit_once(':').unwrap_or((&settings.broker, "1883"));
    let Ok(port) = port.parse() else { return "its port is no number".into() };
    let mut options =
        MqttOptions::new(settings.client.as_deref().unwrap_or("tipwire-gateway"), host, port);
    options.set_max_packet_size(LONGEST, LONGEST);
    options.set_keep_alive(Duration::from_secs(15));
    if let (Some(user), Some(password)) = (&settings.user, &settings.password) {
        options.set_credentials(user, password);
    }
    let (client, events) = AsyncClient::new(options, MESSAGES);
    let (tell, acknowledged) = mpsc::channel(MESSAGES);
    tokio::select! {
        Err(problem) = listen(events, tell) => problem.to_string(),
        Err(problem) = rounds(gateway, settings, &client, acknowledged, done) => problem,
        else => "it has ended".into(),
    }
}

/// Keeps the connection, and says when a message is acknowledged.
async fn listen(mut events: EventLoop, tell: mpsc::Sender<()>) -> Result<(), ConnectionError> {
    loop {
        if let Event::Incoming(Packet::PubAck(_)) = events.poll().await?
            && tell.send(()).await.is_err()
        {
            return Ok(());
        }
    }
}

async fn rounds(
    gateway: &Arc<Gateway>,
    settings: &Forward,
    client: &AsyncClient,
    mut acknowledged: mpsc::Receiver<()>,
    done: &mut i64,
) -> Result<(), String> {
    let mut newest = gateway.store.newest();
    loop {
        let after = *done;
        let rows = gateway.store.read(move |sql| points_after(sql, after, ROUND)).await?;
        let Some(last) = rows.last().map(|row| row.id) else {
            newest.changed().await.map_err(|error| error.to_string())?;
            continue;
        };
        let messages = messages(settings.shape, &rows.iter().map(Row::stored).collect::<Vec<_>>());
        let count = messages.len();
        for Message { topic, payload } in messages {
            let published = client.publish(topic, QoS::AtLeastOnce, false, payload).await;
            published.map_err(|error| error.to_string())?;
        }
        for _ in 0..count {
            acknowledged.recv().await.ok_or("it has gone")?;
        }
        *done = last;
        // If this is lost, the round is sent once more some day.
        _ = gateway.store.commit(move |db| db.set_mark(FORWARDED, last)).await;
    }
}
