//! Single observations, gathered into differences: the same change at several places, or shown by several cases, is told once.

use std::collections::BTreeMap;

use super::comparison::{Difference, Topic};

/// One observation on a pair of answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) topic: Topic,
    /// The part of the answer: `first chunk`, or nothing for the whole.
    pub(super) part: String,
    pub(super) what: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// What differs, and how the two servers do it.
type Key = (Topic, String, String, String);

#[derive(Debug, Default)]
struct Evidence {
    places: Vec<String>,
    cases: Vec<String>,
}

/// Every observation so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    evidence: BTreeMap<Key, Evidence>,
    finish_chunks: BTreeMap<String, FinishChunks>,
}

/// Whether finish reasons came in a chunk of their own. A server that puts them on the last text may still send that text late and
/// the reason alone, by chance: only always and not always are apart.
#[derive(Debug, Default)]
struct FinishChunks {
    before: Vec<bool>,
    after: Vec<bool>,
    cases: Vec<String>,
}

/// Streams of one kind from which on "always" is no chance.
const ENOUGH_STREAMS: usize = 3;

impl Gathered {
    /// Adds an observation, unless both servers do the same.
    pub(super) fn add(
        &mut self,
        topic: Topic,
        place: &str,
        what: String,
        (before, after): (String, String),
        case: &str,
    ) {
        if before == after {
            return;
        }
        let evidence = self.evidence.entry((topic, what, before, after)).or_default();
        push_new(&mut evidence.cases, case);
        if !place.is_empty() {
            push_new(&mut evidence.places, place);
        }
    }

    /// Adds what was seen of a pair of streams' finish reasons.
    pub(super) fn finish_chunks(&mut self, kind: &str, case: &str, seen: (Option<bool>, Option<bool>)) {
        if let (Some(before), Some(after)) = seen {
            let chunks = self.finish_chunks.entry(kind.to_owned()).or_default();
            chunks.before.push(before);
            chunks.after.push(after);
            push_new(&mut chunks.cases, case);
        }
    }

    /// All of it, topic by topic, and in a topic what most cases show first.
    pub(super) fn differences(mut self) -> Vec<Difference> {
        for (kind, chunks) in std::mem::take(&mut self.finish_chunks) {
            let said = |alone: &[bool]| {
                let always = alone.iter().all(|alone| *alone);
                if always { "in a chunk of its own" } else { "on the last text" }.to_owned()
            };
            if ENOUGH_STREAMS <= chunks.before.len() {
                for case in &chunks.cases {
                    let what = "the finish reason".to_owned();
                    self.add(Topic::Streams, &kind, what, (said(&chunks.before), said(&chunks.after)), case);
                }
            }
        }
        let mut all: Vec<Difference> = members_of_errors_together(self.evidence)
            .into_iter()
            .map(|((topic, what, before, after), Evidence { places, cases })| Difference {
                topic,
                places: chunks_together(places),
                what,
                before,
                after,
                cases,
            })
            .collect();
        all.sort_by_key(|difference| (difference.topic, std::cmp::Reverse(difference.cases.len())));
        all
    }
}

fn push_new(list: &mut Vec<String>, item: &str) {
    if !list.iter().any(|known| known == item) {
        list.push(item.to_owned());
    }
}

/// The values of one member of error bodies, such as `param`, are one change, whatever the request.
fn members_of_errors_together(evidence: BTreeMap<Key, Evidence>) -> BTreeMap<Key, Evidence> {
    let (of_errors, mut all): (BTreeMap<_, _>, BTreeMap<_, _>) =
        evidence.into_iter().partition(|((topic, what, _, _), _)| *topic == Topic::Errors && what.starts_with('`'));
    let mut by_member: BTreeMap<String, (Vec<String>, Vec<String>, Evidence)> = BTreeMap::new();
    for ((_, what, before, after), found) in of_errors {
        let (was, is, evidence) = by_member.entry(what).or_default();
        push_new(was, &before);
        push_new(is, &after);
        found.places.iter().for_each(|place| push_new(&mut evidence.places, place));
        found.cases.iter().for_each(|case| push_new(&mut evidence.cases, case));
    }
    let merged = by_member
        .into_iter()
        .map(|(what, (was, is, evidence))| ((Topic::Errors, what, was.join(" or "), is.join(" or ")), evidence));
    all.extend(merged);
    all
}

/// `first chunk`, `chunk` and `last chunk` of one stream are `chunks`.
fn chunks_together(mut places: Vec<String>) -> Vec<String> {
    let streams: Vec<String> =
        places.iter().filter_map(|place| Some(place.strip_suffix(", last chunk")?.to_owned())).collect();
    for stream in streams {
        let parts = [", first chunk", ", chunk", ", last chunk"].map(|part| format!("{stream}{part}"));
        if 2 <= parts.iter().filter(|part| places.contains(part)).count() {
            places.retain(|place| !parts.contains(place));
            places.push(format!("{stream}, chunks"));
        }
    }
    places
}
