//! Runs the cases, one after the other: metrics are compared on an idle server.

use std::{pin::pin, time::Duration};

use tokio::time::{Instant, timeout_at};

use crate::{
    cases,
    check::{Check, Need},
    observe::{Observer, SuiteEvent},
    profile::{Certainty, Detection, ServerProfile},
    properties::{self, Properties},
    report::{CaseReport, SCHEMA_VERSION, SuiteReport, VerdictCounts},
    salt::Salt,
    session::{Session, Stop},
    survey::Facts,
    target::Target,
    verdict::Level,
};

/// After so many cases in a row whose last question had no whole answer the server counts as gone: the others would
/// each wait for the whole time limit.
const CASES_WITHOUT_ANSWER: usize = 3;

/// Why no case could be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SuiteError {
    /// The server does not answer.
    #[error("target `{target}`: {reason}")]
    Unreachable {
        /// The target's name.
        target: String,
        /// What the transport said.
        reason: String,
    },
    /// The server's certificate is not one that this machine trusts.
    #[error(
        "target `{target}`: {reason}; have the system trust its authority, or name the authority's file in SSL_CERT_FILE"
    )]
    Untrusted {
        /// The target's name.
        target: String,
        /// What the transport said.
        reason: String,
    },
    /// The server wants a key, or another one.
    #[error("target `{target}`: /v1/models answered {status}; give the server's API key")]
    Unauthorised {
        /// The target's name.
        target: String,
        /// 401 or 403.
        status: u16,
    },
    /// The server lists no model.
    #[error("target `{target}`: /v1/models names no model but answered {seen}; is it an OpenAI-compatible server?")]
    NoModel {
        /// The target's name.
        target: String,
        /// What it answered.
        seen: String,
    },
    /// The run was stopped before its first case.
    #[error("target `{target}`: stopped before the first case, {reason}")]
    Stopped {
        /// The target's name.
        target: String,
        /// Why.
        reason: String,
    },
}

/// A selection of cases, and how to run them.
#[derive(Debug, Clone)]
#[must_use = "a suite does nothing until it is run"]
pub struct Suite {
    checks: Vec<Check>,
    properties: Option<Properties>,
    profile: Option<ServerProfile>,
    seed: u64,
    conduct: Conduct,
}

/// What a run may do to whoever else uses the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conduct {
    Considerate,
    Destructive,
}

impl Suite {
    /// Every case of this crate, the profile found out from the server, seed 0.
    pub fn standard() -> Self {
        Self { checks: cases::standard(), properties: None, profile: None, seed: 0, conduct: Conduct::Considerate }
    }

