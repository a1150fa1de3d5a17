//! Recorded exchanges of real vLLM servers, asked of the fake: status, headers, keys and their order, nulls, texts, usage, messages and
//! how the counters moved.
//!
//! The recordings are the oracle, `docs/wire-gaps.md` the list of what does not match, each line with its reason. A mismatch that is
//! not on the list fails the test, and so does a case on the list that matches by now.
//!
//! `REPLAY="0.32.0-base chat/tools"` asks only the cases whose recording and name hold these words, and prints both answers whole.
//! `REPLAY_UPDATE=1` writes the list anew, reasons kept.

mod distribution;
mod events;
mod exchange;
mod gaps;
mod metrics;
mod normal;
mod pages;
mod puppet;
mod rust_frontend;
mod sampler;
mod servers;
mod special;

use exchange::Exchange;
use gaps::{Gaps, Tally};
use servers::Recording;

/// How an answer compares.
enum Verdict {
    Same,
    /// The same but for what 0.13.0 quotes of the input.
    LeadingSentence,
    Different(String),
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fake_answers_as_the_recorded_servers_did() {
    let only = setting("REPLAY").unwrap_or_default();
    let words: Vec<&str> = only.split_whitespace().collect();
    let recordings: Vec<Recording> = servers::recordings();
    let tasks: Vec<_> = recordings
        .iter()
        .map(|recording| {
            let recording = *recording;
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            tokio::spawn(async move { replay(recording, &words).await })
        })
        .collect();
    let (mut tallies, mut reports) = (Vec::new(), Vec::new());
    for (recording, task) in recordings.iter().zip(tasks) {
        let (tally, differences) = task.await.expect("a replay ends");
        reports.extend(differences.into_iter().map(|difference| format!("{} {difference}", recording.name)));
        tallies.push((recording.name, tally));
    }
    println!("{}", gaps::table(&tallies));
    if !words.is_empty() {
        println!("{}", reports.join("\n"));
        return;
    }
    let known = Gaps::read();
    if setting("REPLAY_UPDATE").is_some() {
        known.updated(&tallies).write(&tallies);
        return;
    }
    let wrong: Vec<&String> = reports.iter().filter(|report| !known.lists(report)).collect();
    assert!(
        wrong.is_empty(),
        "{} answers are new mismatches:\n{}",
        wrong.len(),
        wrong.iter().map(|w| w.as_str()).collect::<Vec<_>>().join("\n")
    );
    let mended = known.no_longer(&tallies);
    assert!(mended.is_empty(), "these match now, take them off docs/wire-gaps.md with REPLAY_UPDATE=1: {mended:?}");
}

/// What the one who runs the test asks of it.
#[expect(clippy::disallowed_methods, reason = "a test has no flags of its own")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Asks every exchange of a recording, in order, of one server.
async fn replay(recording: Recording, words: &[String]) -> (Tally, Vec<String>) {
    let server = servers::Server::start(recording).await;
    let exchanges = exchange::recorded(recording.exchanges, recording.is_0_13());
    let mut tally = Tally::default();
    let mut differences = Vec::new();
    // a page is long: it is read only around an exchange whose counters were recorded
    let mut counters = None;
    for exchange in exchanges {
        let counted = exchange.counts();
        let before = match counters.take() {
            Some(before) if counted => before,
            _ if counted => metrics::scrape(&server.router).await,
            _ => metrics::Samples::new(),
        };
        let picked = words.iter().all(|word| recording.name.contains(word) || exchange.case.contains(word.as_str()));
        // what a cache holds depends on the cases before: all are asked
        let answer = exchange.ask(&server).await;
        server.settled().await;
        let after = if counted { metrics::scrape(&server.router).await } else { metrics::Samples::new() };
        let verdict = if exchange.is_special() {
            match special::difference(&exchange, recording).await {
                None => Verdict::Same,
                Some(difference) => Verdict::Different(difference),
            }
        } else {
            verdict(&exchange, answer, &metrics::moved(&before, &after), !words.is_empty())
        };
        counters = counted.then_some(after);
        if !picked {
            continue;
        }
        tally.drawn += usize::from(exchange.is_drawn() && !matches!(verdict, Verdict::Different(_)));
        match verdict {
            Verdict::Same => tally.same += 1,
            Verdict::LeadingSentence => tally.leading += 1,
            Verdict::Different(difference) => {
                differences.push(format!("{}: {difference}", exchange.case));
                tally.different.push(exchange.case);
            }
        }
    }
    (tally, differences)
}

fn verdict(exchange: &Exchange, answer: Option<exchange::Answer>, moved: &metrics::Samples, whole: bool) -> Verdict {
    let Some(answer) = answer else {
        return Verdict::Different("not a request".to_owned());
    };
    let (expected, got) = (normal::expected(exchange), normal::answer(exchange, &answer));
    let merged = exchange.is_0_13
        && events::deltas(&exchange.response) < events::deltas(&answer.body)
        && events::same_but_for_the_last_delta(&expected, &got);
    if expected != got && !merged {
        if exchange.is_0_13 && normal::leading_sentence(&expected) == normal::leading_sentence(&got) {
            return Verdict::LeadingSentence;
        }
        let show = |text: &str| if whole { text.to_owned() } else { near(&expected, &got, text) };
        return Verdict::Different(format!("\n  expected {}\n  got      {}", show(&expected), show(&got)));
    }
    if let Some(difference) = normal::continuous_usage(&exchange.response, &answer.body) {
        return Verdict::Different(difference);
    }
    match metrics::difference(exchange, moved) {
        Some(difference) => Verdict::Different(difference),
        None => Verdict::Same,
    }
}

/// The part of `text` around the first byte in which the two differ.
fn near(left: &str, right: &str, text: &str) -> String {
    let at = left.bytes().zip(right.bytes()).position(|(left, right)| left != right).unwrap_or(0);
    let from = (0..=at.saturating_sub(80)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("…{}", text.get(from..).unwrap_or_default().chars().take(260).collect::<String>())
}
