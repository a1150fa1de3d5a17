use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::{ABSENT, overlaid},
    properties::law::{Law, equal, not_judged},
};

pub(super) const LAW: Law = Law {
    id: "P-05",
    title: "several choices count the prompt once",
    says: "prompt_tokens = prompt_tokens of the same request without n",
    reference: "OpenAI API, n; vLLM test_chat_completion_n_parameter_non_streaming",
    known: &[],
    judge: |t| {
        async move {
            if t.body().await?.get("n").and_then(Value::as_u64).is_none_or(|n| n < 2) {
                return not_judged("asks for one choice");
            }
            let several = t.whole().await?;
            let one = t.whole_of(overlaid(several.sent.clone(), &json!({"n": ABSENT}))).await?;
            let (expected, seen) = (one.counts()?.prompt_tokens, several.counts()?.prompt_tokens);
            Ok(equal("prompt_tokens", expected, seen, several.exchange))
        }
        .boxed()
    },
};
