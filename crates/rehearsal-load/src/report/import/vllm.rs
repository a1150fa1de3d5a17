//! The result file of `vllm bench serve --save-result --save-detailed`.

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
struct ResultFile {
    model_id: String,
    duration: f64,
    #[serde(default)]
    max_concurrency: Option<usize>,
    #[serde(default)]
    ttfts: Vec<f64>,
    #[serde(default)]
    itls: Vec<Vec<f64>>,
    #[serde(default)]
    latencies: Vec<f64>,
    #[serde(default)]
    start_times: Vec<f64>,
    #[serde(default)]
    input_lens: Vec<u64>,
    #[serde(default)]
    output_lens: Vec<u64>,
    #[serde(default)]
    errors: Vec<String>,
}

pub(super) fn read(value: Value) -> Result<Recording, ImportError> {
    let file: ResultFile = serde_json::from_value(value).map_err(|error| ImportError::Field {
        place: "result of vllm bench serve".into(),
        reason: error.to_string(),
    })?;
    if file.ttfts.is_empty() || file.itls.len() != file.ttfts.len() {
        return Err(ImportError::NoRequests("vllm bench serve --save-result --save-detailed"));
    }
    let first = file.start_times.iter().copied().min_by(f64::total_cmp).unwrap_or(0.0);
    let requests = (0..file.ttfts.len()).map(|index| one(&file, index, first)).collect::<Result<Vec<_>, _>>()?;
    let window = duration(file.duration, || "`duration`".into())?;
    let plan = PlanSummary::imported("vllm bench serve", &file.model_id, file.max_concurrency, requests.len());
    Ok(Recording {
        plan,
        started_unix: None,
        warm_up: None,
        requests,
        server: Vec::new(),
        window,
        completion: Completion::Complete,
    })
}

fn one(file: &ResultFile, index: usize, first: f64) -> Result<RequestTimeline, ImportError> {
    let place = |field: &str| format!("`{field}` of request {index}");
    let started = match file.start_times.get(index) {
        Some(start) => duration(start - first, || place("start_times"))?,
        None => Duration::ZERO,
    };
    let mut request = RequestTimeline::begun(index, started, started, Streaming::On);
    let mut at = started + duration(file.ttfts[index], || place("ttfts"))?;
    let chunk = |at| TokenChunk { at, choice: 0, kind: ChunkKind::Content, tokens: None };
    let error = file.errors.get(index).filter(|error| !error.is_empty());
    if error.is_none() {
        request.chunks.push(chunk(at));
    }
    for gap in &file.itls[index] {
        at += duration(*gap, || place("itls"))?;
        request.chunks.push(chunk(at));
    }
    let end = match file.latencies.get(index) {
        Some(latency) => started + duration(*latency, || place("latencies"))?,
        None => at,
    };
    request.finished = end.max(at);
    request.marks.last_event = Some(end.max(at));
    if let Some(error) = error {
        request.verdict = Verdict::Error;
        request.detail = Some(error.lines().next_back().unwrap_or(error).to_owned());
    } else {
        request.verdict = Verdict::Ok;
        request.status = Some(200);
        request.marks.clean_end = true;
        if let (Some(prompt), Some(output)) = (file.input_lens.get(index), file.output_lens.get(index)) {
            request.usage = Some(TokenUsage::new(*prompt, *output));
        }
    }
    Ok(request)
}
