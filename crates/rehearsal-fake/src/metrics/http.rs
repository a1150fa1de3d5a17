//! The `http_` families of `prometheus-fastapi-instrumentator`, which vLLM mounts over its routes.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use super::{
    histogram::Histogram,
    open_metrics::OpenMetrics,
    text::{Exposition, Label},
};

const HIGH_RESOLUTION: &[f64] = &[
    0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 7.5, 10.0, 30.0, 60.0,
];
const FEW: &[f64] = &[0.1, 0.5, 1.0];

/// A family of HTTP requests on the page of the Rust frontend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HttpFamily {
    /// How many, by method, status and handler.
    Requests,
    /// How long they took, by method and handler.
    Durations,
    /// How long they took, all together.
    AllDurations,
}

/// One answered request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered<'a> {
    /// The route, or `none`.
    pub(crate) handler: &'a str,
    pub(crate) method: &'a str,
    pub(crate) status: u16,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
    /// Until the answer's head was ready.
    pub(crate) took: Duration,
}

/// Counts of answered requests.
#[derive(Debug)]
pub(crate) struct HttpMetrics {
    /// By handler, method and status class.
    requests: BTreeMap<(String, String, String), u64>,
    /// By handler: count, bytes in, bytes out.
    sizes: BTreeMap<String, (u64, u64, u64)>,
    durations: BTreeMap<(String, String), Histogram>,
    all: Histogram,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        Self {
            requests: BTreeMap::new(),
            sizes: BTreeMap::new(),
            durations: BTreeMap::new(),
            all: Histogram::new(HIGH_RESOLUTION),
        }
    }
}

impl HttpMetrics {
    pub(crate) fn answered(&mut self, answered: Answered<'_>) {
        let Answered { handler, method, status, request_bytes, response_bytes, took } = answered;
        let class = format!("{}xx", status / 100);
        *self.requests.entry((handler.to_owned(), method.to_owned(), class)).or_default() += 1;
        let sizes = self.sizes.entry(handler.to_owned()).or_default();
        *sizes = (sizes.0 + 1, sizes.1 + request_bytes, sizes.2 + response_bytes);
        let durations = self.durations.entry((handler.to_owned(), method.to_owned()));
        durations.or_insert_with(|| Histogram::new(FEW)).observe(took.as_secs_f64());
        self.all.observe(took.as_secs_f64());
    }

    /// The samples of one family of the Rust frontend, which counts no bytes.
    pub(super) fn write_open(&self, page: &mut OpenMetrics, family: HttpFamily, name: &str) {
        match family {
            HttpFamily::Requests => {
                for ((handler, method, status), count) in &self.requests {
                    let labels = [("method", method.as_str()), ("status", status), ("handler", handler)];
                    page.sample(&format!("{name}_total"), &labels, &count.to_string());
                }
            }
            HttpFamily::Durations => {
                for ((handler, method), histogram) in &self.durations {
                    page.histogram(name, &[("method", method.as_str()), ("handler", handler)], histogram);
                }
            }
            HttpFamily::AllDurations => page.histogram(name, &[], &self.all),
        }
    }

    pub(crate) fn write(&self, page: &mut Exposition) {
        let requests: Vec<([Label<'_>; 3], f64)> = self
            .requests
            .iter()
            .map(|((handler, method, status), count)| {
                ([("handler", handler.as_str()), ("method", method), ("status", status)], *count as f64)
            })
            .collect();
        let requests: Vec<(&[Label<'_>], f64)> =
            requests.iter().map(|(labels, count)| (labels.as_slice(), *count)).collect();
        page.counter("http_requests", "Total number of requests by method, status and handler.", &requests);

        let sizes: Vec<([Label<'_>; 1], _)> =
            self.sizes.iter().map(|(handler, sizes)| ([("handler", handler.as_str())], *sizes)).collect();
        let incoming: Vec<(&[Label<'_>], u64, f64)> =
            sizes.iter().map(|(labels, sizes)| (labels.as_slice(), sizes.0, sizes.1 as f64)).collect();
        page.summary(
            "http_request_size_bytes",
            "Content length of incoming requests by handler. Only value of header is respected. Otherwise ignored. No percentile calculated. ",
            &incoming,
        );
        let outgoing: Vec<(&[Label<'_>], u64, f64)> =
            sizes.iter().map(|(labels, sizes)| (labels.as_slice(), sizes.0, sizes.2 as f64)).collect();
        page.summary(
            "http_response_size_bytes",
            "Content length of outgoing responses by handler. Only value of header is respected. Otherwise ignored. No percentile calculated. ",
            &outgoing,
        );

        page.histogram(
            "http_request_duration_highr_seconds",
            "Latency with many buckets but no API specific labels. Made for more accurate percentile calculations. ",
            &[(&[], &self.all)],
        );
        let durations: Vec<([Label<'_>; 2], &Histogram)> = self
            .durations
            .iter()
            .map(|((handler, method), histogram)| {
                ([("handler", handler.as_str()), ("method", method.as_str())], histogram)
            })
            .collect();
        let durations: Vec<(&[Label<'_>], &Histogram)> =
            durations.iter().map(|(labels, histogram)| (labels.as_slice(), *histogram)).collect();
        page.histogram(
            "http_request_duration_seconds",
            "Latency with only few buckets by handler. Made to be only used if aggregation by handler is important. ",
            &durations,
        );
    }
}
