//! The seed schema: the published files reproduce from their own fields, and Python recomputes ours from the log.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::print_stderr, reason = "a test that cannot run says that it was skipped")]

use std::{fs, io::Write, path::Path, process::Command, sync::Arc, sync::Mutex, time::Duration};

use rehearsal_load::{
    JsonlLog, LoadPlan, Run, Script, ScriptedTransport, SeedReport, Streaming,
    metrics::{decode_tps, ms_per_output_token, prompt_tps, qps},
};

fn published(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/report").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn derived_fields_of_the_published_files_reproduce_bit_for_bit() {
    for name in ["tp1.json", "tp2.json"] {
        let report = SeedReport::from_json(&published(name)).unwrap();
        let rate = qps(report.ok, report.total_time_s).unwrap();
        let prompt = report.token_usage.prompt_tokens_mean.unwrap();
        let completion = report.token_usage.completion_tokens_mean.unwrap();
        let latency = report.latency_s.mean.unwrap();
        let bits = |value: Option<f64>| value.map(f64::to_bits);

        assert_eq!(bits(report.qps), bits(Some(rate)), "{name}: qps");
        assert_eq!(bits(report.derived.prompt_tps), bits(Some(prompt_tps(prompt, rate))), "{name}: prompt_tps");
        assert_eq!(bits(report.derived.decode_tps), bits(Some(decode_tps(completion, rate))), "{name}: decode_tps");
        let per_token = ms_per_output_token(latency, completion);
        assert_eq!(bits(report.derived.ms_per_output_token), bits(per_token), "{name}: ms_per_output_token");
        assert_eq!(report.derive_again(), report.derived, "{name}");
    }
}

#[test]
fn a_published_file_is_written_again_byte_for_byte() {
    for name in ["tp1.json", "tp2.json"] {
        let text = published(name);
        assert_eq!(SeedReport::from_json(&text).unwrap().to_json(), text.trim_end(), "{name}");
    }
}

#[test]
fn undefined_figures_are_null() {
    let plan = LoadPlan::builder("http://host", "m").build().unwrap();
    let report = SeedReport::new(&plan, &[], Duration::from_secs(1));
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    for (group, key) in [
        ("latency_s", "p50"),
        ("latency_s", "p95"),
        ("latency_s", "mean"),
        ("latency_s", "min"),
        ("latency_s", "max"),
        ("ttft_s", "mean"),
        ("token_usage", "prompt_tokens_mean"),
        ("token_usage", "completion_tokens_mean"),
        ("derived", "prompt_tps"),
        ("derived", "decode_tps"),
        ("derived", "ms_per_output_token"),
    ] {
        assert!(json[group][key].is_null(), "{group}.{key}");
    }
    assert_eq!(json["qps"], 0.0);
}

/// A writer that two owners can look into.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Recomputes every figure with Python's own modules, from the log alone.
const RECOMPUTE: &str = r#"
import json, statistics, sys
log, out = sys.argv[1:3]
text = open(out, encoding="utf-8").read()
report = json.loads(text)
lines = [json.loads(line) for line in open(log, encoding="utf-8")]
requests = [line for line in lines if line["event"] == "request"]
plan = next(line for line in lines if line["event"] == "started")["plan"]
total = next(line for line in lines if line["event"] == "ended")["window_ns"] / 1e9
good = [r for r in requests if r["verdict"] in ("ok", "usage_missing")]
for r in requests:
    assert r["latency_s"] == (r["finished_ns"] - r["started_ns"]) / 1e9, r["index"]

def stats(x):
    if not x:
        return dict.fromkeys(["p50", "p95", "mean", "min", "max"])
    p95 = statistics.quantiles(x, n=20)[-1] if len(x) >= 20 else None
    return {"p50": statistics.median(x), "p95": p95, "mean": statistics.mean(x), "min": min(x), "max": max(x)}

def mean_of(key):
    x = [r["usage"][key] for r in good if r["usage"] and r["usage"][key] is not None]
    return sum(x) / len(x) if x else None

