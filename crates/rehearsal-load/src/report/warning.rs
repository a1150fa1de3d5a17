//! What may mislead, as data.

use std::{collections::BTreeSet, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Completion;
use crate::{
    client::{RequestTimeline, Verdict},
    metrics::{ClientBound, CrossCheck, GeneratorHealth, SteadyState},
    server_side::{Balance, ServerSide},
};

/// A reason to read figures with care, and what to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// Which reason, for programs.
    pub kind: WarningKind,
    /// The reason and the remedy, for people.
    pub message: String,
}

/// The reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WarningKind {
    /// The server took prompt tokens from its prefix cache.
    PrefixCache,
    /// Requests share prompts, so that a prefix cache may have served them.
    RepeatedPrompt,
    /// Some requests failed; latencies describe the others only.
    FailedRequests,
    /// Every request failed; there are no figures.
    AllFailed,
    /// Some successes state no token counts.
    UsageMissing,
    /// Token counts of continuous usage were not asked for or not given, so chunks of unknown size count as one token.
    UnknownChunkSizes,
    /// An identity does not hold.
    CrossCheck,
    /// The generator was too late too often.
    ClientBound,
    /// Requests in flight grew for as long as the load went on.
    LoadGrows,
    /// The runs of a search were too short to tell what the server bears for longer.
    ShortRuns,
    /// The server counted other tokens than `usage` states.
    ServerDisagrees,
    /// The run did not run to its end.
    Interrupted,
    /// The warm-up request failed.
    WarmUpFailed,
    /// Arrivals of an open loop were dropped for want of a slot.
    ArrivalsDropped,
    /// A log or display stopped taking events.
    ObserverFailed,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Warning {
    /// A warning of your own making.
    pub fn new(kind: WarningKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The warm-up failed and the run went on.
    #[must_use]
    pub fn warm_up_failed(warm_up: &RequestTimeline) -> Self {
        let detail = warm_up.detail.as_deref().unwrap_or("no detail");
        let verdict = warm_up.verdict.name();
        Self::new(
            WarningKind::WarmUpFailed,
            format!("the warm-up request ended as {verdict} ({detail}); the first measured requests may be cold"),
        )
    }

    /// Arrivals were dropped; `None` if there were none.
    #[must_use]
    pub fn dropped(dropped: usize, planned: usize) -> Option<Self> {
        (0 < dropped).then(|| {
            let message = format!(
                "{dropped} of {planned} arrivals found no slot and were dropped; the server saw less load than the rate \
                 says: allow more requests in flight, or let arrivals wait"
            );
            Self::new(WarningKind::ArrivalsDropped, message)
        })
    }

    /// An observer failed.
    #[must_use]
    pub fn observer_failed(error: &std::io::Error) -> Self {
        Self::new(
            WarningKind::ObserverFailed,
            format!("an observer stopped: {error}; its log is incomplete, the report is not"),
        )
    }

    /// What the generator's own lag gives reason to.
    pub(super) fn client_bound(health: &GeneratorHealth) -> Option<Self> {
        let lag = health.schedule_lag_p99_s.filter(|_| health.client_bound == ClientBound::Yes)?;
        let message = format!(
            "client bound: 1 % of the requests were sent {:.1} ms or more after they were due, and {:.1} ms are harmless; \
             the figures are partly the generator's: spread the load over several, or leave it a core of its own",
            lag * 1000.0,
            health.limit_s * 1000.0
        );
        Some(Self::new(WarningKind::ClientBound, message))
    }

    /// An open loop that asks for more than the server bears.
    pub(super) fn load_grows(steady: &SteadyState) -> Option<Self> {
        steady.grows.then(|| {
            let message = format!(
                "requests in flight were still growing when the load ended ({:.1} on average, {} or more for half of the \
                 time): the rate is above what the server bears, and latencies depend on how long the run was; lower the \
                 rate, or search for the highest one that meets an objective",
                steady.mean_concurrency, steady.plateau
            );
            Self::new(WarningKind::LoadGrows, message)
        })
    }

    /// The token counts on which the server's counters and `usage` differ.
    pub(super) fn unbalanced(server: &ServerSide) -> impl Iterator<Item = Self> {
        server.balance.iter().filter(|it| it.balance == Balance::Different).map(|it| {
            let message = format!(
                "the answers state {} {}, and the server's own counter went up by {}: it has other clients, or one of the \
                 counts is wrong",
                it.client,
                it.what.replace('_', " "),
                it.server
            );
            Self::new(WarningKind::ServerDisagrees, message)
        })
    }

    /// What an early end gives reason to.
    pub(super) fn of_completion(completion: Completion, finished: usize, planned: usize) -> Option<Self> {
        let message = match completion {
            Completion::Complete => return None,
            Completion::Interrupted { abandoned } => format!(
                "interrupted after {finished} of {planned} requests, with {abandoned} in flight; figures cover the \
                 finished ones, and rates are over the time until then"
            ),
            Completion::Partial { cut_line } => {
                let cut = if cut_line { " and its last line is cut" } else { "" };
                format!(
                    "the log stops after {finished} of {planned} requests{cut}: the generator was killed or could not \
                     write; figures cover the requests it holds, and rates are over the time until the last of them ended"
                )
            }
        };
        Some(Self::new(WarningKind::Interrupted, message))
    }

    /// What the measured requests themselves give reason to.
    pub(super) fn of_requests(requests: &[RequestTimeline], prompts: usize, checks: &[CrossCheck]) -> Vec<Self> {
        let mut warnings = Vec::new();
        let sent = requests.len();
        let ok: Vec<&RequestTimeline> = requests.iter().filter(|request| request.verdict.is_success()).collect();
        if 0 < sent && ok.is_empty() {
            let reasons: BTreeSet<&str> = requests.iter().filter_map(|request| request.detail.as_deref()).collect();
            let first = reasons.first().copied().unwrap_or("no detail");
            let message = format!("all {sent} requests failed, for example: {first}; there is nothing to measure");
            warnings.push(Self::new(WarningKind::AllFailed, message));
        } else if ok.len() < sent {
            let failed = sent - ok.len();
            let message = format!("{failed} of {sent} requests failed; latencies describe the other {} only", ok.len());
            warnings.push(Self::new(WarningKind::FailedRequests, message));
        }

        let without_usage = ok.iter().filter(|request| request.verdict == Verdict::UsageMissing).count();
        if 0 < without_usage {
            let message = format!(
                "{without_usage} of {} successes state no token counts; token rates leave them out and are too low",
                ok.len()
            );
            warnings.push(Self::new(WarningKind::UsageMissing, message));
        }

        let cached: Vec<u64> =
            ok.iter().filter_map(|request| request.usage?.cached_tokens).filter(|cached| 0 < *cached).collect();
        if !cached.is_empty() {
            let message = format!(
                "{} of {} answers took prompt tokens from the prefix cache ({} in all); prefill cost cannot be read \
                 from this run: send different prompts, or switch the cache off",
                cached.len(),
                ok.len(),
                cached.iter().sum::<u64>()
            );
            warnings.push(Self::new(WarningKind::PrefixCache, message));
        } else if prompts < sent {
            let message = format!(
                "{sent} requests share {prompts} prompt(s); a prefix cache, on by default in vLLM, makes all but the \
                 first cheap: send different prompts to measure prefill"
            );
            warnings.push(Self::new(WarningKind::RepeatedPrompt, message));
        }

        let unsized_chunks = ok.iter().any(|request| {
            let unknown = request.chunks.iter().any(|chunk| chunk.tokens.is_none());
            unknown && request.output_tokens().is_some_and(|tokens| request.chunks.len() as u64 != tokens)
        });
        if unsized_chunks {
            let message = "some chunks hold several tokens and do not say how many; ITL is between chunks, and a first \
                           chunk counts as one token: ask for continuous usage to know";
            warnings.push(Self::new(WarningKind::UnknownChunkSizes, message));
        }

        for check in checks.iter().filter(|check| !check.holds()) {
            let first = check.first_violation.map_or_else(String::new, |index| format!(", first in request {index}"));
            let message = format!(
                "`{}` does not hold in {} of {} cases{first}: do not trust figures that rest on it",
                check.law, check.violations, check.examined
            );
            warnings.push(Self::new(WarningKind::CrossCheck, message));
        }
        warnings
    }
}
