//! Samples of a Prometheus exposition, as far as cases compare them.

use std::collections::BTreeMap;

/// The samples of one scrape: the value of every series, by its name and labels as written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    series: BTreeMap<String, f64>,
}

impl Samples {
    /// Reads the text format; lines that are no sample are left out.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let series = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
            // label values may hold blanks, so the name ends after the closing brace
            let split = match line.rfind('}') {
                Some(brace) => brace + 1,
                None => line.find(' ')?,
            };
            let (series, rest) = line.split_at(split);
            let value = rest.split_whitespace().next()?.parse().ok()?;
            Some((series.to_owned(), value))
        });
        Self { series: series.collect() }
    }

    /// Every series as written, with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.series.iter().map(|(series, value)| (series.as_str(), *value))
    }

    /// The value of one series, given as it is written.
    #[must_use]
    pub fn value(&self, series: &str) -> Option<f64> {
        self.series.get(series).copied()
    }

    /// Whether any series of this name is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.of(name).next().is_some()
    }

    /// The sum over all series of this name; `None` where there is none.
    #[must_use]
    pub fn sum(&self, name: &str) -> Option<f64> {
        self.has(name).then(|| self.of(name).map(|(_, value)| value).sum())
    }

    /// The series of this name, with their labels as written.
    pub fn of<'s>(&'s self, name: &'s str) -> impl Iterator<Item = (&'s str, f64)> {
        self.series.iter().filter_map(move |(series, value)| {
            let labels = series.strip_prefix(name)?;
            (labels.is_empty() || labels.starts_with('{')).then_some((labels, *value))
        })
    }

    /// The value of a label in the labels of a series: `block_size` in `{block_size="16",…}`.
    #[must_use]
    pub fn label<'l>(labels: &'l str, name: &str) -> Option<&'l str> {
        let begin = [format!("{{{name}=\""), format!(",{name}=\"")]
            .iter()
            .find_map(|mark| labels.find(mark.as_str()).map(|at| at + mark.len()))?;
        let value = &labels[begin..];
        Some(&value[..value.find('"')?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# HELP vllm:prompt_tokens_total Number of prefill tokens processed.
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{engine=\"0\",model_name=\"a b\"} 3968.0
vllm:prompt_tokens_total{engine=\"1\",model_name=\"a b\"} 32.0
vllm:prompt_tokens_total_other 1
vllm:cache_config_info{block_size=\"16\",enable_prefix_caching=\"True\"} 1.0
plain 2.5 1395066363000
";

    #[test]
    fn series_are_found_by_name_and_summed() {
        let samples = Samples::read(TEXT);
        assert_eq!(samples.sum("vllm:prompt_tokens_total"), Some(4000.0));
        assert_eq!(samples.sum("plain"), Some(2.5));
        assert_eq!(samples.sum("vllm:prompt_tokens"), None);
    }

    #[test]
    fn labels_are_read() {
        let samples = Samples::read(TEXT);
        let (labels, _) = samples.of("vllm:cache_config_info").next().unwrap();
        assert_eq!(Samples::label(labels, "block_size"), Some("16"));
        assert_eq!(Samples::label(labels, "enable_prefix_caching"), Some("True"));
        assert_eq!(Samples::label(labels, "size"), None);
    }
}
