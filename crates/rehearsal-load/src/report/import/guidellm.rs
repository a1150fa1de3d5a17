//! guidellm's `benchmarks.json` (0.8.1): the requests of its first benchmark.
//!
//! The file has the instants of a request's first and last token and not of those between, so a request has two chunks and
//! one gap: TTFT, TPOT and latency are exact, gaps between tokens are not to be read.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{ImportError, duration};
use crate::{
    client::{ChunkKind, RequestTimeline, TokenChunk, TokenUsage, Verdict},
    plan::Streaming,
    report::{Completion, PlanSummary, Recording},
};

#[derive(Deserialize)]
struct File {
    benchmarks: Vec<Benchmark>,
}

#[derive(Deserialize)]
struct Benchmark {
    start_time: f64,
    end_time: f64,
    config: Config,
    requests: Requests,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    strategy: Value,
    #[serde(default)]
    backend: Value,
}

#[derive(Deserialize, Default)]
struct Requests {
    #[serde(default)]
    successful: Option<Vec<Request>>,
    #[serde(default)]
    errored: Option<Vec<Request>>,
    #[serde(default)]
    incomplete: Option<Vec<Request>>,
}

#[derive(Deserialize)]
struct Request {
    info: Details,
    #[serde(default)]
    input_metrics: Tokens,
    #[serde(default)]
    output_metrics: Tokens,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    error: Option<String>,
    timings: Timings,
}

/// Calendar times in seconds.
#[derive(Deserialize)]
struct Timings {
    #[serde(default)]
    targeted_start: Option<f64>,
    #[serde(default)]
    resolve_start: Option<f64>,
    #[serde(default)]
    request_start: Option<f64>,
    #[serde(default)]
    first_token_iteration: Option<f64>,
    #[serde(default)]
    last_token_iteration: Option<f64>,
    #[serde(default)]
    token_iterations: Option<u64>,
    #[serde(default)]
    request_end: Option<f64>,
    #[serde(default)]
    resolve_end: Option<f64>,
}

#[derive(Deserialize, Default)]
struct Tokens {
    #[serde(default)]
    text_tokens: Option<u64>,
    #[serde(default)]
    cached_tokens: Option<u64>,
}

/// How a list of requests ended.
#[derive(Clone, Copy)]
enum Ending {
    Successful,
    Errored,
    Incomplete,
}

pub(super) fn read(value: Value) -> Result<Recording, ImportError> {
    let file: File = serde_json::from_value(value)
        .map_err(|error| ImportError::Field { place: "guidellm's benchmarks".into(), reason: error.to_string() })?;
    let benchmark = match file.benchmarks.len() {
        1 => file.benchmarks.into_iter().next(),
        several => {
            let reason = format!("{several} benchmarks; a run is one of them: keep one in the file");
            return Err(ImportError::Field { place: "`benchmarks`".into(), reason });
        }
    };
    let Some(benchmark) = benchmark else { return Err(ImportError::Unknown) };
    let origin = benchmark.start_time;
    let Requests { successful, errored, incomplete } = benchmark.requests;
    let lists = [(successful, Ending::Successful), (errored, Ending::Errored), (incomplete, Ending::Incomplete)];
    let mut requests = Vec::new();
    for (list, kind) in lists {
        for request in list.unwrap_or_default() {
            requests.push(one(&request, kind, origin)?);
        }
    }
    if requests.is_empty() {
        return Err(ImportError::NoRequests("guidellm benchmark --outputs json"));
    }
    requests.sort_by_key(|request| (request.scheduled, request.started));
    for (index, request) in requests.iter_mut().enumerate() {
        request.index = index;
    }
    let model = benchmark.config.backend.get("model").and_then(Value::as_str).unwrap_or_default();
    let streams = benchmark.config.strategy.get("streams").and_then(Value::as_u64);
    let streams = streams.and_then(|streams| usize::try_from(streams).ok());
    let place = |field: &'static str| move || format!("`{field}` of the benchmark");
    Ok(Recording {
        plan: PlanSummary::imported("guidellm", model, streams, requests.len()),
        started_unix: Some(duration(origin, place("start_time"))?),
        warm_up: None,
        requests,
        server: Vec::new(),
        window: duration(benchmark.end_time - origin, place("end_time"))?,
        completion: Completion::Complete,
    })
}

fn one(request: &Request, outcome: Ending, origin: f64) -> Result<RequestTimeline, ImportError> {
    let timings = &request.info.timings;
    // the calendar's doubles are exact to a fraction of a microsecond only
    let since = |at: f64, field: &'static str| duration((at - origin).max(0.0), || format!("`{field}` of a request"));
    let optional = |at: Option<f64>, field| at.map(|at| since(at, field)).transpose();
    let scheduled = optional(timings.targeted_start, "targeted_start")?;
    let begun = optional(timings.resolve_start, "resolve_start")?;
    let sent = optional(timings.request_start, "request_start")?;
    let started = sent.or(begun).or(scheduled).unwrap_or_default();
    let first = optional(timings.first_token_iteration, "first_token_iteration")?;
    let last = optional(timings.last_token_iteration, "last_token_iteration")?;
    let streaming = if first.is_some() { Streaming::On } else { Streaming::Off };
    let mut timeline = RequestTimeline::begun(0, scheduled.unwrap_or(started).min(started), started, streaming);
    let end = optional(timings.request_end.or(timings.resolve_end), "request_end")?;
    timeline.finished = [end, last, Some(started)].into_iter().flatten().max().unwrap_or(Duration::ZERO);

    match outcome {
        Ending::Successful => {
            timeline.verdict = Verdict::Ok;
            timeline.status = Some(200);
            timeline.marks.clean_end = true;
        }
        Ending::Errored => {
            timeline.verdict = Verdict::Error;
            timeline.detail.clone_from(&request.info.error);
            return Ok(timeline);
        }
        Ending::Incomplete => {
            timeline.detail = Some("guidellm calls it incomplete".into());
            return Ok(timeline);
        }
    }
    let chunk = |at| TokenChunk { at, choice: 0, kind: ChunkKind::Content, tokens: None };
    timeline.chunks.extend(first.map(chunk));
    if 1 < timings.token_iterations.unwrap_or(0) {
        timeline.chunks.extend(last.map(chunk));
    }
    timeline.usage = Some(TokenUsage {
        prompt_tokens: request.input_metrics.text_tokens,
        completion_tokens: request.output_metrics.text_tokens,
        cached_tokens: request.input_metrics.cached_tokens,
        ..TokenUsage::default()
    });
    Ok(timeline)
}
