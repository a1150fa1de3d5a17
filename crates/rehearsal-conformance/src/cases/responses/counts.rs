use futures_util::FutureExt;
use serde_json::json;

use super::{counts, whole};
use crate::{
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "R-01",
    level: Level::Must,
    title: "a response counts its input and its output",
    sends: "responses, max_output_tokens 6, and 1",
    expects: ByProfile::each(
        "integers above 0; total = input + output; output at most max_output_tokens",
        "integers above 0; total = input + output; output at most max_output_tokens",
        "no such endpoint: unimplemented",
    ),
    reference: "vLLM #22667, #23363; recordings responses of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for limit in [6, 1] {
            let body = whole(s, json!({"max_output_tokens": limit})).await?;
            s.satisfies(
                format!("input, output and total of at most {limit} tokens"),
                "integers above 0, the third the sum of the first two, the second within the limit",
                counts(&body),
                |counts| {
                    counts.is_some_and(|[input, output, total]| {
                        0 < input && (1..=limit).contains(&output) && total == input + output
                    })
                },
            );
        }
        Ok(())
    }
    .boxed()
}
