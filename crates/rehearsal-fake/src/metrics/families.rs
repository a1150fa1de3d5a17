//! Writes the `vllm:` families of a version.

use super::{
    engine::EngineMetrics,
    series::Series,
    table::{Family, FamilyTable, Kind, Scope},
    text::{Exposition, Label},
};

impl EngineMetrics {
    /// Writes the families in vLLM's order. `cache_config` are the labels of the family that shows the cache's settings.
    pub(super) fn write(&self, page: &mut Exposition, table: &FamilyTable, model: &str, cache_config: &[Label<'_>]) {
        for family in &table.families {
            let Family { name, help, .. } = family;
            if family.value == Series::CacheConfig {
                page.gauge(name, help, &[(cache_config, 1.0)]);
                continue;
            }
            if let Some(histogram) = family.value.histogram(self) {
                page.histogram(name, help, &[(&labels(family, model, None), histogram)]);
                continue;
            }
            let sets = self.values(family, model);
            let samples: Vec<(&[Label<'_>], f64)> =
                sets.iter().map(|(labels, value)| (labels.as_slice(), *value)).collect();
            match family.kind {
                Kind::Gauge => page.gauge(name, help, &samples),
                Kind::Counter => page.counter(name, help, &samples),
                Kind::Histogram => {}
            }
        }
    }

    /// The samples of a gauge or counter: one, or one for each value of its own label.
    fn values<'a>(&self, family: &'a Family, model: &'a str) -> Vec<(Vec<Label<'a>>, f64)> {
        if family.of.is_empty() {
            return vec![(labels(family, model, None), family.value.value(self, ""))];
        }
        family.of.iter().map(|of| (labels(family, model, Some(of)), family.value.value(self, of))).collect()
    }
}

fn labels<'a>(family: &'a Family, model: &'a str, of: Option<&'a str>) -> Vec<Label<'a>> {
    let mut labels = vec![("model_name", model)];
    if family.scope == Scope::Engine {
        labels.push(("engine", "0"));
    }
    labels.extend(family.by.as_deref().zip(of));
    labels
}
