//! The recordings of real servers in `docs/conformance`, and vLLM's known history (`history.toml`): each change between 0.13.0 and
//! 0.32.0 that shows without a GPU is in the differences, and a server does not differ from itself.

use std::{collections::BTreeMap, fs::File, path::PathBuf, sync::LazyLock};

use flate2::read::GzDecoder;
use rehearsal_conformance::{Comparison, SuiteReport, Verdict, diff};
use serde::Deserialize;

const SERVERS: [&str; 3] = ["0.13.0", "0.32.0", "0.32.0-rust"];

/// How each server was recorded: without flags, the same once more, and with flags.
const SETS: [&str; 3] = ["base", "again", "flags"];

/// The pages that `tests/real-vllm/run.sh` makes of two recordings.
const PAGES: [[&str; 3]; 3] = [
    ["changes-0.13.0-to-0.32.0.md", "0.13.0-base", "0.32.0-base"],
    ["changes-0.13.0-to-0.32.0-flags.md", "0.13.0-flags", "0.32.0-flags"],
    ["changes-0.32.0-to-rust.md", "0.32.0-base", "0.32.0-rust-base"],
];

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

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance")
}

/// All recordings, read once.
static RECORDINGS: LazyLock<BTreeMap<String, SuiteReport>> = LazyLock::new(|| {
    let names = SERVERS.iter().flat_map(|server| SETS.map(|set| format!("{server}-{set}")));
    names.map(|name| (name.clone(), read(&name))).collect()
});

fn recording(name: &str) -> &'static SuiteReport {
    &RECORDINGS[name]
}

fn read(name: &str) -> SuiteReport {
    let path = folder().join(format!("vllm-{name}.json.gz"));
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_reader(GzDecoder::new(file)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn between(before: &str, after: &str) -> Comparison {
    diff(recording(before), recording(after)).expect("recordings of one seed and one suite")
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
    for server in SERVERS {
        let comparison = between(&format!("{server}-base"), &format!("{server}-again"));
        assert_eq!(comparison.differences, [], "{server}: {}", comparison.to_text());
    }
}

/// What is told is no chance of one run: another recording of the same servers gives the same differences.
#[test]
fn the_differences_do_not_hang_on_which_recording_is_compared() {
    let told = |before: &str, after: &str| -> Vec<String> {
        let comparison = between(before, after);
        comparison.differences.iter().map(|difference| difference.to_line("0.13.0", "0.32.0")).collect()
    };
    assert_eq!(told("0.13.0-base", "0.32.0-base"), told("0.13.0-again", "0.32.0-again"));
}

#[test]
fn the_pages_of_changes_are_those_of_the_recordings() {
    for [page, before, after] in PAGES {
        let path = folder().join(page);
        let written = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let command = format!("rehearsal diff vllm-{before}.json.gz vllm-{after}.json.gz > {page}");
        assert_eq!(written.trim_end(), between(before, after).to_text().trim_end(), "in docs/conformance: {command}");
    }
}

#[test]
fn no_recording_of_a_real_server_holds_a_failure_or_ended_early() {
    for (server, set) in SERVERS.iter().flat_map(|server| SETS.map(|set| (server, set))) {
        let report = recording(&format!("{server}-{set}"));
        let failed: Vec<_> = report.cases.iter().filter(|case| is_wrong(&case.verdict)).collect();
        assert!(failed.is_empty(), "{server}, {set}: {failed:?}");
        assert_eq!(report.ended_early, None, "{server}, {set}");
    }
}

fn is_wrong(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Fail | Verdict::NonStrict)
}