    /// Adds a case of your own.
    pub fn with(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Holds the server to the laws, too, after the cases.
    pub fn properties(mut self, properties: Properties) -> Self {
        self.properties = Some(properties);
        self
    }

    /// Keeps the cases and laws whose id begins with `prefix`.
    pub fn filter(self, prefix: &str) -> Self {
        self.select(|id| id.starts_with(prefix))
    }

    /// Keeps the cases and laws whose id `keep` chooses.
    pub fn select(mut self, mut keep: impl FnMut(&str) -> bool) -> Self {
        self.checks.retain(|check| keep(check.id));
        if let Some(properties) = &mut self.properties {
            properties.retain(keep);
        }
        self
    }

    /// Keeps the cases that `keep` chooses.
    pub fn retain(mut self, mut keep: impl FnMut(&Check) -> bool) -> Self {
        self.checks.retain(|check| keep(check));
        self
    }

    /// Holds the server to this profile, whatever it says it is.
    pub fn profile(mut self, profile: ServerProfile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// The seed of the run's prompts: another one finds the server's prefix cache cold.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs the cases, too, that fill the server up until it refuses or preempts the requests of others.
    pub fn destructive(mut self) -> Self {
        self.conduct = Conduct::Destructive;
        self
    }

    /// The selected cases, in order.
    #[must_use]
    pub fn checks(&self) -> impl ExactSizeIterator<Item = &Check> {
        self.checks.iter()
    }

    /// The ids and titles of the selected laws, in order; none unless [`properties`](Self::properties) were asked for.
    pub fn laws(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.properties.iter().flat_map(Properties::titles)
    }

    /// The ids and titles of all that is selected: the cases, then the laws.
    pub fn titles(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.checks.iter().map(|check| (check.id, check.title)).chain(self.laws())
    }

    /// Runs the selected cases against `target` and tells `observer` as it goes.
    ///
    /// A case that fails never ends the run. A server that is gone does, and so does one that leaves three cases in a row
    /// without a whole answer: the report then has the verdicts so far and
    /// says why it [`ended_early`](SuiteReport::ended_early).
    pub async fn run(&self, target: &Target, observer: impl Observer) -> Result<SuiteReport, SuiteError> {
        self.run_until(target, observer, std::future::pending()).await
    }

    /// The same, but the run ends when `stop` does, with the verdicts so far; `stop` gives the reason, such as `interrupted`.
    /// The case that is running then is left out.
    pub async fn run_until(
        &self,
        target: &Target,
        mut observer: impl Observer,
        stop: impl Future<Output = String>,
    ) -> Result<SuiteReport, SuiteError> {
        let begun = Instant::now();
        let mut stop = pin!(stop);
        let salt = Salt::new(self.seed);
        let facts = tokio::select! {
            facts = Facts::gather(target, &salt) => facts?,
            reason = &mut stop => return Err(SuiteError::Stopped { target: target.name.clone(), reason }),
        };
        let detection = match self.profile {
            Some(profile) => Detection::new(profile, Certainty::Chosen),
            None => facts.detect_profile(),
        };
        observer.on_event(&SuiteEvent::Surveyed {
            facts: &facts,
            detection,
            cases: self.checks.len() + self.laws().count(),
        });

        let mut cases = Vec::with_capacity(self.checks.len());
        let mut ended_early = None;
        let mut without_answer = 0;
        for check in &self.checks {
            observer.on_event(&SuiteEvent::CaseStarted { check });
            let mut session = Session::new(target, &facts, detection.profile, salt, (check.id, check.level));
            let disturbing = check.needs.contains(&Need::Destructive) && self.conduct == Conduct::Considerate;
            let unmet = unspoken(check, detection.profile)
                .or_else(|| check.needs.iter().find_map(|need| unmet(*need, target, &facts, detection.profile)))
                .or_else(|| disturbing.then(disturbs));
            let ended = if let Some(stop) = unmet {
                Err(stop)
            } else {
                tokio::select! {
                    ended = (check.run)(&mut session) => ended,
                    reason = &mut stop => {
                        ended_early = Some(format!("before {}: {reason}", check.id));
                        break;
                    }
                }
            };
            if let Err(stop) = ended {
                if let Stop::Unreachable(reason) = &stop {
                    ended_early = Some(format!("in {}: {reason}", check.id));
                }
                session.stopped(stop);
            }
            without_answer = match session.exchanges.last() {
                Some(exchange) if !exchange.is_answered() => without_answer + 1,
                Some(_) => 0,
                None => without_answer,
            };
            if without_answer == CASES_WITHOUT_ANSWER {
                ended_early
                    .get_or_insert(format!("in {}: {without_answer} cases in a row had no whole answer", check.id));
            }
            let case = CaseReport::new(check, detection, session.findings, session.exchanges);
            observer.on_event(&SuiteEvent::CaseFinished { case: &case });
            cases.push(case);
            if ended_early.is_some() {
                break;
            }
        }

        if let (Some(properties), None) = (&self.properties, &ended_early) {
            let mut session = Session::new(target, &facts, detection.profile, salt, ("P", Level::Must));
            let mut search = properties.search(self.seed);
            let (requests, time) = properties.limits();
            let until = match (requests, time) {
                (_, Some(time)) => Some(begun + time),
                (None, None) => Some(Instant::now() + GENERATING),
                (Some(_), None) => None,
            };
            // boxed, so that a run without laws is no larger for them
            let searching = Box::pin(until_then(until, search.run(&mut session, requests, &mut observer)));
            ended_early = tokio::select! {
                // that the time for it is up is the run's regular end, even if `stop` comes at the same moment
                biased;
                lost = searching => {
                    lost.err().map(|reason| format!("in the generated requests: {reason}"))
                }
                reason = &mut stop => Some(format!("in the generated requests: {reason}")),
            };
            for case in properties::cases(search) {
                observer.on_event(&SuiteEvent::CaseFinished { case: &case });
                cases.push(case);
            }
        }

        Ok(SuiteReport {
            schema_version: SCHEMA_VERSION,
            suite_version: env!("CARGO_PKG_VERSION").into(),
            seed: self.seed,
            target: target.name.clone(),
            facts,
            detection,
            flags: target.flags.clone(),
            server_command: None,
            counts: VerdictCounts::of(&cases),
            cases,
            ended_early,
            recorded_at: None,
            client: None,
        })
    }
}

/// How long requests are generated where nothing is said.
const GENERATING: Duration = Duration::from_mins(1);

/// Drops the search when its time is up; what it has found stays.
async fn until_then(until: Option<Instant>, search: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    match until {
        Some(until) => timeout_at(until, search).await.unwrap_or(Ok(())),
        None => search.await,
    }
}

/// A case of which OpenAI's API says nothing is no case of a server that is held to it.
fn unspoken(check: &Check, profile: ServerProfile) -> Option<Stop> {
    (!check.expects.speaks_of(profile)).then(|| Stop::Skipped("OpenAI's API says nothing about it".into()))
}

fn disturbs() -> Stop {
    Stop::Skipped("disturbs whoever else uses the server; run with --destructive".into())
}

fn unmet(need: Need, target: &Target, facts: &Facts, profile: ServerProfile) -> Option<Stop> {
    match need {
        Need::Feature(feature) if feature.is_vllm_only() && !profile.is_vllm() => {
            Some(Stop::Skipped(format!("about {}, which OpenAI's API does not have", feature.label())))
        }
        Need::Feature(feature) => {
            let seen = facts.lacks(feature)?;
            Some(Stop::Unimplemented(format!("no {}: {seen}", feature.label())))
        }
        Need::Started(flag) => (!target.flags.contains(&flag))
            .then(|| Stop::Skipped(format!("needs a server started with {}, and told so", flag.label()))),
        Need::StartedWithout(flag) => target
            .flags
            .contains(&flag)
            .then(|| Stop::Skipped(format!("needs a server started without {}", flag.label()))),
        Need::Profile(profiles) => {
            (!profiles.contains(&profile)).then(|| Stop::Skipped(format!("not about {profile}")))
        }
        Need::MaxModelLen => {
            facts.max_model_len.is_none().then(|| Stop::Skipped("/v1/models gives no max_model_len".into()))
        }
        // what the run may do is the suite's to say
        Need::Destructive => None,
    }
}
