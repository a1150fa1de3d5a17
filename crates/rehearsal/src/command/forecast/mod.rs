//! `rehearsal forecast`: the report's configurations, published beside rehearsed.

mod choice;
mod comparison;
mod described;
mod described_table;
mod offers;
mod profiled;
mod sweep;
mod sweep_table;
mod table;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use rehearsal::{
    Forecast,
    calibrate::Setup,
    fake::profile::Profile,
    load::{LoadPlan, SeedReport},
};

use serde_json::{Value, json};

use self::comparison::Comparison;
use super::setup;
use crate::{
    args::{ForecastArgs, Format},
    exit::{Exit, Expected},
    render,
};

/// The report's configurations: the profile that reproduces each, and the result file it published.
const CONFIGURATIONS: [(&str, &str); 2] = [
    ("report-tp1", include_str!("../../../../../fixtures/report/tp1.json")),
    ("report-tp2", include_str!("../../../../../fixtures/report/tp2.json")),
];

pub(crate) fn run(args: &ForecastArgs) -> anyhow::Result<Exit> {
    let names = CONFIGURATIONS.map(|(name, _)| name);
    if let Some(setup) = setup::setup(&args.setup)? {
        return from_description(args, &setup);
    }
    if args.profile.iter().any(|name| !names.contains(&name.as_str())) {
        return from_profiles(args);
    }
    let comparisons = CONFIGURATIONS
        .into_iter()
        .filter(|(name, _)| args.profile.is_empty() || args.profile.iter().any(|wanted| wanted == name))
        .map(|(name, published)| compare(name, published))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let sweep = args.sweep.then(|| sweep::Outlook::of(args, &comparisons)).transpose()?;
    match args.format {
        Format::Text => {
            render::result(table::text(&comparisons));
            if let Some(sweep) = &sweep {
                render::result(sweep_table::text(sweep));
            }
        }
        Format::Json => {
            let mut document = comparison::document(&comparisons);
            if let Some(sweep) = &sweep {
                document["sweep"] = sweep.json();
            }
            render::result(serde_json::to_string_pretty(&document).context("forecast as JSON")?);
        }
    }
    Ok(Exit::Ok)
}

/// What datasheets and a `config.json` say.
fn from_description(args: &ForecastArgs, setup: &Setup) -> anyhow::Result<Exit> {
    let described = described::described(args, setup)?;
    match args.format {
        Format::Text => render::result(described_table::text(args, setup, &described)),
        Format::Json => {
            let configurations: Vec<Value> = described.iter().map(described::Described::json).collect();
            let document = json!({"schema_version": 1, "model": setup.model.name, "gpu": setup.gpu.name, "configurations": configurations});
            render::result(serde_json::to_string_pretty(&document).context("forecast as JSON")?);
        }
    }
    Ok(Exit::Ok)
}

/// What profiles say.
fn from_profiles(args: &ForecastArgs) -> anyhow::Result<Exit> {
    let profiled = profiled::profiled(args)?;
    match args.format {
        Format::Text => render::result(profiled::text(args, &profiled)),
        Format::Json => {
            render::result(serde_json::to_string_pretty(&profiled::document(&profiled)).context("forecast as JSON")?);
        }
    }
    Ok(Exit::Ok)
}

/// Rehearses what the published result says was run.
fn compare(name: &'static str, published: &str) -> anyhow::Result<Comparison> {
    let published = SeedReport::from_json(published).with_context(|| format!("published result of {name}"))?;
    let profile = Profile::builtin(name).with_context(|| format!("profile {name}"))?;
    let plan = LoadPlan::builder(&published.endpoint, &published.model)
        .concurrency(published.concurrency)
        .requests(published.requests)
        .max_tokens(published.max_tokens)
        .temperature(published.temperature)
        .turnaround(Duration::from(profile.client.turnaround))
        .stagger(Duration::from(profile.client.stagger))
        .build()
        .with_context(|| format!("plan of {name}"))?;

    // the script sent one prompt 64 times, so any ids will do as long as they are the same and as many
    let prompt_tokens =
        published.token_usage.prompt_tokens_mean.context("the published result counts no prompt tokens")?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the published count is 89")]
    let prompt: Arc<[u32]> = (0..prompt_tokens as u32).collect();
    let config = profile.engine_config().map_err(Expected::usage)?;
    let forecast =
        Forecast::of(config, &plan, |_| Arc::clone(&prompt)).with_context(|| format!("rehearsal of {name}"))?;
    Ok(Comparison { name, published, rehearsed: forecast.seed_report })
}
