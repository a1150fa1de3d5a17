use std::collections::BTreeMap;

use futures_util::FutureExt;
use serde_json::json;

use crate::properties::law::{Judgement, Law, equal, not_judged};

pub(super) const LAW: Law = Law {
    id: "P-12",
    title: "continuous usage counts the tokens that are there, neither more nor fewer",
    says: "completion_tokens of a chunk = its choice's token ids, or entries of logprobs, up to and with this chunk",
    reference: "vLLM #9028, test_chunked_prompt.py",
    known: &[],
    judge: |t| {
        async move {
            let streamed = t.streamed().await?;
            let asked =
                |name: &str| streamed.sent.get(name).is_some_and(|value| *value != json!(false) && !value.is_null());
            if asked("echo") || asked("tools") {
                return not_judged("an echo or a tool call, whose chunks need not list their tokens");
            }
            let lists: &[&str] = match (asked("return_token_ids"), asked("logprobs") && !asked("stop")) {
                (true, _) => &["token_ids"],
                (false, true) => &["logprobs/content", "logprobs/tokens"],
                _ => return not_judged("the chunks list no tokens"),
            };
            let mut so_far: BTreeMap<u64, u64> = BTreeMap::new();
            for (index, chunk, counts) in streamed.continuous()? {
                let listed = lists.iter().find_map(|list| chunk.pointer(&format!("/choices/0/{list}"))?.as_array());
                let listed = listed.map_or(0, Vec::len) as u64;
                let seen = so_far.entry(index).and_modify(|sum| *sum += listed).or_insert(listed);
                let about = format!("completion_tokens of a chunk of choice {index}");
                let judged = equal(about, *seen, counts.completion_tokens, streamed.exchange);
                if judged != Judgement::Holds {
                    return Ok(judged);
                }
            }
            let listed_any = so_far.values().any(|listed| 0 < *listed);
            if listed_any { Ok(Judgement::Holds) } else { not_judged("the chunks list no tokens") }
        }
        .boxed()
    },
};
