//! What a load would see, each figure as a band.

use serde::Serialize;

use super::{Band, LoadFigures};

/// The figures that a decision needs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outlook {
    /// Output tokens a second; of requests that come by themselves what they ask for, while the engines keep up.
    pub output_tps: Band,
    /// Mean seconds a token after the first; `None` for answers of one token.
    pub tpot_mean_s: Option<Band>,
    /// The seconds a token that 99 of 100 requests stay below.
    pub tpot_p99_s: Option<Band>,
    /// Median seconds to the first token.
    pub ttft_p50_s: Option<Band>,
    /// The seconds to the first token that 99 of 100 requests stay below.
    pub ttft_p99_s: Option<Band>,
    /// Median seconds of a request.
    pub latency_p50_s: Option<Band>,
    /// Prompt tokens for each output token.
    pub prompt_ratio: f64,
    /// The share of the engine's time that prompts take, by the model that is believed most; `None` where it is not known.
    pub prompt_share: Option<f64>,
}

impl Outlook {
    /// Of several engines, each with how many there are of it: throughputs add up, times are those of the engine where they are longest.
    /// The engines are alike, so what errs in one errs in all.
    #[must_use]
    pub fn joined(engines: &[(usize, Self)]) -> Option<Self> {
        let (_, first) = engines.first()?;
        let sum = |end: fn(&Band) -> f64| engines.iter().map(|(count, one)| *count as f64 * end(&one.output_tps)).sum();
        let longest = |figure: fn(&Self) -> Option<Band>| {
            engines.iter().filter_map(|(_, one)| figure(one)).max_by(|a, b| a.likely.total_cmp(&b.likely))
        };
        Some(Self {
            output_tps: Band { likely: sum(|it| it.likely), low: sum(|it| it.low), high: sum(|it| it.high) },
            tpot_mean_s: longest(|it| it.tpot_mean_s),
            tpot_p99_s: longest(|it| it.tpot_p99_s),
            ttft_p50_s: longest(|it| it.ttft_p50_s),
            ttft_p99_s: longest(|it| it.ttft_p99_s),
            latency_p50_s: longest(|it| it.latency_p50_s),
            prompt_ratio: first.prompt_ratio,
            prompt_share: first.prompt_share,
        })
    }

    pub(super) fn of(
        likely: &LoadFigures,
        band: impl Fn(&dyn Fn(&LoadFigures) -> Option<f64>) -> Option<Band>,
    ) -> Self {
        Self {
            output_tps: band(&|figures| Some(figures.output_tps)).unwrap_or_else(|| Band::of(likely.output_tps, [])),
            tpot_mean_s: band(&|figures| figures.tpot_mean_s),
            tpot_p99_s: band(&|figures| figures.tpot_p99_s),
            ttft_p50_s: band(&|figures| figures.ttft_p50_s),
            ttft_p99_s: band(&|figures| figures.ttft_p99_s),
            latency_p50_s: band(&|figures| figures.latency_p50_s),
            prompt_ratio: likely.prompt_ratio,
            prompt_share: likely.prompt_share,
        }
    }
}
