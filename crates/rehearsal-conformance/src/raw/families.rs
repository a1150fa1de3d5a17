//! The metric families of a Prometheus exposition: what there is, and of which form, whatever its values.

use std::collections::{BTreeMap, BTreeSet};

/// One family.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Family {
    /// The type, as its `# TYPE` line says.
    pub kind: String,
    /// The labels of its samples and the values of each, without `le`; empty where it has no sample.
    pub labels: BTreeMap<String, BTreeSet<String>>,
    /// The upper bounds of a histogram's buckets, ascending as written.
    pub buckets: Vec<f64>,
    /// Whether it has any sample.
    pub sampled: bool,
}

/// The families of one page by name, as their `# TYPE` lines write it.
#[must_use]
pub fn families(page: &str) -> BTreeMap<String, Family> {
    let mut families = BTreeMap::new();
    let mut current: Option<(String, Family)> = None;
    for line in page.lines() {
        if let Some(described) = line.strip_prefix("# TYPE ") {
            families.extend(current.take());
            let (name, kind) = described.split_once(' ').unwrap_or((described, ""));
            current = Some((name.to_owned(), Family { kind: kind.trim().to_owned(), ..Family::default() }));
        } else if let (false, Some((_, family))) = (line.starts_with('#') || line.is_empty(), current.as_mut()) {
            family.take(line);
        }
    }
    families.extend(current);
    families
}

impl Family {
    fn take(&mut self, sample: &str) {
        self.sampled = true;
        let labels =
            sample.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(labels, _)| labels);
        for (name, value) in labels.split("\",").filter_map(|label| label.split_once("=\"")) {
            let value = value.trim_end_matches('"');
            if name != "le" {
                self.labels.entry(name.to_owned()).or_default().insert(value.to_owned());
            } else if let Some(bound) = value.parse().ok().filter(|bound| !self.buckets.contains(bound)) {
                self.buckets.push(bound);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# HELP vllm:request_success_total Count of requests.
# TYPE vllm:request_success_total counter
vllm:request_success_total{engine=\"0\",finished_reason=\"stop\"} 1.0
vllm:request_success_total{engine=\"0\",finished_reason=\"a, b\"} 2.0
# TYPE vllm:e2e_request_latency_seconds histogram
vllm:e2e_request_latency_seconds_bucket{engine=\"0\",le=\"0.3\"} 0
vllm:e2e_request_latency_seconds_bucket{engine=\"0\",le=\"+Inf\"} 1
vllm:e2e_request_latency_seconds_bucket{engine=\"1\",le=\"0.3\"} 0
vllm:e2e_request_latency_seconds_count{engine=\"0\"} 1
# TYPE vllm:lora_requests_info gauge
# EOF
";

    #[test]
    fn a_family_has_a_type_labels_and_buckets() {
        let families = families(PAGE);
        assert_eq!(families.len(), 3);
        let success = &families["vllm:request_success_total"];
        assert_eq!((success.kind.as_str(), success.sampled), ("counter", true));
        assert_eq!(success.labels["finished_reason"], BTreeSet::from(["stop".to_owned(), "a, b".to_owned()]));
        let latency = &families["vllm:e2e_request_latency_seconds"];
        assert_eq!(latency.buckets, [0.3, f64::INFINITY]);
        assert_eq!(latency.labels.keys().collect::<Vec<_>>(), ["engine"]);
        assert!(!families["vllm:lora_requests_info"].sampled);
    }
}
