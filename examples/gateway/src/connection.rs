//! One connection, whoever speaks on it: reads, lets the speaker understand, stores, and only then
//! sends what the speaker answers.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tipwire::Code;
use tipwire::session::Endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{sleep_until, timeout};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use crate::clock;
use crate::devices::Device;
use crate::gateway::Guest;
use crate::store::{Answer, Request};

/// A connection, in the clear or under TLS.
pub type Stream = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// A protocol, as this side of a connection speaks it. No input or output: bytes come in, requests go
/// out to be stored, and once they are, bytes to be sent.
pub trait Speaker: Send {
    /// Understands what it can of `input`, and goes past that. What it leaves it wants again, after
    /// the output is sent. Gives what is asked for, or why it is refused.
    fn receive(&mut self, input: &mut &[u8]) -> Vec<Result<Request, Code>>;

    /// What was asked has these answers. Called without any when there is more room for them, too.
    fn answered(&mut self, answers: Vec<Answer>);

    /// A command for a device that was heard here; whether it will be sent.
    fn command(&mut self, text: &str) -> bool;

    /// What there is to be sent, and when time has passed.
    fn session(&mut self) -> &mut dyn Endpoint;
}

/// The devices that are heard on a connection, and hear commands there.
#[derive(Default)]
struct Listener {
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
    guest: &'a Guest,
    stream: Stream,
    speaker: S,
    listener: Listener,
}

/// Serves a connection to its end.
pub async fn serve(guest: Arc<Guest>, stream: Stream, speaker: impl Speaker) {
    let listener = Listener::default();
    let mut connection = Connection { guest: &guest, stream, speaker, listener };
    // Errors of the socket end the connection, and nobody is left to be told.
    _ = connection.run().await;
    _ = timeout(Duration::from_secs(1), connection.stream.shutdown()).await;
}

impl<S: Speaker> Connection<'_, S> {
    async fn run(&mut self) -> io::Result<()> {
        loop {
            self.send().await?;
            if self.speaker.session().is_closed() {
                return Ok(());
            }
            let deadline = self.speaker.session().deadline();
            let until = clock::instant(deadline.unwrap_or_default());
            tokio::select! {
                input = read(&mut self.stream, &self.guest.gateway.turns) => {
                    let (input, _permit) = input?;
                    if input.is_empty() {
                        return Ok(());
                    }
                    self.understand(&input).await?;
                }
                () = self.listener.wake.notified() => self.send_commands().await?,
                () = sleep_until(until), if deadline.is_some() => {
                    self.speaker.session().handle_timeout(clock::now());
                }
            }
        }
    }

    /// Takes turns until all of `input` is understood, stored and answered.
    async fn understand(&mut self, mut input: &[u8]) -> io::Result<()> {
        while !input.is_empty() && !self.speaker.session().is_closed() {
            let asked = self.speaker.receive(&mut input);
            for request in asked.iter().flatten() {
                self.listener.heard(&request.device);
            }
            self.speaker.answered(self.guest.gateway.answer(asked).await);
            self.send().await?;
        }
        Ok(())
    }

    /// Sends all that there is.
    async fn send(&mut self) -> io::Result<()> {
        while !self.speaker.session().output().is_empty() {
            let output = self.speaker.session().output();
            let count = timeout(PATIENCE, self.stream.write(output)).await??;
            self.speaker.session().sent(count);
            self.speaker.answered(Vec::new());
        }
        timeout(PATIENCE, self.stream.flush()).await?
    }

    async fn send_commands(&mut self) -> io::Result<()> {
        for device in self.listener.devices.clone() {
            while let Some((id, text)) = self.guest.gateway.next_command(&device).await {
                if !self.speaker.command(&text) {
                    break;
                }
                self.send().await?;
                self.guest.gateway.command_sent(&device, id).await;
            }
        }
        Ok(())
    }
}

/// Reads what there is, once there is some: nothing is allocated for who is silent, and only so many
/// are listened to at a time.
async fn read<'g>(
    stream: &mut Stream,
    turns: &'g Semaphore,
) -> io::Result<(Vec<u8>, Option<SemaphorePermit<'g>>)> {
    thread_local! {
        static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; 16 * 1024].into());
    }
    let stream = match stream {
        Either::Left(stream) => stream,
        // What there is may be inside already. Those have fewer connections, and a buffer each.
        Either::Right(stream) => {
            let mut input = Vec::with_capacity(4096);
            stream.read_buf(&mut input).await?;
            return Ok((input, None));
        }
    };
    loop {
        stream.readable().await?;
        let permit = turns.acquire().await.map_err(io::Error::other)?;
        let input: io::Result<_> = BUFFER.with_borrow_mut(|buffer| {
            let length = stream.try_read(buffer)?;
            Ok(buffer[..length].to_vec())
        });
        match input {
            // Nothing after all: others have the turn.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            input => return Ok((input?, Some(permit))),
        }
    }
}
