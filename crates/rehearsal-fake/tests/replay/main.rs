//! Recorded exchanges of a real vLLM, asked of the fake: status, headers, keys and their order, nulls, texts, counts and messages.
//!
//! The recordings are the oracle. What they cannot settle is made equal on both sides (`normal`): ids, dates, invented log
//! probabilities, and how many tokens a chunk happened to carry.

mod exchange;
mod normal;
mod puppet;

use std::collections::BTreeMap;

use exchange::Exchange;

/// A recorded server, and the cases of it that the fake does not imitate, each with the reason. A case on the list that is right fails
/// the test, too.
struct Recording {
    version: &'static str,
    exchanges: &'static [u8],
    not_imitated: &'static [(&'static str, &'static str)],
}

const PY_0_13: Recording = Recording {
    version: "0.13.0",
    exchanges: include_bytes!("../../../../fixtures/transcripts/0.13.0-base.jsonl.gz"),
    not_imitated: include!("not_imitated/0.13.0.in"),
};

const PY_0_32: Recording = Recording {
    version: "0.32.0",
    exchanges: include_bytes!("../../../../fixtures/transcripts/0.32.0-base.jsonl.gz"),
    not_imitated: include!("not_imitated/0.32.0.in"),
};

#[tokio::test]
async fn the_fake_answers_as_vllm_0_13_0_did() {
    check(&PY_0_13).await;
}

#[tokio::test]
async fn the_fake_answers_as_vllm_0_32_0_did() {
    check(&PY_0_32).await;
}

async fn check(recording: &Recording) {
    let router = puppet::server(recording.version);
    let skipped: BTreeMap<&str, &str> = recording.not_imitated.iter().copied().collect();
    let exchanges = exchange::recorded(recording.exchanges);
    assert!(400 < exchanges.len(), "the recordings are read");
    let (mut wrong, mut surprising, mut same) = (Vec::new(), Vec::new(), 0);
    for exchange in exchanges {
        let expect = normal::expected(&exchange);
        let got = normal::answer(exchange.ask(&router).await).await;
        match (expect == got, skipped.contains_key(exchange.case.as_str())) {
            (true, false) => same += 1,
            (false, true) => {}
            (true, true) => surprising.push(exchange.case),
            (false, false) => wrong.push(report(&exchange, &expect, &got)),
        }
    }
    assert_eq!(surprising, [""; 0], "these cases are right now: take them off the list");
    assert!(wrong.is_empty(), "{same} of the cases are right, {} are not:\n{}", wrong.len(), wrong.join("\n"));
}

fn report(exchange: &Exchange, expect: &str, got: &str) -> String {
    let at = expect.bytes().zip(got.bytes()).position(|(left, right)| left != right).unwrap_or(0);
    let near = |text: &str| {
        let from = (0..=at.saturating_sub(80)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.get(from..).unwrap_or_default().chars().take(260).collect::<String>()
    };
    format!("{}\n  expected …{}\n  got      …{}", exchange.case, near(expect), near(got))
}
