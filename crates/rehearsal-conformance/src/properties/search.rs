//! Generates requests, holds them to the laws, and shrinks what breaks one.

use std::collections::BTreeMap;

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::{
    generate::requests,
    law::{Breach, Judgement, Law, Pass},
    request::{Menu, Request},
    tally::{Counterexample, Tally},
    trial::Trial,
};
use crate::{
    check::Feature,
    observe::{Observer, SuiteEvent},
    session::{Session, Stop},
};

/// The most candidates that are tried to make one request smaller.
const CANDIDATES: u64 = 400;

/// A run of generated requests, and what it has found so far: it may be dropped between any two exchanges.
pub(crate) struct Search {
    seed: u64,
    tallies: Vec<Tally>,
    tried: u64,
}

impl Search {
    pub(super) fn new(laws: &[Law], seed: u64) -> Self {
        Self { seed, tallies: laws.iter().copied().map(Tally::new).collect(), tried: 0 }
    }

    /// Generates requests until there were so many, or every law is broken. Says why, where the server was lost on the way.
    pub(crate) async fn run(
        &mut self,
        session: &mut Session<'_>,
        limit: Option<u64>,
        observer: &mut impl Observer,
    ) -> Result<(), String> {
        let ids = session.facts().lacks(Feature::TokenIdPrompts).is_none();
        let menu = Menu { vllm: session.profile().is_vllm(), ids };
        let endpoints = session.endpoints().map_err(|stop| format!("{stop:?}"))?;
        while limit.is_none_or(|limit| self.tried < limit) && self.tallies.iter().any(Tally::is_open) {
            let name = self.tried.to_string();
            let drawn = self.draw().map(|tree| tree.current());
            self.tried += 1;
            let Some(request) = drawn.filter(|request| endpoints.contains(&request.endpoint)) else { continue };
            let mut trial = Trial::new(session, &request, menu, &name);
            let broken = self.judge(&mut trial).await?;
            for at in broken {
                self.shrink(at, session, menu, &name).await?;
            }
            observer.on_event(&SuiteEvent::RequestTried { requests: self.tried });
        }
        Ok(())
    }

    /// Holds one request to every law that is not yet broken; gives the places of those that it breaks.
    async fn judge(&mut self, trial: &mut Trial<'_, '_>) -> Result<Vec<usize>, String> {
        let mut broken = Vec::new();
        for (at, tally) in self.tallies.iter_mut().enumerate().filter(|(_, tally)| tally.is_open()) {
            match (tally.law.judge)(trial).await {
                Ok(Judgement::Holds) => tally.holds(),
                Ok(Judgement::Broken(breach)) => {
                    let found = Counterexample::new(breach, trial.exchanges());
                    if let Some(issue) = tally.law.known(trial.profile(), &found.breach, trial.exchanges()) {
                        tally.known_bug(issue, found);
                    } else {
                        tally.broken(found);
                        broken.push(at);
                    }
                }
                Err(Pass::Refused(summary)) => tally.refused(summary),
                Err(pass) => tally.passed(reason(pass)?),
            }
        }
        Ok(broken)
    }

    /// Tries smaller and smaller forms of the request that was drawn last, and keeps the smallest that still breaks the law.
    async fn shrink(&mut self, at: usize, session: &mut Session<'_>, menu: Menu, name: &str) -> Result<(), String> {
        self.tried -= 1;
        let tree = self.draw();
        self.tried += 1;
        let (Some(mut tree), Some(law)) = (tree, self.tallies.get(at).map(|tally| tally.law)) else { return Ok(()) };
        // candidates often come again, above all where fields are left out one by one
        let mut known: BTreeMap<String, bool> = BTreeMap::new();
        let mut smaller = tree.simplify();
        for _ in 0..CANDIDATES {
            if !smaller {
                break;
            }
            let candidate = tree.current();
            let key = format!("{candidate:?}");
            let breaks = if let Some(breaks) = known.get(&key) {
                *breaks
            } else {
                let breach = breach(law, session, &candidate, menu, name).await?;
                let breaks = breach.is_some();
                if let (Some(found), Some(tally)) = (breach, self.tallies.get_mut(at)) {
                    tally.broken(found);
                }
                breaks
            };
            known.insert(key, breaks);
            smaller = if breaks { tree.simplify() } else { tree.complicate() };
        }
        Ok(())
    }

    /// The request of this turn; the same for the same seed and turn.
    fn draw(&self) -> Option<impl ValueTree<Value = Request> + use<>> {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        seed[8..16].copy_from_slice(&self.tried.to_le_bytes());
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        requests().new_tree(&mut TestRunner::new_with_rng(Config::default(), random)).ok()
    }

    /// How many requests were generated, those that only made another one smaller apart.
    pub(crate) fn tried(&self) -> u64 {
        self.tried
    }

    pub(super) fn into_tallies(self) -> Vec<Tally> {
        self.tallies
    }
}

/// How a request breaks a law, other than by a known fault; `None` where it does not.
async fn breach(
    law: Law,
    session: &mut Session<'_>,
    request: &Request,
    menu: Menu,
    name: &str,
) -> Result<Option<Counterexample>, String> {
    let mut trial = Trial::new(session, request, menu, name);
    match (law.judge)(&mut trial).await {
        Ok(Judgement::Holds) => Ok(None),
        Ok(Judgement::Broken(breach)) => Ok(unknown(law, &trial, breach)),
        Err(pass) => reason(pass).map(|_| None),
    }
}

fn unknown(law: Law, trial: &Trial<'_, '_>, breach: Breach) -> Option<Counterexample> {
    let known = law.known(trial.profile(), &breach, trial.exchanges());
    known.is_none().then(|| Counterexample::new(breach, trial.exchanges()))
}

/// Why a law was passed over; an error where the server is gone.
fn reason(pass: Pass) -> Result<String, String> {
    match pass {
        Pass::Stopped(Stop::Unreachable(reason)) => Err(reason),
        Pass::Stopped(
            Stop::Missed { seen: reason, .. }
            | Stop::Skipped(reason)
            | Stop::Unimplemented(reason)
            | Stop::Inconclusive(reason),
        )
        | Pass::NotJudged(reason)
        | Pass::Refused(reason) => Ok(reason),
    }
}
