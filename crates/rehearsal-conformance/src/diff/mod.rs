//! What changed between two servers that the suite was run against, in the words of a release note.
//!
//! Both reports must come from the same suite with the same seed: then the same requests were sent, and answers are compared in pairs.
//! What differs from run to run is not compared: ids, times, texts, values of log probabilities, how a stream is cut, and how long an
//! answer is that the model may end by itself. Statuses, headers, keys, nulls, counts, reasons, messages and the families of metrics are.

mod comparison;
mod gathered;
mod note;
mod page;
mod pinned;
mod shape;
mod stream;
mod words;

pub use comparison::{Comparison, Difference, Side, Topic};

use crate::{
    exchange::{Exchange, SeenResponse},
    report::{CaseReport, SuiteReport},
    verdict::Verdict,
};
use gathered::{Gathered, Seen};
use page::Shown;
use shape::Shape;

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

/// The differences between what two servers answered.
pub fn diff(before: &SuiteReport, after: &SuiteReport) -> Result<Comparison, DiffError> {
    if before.seed != after.seed {
        return Err(DiffError::Seeds(before.seed, after.seed));
    }
    let mut comparison = Comparison::new(before, after);
    let mut gathered = Gathered::default();
    let shown = [before, after].map(shown);
    for case in &before.cases {
        let Some(other) = after.case(&case.id) else {
            comparison.not_compared.push(case.id.clone());
            continue;
        };
        comparison.cases += 1;
        of_case(&mut gathered, case, other, &shown);
    }
    if comparison.cases == 0 {
        return Err(DiffError::NothingInCommon);
    }
    let only_after = after.cases.iter().filter(|case| before.case(&case.id).is_none());
    comparison.not_compared.extend(only_after.map(|case| case.id.clone()));
    comparison.differences = gathered.differences();
    Ok(comparison)
}

/// What `/metrics` has shown in a whole run.
fn shown(report: &SuiteReport) -> Shown {
    let exchanges = report.cases.iter().flat_map(|case| &case.exchanges);
    let pages = exchanges.filter(|exchange| is_page(exchange)).filter_map(|exchange| exchange.response.as_ref());
    Shown::on(pages.map(|response| response.body.as_str()))
}

fn is_page(exchange: &Exchange) -> bool {
    exchange.request.path.starts_with("/metrics")
}

fn of_case(gathered: &mut Gathered, before: &CaseReport, after: &CaseReport, shown: &[Shown; 2]) {
    let judged = |verdict: &Verdict| {
        let label = verdict.label();
        ["PASS", "FAIL", "NON-STRICT", "KNOWN-BUG", "FIXED-BUG"].contains(&label).then(|| label.to_owned())
    };
    if let (Some(was), Some(is)) = (judged(&before.verdict), judged(&after.verdict)) {
        gathered.add(Topic::Verdicts, "", before.title.clone(), (was, is), &before.id);
    }
    for (left, right) in before.exchanges.iter().zip(&after.exchanges) {
        if left.request != right.request {
            // a case may go on otherwise after an answer that it did not expect
            break;
        }
        match (&left.response, &right.response) {
            (Some(was), Some(is)) => of_pair(gathered, &before.id, left, [was, is], shown),
            (None, None) => {}
            (was, _) => {
                let said = |here: bool| if here { "an answer" } else { "no answer" }.to_owned();
                let (kind, what) = (words::kind(&left.request), words::request(&left.request));
                gathered.add(Topic::Requests, &kind, what, (said(was.is_some()), said(was.is_none())), &before.id);
            }
        }
    }
}

fn of_pair(
    gathered: &mut Gathered,
    case: &str,
    exchange: &Exchange,
    [was, is]: [&SeenResponse; 2],
    [shown_before, shown_after]: &[Shown; 2],
) {
    let kind = words::kind(&exchange.request);
    if was.status != is.status {
        let what = words::request(&exchange.request);
        gathered.add(Topic::Requests, &kind, what, (words::answer(was), words::answer(is)), case);
        return;
    }
    if is_page(exchange) {
        for (what, before, after) in page::differences((&was.body, shown_before), (&is.body, shown_after)) {
            gathered.add(Topic::Metrics, "", what, (before, after), case);
        }
    }
    let (was, is) = (Shape::of(&exchange.request, was), Shape::of(&exchange.request, is));
    gathered.finish_chunks(&kind, case, (was.finish_alone, is.finish_alone));
    for Seen { topic, part, what, before, after } in was.differences(&is) {
        let place = if part.is_empty() { kind.clone() } else { format!("{kind}, {part}") };
        gathered.add(topic, &place, what, (before, after), case);
    }
}
