use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::{ByProfile, ServerProfile},
    session::{Session, Stop},
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "L-06",
    level: Level::Should,
    title: "max_new_tokens of the generation config is a ceiling, or what requests that say nothing get",
    sends: "chat without max_tokens, and with one more than that came to, to a server with such a generation config",
    expects: ByProfile::each(
        "a ceiling: the same number of tokens",
        "a default: one more; a ceiling with --override-generation-config",
        "recorded, not judged",
    ),
    reference: "vLLM #34005; `get_max_tokens` of entrypoints/openai/serving_engine.py (0.13.0) and entrypoints/serve/utils (0.32.0)",
    needs: &[Need::Feature(Feature::Chat), Need::MaxModelLen],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let overridden = s.started_with(ServerFlag::OverrideGenerationConfig);
        if !overridden && !s.started_with(ServerFlag::GenerationConfig) {
            return Err(Stop::Skipped(
                "needs a server started with --generation-config or --override-generation-config, and told so".into(),
            ));
        }
        let limit = s.context_length()? as u64;
        let body = s.whole(Endpoint::Chat, json!({"ignore_eos": true})).await?;
        let counts = s.counts(Endpoint::Chat, &body)?;
        if limit <= counts.total_tokens {
            return Err(Stop::Inconclusive("the context ends before the generation config does".into()));
        }
        s.equal("finish_reason", Some(&json!("length")), body.pointer("/choices/0/finish_reason"));

        let configured = counts.completion_tokens;
        let over = json!({"ignore_eos": true, "max_tokens": configured + 1});
        let body = s.whole(Endpoint::Chat, over).await?;
        let seen = s.counts(Endpoint::Chat, &body)?.completion_tokens;
        match (s.profile(), overridden) {
            (ServerProfile::Py013, _) | (ServerProfile::Py032, true) => {
                s.equal("with one more asked for", configured, seen);
            }
            (ServerProfile::Py032, false) => s.equal("with one more asked for", configured + 1, seen),
            (ServerProfile::Rs032 | ServerProfile::OpenAiSpec, _) => {
                s.record("with one more asked for", Value::from(seen));
            }
        }
        Ok(())
    }
    .boxed()
}
