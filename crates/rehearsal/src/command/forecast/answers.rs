//! What every candidate does at every level, what that costs, and how much of it keeps the objectives.

use rehearsal::forecast::{Bill, Capacity, Level, Objectives, Outlook};
use serde_json::{Value, json};

use super::{
    break_even,
    candidates::{Candidate, Candidates},
    choice::{Choice, Choosable, recommendation},
    requests::Requests,
};
use crate::{args::ForecastArgs, exit::Expected};

/// All of it.
pub(super) struct Answers {
    pub(super) unit: &'static str,
    /// In the order of the candidates.
    pub(super) all: Vec<Answer>,
    pub(super) choices: Vec<Choice>,
    /// What to rent, in words.
    pub(super) advice: Vec<String>,
}

/// One candidate.
pub(super) struct Answer {
    pub(super) title: String,
    pub(super) points: Vec<Point>,
    pub(super) capacity: Option<(Capacity, Option<Bill>)>,
}

/// At one level.
pub(super) struct Point {
    pub(super) level: Level,
    pub(super) outlook: Outlook,
    pub(super) bill: Option<Bill>,
    /// Whether the engines answer as much as is asked of them.
    pub(super) keeps_up: bool,
}

impl Answers {
    pub(super) fn of(args: &ForecastArgs, candidates: &Candidates) -> Result<Self, Expected> {
        let objectives = objectives(args)?;
        let unit = Requests::unit(&args.load);
        let all = candidates.all.iter().map(|candidate| Answer::of(candidate, &objectives));
        let all: Vec<Answer> = all.collect::<Result<_, _>>()?;
        let titles: Vec<String> = all.iter().map(|answer| answer.title.clone()).collect();
        let choices = choices(&all);
        let mut advice = Vec::new();
        if 1 < all.len() {
            advice = recommendation(unit, &choices, &titles);
            advice.extend(evens(candidates, unit)?);
            advice.extend(best_within(&all, unit));
            if advice.len() == 1 {
                advice.push("  nothing is sure: the bands of the candidates overlap at every level".to_owned());
            }
        }
        Ok(Self { unit, all, choices, advice })
    }

    pub(super) fn json(&self) -> Value {
        let titles: Vec<String> = self.all.iter().map(|answer| answer.title.clone()).collect();
        json!({
            "deployments": self.all.iter().map(Answer::json).collect::<Vec<Value>>(),
            "choices": self.choices.iter().map(|choice| choice.json(self.unit, &titles)).collect::<Vec<Value>>(),
            "advice": self.advice,
        })
    }
}

impl Answer {
    fn of(candidate: &Candidate, objectives: &Objectives) -> Result<Self, Expected> {
        let Candidate { deployment, requests: Requests { traffic, levels }, .. } = candidate;
        let failed = |error| Expected::usage(format!("{}: {error}", deployment.title));
        let mut points = Vec::new();
        for level in levels {
            let traffic = traffic.at(*level);
            let outlook = deployment.forecast(&traffic).map_err(failed)?;
            let keeps_up = traffic.is_kept_up_with(outlook.output_tps.likely);
            points.push(Point { level: *level, bill: deployment.bill(&outlook), outlook, keeps_up });
        }
        let mut capacity = None;
        if let Some(kind) = levels.first().filter(|_| objectives.are_given()) {
            let found = deployment.capacity(traffic, *kind, objectives).map_err(failed)?;
            let at = found.likely.map(|likely| traffic.at(kind.with_amount(likely)));
            let outlook = at.map(|traffic| deployment.forecast(&traffic)).transpose().map_err(failed)?;
            capacity = Some((found, outlook.and_then(|outlook| deployment.bill(&outlook))));
        }
        Ok(Self { title: deployment.title.clone(), points, capacity })
    }

    fn json(&self) -> Value {
        let points = self.points.iter().map(|point| {
            json!({"level": point.level, "figures": point.outlook, "per_million_tokens": point.bill, "keeps_up": point.keeps_up})
        });
        json!({
            "title": self.title, "points": points.collect::<Vec<Value>>(),
            "capacity": self.capacity.map(|(capacity, _)| capacity),
            "per_million_tokens_at_capacity": self.capacity.and_then(|(_, bill)| bill),
        })
    }
}

fn objectives(args: &ForecastArgs) -> Result<Objectives, Expected> {
    for (flag, value) in [("--slo-ttft-ms", args.slo_ttft_ms), ("--slo-tpot-ms", args.slo_tpot_ms)] {
        if let Some(got) = value.filter(|value| !(value.is_finite() && 0.0 < *value)) {
            return Err(Expected::usage(format!("{flag} must be a finite number > 0, got {got}")));
        }
    }
    Ok(Objectives { ttft_ms: args.slo_ttft_ms, tpot_ms: args.slo_tpot_ms })
}

fn choices(all: &[Answer]) -> Vec<Choice> {
    let levels = all.first().map_or(0, |answer| answer.points.len());
    (0..levels)
        .map(|index| Choice {
            level: all[0].points[index].level.amount(),
            options: all.iter().map(|answer| choosable(&answer.points[index])).collect(),
        })
        .collect()
}

fn choosable(point: &Point) -> Choosable {
    let Outlook { output_tps, tpot_mean_s, ttft_p50_s, latency_p50_s, .. } = point.outlook;
    let waits = matches!(point.level, Level::Users(_));
    // what does not keep up is no offer for this load, however cheap
    let bill = point.bill.filter(|_| point.keeps_up);
    Choosable {
        output_tps,
        tpot_ms: tpot_mean_s.map(|band| band.likely * 1e3),
        ttft_ms: ttft_p50_s.map(|band| band.likely * 1e3),
        pace: latency_p50_s.filter(|_| !waits).map_or(output_tps, |latency| latency.map(|seconds| 1.0 / seconds)),
        cost: bill.map(|bill| bill.output_pays_all),
    }
}

/// The candidate whose tokens are cheapest when each is given as much as it can take within the objectives, by the likely models.
fn best_within(all: &[Answer], unit: &str) -> Option<String> {
    let priced = all.iter().filter_map(|answer| {
        let (capacity, bill) = answer.capacity?;
        Some((answer, capacity.likely?, bill?.output_pays_all.likely))
    });
    let (answer, level, cost) = priced.min_by(|a, b| a.2.total_cmp(&b.2))?;
    let level = format!("{level:.2}");
    Some(format!(
        "  cheapest with as much load as it takes within the objectives: {}, {cost:.2} per million output tokens at {} {unit}",
        answer.title,
        level.trim_end_matches('0').trim_end_matches('.'),
    ))
}

/// The break-even of candidates on the same machine.
fn evens(candidates: &Candidates, unit: &str) -> Result<Vec<String>, Expected> {
    let all = &candidates.all;
    let pairs = (0..all.len()).flat_map(|one| (one + 1..all.len()).map(move |other| (&all[one], &all[other])));
    let same_machine = pairs.filter(|(one, other)| {
        one.size.as_ref().zip(other.size.as_ref()).is_some_and(|(one, other)| one.name == other.name)
    });
    let mut lines = Vec::new();
    for (one, other) in same_machine {
        let Requests { traffic, levels } = &one.requests;
        lines.extend(break_even::line(&one.deployment, &other.deployment, traffic, levels, unit)?);
    }
    Ok(lines)
}
