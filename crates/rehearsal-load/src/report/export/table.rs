//! A row a request, for spreadsheets, `DuckDB` and pandas: times in seconds since the window began, absent is empty.

use std::time::Duration;

use crate::{
    client::RequestTimeline,
    metrics::{e2el, itl_request_mean, scheduled_latency, seconds, tpot, ttfot, ttft},
    report::Recording,
};

/// A column's name and its cell.
type Column = (&'static str, fn(&RequestTimeline) -> Option<String>);

const COLUMNS: &[Column] = &[
    ("index", |request| Some(request.index.to_string())),
    ("verdict", |request| Some(request.verdict.name().to_owned())),
    ("status", |request| request.status.map(|status| status.to_string())),
    ("scheduled_s", |request| length(Some(request.scheduled))),
    ("started_s", |request| length(Some(request.started))),
    ("headers_s", |request| length(request.headers)),
    ("finished_s", |request| length(Some(request.finished))),
    ("connect_s", |request| length(request.connect)),
    ("latency_s", |request| length(Some(request.wall()))),
    ("ttft_s", |request| length(ttft(request))),
    ("ttfot_s", |request| length(ttfot(request))),
    ("tpot_s", |request| length(tpot(request))),
    ("itl_mean_s", |request| length(itl_request_mean(request))),
    ("e2el_s", |request| length(e2el(request))),
    ("scheduled_latency_s", |request| length(scheduled_latency(request))),
    ("prompt_tokens", |request| count(request.prompt_tokens())),
    ("completion_tokens", |request| count(request.output_tokens())),
    ("cached_tokens", |request| count(request.usage?.cached_tokens)),
    ("reasoning_tokens", |request| count(request.usage?.reasoning_tokens)),
    ("chunks", |request| Some(request.chunks.len().to_string())),
    ("model", |request| request.model.as_deref().map(str::to_owned)),
    ("detail", |request| request.detail.clone()),
];

pub(super) fn csv(recording: &Recording) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = COLUMNS.iter().map(|(name, _)| *name);
    let rows = recording
        .requests
        .iter()
        .map(|request| COLUMNS.iter().map(|(_, cell)| cell(request).unwrap_or_default()).collect::<Vec<String>>());
    let written = writer.write_record(names).and_then(|()| {
        for row in rows {
            writer.write_record(row)?;
        }
        Ok(())
    });
    written.expect("rows of one length go into memory");
    let bytes = writer.into_inner().expect("memory takes every byte");
    String::from_utf8(bytes).expect("cells are text")
}

fn length(duration: Option<Duration>) -> Option<String> {
    duration.map(|duration| seconds(duration).to_string())
}

fn count(tokens: Option<u64>) -> Option<String> {
    tokens.map(|tokens| tokens.to_string())
}
