//! A log is read back whole, cut, and broken.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use rehearsal_load::{
    Completion, JsonlLog, LoadPlan, Outcome, Run, Script, ScriptedTransport,
    report::{Recording, RecordingError, WarningKind},
};

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn run() -> (Outcome, Vec<u8>) {
    let answer = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
                     "usage":{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2}}"#;
    let server = ScriptedTransport::repeat(Script::json_at(Duration::from_millis(250), 200, answer));
    let plan = LoadPlan::builder("http://host", "m").concurrency(2).requests(4).build().unwrap();
    let log = Shared::default();
    let outcome = Run::new(plan, server).observe(JsonlLog::new(log.clone())).run(std::future::pending()).await.unwrap();
    let bytes = log.0.lock().unwrap().clone();
    (outcome, bytes)
}

#[tokio::test(start_paused = true)]
async fn a_whole_log_gives_the_very_report_of_the_run() {
    let (outcome, log) = run().await;
    let recording = Recording::read(log.as_slice()).unwrap();
    assert_eq!(recording.report(), outcome.report);
    assert_eq!(recording.seed_report(), outcome.seed_report());
    assert_eq!(recording.requests, outcome.requests);
}

#[tokio::test(start_paused = true)]
async fn wherever_a_kill_cuts_the_log_what_is_whole_counts() {
    let (outcome, log) = run().await;
    let lines: Vec<usize> =
        log.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(place, _)| place + 1).collect();
    assert_eq!(lines.len(), 7, "start, warm-up, four requests, end");
    for cut in lines[0]..log.len() {
        let recording = Recording::read(&log[..cut]).unwrap();
        // a line that lacks nothing but its line break is whole
        let whole = lines.iter().filter(|end| **end <= cut + 1).count();
        assert_eq!(recording.requests.len(), whole.clamp(2, 6) - 2, "cut at {cut}");
        let ended = whole == 7;
        let on_a_border = lines.contains(&cut) || lines.contains(&(cut + 1));
        let expect = if ended { Completion::Complete } else { Completion::Partial { cut_line: !on_a_border } };
        assert_eq!(recording.completion, expect, "cut at {cut}");

        let report = recording.report();
        assert_eq!(report.is_incomplete(), !ended);
        let said = report.warnings.iter().any(|warning| warning.kind == WarningKind::Interrupted);
        assert_eq!(said, !ended, "a partial report says so");
        let last = recording.requests.iter().map(|request| request.finished).max().unwrap_or_default();
        assert_eq!(recording.window, if ended { outcome.window } else { last });
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_broken_in_the_middle_is_named() {
    let (_, log) = run().await;
    let mut lines: Vec<&[u8]> = log.split(|byte| *byte == b'\n').collect();
    lines[3] = b"{\"event\":\"request\",\"index\":";
    let broken = lines.join(&b'\n');
    let error = Recording::read(broken.as_slice()).unwrap_err();
    assert!(matches!(error, RecordingError::Line { line: 4, .. }), "{error}");

    // an event of a later version is passed over, a second run is not
    lines[3] = b"{\"event\":\"weather\",\"degrees\":21}";
    assert_eq!(Recording::read(lines.join(&b'\n').as_slice()).unwrap().requests.len(), 3);
    lines[3] = lines[0];
    assert!(matches!(Recording::read(lines.join(&b'\n').as_slice()), Err(RecordingError::Line { line: 4, .. })));
}

#[test]
fn what_is_no_log_is_refused_with_the_reason() {
    assert!(matches!(Recording::read(&b""[..]), Err(RecordingError::Empty)));
    for text in
        ["no", "{\"event\":\"ended\",\"window_ns\":1,\"window_s\":1.0,\"completion\":\"complete\"}\n", "\u{feff}{}"]
    {
        assert!(matches!(Recording::read(text.as_bytes()), Err(RecordingError::NoStart { .. })), "{text}");
    }
}
