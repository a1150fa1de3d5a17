use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    properties::{
        law::{Law, equal, not_judged},
        trial::asked_choices,
    },
    raw::choices,
};

pub(super) const LAW: Law = Law {
    id: "P-08",
    title: "an answer that its limit ended has as many tokens as the limit",
    says: "completion_tokens = the limit, where every answer's finish_reason is length",
    reference: "OpenAI API, finish_reason; recordings of 0.13.0 and 0.32.0",
    known: &[],
    judge: |t| {
        async move {
            let whole = t.whole().await?;
            let limits =
                ["max_tokens", "max_completion_tokens"].map(|name| whole.sent.get(name).and_then(Value::as_u64));
            let ([Some(limit), None] | [None, Some(limit)]) = limits else {
                return not_judged("asks for no limit, or for two");
            };
            let ended = |choice: &Value| choice.get("finish_reason") == Some(&json!("length"));
            if !choices(&whole.body).iter().all(ended) {
                return not_judged("something else ended the answer");
            }
            // a limit above the context is cut in later versions
            if t.facts().max_model_len.is_some_and(|context| context < limit * 2) {
                return not_judged("the limit is near the context's");
            }
            let expected = limit * asked_choices(&whole.sent);
            Ok(equal("completion_tokens", expected, whole.counts()?.completion_tokens, whole.exchange))
        }
        .boxed()
    },
};
