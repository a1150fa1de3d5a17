use std::collections::BTreeMap;

use futures_util::FutureExt;

use crate::properties::law::{Judgement, Law, broken};

pub(super) const LAW: Law = Law {
    id: "P-10",
    title: "continuous usage never takes back what it has counted",
    says: "per choice, prompt_tokens is constant and completion_tokens does not fall",
    reference: "vLLM test_completion_stream_options; #9357",
    known: &[],
    judge: |t| {
        async move {
            let streamed = t.streamed().await?;
            let mut before = BTreeMap::new();
            for (index, _, counts) in streamed.continuous()? {
                let Some(earlier) = before.insert(index, counts) else { continue };
                if earlier.prompt_tokens != counts.prompt_tokens || counts.completion_tokens < earlier.completion_tokens
                {
                    let expected = format!(
                        "prompt_tokens {}, completion_tokens {} or more",
                        earlier.prompt_tokens, earlier.completion_tokens
                    );
                    let seen = format!(
                        "prompt_tokens {}, completion_tokens {}",
                        counts.prompt_tokens, counts.completion_tokens
                    );
                    return Ok(broken(
                        format!("usage of a chunk of choice {index}"),
                        expected,
                        seen,
                        streamed.exchange,
                    ));
                }
            }
            Ok(Judgement::Holds)
        }
        .boxed()
    },
};
