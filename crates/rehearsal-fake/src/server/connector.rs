//! The in-memory door: byte streams that never leave the process.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    sync::mpsc,
};

/// Bytes that a stream holds in each direction before its writer waits, as a socket's buffers would.
const BUFFER_BYTES: usize = 64 << 10;

/// Opens connections to a server in memory. Cheap to clone; outlives the server, whose streams then end at once.
#[derive(Clone, Debug)]
pub struct Connector {
    accept: mpsc::UnboundedSender<DuplexStream>,
}

impl Connector {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<DuplexStream>) {
        let (accept, accepted) = mpsc::unbounded_channel();
        (Self { accept }, accepted)
    }

    /// A new connection: HTTP/1.1 is spoken on it.
    #[must_use = "a connection that is dropped is closed"]
    pub fn connect(&self) -> InMemoryStream {
        let (client, server) = tokio::io::duplex(BUFFER_BYTES);
        // without a server its end is dropped here, and the client reads the end of the stream
        let _ = self.accept.send(server);
        InMemoryStream(client)
    }
}

/// The client's end of a connection in memory.
#[derive(Debug)]
pub struct InMemoryStream(DuplexStream);

impl AsyncRead for InMemoryStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for InMemoryStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
