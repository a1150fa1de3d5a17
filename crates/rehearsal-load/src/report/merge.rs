//! Several logs of one load as one: the shards of a distributed run.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Completion, EndLine, LogLine, PlanSummary, Recording, RequestRecord, SCHEMA_VERSION, StartLine};
use crate::{metrics::seconds, plan::Shard};

/// Shards that cannot be one run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There is nothing to merge.
    #[error("no log is given; name the logs of all shards")]
    Nothing,
    /// Two logs are of the same shard.
    #[error("log {log} is of shard {shard}, which another log is of, too; name each shard's log once")]
    Twice {
        /// Which log, from 1.
        log: usize,
        /// Its shard.
        shard: Shard,
    },
    /// A log is not of the shards that the others are of.
    #[error("log {log} is of shard {found}, and the others are shards of {of}; merge only shards of one run")]
    OtherSharing {
        /// Which log, from 1.
        log: usize,
        /// The shard it is of.
        found: String,
        /// How many shards the others say there are.
        of: usize,
    },
    /// A shard has no log.
    #[error(
        "shard {number}/{of} is missing: {given} logs are given; name the logs of all shards, or look at each one with \
         `rehearsal report`"
    )]
    Missing {
        /// The first shard that is missing.
        number: usize,
        /// How many there are.
        of: usize,
        /// How many logs there are.
        given: usize,
    },
    /// The shards were not of one load.
    #[error(
        "log {shard} is of another load: `{field}` is {found} there and {expected} in the first; merge only shards of one run"
    )]
    OtherLoad {
        /// Which log, from 1.
        shard: usize,
        /// The field of the plan that differs.
        field: String,
        /// Its value there.
        found: String,
        /// Its value in the first log.
        expected: String,
    },
}

/// Fields of a plan in which shards may differ: what is summed, and where they sent to.
const OWN: [&str; 6] = ["url", "concurrency", "requests", "warm_up", "open_load", "shard"];

impl Recording {
    /// One recording of all `shards`, whose instants count from a common start. Requests keep their indices if no two
    /// are the same, which is so when each shard sent its part of one schedule; otherwise they are numbered again by the
    /// instants at which they were due. Workers and planned requests add up, and the window is the longest.
    pub fn merge(shards: Vec<Self>) -> Result<Self, MergeError> {
        let plan = merged_plan(&shards)?;
        let started_unix = shards.iter().filter_map(|shard| shard.started_unix).min();
        let window = shards.iter().map(|shard| shard.window).max().unwrap_or_default();
        let completion = shards.iter().map(|shard| shard.completion).fold(Completion::Complete, worse);
        let mut warm_up = None;
        let mut requests = Vec::new();
        for shard in shards {
            warm_up = warm_up.or(shard.warm_up);
            requests.extend(shard.requests);
        }
        let indices: BTreeSet<usize> = requests.iter().map(|request| request.index).collect();
        if indices.len() == requests.len() {
            requests.sort_by_key(|request| request.index);
        } else {
            requests.sort_by_key(|request| (request.scheduled, request.started, request.index));
            for (index, request) in requests.iter_mut().enumerate() {
                request.index = index;
            }
        }
        // every shard read the same server, whose counters hold the work of all of them
        let server = Vec::new();
        Ok(Self { plan, started_unix, warm_up, requests, server, window, completion })
    }

    /// The recording as the log that a run writes.
    ///
    /// # Panics
    /// Never: a line of a log always has a JSON text.
    #[must_use]
    pub fn to_jsonl(&self) -> String {
        let started_unix_ns = self.started_unix.map(super::record::nanos);
        let start =
            LogLine::Started(StartLine { schema_version: SCHEMA_VERSION, plan: self.plan.clone(), started_unix_ns });
        let warm_up = self.warm_up.iter().map(|request| LogLine::WarmedUp(RequestRecord::from(request)));
        let requests = self.requests.iter().map(|request| LogLine::Request(RequestRecord::from(request)));
        let server = self.server.iter().map(|snapshot| LogLine::Server(snapshot.clone()));
        // a log without its end stays one
        let end = (!matches!(self.completion, Completion::Partial { .. })).then(|| {
            LogLine::Ended(EndLine {
                window_ns: super::record::nanos(self.window),
                window_s: seconds(self.window),
                completion: self.completion,
            })
        });
        let mut text = String::new();
        for line in std::iter::once(start).chain(warm_up).chain(server).chain(requests).chain(end) {
            text += &serde_json::to_string(&line).expect("a line of a log always has a JSON text");
            text.push('\n');
        }
        text
    }
}

