//! A server for TagoTiP text frames on tokio. It prints what devices report:
//!
//! ```text
//! cargo run -p tipwire --features tokio --example tokio_server -- 127.0.0.1:5693
//! printf 'PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32.5#C]\n' | nc 127.0.0.1 5693
//! ```

use std::io;

use futures_util::{SinkExt, StreamExt};
use tipwire::stream::{Codec, Lines};
use tipwire::{Body, Code, Frame, Reply, Value};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::Framed;

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:5693".into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await?;
        println!("listening on {}", listener.local_addr()?);
        loop {
            let (socket, peer) = listener.accept().await?;
            tokio::spawn(async move {
                if let Err(error) = converse(socket).await {
                    println!("{peer}: {error}");
                }
            });
        }
    })
}

/// Answers every line of one connection until it ends.
pub async fn converse(socket: TcpStream) -> io::Result<()> {
    let codec = Codec::new(Lines::new()).map_err(io::Error::other)?;
    let mut connection = Framed::new(socket, codec);
    while let Some(line) = connection.next().await {
        let answer = match line? {
            Ok(line) => answer(&line),
            Err(_) => Reply::to(String::new()).error(Code::PayloadTooLarge).finish(),
        };
        connection.send(answer.map_err(io::Error::other)?).await?;
    }
    Ok(())
}

fn answer(line: &[u8]) -> Result<String, tipwire::BuildError> {
    let frame = match Frame::parse(line) {
        Ok(frame) => frame,
        Err(error) => return error.reply(String::new()).finish(),
    };
    let mut reply = Reply::to(String::new());
    if let Some(seq) = frame.seq {
        reply.seq(seq);
    }
    match frame.body {
        Body::Ping => reply.pong().finish(),
        _ => {
            for variable in frame.variables() {
                if let Value::Number(number) = variable.value {
                    println!("{} {} = {number}", frame.serial, variable.name);
                }
            }
            reply.count(frame.variables().len() as u64).finish()
        }
    }
}
