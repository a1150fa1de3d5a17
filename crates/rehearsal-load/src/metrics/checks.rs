//! Arithmetic that must hold in every report. A miss does not fail the run; it says which figure not to trust.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{e2el, gaps, token_span, ttft};
use crate::client::{RequestTimeline, TokenUsage};

/// One identity, checked on every request that it applies to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CrossCheck {
    /// A stable name.
    pub id: String,
    /// What must hold.
    pub law: String,
    /// How many requests it applies to.
    pub examined: usize,
    /// In how many of them it does not hold.
    pub violations: usize,
    /// The first of those, by index.
    pub first_violation: Option<usize>,
}

impl CrossCheck {
    /// Whether nothing contradicts the law.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violations == 0
    }

    fn over<'a>(
        id: &str,
        law: &str,
        requests: impl Iterator<Item = &'a RequestTimeline>,
        holds: impl Fn(&RequestTimeline) -> Option<bool>,
    ) -> Self {
        let mut check =
            Self { id: id.to_owned(), law: law.to_owned(), examined: 0, violations: 0, first_violation: None };
        for request in requests {
            let Some(holds) = holds(request) else { continue };
            check.examined += 1;
            if !holds {
                check.violations += 1;
                check.first_violation = check.first_violation.or(Some(request.index));
            }
        }
        check
    }
}

/// All cross-checks of a run: over successes, and Little's law over everything in the window.
#[must_use]
pub fn cross_checks(requests: &[RequestTimeline], window: Duration) -> Vec<CrossCheck> {
    let ok = || requests.iter().filter(|request| request.verdict.is_success());
    let usage_law = |id, law, holds: fn(TokenUsage) -> Option<bool>| {
        CrossCheck::over(id, law, ok(), move |request| holds(request.usage?))
    };
    vec![
        little(requests, window),
        usage_law("usage_total", "total_tokens = prompt_tokens + completion_tokens", |usage| {
            Some(usage.total_tokens? == usage.prompt_tokens?.saturating_add(usage.completion_tokens?))
        }),
        usage_law("cached_within_prompt", "cached_tokens ≤ prompt_tokens", |usage| {
            Some(usage.cached_tokens? <= usage.prompt_tokens?)
        }),
        usage_law("reasoning_within_completion", "reasoning_tokens ≤ completion_tokens", |usage| {
            Some(usage.reasoning_tokens? <= usage.completion_tokens?)
        }),
        CrossCheck::over("chunks_within_usage", "token-carrying chunks ≤ completion_tokens", ok(), |request| {
            Some(request.chunks.len() as u64 <= request.output_tokens()?)
        }),
        CrossCheck::over("tokens_equal_usage", "Σ tokens of the chunks = completion_tokens", ok(), |request| {
            let tokens: Option<u64> = request.chunks.iter().map(|chunk| chunk.tokens.map(u64::from)).sum();
            if request.chunks.is_empty() { None } else { Some(tokens? == request.output_tokens()?) }
        }),
        CrossCheck::over("ttft_within_e2el", "TTFT ≤ E2EL", ok(), |request| Some(ttft(request)? <= e2el(request)?)),
        CrossCheck::over("itl_sum", "Σ ITL = last − first token", ok(), |request| {
            Some(gaps(request).iter().map(|gap| gap.length).sum::<Duration>() == token_span(request)?)
        }),
        CrossCheck::over("order", "due ≤ start ≤ headers ≤ tokens ≤ end", requests.iter(), |request| {
            let headers = request.headers.unwrap_or(request.started);
            let mut instants = vec![request.scheduled, request.started, headers];
            instants.extend(request.chunks.iter().map(|chunk| chunk.at));
            instants.push(request.finished);
            Some(instants.is_sorted())
        }),
    ]
}

/// Little's law, L = λ·W: requests in flight, integrated over time by walking through starts and ends, equal the sum of
/// their residence times. To the nanosecond; it fails when a request lies outside the window.
fn little(requests: &[RequestTimeline], window: Duration) -> CrossCheck {
    let mut steps: Vec<(Duration, bool)> = Vec::with_capacity(2 * requests.len());
    for request in requests {
        steps.push((request.started, true));
        steps.push((request.finished, false));
    }
    steps.sort_unstable();
    let mut in_flight = 0i128;
    let mut last = Duration::ZERO;
    let mut area = 0i128;
    let nanos = |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
    for (at, begins) in steps {
        let at = at.min(window);
        area = area.saturating_add(in_flight * nanos(at.saturating_sub(last)));
        last = at;
        in_flight += if begins { 1 } else { -1 };
    }
    let residence: i128 = requests.iter().map(|request| nanos(request.wall())).sum();
    let holds = area == residence;
    CrossCheck {
        id: "littles_law".into(),
        law: "∫ requests in flight dt = Σ residence times".into(),
        examined: requests.len(),
        violations: usize::from(!holds),
        first_violation: None,
    }
}
