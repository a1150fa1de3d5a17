//! What became of a law over the requests of a run.

use serde_json::Value;

use super::law::{Breach, Law};
use crate::{
    exchange::Exchange,
    report::{CaseReport, Finding},
    verdict::{Level, Verdict},
};

/// One law's count, and the smallest request that broke it.
pub(super) struct Tally {
    pub(super) law: Law,
    held: u64,
    known: Option<(&'static str, Counterexample)>,
    broken: Option<Counterexample>,
    /// Why it could not be judged, the last time.
    passed: Option<String>,
    /// How the server refused a request, the last time.
    refused: Option<String>,
}

/// A request that breaks a law, and all that was sent and answered to see it.
pub(super) struct Counterexample {
    pub(super) breach: Breach,
    exchanges: Vec<Exchange>,
}

impl Tally {
    pub(super) fn new(law: Law) -> Self {
        Self { law, held: 0, known: None, broken: None, passed: None, refused: None }
    }

    /// Whether the law may still be broken.
    pub(super) fn is_open(&self) -> bool {
        self.broken.is_none()
    }

    pub(super) fn holds(&mut self) {
        self.held += 1;
    }

    pub(super) fn passed(&mut self, reason: String) {
        self.passed = Some(reason);
    }

    pub(super) fn refused(&mut self, summary: String) {
        self.refused = Some(summary);
    }

    pub(super) fn known_bug(&mut self, issue: &'static str, found: Counterexample) {
        self.known.get_or_insert((issue, found));
    }

    /// Keeps a counterexample: each is smaller than the one before.
    pub(super) fn broken(&mut self, found: Counterexample) {
        self.broken = Some(found);
    }

    /// The law as a case of the report, after so many requests.
    pub(super) fn into_case(self, tried: u64) -> CaseReport {
        let Self { law, held, known, broken, passed, refused } = self;
        let (findings, exchanges) = match (broken, known) {
            (Some(found), _) => (vec![found.finding(Verdict::Fail)], found.exchanges),
            (None, Some((issue, found))) => {
                (vec![held_of(held, tried), found.finding(Verdict::KnownBug { issue: issue.into() })], found.exchanges)
            }
            (None, None) if held == 0 => (
                vec![never_judged(refused.map(|summary| format!("refused with {summary}")).or(passed), tried)],
                Vec::new(),
            ),
            (None, None) => (vec![held_of(held, tried)], Vec::new()),
        };
        CaseReport {
            id: law.id.into(),
            level: Level::Must,
            title: law.title.into(),
            sends: format!("{tried} generated requests, each whole and streamed"),
            expects: law.says.into(),
            reference: law.reference.into(),
            verdict: Verdict::of(findings.iter().map(|finding| &finding.verdict)),
            findings,
            exchanges,
        }
    }
}

impl Counterexample {
    pub(super) fn new(breach: Breach, exchanges: &[Exchange]) -> Self {
        Self { breach, exchanges: exchanges.to_vec() }
    }

    fn finding(&self, verdict: Verdict) -> Finding {
        let Breach { about, expected, seen, exchange } = &self.breach;
        let request = self.exchanges.get(*exchange).and_then(|exchange| exchange.request.body.as_ref());
        let members = request.and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str());
        let members: Vec<&str> = members.filter(|name| *name != "model").collect();
        let of = if members.is_empty() { String::new() } else { format!(" of a request of {}", members.join(", ")) };
        Finding {
            about: format!("{about}{of}"),
            expected: expected.clone(),
            seen: seen.clone(),
            verdict,
            exchange: Some(*exchange),
        }
    }
}

fn held_of(held: u64, tried: u64) -> Finding {
    Finding {
        about: "requests that it was judged on, of all".into(),
        expected: "it holds".into(),
        seen: format!("it held of {held} of {tried}"),
        verdict: Verdict::Pass,
        exchange: None,
    }
}

fn never_judged(passed: Option<String>, tried: u64) -> Finding {
    let last = passed.map_or_else(String::new, |reason| format!("; of the last one: {reason}"));
    let verdict = Verdict::Skipped { reason: format!("none of {tried} requests could be judged{last}") };
    Finding { about: "requests".into(), expected: "not judged".into(), seen: String::new(), verdict, exchange: None }
}
