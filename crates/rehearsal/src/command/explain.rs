//! `rehearsal explain`: what a metric means.

use anyhow::Context;
use rehearsal::load::report::MetricDefinition;
use serde_json::{Value, json};

use crate::{
    args::{ExplainArgs, Format},
    exit::{Exit, Expected},
    render,
};

pub(crate) fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let asked: Vec<&MetricDefinition> = if args.metrics.is_empty() {
        MetricDefinition::all().iter().collect()
    } else {
        args.metrics.iter().map(|name| find(name)).collect::<Result<_, _>>()?
    };
    match args.format {
        Format::Json => {
            let table: Vec<Value> = asked.iter().map(|metric| as_json(metric)).collect();
            render::result(serde_json::to_string_pretty(&table).context("definitions as JSON")?);
        }
        Format::Text if args.metrics.is_empty() => {
            for metric in asked {
                render::result(format_args!("{:<22}{}, in {}", metric.id, metric.name, metric.unit));
            }
            render::result("\n`rehearsal explain METRIC` tells what one is, and what other tools do instead");
        }
        Format::Text => {
            let texts: Vec<String> = asked.iter().map(ToString::to_string).collect();
            render::result(texts.join("\n\n"));
        }
    }
    Ok(Exit::Ok)
}

fn find(name: &str) -> Result<&'static MetricDefinition, Expected> {
    MetricDefinition::find(name).ok_or_else(|| {
        let nearest = MetricDefinition::all()
            .iter()
            .map(|metric| (strsim::jaro_winkler(metric.id, &name.to_lowercase()), metric.id))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let hint = nearest.filter(|(likeness, _)| 0.7 < *likeness).map(|(_, id)| format!(", did you mean `{id}`"));
        Expected::usage(format!("no metric `{name}`{}; `rehearsal explain` lists them", hint.unwrap_or_default()))
    })
}

fn as_json(metric: &MetricDefinition) -> Value {
    let others: serde_json::Map<String, Value> =
        metric.others.iter().map(|(tool, text)| (tool.name().to_owned(), json!(text))).collect();
    json!({
        "id": metric.id, "name": metric.name, "unit": metric.unit, "definition": metric.definition,
        "undefined": metric.undefined, "others": others,
    })
}
