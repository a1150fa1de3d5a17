//! Every family of recorded `/metrics` pages is on the fake's page: type, labels, buckets and order.

use std::fmt::Write as _;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use rehearsal_fake::{FakeVllm, Pacing};
use tower::ServiceExt;

const V0_13: &str = include_str!("../../../fixtures/metrics/0.13.0.txt");
const V0_32: &str = include_str!("../../../fixtures/metrics/0.32.0.txt");

/// Labels whose values vLLM chooses, not the deployment.
const OWN: [&str; 5] = ["reason", "source", "finished_reason", "sleep_state", "generation"];

/// One family as the fixtures write it.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    name: String,
    labels: Vec<(String, Vec<String>)>,
    buckets: Vec<String>,
}

impl Family {
    fn take(&mut self, sample: &str) {
        let labels =
            sample.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(labels, _)| labels);
        for (name, value) in labels.split("\",").filter_map(|label| label.split_once("=\"")) {
            let value = value.trim_end_matches('"').to_owned();
            if name == "le" {
                push_new(&mut self.buckets, value);
                continue;
            }
            let at = self.labels.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                self.labels.push((name.to_owned(), Vec::new()));
                self.labels.len() - 1
            });
            if OWN.contains(&name) {
                push_new(&mut self.labels[at].1, value);
            }
        }
    }

    fn line(&self) -> String {
        let mut labels = String::new();
        for (name, values) in &self.labels {
            let comma = if labels.is_empty() { "" } else { "," };
            write!(labels, "{comma}{name}").expect("a string takes all text");
            if !values.is_empty() {
                write!(labels, "={}", values.join("|")).expect("a string takes all text");
            }
        }
        let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        format!("{} {} {} {}", self.kind, self.name, or_dash(labels), or_dash(self.buckets.join(",")))
    }
}

fn push_new(values: &mut Vec<String>, value: String) {
    if !values.contains(&value) {
        values.push(value);
    }
}

/// The page's families, each checked to have a help text before its type.
fn families(page: &str) -> Vec<String> {
    let mut families: Vec<Family> = Vec::new();
    let mut helped = "";
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            helped = help.split(' ').next().expect("a name");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and a type");
            assert_eq!(helped, name);
            families.push(Family { kind: kind.to_owned(), name: name.to_owned(), ..Family::default() });
        } else {
            families.last_mut().expect("a type comes before its samples").take(line);
        }
    }
    families.iter().map(Family::line).collect()
}

async fn send(router: &Router, method: &str, path: &str, body: &str) -> String {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = request.body(Body::from(body.to_owned())).expect("a request");
    let response = router.clone().oneshot(request).await.expect("a router answers");
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a whole body");
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

async fn check(version: &str, recorded: &str) {
    let router = FakeVllm::builder()
        .vllm_version(version.parse().expect("a version of the table"))
        .max_model_len(4096)
        .pacing(Pacing::Virtual)
        .into_router()
        .expect("the settings are right");
    send(&router, "POST", "/v1/completions", r#"{"prompt": "a", "max_tokens": 2}"#).await;
    let got = families(&send(&router, "GET", "/metrics", "").await);
    // `prometheus_client` reads /proc, too, and leaves these families out where there is none
    let known = |line: &&str| !line.starts_with('#') && (cfg!(target_os = "linux") || !line.contains(" process_"));
    let expect: Vec<&str> = recorded.lines().filter(known).collect();
    for (got, expect) in got.iter().zip(&expect) {
        assert_eq!(got, expect, "{version}");
    }
    assert_eq!(got.len(), expect.len(), "{version}");
}

#[tokio::test(start_paused = true)]
async fn a_page_has_every_recorded_family_in_order() {
    check("0.13.0", V0_13).await;
    check("0.32.0", V0_32).await;
}
