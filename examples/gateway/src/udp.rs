//! TagoTiP over UDP: one message in a datagram, one answer in another.

use std::net::SocketAddr;
use std::sync::Arc;

use tipwire::session::Transport;
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;

use crate::connection::{Speaker, Turn};
use crate::gateway::Gateway;
use crate::limits::{Doors, Visit};
use crate::store::Batch;
use crate::tagotip::Tagotip;

/// Longer than any message may be, so that one that is too long is seen to be.
const LONGEST: usize = 65_536;

/// Datagrams that are answered at the same time; more are dropped, as networks do.
const AT_ONCE: usize = 256;

pub async fn serve(gateway: Arc<Gateway>, socket: UdpSocket) {
    let socket = Arc::new(socket);
    let free = Arc::new(Semaphore::new(AT_ONCE));
    // Datagrams are no connections, but their addresses have their share of requests.
    let doors = Doors::for_datagrams(gateway.config.limits);
    let mut buffer = vec![0; LONGEST];
    loop {
        // Errors are those of earlier answers that did not arrive.
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else { continue };
        let Ok(permit) = Arc::clone(&free).try_acquire_owned() else { continue };
        let Some(visit) = doors.enter(peer.ip()) else { continue };
        let datagram = buffer[..length].to_vec();
        let (gateway, socket) = (Arc::clone(&gateway), Arc::clone(&socket));
        tokio::spawn(async move {
            let answer = exchange(&gateway, &visit, peer, "udp", &datagram).await;
            _ = socket.send_to(&answer, peer).await;
            drop(permit);
        });
    }
}

/// The answer to one message that stands by itself.
pub async fn exchange(
    gateway: &Arc<Gateway>,
    visit: &Visit,
    peer: SocketAddr,
    via: &'static str,
    message: &[u8],
) -> Vec<u8> {
    let mut speaker = Tagotip::new(gateway, Transport::Datagrams, peer, via);
    // No commands come this way unless a PING asks for them.
    let mut turn = Turn { gateway, visit, batch: Batch::default(), listener: None };
    speaker.receive(&mut &message[..], &mut turn);
    speaker.stored(gateway.store.store(turn.batch).await);
    speaker.answer();
    speaker.output().to_vec()
}
