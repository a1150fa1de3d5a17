//! Reads the server's `/metrics` page beside the measured requests: before, during and after them.

use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use http::{Request, Uri, header::USER_AGENT};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout_at},
};

use super::{limits::later, resume};
use crate::{report::nanos, server_side::ServerSnapshot, transport::Transport};

/// The most of a page that is read; vLLM's are below 100 kB.
const MOST_BYTES: usize = 8 << 20;

/// How long one reading may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The last requests have ended for the client a moment before the server counts them: it is asked again until it is idle.
const SETTLING: Duration = Duration::from_millis(100);
const MOST_SETTLING: u32 = 10;

/// Where the page is, and how often it is read; see [`Run::scrape`](crate::Run::scrape).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scrape {
    /// The page's address.
    pub url: Uri,
    /// The time between two readings.
    pub every: Duration,
}

/// The readings of a run.
pub(super) struct Scraper<T> {
    scrape: Scrape,
    transport: T,
    origin: Instant,
    /// How many readings were due so far.
    ticks: u32,
    in_flight: JoinSet<Result<ServerSnapshot, String>>,
}

impl<T: Transport + Clone + 'static> Scraper<T> {
    /// Nothing is read yet.
    pub(super) fn new(scrape: Scrape, transport: T) -> Self {
        Self { scrape, transport, origin: Instant::now(), ticks: 0, in_flight: JoinSet::new() }
    }

    /// Where it reads.
    pub(super) fn url(&self) -> &Uri {
        &self.scrape.url
    }

    /// The reading before the window; an `Err` says why there is none.
    pub(super) async fn first(&mut self) -> Result<ServerSnapshot, String> {
        let mut first = self.read_now().await?;
        first.at_ns = 0;
        Ok(first)
    }

    /// The window begins now.
    pub(super) fn begin(&mut self, origin: Instant) {
        (self.origin, self.ticks) = (origin, 1);
    }

    /// The next reading within the window. Readings that fail are left out, and one that is due while another is on its
    /// way waits for it. May be dropped and called again at any time.
    pub(super) async fn next(&mut self) -> ServerSnapshot {
        loop {
            if let Some(read) = self.in_flight.join_next().await {
                match read.unwrap_or_else(resume) {
                    Ok(snapshot) => return snapshot,
                    Err(_) => continue,
                }
            }
            sleep_until(later(self.origin, self.scrape.every.saturating_mul(self.ticks))).await;
            self.ticks = self.ticks.saturating_add(1);
            let reading = read(self.transport.clone(), self.scrape.url.clone(), self.origin);
            self.in_flight.spawn(reading);
        }
    }

    /// The reading after the window, once the server is idle or a second has passed.
    pub(super) async fn last(mut self) -> Option<ServerSnapshot> {
        self.in_flight.shutdown().await;
        let begun = Instant::now();
        let mut last = None;
        for attempt in 1..=MOST_SETTLING {
            last = self.read_now().await.ok().or(last);
            if last.as_ref().is_none_or(ServerSnapshot::is_idle) {
                break;
            }
            sleep_until(begun + SETTLING * attempt).await;
        }
        last
    }

    async fn read_now(&self) -> Result<ServerSnapshot, String> {
        read(self.transport.clone(), self.scrape.url.clone(), self.origin).await
    }
}

async fn read(transport: impl Transport, url: Uri, origin: Instant) -> Result<ServerSnapshot, String> {
    let at_ns = nanos(origin.elapsed());
    let request = Request::get(&url)
        .header(USER_AGENT, concat!("rehearsal/", env!("CARGO_PKG_VERSION")))
        .body(Bytes::new())
        .map_err(|error| error.to_string())?;
    let page = timeout_at(Instant::now() + TIMEOUT, async {
        let mut exchange = transport.send(request).await.map_err(|error| error.to_string())?;
        if !exchange.status.is_success() {
            return Err(format!("HTTP {}", exchange.status.as_u16()));
        }
        let mut page = Vec::new();
        while let Some(piece) = exchange.body.try_next().await.map_err(|error| error.to_string())? {
            if MOST_BYTES < page.len() + piece.len() {
                return Err(format!("more than {MOST_BYTES} bytes"));
            }
            page.extend_from_slice(&piece);
        }
        Ok(page)
    });
    let page = page.await.map_err(|_| format!("no answer within {TIMEOUT:?}"))??;
    ServerSnapshot::read(&String::from_utf8_lossy(&page), at_ns)
        .ok_or_else(|| "none of vLLM's metrics in it".to_owned())
}
