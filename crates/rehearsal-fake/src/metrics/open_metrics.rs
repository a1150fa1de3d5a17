//! The page of the Rust frontend: `OpenMetrics` text as the `prometheus-client` crate writes it. Type lines have no `_total`, sums stand
//! before counts before buckets, labels in the order in which they were given, and `# EOF` at the end.

use std::{fmt::Write as _, sync::OnceLock};

use serde::Deserialize;

use super::{
    engine::EngineMetrics,
    histogram::Histogram,
    http::{HttpFamily, HttpMetrics},
    series::Series,
    table::Kind,
    text::Label,
};
use crate::version::CompatError;

const FAMILIES: &str = include_str!("open_families.toml");

/// The families, in the order of the page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenTable {
    #[serde(rename = "family")]
    families: Vec<Family>,
}

impl OpenTable {
    /// The table, read once.
    pub(super) fn read() -> Result<&'static Self, CompatError> {
        static TABLE: OnceLock<Result<OpenTable, CompatError>> = OnceLock::new();
        let parse = || {
            toml::from_str(FAMILIES)
                .map_err(|error| CompatError::Malformed(format!("metrics/open_families.toml: {error}")))
        };
        TABLE.get_or_init(parse).as_ref().map_err(Clone::clone)
    }

    /// The page.
    pub(super) fn page(&self, engine: &EngineMetrics, http: &HttpMetrics, model: &str) -> String {
        let mut page = OpenMetrics(String::new());
        for family in &self.families {
            page.family(family, engine, http, model);
        }
        page.0 + "# EOF\n"
    }
}

/// One family of the page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    name: String,
    kind: Kind,
    value: Option<Series>,
    /// The label that tells the samples apart.
    by: Option<String>,
    /// Its values, in the order of the page.
    #[serde(default)]
    of: Vec<String>,
    /// Whether a sample is there only once it counts something.
    #[serde(default)]
    rare: bool,
    buckets: Option<Vec<f64>>,
    http: Option<HttpFamily>,
    help: String,
}

/// A page being written.
#[derive(Debug)]
pub(super) struct OpenMetrics(String);

impl OpenMetrics {
    fn family(&mut self, family: &Family, engine: &EngineMetrics, http: &HttpMetrics, model: &str) {
        let Family { name, kind, help, .. } = family;
        let word = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
        };
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {word}");
        let labels: &[Label<'_>] = &[("model_name", model), ("engine", "0")];
        if let Some(family) = family.http {
            http.write_open(self, family, name);
        } else if let Some(buckets) = &family.buckets {
            self.histogram(name, labels, &Histogram::new(buckets));
        } else if let Some(series) = family.value {
            match series.histogram(engine) {
                Some(histogram) => self.histogram(name, labels, histogram),
                None => self.values(family, series, engine, labels),
            }
        }
    }

    fn values(&mut self, family: &Family, series: Series, engine: &EngineMetrics, labels: &[Label<'_>]) {
        let name = match family.kind {
            Kind::Counter => format!("{}_total", family.name),
            Kind::Gauge | Kind::Histogram => family.name.clone(),
        };
        let write = |value: f64| if series == Series::KvCacheUsage { float(value) } else { value.to_string() };
        let Some(by) = &family.by else {
            return self.sample(&name, labels, &write(series.value(engine, "")));
        };
        for of in &family.of {
            let value = series.value(engine, of);
            if !(family.rare && value == 0.0) {
                self.sample(&name, &[labels, &[(by.as_str(), of.as_str())]].concat(), &write(value));
            }
        }
    }

    /// One sample.
    pub(super) fn sample(&mut self, name: &str, labels: &[Label<'_>], value: &str) {
        self.0.push_str(name);
        for (index, (label, value)) in labels.iter().enumerate() {
            let value = value.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"");
            let _ = write!(self.0, "{}{label}=\"{value}\"", if index == 0 { "{" } else { "," });
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    /// The samples of one histogram.
    pub(super) fn histogram(&mut self, name: &str, labels: &[Label<'_>], histogram: &Histogram) {
        self.sample(&format!("{name}_sum"), labels, &float(histogram.sum()));
        self.sample(&format!("{name}_count"), labels, &histogram.count().to_string());
        let bucket = format!("{name}_bucket");
        let bounds = histogram.cumulative().map(|(bound, count)| (float(bound), count));
        for (bound, count) in bounds.chain([("+Inf".to_owned(), histogram.count())]) {
            let with_bound = [&[("le", bound.as_str())], labels].concat();
            self.sample(&bucket, &with_bound, &count.to_string());
        }
    }
}

/// Never with an exponent, always with a point.
fn float(value: f64) -> String {
    let text = value.to_string();
    if value.is_finite() && !text.contains('.') { text + ".0" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_full() {
        assert_eq!([0.0, 9447.0, 0.000_037_019, 131_072.0].map(float), ["0.0", "9447.0", "0.000037019", "131072.0"]);
    }

    #[test]
    fn a_bucket_names_its_bound_first() {
        let mut page = OpenMetrics(String::new());
        let mut histogram = Histogram::new(&[0.5]);
        histogram.observe(0.25);
        page.histogram("h", &[("model_name", "tiny")], &histogram);
        assert_eq!(
            page.0,
            "h_sum{model_name=\"tiny\"} 0.25\nh_count{model_name=\"tiny\"} 1\n\
             h_bucket{le=\"0.5\",model_name=\"tiny\"} 1\nh_bucket{le=\"+Inf\",model_name=\"tiny\"} 1\n"
        );
    }
}
