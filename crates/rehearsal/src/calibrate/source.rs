//! Rows from result files: the report's script, our own reports, `vllm bench serve`, aiperf, guidellm.

use std::num::{NonZeroU32, NonZeroUsize};

use rehearsal_fake::profile::ClientExtras;
use serde_json::Value;
use thiserror::Error;

use super::{Observed, Role, Row, RowError};
use crate::forecast::{Load, Pattern, Prompts};

/// What a result file does not say.
#[derive(Clone, Copy, Debug)]
pub struct Unsaid {
    /// GPUs that the model was split over.
    pub tensor_parallel: u32,
    /// What the rows are for.
    pub role: Role,
    /// Whether the prompts were alike; `None` takes what the tool does: one prompt in the report's script, random ones in the others.
    pub prompts: Option<Prompts>,
    /// By which share lengths were spread evenly around their mean; 0 for equal ones.
    pub spread: f64,
    /// The client's share.
    pub client: ClientExtras,
}

/// Why a file gives no row.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Not JSON.
    #[error("`{origin}` is not JSON: {error}")]
    Syntax {
        /// The file.
        origin: String,
        /// What the parser says.
        error: serde_json::Error,
    },
    /// No tool's result.
    #[error(
        "`{origin}` is no result that is known: give one of the report's script, of `rehearsal bench --report`, of \
         `vllm bench serve --save-result`, of aiperf or of guidellm, or a table with --table"
    )]
    Unknown {
        /// The file.
        origin: String,
    },
    /// Something is missing in it.
    #[error("`{origin}` has no usable `{field}`, which says what was asked; use a table with --table and say it there")]
    Missing {
        /// The file.
        origin: String,
        /// Where it should be.
        field: &'static str,
    },
    /// It cannot be.
    #[error(transparent)]
    Row(#[from] RowError),
}

/// The rows in a result file.
pub fn rows(text: &str, origin: &str, unsaid: Unsaid) -> Result<Vec<Row>, SourceError> {
    let document: Value =
        serde_json::from_str(text).map_err(|error| SourceError::Syntax { origin: origin.to_owned(), error })?;
    let whole = Reader { document: &document, origin, unsaid };
    let rows = if document.get("latency_s").is_some() && document.get("token_usage").is_some() {
        vec![whole.script()?]
    } else if document.get("schema_version").is_some() && document.get("plan").is_some() {
        vec![whole.report()?]
    } else if document.get("mean_tpot_ms").is_some() && document.get("completed").is_some() {
        vec![whole.vllm()?]
    } else if document.get("time_to_first_token").is_some() && document.get("output_sequence_length").is_some() {
        vec![whole.aiperf()?]
    } else if let Some(benchmarks) = document.get("benchmarks").and_then(Value::as_array) {
        benchmarks.iter().map(|one| Reader { document: one, origin, unsaid }.guidellm()).collect::<Result<_, _>>()?
    } else {
        return Err(SourceError::Unknown { origin: origin.to_owned() });
    };
    rows.iter().try_for_each(Row::check)?;
    Ok(rows)
}

struct Reader<'a> {
    document: &'a Value,
    origin: &'a str,
    unsaid: Unsaid,
}

