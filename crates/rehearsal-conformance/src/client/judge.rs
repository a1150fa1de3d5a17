//! What a client reported, against the truth.

use std::time::Duration;

use super::{ClientCase, Reported, TokenTruth, Truth};
use crate::{report::Finding, verdict::Verdict};

/// A figure that a case can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    /// Requests that succeeded.
    Successes,
    /// Time to first token.
    Ttft,
    /// Time to the last token.
    EndToEnd,
    /// Time per output token, by whichever name.
    PerToken,
    /// Output tokens.
    OutputTokens,
    /// A warning that a figure of the server cannot be true.
    Flag,
}

/// How far a reported length may be from the truth: the noise of the machine, not a share of the length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tolerance(pub(crate) Duration);

/// Each figure that the client reports or should.
pub(crate) fn judge(case: &ClientCase, truth: &Truth, reported: &Reported, tolerance: Tolerance) -> Vec<Finding> {
    let mut judge = Judge { case, tolerance, findings: Vec::new() };
    judge.successes(truth, reported);
    judge.length("TTFT", Figure::Ttft, truth.ttft_ms, reported.ttft_ms);
    judge.length("E2EL", Figure::EndToEnd, truth.e2el_ms, reported.e2el_ms);
    judge.per_token(truth, reported);
    judge.tokens(truth.output, reported);
    judge.findings
}

struct Judge<'c> {
    case: &'c ClientCase,
    tolerance: Tolerance,
    findings: Vec<Finding>,
}

impl Judge<'_> {
    fn successes(&mut self, truth: &Truth, reported: &Reported) {
        let implied = reported.failures.map(|failures| (truth.requests as u64).saturating_sub(failures));
        let seen = reported.successes.or(implied);
        let expected = format!("{} of {}", truth.successes, truth.requests);
        let Some(seen) = seen else { return self.missing("successes", Figure::Successes, expected) };
        let failures = reported.failures.map_or(String::new(), |failures| format!(", {failures} failed"));
        let right = seen == truth.successes as u64
            && reported.failures.is_none_or(|failures| failures == (truth.requests - truth.successes) as u64);
        self.find("successes", expected, format!("{seen}{failures}"), right);
    }

    fn length(&mut self, about: &str, figure: Figure, truth: Option<f64>, seen: Option<f64>) {
        let Some(truth) = truth else { return };
        let Some(seen) = seen else { return self.missing(about, figure, milliseconds(truth)) };
        self.find(about, milliseconds(truth), milliseconds(seen), self.tolerance.holds(truth, seen));
    }

    fn per_token(&mut self, truth: &Truth, reported: &Reported) {
        // it rests on the server's count, which the client has said is not to be trusted
        if matches!(truth.output, TokenTruth::Lied { .. }) && !reported.warnings.is_empty() {
            return;
        }
        let Some(truth) = truth.per_token_ms else { return };
        if reported.tpot_ms.is_none() && reported.itl_ms.is_none() {
            return self.missing("time per output token", Figure::PerToken, milliseconds(truth));
        }
        for (about, seen) in [("TPOT", reported.tpot_ms), ("ITL", reported.itl_ms)] {
            if let Some(seen) = seen {
                self.find(about, milliseconds(truth), milliseconds(seen), self.tolerance.holds(truth, seen));
            }
        }
    }

    fn tokens(&mut self, truth: TokenTruth, reported: &Reported) {
        let seen = reported.output_tokens;
        let said = seen.map_or("unknown".to_owned(), |tokens| tokens.to_string());
        match truth {
            TokenTruth::Stated(tokens) => match seen {
                Some(seen) => self.find("output tokens", tokens.to_string(), said, seen == tokens),
                None => self.missing("output tokens", Figure::OutputTokens, tokens.to_string()),
            },
            TokenTruth::Unstated(tokens) => {
                let right = seen.is_none_or(|seen| seen == tokens);
                self.find("output tokens", format!("unknown (there were {tokens})"), said, right);
            }
            TokenTruth::Lied { said: lie, generated } => {
                let expected = format!("a warning about the server's {lie}, or {generated}");
                let warned = !reported.warnings.is_empty();
                if !warned && seen.is_none() {
                    return self.missing("output tokens", Figure::Flag, expected);
                }
                let warnings = reported.warnings.join("; ");
                let seen_text = if warned { format!("{said}, with a warning: {warnings}") } else { said };
                self.find("output tokens", expected, seen_text, warned || seen == Some(generated));
            }
        }
    }

    fn find(&mut self, about: &str, expected: String, seen: String, right: bool) {
        let verdict = if right { Verdict::Pass } else { Verdict::Fail };
        self.findings.push(Finding { about: about.into(), expected, seen, verdict, exchange: None });
    }

    /// A figure that the client does not report: no verdict where the case is about it, else only noted.
    fn missing(&mut self, about: &str, figure: Figure, expected: String) {
        let reason = "the client does not report this".to_owned();
        let verdict = if self.case.about.contains(&figure) {
            Verdict::Inconclusive { reason }
        } else {
            Verdict::Skipped { reason }
        };
        self.findings.push(Finding { about: about.into(), expected, seen: "nothing".into(), verdict, exchange: None });
    }
}

