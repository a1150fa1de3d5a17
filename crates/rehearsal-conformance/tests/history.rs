//! The recordings of real servers in `docs/conformance`, and vLLM's known history (`history.toml`): each change between 0.13.0 and
//! 0.32.0 that shows without a GPU is in the differences, and a server does not differ from itself.

use std::{fs::File, path::PathBuf};

use flate2::read::GzDecoder;
use rehearsal_conformance::{Comparison, Finding, SuiteReport, diff};
use serde::Deserialize;

const RECORDINGS: [&str; 5] = ["0.13.0-base", "0.13.0-flags", "0.32.0-base", "0.32.0-flags", "0.32.0-rust-base"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct History {
    change: Vec<Change>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    since: String,
    what: String,
    #[serde(default)]
    recording: Option<String>,
    #[serde(default)]
    lines: Vec<Vec<String>>,
    #[serde(default)]
    not_shown: Option<String>,
}

fn recording(name: &str) -> SuiteReport {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance");
    let path = folder.join(format!("vllm-{name}.json.gz"));
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_reader(GzDecoder::new(file)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn between(before: &str, after: &str) -> Comparison {
    diff(&recording(before), &recording(after)).expect("recordings of one seed and one suite")
}

/// Whether the words stand in the line, one after the other.
fn holds(line: &str, words: &[String]) -> bool {
    let mut rest = line;
    words.iter().all(|word| match rest.find(word.as_str()) {
        Some(at) => {
            rest = &rest[at + word.len()..];
            true
        }
        None => false,
    })
}

#[test]
fn every_change_between_the_releases_that_shows_is_told() {
    let history: History = toml::from_str(include_str!("history.toml")).unwrap();
    let base = between("0.13.0-base", "0.32.0-base").to_text();
    let flags = between("0.13.0-flags", "0.32.0-flags").to_text();
    let rust = between("0.32.0-base", "0.32.0-rust-base").to_text();
    let mut missing = Vec::new();
    for change in &history.change {
        let text = match change.recording.as_deref() {
            None => &base,
            Some("flags") => &flags,
            Some("rust") => &rust,
            Some(other) => panic!("no recording is called {other}"),
        };
        assert_ne!(change.lines.is_empty(), change.not_shown.is_none(), "{}: either lines or why not", change.what);
        for words in &change.lines {
            if !text.lines().any(|line| holds(line, words)) {
                missing.push(format!("{} {}: no line holds {words:?}", change.since, change.what));
            }
        }
    }
    assert!(missing.is_empty(), "{}\n\n{base}\n{flags}\n{rust}", missing.join("\n"));
}

/// The same server, asked the same a second time: other ids, times, texts, another cut of the streams, and nothing else.
#[test]
fn a_real_server_does_not_differ_from_itself() {
    let comparison = between("0.13.0-base", "0.13.0-again");
    assert_eq!(comparison.differences, [], "{}", comparison.to_text());
}

/// What is told is no chance of one run: another recording of the same server gives the same differences.
#[test]
fn the_differences_do_not_hang_on_which_recording_is_compared() {
    let told = |before: &str| -> Vec<String> {
        let comparison = between(before, "0.32.0-base");
        comparison.differences.iter().map(|difference| difference.to_line("0.13.0", "0.32.0")).collect()
    };
    assert_eq!(told("0.13.0-base"), told("0.13.0-again"));
}

/// Real servers fail at bodies whose `structured_outputs` or `prompt_logprobs` are of another type (E-34): 0.13.0 and 0.32.0 look into
/// them before their types are known. The suite knows that by now; the recordings without flags were judged before it did.
fn is_explained(finding: &Finding) -> bool {
    ["structured_outputs", "prompt_logprobs"].iter().any(|name| finding.about.contains(&format!("\"{name}\":")))
}

#[test]
fn no_recording_of_a_real_server_holds_an_unexplained_failure() {
    for name in RECORDINGS {
        let report = recording(name);
        let findings =
            report.cases.iter().flat_map(|case| case.findings.iter().map(move |finding| (&case.id, finding)));
        let failed: Vec<_> = findings
            .filter(|(_, finding)| finding.verdict.label() == "FAIL")
            .filter(|(id, finding)| id.as_str() != "E-34" || !is_explained(finding))
            .collect();
        assert!(failed.is_empty() && report.ended_early.is_none(), "{name}: {failed:?}");
    }
}
