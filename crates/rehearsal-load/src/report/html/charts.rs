//! The charts of a run. Large runs are thinned to what a screen can show; extremes always stay.

use std::{fmt::Write, time::Duration};

use super::{Axis, Chart, Ink, server_side};
use crate::{
    client::RequestTimeline,
    metrics::{e2el, itl_pooled, seconds, ttft},
    report::{Recording, Report},
};

/// Dots in a chart at most.
const MOST_DOTS: usize = 1500;

/// Points of a line at most.
const MOST_POINTS: usize = 400;

/// Stretches that rates over time are taken over.
const BUCKETS: usize = 60;

/// Bars of a histogram.
const BARS: usize = 40;

/// Requests in the timeline of the slowest.
const SLOWEST: usize = 20;

pub(super) fn all(recording: &Recording, report: &Report) -> String {
    let requests = &recording.requests;
    let ok: Vec<&RequestTimeline> = requests.iter().filter(|request| request.verdict.is_success()).collect();
    let of = |metric: fn(&RequestTimeline) -> Option<Duration>| -> Vec<f64> {
        let mut samples: Vec<f64> = ok.iter().filter_map(|request| metric(request)).map(seconds).collect();
        samples.sort_unstable_by(f64::total_cmp);
        samples
    };
    let (latencies, first_tokens) = (of(e2el), of(ttft));
    let mut gaps: Vec<f64> = itl_pooled(requests).into_iter().map(seconds).collect();
    gaps.sort_unstable_by(f64::total_cmp);

    let charts = [
        cumulative(&latencies, &first_tokens),
        over_time(requests, report.window_s),
        histogram("ttft-histogram", "Time to first token", &first_tokens),
        histogram("itl-histogram", "Inter-token latency", &gaps),
        throughput(&ok, report.window_s),
        concurrency(requests, report.window_s),
        slowest(&ok),
    ];
    let drawn: String = charts.into_iter().flatten().collect();
    let drawn = drawn + &server_side::charts(recording, report.window_s);
    if drawn.is_empty() { drawn } else { format!("<h2>Charts</h2>\n<div class=\"charts\">\n{drawn}</div>\n") }
}

fn cumulative(latencies: &[f64], first_tokens: &[f64]) -> Option<String> {
    let most = latencies.last().or(first_tokens.last())?;
    let mut chart = Chart::new(Axis::linear("seconds", 0.0, *most), Axis::linear("% of requests", 0.0, 100.0));
    let keys = [(Ink::A, "latency", latencies), (Ink::B, "first token", first_tokens)];
    for (ink, _, samples) in keys.iter().filter(|(_, _, samples)| !samples.is_empty()) {
        let share = |rank: usize| 100.0 * rank as f64 / samples.len() as f64;
        let step = samples.len().div_ceil(MOST_POINTS);
        let ranks = (0..samples.len()).step_by(step).chain([samples.len() - 1]);
        let points = ranks.flat_map(|rank| [(samples[rank], share(rank)), (samples[rank], share(rank + 1))]);
        chart.line(*ink, points);
    }
    let keys: Vec<_> = keys.iter().filter(|key| !key.2.is_empty()).map(|(ink, name, _)| (*ink, *name)).collect();
    Some(chart.figure("cdf", "Latency, cumulative", "the share of successes that took at most this long", &keys))
}

fn over_time(requests: &[RequestTimeline], window_s: f64) -> Option<String> {
    let longest = requests.iter().map(|request| seconds(request.wall())).max_by(f64::total_cmp)?;
    let mut chart =
        Chart::new(Axis::linear("start of the request, seconds", 0.0, window_s), Axis::linear("seconds", 0.0, longest));
    let step = requests.len().div_ceil(MOST_DOTS);
    let mut failed = false;
    for (place, request) in requests.iter().enumerate() {
        let is_failure = !request.verdict.is_success();
        let slowest = (seconds(request.wall()) - longest).abs() < f64::EPSILON;
        if place % step != 0 && !is_failure && !slowest {
            continue;
        }
        let start = seconds(request.started);
        if is_failure {
            failed = true;
            let said = request.detail.as_deref().unwrap_or_default();
            let title = format!("request {}: {}, {said}", request.index, request.verdict.name());
            chart.dot(Ink::Bad, start, seconds(request.wall()), &title);
            continue;
        }
        if let Some(ttft) = ttft(request) {
            chart.dot(Ink::B, start, seconds(ttft), &format!("request {}: first token after {ttft:?}", request.index));
        }
        if let Some(latency) = e2el(request) {
            chart.dot(Ink::A, start, seconds(latency), &format!("request {}: {latency:?}", request.index));
        }
    }
    let mut keys = vec![(Ink::A, "latency"), (Ink::B, "first token")];
    if failed {
        keys.push((Ink::Bad, "failed"));
    }
    Some(chart.figure("latency-over-time", "Latency over time", "a dot a request", &keys))
}

