use futures_util::FutureExt;
use serde_json::Value;

use crate::properties::law::{Judgement, Law, equal, not_judged};

pub(super) const LAW: Law = Law {
    id: "P-04",
    title: "a prompt of token ids is counted as its ids",
    says: "prompt_tokens = the number of ids, over all prompts",
    reference: "OpenAI API, the prompt of completions; recordings of 0.13.0 and 0.32.0",
    known: &[],
    judge: |t| {
        async move {
            let whole = t.whole().await?;
            let Some(ids) = whole.sent.get("prompt").and_then(ids) else { return not_judged("the prompt is a text") };
            let judged = equal("prompt_tokens", ids, whole.counts()?.prompt_tokens, whole.exchange);
            if judged != Judgement::Holds {
                return Ok(judged);
            }
            match t.streamed().await {
                Ok(streamed) => match streamed.counts() {
                    Ok(counts) => {
                        Ok(equal("prompt_tokens of the stream", ids, counts.prompt_tokens, streamed.exchange))
                    }
                    Err(_) => Ok(judged),
                },
                Err(_) => Ok(judged),
            }
        }
        .boxed()
    },
};

/// How many ids a prompt, or a list of prompts, has; `None` where one is a text.
fn ids(prompt: &Value) -> Option<u64> {
    let list = prompt.as_array()?;
    match list.first()? {
        Value::Number(_) => Some(list.len() as u64),
        Value::Array(_) => list.iter().map(ids).sum(),
        _ => None,
    }
}
