//! Servers with the flags that cases ask for.

use std::{num::NonZeroU32, time::Duration};

use http::StatusCode;
use rehearsal_conformance::ServerFlag;
use rehearsal_fake::{
    FakeVllm, FakeVllmBuilder, Fault, FaultRule, FrontendOptions, MutantSetting,
    api::{AutoToolChoice, GenerationDefaults, PromptTokensDetails, RequestIdHeaders},
    profile::Profile,
    reasoning::ReasoningParser,
    tools::ToolCallParser,
    usage::UsageReporting,
};
use serde_json::json;

/// The key of the servers that ask for one.
pub(crate) const KEY: &str = "sk-of-the-fake";

/// A server, and what its owner says of it.
pub(crate) struct Setup {
    pub(crate) name: &'static str,
    pub(crate) flags: &'static [ServerFlag],
    /// The versions that do not have these flags, or refuse to start with them.
    pub(crate) without: &'static [&'static str],
    pub(crate) options: fn(&mut FrontendOptions),
    pub(crate) build: fn(FakeVllmBuilder) -> FakeVllmBuilder,
}

const AS_IT_IS: fn(FakeVllmBuilder) -> FakeVllmBuilder = |builder| builder;

pub(crate) const SETUPS: [Setup; 11] = [
    Setup { name: "no flags", flags: &[], without: &[], options: |_| {}, build: AS_IT_IS },
    Setup {
        name: "force",
        flags: &[ServerFlag::EnableForceIncludeUsage],
        without: &["0.32.0-rust"],
        options: |options| options.usage_reporting = UsageReporting::Forced,
        build: AS_IT_IS,
    },
    Setup {
        name: "details",
        flags: &[ServerFlag::EnablePromptTokensDetails],
        without: &[],
        options: |options| options.prompt_tokens_details = PromptTokensDetails::Shown,
        build: AS_IT_IS,
    },
    Setup {
        name: "key and request ids",
        flags: &[ServerFlag::ApiKey, ServerFlag::EnableRequestIdHeaders],
        without: &["0.32.0-rust"],
        options: |options| {
            options.api_keys.push(KEY.to_owned());
            options.request_id_headers = RequestIdHeaders::Echoed;
        },
        build: AS_IT_IS,
    },
    Setup {
        name: "tools and reasoning",
        flags: &[ServerFlag::EnableAutoToolChoice, ServerFlag::ReasoningParser],
        without: &[],
        options: |options| {
            options.auto_tool_choice = AutoToolChoice::Served;
            options.tool_call_parser = Some(ToolCallParser::Hermes);
            options.reasoning_parser = Some(ReasoningParser::Qwen3);
        },
        build: |builder| builder.text(MutantSetting::Tools.text().expect("a model that thinks and calls")),
    },
    Setup {
        name: "reasoning from the first token",
        flags: &[ServerFlag::ReasoningParser],
        without: &[],
        options: |options| options.reasoning_parser = Some(ReasoningParser::DeepseekR1),
        build: AS_IT_IS,
    },
    Setup {
        name: "generation config",
        flags: &[ServerFlag::GenerationConfig],
        without: &[],
        options: |options| options.generation_defaults.max_tokens = Some(CONFIGURED),
        build: AS_IT_IS,
    },
    Setup {
        name: "generation config overridden",
        flags: &[ServerFlag::OverrideGenerationConfig],
        without: &[],
        options: |options| {
            let limit = Some(CONFIGURED);
            options.generation_defaults =
                GenerationDefaults { max_tokens: limit, ceiling: limit, ..GenerationDefaults::default() };
        },
        build: AS_IT_IS,
    },
    Setup {
        name: "small cache",
        flags: &[ServerFlag::NumGpuBlocksOverride],
        without: &[],
        options: |_| {},
        build: |builder| builder.max_model_len(512).engine(|engine| engine.num_gpu_blocks = 60),
    },
    Setup {
        name: "bounded queue and keep-alive",
        flags: &[ServerFlag::MaxNumQueuedReqs, ServerFlag::SseKeepAliveInterval],
        without: &["0.13.0", "0.32.0-rust"],
        options: |options| {
            options.max_num_queued_reqs = Some(6);
            options.sse_keep_alive_interval = Some(Duration::from_millis(5));
        },
        // without a profile no step takes any time
        build: |builder| builder.profile(Profile::builtin("h100-qwen3-32b-bf16-tp8").expect("a built-in profile")),
    },
    Setup {
        name: "speculation, as far as answers show it",
        flags: &[ServerFlag::SpeculativeConfig],
        without: &["0.13.0"],
        options: |options| options.stream_interval = NonZeroU32::new(3).expect("3 is not 0"),
        build: AS_IT_IS,
    },
];

/// More than any case asks for, and more than the 16 tokens that a completion gets.
const CONFIGURED: u32 = 64;

/// The setup as a builder. A real 0.13.0 and 0.32.0 fail inside the stream of U-39's request; the fake does when told so.
pub(crate) fn builder(setup: &Setup, version: &str) -> FakeVllmBuilder {
    let mut options = FrontendOptions::for_model("tiny");
    (setup.options)(&mut options);
    let fault = Fault::InBandError { after_events: 1, message: "no".into(), status: StatusCode::BAD_REQUEST };
    let rule = FaultRule::new(fault).when(|request| request.body.get("continue_final_message") == Some(&json!(true)));
    let version = version.parse().expect("a version that the fake knows");
    // a short context keeps the cases short that fill it
    (setup.build)(FakeVllm::builder().frontend(options).vllm_version(version).max_model_len(1024).fault(rule))
}
