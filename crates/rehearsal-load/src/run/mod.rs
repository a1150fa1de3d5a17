//! The run loop: the only module that waits, always until an absolute instant.
//!
//! It owns every task it starts. Dropping the future of [`Run::run`] ends them all.

mod attempt;
mod kept;
mod limits;
mod progress;
mod retry;
mod scraper;
mod sizing;

use std::{fmt, panic, pin::pin, sync::Arc, time::Duration};

use tokio::{
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until},
};

pub use self::{
    attempt::{Attempt, attempt},
    scraper::Scrape,
    sizing::measure_sizing,
};
use self::{kept::Kept, limits::later, progress::Tally, scraper::Scraper};
use crate::{
    arrivals::Due,
    client::{Begun, RequestTimeline, Verdict},
    observe::{Event, Observer},
    plan::LoadPlan,
    report::{Completion, Report, SeedReport, Warning},
    server_side::{ServerSide, ServerSnapshot},
    transport::Transport,
};

/// A run that could not begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The warm-up request got no connection.
    #[error("no server at {url}: {detail}")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What the transport says.
        detail: String,
    },
    /// The server answered the warm-up request with an error status.
    #[error("server at {url} refuses the warm-up request: {detail}; it would refuse every other one")]
    NotReady {
        /// Whose answer it is.
        url: String,
        /// Status and message.
        detail: String,
    },
}

/// What a run leaves behind.
#[derive(Debug)]
pub struct Outcome {
    /// The native report.
    pub report: Report,
    /// Every request that ended, by index.
    pub requests: Vec<RequestTimeline>,
    /// The measured window.
    pub window: Duration,
    plan: Arc<LoadPlan>,
}

impl Outcome {
    /// The same run in the seed schema.
    #[must_use]
    pub fn seed_report(&self) -> SeedReport {
        SeedReport::new(&self.plan, &self.requests, self.window)
    }
}

/// A run that is about to happen: `Run::new(plan, transport).observe(observer).run(stop)`.
#[must_use = "a run does nothing until `run` is awaited"]
pub struct Run {
    plan: Arc<LoadPlan>,
    transport: Arc<dyn Transport>,
    observers: Vec<Box<dyn Observer>>,
    tick: Option<Duration>,
    scrape: Option<Scrape>,
    start_at: Option<Instant>,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("plan", &self.plan).field("tick", &self.tick).finish_non_exhaustive()
    }
}

impl Run {
    /// A run of `plan` over `transport`.
    pub fn new(plan: LoadPlan, transport: impl Transport + 'static) -> Self {
        Self {
            plan: Arc::new(plan),
            transport: Arc::new(transport),
            observers: Vec::new(),
            tick: None,
            scrape: None,
            start_at: None,
        }
    }

