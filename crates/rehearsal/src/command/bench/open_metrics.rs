//! The figures of a run as a page for Prometheus, while it goes on.
//!
//! A thread of its own answers, so that a reader never delays the run loop by more than the copy of a few numbers.

mod live;
mod page;

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rehearsal_load::{Event, Observer};

use self::live::Live;
use crate::exit::Expected;

/// How long a reader may take to ask.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes of a request at most.
const REQUEST_LIMIT: usize = 8 << 10;

/// Answers at an address until it is dropped.
#[must_use = "the page is gone when this is dropped"]
pub(super) struct OpenMetrics {
    live: Arc<Mutex<Live>>,
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl OpenMetrics {
    /// Listens.
    pub(super) fn serve(at: SocketAddr) -> anyhow::Result<Self> {
        let taken = |error: io::Error| Expected::usage(format!("--metrics-port {at}: {error}; take another port"));
        let listener = TcpListener::bind(at).map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let (live, stop) = (Arc::new(Mutex::new(Live::default())), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::spawn({
            let (live, stop) = (Arc::clone(&live), Arc::clone(&stop));
            move || {
                for stream in listener.incoming() {
                    if stop.load(Ordering::Acquire) {
                        return;
                    }
                    // a reader that goes away is its own affair
                    let _ = stream.and_then(|stream| answer(stream, &live));
                }
            }
        });
        Ok(Self { live, address, stop, thread: Some(thread) })
    }

    /// Where it is.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What takes the events of the run.
    pub(super) fn observer(&self) -> impl Observer + use<> {
        let live = Arc::clone(&self.live);
        move |event: &Event<'_>| live.lock().unwrap_or_else(PoisonError::into_inner).take(event)
    }
}

impl Drop for OpenMetrics {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // wakes the thread, which waits for a reader
        let woken = TcpStream::connect_timeout(&self.address, PATIENCE).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: TcpStream, live: &Mutex<Live>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = Vec::new();
    let mut piece = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < REQUEST_LIMIT {
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            read => request.extend_from_slice(&piece[..read]),
        }
    }
    let (status, content_type, body) = if request.starts_with(b"GET /metrics ") || request.starts_with(b"GET /metrics?")
    {
        let page = page::text(&live.lock().unwrap_or_else(PoisonError::into_inner));
        ("200 OK", "application/openmetrics-text; version=1.0.0; charset=utf-8", page)
    } else {
        ("404 Not Found", "text/plain; charset=utf-8", "the page is at /metrics\n".to_owned())
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()
}
