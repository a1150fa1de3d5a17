//! How the counters of `/metrics` moved.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use tower::ServiceExt;

use super::exchange::Exchange;

pub(crate) type Samples = BTreeMap<String, f64>;

/// Every sample of vLLM's own families that is no bucket and no date.
pub(crate) async fn scrape(router: &Router) -> Samples {
    let request = Request::builder().uri("/metrics").body(Body::empty()).expect("a request");
    let response = router.clone().oneshot(request).await.expect("a router answers");
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a whole page");
    samples(std::str::from_utf8(&bytes).expect("UTF-8"))
}

/// The same, of a page.
pub(crate) fn samples(page: &str) -> Samples {
    page.lines()
        .filter(|line| line.starts_with("vllm:") && !line.contains("_bucket{") && !line.contains("_created{"))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(series, value)| (series.to_owned(), value.parse().expect("a number")))
        .collect()
}

/// The samples that changed, and by how much.
pub(crate) fn moved(before: &Samples, after: &Samples) -> Samples {
    after
        .iter()
        .map(|(series, value)| (series.clone(), value - before.get(series).unwrap_or(&0.0)))
        .filter(|(_, change)| *change != 0.0)
        .collect()
}

/// The first counter that moved otherwise than recorded.
pub(crate) fn difference(exchange: &Exchange, moved: &Samples) -> Option<String> {
    let recorded = exchange.metrics.as_ref().filter(|_| !exchange.breaks_off())?;
    // which sequences of one request share a step is a race between vLLM's two processes
    let sequences: f64 = recorded.iter().filter(|(series, _)| series.contains("request_success")).map(|(_, n)| n).sum();
    let unsteady = 1.0 < sequences || exchange.is_stopped_by_text();
    // a parser of tool calls is asked once a delta, and how many tokens a delta holds is a race, too
    // vLLM gives the engine the prompts of a batch before it refuses one of them; whether a step comes before they are taken back is a race
    let refused = 400 <= exchange.status && sequences == 0.0;
    let raced = |series: &str| {
        unsteady && series.contains("iteration_tokens_total_count")
            || refused && series.contains("prefix_cache_queries")
            || series.contains("tool_call_parser_invocations") && series.contains("mode=\"streaming\"")
    };
    let told = |series: &str| {
        let name = series.split('{').next().unwrap_or(series);
        name.ends_with("_count")
            || name.ends_with("_total") && !name.contains("estimated")
            || name.ends_with("_sum") && !name.contains("_seconds")
    };
    let missing = recorded.iter().find(|(series, change)| !raced(series) && moved.get(*series) != Some(*change));
    if let Some((series, change)) = missing {
        return Some(format!("metrics: {series} moved by {change}, here by {}", moved.get(series).unwrap_or(&0.0)));
    }
    let extra = moved.iter().find(|(series, _)| told(series) && !raced(series) && !recorded.contains_key(*series))?;
    Some(format!("metrics: {} stood still, here it moved by {}", extra.0, extra.1))
}
