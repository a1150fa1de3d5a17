//! The text format, as Python's `prometheus_client` writes it: labels sorted, every counter and histogram with its `_created` gauge.

use std::{borrow::Cow, fmt::Write as _};

use super::histogram::Histogram;

/// A label's name and value.
pub(crate) type Label<'a> = (&'a str, &'a str);

/// A page of metrics being written.
#[derive(Debug)]
pub(crate) struct Exposition {
    out: String,
    /// What `_created` says: when the server started, in seconds of the epoch.
    created: f64,
}

impl Exposition {
    pub(crate) fn new(created: f64) -> Self {
        Self { out: String::new(), created }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// A gauge with a sample for each set of labels.
    pub(crate) fn gauge(&mut self, name: &str, help: &str, samples: &[(&[Label<'_>], f64)]) {
        self.head(name, help, "gauge");
        for (labels, value) in samples {
            self.sample(name, labels, *value);
        }
    }

    /// A counter with a sample for each set of labels; `name` is without `_total`.
    pub(crate) fn counter(&mut self, name: &str, help: &str, samples: &[(&[Label<'_>], f64)]) {
        let total = format!("{name}_total");
        self.head(&total, help, "counter");
        for (labels, value) in samples {
            self.sample(&total, labels, *value);
        }
        self.created(name, help, samples.iter().map(|(labels, _)| *labels));
    }

    /// A counter that a collector made for this page, which knows no start of it.
    pub(crate) fn bare_counter(&mut self, name: &str, help: &str, samples: &[(&[Label<'_>], f64)]) {
        let total = format!("{name}_total");
        self.head(&total, help, "counter");
        for (labels, value) in samples {
            self.sample(&total, labels, *value);
        }
    }

    /// A summary without quantiles: count and sum.
    pub(crate) fn summary(&mut self, name: &str, help: &str, samples: &[(&[Label<'_>], u64, f64)]) {
        self.head(name, help, "summary");
        for (labels, count, sum) in samples {
            self.sample(&format!("{name}_count"), labels, *count as f64);
            self.sample(&format!("{name}_sum"), labels, *sum);
        }
        self.created(name, help, samples.iter().map(|(labels, ..)| *labels));
    }

    /// A histogram for each set of labels.
    pub(crate) fn histogram(&mut self, name: &str, help: &str, samples: &[(&[Label<'_>], &Histogram)]) {
        self.head(name, help, "histogram");
        let bucket = format!("{name}_bucket");
        for (labels, histogram) in samples {
            let bounds = histogram.cumulative().map(|(bound, count)| (float(bound), count));
            for (bound, count) in bounds.chain([("+Inf".to_owned(), histogram.count())]) {
                let with_bound: Vec<Label<'_>> = labels.iter().copied().chain([("le", bound.as_str())]).collect();
                self.sample(&bucket, &with_bound, count as f64);
            }
            self.sample(&format!("{name}_count"), labels, histogram.count() as f64);
            self.sample(&format!("{name}_sum"), labels, histogram.sum());
        }
        self.created(name, help, samples.iter().map(|(labels, _)| *labels));
    }

    fn created<'a>(&mut self, name: &str, help: &str, labels: impl Iterator<Item = &'a [Label<'a>]>) {
        let name = format!("{name}_created");
        self.head(&name, help, "gauge");
        for labels in labels {
            self.sample(&name, labels, self.created);
        }
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[Label<'_>], value: f64) {
        self.out.push_str(name);
        let mut sorted = labels.to_vec();
        sorted.sort_unstable();
        for (index, (name, value)) in sorted.iter().enumerate() {
            self.out.push(if index == 0 { '{' } else { ',' });
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.out.push_str(&escaped(value));
            self.out.push('"');
        }
        if !sorted.is_empty() {
            self.out.push('}');
        }
        self.out.push(' ');
        self.out.push_str(&float(value));
        self.out.push('\n');
    }
}

/// A label's value between its quotes. A page has thousands of them, and next to none needs escaping.
fn escaped(value: &str) -> Cow<'_, str> {
    if value.bytes().any(|byte| matches!(byte, b'\\' | b'\n' | b'"')) {
        Cow::Owned(value.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\""))
    } else {
        Cow::Borrowed(value)
    }
}

/// `floatToGoString` of `prometheus_client`: Python's digits, with an exponent below 1e-4 and from 1e6 on.
fn float(value: f64) -> String {
    let size = value.abs();
    if value.is_finite() && size != 0.0 && (size < 1e-4 || 1e6 <= value) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) => match exponent.strip_prefix('-') {
                Some(exponent) => format!("{digits}e-{exponent:0>2}"),
                None => format!("{digits}e+{exponent:0>2}"),
            },
            None => text,
        };
    }
    let text = value.to_string();
    if value.is_finite() && !text.contains('.') { text + ".0" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_prometheus_client_does() {
        for (value, text) in [
            (0.0, "0.0"),
            (999_999.0, "999999.0"),
            (1_000_000.0, "1e+06"),
            (1_795_489_693.467, "1.795489693467e+09"),
            (0.025, "0.025"),
            (0.000_05, "5e-05"),
        ] {
            assert_eq!(float(value), text);
        }
    }

    #[test]
    fn labels_are_sorted_and_escaped() {
        let mut page = Exposition::new(1.0);
        page.gauge("g", "A gauge.", &[(&[("model_name", "a\"b"), ("engine", "0")], 2.0)]);
        assert_eq!(page.finish(), "# HELP g A gauge.\n# TYPE g gauge\ng{engine=\"0\",model_name=\"a\\\"b\"} 2.0\n");
    }
}
