//! Laws that hold of every request, and a search for the smallest request that breaks one.
//!
//! Where a case asks one thing that somebody thought of, a law is held against requests that nobody wrote: `proptest` draws an endpoint,
//! a prompt and up to seven parameters, the request is sent whole and streamed, and every law that is about such a request looks at the
//! answers. A request that breaks a law is shrunk for this law: parameters go one by one, the prompt gets shorter, values get smaller, as
//! long as the law stays broken.
//!
//! `proptest` runs closures that do not wait, and answers have to be waited for; so its value trees are walked here by hand
//! (`search.rs`). A run is a function of its seed and of the server.
//!
//! - `request.rs`, `generate.rs`: what a request is, and how it is drawn;
//! - `trial.rs`: one request, sent in the ways that laws need;
//! - `law.rs`, `laws/`: what a law is, and each of them;
//! - `search.rs`, `tally.rs`: the run, and what became of each law.

mod generate;
mod law;
mod laws;
mod request;
mod search;
mod tally;
mod trial;

use std::time::Duration;

pub(crate) use self::search::Search;
use self::{law::Law, laws::LAWS};
use crate::report::CaseReport;

/// A run of generated requests: which laws, and how long.
///
/// ```
/// use std::time::Duration;
///
/// use rehearsal_conformance::{Properties, Suite};
///
/// let suite = Suite::standard().properties(Properties::standard().time(Duration::from_secs(20)));
/// assert!(suite.laws().any(|(id, title)| id == "P-05" && title.contains("several choices")));
/// ```
#[derive(Debug, Clone)]
#[must_use = "laws are held against a server when the suite is run"]
pub struct Properties {
    laws: Vec<Law>,
    requests: Option<u64>,
    time: Option<Duration>,
}

impl Properties {
    /// Every law, for as long as [`time`](Self::time) or [`requests`](Self::requests) say; a minute unless either does.
    pub fn standard() -> Self {
        Self { laws: LAWS.to_vec(), requests: None, time: None }
    }

    /// Generates requests until the suite has run for so long, its cases included.
    pub fn time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// Generates so many requests.
    pub fn requests(mut self, requests: u64) -> Self {
        self.requests = Some(requests);
        self
    }

    /// Keeps the laws whose id `keep` chooses.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.laws.retain(|law| keep(law.id));
    }

    /// The ids and titles of the laws, in order.
    pub(crate) fn titles(&self) -> impl ExactSizeIterator<Item = (&'static str, &'static str)> {
        self.laws.iter().map(|law| (law.id, law.title))
    }

    pub(crate) fn limits(&self) -> (Option<u64>, Option<Duration>) {
        (self.requests, self.time)
    }

    pub(crate) fn search(&self, seed: u64) -> Search {
        Search::new(&self.laws, seed)
    }
}

/// What a search came to, a case for each law.
pub(crate) fn cases(search: Search) -> Vec<CaseReport> {
    let tried = search.tried();
    search.into_tallies().into_iter().map(|tally| tally.into_case(tried)).collect()
}
