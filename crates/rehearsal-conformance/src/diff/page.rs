//! Two metrics pages: which families each has, with type, labels, the values of some labels, and buckets.

use std::collections::{BTreeMap, BTreeSet};

/// Labels whose values are the server's own list, and not what it was asked.
const ENUMERATIONS: [&str; 3] = ["finished_reason", "reason", "source"];

/// Families of one exporter or another, and their dates.
const LEFT_OUT: [&str; 2] = ["python_", "process_"];

/// What a family is, apart from its values.
#[derive(Debug, Default, PartialEq, Eq)]
struct Family {
    kind: String,
    labels: BTreeSet<String>,
    /// Label and value.
    enumerated: BTreeSet<(String, String)>,
    buckets: Vec<String>,
}

/// The families that a server has shown in a whole run. Some servers list a value of a label only once it has come up, so that a page alone
/// says as much of what the server was asked before as of the server.
#[derive(Debug, Default)]
pub(super) struct Shown(BTreeMap<String, BTreeSet<(String, String)>>);

impl Shown {
    pub(super) fn on<'p>(pages: impl IntoIterator<Item = &'p str>) -> Self {
        let mut shown = Self::default();
        for (name, family) in pages.into_iter().flat_map(families) {
            shown.0.entry(name).or_default().extend(family.enumerated);
        }
        shown
    }

    /// The families of one page, with the values that labels had on any.
    fn families(&self, page: &str) -> BTreeMap<String, Family> {
        let mut families = families(page);
        for (name, family) in &mut families {
            family.enumerated.extend(self.0.get(name).into_iter().flatten().cloned());
        }
        families
    }
}

/// What differs between two pages and what else their servers have shown: what, before, after.
pub(super) fn differences(before: (&str, &Shown), after: (&str, &Shown)) -> Vec<(String, String, String)> {
    let [before, after] = [before, after].map(|(page, shown)| shown.families(page));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().flat_map(|name| of_family(name, before.get(name), after.get(name))).collect()
}

fn of_family(name: &str, before: Option<&Family>, after: Option<&Family>) -> Vec<(String, String, String)> {
    let (Some(was), Some(is)) = (before, after) else {
        let said = |family: Option<&Family>| match family {
            None => "absent".to_owned(),
            Some(Family { kind, labels, .. }) if labels.is_empty() => format!("a {kind}"),
            Some(Family { kind, labels, .. }) => format!("a {kind} by {}", listed(labels)),
        };
        return vec![(format!("`{name}`"), said(before), said(after))];
    };
    let mut found = Vec::new();
    if was.kind != is.kind {
        found.push((format!("`{name}`"), format!("a {}", was.kind), format!("a {}", is.kind)));
    }
    if was.labels != is.labels {
        found.push(only(&format!("labels of `{name}`"), &was.labels, &is.labels));
    }
    for label in ENUMERATIONS {
        let values = |family: &Family| -> BTreeSet<String> {
            family.enumerated.iter().filter(|(of, _)| of == label).map(|(_, value)| value.clone()).collect()
        };
        let (was, is) = (values(was), values(is));
        if was != is && !was.is_empty() && !is.is_empty() {
            found.push(only(&format!("`{label}` of `{name}`"), &was, &is));
        }
    }
    if was.buckets != is.buckets {
        found.push((format!("buckets of `{name}`"), was.buckets.join(" "), is.buckets.join(" ")));
    }
    found
}

/// What only one of two sets has.
fn only(what: &str, was: &BTreeSet<String>, is: &BTreeSet<String>) -> (String, String, String) {
    let said = |mine: &BTreeSet<String>, other: &BTreeSet<String>| {
        let only: BTreeSet<String> = mine.difference(other).cloned().collect();
        if only.is_empty() { "no other".to_owned() } else { format!("also {}", listed(&only)) }
    };
    (what.to_owned(), said(was, is), said(is, was))
}

fn listed(items: &BTreeSet<String>) -> String {
    items.iter().cloned().collect::<Vec<_>>().join(", ")
}

fn families(page: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for line in page.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            // OpenMetrics names a counter without the `_total` of its samples; `_created` gauges only say when
            let name = name.strip_suffix("_total").unwrap_or(name);
            if !name.ends_with("_created") && !LEFT_OUT.iter().any(|begin| name.starts_with(begin)) {
                families.insert(name.to_owned(), Family { kind: kind.to_owned(), ..Family::default() });
            }
        } else if let Some((name, rest)) = line.split_once('{').filter(|_| !line.starts_with('#')) {
            let stem =
                ["_total", "_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            if let Some(family) = families.get_mut(stem) {
                family.sample(rest.rsplit_once('}').map_or(rest, |(labels, _)| labels));
            }
        }
    }
    families
}

impl Family {
    fn sample(&mut self, labels: &str) {
        for pair in labels.split("\",") {
            let Some((label, value)) = pair.split_once("=\"") else { continue };
            let value = value.trim_end_matches('"');
            if label == "le" {
                if !self.buckets.iter().any(|known| known == value) {
                    self.buckets.push(value.to_owned());
                }
                continue;
            }
            self.labels.insert(label.to_owned());
            if ENUMERATIONS.contains(&label) {
                self.enumerated.insert((label.to_owned(), value.to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_compared_by_type_labels_lists_and_buckets_not_by_value() {
        let before =
            "# TYPE vllm:a_total counter\nvllm:a_total{engine=\"0\",reason=\"x\"} 1\n# TYPE vllm:b gauge\nvllm:b 2\n";
        let after = "# TYPE vllm:a counter\nvllm:a_total{engine=\"0\",model=\"m\",reason=\"x\"} 7\nvllm:a_total{reason=\"y\"} 1\n";
        let said = |what: &str, before: &str, after: &str| (what.to_owned(), before.to_owned(), after.to_owned());
        let nothing = Shown::default();
        assert_eq!(
            differences((before, &nothing), (after, &nothing)),
            [
                said("labels of `vllm:a`", "no other", "also model"),
                said("`reason` of `vllm:a`", "no other", "also y"),
                said("`vllm:b`", "a gauge", "absent"),
            ]
        );
        assert_eq!(differences((before, &nothing), (before, &nothing)), []);
        let histogram = |le: &str| format!("# TYPE h histogram\nh_bucket{{le=\"1.0\"}} 1\nh_bucket{{le=\"{le}\"}} 1\n");
        assert_eq!(
            differences((&histogram("2.0"), &nothing), (&histogram("5.0"), &nothing)),
            [said("buckets of `h`", "1.0 2.0", "1.0 5.0")]
        );
    }

    #[test]
    fn a_value_that_a_server_lists_once_it_has_come_up_is_no_difference() {
        let page = |reason: &str| format!("# TYPE a counter\na_total{{reason=\"{reason}\"}} 1\n");
        let (early, late) = (page("x"), page("x") + "a_total{reason=\"y\"} 1\n");
        let shown = Shown::on([early.as_str(), late.as_str()]);
        assert_eq!(differences((&early, &shown), (&late, &shown)), []);
        assert_ne!(differences((&early, &Shown::on([early.as_str()])), (&late, &shown)), []);
    }
}
