//! What observers of a run are told, and what a log of it holds, on the paused clock.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use rehearsal_load::{
    Event, JsonlLog, LoadPlan, LoadPlanBuilder, Observer, RequestTimeline, Run, Script, ScriptedTransport, Streaming,
    report::{LogLine, WarningKind},
};

const ANSWER: &str = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"length"}],
                         "usage":{"prompt_tokens":1,"completion_tokens":256}}"#;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn plan() -> LoadPlanBuilder {
    LoadPlan::builder("http://host:8000", "m").prompt("hello")
}

fn answer_after(count: u64) -> Script {
    Script::json_at(ms(count), 200, ANSWER)
}

#[tokio::test(start_paused = true)]
async fn observers_see_every_event_in_order() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let observer = move |event: &Event<'_>| {
        seen.lock().unwrap().push(match event {
            Event::Started { plan } => format!("started {}", plan.requests()),
            Event::WarmedUp { request } => format!("warm {:?}", request.finished),
            Event::Finished { request, progress } => {
                format!("finished {} with {} in flight", request.index, progress.in_flight)
            }
            Event::Tick(progress) => {
                format!("tick {:?} {}/{}", progress.elapsed, progress.finished(), progress.requests)
            }
            Event::Ended { window, .. } => format!("ended {window:?}"),
            _ => "unknown".into(),
        });
    };
    let plan = plan().requests(2).build().unwrap();
    Run::new(plan, ScriptedTransport::repeat(answer_after(100)))
        .observe(observer)
        .tick_every(ms(80))
        .run(std::future::pending())
        .await
        .unwrap();
    let expect = [
        "started 2",
        "warm 100ms",
        "tick 80ms 0/2",
        "finished 0 with 0 in flight",
        "tick 160ms 1/2",
        "finished 1 with 0 in flight",
        "ended 200ms",
    ];
    assert_eq!(*events.lock().unwrap(), expect);
}

/// Takes two lines, then the disk is full.
struct FullDisk(usize);

impl io::Write for FullDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(1).ok_or_else(|| io::Error::other("no space left on device"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_fails_is_a_warning_and_not_the_end() {
    let plan = plan().requests(5).build().unwrap();
    let outcome = Run::new(plan, ScriptedTransport::repeat(answer_after(1)))
        .observe(JsonlLog::new(FullDisk(2)))
        .run(std::future::pending())
        .await
        .unwrap();
    assert_eq!(outcome.report.counts.ok, 5);
    let warnings = outcome.report.warnings.iter();
    assert_eq!(warnings.filter(|warning| warning.kind == WarningKind::ObserverFailed).count(), 1);
}

/// A writer that a test can look into.
struct Sink(Arc<Mutex<Vec<u8>>>);
impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_reads_back_as_the_timelines() {
    let chunk = r#"data: {"model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}"#;
    let script =
        Script::event_stream(ms(1)).bytes(ms(10), format!("{chunk}\n\ndata: [DONE]\n\n")).end(ms(10)).connect(ms(3));
    let plan = plan().requests(3).concurrency(2).streaming(Streaming::On).build().unwrap();
    let mut log = Vec::new();
    let lines: Arc<Mutex<Vec<u8>>> = Arc::default();
    let sink = Arc::clone(&lines);
    let outcome = Run::new(plan, ScriptedTransport::repeat(script))
        .observe(JsonlLog::new(Sink(sink)))
        .run(std::future::pending())
        .await
        .unwrap();
    log.extend_from_slice(&lines.lock().unwrap());

    let mut kinds = BTreeMap::new();
    let mut read_back: Vec<RequestTimeline> = Vec::new();
    for line in String::from_utf8(log).unwrap().lines() {
        let line: LogLine = serde_json::from_str(line).unwrap();
        let kind = match line {
            LogLine::Started(_) => "started",
            LogLine::WarmedUp(_) => "warmed_up",
            LogLine::Request(record) => {
                read_back.push(record.into());
                "request"
            }
            LogLine::Ended(_) => "ended",
            _ => "unknown",
        };
        *kinds.entry(kind).or_insert(0) += 1;
    }
    read_back.sort_by_key(|request| request.index);
    assert_eq!(read_back, outcome.requests);
    assert_eq!(kinds, BTreeMap::from([("started", 1), ("warmed_up", 1), ("request", 3), ("ended", 1)]));
}

#[test]
fn closures_and_logs_are_observers() {
    fn takes(_: impl Observer) {}
    takes(|_: &Event<'_>| ());
    takes(JsonlLog::new(io::sink()));
}
