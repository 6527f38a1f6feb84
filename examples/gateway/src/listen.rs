//! Sockets: opened with their options, and served by who is to speak there.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tipwire::platform::thingsboard::Converter;
use tipwire::session::Transport;
use tipwire::stream::Any;
use tipwire::{Code, Reply};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::config::{Handler, Listen};
use crate::connection::{Stream, serve};
use crate::gateway::Gateway;
use crate::limits::Visit;
use crate::platform::Talk;
use crate::tagotip::Tagotip;
use crate::thingsboard::Thingsboard;
use crate::thingspanel::Thingspanel;
use crate::{http, udp};

/// Opens the socket of a row and serves it in the background. Gives the address it has.
pub fn listen(gateway: &Arc<Gateway>, row: &Listen) -> Result<SocketAddr, String> {
    let failed = |error: io::Error| format!("{} ({:?}): {error}", row.address, row.handler);
    if let Some(setting) = row.unused() {
        return Err(format!("{} ({:?}) has no use for {setting}", row.address, row.handler));
    }
    if row.handler == Handler::TagotipUdp {
        let socket = UdpSocket::from_std(open(row, Type::DGRAM).map_err(failed)?.into());
        let socket = socket.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        tokio::spawn(udp::serve(Arc::clone(gateway), socket));
        return Ok(address);
    }
    let tls = acceptor(row)?;
    let speaks = Speaks::of(row).map_err(|problem| format!("{}: {problem}", row.address))?;
    let socket = open(row, Type::STREAM).map_err(failed)?;
    socket.listen(row.backlog).map_err(failed)?;
    let listener = TcpListener::from_std(socket.into()).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    tokio::spawn(accept(Arc::clone(gateway), listener, row.clone(), speaks, tls));
    Ok(address)
}

fn open(row: &Listen, kind: Type) -> io::Result<Socket> {
    let protocol = if kind == Type::STREAM { Protocol::TCP } else { Protocol::UDP };
    let socket = Socket::new(Domain::for_address(row.address), kind, Some(protocol))?;
    if kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    // Connections have the buffers of the socket that accepts them.
    if let Some(size) = row.receive_buffer {
        socket.set_recv_buffer_size(size)?;
    }
    if let Some(size) = row.send_buffer {
        socket.set_send_buffer_size(size)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&row.address.into())?;
    Ok(socket)
}

/// The options that each connection gets.
fn set_options(row: &Listen, stream: &TcpStream) -> io::Result<()> {
    let socket = socket2::SockRef::from(stream);
    if let Some(seconds) = row.keep_alive {
        let every = Duration::from_secs(seconds.max(1));
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(every).with_interval(every))?;
    }
    socket.set_tcp_nodelay(row.no_delay)
}

async fn accept(
    gateway: Arc<Gateway>,
    listener: TcpListener,
    row: Listen,
    speaks: Speaks,
    tls: Option<TlsAcceptor>,
) {
    loop {
        let (mut stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                // Too many open files, most likely: some will be closed.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(visit) = gateway.doors.enter(peer.ip()) else {
            if tls.is_none() {
                turn_away(row.handler, &stream);
            }
            _ = stream.shutdown().await;
            continue;
        };
        if set_options(&row, &stream).is_err() {
            continue;
        }
        let gateway = Arc::clone(&gateway);
        let (tls, speaks) = (tls.clone(), speaks.clone());
        tokio::spawn(async move {
            let stream = match tls {
                None => Stream::Plain(stream),
                Some(tls) => match timeout(Duration::from_secs(10), tls.accept(stream)).await {
                    Ok(Ok(stream)) => Stream::Tls(Box::new(stream)),
                    _ => return,
                },
            };
            speaks.serve(gateway, stream, visit, peer).await;
        });
    }
}

/// Who speaks on a socket, with what its connections share.
#[derive(Clone)]
enum Speaks {
    Tagotip,
    Http,
    Thingspanel,
    ThingspanelRaw,
    Thingsboard(Box<Any>, Arc<Converter>),
}

impl Speaks {
    fn of(row: &Listen) -> Result<Speaks, String> {
        Ok(match row.handler {
            Handler::Tagotip | Handler::TagotipUdp => Speaks::Tagotip,
            Handler::Http => Speaks::Http,
            Handler::Thingspanel => Speaks::Thingspanel,
            Handler::ThingspanelRaw => Speaks::ThingspanelRaw,
            Handler::Thingsboard => {
                let rule = Box::new(row.splitter().rule()?);
                Speaks::Thingsboard(rule, Arc::new(row.converter().make()?))
            }
        })
    }

    async fn serve(self, gateway: Arc<Gateway>, stream: Stream, visit: Visit, peer: SocketAddr) {
        match self {
            Speaks::Http => http::serve(gateway, stream, visit, peer, false).await,
            Speaks::Tagotip => {
                let via = if let Stream::Tls(_) = stream { "tls" } else { "tcp" };
                let speaker = Tagotip::new(&gateway, Transport::Stream, peer, via);
                serve(gateway, stream, visit, speaker).await;
            }
            Speaks::Thingspanel => {
                let Ok(speaker) = Thingspanel::packets() else { return };
                let speaker = Talk::new(speaker, peer, &gateway);
                serve(gateway, stream, visit, speaker).await;
            }
            Speaks::ThingspanelRaw => {
                let speaker = Talk::new(Thingspanel::raw(), peer, &gateway);
                serve(gateway, stream, visit, speaker).await;
            }
            Speaks::Thingsboard(rule, converter) => {
                let Ok(speaker) = Thingsboard::new(*rule, converter) else { return };
                let speaker = Talk::new(speaker, peer, &gateway);
                serve(gateway, stream, visit, speaker).await;
            }
        }
    }
}

/// Tells one that is not let in why, where its protocol has words for that.
fn turn_away(handler: Handler, stream: &TcpStream) {
    let mut buffer = [0; 64];
    let farewell = match handler {
        Handler::Tagotip => Reply::to(&mut buffer[..]).error(Code::RateLimited).finish_line(),
        _ => return,
    };
    // It fits into the empty buffer of the socket, or nobody is there any more.
    _ = stream.try_write(farewell.unwrap_or_default());
}

/// TLS, where a row has a certificate.
fn acceptor(row: &Listen) -> Result<Option<TlsAcceptor>, String> {
    let (certificate, key) = match (&row.certificate, &row.key) {
        (Some(certificate), Some(key)) => (certificate, key),
        (None, None) => return Ok(None),
        _ => return Err(format!("{}: TLS needs certificate and key", row.address)),
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("{}: {error}", certificate.display()))?;
    let secret =
        PrivateKeyDer::from_pem_file(key).map_err(|error| format!("{}: {error}", key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|error| format!("{}: {error}", certificate.display()))?;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}
