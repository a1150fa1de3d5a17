use futures_util::FutureExt;
use serde_json::{Value, json};

use super::ends::ending;
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    raw::RawStream,
    session::{Session, Stop},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-57",
    level: Level::Must,
    title: "a stop string that is split over chunks does not leak, and streams count as whole answers do",
    sends: "completions streamed, max_tokens 24; then with the last and first characters of two neighbouring chunks as stop, whole and streamed",
    expects: ByProfile::vllm("text up to the stop string, finish_reason stop, the same counts whole and streamed"),
    reference: "vLLM v1/engine/detokenizer.py; recordings stop-string-mid and stop-string-mid-stream of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let over = json!({"max_tokens": 24, "ignore_eos": true});
        let probe = s.stream(Endpoint::Completions, over).await?;
        let Some((before, stop)) = across_two_chunks(&pieces(&probe)) else {
            return Err(Stop::Inconclusive(
                "no two neighbouring chunks meet at characters that meet nowhere before".into(),
            ));
        };

        let over =
            json!({"max_tokens": 24, "ignore_eos": true, "stop": stop, "stream_options": {"include_usage": true}});
        let stream = s.stream(Endpoint::Completions, over).await?;
        let counted = s.final_counts(Endpoint::Completions, &stream)?;
        let body = s.whole(Endpoint::Completions, json!({"max_tokens": 24, "ignore_eos": true, "stop": stop})).await?;
        if body.pointer("/choices/0/finish_reason") != Some(&json!("stop")) {
            return Err(Stop::Inconclusive("the same greedy request does not come to the same text".into()));
        }

        s.equal("finish_reason, stop_reason of the whole answer", (Some(&json!("stop")), json!(stop)), ending(&body));
        let text = body.pointer("/choices/0/text").and_then(Value::as_str);
        s.equal("text of the whole answer", Some(before.as_str()), text);
        s.equal("text of the stream", text, Some(stream.text(0).as_str()));
        s.equal("finish_reason of the stream", vec!["stop".to_owned()], stream.finish_reasons(0));
        let whole = s.counts(Endpoint::Completions, &body)?;
        s.equal("counts of the stream", whole, counted);
        Ok(())
    }
    .boxed()
}

/// The texts of the chunks, without empty ones.
fn pieces(stream: &RawStream) -> Vec<String> {
    let texts = stream.choices().filter_map(|(_, choice)| choice.get("text")?.as_str());
    texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

/// Two characters on both sides of a chunk's end that stand nowhere before it, and the text before them; the latest such place.
fn across_two_chunks(pieces: &[String]) -> Option<(String, String)> {
    (1..pieces.len()).rev().find_map(|at| {
        let text = pieces[..=at].concat();
        let last = pieces[at - 1].chars().next_back()?;
        let first = pieces[at].chars().next()?;
        let stop = format!("{last}{first}");
        let begin = pieces[..at].concat().len() - last.len_utf8();
        (text.find(&stop) == Some(begin)).then(|| (text[..begin].to_owned(), stop))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pieces: &[&str], expect: Option<(&str, &str)>) {
        let pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        let expect = expect.map(|(before, stop)| (before.to_owned(), stop.to_owned()));
        assert_eq!(across_two_chunks(&pieces), expect);
    }

    #[test]
    fn a_stop_string_is_made_of_where_two_chunks_meet_for_the_first_time() {
        check(&[" one", " tva", " six"], Some((" one tv", "a ")));
        check(&[" a b", " a b"], Some((" a ", "b ")));
        check(&[" ab ", " ab ", " ab"], Some((" ab", "  ")));
        check(&["aa", "aa"], None);
        check(&["all in one"], None);
        check(&["caf", "é🚀"], Some(("ca", "fé")));
    }
}
