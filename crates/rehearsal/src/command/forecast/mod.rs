//! `rehearsal forecast`: the report's configurations, published beside rehearsed.

mod answers;
mod answers_table;
mod break_even;
mod candidates;
mod choice;
mod comparison;
mod offers;
mod pictures;
mod requests;
mod sweep;
mod sweep_table;
mod table;
mod too_small;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use rehearsal::{
    Forecast,
    fake::profile::Profile,
    load::{LoadPlan, SeedReport},
};

use serde_json::{Value, json};

use self::comparison::Comparison;
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
    if asks_for_candidates(args)? {
        return compare_candidates(args);
    }
    let comparisons = CONFIGURATIONS
        .into_iter()
        .filter(|(name, _)| args.profile.is_empty() || args.profile.iter().any(|wanted| wanted == name))
        .map(|(name, published)| compare(name, published))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let sweep = args.sweep.then(|| sweep::Outlook::of(args, &comparisons)).transpose()?;
    let mut text = table::text(&comparisons);
    let mut pictures = Vec::new();
    if let Some(sweep) = &sweep {
        text = format!("{text}\n{}", sweep_table::text(sweep));
        pictures = pictures::of_sweep(sweep);
    }
    print(args, &text, || {
        let mut document = comparison::document(&comparisons);
        if let Some(sweep) = &sweep {
            document["sweep"] = sweep.json();
        }
        document
    })?;
    draw(args, "The report's two configurations, rehearsed", &pictures, &text)?;
    Ok(Exit::Ok)
}

/// Whether the arguments name machines or profiles other than the report's own; an error when they only make sense with some.
fn asks_for_candidates(args: &ForecastArgs) -> Result<bool, Expected> {
    let is_reports = |name: &String| CONFIGURATIONS.iter().any(|(other, _)| other == name);
    let named = args.setup.gpu.is_some() || !args.machine.size.is_empty();
    if args.setup.model.is_some() && !named {
        return Err(Expected::usage("--model alone says nothing; where does it run? give --gpu NAME or --size SIZE"));
    }
    if named && args.setup.model.is_none() && args.profile.is_empty() {
        return Err(Expected::usage(
            "what runs there? give --model config.json, or a --profile that was measured on that GPU",
        ));
    }
    let load = &args.load;
    let asked = [
        ("--rate", !load.rate.is_empty()),
        ("--trace", load.trace.is_some()),
        ("--turns", load.turns.is_some()),
        ("--shared-prefix", load.shared_prefix.is_some()),
        ("--think-seconds", load.think_seconds.is_some()),
        ("--replicas", !args.machine.replicas.is_empty()),
        ("--no-enable-prefix-caching", args.machine.no_enable_prefix_caching),
        ("--slo-ttft-ms", args.slo_ttft_ms.is_some()),
        ("--slo-tpot-ms", args.slo_tpot_ms.is_some()),
    ];
    let asked = asked.into_iter().find(|(_, asked)| *asked).map(|(flag, _)| flag);
    match asked {
        Some(flag) if args.profile.is_empty() && !named => Err(Expected::usage(format!(
            "{flag} needs something to ask it of: --profile NAME, or --model with --gpu or --size"
        ))),
        Some(_) => Ok(true),
        None => Ok(named || !args.profile.iter().all(is_reports)),
    }
}

fn compare_candidates(args: &ForecastArgs) -> anyhow::Result<Exit> {
    let candidates = candidates::Candidates::of(args)?;
    let answers = answers::Answers::of(args, &candidates)?;
    let text = answers_table::text(args, &candidates, &answers);
    print(args, &text, || {
        let configurations: Vec<Value> =
            candidates.configurations.iter().map(candidates::Configuration::json).collect();
        let mut document = json!({"schema_version": 1, "title": candidates.heading, "configurations": configurations});
        if let (Some(document), Value::Object(answers)) = (document.as_object_mut(), answers.json()) {
            document.extend(answers);
        }
        document
    })?;
    draw(args, &candidates.heading, &pictures::of_answers(&answers), &text)?;
    Ok(Exit::Ok)
}

fn print(args: &ForecastArgs, text: &str, document: impl FnOnce() -> Value) -> anyhow::Result<()> {
    match args.format {
        Format::Text => render::result(text),
        Format::Json => {
            render::result(serde_json::to_string_pretty(&document()).context("forecast as JSON")?);
        }
    }
    Ok(())
}

fn draw(args: &ForecastArgs, title: &str, pictures: &[pictures::Picture], text: &str) -> Result<(), Expected> {
    if let Some(path) = &args.html {
        pictures::write_page(path, title, pictures, text)?;
    }
    let Some(folder) = &args.svg else { return Ok(()) };
    if pictures.is_empty() {
        return Err(Expected::usage(
            "there is no chart without a range of loads; add --sweep, --profile, --gpu or --size",
        ));
    }
    pictures::write_drawings(folder, pictures)
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