impl Tolerance {
    fn holds(self, truth: f64, seen: f64) -> bool {
        // a nanosecond more, for lengths that went through a decimal fraction
        (truth - seen).abs() <= self.0.as_secs_f64() * 1000.0 + 1e-6
    }
}

fn milliseconds(length: f64) -> String {
    format!("{length:.1} ms")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::client_cases;

    fn truth() -> Truth {
        Truth {
            requests: 4,
            successes: 2,
            ttft_ms: Some(300.0),
            e2el_ms: Some(600.0),
            per_token_ms: Some(100.0),
            output: TokenTruth::Stated(8),
        }
    }

    #[track_caller]
    fn check(id: &str, truth: &Truth, reported: &Reported, expect: &str) {
        let case = client_cases().into_iter().find(|case| case.id == id).unwrap();
        let findings = judge(&case, truth, reported, Tolerance(Duration::from_millis(60)));
        assert_eq!(Verdict::of(findings.iter().map(|finding| &finding.verdict)).label(), expect, "{findings:?}");
    }

    #[test]
    fn a_success_too_many_fails_and_a_count_that_is_not_told_says_nothing() {
        let right = Reported { successes: Some(2), ttft_ms: Some(300.0), ..Reported::default() };
        check("C-03", &truth(), &right, "PASS");
        check("C-03", &truth(), &Reported { successes: Some(4), ..Reported::default() }, "FAIL");
        check("C-03", &truth(), &Reported { failures: Some(2), ..Reported::default() }, "PASS");
        check("C-03", &truth(), &Reported { successes: Some(2), failures: Some(0), ..Reported::default() }, "FAIL");
        check("C-03", &truth(), &Reported { ttft_ms: Some(300.0), ..Reported::default() }, "INCONCLUSIVE");
    }

    #[test]
    fn a_length_is_right_within_the_tolerance() {
        for (ttft, expect) in [(300.0, "PASS"), (240.0, "PASS"), (239.0, "FAIL"), (361.0, "FAIL")] {
            check("C-09", &truth(), &Reported { ttft_ms: Some(ttft), ..Reported::default() }, expect);
        }
    }

    #[test]
    fn tokens_that_nobody_stated_are_unknown_and_never_0() {
        let unstated = Truth { output: TokenTruth::Unstated(7), ..truth() };
        for (tokens, expect) in [(None, "PASS"), (Some(7), "PASS"), (Some(0), "FAIL"), (Some(3), "FAIL")] {
            check("C-13", &unstated, &Reported { output_tokens: tokens, ..Reported::default() }, expect);
        }
    }

    #[test]
    fn a_lie_is_repeated_only_with_a_warning() {
        let lied = Truth { output: TokenTruth::Lied { said: 2, generated: 6 }, ..truth() };
        let told = |tokens, warnings: &[&str]| Reported {
            output_tokens: tokens,
            warnings: warnings.iter().map(|&warning| warning.to_owned()).collect(),
            ..Reported::default()
        };
        check("C-07", &lied, &told(Some(2), &[]), "FAIL");
        check("C-07", &lied, &told(Some(2), &["fewer tokens than chunks"]), "PASS");
        check("C-07", &lied, &told(Some(6), &[]), "PASS");
        check("C-07", &lied, &told(None, &[]), "INCONCLUSIVE");
    }
}