    /// Adds an observer; several get the events in the order in which they were added.
    pub fn observe(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Also sends [`Event::Tick`] at every multiple of `interval` while the window is open; none without this call.
    pub fn tick_every(mut self, interval: Duration) -> Self {
        self.tick = (!interval.is_zero()).then_some(interval);
        self
    }

    /// Also reads the server's `/metrics` page before the window, during it, and after it. A page that cannot be read
    /// leaves a note in the report.
    pub fn scrape(mut self, scrape: Scrape) -> Self {
        self.scrape = Some(scrape);
        self
    }

    /// Begins the measured window at this instant, so that several generators begin together; without this call right after
    /// the warm-up. A warm-up that takes longer makes the first requests late, which the report says.
    pub fn start_at(mut self, instant: Instant) -> Self {
        self.start_at = Some(instant);
        self
    }

    /// Runs to the end, or until `stop` resolves; then the requests in flight are dropped and the report is marked
    /// interrupted. A failed request never ends the run.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<Outcome, RunError> {
        let Self { plan, transport, observers, tick, scrape, start_at } = self;
        let mut audience = Audience { observers, warnings: Vec::new() };
        let mut stop = pin!(stop);
        audience.tell(&Event::Started { plan: &plan });

        let mut warm_up = None;
        if let Some(request) = plan.warm_up_request() {
            let origin = Instant::now();
            let begun = Begun { index: 0, scheduled: Duration::ZERO, started: Duration::ZERO };
            let attempt = attempt(&*transport, Attempt::of_plan(&plan, request, begun, origin));
            let timeline = tokio::select! {
                biased;
                () = &mut stop => return Ok(audience.end(&plan, Ended::before_the_window(), None)),
                timeline = attempt => timeline,
            };
            audience.judge_warm_up(&plan, &timeline)?;
            audience.tell(&Event::WarmedUp { request: &timeline });
            warm_up = Some(timeline);
        }

        let mut server = ServerReadings::default();
        let mut scraper = match scrape {
            None => None,
            Some(scrape) => {
                let scraper = Scraper::new(scrape, Arc::clone(&transport));
                tokio::select! {
                    biased;
                    () = &mut stop => return Ok(audience.end(&plan, Ended::before_the_window(), None)),
                    scraper = server.begin(scraper, &mut audience) => scraper,
                }
            }
        };
        if start_at.is_some() {
            tokio::select! {
                biased;
                () = &mut stop => return Ok(audience.end(&plan, Ended::before_the_window(), warm_up.as_ref())),
                () = until(start_at) => {}
            }
        }
        let origin = start_at.unwrap_or_else(Instant::now);
        if let Some(scraper) = &mut scraper {
            scraper.begin(origin);
        }
        let mut arrivals = plan.arrivals();
        let mut in_flight: JoinSet<RequestTimeline> = JoinSet::new();
        let mut requests = Kept::with_room(&plan);
        let mut tally = Tally::new(&plan);
        let mut ticks = 1u32;
        let mut interrupted = None;

        loop {
            let now = origin.elapsed();
            while let Some(next) = arrivals.take(now) {
                in_flight.spawn(measured(Arc::clone(&plan), Arc::clone(&transport), next, origin));
            }
            let next_at = arrivals.next_at();
            if in_flight.is_empty() && next_at.is_none() {
                break;
            }
            tokio::select! {
                biased;
                () = &mut stop => {
                    interrupted = Some(in_flight.len());
                    break;
                }
                Some(ended) = in_flight.join_next() => {
                    let timeline = ended.unwrap_or_else(resume);
                    tally.count(&timeline);
                    let progress = tally.progress(timeline.finished, in_flight.len());
                    audience.tell(&Event::Finished { request: &timeline, progress });
                    arrivals.finished(timeline.finished, timeline.index);
                    requests.push(timeline);
                }
                () = until(next_at.map(|at| later(origin, at))) => {}
                snapshot = next_reading(scraper.as_mut()) => server.take(snapshot, &mut audience),
                () = until(tick.map(|tick| later(origin, tick.saturating_mul(ticks)))) => {
                    ticks += 1;
                    audience.tell(&Event::Tick(tally.progress(origin.elapsed(), in_flight.len())));
                }
            }
        }

        let requests = requests.into_requests();
        let last_end = requests.iter().map(|request: &RequestTimeline| request.finished).max();
        let window = match interrupted {
            Some(_) => origin.elapsed(),
            None => last_end.unwrap_or_default(),
        };
        in_flight.shutdown().await;
        if let Some(scraper) = scraper
            && let Some(last) = scraper.last().await
        {
            server.take(last, &mut audience);
        }
        let ended = Ended { requests, window, interrupted, server };
        Ok(audience.end(&plan, ended, warm_up.as_ref()))
    }
}

async fn measured(plan: Arc<LoadPlan>, transport: Arc<dyn Transport>, due: Due, origin: Instant) -> RequestTimeline {
    let begun = Begun { index: due.index, scheduled: due.scheduled, started: origin.elapsed() };
    let mut retries = 0;
    let mut timeline = loop {
        let request = plan.request(due.index);
        let timeline = attempt(&*transport, Attempt::of_plan(&plan, request, begun, origin)).await;
        if retries == plan.retries() || !retry::may_help(&timeline) {
            break timeline;
        }
        retries += 1;
        sleep_until(later(origin, timeline.finished.saturating_add(retry::pause(retries)))).await;
    };
    if 0 < retries {
        timeline.retries = retries;
        // what came before it is in its latency, so that its own connection cannot be told apart
        timeline.connect = None;
    }
    timeline.slot = (due.scheduled < due.at).then_some(due.at);
    timeline
}

