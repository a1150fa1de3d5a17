use futures_util::FutureExt;
use serde_json::json;

use crate::{
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    raw::Samples,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "M-09",
    level: Level::Must,
    title: "no counter falls, and none goes away",
    sends: "/metrics before and after each of an answer, a stream and a refused request",
    expects: ByProfile::same(
        "every series of a counter, and every count, sum and bucket of a histogram, as it was or higher",
    ),
    reference: "Prometheus: a counter only rises, or restarts with its process",
    needs: &[Need::Feature(Feature::Metrics)],
    run,
};

/// What the names of series end in that may only rise.
const RISING: [&str; 4] = ["_total", "_count", "_sum", "_bucket"];

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let endpoint = s.endpoints()?[0];
        let mut before = s.metrics().await?;
        for (about, over) in [
            ("an answer", json!({"max_tokens": 3})),
            ("a stream", json!({"max_tokens": 3, "stream": true})),
            ("a refused request", json!({"max_tokens": "three"})),
        ] {
            s.send(endpoint, over).await?;
            let after = s.metrics().await?;
            s.equal(format!("series that fell with {about}"), vec![], fallen(&before, &after));
            before = after;
        }
        Ok(())
    }
    .boxed()
}

fn fallen(before: &Samples, after: &Samples) -> Vec<String> {
    let may_only_rise = |series: &str| {
        let name = series.split('{').next().unwrap_or(series);
        RISING.iter().any(|end| name.ends_with(end))
    };
    before
        .iter()
        .filter(|(series, _)| may_only_rise(series))
        .filter_map(|(series, was)| match after.value(series) {
            None => Some(format!("{series}: {was}, then gone")),
            Some(is) if is < was => Some(format!("{series}: {was}, then {is}")),
            Some(_) => None,
        })
        .collect()
}
