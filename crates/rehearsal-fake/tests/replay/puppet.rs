//! The fake with the model of the recordings: whatever the last token was, one follows.

use std::{collections::BTreeMap, io::Read};

use axum::Router;
use flate2::read::GzDecoder;
use rehearsal_fake::{
    FakeVllm,
    api::{FrontendOptions, LoadTracking, PromptTokensDetails, RequestIdHeaders},
    chat_template::ChatTemplate,
    engine::{Continuation, TokenContext},
    text::TextRequest,
    tokenizer::Tokenizer,
    usage::UsageReporting,
};
use serde::Deserialize;

const TOKENIZER: &[u8] = include_bytes!("../../../../fixtures/tokenizers/tiny/tokenizer.json.gz");
const TEMPLATE: &str = include_str!("../../../../fixtures/tokenizers/tiny/chat_template.jinja");
const PUPPET: &str = include_str!("../../../../fixtures/tokenizers/tiny/puppet.json");

#[derive(Debug, Deserialize)]
struct Puppet {
    vocab_size: u32,
    eos: Vec<u32>,
    successor: BTreeMap<u32, u32>,
}

/// The flags of a recorded server.
#[derive(Clone, Copy)]
pub(crate) enum Flags {
    Base,
    /// `--enable-force-include-usage`
    ForcedUsage,
    /// `--enable-prompt-tokens-details --enable-request-id-headers --enable-server-load-tracking --api-key sk-test`
    Details,
}

/// A server with the settings of the recorded ones.
pub(crate) fn server(version: &str, flags: Flags) -> Router {
    let puppet: Puppet = serde_json::from_str(PUPPET).expect("the fixture is JSON");
    let mut json = Vec::new();
    GzDecoder::new(TOKENIZER).read_to_end(&mut json).expect("the fixture is a gzip file");
    let tokenizer = Tokenizer::from_json(&json)
        .and_then(|tokenizer| tokenizer.with_eos_token_ids(puppet.eos.clone()))
        .expect("the fixture is a tokenizer");
    let successor = puppet.successor;
    let text = move |_: &TextRequest<'_>| {
        let successor = successor.clone();
        Continuation::source(move |context: TokenContext<'_>| {
            let last = context.generated.last().or(context.prompt.last()).copied().unwrap_or(0);
            successor.get(&last).copied().unwrap_or(0)
        })
    };
    let mut frontend = FrontendOptions::for_model("tiny");
    frontend.served_model_names.push("tiny-alias".to_owned());
    "tiny-qwen2".clone_into(&mut frontend.model_root);
    match flags {
        Flags::Base => {}
        Flags::ForcedUsage => frontend.usage_reporting = UsageReporting::Forced,
        Flags::Details => {
            frontend.prompt_tokens_details = PromptTokensDetails::Shown;
            frontend.request_id_headers = RequestIdHeaders::Echoed;
            frontend.load_tracking = LoadTracking::On;
            frontend.api_keys.push("sk-test".to_owned());
        }
    }
    FakeVllm::builder()
        .vllm_version(version.parse().expect("a version of the table"))
        .frontend(frontend)
        .tokenizer(tokenizer)
        .vocab_size(puppet.vocab_size)
        .chat_template(ChatTemplate::from_source(TEMPLATE).expect("the fixture is a template"))
        .text(text)
        .max_model_len(4096)
        .max_num_seqs(4)
        // vLLM's default on a CPU
        .engine(|engine| engine.block_size = 128)
        .into_router()
        .expect("the settings are right")
}