async fn next_reading(scraper: Option<&mut Scraper<Arc<dyn Transport>>>) -> ServerSnapshot {
    match scraper {
        Some(scraper) => scraper.next().await,
        None => std::future::pending().await,
    }
}

async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

fn resume<T>(error: JoinError) -> T {
    match error.try_into_panic() {
        Ok(panic) => panic::resume_unwind(panic),
        Err(error) => unreachable!("only `run` itself ends its tasks, and it has not yet: {error}"),
    }
}

/// What the loop leaves behind.
struct Ended {
    requests: Vec<RequestTimeline>,
    window: Duration,
    /// Requests in flight when the run was stopped.
    interrupted: Option<usize>,
    server: ServerReadings,
}

impl Ended {
    fn before_the_window() -> Self {
        let server = ServerReadings::default();
        Self { requests: Vec::new(), window: Duration::ZERO, interrupted: Some(0), server }
    }
}

/// What was read of the server's page.
#[derive(Default)]
struct ServerReadings {
    snapshots: Vec<ServerSnapshot>,
    /// Why there are none.
    note: Option<String>,
}

impl ServerReadings {
    /// Makes the reading before the window; gives the scraper back if it succeeded.
    async fn begin<T: Transport + Clone + 'static>(
        &mut self,
        mut scraper: Scraper<T>,
        audience: &mut Audience,
    ) -> Option<Scraper<T>> {
        match scraper.first().await {
            Ok(snapshot) => {
                self.take(snapshot, audience);
                Some(scraper)
            }
            Err(reason) => {
                self.note = Some(format!("{}: {reason}", scraper.url()));
                None
            }
        }
    }

    fn take(&mut self, snapshot: ServerSnapshot, audience: &mut Audience) {
        audience.tell(&Event::Scraped { snapshot: &snapshot });
        self.snapshots.push(snapshot);
    }
}

/// The observers, and what to say about them.
struct Audience {
    observers: Vec<Box<dyn Observer>>,
    warnings: Vec<Warning>,
}

impl Audience {
    fn tell(&mut self, event: &Event<'_>) {
        let warnings = &mut self.warnings;
        self.observers.retain_mut(|observer| match observer.on_event(event) {
            Ok(()) => true,
            Err(error) => {
                warnings.push(Warning::observer_failed(&error));
                false
            }
        });
    }

    fn judge_warm_up(&mut self, plan: &LoadPlan, warm_up: &RequestTimeline) -> Result<(), RunError> {
        let url = plan.url().to_string();
        let detail = warm_up.detail.clone().unwrap_or_default();
        match warm_up.verdict {
            Verdict::ConnectError => return Err(RunError::Unreachable { url, detail }),
            Verdict::Error => return Err(RunError::NotReady { url, detail }),
            verdict if !verdict.is_success() => self.warnings.push(Warning::warm_up_failed(warm_up)),
            _ => {}
        }
        Ok(())
    }

    fn end(mut self, plan: &Arc<LoadPlan>, ended: Ended, warm_up: Option<&RequestTimeline>) -> Outcome {
        let Ended { requests, window, interrupted, server } = ended;
        let completion = match interrupted {
            Some(abandoned) => Completion::Interrupted { abandoned },
            None => Completion::Complete,
        };
        self.tell(&Event::Ended { window, completion });
        let mut report = Report::new(plan, &requests, window, completion).with_warnings(self.warnings);
        report = match (ServerSide::of(&server.snapshots, &requests, completion), server.note) {
            (Some(server), _) => report.with_server_side(server),
            (None, Some(note)) => report.without_server_side(note),
            (None, None) => report,
        };
        if let Some(warm_up) = warm_up {
            report = report.with_warm_up(warm_up);
        }
        Outcome { report, requests, window, plan: Arc::clone(plan) }
    }
}
