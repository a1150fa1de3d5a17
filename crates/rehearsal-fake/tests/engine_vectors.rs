//! The engine against runs of an independent simulator, and against the published report.

use std::sync::Arc;

use rehearsal_fake::{
    engine::{Engine, EngineConfig, Nanos},
    profile::Profile,
};
use serde_json::Value;

mod engine_harness;

use engine_harness::{ClosedLoop, Summary, drain, request, run, summarise};

/// A prompt that shares no block with another.
fn unique(index: usize, tokens: usize) -> Arc<[u32]> {
    (0..tokens).map(|position| u32::try_from(index * 4096 + position).expect("small")).collect()
}

/// The measured run, after one warm-up request of 32 tokens with the same prompt where prompts are the same.
fn measure(config: EngineConfig, plan: ClosedLoop, prompt_tokens: usize, same_prompt: bool) -> Summary {
    let mut engine = Engine::new(config).expect("a valid configuration");
    let mut start = Nanos::ZERO;
    if same_prompt {
        engine.submit(Nanos::ZERO, request(unique(0, prompt_tokens), 32)).expect("the warm-up fits");
        start = drain(&mut engine).last().expect("the warm-up ends").at() + Nanos::from_millis(5);
    }
    let prompt = |index| unique(if same_prompt { 0 } else { index + 1 }, prompt_tokens);
    let timings = run(&mut engine, plan, start, prompt);
    assert_eq!(timings.len(), plan.requests);
    summarise(&timings, plan.output_tokens)
}

fn read(path: &str) -> Value {
    let path = format!("{}/../../fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn count(run: &Value, key: &str) -> usize {
    run[key].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_else(|| panic!("`{key}` in {run}"))
}

#[test]
fn all_48_runs_of_the_reference_simulator_agree_within_a_thousandth() {
    let vectors = read("engine/vectors.json");
    let forms = [("A", "roofline-"), ("B", ""), ("C", "amdahl-"), ("D", "bandwidth-")];
    let mut worst = (0.0, String::new());
    let mut runs = 0;
    for (scenario, form) in forms {
        for expected in vectors["scenarios"][scenario]["runs"].as_array().unwrap() {
            let profile = Profile::builtin(&format!("rtxpro6000-72b-fp8-{form}tp{}", expected["tp"])).unwrap();
            let prompt_tokens = count(expected, "isl");
            let mut config = profile.engine_config().unwrap();
            config.max_num_seqs = 256;
            // the reference knows no memory
            config.num_gpu_blocks = 65_536;
            let plan = ClosedLoop {
                requests: count(expected, "n"),
                concurrency: count(expected, "c"),
                output_tokens: u32::try_from(count(expected, "osl")).unwrap(),
                turnaround: Nanos::from_millis(7),
                stagger: Nanos::from_micros(250),
            };
            let got = measure(config, plan, prompt_tokens, prompt_tokens == 89);
            let figures = [
                ("p50", got.p50),
                ("p95", got.p95),
                ("mean", got.mean),
                ("mn", got.min),
                ("mx", got.max),
                ("total", got.total),
                ("tps", got.tps),
                ("ttft", got.ttft),
                ("tpot", got.tpot),
            ];
            for (key, value) in figures {
                let difference = (value / expected[key].as_f64().unwrap() - 1.0).abs();
                if worst.0 < difference {
                    worst = (difference, format!("{scenario} {key} of {expected}"));
                }
            }
            runs += 1;
        }
    }
    println!("{runs} runs, worst relative difference {:.2e}: {}", worst.0, worst.1);
    assert_eq!(runs, 48);
    assert!(worst.0 <= 1e-3, "worst relative difference {:.2e}: {}", worst.0, worst.1);
}

#[track_caller]
#[expect(clippy::print_stdout, reason = "the figures are quoted; `--nocapture` shows them")]
fn check_report(tp: u32) {
    let published = read(&format!("report/tp{tp}.json"));
    let profile = Profile::builtin(&format!("report-tp{tp}")).expect("a built-in profile");
    let plan = ClosedLoop {
        requests: 64,
        concurrency: 16,
        output_tokens: 256,
        turnaround: profile.client.turnaround,
        stagger: profile.client.stagger,
    };
    let got = measure(profile.engine_config().expect("it started"), plan, 89, true);
    let qps = 64.0 / (got.total / 1e3);
    let figures = [
        ("/qps", qps, 1e-3),
        ("/derived/prompt_tps", 89.0 * qps, 1e-3),
        ("/derived/decode_tps", 256.0 * qps, 1e-3),
        ("/derived/ms_per_output_token", got.mean / 256.0, 1e-3),
        ("/latency_s/p50", got.p50 / 1e3, 1e-3),
        ("/latency_s/mean", got.mean / 1e3, 1e-3),
        ("/latency_s/p95", got.p95 / 1e3, 3e-3),
        ("/latency_s/min", got.min / 1e3, 3e-3),
        ("/latency_s/max", got.max / 1e3, 3e-3),
    ];
    for (path, value, tolerance) in figures {
        let expected = published.pointer(path).and_then(Value::as_f64).expect("a published figure");
        let difference = value / expected - 1.0;
        println!("TP={tp} {path}: published {expected}, rehearsed {value}, {:+.4} %", difference * 100.0);
        assert!(difference.abs() <= tolerance, "TP={tp} {path}: published {expected}, rehearsed {value}");
    }
}

#[test]
fn the_report_on_one_gpu_is_reproduced() {
    check_report(1);
}

#[test]
fn the_report_on_two_gpus_is_reproduced() {
    check_report(2);
}

/// The output rates that scenario B predicts at concurrencies 1 to 64, as the project's notes on the engine tabulate them.
#[test]
fn scenario_b_predicts_the_tabulated_rates() {
    let tables =
        [(1, [12.9, 25.5, 51.8, 110.0, 260.9, 514.0, 1000.0]), (2, [19.5, 38.6, 76.7, 160.0, 348.0, 666.0, 1216.0])];
    for (tp, rates) in tables {
        for (power, expected) in rates.into_iter().enumerate() {
            let concurrency = 1 << power;
            let profile = Profile::builtin(&format!("rtxpro6000-72b-fp8-tp{tp}")).unwrap();
            let plan = ClosedLoop {
                requests: (concurrency * 4).max(8),
                concurrency,
                output_tokens: 256,
                turnaround: Nanos::from_millis(7),
                stagger: Nanos::from_micros(250),
            };
            let got = measure(profile.engine_config().unwrap(), plan, 89, true).tps;
            assert!((got / expected - 1.0).abs() <= 5e-3, "TP={tp} c={concurrency}: {got:.1}, tabulated {expected}");
        }
    }
}