fn histogram(id: &str, name: &str, sorted: &[f64]) -> Option<String> {
    let (low, high) = (*sorted.first()?, *sorted.last()?);
    // the tail would flatten the rest: what is beyond the 99.5th percentile goes into the last bar
    let cap = sorted[(sorted.len() - 1) * 199 / 200];
    let high = if low + (cap - low) * 3.0 < high { cap } else { high };
    let width = ((high - low) / BARS as f64).max(1e-6);
    let mut bars = [0usize; BARS];
    for sample in sorted {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sample is not below the lowest")]
        let bar = ((sample - low) / width) as usize;
        bars[bar.min(BARS - 1)] += 1;
    }
    let most = bars.iter().max().copied().unwrap_or(1);
    let last = low + width * BARS as f64;
    let mut chart = Chart::new(
        Axis::linear("milliseconds", low * 1000.0, last * 1000.0),
        Axis::linear("samples", 0.0, most as f64),
    );
    for (bar, count) in bars.iter().enumerate().filter(|(_, count)| 0 < **count) {
        let (from, to) = (low + width * bar as f64, low + width * (bar + 1) as f64);
        let beyond = if bar == BARS - 1 { " or more" } else { "" };
        let title = format!("{count} from {:.3} to {:.3} ms{beyond}", from * 1000.0, to * 1000.0);
        chart.bar(Ink::A, from * 1000.0, to * 1000.0, *count as f64, &title);
    }
    let note = format!("{} samples; the last bar holds everything beyond", sorted.len());
    Some(chart.figure(id, name, &note, &[]))
}

fn throughput(ok: &[&RequestTimeline], window_s: f64) -> Option<String> {
    if ok.is_empty() || window_s <= 0.0 {
        return None;
    }
    let width = window_s / BUCKETS as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an instant is not before the window")]
    let bucket = |at: Duration| ((seconds(at) / width) as usize).min(BUCKETS - 1);
    let mut tokens = [0.0f64; BUCKETS];
    for request in ok {
        let stated = request.output_tokens().unwrap_or(0) as f64;
        if request.chunks.is_empty() {
            tokens[bucket(request.finished)] += stated;
            continue;
        }
        // a chunk of unknown size holds its share of what usage states
        let each = if stated == 0.0 { 1.0 } else { stated / request.chunks.len() as f64 };
        for chunk in &request.chunks {
            tokens[bucket(chunk.at)] += chunk.tokens.map_or(each, f64::from);
        }
    }
    let rates: Vec<f64> = tokens.iter().map(|tokens| tokens / width).collect();
    let most = rates.iter().copied().max_by(f64::total_cmp)?;
    let mut chart = Chart::new(Axis::linear("seconds", 0.0, window_s), Axis::linear("output tokens/s", 0.0, most));
    let points = rates.iter().enumerate().flat_map(|(place, rate)| {
        let start = width * place as f64;
        [(start, *rate), (start + width, *rate)]
    });
    chart.line(Ink::C, points);
    let note = format!("over stretches of {width:.3} s; answers that are not streamed count at their end");
    Some(chart.figure("throughput", "Throughput over time", &note, &[]))
}

fn concurrency(requests: &[RequestTimeline], window_s: f64) -> Option<String> {
    let mut edges: Vec<(Duration, i64)> =
        requests.iter().flat_map(|request| [(request.started, 1), (request.finished, -1)]).collect();
    // an end before a start of the same instant: a closed loop never holds more than its workers
    edges.sort_unstable();
    let mut now = 0i64;
    let mut points = vec![(0.0, 0.0)];
    for (at, change) in edges {
        points.push((seconds(at), now as f64));
        now += change;
        points.push((seconds(at), now as f64));
    }
    let most = points.iter().map(|(_, level)| *level).max_by(f64::total_cmp).filter(|most| 0.0 < *most)?;
    let step = points.len().div_ceil(4 * MOST_POINTS);
    let kept = points.iter().enumerate().filter(|(place, point)| place % step == 0 || point.1 >= most);
    let mut chart = Chart::new(Axis::linear("seconds", 0.0, window_s), Axis::linear("requests in flight", 0.0, most));
    chart.line(Ink::A, kept.map(|(_, point)| *point));
    Some(chart.figure("concurrency", "Concurrency over time", "requests in flight, failed ones too", &[]))
}

/// Bars in HTML rather than in a drawing, so that names keep their size on a narrow screen.
fn slowest(ok: &[&RequestTimeline]) -> Option<String> {
    let mut by_latency: Vec<(&RequestTimeline, Duration)> =
        ok.iter().filter_map(|request| Some((*request, e2el(request)?))).collect();
    by_latency.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.index.cmp(&b.0.index)));
    by_latency.truncate(SLOWEST);
    let start = by_latency.iter().map(|(request, _)| request.scheduled).min()?;
    let end = by_latency.iter().map(|(request, _)| request.finished).max()?;
    let rows = by_latency.len() as f64;
    let mut chart = Chart::new(
        Axis::linear("seconds", seconds(start), seconds(end)),
        Axis::linear("rows, slowest on top", 0.0, rows),
    );
    for (row, (request, latency)) in by_latency.iter().enumerate() {
        let height = (rows - row as f64 - 0.85, rows - row as f64 - 0.15);
        let first = ttft(request).map_or(request.finished, |ttft| request.sent() + ttft);
        let title = |part: &str| {
            let tokens = request.output_tokens().map_or_else(String::new, |tokens| format!(", {tokens} tokens"));
            format!("request {}: {part}; {latency:?} in all{tokens}", request.index)
        };
        let mut part = |ink: Ink, from: Duration, to: Duration, name: &str| {
            if from < to {
                chart.area(ink, (seconds(from), seconds(to)), height, &title(name));
            }
        };
        part(Ink::Quiet, request.scheduled, request.sent(), "late, or connecting");
        part(Ink::B, request.sent(), first, "waiting for the first token");
        part(Ink::A, first, request.finished, "receiving");
    }
    let list: String = by_latency.iter().take(5).fold(String::new(), |mut list, (request, latency)| {
        let _ = write!(list, " #{} {:.3} s", request.index, seconds(*latency));
        list
    });
    let keys = [(Ink::Quiet, "late, or connecting"), (Ink::B, "waiting for the first token"), (Ink::A, "receiving")];
    Some(chart.figure("slowest", "Timeline of the slowest requests", list.trim(), &keys))
}
