//! One connection, whoever speaks on it: reads, lets the speaker understand, stores, and only then
//! sends what the speaker answers.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Notify, SemaphorePermit};
use tokio::time::{sleep_until, timeout};
use tokio_rustls::server::TlsStream;

use crate::clock;
use crate::devices::Device;
use crate::gateway::Gateway;
use crate::limits::Visit;
use crate::store::{Batch, Stored};

/// A protocol, as this side of a connection speaks it. No input or output: bytes come in, batches to
/// be stored go out, and bytes to be sent once that has happened.
pub trait Speaker: Send {
    /// Understands what it can of `input`, and goes past that. What it leaves it wants again, after
    /// what it has put into the turn is stored and its output is sent.
    fn receive(&mut self, input: &mut &[u8], turn: &mut Turn<'_>);

    /// What was put into the turn is on disk, or could not be stored.
    fn stored(&mut self, stored: Stored);

    /// Makes more output of what is to be answered, as far as there is room.
    fn answer(&mut self) {}

    /// A command for a device that was heard here; whether it will be sent.
    fn command(&mut self, device: &Device, text: &str) -> bool;

    /// What is to be sent now.
    fn output(&self) -> &[u8];

    /// The first `count` bytes of it have been sent.
    fn sent(&mut self, count: usize);

    /// When the speaker wants to be told that time has passed, on [`clock::now`].
    fn deadline(&self) -> Option<u64>;

    fn handle_timeout(&mut self, now: u64);

    /// Whether the connection is to be closed once the output is sent.
    fn is_over(&self) -> bool;
}

/// What a speaker makes of one piece of input.
pub struct Turn<'a> {
    pub gateway: &'a Gateway,
    pub visit: &'a Visit,
    /// What is to be stored.
    pub batch: Batch,
    /// Who waits for commands, where that is possible.
    pub listener: Option<&'a mut Listener>,
}

impl Turn<'_> {
    /// What follows is of this device, which from now on hears commands on this connection.
    pub fn device(&mut self, device: &Arc<Device>) {
        match &mut self.listener {
            Some(listener) => listener.heard(device),
            None => device.heard_now(),
        }
        self.batch.device(device);
    }
}

/// The devices that are heard on a connection, and hear commands there.
#[derive(Default)]
pub struct Listener {
    wake: Arc<Notify>,
    devices: Vec<Arc<Device>>,
}

/// Most devices of one connection that hear commands there: a gateway may speak for many.
const MAX_DEVICES: usize = 256;

impl Listener {
    fn heard(&mut self, device: &Arc<Device>) {
        device.heard_on(&self.wake);
        if !self.devices.iter().any(|known| known.id == device.id) {
            if self.devices.len() == MAX_DEVICES {
                self.devices.remove(0).gone_from(&self.wake);
            }
            self.devices.push(Arc::clone(device));
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for device in &self.devices {
            device.gone_from(&self.wake);
        }
    }
}

/// Who takes nothing for so long does not keep its place.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection, and all that belongs to it.
struct Connection<'a, S> {
    gateway: &'a Gateway,
    stream: Stream,
    visit: Visit,
    speaker: S,
    listener: Listener,
}

/// Serves a connection to its end.
pub async fn serve(gateway: Arc<Gateway>, stream: Stream, visit: Visit, speaker: impl Speaker) {
    let listener = Listener::default();
    let mut connection = Connection { gateway: &gateway, stream, visit, speaker, listener };
    // Errors of the socket end the connection, and nobody is left to be told.
    _ = connection.run().await;
    _ = timeout(Duration::from_secs(1), connection.stream.shutdown()).await;
}

impl<S: Speaker> Connection<'_, S> {
    async fn run(&mut self) -> io::Result<()> {
        loop {
            self.send().await?;
            if self.speaker.is_over() {
                return Ok(());
            }
            let deadline = self.speaker.deadline().map(clock::instant);
            tokio::select! {
                input = read(&mut self.stream, self.gateway) => {
                    let (input, _permit) = input?;
                    if input.is_empty() {
                        return Ok(());
                    }
                    self.understand(&input).await?;
                }
                () = self.listener.wake.notified() => self.send_commands().await?,
                () = sleep_until(deadline.unwrap_or_else(far)), if deadline.is_some() => {
                    self.speaker.handle_timeout(clock::now());
                }
            }
        }
    }

    /// Takes turns until all of `input` is understood, stored and answered.
    async fn understand(&mut self, input: &[u8]) -> io::Result<()> {
        let mut rest = input;
        while !rest.is_empty() && !self.speaker.is_over() {
            let listener = Some(&mut self.listener);
            let (gateway, visit) = (self.gateway, &self.visit);
            let mut turn = Turn { gateway, visit, batch: Batch::default(), listener };
            self.speaker.receive(&mut rest, &mut turn);
            let stored = gateway.store.store(turn.batch).await;
            self.speaker.stored(stored);
            self.send().await?;
        }
        Ok(())
    }

    /// Sends all that there is.
    async fn send(&mut self) -> io::Result<()> {
        let mut has_sent = false;
        loop {
            self.speaker.answer();
            let output = self.speaker.output();
            if output.is_empty() {
                break;
            }
            let count = timeout(PATIENCE, self.stream.write(output)).await??;
            self.speaker.sent(count);
            has_sent = true;
        }
        if has_sent { timeout(PATIENCE, self.stream.flush()).await? } else { Ok(()) }
    }

    async fn send_commands(&mut self) -> io::Result<()> {
        for device in self.listener.devices.clone() {
            while let Some((id, text)) = device.next_command() {
                if !self.speaker.command(&device, &text) {
                    device.put_back((id, text));
                    break;
                }
                if let Err(error) = self.send().await {
                    device.put_back((id, text));
                    return Err(error);
                }
                self.gateway.command_sent(&device, id).await;
            }
        }
        Ok(())
    }
}

/// Reads what there is, once there is some: nothing is allocated for who is silent, and only so many
/// are listened to at a time.
async fn read<'g>(
    stream: &mut Stream,
    gateway: &'g Gateway,
) -> io::Result<(Vec<u8>, Option<SemaphorePermit<'g>>)> {
    thread_local! {
        static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; 16 * 1024].into());
    }
    loop {
        let permit = match stream {
            Stream::Plain(stream) => {
                stream.readable().await?;
                Some(gateway.turns.acquire().await.map_err(io::Error::other)?)
            }
            // What there is may be inside already. Those have fewer connections instead.
            Stream::Tls(_) => None,
        };
        let is_ready = permit.is_some();
        let input = poll_fn(|context| {
            BUFFER.with_borrow_mut(|buffer| {
                let mut buffer = ReadBuf::new(buffer);
                match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                    Poll::Ready(Ok(())) => Poll::Ready(Ok(Some(buffer.filled().to_vec()))),
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    // Nothing after all: let others have the turn.
                    Poll::Pending if is_ready => Poll::Ready(Ok(None)),
                    Poll::Pending => Poll::Pending,
                }
            })
        });
        if let Some(input) = input.await? {
            return Ok((input, permit));
        }
    }
}

fn far() -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(3600)
}

/// A connection, in the clear or not.
pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(
        self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(
        self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
