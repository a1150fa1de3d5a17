//! aiperf's `profile_export.jsonl`.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::{ImportError, duration};
use crate::{
    client::{ChunkKind, RequestTimeline, TokenChunk, TokenUsage, Verdict},
    plan::Streaming,
    report::{Completion, PlanSummary, Recording},
};

#[derive(Deserialize)]
struct Line {
    metadata: Metadata,
    metrics: BTreeMap<String, Metric>,
    #[serde(default)]
    error: Option<ErrorDetails>,
}

#[derive(Deserialize)]
struct Metadata {
    request_start_ns: u64,
    request_end_ns: u64,
    #[serde(default)]
    credit_issued_ns: Option<u64>,
    #[serde(default)]
    request_ack_ns: Option<u64>,
    #[serde(default)]
    benchmark_phase: String,
}

#[derive(Deserialize)]
struct Metric {
    value: Value,
    unit: String,
}

#[derive(Deserialize)]
struct ErrorDetails {
    #[serde(default)]
    code: Option<u16>,
    #[serde(default)]
    message: String,
}

pub(super) fn read(text: &str) -> Result<Recording, ImportError> {
    let mut warm_up = None;
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = || format!("line {}", number + 1);
        let line: Line = serde_json::from_str(line)
            .map_err(|error| ImportError::Field { place: place(), reason: error.to_string() })?;
        if line.metadata.benchmark_phase == "warmup" { warm_up = Some(line) } else { lines.push(line) }
    }
    lines.sort_by_key(|line| line.metadata.request_start_ns);
    let due = |line: &Line| line.metadata.credit_issued_ns.unwrap_or(line.metadata.request_start_ns);
    let first = lines.iter().map(|line| due(line).min(line.metadata.request_start_ns)).min().unwrap_or_default();
    let requests =
        lines.iter().enumerate().map(|(index, line)| one(line, index, first)).collect::<Result<Vec<_>, _>>()?;
    let warm_up = match &warm_up {
        Some(line) => Some(one(line, 0, line.metadata.request_start_ns)?),
        None => None,
    };
    let window = requests.iter().map(|request| request.finished).max().unwrap_or_default();
    let plan = PlanSummary::imported("aiperf", "", None, requests.len());
    let started_unix = Some(Duration::from_nanos(first));
    Ok(Recording {
        plan,
        started_unix,
        warm_up,
        requests,
        server: Vec::new(),
        window,
        completion: Completion::Complete,
    })
}

fn one(line: &Line, index: usize, first: u64) -> Result<RequestTimeline, ImportError> {
    let since = |at: u64| Duration::from_nanos(at.saturating_sub(first));
    let metadata = &line.metadata;
    let started = since(metadata.request_start_ns);
    let scheduled = metadata.credit_issued_ns.map_or(started, since).min(started);
    let ttft = line.length("time_to_first_token")?;
    let streaming = if ttft.is_some() { Streaming::On } else { Streaming::Off };
    let mut request = RequestTimeline::begun(index, scheduled, started, streaming);
    request.headers = metadata.request_ack_ns.map(since);
    request.finished = since(metadata.request_end_ns);
    if let Some(error) = &line.error {
        request.verdict = Verdict::Error;
        request.status = error.code;
        request.detail = Some(error.message.clone());
        return Ok(request);
    }

    request.status = Some(200);
    request.verdict = Verdict::Ok;
    request.marks.clean_end = true;
    if let Some(ttft) = ttft {
        let mut at = started + ttft;
        let chunk = |at| TokenChunk { at, choice: 0, kind: ChunkKind::Content, tokens: None };
        request.chunks.push(chunk(at));
        let gaps = line.metrics.get("inter_chunk_latency").and_then(|metric| metric.value.as_array());
        for gap in gaps.into_iter().flatten().filter_map(Value::as_f64) {
            at += duration(gap / 1000.0, || format!("`inter_chunk_latency` of request {index}"))?;
            request.chunks.push(chunk(at));
        }
        request.finished = request.finished.max(at);
    } else if let Some(latency) = line.length("request_latency")? {
        request.finished = started + latency;
    }
    let count = |tag: &str| line.metrics.get(tag).and_then(|metric| metric.value.as_u64());
    request.usage = Some(TokenUsage {
        prompt_tokens: count("input_sequence_length"),
        completion_tokens: count("output_sequence_length"),
        reasoning_tokens: count("reasoning_token_count"),
        ..TokenUsage::default()
    });
    Ok(request)
}

impl Line {
    /// A metric that is a length of time; aiperf exports them in milliseconds.
    fn length(&self, tag: &str) -> Result<Option<Duration>, ImportError> {
        let Some(metric) = self.metrics.get(tag) else { return Ok(None) };
        let field = |reason: String| ImportError::Field { place: format!("`{tag}`"), reason };
        let value = metric.value.as_f64().ok_or_else(|| field(format!("`{}` is no number", metric.value)))?;
        match metric.unit.as_str() {
            "ms" => duration(value / 1000.0, || format!("`{tag}`")).map(Some),
            "ns" => duration(value / 1e9, || format!("`{tag}`")).map(Some),
            other => Err(field(format!("unit `{other}`, expected ms"))),
        }
    }
}
