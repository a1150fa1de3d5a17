use futures_util::FutureExt;
use serde_json::Value;

use crate::properties::{
    law::{Judgement, Law, broken, not_judged},
    trial::asked_choices,
};

pub(super) const LAW: Law = Law {
    id: "P-02",
    title: "no more tokens are counted than were allowed",
    says: "completion_tokens at most the limit times the number of answers",
    reference: "OpenAI API, max_tokens; vllm-omni #2313",
    known: &[],
    judge: |t| {
        async move {
            let whole = t.whole().await?;
            let limits = ["max_tokens", "max_completion_tokens"];
            let limit = limits.iter().filter_map(|name| whole.sent.get(*name)?.as_u64()).max();
            let Some(limit) = limit else { return not_judged("asks for no limit") };
            let most = limit.saturating_mul(asked_choices(&whole.sent));
            let mut seen = vec![("completion_tokens", whole.counts()?, whole.exchange)];
            if let Ok(streamed) = t.streamed().await
                && let Ok(counts) = streamed.counts()
            {
                seen.push(("completion_tokens of the stream", counts, streamed.exchange));
            }
            for (about, counts, exchange) in seen {
                if most < counts.completion_tokens {
                    let expected = format!("at most {most}");
                    return Ok(broken(about, expected, Value::from(counts.completion_tokens).to_string(), exchange));
                }
            }
            Ok(Judgement::Holds)
        }
        .boxed()
    },
};
