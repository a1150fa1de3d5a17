//! The recorded servers: which recordings there are, and a fake set up as each of them was.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use rehearsal_fake::{
    FakeVllm, FakeVllmBuilder,
    api::{
        AutoToolChoice, DevMode, Fingerprint, FrontendOptions, LoadTracking, PerRequestMetrics, PromptTokensDetails,
        RequestIdHeaders, ScaleOut,
    },
    chat_template::ChatTemplate,
    multimodal::VisionTower,
    reasoning::ReasoningParser,
    tools::ToolCallParser,
    usage::UsageReporting,
};
use tower::ServiceExt;

use super::{puppet, sampler::Noise};

/// A recorded server.
#[derive(Clone, Copy)]
pub(crate) struct Recording {
    /// Version and flag set.
    pub(crate) name: &'static str,
    version: &'static str,
    flags: &'static str,
    series: &'static Series,
    /// JSON Lines, gzipped.
    pub(crate) exchanges: &'static [u8],
}

macro_rules! recordings {
    ($series:expr, $named:literal, $folder:literal; $($version:literal: $($flags:literal)+;)+) => {
        vec![$($(Recording {
            name: concat!($version, "-", $flags, $named),
            version: $version,
            flags: $flags,
            series: $series,
            exchanges: include_bytes!(concat!("../../../../fixtures/transcripts/", $folder, $version, "-", $flags, ".jsonl.gz")),
        }),+),+]
    };
}

/// All recordings.
pub(crate) fn recordings() -> Vec<Recording> {
    let mut all = recordings! {
        &FIRST, "", "";
        "0.13.0": "base" "force" "details" "tools" "toolsonly" "vl" "dev" "preempt" "danger" "engine-dead";
        "0.32.0": "base" "force" "details" "tools" "toolsonly" "vl" "dev" "preempt" "danger" "new";
        "0.32.0-rust": "base" "details" "tools" "danger";
    };
    all.extend(recordings! {
        &ALTERED, "-altered", "altered/";
        "0.13.0": "base" "force" "details" "tools";
        "0.32.0": "base" "force" "details" "tools";
        "0.32.0-rust": "base" "details" "tools";
    });
    all
}

/// How the servers of one series of recordings were called and sized.
struct Series {
    served_model_names: [&'static str; 2],
    model_root: &'static str,
    max_model_len: u32,
    api_key: &'static str,
    /// What each of the queueing clients said after its number.
    queued: &'static str,
}

const FIRST: Series = Series {
    served_model_names: ["tiny", "tiny-alias"],
    model_root: "tiny-qwen2",
    max_model_len: 4096,
    api_key: "sk-test",
    queued: "[[loop]]",
};

/// The same families of cases with other names, numbers, texts and orders.
const ALTERED: Series = Series {
    served_model_names: ["petit", "petit-alt"],
    model_root: "petit-qwen2",
    max_model_len: 3072,
    api_key: "sk-other-1",
    queued: "petit [[loop]]",
};

impl Recording {
    /// The name that its requests used.
    pub(crate) fn model(&self) -> &'static str {
        self.series.served_model_names[0]
    }

    /// What the client of this number said where several had to queue.
    pub(crate) fn queued(&self, index: u32) -> String {
        format!("{index} {}", self.series.queued)
    }

    /// The key that it asked for.
    pub(crate) fn api_key(&self) -> Option<&'static str> {
        (self.flags == "details").then_some(self.series.api_key)
    }

    pub(crate) fn is_0_13(&self) -> bool {
        self.version == "0.13.0"
    }
}

const TEMPLATE: &str = include_str!("../../../../fixtures/tokenizers/tiny/chat_template.jinja");

/// Asks what killed the recorded server's engine.
async fn kill(router: &Router) {
    let body = r#"{"model": "tiny", "prompt": [-1, 480]}"#;
    let request = Request::post("/v1/completions").header("content-type", "application/json").body(Body::from(body));
    let answer = router.clone().oneshot(request.expect("a request")).await.expect("a router answers");
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

/// A fake set up as one of them.
pub(crate) struct Server {
    pub(crate) router: Router,
}

impl Server {
    /// Starts the fake with that server's flags.
    pub(crate) async fn start(recording: Recording) -> Self {
        let router = Self::builder(recording).into_router().expect("the settings are right");
        if recording.flags == "engine-dead" {
            kill(&router).await;
        }
        Self { router }
    }

    /// A fake with that server's flags, not yet started.
    pub(crate) fn builder(recording: Recording) -> FakeVllmBuilder {
        let series = recording.series;
        let [name, alias] = series.served_model_names;
        let mut frontend = FrontendOptions::for_model(name);
        frontend.served_model_names.push(alias.to_owned());
        series.model_root.clone_into(&mut frontend.model_root);
        let mut max_model_len = series.max_model_len;
        let mut vision = None;
        match recording.flags {
            // one server with all of these, and without a key
            "details" | "tools" | "danger" if recording.version.ends_with("-rust") => {
                frontend.prompt_tokens_details = PromptTokensDetails::Shown;
                frontend.request_id_headers = RequestIdHeaders::Echoed;
                frontend.tool_call_parser = Some(ToolCallParser::Hermes);
                frontend.reasoning_parser = Some(ReasoningParser::Qwen3);
            }
            "force" => frontend.usage_reporting = UsageReporting::Forced,
            "details" => {
                frontend.prompt_tokens_details = PromptTokensDetails::Shown;
                frontend.request_id_headers = RequestIdHeaders::Echoed;
                frontend.load_tracking = LoadTracking::On;
                frontend.api_keys.push(series.api_key.to_owned());
            }
            "dev" => frontend.dev_mode = DevMode::On,
            "new" => {
                frontend.scale_out = ScaleOut::Enabled;
                frontend.prompt_tokens_details = PromptTokensDetails::Shown;
                frontend.per_request_metrics = PerRequestMetrics::Told;
                frontend.fingerprint = Fingerprint::Absent;
                frontend.sse_keep_alive_interval = Some(Duration::from_secs(1));
                frontend.max_num_queued_reqs = Some(6);
            }
            "vl" => {
                "tiny-qwen25vl".clone_into(&mut frontend.model_root);
                vision = Some(VisionTower { max_images: 4, ..VisionTower::qwen2_5_vl() });
            }
            "preempt" => max_model_len = 1024,
            "tools" | "toolsonly" => {
                frontend.auto_tool_choice = AutoToolChoice::Served;
                frontend.tool_call_parser = Some(ToolCallParser::Hermes);
                frontend.reasoning_parser = (recording.flags == "tools").then_some(ReasoningParser::Qwen3);
            }
            _ => {}
        }
        let preempt = recording.flags == "preempt";
        let noise = if recording.is_0_13() { Noise::Exponential } else { Noise::Gumbel };
        let puppet = puppet::load(noise);
        FakeVllm::builder()
            .vllm_version(recording.version.parse().expect("a version of the table"))
            .frontend(frontend)
            .tokenizer(puppet.tokenizer)
            .vocab_size(puppet.vocab_size)
            .chat_template(ChatTemplate::from_source(TEMPLATE).expect("the fixture is a template"))
            .text(puppet.text)
            .vision(vision)
            .max_model_len(max_model_len)
            .max_num_seqs(4)
            .engine(move |engine| {
                // vLLM's default on a CPU
                engine.block_size = 128;
                if preempt {
                    engine.num_gpu_blocks = 10;
                }
            })
    }

    /// Returns once the engine has told the metrics of everything that was answered.
    pub(crate) async fn settled(&self) {
        tokio::task::yield_now().await;
    }
}