fn worse(a: Completion, b: Completion) -> Completion {
    match (a, b) {
        (Completion::Partial { cut_line }, Completion::Partial { cut_line: other }) => {
            Completion::Partial { cut_line: cut_line || other }
        }
        (partial @ Completion::Partial { .. }, _) | (_, partial @ Completion::Partial { .. }) => partial,
        (Completion::Interrupted { abandoned }, Completion::Interrupted { abandoned: others }) => {
            Completion::Interrupted { abandoned: abandoned + others }
        }
        (interrupted @ Completion::Interrupted { .. }, _) | (_, interrupted @ Completion::Interrupted { .. }) => {
            interrupted
        }
        (Completion::Complete, Completion::Complete) => Completion::Complete,
    }
}

/// Whether each shard of a run that was shared is there, and once.
fn check_shards(shards: &[Recording]) -> Result<(), MergeError> {
    let Some(of) = shards.iter().find_map(|shard| shard.plan.shard).map(Shard::of) else { return Ok(()) };
    let mut missing: BTreeSet<usize> = (0..of.get()).collect();
    for (place, recording) in shards.iter().enumerate() {
        match recording.plan.shard {
            Some(shard) if shard.of() == of && missing.remove(&shard.number()) => {}
            Some(shard) if shard.of() == of => return Err(MergeError::Twice { log: place + 1, shard }),
            other => {
                let found = other.map_or_else(|| "none".to_owned(), |shard| shard.to_string());
                return Err(MergeError::OtherSharing { log: place + 1, found, of: of.get() });
            }
        }
    }
    match missing.first() {
        Some(number) => Err(MergeError::Missing { number: *number, of: of.get(), given: shards.len() }),
        None => Ok(()),
    }
}

/// Whether all shards are parts of one schedule.
fn check_schedules(shards: &[Recording]) -> Result<(), MergeError> {
    let hash = |shard: &Recording| shard.plan.open_load.as_ref().map(|load| load.schedule_hash.clone());
    let shown = |hash: Option<String>| hash.unwrap_or_else(|| "none".to_owned());
    let expected = shards.first().and_then(hash);
    for (place, shard) in shards.iter().enumerate().skip(1) {
        let found = hash(shard);
        if found != expected {
            let field = "schedule_hash".to_owned();
            return Err(MergeError::OtherLoad {
                shard: place + 1,
                field,
                found: shown(found),
                expected: shown(expected),
            });
        }
    }
    Ok(())
}

fn merged_plan(shards: &[Recording]) -> Result<PlanSummary, MergeError> {
    let first = shards.first().ok_or(MergeError::Nothing)?;
    check_shards(shards)?;
    let as_json = |plan: &PlanSummary| serde_json::to_value(plan).unwrap_or(Value::Null);
    let expected = as_json(&first.plan);
    for (place, shard) in shards.iter().enumerate().skip(1) {
        let found = as_json(&shard.plan);
        for (field, value) in expected.as_object().into_iter().flatten() {
            let other = found.get(field).unwrap_or(&Value::Null);
            if other != value && !OWN.contains(&field.as_str()) {
                return Err(MergeError::OtherLoad {
                    shard: place + 1,
                    field: field.clone(),
                    found: other.to_string(),
                    expected: value.to_string(),
                });
            }
        }
    }
    if first.plan.shard.is_some() {
        check_schedules(shards)?;
    }
    let mut plan = first.plan.clone();
    plan.concurrency = shards.iter().map(|shard| shard.plan.concurrency).sum();
    plan.requests = shards.iter().map(|shard| shard.plan.requests).sum();
    if plan.shard.take().is_some()
        && let Some(load) = &mut plan.open_load
    {
        let slots = |shard: &Recording| shard.plan.open_load.as_ref()?.max_concurrency;
        load.max_concurrency = shards.iter().map(slots).sum();
    }
    Ok(plan)
}
