//! Where a server can be reached over the network: bound first, open later, so that a server which starts refuses connections.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixSocket, UnixStream},
};

use super::StartError;

/// Connections that wait to be accepted (uvicorn's `backlog`).
const BACKLOG: u32 = 2048;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// A place that is taken but not open: whoever connects is refused.
#[derive(Debug)]
pub(super) enum Bound {
    Tcp(TcpSocket, SocketAddr),
    Unix(UnixSocket, PathBuf),
}

/// A place that is open.
#[derive(Debug)]
pub(super) enum Door {
    Tcp(TcpListener),
    Unix(UnixListener, #[expect(dead_code, reason = "it is held to be dropped")] SocketFile),
}

/// A connection.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A socket's file, removed with it.
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl Place {
    /// Takes the place.
    pub(super) fn bind(&self) -> Result<Bound, StartError> {
        match self {
            Self::Tcp(address) => {
                let bind = |source| StartError::Bind { address: *address, source };
                let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(bind)?;
                socket.set_reuseaddr(true).map_err(bind)?;
                socket.bind(*address).map_err(bind)?;
                let address = socket.local_addr().map_err(bind)?;
                Ok(Bound::Tcp(socket, address))
            }
            Self::Unix(path) => {
                let bind = |source| StartError::BindUnix { path: path.clone(), source };
                let socket = UnixSocket::new_stream().map_err(bind)?;
                socket.bind(path).map_err(bind)?;
                Ok(Bound::Unix(socket, path.clone()))
            }
        }
    }
}

impl Bound {
    /// Begins to accept connections.
    pub(super) fn open(self) -> Result<Door, StartError> {
        match self {
            Self::Tcp(socket, address) => {
                let listener = socket.listen(BACKLOG).map_err(|source| StartError::Bind { address, source })?;
                Ok(Door::Tcp(listener))
            }
            Self::Unix(socket, path) => match socket.listen(BACKLOG) {
                Ok(listener) => Ok(Door::Unix(listener, SocketFile(path))),
                Err(source) => Err(StartError::BindUnix { path, source }),
            },
        }
    }

    /// Its address; `None` for a Unix socket.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(_, address) => Some(*address),
            Self::Unix(..) => None,
        }
    }

    /// Its path; `None` over TCP.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Tcp(..) => None,
            Self::Unix(_, path) => Some(path),
        }
    }
}

impl Door {
    /// The next connection, with its client's address over TCP.
    pub(super) async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // each event leaves at once, as it does from vLLM
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Some(peer)))
            }
            Self::Unix(listener, _) => Ok((Stream::Unix(listener.accept().await?.0), None)),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // somebody may have removed it already
        let _ = std::fs::remove_file(&self.0);
    }
}
