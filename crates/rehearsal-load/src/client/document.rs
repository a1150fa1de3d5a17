//! Reads the JSON documents of one stream, and takes a short cut where they begin alike.
//!
//! All chunks of an answer begin with the same `id`, `object`, `created` and `model`, more than half of their bytes. A
//! comparison with the last chunk's beginning is an order of magnitude cheaper than parsing it again.

use memchr::memmem;

use super::wire::Facts;

const CHOICES: &[u8] = br#""choices":"#;

/// After so many documents in a row without the short cut, it is no longer tried: the server adds something after
/// `choices`, for example continuous usage.
const GIVE_UP: u32 = 8;

#[derive(Debug, Default)]
pub(super) struct Documents {
    /// What the last document says.
    pub(super) facts: Facts,
    /// The last document that was parsed whole, up to its `choices`; empty before the first.
    beginning: Vec<u8>,
    misses: u32,
}

impl Documents {
    /// Reads one document; on an error, `facts` are of no use.
    pub(super) fn read(&mut self, json: &[u8]) -> Result<(), serde_json::Error> {
        let may_be_short = self.misses < GIVE_UP && !self.beginning.is_empty();
        if may_be_short && read_short(&self.beginning, json, &mut self.facts) {
            self.misses = 0;
            return Ok(());
        }
        self.facts.read(json)?;
        if self.misses < GIVE_UP {
            self.misses += 1;
            self.remember(json);
        }
        Ok(())
    }

    /// Keeps the beginning of a document that was parsed whole, if the short cut works for it.
    fn remember(&mut self, json: &[u8]) {
        self.beginning.clear();
        // what else the document says may stand before its choices, and would be lost
        let Facts { has_choices, usage, error, times, .. } = &self.facts;
        if !has_choices || usage.is_some() || error.is_some() || times.is_some() {
            return;
        }
        let Some(at) = memmem::find(json, CHOICES) else { return };
        let beginning = &json[..at + CHOICES.len()];
        if read_short(beginning, json, &mut Facts::default()) {
            self.beginning.extend_from_slice(beginning);
        }
    }
}

/// If the rest after `beginning` is one array and one brace, the array is the whole news. The beginning opens nothing that
/// this brace does not close, because it was kept from a sound document with the same ending.
fn read_short(beginning: &[u8], json: &[u8], facts: &mut Facts) -> bool {
    let choices = json.strip_prefix(beginning).and_then(|rest| rest.strip_suffix(b"}"));
    choices.is_some_and(|choices| facts.read_choices(choices).is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    const DOCUMENTS: [&str; 17] = [
        r#"{"id":"a","model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}"#,
        r#"{"id":"a","model":"m","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}"#,
        r#"{"id":"a","model":"m","choices":[{"index":1,"delta":{"role":"assistant"}}],"usage":null}"#,
        r#"{"id":"a","model":"m","choices":[],"usage":{"completion_tokens":3}}"#,
        r#"{"id":"a","model":"m","choices":[]}"#,
        r#"{"id":"a","model":"m","choices":null}"#,
        r#"{"id":"b","model":"m","choices":[{"index":2,"text":"y"}]}"#,
        r#"{"usage":{"completion_tokens":3},"choices":[{"index":0,"text":"y"}]}"#,
        r#"{"x":{"choices":[{"index":7,"text":"y"}]}}"#,
        r#"{"x":{"choices":[{"index":7,"text":"y"}]},"choices":[{"index":8,"text":"y"}]}"#,
        r#"{"id":"\"choices\":","choices":[{"index":0,"text":"}]"}]}"#,
        r#"{"error":{"message":"no"}}"#,
        r#"{"error":{"message":"no"},"choices":[{"index":0,"text":"y"}]}"#,
        r#"{"object":"error","message":"no","choices":[]}"#,
        r#"{"object":"error","choices":[]}"#,
        r#"{ "choices" : [{"index":9}] , "choices":[{"index":0,"text":"y"}]}"#,
        r#"{"metrics":{"queue_time_ms":1.5},"choices":[{"index":0,"text":"y"}]}"#,
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Oracle: every document parsed whole.
        #[test]
        fn the_short_cut_changes_nothing(documents in vec(select(DOCUMENTS.to_vec()), 0..30), cut in 0usize..100) {
            let mut with = Documents::default();
            let mut without = Facts::default();
            for (i, document) in documents.iter().enumerate() {
                let json = if i % 5 == 4 { &document[..cut.min(document.len())] } else { document };
                let expect = without.read(json.as_bytes()).map_err(|_| ());
                prop_assert_eq!(with.read(json.as_bytes()).map_err(|_| ()), expect, "{}", json);
                if expect.is_ok() {
                    prop_assert_eq!(&with.facts, &without, "{}", json);
                }
            }
        }
    }

    #[test]
    fn chunks_that_begin_alike_take_the_short_cut() {
        let mut documents = Documents::default();
        documents.read(DOCUMENTS[0].as_bytes()).unwrap();
        for (document, short) in [(1, true), (2, false), (5, true), (6, false)] {
            let json = DOCUMENTS[document].as_bytes();
            assert_eq!(read_short(&documents.beginning, json, &mut Facts::default()), short, "{}", DOCUMENTS[document]);
        }
    }
}
