//! A request of a forecast in a few numbers, so that a million of them fit anywhere.

use rehearsal_fake::engine::Nanos;
use rehearsal_load::metrics::{mean, median};
use serde::Serialize;

use super::simulation::Simulated;

/// What a client would see of one request, on the run's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    /// When it was sent.
    pub sent: Nanos,
    /// When its first token came; `None` if none did.
    pub first_token: Option<Nanos>,
    /// When it was over.
    pub finished: Nanos,
    /// Tokens of its prompt.
    pub prompt_tokens: u32,
    /// Tokens of its answer.
    pub completion_tokens: u32,
}

impl Outline {
    /// From sending it to its end.
    #[must_use]
    pub fn latency(&self) -> Nanos {
        self.finished.saturating_sub(self.sent)
    }

    /// From sending it to its first token.
    #[must_use]
    pub fn ttft(&self) -> Option<Nanos> {
        Some(self.first_token?.saturating_sub(self.sent))
    }

    /// Seconds a token after the first; `None` for an answer of one token.
    #[must_use]
    pub fn tpot(&self) -> Option<f64> {
        let after_first = self.completion_tokens.checked_sub(1).filter(|tokens| 0 < *tokens)?;
        let span = self.finished.saturating_sub(self.first_token?);
        Some(span.as_secs_f64() / f64::from(after_first))
    }
}

/// What a run would measure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LoadFigures {
    /// Requests of the run.
    pub requests: usize,
    /// Output tokens a second, over the time from the first request to the end of the last.
    pub output_tps: f64,
    /// Output tokens a second of the answers that ended in the last three quarters of the time in which requests were sent: what an open
    /// loop gets when neither its start nor its end counts; `None` when none did.
    pub sustained_tps: Option<f64>,
    /// Prompt tokens, cached ones too, for each output token.
    pub prompt_ratio: f64,
    /// The share of the engine's busy time by which prompt tokens made its steps longer; `None` where it is not known.
    pub prompt_share: Option<f64>,
    /// Median latency of a request in seconds; `None` when there was none, as the next ones.
    pub latency_p50_s: Option<f64>,
    /// Mean latency in seconds.
    pub latency_mean_s: Option<f64>,
    /// Mean time to the first token in seconds.
    pub ttft_mean_s: Option<f64>,
    /// Median time to the first token in seconds.
    pub ttft_p50_s: Option<f64>,
    /// The time to the first token in seconds that 99 of 100 requests stay below.
    pub ttft_p99_s: Option<f64>,
    /// Mean time a further token in seconds; `None` for answers of one token, too.
    pub tpot_mean_s: Option<f64>,
    /// The time a further token in seconds that 99 of 100 requests stay below.
    pub tpot_p99_s: Option<f64>,
}

impl LoadFigures {
    /// The same, of a simulated run.
    pub(super) fn of_run(run: &Simulated) -> Self {
        let busy = run.busy.as_secs_f64();
        let prompt_share = (0.0 < busy).then(|| run.for_prompts.as_secs_f64() / busy);
        Self { prompt_share, ..Self::of(&run.outlines) }
    }

    /// The figures of a run. Quantiles are nearest ranks.
    #[must_use]
    pub fn of(outlines: &[Outline]) -> Self {
        let sorted = |figures: &dyn Fn(&Outline) -> Option<f64>| {
            let mut figures: Vec<f64> = outlines.iter().filter_map(figures).collect();
            figures.sort_unstable_by(f64::total_cmp);
            figures
        };
        let latencies = sorted(&|outline| Some(outline.latency().as_secs_f64()));
        let ttfts = sorted(&|outline| Some(outline.ttft()?.as_secs_f64()));
        let tpots = sorted(&Outline::tpot);
        let tokens: u64 = outlines.iter().map(|outline| u64::from(outline.completion_tokens)).sum();
        let begin = outlines.iter().map(|outline| outline.sent).min().unwrap_or_default();
        let end = outlines.iter().map(|outline| outline.finished).max().unwrap_or_default();
        let prompt_tokens: u64 = outlines.iter().map(|outline| u64::from(outline.prompt_tokens)).sum();
        Self {
            requests: outlines.len(),
            output_tps: tokens as f64 / end.saturating_sub(begin).as_secs_f64(),
            sustained_tps: sustained(outlines, begin),
            prompt_ratio: prompt_tokens as f64 / tokens as f64,
            prompt_share: None,
            latency_p50_s: median(&latencies),
            latency_mean_s: mean(&latencies),
            ttft_mean_s: mean(&ttfts),
            ttft_p50_s: median(&ttfts),
            ttft_p99_s: nearest_rank(&ttfts, 99),
            tpot_mean_s: mean(&tpots),
            tpot_p99_s: nearest_rank(&tpots, 99),
        }
    }
}

fn sustained(outlines: &[Outline], begin: Nanos) -> Option<f64> {
    let last_sent = outlines.iter().map(|outline| outline.sent).max()?;
    let quarter = Nanos::new(last_sent.saturating_sub(begin).as_nanos() / 4);
    let from = begin + quarter;
    let counts = |outline: &&Outline| from < outline.finished && outline.finished <= last_sent;
    let tokens: u64 = outlines.iter().filter(counts).map(|outline| u64::from(outline.completion_tokens)).sum();
    let span = last_sent.saturating_sub(from).as_secs_f64();
    (0 < tokens && 0.0 < span).then(|| tokens as f64 / span)
}

/// The smallest of the values that `percent` of a hundred of them do not exceed.
fn nearest_rank(sorted: &[f64], percent: usize) -> Option<f64> {
    sorted.get((sorted.len() * percent).div_ceil(100).checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_two_requests_by_hand() {
        let outline = |sent, first, finished, completion_tokens| Outline {
            sent: Nanos::from_millis(sent),
            first_token: Some(Nanos::from_millis(first)),
            finished: Nanos::from_millis(finished),
            prompt_tokens: 5,
            completion_tokens,
        };
        let figures = LoadFigures::of(&[
            outline(1000, 1100, 1500, 5),
            outline(1000, 1300, 2000, 8),
            outline(1500, 1700, 1700, 1),
        ]);
        assert_eq!(figures.output_tps.to_bits(), 14.0_f64.to_bits());
        assert_eq!((figures.latency_p50_s, figures.ttft_p50_s, figures.ttft_p99_s), (Some(0.5), Some(0.2), Some(0.3)));
        assert_eq!((figures.tpot_mean_s, figures.tpot_p99_s), (Some(0.1), Some(0.1)));
        // requests were sent from 1.0 to 1.5 s: of the answers that ended after 1.125 s, one did so by 1.5 s, with 5 tokens
        assert_eq!(figures.sustained_tps.map(|tps| format!("{tps:.3}")).as_deref(), Some("13.333"));
        assert_eq!(figures.prompt_ratio.to_bits(), (15.0_f64 / 14.0).to_bits());
    }
}
