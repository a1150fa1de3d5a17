//! Two metrics pages: which families each has, with type and labels.

use std::collections::BTreeMap;

/// What a family is, apart from its values.
#[derive(Debug, Default, PartialEq, Eq)]
struct Family {
    kind: String,
    labels: Vec<String>,
}

/// Families that only one page has, or that differ in type or labels: what, before, after.
pub(super) fn metrics_differences(before: &str, after: &str) -> Vec<(String, String, String)> {
    let (before, after) = (families(before), families(after));
    let said = |family: Option<&Family>| match family {
        None => "absent".to_owned(),
        Some(Family { kind, labels }) if labels.is_empty() => kind.clone(),
        Some(Family { kind, labels }) => format!("{kind} by {}", labels.join(", ")),
    };
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| (name.clone(), said(before.get(name)), said(after.get(name))))
        .collect()
}

fn families(page: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for line in page.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            // OpenMetrics names a counter without the `_total` of its samples; `_created` gauges only say when
            let name = name.strip_suffix("_total").unwrap_or(name);
            if name.starts_with("vllm:") && !name.ends_with("_created") {
                families.insert(name.to_owned(), Family { kind: kind.to_owned(), labels: Vec::new() });
            }
        } else if let Some((name, rest)) = line.split_once('{').filter(|(name, _)| name.starts_with("vllm:")) {
            let stem =
                ["_total", "_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            if let Some(family) = families.get_mut(stem) {
                let labels = rest.rsplit_once('}').map_or(rest, |(labels, _)| labels);
                for pair in labels.split("\",") {
                    let label = pair.split('=').next().unwrap_or_default();
                    if label != "le" && !label.is_empty() && !family.labels.iter().any(|known| known == label) {
                        family.labels.push(label.to_owned());
                    }
                }
                family.labels.sort_unstable();
            }
        }
    }
    families
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_compared_by_type_and_labels_not_by_value() {
        let before = "# TYPE vllm:a_total counter\nvllm:a_total{engine=\"0\"} 1\n# TYPE vllm:b gauge\nvllm:b 2\n";
        let after = "# TYPE vllm:a counter\nvllm:a_total{engine=\"0\",model=\"m\"} 7\n";
        assert_eq!(
            metrics_differences(before, after),
            [
                ("vllm:a".into(), "counter by engine".into(), "counter by engine, model".into()),
                ("vllm:b".into(), "gauge".into(), "absent".into()),
            ]
        );
        assert_eq!(metrics_differences(before, before), []);
    }
}
