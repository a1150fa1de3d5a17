use futures_util::FutureExt;

use crate::{
    properties::{
        law::{Judgement, Law, broken},
        trial::usages,
    },
    raw::UsageCounts,
};

pub(super) const LAW: Law = Law {
    id: "P-01",
    title: "every usage has three counts, and the total is the sum of the two others",
    says: "total_tokens = prompt_tokens + completion_tokens, in whole answers and in every chunk",
    reference: "OpenAI API, the usage object",
    known: &[],
    judge: |t| {
        async move {
            for usage in usages(t).await? {
                let counts = UsageCounts::of(&usage.object);
                let sum = counts.and_then(|counts| counts.prompt_tokens.checked_add(counts.completion_tokens));
                if sum.is_none() || sum != counts.map(|counts| counts.total_tokens) {
                    let expected = "three integers, total_tokens the sum of the others";
                    return Ok(broken(usage.of, expected, usage.object.to_string(), usage.exchange));
                }
            }
            Ok(Judgement::Holds)
        }
        .boxed()
    },
};
