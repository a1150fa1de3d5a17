//! The Kubernetes Job of deploy/kubernetes as local processes: its pods' own command lines, with the environment filled in as a
//! kubelet does, against the fake; then the merge's.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use jiff::{SignedDuration, Timestamp};
use rehearsal::{
    fake::{FakeVllm, profile::Profile},
    load::report::Recording,
};
use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rehearsal");

/// The arguments of a manifest's container, `$(NAME)` replaced.
fn arguments(manifest: &str, environment: &BTreeMap<&str, String>) -> Vec<String> {
    let text = fs::read_to_string(Path::new("deploy/kubernetes").join(manifest)).unwrap();
    let manifest: Value = serde_saphyr::from_str(&text).unwrap();
    let container = &manifest["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["command"], serde_json::json!(["rehearsal"]));
    let expand = |argument: &Value| {
        let mut argument = argument.as_str().unwrap().to_owned();
        for (name, value) in environment {
            argument = argument.replace(&format!("$({name})"), value);
        }
        assert!(!argument.contains("$("), "{argument} names what no environment has");
        argument
    };
    container["args"].as_array().unwrap().iter().map(expand).collect()
}

fn start(arguments: &[String]) -> Child {
    Command::new(PROGRAM)
        .args(arguments)
        .env_remove("OPENAI_API_KEY")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[track_caller]
fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn read(path: &Path) -> Recording {
    Recording::read(fs::read(path).unwrap().as_slice()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pods_of_the_job_make_the_run_that_one_generator_would() {
    let instant = Profile::builtin("instant").unwrap();
    let fake = FakeVllm::builder().model("tiny").profile(instant).start().await.unwrap();
    let url = fake.base_url().to_owned();
    let folder = TempDir::new().unwrap();
    tokio::task::spawn_blocking(move || {
        let results = folder.path();
        let begins = Timestamp::now() + SignedDuration::from_secs(2);
        let environment = |shard: usize| {
            let of_run = [("BASE_URL", url.clone()), ("MODEL", "tiny".into()), ("REQUEST_RATE", "400".into())];
            let of_run = of_run.into_iter().chain([("REQUESTS", "201".into()), ("MAX_TOKENS", "4".into())]);
            of_run.chain([("START_AT", begins.to_string()), ("SHARD", shard.to_string())]).collect::<BTreeMap<_, _>>()
        };
        let here = |argument: String| argument.replace("/results", results.to_str().unwrap());
        let of_shard = |shard| arguments("bench.yaml", &environment(shard)).into_iter().map(here).collect::<Vec<_>>();
        let pods: Vec<Child> = (0..4).map(|shard| start(&of_shard(shard))).collect();
        for pod in pods {
            succeeds(&pod.wait_with_output().unwrap());
        }
        let merge: Vec<String> = arguments("merge.yaml", &BTreeMap::new()).into_iter().map(here).collect();
        succeeds(&start(&merge).wait_with_output().unwrap());

        let sharing = |argument: &String| argument.starts_with("--shard=") || argument.starts_with("--start-at=");
        let alone: Vec<String> = of_shard(0).into_iter().filter(|argument| !sharing(argument)).collect();
        succeeds(&start(&alone).wait_with_output().unwrap());

        let (merged, single) = (read(&results.join("merged.jsonl")), read(&results.join("shard-0.jsonl")));
        assert_eq!(merged.plan, single.plan, "the same load and the same schedule, by its hash");
        assert_eq!(merged.started_unix, Some(begins.duration_since(Timestamp::UNIX_EPOCH).try_into().unwrap()));
        let sent = |recording: &Recording| {
            let request = |it: &rehearsal::load::RequestTimeline| (it.index, it.scheduled, it.usage, it.chunks.len());
            recording.requests.iter().map(request).collect::<Vec<_>>()
        };
        assert_eq!(sent(&merged), sent(&single), "each request once, at its instant, with its answer");
        let (merged, single) = (merged.report(), single.report());
        assert_eq!((merged.counts, merged.tokens), (single.counts, single.tokens));
    })
    .await
    .expect("the processes do what they should");
}
