//! What changed between two servers that the suite was run against, in the words of a release note.
//!
//! Both reports must come from the same suite with the same seed: then the same requests were sent, and answers are compared in pairs.
//! What differs from run to run (ids, times, texts, values of log probabilities) is not compared; statuses, headers, keys, nulls, counts,
//! reasons, messages and the families of metrics are.

mod page;
mod shape;
mod words;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    exchange::{Exchange, SeenResponse},
    report::{CaseReport, SuiteReport},
};
use page::metrics_differences;
use shape::{Shape, kind};

/// One thing that one server does and the other does not, and the cases that show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// Where: `chat`, `chat stream`, `/metrics` …
    pub about: String,
    /// What differs: a key, a header, a status.
    pub what: String,
    /// What the first server does.
    pub before: String,
    /// What the second server does.
    pub after: String,
    /// The cases whose answers show it.
    pub cases: Vec<String>,
}

/// Two reports whose answers cannot be set side by side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiffError {
    /// Other seeds make other prompts.
    #[error("the reports have the seeds {0} and {1}: run the suite with the same --seed against both servers")]
    Seeds(u64, u64),
    /// No case is in both.
    #[error("the reports have no case in common")]
    NothingInCommon,
}

/// The differences between what two servers answered, those that most cases show first.
pub fn diff(before: &SuiteReport, after: &SuiteReport) -> Result<Vec<Difference>, DiffError> {
    if before.seed != after.seed {
        return Err(DiffError::Seeds(before.seed, after.seed));
    }
    let mut found = Differences::default();
    let mut common = 0;
    for case in &before.cases {
        let Some(other) = after.case(&case.id) else { continue };
        common += 1;
        found.of_case(case, other);
    }
    if common == 0 {
        return Err(DiffError::NothingInCommon);
    }
    Ok(found.sorted())
}

/// Where and what, and how the two servers do it: the key under which cases are gathered.
type Key = (String, String, String, String);

#[derive(Debug, Default)]
struct Differences(BTreeMap<Key, Vec<String>>);

impl Differences {
    fn add(&mut self, key: Key, case: &str) {
        let cases = self.0.entry(key).or_default();
        if cases.last().is_none_or(|last| last != case) {
            cases.push(case.to_owned());
        }
    }

    fn of_case(&mut self, before: &CaseReport, after: &CaseReport) {
        for (left, right) in before.exchanges.iter().zip(&after.exchanges) {
            if left.request != right.request {
                // a case may go on otherwise after an answer that it did not expect
                break;
            }
            match (&left.response, &right.response) {
                (Some(was), Some(is)) => self.of_pair(&before.id, left, was, is),
                (None, None) => {}
                (was, _) => {
                    let said = |here: bool| if here { "an answer" } else { "no answer" }.to_owned();
                    let what = words::request(&left.request);
                    self.add((kind(&left.request), what, said(was.is_some()), said(was.is_none())), &before.id);
                }
            }
        }
    }

    fn of_pair(&mut self, case: &str, exchange: &Exchange, was: &SeenResponse, is: &SeenResponse) {
        let about = kind(&exchange.request);
        if exchange.request.path.starts_with("/metrics") {
            for (what, before, after) in metrics_differences(&was.body, &is.body) {
                self.add(("/metrics".to_owned(), what, before, after), case);
            }
            return;
        }
        if was.status != is.status {
            let what = words::request(&exchange.request);
            self.add((about, what, words::answer(was), words::answer(is)), case);
            return;
        }
        let (was, is) = (Shape::of(was), Shape::of(is));
        for (what, before, after) in was.differences(&is) {
            // whether usage comes is what the request's options ask
            let what = if what.starts_with("usage at") || what.starts_with("usage on") {
                words::with_options(&what, &exchange.request)
            } else {
                what
            };
            self.add((about.clone(), what, before, after), case);
        }
    }

    fn sorted(self) -> Vec<Difference> {
        let difference = |((about, what, before, after), cases)| Difference { about, what, before, after, cases };
        let mut all: Vec<Difference> = self.0.into_iter().map(difference).collect();
        all.sort_by_key(|difference| std::cmp::Reverse(difference.cases.len()));
        all
    }
}