impl Reader<'_> {
    /// The report's script: one prompt, a closed loop.
    fn script(&self) -> Result<Row, SourceError> {
        let observed = Observed {
            latency_p50_s: self.number("/latency_s/p50"),
            ttft_s: self.number("/ttft_s/mean"),
            output_tps: self.number("/derived/decode_tps"),
            tpot_s: None,
        };
        let lengths =
            (self.count("/token_usage/prompt_tokens_mean")?, self.count("/token_usage/completion_tokens_mean")?);
        let pattern = Pattern::Closed(self.workers("/concurrency")?);
        Ok(self.row(lengths, Prompts::Same, pattern, self.size("/requests")?, observed))
    }

    /// Our own report.
    fn report(&self) -> Result<Row, SourceError> {
        let ok = self.need("/counts/ok")?;
        let per_request = |field| Some(self.number(field)? / ok).and_then(whole);
        let missing = |field| self.missing(field);
        let lengths = (
            per_request("/tokens/prompt").ok_or_else(|| missing("/tokens/prompt"))?,
            per_request("/tokens/completion").ok_or_else(|| missing("/tokens/completion"))?,
        );
        // a schedule of any shape counts by its mean rate
        let pattern = if self.document.pointer("/plan/open_load").is_some_and(Value::is_object) {
            Pattern::Poisson(self.need("/counts/ok")? / self.need("/window_s")?)
        } else {
            Pattern::Closed(self.workers("/plan/concurrency")?)
        };
        let one_prompt = self.number("/plan/distinct_prompts").is_some_and(|prompts| prompts <= 1.0);
        let observed = Observed {
            tpot_s: self.number("/latency/tpot_s/mean"),
            ttft_s: self.number("/latency/ttft_s/mean"),
            latency_p50_s: self.number("/latency/end_of_stream_s/p50/value"),
            output_tps: self.number("/throughput/output_tokens_per_s"),
        };
        let prompts = if one_prompt { Prompts::Same } else { Prompts::Unique };
        Ok(self.row(lengths, prompts, pattern, self.size("/counts/ok")?, observed))
    }

    /// `vllm bench serve --save-result`.
    fn vllm(&self) -> Result<Row, SourceError> {
        let completed = self.need("/completed")?;
        let per_request = |field: &'static str| {
            self.number(field).and_then(|sum| whole(sum / completed)).ok_or_else(|| self.missing(field))
        };
        let lengths = (per_request("/total_input_tokens")?, per_request("/total_output_tokens")?);
        // `request_rate` is "inf" in a closed loop
        let pattern = match self.number("/request_rate") {
            Some(rate) => Pattern::Poisson(rate),
            None => Pattern::Closed(self.workers("/max_concurrency")?),
        };
        let observed = Observed {
            tpot_s: self.milliseconds("/mean_tpot_ms"),
            ttft_s: self.milliseconds("/mean_ttft_ms"),
            latency_p50_s: self.milliseconds("/median_e2el_ms"),
            output_tps: self.number("/output_throughput"),
        };
        Ok(self.row(lengths, Prompts::Unique, pattern, self.size("/completed")?, observed))
    }

    /// aiperf's `profile_export_aiperf.json`.
    fn aiperf(&self) -> Result<Row, SourceError> {
        let lengths = (self.count("/input_sequence_length/avg")?, self.count("/output_sequence_length/avg")?);
        let pattern = match self.number("/input_config/loadgen/request_rate") {
            Some(rate) => Pattern::Poisson(rate),
            None => Pattern::Closed(self.workers("/input_config/loadgen/concurrency")?),
        };
        let observed = Observed {
            // aiperf's inter-token latency of a request is (latency - TTFT) / (tokens - 1): the field's TPOT
            tpot_s: self.milliseconds("/inter_token_latency/avg"),
            ttft_s: self.milliseconds("/time_to_first_token/avg"),
            latency_p50_s: self.milliseconds("/request_latency/p50"),
            output_tps: self.number("/output_token_throughput/avg"),
        };
        Ok(self.row(lengths, Prompts::Unique, pattern, self.size("/request_count/avg")?, observed))
    }

    /// One benchmark of guidellm's.
    fn guidellm(&self) -> Result<Row, SourceError> {
        let lengths = (
            self.count("/metrics/prompt_token_count/successful/mean")?,
            self.count("/metrics/output_token_count/successful/mean")?,
        );
        let strategy = |field: &str| {
            ["/config/strategy", "/args/strategy", "/scheduler/strategy"]
                .into_iter()
                .find_map(|at| self.number(&format!("{at}/{field}")))
        };
        let pattern = if let Some(rate) = strategy("rate") {
            Pattern::Poisson(rate)
        } else {
            let workers = strategy("streams").or_else(|| strategy("max_concurrency"));
            let workers = workers.and_then(whole).and_then(|workers| NonZeroUsize::new(workers.get() as usize));
            Pattern::Closed(workers.ok_or_else(|| self.missing("/config/strategy/streams"))?)
        };
        let observed = Observed {
            tpot_s: self.milliseconds("/metrics/inter_token_latency_ms/successful/mean"),
            ttft_s: self.milliseconds("/metrics/time_to_first_token_ms/successful/mean"),
            latency_p50_s: self.number("/metrics/request_latency/successful/median"),
            output_tps: self.number("/metrics/output_tokens_per_second/successful/mean"),
        };
        Ok(self.row(lengths, Prompts::Unique, pattern, self.size("/metrics/request_totals/successful")?, observed))
    }

    fn row(
        &self,
        (prompt_tokens, output_tokens): (NonZeroU32, NonZeroU32),
        usual: Prompts,
        pattern: Pattern,
        requests: usize,
        observed: Observed,
    ) -> Row {
        let Unsaid { tensor_parallel, role, prompts, spread, client } = self.unsaid;
        let prompts = prompts.unwrap_or(usual);
        // files tell means, loads the most
        let most = |mean: NonZeroU32| whole(f64::from(mean.get()) * (1.0 + spread)).unwrap_or(mean);
        let (prompt_tokens, output_tokens) = (most(prompt_tokens), most(output_tokens));
        let shortest = (1.0 - spread) / (1.0 + spread);
        let load = Load { prompt_tokens, output_tokens, shortest, prompts, pattern, requests, client, seed: 0 };
        Row { name: self.origin.to_owned(), role, tensor_parallel, load, observed }
    }

    /// A number above 0; absent, null and 0 are not measured.
    fn number(&self, pointer: &str) -> Option<f64> {
        self.document.pointer(pointer)?.as_f64().filter(|number| 0.0 < *number && number.is_finite())
    }

    fn milliseconds(&self, pointer: &str) -> Option<f64> {
        Some(self.number(pointer)? / 1e3)
    }

    fn need(&self, field: &'static str) -> Result<f64, SourceError> {
        self.number(field).ok_or_else(|| self.missing(field))
    }

    /// A mean number of tokens, rounded.
    fn count(&self, field: &'static str) -> Result<NonZeroU32, SourceError> {
        self.number(field).and_then(whole).ok_or_else(|| self.missing(field))
    }

    fn size(&self, field: &'static str) -> Result<usize, SourceError> {
        Ok(self.count(field)?.get() as usize)
    }

    fn workers(&self, field: &'static str) -> Result<NonZeroUsize, SourceError> {
        NonZeroUsize::new(self.size(field)?).ok_or_else(|| self.missing(field))
    }

    fn missing(&self, field: &'static str) -> SourceError {
        SourceError::Missing { origin: self.origin.to_owned(), field }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie within a u32")]
fn whole(number: f64) -> Option<NonZeroU32> {
    let rounded = number.round();
    (1.0..=f64::from(u32::MAX)).contains(&rounded).then(|| NonZeroU32::new(rounded as u32)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNSAID: Unsaid = Unsaid {
        tensor_parallel: 2,
        role: Role::Fit,
        prompts: None,
        spread: 0.0,
        client: ClientExtras {
            turnaround: rehearsal_fake::engine::Nanos::ZERO,
            stagger: rehearsal_fake::engine::Nanos::ZERO,
            api_overhead: rehearsal_fake::engine::Nanos::ZERO,
        },
    };

    #[test]
    fn the_reports_result_is_a_closed_loop_of_one_prompt() {
        let rows = rows(include_str!("../../../../fixtures/report/tp2.json"), "tp2.json", UNSAID).unwrap();
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((row.load.prompt_tokens.get(), row.load.output_tokens.get(), row.load.requests), (89, 256, 64));
        assert_eq!((row.load.pattern, row.load.prompts), (Pattern::Closed(16.try_into().unwrap()), Prompts::Same));
        assert_eq!(row.fitted_figure(), Some(super::super::Figure::LatencyP50));
        assert!(row.observed.ttft_s.is_none() && row.observed.tpot_s.is_none());
    }

    /// The fields of vLLM 0.13's `benchmarks/serve.py`.
    #[test]
    fn a_result_of_vllms_own_benchmark_says_all_but_the_gpus() {
        let text = r#"{"request_rate": "inf", "max_concurrency": 16, "completed": 32, "total_input_tokens": 65536,
            "total_output_tokens": 8192, "output_throughput": 620.5, "mean_ttft_ms": 250.0, "mean_tpot_ms": 25.0}"#;
        let rows = rows(text, "vllm.json", UNSAID).unwrap();
        assert_eq!(rows[0].load.prompt_tokens.get(), 2048);
        assert_eq!((rows[0].observed.tpot_s, rows[0].observed.ttft_s), (Some(0.025), Some(0.25)));
        let open = text.replace("\"inf\"", "3.5");
        assert_eq!(super::rows(&open, "vllm.json", UNSAID).unwrap()[0].load.pattern, Pattern::Poisson(3.5));
    }

    /// The keys of aiperf's `profile_export_aiperf.json` (0.13.0, `aiperf/exporters/metrics_json_exporter.py`): a unit and statistics a metric.
    #[test]
    fn a_result_of_aiperf_says_all_but_the_gpus() {
        let text = r#"{"input_config": {"loadgen": {"concurrency": 8, "request_rate": null}},
            "request_count": {"unit": "requests", "avg": 40}, "input_sequence_length": {"unit": "tokens", "avg": 550.2},
            "output_sequence_length": {"unit": "tokens", "avg": 127.6}, "inter_token_latency": {"unit": "ms", "avg": 21.5},
            "time_to_first_token": {"unit": "ms", "avg": 95.0}, "request_latency": {"unit": "ms", "avg": 2830.0, "p50": 2825.0},
            "output_token_throughput": {"unit": "tokens/sec", "avg": 360.5}}"#;
        let rows = rows(text, "profile_export_aiperf.json", UNSAID).unwrap();
        let Row { load, observed, .. } = &rows[0];
        assert_eq!((load.prompt_tokens.get(), load.output_tokens.get(), load.requests), (550, 128, 40));
        assert_eq!((load.pattern, load.prompts), (Pattern::Closed(8.try_into().unwrap()), Prompts::Unique));
        assert_eq!((observed.tpot_s, observed.ttft_s), (Some(0.0215), Some(0.095)));
        assert_eq!((observed.latency_p50_s, observed.output_tps), (Some(2.825), Some(360.5)));
        let open = text.replace("\"request_rate\": null", "\"request_rate\": 2.5");
        assert_eq!(super::rows(&open, "a.json", UNSAID).unwrap()[0].load.pattern, Pattern::Poisson(2.5));
    }

    /// guidellm 0.8.1's `benchmarks.json`, cut to what is read; two benchmarks are two rows.
    #[test]
    fn a_result_of_guidellm_has_a_row_a_benchmark() {
        let one = |strategy: &str| {
            format!(
                r#"{{"config": {{"strategy": {strategy}}}, "metrics": {{"request_totals": {{"successful": 30}},
                "prompt_token_count": {{"successful": {{"mean": 512.0}}}}, "output_token_count": {{"successful": {{"mean": 200.0}}}},
                "inter_token_latency_ms": {{"successful": {{"mean": 25.0}}}}, "time_to_first_token_ms": {{"successful": {{"mean": 125.0}}}},
                "request_latency": {{"successful": {{"mean": 5.2, "median": 5.125}}}},
                "output_tokens_per_second": {{"successful": {{"mean": 150.0}}}}}}}}"#
            )
        };
        let closed = one(r#"{"type_": "concurrent", "streams": 4}"#);
        let open = one(r#"{"type_": "poisson", "rate": 0.75, "max_concurrency": 64}"#);
        let rows = rows(&format!(r#"{{"benchmarks": [{closed}, {open}]}}"#), "benchmarks.json", UNSAID).unwrap();
        assert_eq!(
            (rows[0].load.pattern, rows[1].load.pattern),
            (Pattern::Closed(4.try_into().unwrap()), Pattern::Poisson(0.75))
        );
        assert_eq!((rows[0].load.prompt_tokens.get(), rows[0].load.output_tokens.get()), (512, 200));
        assert_eq!((rows[0].observed.tpot_s, rows[0].observed.latency_p50_s), (Some(0.025), Some(5.125)));
    }

    /// By hand: lengths from 80 to 120 have the mean 100, and begin at two thirds of the most.
    #[test]
    fn spread_lengths_reach_above_their_mean() {
        let text = r#"{"request_rate": "inf", "max_concurrency": 16, "completed": 32, "total_input_tokens": 3200,
            "total_output_tokens": 3200, "mean_tpot_ms": 25.0}"#;
        let rows = rows(text, "vllm.json", Unsaid { spread: 0.2, ..UNSAID }).unwrap();
        assert_eq!((rows[0].load.prompt_tokens.get(), rows[0].load.output_tokens.get()), (120, 120));
        assert!((rows[0].load.shortest - 2.0 / 3.0).abs() < 1e-12);
    }

    #[track_caller]
    fn refuse(text: &str, expect: &str) {
        let error = rows(text, "x.json", UNSAID).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }

    #[test]
    fn what_is_no_result_or_cannot_be_is_refused_with_the_remedy() {
        refuse("[", "`x.json` is not JSON");
        refuse("{}", "`x.json` is no result that is known: give one of the report's script");
        refuse(
            r#"{"request_rate": "inf", "completed": 1, "total_input_tokens": 1, "total_output_tokens": 2, "mean_tpot_ms": 1}"#,
            "has no usable `/max_concurrency`",
        );
        let impossible = r#"{"request_rate": "inf", "max_concurrency": 2, "completed": 32, "total_input_tokens": 65536,
            "total_output_tokens": 8192, "output_throughput": 620.5, "mean_ttft_ms": 250.0, "mean_tpot_ms": 25.0}"#;
        refuse(impossible, "TPOT 0.025 s at 2 requests at a time and 620.5 output tokens/s cannot both be true");
    }
}
