//! What the measured work costs, from a price of the machine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// US dollars by amount of work, at the measured rates: what the same load would cost if it went on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// The price that was given: all machines of the server, for an hour.
    pub usd_per_hour: f64,
    /// For a million output tokens; `null` without a rate.
    pub usd_per_million_output_tokens: Option<f64>,
    /// For a million tokens, prompt and output together; cached prompt tokens count like others.
    pub usd_per_million_tokens: Option<f64>,
    /// For a thousand successes.
    pub usd_per_thousand_requests: Option<f64>,
}

impl Cost {
    /// price ÷ (rate × 3600 s), scaled to the amount. Undefined where the rate is undefined or 0.
    #[must_use]
    pub fn of(
        usd_per_hour: f64,
        requests_per_s: Option<f64>,
        prompt_tokens_per_s: Option<f64>,
        output_tokens_per_s: Option<f64>,
    ) -> Self {
        let of = |amount: f64, rate: Option<f64>| {
            rate.filter(|rate| 0.0 < *rate).map(|rate| usd_per_hour / 3600.0 / rate * amount)
        };
        let both = prompt_tokens_per_s.zip(output_tokens_per_s).map(|(prompt, output)| prompt + output);
        Self {
            usd_per_hour,
            usd_per_million_output_tokens: of(1e6, output_tokens_per_s),
            usd_per_million_tokens: of(1e6, both),
            usd_per_thousand_requests: of(1e3, requests_per_s),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cost;

    #[test]
    fn a_million_tokens_cost_the_time_they_take() {
        // 1,000 tokens/s make 3.6 million in an hour: 7.2 USD / 3.6
        let cost = Cost::of(7.2, Some(2.0), Some(3000.0), Some(1000.0));
        let rounded = |value: Option<f64>| value.map(|value| (value * 1e9).round() / 1e9);
        assert_eq!(rounded(cost.usd_per_million_output_tokens), Some(2.0));
        assert_eq!(rounded(cost.usd_per_million_tokens), Some(0.5));
        // 7,200 requests an hour
        assert_eq!(rounded(cost.usd_per_thousand_requests), Some(1.0));
        assert_eq!(Cost::of(7.2, None, None, Some(0.0)).usd_per_million_output_tokens, None);
    }
}
