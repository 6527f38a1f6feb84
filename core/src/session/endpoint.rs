//! What all servers' sessions have in common.

/// The side of a connection that answers, whatever it speaks: what the loop around it needs, for one
/// loop that serves several protocols.
///
/// [`Server`](super::Server) is one, and `platform::Server`. How events come of bytes is their own.
///
/// ```
/// use tipwire::session::{Endpoint, Server, ServerSettings};
///
/// let server = Server::new(&ServerSettings::default(), [0; 512], [0; 512], 0).unwrap();
/// let mut endpoints: Vec<Box<dyn Endpoint>> = vec![Box::new(server)];
/// while let Some(deadline) = endpoints[0].deadline() {
///     endpoints[0].handle_timeout(deadline);
/// }
/// assert_eq!(endpoints[0].output(), b"ACK|ERR|keep_alive_timeout\n");
/// ```
pub trait Endpoint {
    /// What is to be sent now.
    fn output(&self) -> &[u8];

    /// The first `count` bytes of it have been sent.
    fn sent(&mut self, count: usize);

    /// When [`handle_timeout`](Endpoint::handle_timeout) is to be called; `None` for never.
    fn deadline(&self) -> Option<u64>;

    /// Time has passed. Does nothing before the deadline.
    fn handle_timeout(&mut self, now: u64);

    /// Whether it is over: once the output is sent, the connection is to be closed.
    fn is_closed(&self) -> bool;
}

/// All of it is what the session does by itself.
macro_rules! endpoint {
    ([$($generics:tt)*] $session:ty) => {
        impl<$($generics)*> $crate::session::Endpoint for $session {
            fn output(&self) -> &[u8] {
                <$session>::output(self)
            }

            fn sent(&mut self, count: usize) {
                <$session>::sent(self, count);
            }

            fn deadline(&self) -> Option<u64> {
                <$session>::deadline(self)
            }

            fn handle_timeout(&mut self, now: u64) {
                <$session>::handle_timeout(self, now);
            }

            fn is_closed(&self) -> bool {
                <$session>::is_closed(self)
            }
        }
    };
}

#[cfg(feature = "alloc")]
pub(crate) use endpoint;

endpoint! { [I: crate::stream::Buffer, O: crate::stream::Buffer] super::Server<I, O> }
