//! Runs the cases on a client and gives a report of the same form as one about a server.

use std::{collections::BTreeSet, num::NonZeroU32, pin::pin, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ClientCase, Played, Reported, Truth, client_cases,
    judge::{Tolerance, judge},
    play::{MODEL, PlayEnd, asks_for_counts},
};
use crate::{
    exchange::{Exchange, SeenResponse},
    profile::{Certainty, Detection, Identity, ServerProfile},
    raw::BodyEnd,
    report::{CaseReport, Finding, SCHEMA_VERSION, SuiteReport, VerdictCounts},
    survey::Facts,
    verdict::Verdict,
};

/// Exchanges that a report keeps of a case: one of each play, for cycles of two.
const KEPT_EXCHANGES: usize = 2;

/// The client that a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientUnderTest {
    /// What it is called.
    pub name: String,
    /// How it was run, with the placeholders as they were given.
    pub command: String,
}

/// What a client did with one case.
#[derive(Debug, Clone)]
pub struct ClientRun {
    /// What was played to it.
    pub played: Vec<Played>,
    /// What it reported; `None` when no report could be read.
    pub reported: Option<Reported>,
    /// How it ended, where that was not well.
    pub ended: Option<String>,
}

/// The cases, and how exact a client has to be.
#[derive(Debug, Clone)]
#[must_use = "a suite does nothing until it is run"]
pub struct ClientSuite {
    cases: Vec<ClientCase>,
    tolerance: Tolerance,
    pace: NonZeroU32,
}

impl ClientSuite {
    /// Every case, exactly.
    pub fn standard() -> Self {
        Self { cases: client_cases(), tolerance: Tolerance(Duration::ZERO), pace: NonZeroU32::MIN }
    }

    /// How far a length that a client reports may be from the truth.
    pub fn tolerance(self, tolerance: Duration) -> Self {
        Self { tolerance: Tolerance(tolerance), ..self }
    }

    /// Plays every stream so many times as slow, where a busy machine's noise would drown the differences. The tolerance stays.
    pub fn pace(mut self, pace: NonZeroU32) -> Self {
        self.cases = self.cases.into_iter().map(|case| case.stretched(pace.get())).collect();
        self.pace = pace;
        self
    }

    /// Keeps the cases that `keep` chooses.
    pub fn retain(mut self, mut keep: impl FnMut(&ClientCase) -> bool) -> Self {
        self.cases.retain(|case| keep(case));
        self
    }

    /// The selected cases, in order.
    #[must_use]
    pub fn cases(&self) -> &[ClientCase] {
        &self.cases
    }

    /// Has `run` put the client on each case and judges what it reported; `tell` hears of every verdict. The report ends early when `stop` does.
    ///
    /// # Errors
    /// Those of `run`.
    pub async fn run<E>(
        &self,
        client: ClientUnderTest,
        mut run: impl AsyncFnMut(&ClientCase) -> Result<ClientRun, E>,
        mut tell: impl FnMut(&CaseReport),
        stop: impl Future<Output = String>,
    ) -> Result<SuiteReport, E> {
        let mut stop = pin!(stop);
        let mut cases = Vec::with_capacity(self.cases.len());
        let mut ended_early = None;
        for case in &self.cases {
            let client_run = tokio::select! {
                client_run = run(case) => client_run?,
                reason = &mut stop => {
                    ended_early = Some(format!("before {}: {reason}", case.id));
                    break;
                }
            };
            let report = self.report(case, &client_run);
            tell(&report);
            cases.push(report);
        }
        Ok(SuiteReport {
            schema_version: SCHEMA_VERSION,
            suite_version: env!("CARGO_PKG_VERSION").into(),
            seed: 0,
            target: client.name.clone(),
            facts: Facts {
                identity: Identity::default(),
                model: MODEL.into(),
                max_model_len: None,
                block_size: None,
                missing: std::collections::BTreeMap::new(),
            },
            detection: Detection::new(ServerProfile::OpenAiSpec, Certainty::Chosen),
            flags: BTreeSet::new(),
            counts: VerdictCounts::of(&cases),
            cases,
            ended_early,
            recorded_at: None,
            server_command: None,
            client: Some(client),
        })
    }

    fn report(&self, case: &ClientCase, run: &ClientRun) -> CaseReport {
        let findings = self.findings(case, run);
        let paced = |words: &str| match self.pace.get() {
            1 => words.to_owned(),
            pace => format!("{words}; all times {pace}-fold"),
        };
        CaseReport {
            id: case.id.into(),
            level: case.level(),
            title: case.title.into(),
            sends: paced(case.plays),
            expects: paced(case.truth),
            reference: case.reference.into(),
            verdict: Verdict::of(findings.iter().map(|finding| &finding.verdict)),
            findings,
            exchanges: run.played.iter().take(KEPT_EXCHANGES).map(exchange).collect(),
        }
    }

