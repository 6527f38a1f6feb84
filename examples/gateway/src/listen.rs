//! Sockets: opened with their options, and served by who is to speak there.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, TcpKeepalive, Type};
use tipwire::platform::Protocol;
use tipwire::session::Transport;
use tipwire::{Code, Reply};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::either::Either;

use crate::config::{Handler, Limits, Listen};
use crate::connection::{Stream, serve};
use crate::gateway::{Gateway, Guest};
use crate::http;
use crate::limits::Doors;
use crate::platforms::Platform;
use crate::tagotip::{Tagotip, exchange};

/// Opens the socket of a row and serves it in the background. Gives the address it has.
pub fn listen(gateway: &Arc<Gateway>, row: &Listen) -> Result<SocketAddr, String> {
    let failed = |error: io::Error| format!("{} ({}): {error}", row.address, row.name());
    if let Some(setting) = row.unused() {
        return Err(format!("{} ({}) has no use for {setting}", row.address, row.name()));
    }
    if row.handler == Handler::TagotipUdp {
        let socket = open(row).and_then(|socket| UdpSocket::from_std(socket.into()));
        let socket = socket.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        tokio::spawn(answer_datagrams(Arc::clone(gateway), socket));
        return Ok(address);
    }
    let tls = acceptor(row)?;
    let speaks = Speaks::of(row, gateway).map_err(|error| format!("{}: {error}", row.address))?;
    let listener = open(row).and_then(|socket| TcpListener::from_std(socket.into()));
    let listener = listener.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    tokio::spawn(accept(Arc::clone(gateway), listener, row.clone(), speaks, tls));
    Ok(address)
}

fn open(row: &Listen) -> io::Result<Socket> {
    let is_udp = row.handler == Handler::TagotipUdp;
    let kind = if is_udp { Type::DGRAM } else { Type::STREAM };
    let socket = Socket::new(Domain::for_address(row.address), kind, None)?;
    // Connections have the buffers of the socket that accepts them.
    if let Some(size) = row.receive_buffer {
        socket.set_recv_buffer_size(size)?;
    }
    if let Some(size) = row.send_buffer {
        socket.set_send_buffer_size(size)?;
    }
    socket.set_nonblocking(true)?;
    if is_udp {
        socket.bind(&row.address.into())?;
    } else {
        socket.set_reuse_address(true)?;
        socket.bind(&row.address.into())?;
        socket.listen(row.backlog.unwrap_or(1024))?;
    }
    Ok(socket)
}

/// The options that each connection gets.
fn set_options(row: &Listen, stream: &TcpStream) -> io::Result<()> {
    if let Some(seconds) = row.keep_alive {
        let every = Duration::from_secs(seconds.max(1));
        let keep_alive = TcpKeepalive::new().with_time(every).with_interval(every);
        SockRef::from(stream).set_tcp_keepalive(&keep_alive)?;
    }
    stream.set_nodelay(row.no_delay.unwrap_or(true))
}

async fn accept(
    gateway: Arc<Gateway>,
    listener: TcpListener,
    row: Listen,
    speaks: Speaks,
    tls: Option<TlsAcceptor>,
) {
    // Pages are no devices: they are counted by themselves.
    let doors = match row.handler {
        Handler::Page => Doors::new(gateway.config.limits),
        _ => Arc::clone(&gateway.doors),
    };
    loop {
        let Ok((stream, address)) = listener.accept().await else {
            // Too many open files, most likely: some will be closed.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Some(visit) = doors.enter(address.ip()) else {
            if row.handler == Handler::Tagotip && tls.is_none() {
                turn_away(&stream);
            }
            continue;
        };
        if set_options(&row, &stream).is_err() {
            continue;
        }
        let (gateway, tls, speaks) = (Arc::clone(&gateway), tls.clone(), speaks.clone());
        tokio::spawn(async move {
            let stream = match tls {
                None => Either::Left(stream),
                Some(tls) => match timeout(Duration::from_secs(10), tls.accept(stream)).await {
                    Ok(Ok(stream)) => Either::Right(Box::new(stream)),
                    _ => return,
                },
            };
            speaks.serve(Arc::new(Guest { gateway, address, visit }), stream).await;
        });
    }
}

/// Who speaks on a socket, with what its connections share.
#[derive(Clone)]
enum Speaks {
    Tagotip,
    Http(axum::Router),
    Platform(&'static str, Arc<Protocol>),
}

impl Speaks {
    fn of(row: &Listen, gateway: &Arc<Gateway>) -> Result<Speaks, String> {
        let protocol = row.protocol()?.map(Arc::new);
        Ok(match (row.handler, protocol) {
            (Handler::Http, _) => Speaks::Http(http::devices()),
            (Handler::Page, _) => Speaks::Http(http::devices().merge(http::page(gateway))),
            (Handler::Thingsboard, Some(protocol)) => Speaks::Platform("thingsboard", protocol),
            (_, Some(protocol)) => Speaks::Platform("thingspanel", protocol),
            (_, None) => Speaks::Tagotip,
        })
    }

