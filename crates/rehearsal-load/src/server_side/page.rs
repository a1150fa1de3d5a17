//! Samples of a page in Prometheus' text format, as far as a snapshot needs them.

/// One series of the page at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample<'a> {
    pub(super) name: &'a str,
    /// What stands between the braces; empty without labels.
    labels: &'a str,
    pub(super) value: f64,
}

impl<'a> Sample<'a> {
    /// The value of a label. A value with an escaped quote in it is cut there; no label that is asked for has one.
    pub(super) fn label(&self, name: &str) -> Option<&'a str> {
        let mut from = 0;
        while let Some(at) = self.labels[from..].find(name) {
            let begin = from + at;
            let rest = &self.labels[begin + name.len()..];
            let is_whole = begin == 0 || self.labels[..begin].ends_with([',', ' ']);
            match rest.strip_prefix("=\"") {
                Some(value) if is_whole => return value.split('"').next(),
                _ => from = begin + name.len(),
            }
        }
        None
    }
}

/// The samples of vLLM's own families, in the order of the page; other families and lines that are none are left out.
pub(super) fn samples(text: &str) -> impl Iterator<Item = Sample<'_>> {
    text.lines().filter(|line| line.starts_with("vllm:")).filter_map(|line| {
        // label values may hold blanks, so the value begins after the closing brace
        let end = line.rfind('}').map_or_else(|| line.find(' '), |brace| Some(brace + 1))?;
        let (series, rest) = line.split_at(end);
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let value = rest.split_whitespace().next()?.parse().ok()?;
        Some(Sample { name, labels: labels.trim_end_matches('}'), value })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_a_name_labels_and_a_value() {
        let text = "# HELP vllm:x what\npython_info 1\nvllm:plain 2.5 1395066363000\nvllm:broken{a=\"b\"}\n\
                    vllm:h_bucket{model_name=\"a } b\",le=\"0.01\"} 3.0\nvllm:h_bucket{table=\"x\",le=\"+Inf\"} 4\n";
        let read: Vec<_> =
            samples(text).map(|it| (it.name, it.label("le"), it.label("model_name"), it.value)).collect();
        let expect = [
            ("vllm:plain", None, None, 2.5),
            ("vllm:h_bucket", Some("0.01"), Some("a } b"), 3.0),
            ("vllm:h_bucket", Some("+Inf"), None, 4.0),
        ];
        assert_eq!(read, expect);
    }
}
