use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::{ByProfile, ServerProfile},
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "F-04",
    level: Level::Should,
    title: "a chat stream's first and last chunks are shaped as this version does",
    sends: "chat, stream, token 67 forced, max_tokens 4",
    expects: ByProfile::each(
        "role with empty content; finish_reason with the last text",
        "role with empty content; finish_reason with the last text",
        "role without content; finish_reason in a chunk of its own",
    ),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::Chat), Need::StartedWithout(ServerFlag::ReasoningParser)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let over = json!({"max_tokens": 4, "ignore_eos": true, "logit_bias": {"67": 100}});
        let stream = s.stream(Endpoint::Chat, over).await?;
        let first = stream.choices().next().and_then(|(_, choice)| choice.pointer("/delta/content").cloned());
        let expected = ByProfile::each(Some(""), Some(""), None).of(s.profile()).map(|text| json!(text));
        s.equal("content of the role chunk", expected, first);

        let finishing = stream.choices().find(|(_, choice)| choice.get("finish_reason").is_some_and(Value::is_string));
        let text = finishing.and_then(|(_, choice)| choice.pointer("/delta/content")?.as_str().map(str::to_owned));
        match s.profile() {
            ServerProfile::Py013 | ServerProfile::Py032 | ServerProfile::OpenAiSpec => {
                s.satisfies("content of the finishing chunk", "text", text, |text| {
                    text.as_ref().is_some_and(|text| !text.is_empty())
                });
            }
            ServerProfile::Rs032 => s.equal("content of the finishing chunk", None, text),
        }
        Ok(())
    }
    .boxed()
}
