use std::collections::BTreeMap;

use futures_util::FutureExt;

use crate::properties::{
    law::{Judgement, Law, equal},
    trial::prompts,
};

pub(super) const LAW: Law = Law {
    id: "P-11",
    title: "the last continuous usage is the final usage",
    says: "completion_tokens of the usage chunk = the sum over the choices of their last chunk's; prompt_tokens the same",
    reference: "vLLM #9357",
    known: &[],
    judge: |t| {
        async move {
            let streamed = t.streamed().await?;
            let chunks = streamed.continuous()?;
            let last: BTreeMap<u64, _> = chunks.iter().map(|(index, _, counts)| (*index, *counts)).collect();
            let closing = streamed.counts()?;
            let sum: u64 = last.values().map(|counts| counts.completion_tokens).sum();
            let judged =
                equal("completion_tokens of the last chunks", closing.completion_tokens, sum, streamed.exchange);
            // with several prompts a chunk counts its own
            if judged != Judgement::Holds || prompts(&streamed.sent) != 1 {
                return Ok(judged);
            }
            let prompt = last.values().next().map_or(closing.prompt_tokens, |counts| counts.prompt_tokens);
            Ok(equal("prompt_tokens of the chunks", closing.prompt_tokens, prompt, streamed.exchange))
        }
        .boxed()
    },
};