    fn findings(&self, case: &ClientCase, run: &ClientRun) -> Vec<Finding> {
        let whole = |verdict: Verdict, seen: String| {
            vec![Finding { about: "report".into(), expected: "a report".into(), seen, verdict, exchange: None }]
        };
        let ended =
            || run.ended.clone().unwrap_or_else(|| "it ended well and reported nothing that can be read".to_owned());
        if run.played.is_empty() {
            let reason = format!("the client sent no streamed chat request; {}", ended());
            return whole(Verdict::Inconclusive { reason }, "nothing".into());
        }
        let Some(reported) = &run.reported else {
            return match &run.ended {
                Some(ended) => whole(Verdict::Fail, ended.clone()),
                None => whole(Verdict::Inconclusive { reason: ended() }, "nothing".into()),
            };
        };
        let truth = Truth::of(&run.played);
        if case.plays_failures() && truth.successes == truth.requests {
            let reason = format!("the client sent {} request(s), and the fault is in every second", truth.requests);
            return whole(Verdict::Inconclusive { reason }, "a report of good streams only".into());
        }
        judge(case, &truth, reported, self.tolerance)
    }
}

fn exchange(played: &Played) -> Exchange {
    let play = &played.play;
    let counted = asks_for_counts(played.request.body.as_ref());
    let body: String = play.writes.iter().map(|write| write.text(counted)).collect();
    let end = match play.end {
        PlayEnd::Clean(_) => BodyEnd::Complete,
        PlayEnd::Reset(_) => BodyEnd::Lost { error: "the server ends the connection".into() },
    };
    let response = SeenResponse {
        status: play.status,
        headers: vec![("content-type".into(), play.content_type.into())],
        body_bytes: body.len() as u64,
        body,
        end,
    };
    Exchange { request: played.request.clone(), response: Some(response) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that knows nothing: every answer is a success, the first bytes are the first token, the last bytes the last, every write is a
    /// token, and every token the one after a gap.
    fn naive(case: &ClientCase) -> ClientRun {
        let request =
            crate::exchange::SentRequest { method: "POST".into(), path: "/".into(), headers: Vec::new(), body: None };
        let played: Vec<Played> = (0..4)
            .map(|index| Played { play: case.play(index), request: request.clone(), written: Vec::new() })
            .collect();
        let ms = |length: Duration| length.as_secs_f64() * 1000.0;
        let mean = |of: &dyn Fn(&Played) -> Duration| ms(played.iter().map(of).sum::<Duration>()) / played.len() as f64;
        let end = |played: &Played| match played.play.end {
            PlayEnd::Clean(at) | PlayEnd::Reset(at) => at,
        };
        let writes = |played: &Played| played.play.writes.len();
        let reported = Reported {
            successes: Some(played.len() as u64),
            ttft_ms: Some(mean(&|played| played.play.writes.first().map_or(Duration::ZERO, |write| write.at))),
            e2el_ms: Some(mean(&end)),
            itl_ms: Some(mean(&|played| end(played) / u32::try_from(writes(played)).unwrap())),
            output_tokens: Some(played.iter().map(writes).sum::<usize>() as u64),
            ..Reported::default()
        };
        ClientRun { played, reported: Some(reported), ended: None }
    }

    #[tokio::test]
    async fn every_case_fails_a_client_that_takes_bytes_for_tokens() {
        let suite = ClientSuite::standard().tolerance(Duration::from_millis(60));
        let client = ClientUnderTest { name: "naive".into(), command: String::new() };
        let run = async |case: &ClientCase| Ok::<_, std::convert::Infallible>(naive(case));
        let report = suite.run(client, run, |_| {}, std::future::pending()).await.unwrap();
        for case in &report.cases {
            assert_eq!(case.verdict, Verdict::Fail, "{}: {:#?}", case.id, case.findings);
        }
    }

    /// Each case fails by the figure that it is about, not by whichever.
    #[tokio::test]
    async fn a_case_of_failures_fails_by_its_successes() {
        let client = ClientUnderTest { name: "naive".into(), command: String::new() };
        let run = async |case: &ClientCase| Ok::<_, std::convert::Infallible>(naive(case));
        let report = ClientSuite::standard().run(client, run, |_| {}, std::future::pending()).await.unwrap();
        for id in ["C-01", "C-02", "C-03", "C-04", "C-08", "C-14", "C-16"] {
            let finding = &report.case(id).unwrap().findings[0];
            let expect = ("successes", "2 of 4", "4", Verdict::Fail);
            assert_eq!(
                (finding.about.as_str(), finding.expected.as_str(), finding.seen.as_str(), finding.verdict.clone()),
                expect,
                "{id}"
            );
        }
    }

    #[tokio::test]
    async fn a_client_without_a_report_fails_where_it_broke_and_gets_no_verdict_where_it_did_not() {
        let run_of = |ended: Option<&str>, requests: usize| {
            let suite = ClientSuite::standard().retain(|case| case.id == "C-03");
            let mut run = naive(&suite.cases()[0]);
            run.played.truncate(requests);
            run.reported = None;
            run.ended = ended.map(str::to_owned);
            suite.report(&suite.cases()[0], &run).verdict.label()
        };
        assert_eq!(run_of(Some("it ended with exit code 1"), 4), "FAIL");
        assert_eq!(run_of(None, 4), "INCONCLUSIVE");
        assert_eq!(run_of(Some("it ended with exit code 1"), 0), "INCONCLUSIVE");
    }

    #[tokio::test]
    async fn a_client_that_met_no_fault_gets_no_verdict_about_it() {
        let suite = ClientSuite::standard().retain(|case| case.id == "C-03");
        let mut run = naive(&suite.cases()[0]);
        run.played.truncate(1);
        assert_eq!(suite.report(&suite.cases()[0], &run).verdict.label(), "INCONCLUSIVE");
    }
}
