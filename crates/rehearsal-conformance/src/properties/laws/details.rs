use futures_util::FutureExt;
use serde_json::Value;

use crate::properties::{
    law::{Judgement, Law, broken, not_judged},
    trial::usages,
};

pub(super) const LAW: Law = Law {
    id: "P-03",
    title: "no detail of usage exceeds what it is a part of",
    says: "cached_tokens at most prompt_tokens, reasoning_tokens at most completion_tokens; the request is sent whole, then streamed",
    reference: "OpenAI API, the usage object; sglang #39826",
    known: &[],
    judge: |t| {
        async move {
            let mut judged = 0;
            for usage in usages(t).await? {
                for (part, of) in PARTS {
                    let count = |value: Option<&Value>| value.filter(|value| !value.is_null()).cloned();
                    let Some(part_count) = count(usage.object.pointer(part)) else { continue };
                    judged += 1;
                    let whole = usage.object.get(of).and_then(Value::as_u64).unwrap_or(u64::MAX);
                    if part_count.as_u64().is_none_or(|part_count| whole < part_count) {
                        let about = format!("{} {}", usage.of, part.trim_start_matches('/'));
                        let expected = format!("at most {of}, which is {whole}");
                        return Ok(broken(about, expected, part_count.to_string(), usage.exchange));
                    }
                }
            }
            if judged == 0 { not_judged("the server discloses no details") } else { Ok(Judgement::Holds) }
        }
        .boxed()
    },
};

const PARTS: [(&str, &str); 2] = [
    ("/prompt_tokens_details/cached_tokens", "prompt_tokens"),
    ("/completion_tokens_details/reasoning_tokens", "completion_tokens"),
];
