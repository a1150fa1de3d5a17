//! One configuration of the report: what was published, what was rehearsed, and how far apart they are.

use rehearsal_load::SeedReport;
use serde_json::{Value, json};

/// A published result beside its rehearsal.
pub(super) struct Comparison {
    pub(super) name: &'static str,
    pub(super) published: SeedReport,
    pub(super) rehearsed: SeedReport,
}

/// One figure of the report's result files.
#[derive(Clone, Copy)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    read: fn(&SeedReport) -> Option<f64>,
}

/// The figures that are compared, under the report's names.
pub(super) const FIGURES: [Figure; 9] = [
    Figure { name: "QPS", unit: "1/s", read: |report| report.qps },
    Figure { name: "prompt_tps", unit: "tok/s", read: |report| report.derived.prompt_tps },
    Figure { name: "decode_tps", unit: "tok/s", read: |report| report.derived.decode_tps },
    Figure { name: "latency p50", unit: "s", read: |report| report.latency_s.p50 },
    Figure { name: "latency p95", unit: "s", read: |report| report.latency_s.p95 },
    Figure { name: "latency mean", unit: "s", read: |report| report.latency_s.mean },
    Figure { name: "latency min", unit: "s", read: |report| report.latency_s.min },
    Figure { name: "latency max", unit: "s", read: |report| report.latency_s.max },
    Figure { name: "ms/output_token", unit: "ms", read: |report| report.derived.ms_per_output_token },
];

impl Comparison {
    /// Published, rehearsed, and the relative error of the rehearsal.
    pub(super) fn row(&self, figure: Figure) -> (Option<f64>, Option<f64>, Option<f64>) {
        let (published, rehearsed) = ((figure.read)(&self.published), (figure.read)(&self.rehearsed));
        let error = published.zip(rehearsed).map(|(published, rehearsed)| rehearsed / published - 1.0);
        (published, rehearsed, error)
    }

    fn json(&self) -> Value {
        let figures = FIGURES.into_iter().map(|figure| {
            let (published, rehearsed, error) = self.row(figure);
            let row = json!({
                "unit": figure.unit, "published": published, "rehearsed": rehearsed, "relative_error": error,
            });
            (figure.name.to_owned(), row)
        });
        json!({
            "profile": self.name,
            "figures": figures.collect::<serde_json::Map<_, _>>(),
            "published": self.published,
            "rehearsed": self.rehearsed,
        })
    }
}

/// How much more output a second GPU gives: published and rehearsed, if both configurations are there.
pub(super) fn speed_up(comparisons: &[Comparison]) -> Option<(f64, f64)> {
    let [one, two] = comparisons else { return None };
    let ratio = |one: &SeedReport, two: &SeedReport| Some(two.derived.decode_tps? / one.derived.decode_tps?);
    ratio(&one.published, &two.published).zip(ratio(&one.rehearsed, &two.rehearsed))
}

/// The whole comparison as one document.
pub(super) fn document(comparisons: &[Comparison]) -> Value {
    let ratio = speed_up(comparisons).map(|(published, rehearsed)| {
        json!({"published": published, "rehearsed": rehearsed, "relative_error": rehearsed / published - 1.0})
    });
    json!({
        "schema_version": 1,
        "configurations": comparisons.iter().map(Comparison::json).collect::<Vec<_>>(),
        "decode_tps_ratio": ratio,
    })
}