prompt, completion = mean_of("prompt_tokens"), mean_of("completion_tokens")
latency = stats([r["latency_s"] for r in good])
ttft = stats([r["ttft_s"] for r in good if r["ttft_s"] is not None])
qps = len(good) / total
expect = {
    "endpoint": plan["url"], "model": plan["model"], "concurrency": plan["concurrency"], "requests": len(requests),
    "max_tokens": plan["max_tokens"], "temperature": plan["temperature"], "stream": plan["stream"],
    "ok": len(good), "errors": len(requests) - len(good), "total_time_s": total, "qps": qps,
    "latency_s": latency, "ttft_s": ttft,
    "token_usage": {"prompt_tokens_mean": prompt, "completion_tokens_mean": completion},
    "derived": {
        "prompt_tps": prompt * qps if prompt is not None else None,
        "decode_tps": completion * qps if completion is not None else None,
        "ms_per_output_token": latency["mean"] * 1000.0 / completion if completion and latency["mean"] else None,
    },
}
written = json.dumps(expect, indent=2, ensure_ascii=False)
assert written == text, "python writes\n%s\nand the report is\n%s" % (written, text)
print("recomputed", len(requests), "requests")
"#;

/// Answers whose lengths of time have awkward digits, with a failure and an answer without usage among them.
fn scripts(streaming: Streaming, count: u64) -> Vec<Script> {
    (0..count)
        .map(|i| {
            let at = |extra: u64| Duration::from_millis(10 + (i * i * 7919) % 977 + extra);
            if i % 11 == 5 {
                return Script::json_at(at(1), 503, r#"{"error":{"message":"busy"}}"#);
            }
            let tokens = 200 + i % 7;
            let usage = match i % 13 {
                12 => "null".to_owned(),
                _ => format!(r#"{{"prompt_tokens":89,"total_tokens":{},"completion_tokens":{tokens}}}"#, 89 + tokens),
            };
            match streaming {
                Streaming::Off => {
                    let choice = r#"{"index":0,"message":{"content":"hi"},"finish_reason":"length"}"#;
                    Script::json_at(at(2), 200, &format!(r#"{{"choices":[{choice}],"usage":{usage}}}"#))
                }
                Streaming::On => {
                    let chunk = |delta: &str, finish: &str| {
                        format!(
                            "data: {{\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
                        )
                    };
                    let end = format!("data: {{\"choices\":[],\"usage\":{usage}}}\n\ndata: [DONE]\n\n");
                    Script::event_stream(at(0))
                        .bytes(at(1), chunk(r#"{"role":"assistant","content":""}"#, "null"))
                        .bytes(at(33), chunk(r#"{"content":"hi"}"#, "null"))
                        .bytes(at(77), chunk(r#"{"content":" you"}"#, "\"length\""))
                        .bytes(at(78), end)
                        .end(at(78))
                }
            }
        })
        .collect()
}

async fn python_agrees(streaming: Streaming, requests: u64) {
    let python = Command::new("python3").arg("--version").output();
    if !python.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: python_agrees: no python3 here to recompute the figures");
        return;
    }
    let plan = LoadPlan::builder("http://127.0.0.1:8000", "模型/tiny")
        .concurrency(7)
        .requests(usize::try_from(requests).unwrap())
        .streaming(streaming)
        .warm_up(rehearsal_load::WarmUp::Skip)
        .build()
        .unwrap();
    let log = Shared::default();
    let outcome = Run::new(plan, ScriptedTransport::new(scripts(streaming, requests)))
        .observe(JsonlLog::new(log.clone()))
        .run(std::future::pending())
        .await
        .unwrap();
    assert_eq!(outcome.requests.len() as u64, requests);

    let folder = tempfile::tempdir().unwrap();
    let (log_path, out_path) = (folder.path().join("log.jsonl"), folder.path().join("out.json"));
    fs::write(&log_path, &*log.0.lock().unwrap()).unwrap();
    fs::write(&out_path, outcome.seed_report().to_json()).unwrap();
    let output = Command::new("python3").args(["-c", RECOMPUTE]).arg(&log_path).arg(&out_path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), format!("recomputed {requests} requests"));
}

#[tokio::test(start_paused = true)]
async fn python_recomputes_a_report_without_streams_from_the_log() {
    python_agrees(Streaming::Off, 64).await;
}

#[tokio::test(start_paused = true)]
async fn python_recomputes_a_streamed_report_from_the_log() {
    python_agrees(Streaming::On, 101).await;
}

#[tokio::test(start_paused = true)]
async fn python_recomputes_a_report_of_too_few_samples_for_a_p95() {
    python_agrees(Streaming::On, 19).await;
}