    async fn serve(self, guest: Arc<Guest>, stream: Stream) {
        match self {
            Speaks::Http(router) => http::serve(router, stream, guest).await,
            Speaks::Tagotip => {
                let via = if matches!(stream, Either::Left(_)) { "tcp" } else { "tls" };
                let speaker = Tagotip::new(&guest, via, Transport::Stream);
                serve(guest, stream, speaker).await;
            }
            Speaks::Platform(via, protocol) => {
                let Ok(speaker) = Platform::new(&guest, &protocol, via) else { return };
                serve(guest, stream, speaker).await;
            }
        }
    }
}

/// Tells one that is not let in why. It fits into the empty buffer of the socket, or nobody is there
/// any more.
fn turn_away(stream: &TcpStream) {
    let mut buffer = [0; 64];
    let farewell = Reply::to(&mut buffer[..]).error(Code::RateLimited).finish_line();
    _ = stream.try_write(farewell.unwrap_or_default());
}

/// Longer than any message may be, so that one that is too long is seen to be.
const LONGEST: usize = 65_536;

/// Datagrams that are answered at the same time; more are dropped, as networks do.
const AT_ONCE: usize = 256;

/// TagoTiP over UDP: one message in a datagram, one answer in another.
async fn answer_datagrams(gateway: Arc<Gateway>, socket: UdpSocket) {
    let socket = Arc::new(socket);
    // Datagrams are no connections, but they have their place while they are answered.
    let (connections, connections_per_address) = (AT_ONCE, AT_ONCE);
    let limits = Limits { connections, connections_per_address, ..gateway.config.limits };
    let doors = Doors::new(limits);
    let mut buffer = vec![0; LONGEST];
    loop {
        // Errors are those of earlier answers that did not arrive.
        let Ok((length, address)) = socket.recv_from(&mut buffer).await else { continue };
        let Some(visit) = doors.enter(address.ip()) else { continue };
        let datagram = buffer[..length].to_vec();
        let (gateway, socket) = (Arc::clone(&gateway), Arc::clone(&socket));
        tokio::spawn(async move {
            let guest = Arc::new(Guest { gateway, address, visit });
            let answer = exchange(&guest, "udp", &datagram).await;
            _ = socket.send_to(&answer, address).await;
        });
    }
}

/// TLS, where a row has a certificate.
fn acceptor(row: &Listen) -> Result<Option<TlsAcceptor>, String> {
    match (&row.certificate, &row.key) {
        (Some(certificate), Some(key)) => {
            let acceptor = read_certificate(certificate, key).map_err(|error| {
                format!("{} and {}: {error}", certificate.display(), key.display())
            });
            acceptor.map(Some)
        }
        (None, None) => Ok(None),
        _ => Err(format!("{}: TLS needs certificate and key", row.address)),
    }
}

fn read_certificate(certificate: &Path, key: &Path) -> Result<TlsAcceptor, Box<dyn Error>> {
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn row(settings: &str) -> Listen {
        let row = format!("[[listen]]\naddress = \"127.0.0.1:0\"\n{settings}");
        Config::read(&row).map(|mut config| config.listen.remove(0)).unwrap()
    }

    #[tokio::test]
    async fn options_are_those_of_the_socket_and_of_its_connections() {
        // Systems give twice what is asked for, for their own use.
        let sizes = "receive_buffer = 20000\nsend_buffer = 30000\n";
        let has_sizes = |socket: SockRef<'_>| {
            let sizes = (socket.recv_buffer_size().unwrap(), socket.send_buffer_size().unwrap());
            (20_000..=40_000).contains(&sizes.0) && (30_000..=60_000).contains(&sizes.1)
        };
        let udp = open(&row(&format!("handler = \"tagotip-udp\"\n{sizes}"))).unwrap();
        assert!(has_sizes(SockRef::from(&udp)));
        for (no_delay, keep_alive) in [(true, Some(7)), (false, None)] {
            let alive =
                keep_alive.map_or(String::new(), |seconds| format!("keep_alive = {seconds}"));
            let row = row(&format!("handler = \"tagotip\"\n{sizes}no_delay = {no_delay}\n{alive}"));
            let listener = TcpListener::from_std(open(&row).unwrap().into()).unwrap();
            let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            set_options(&row, &stream).unwrap();
            let socket = SockRef::from(&stream);
            assert_eq!(stream.nodelay().unwrap(), no_delay);
            assert_eq!(socket.keepalive().unwrap(), keep_alive.is_some());
            if let Some(seconds) = keep_alive {
                assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(seconds));
            }
            assert!(has_sizes(socket));
        }
    }

    #[test]
    fn so_many_wait_to_be_accepted_as_the_backlog_says() {
        let socket = open(&row("handler = \"tagotip\"\nbacklog = 2")).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let connect = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200));
        let waiting = (0..8).map_while(|_| connect().ok()).collect::<Vec<_>>();
        assert!((2..=3).contains(&waiting.len()), "{}", waiting.len());
    }
}
