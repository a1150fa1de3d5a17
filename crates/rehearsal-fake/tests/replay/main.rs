//! Recorded exchanges of a real vLLM, asked of the fake: status, headers, keys and their order, nulls, texts, counts and messages.
//!
//! The recordings are the oracle. What they cannot settle is made equal on both sides (`normal`): ids, dates, invented log
//! probabilities, and how many tokens a chunk happened to carry.

mod exchange;
mod normal;
mod puppet;

use std::collections::BTreeMap;

use exchange::Exchange;
use puppet::Flags;

/// A recorded server, and the cases of it that the fake does not imitate, each with the reason. A case on the list that is right fails
/// the test, too.
struct Recording {
    version: &'static str,
    flags: Flags,
    exchanges: &'static [u8],
    not_imitated: &'static [(&'static str, &'static str)],
}

macro_rules! recording {
    ($version:literal, $flags:literal, $kind:expr) => {
        Recording {
            version: $version,
            flags: $kind,
            exchanges: include_bytes!(concat!("../../../../fixtures/transcripts/", $version, "-", $flags, ".jsonl.gz")),
            not_imitated: include!(concat!("not_imitated/", $version, "-", $flags, ".in")),
        }
    };
}

#[tokio::test]
async fn the_fake_answers_as_vllm_0_13_0_did() {
    check(&recording!("0.13.0", "base", Flags::Base)).await;
}

#[tokio::test]
async fn the_fake_answers_as_vllm_0_32_0_did() {
    check(&recording!("0.32.0", "base", Flags::Base)).await;
}

#[tokio::test]
async fn usage_is_forced_as_in_0_13_0() {
    check(&recording!("0.13.0", "force", Flags::ForcedUsage)).await;
}

#[tokio::test]
async fn usage_is_forced_as_in_0_32_0() {
    check(&recording!("0.32.0", "force", Flags::ForcedUsage)).await;
}

#[tokio::test]
async fn keys_ids_and_cached_tokens_are_told_as_by_0_13_0() {
    check(&recording!("0.13.0", "details", Flags::Details)).await;
}

async fn check(recording: &Recording) {
    let router = puppet::server(recording.version, recording.flags);
    let skipped: BTreeMap<&str, &str> = recording.not_imitated.iter().copied().collect();
    let exchanges = exchange::recorded(recording.exchanges);
    assert!(70 < exchanges.len(), "the recordings are read");
    let (mut wrong, mut surprising, mut same) = (Vec::new(), Vec::new(), 0);
    for exchange in exchanges {
        let expect = normal::expected(&exchange);
        let got = normal::answer(&exchange.case, exchange.ask(&router).await).await;
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
