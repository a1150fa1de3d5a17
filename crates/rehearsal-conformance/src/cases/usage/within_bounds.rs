use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::Endpoint,
    check::{Check, Feature, Running},
    profile::ByProfile,
    session::{Session, Stop},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-05",
    level: Level::Must,
    title: "no detail of usage exceeds what it is a part of",
    sends: "the same request twice, on both endpoints; completions with a prompt of two blocks and one id",
    expects: ByProfile::same(
        "cached_tokens and created_cache_tokens at most prompt_tokens, reasoning_tokens at most completion_tokens",
    ),
    reference: "sglang #39826",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let block = usize::try_from(s.facts().block_size.unwrap_or(16)).unwrap_or(16);
        let mut disclosed = Disclosed::Nothing;
        for endpoint in s.endpoints()? {
            let over = match endpoint {
                Endpoint::Chat => json!({"max_tokens": 4}),
                Endpoint::Completions if s.facts().lacks(Feature::TokenIdPrompts).is_some() => json!({"max_tokens": 4}),
                Endpoint::Completions => json!({"max_tokens": 4, "prompt": s.prompt_ids("long", 2 * block + 1)}),
            };
            for turn in ["first", "second"] {
                let body = s.whole(endpoint, over.clone()).await?;
                let counts = s.counts(endpoint, &body)?;
                for (part, whole) in [
                    ("/usage/prompt_tokens_details/cached_tokens", counts.prompt_tokens),
                    ("/usage/prompt_tokens_details/created_cache_tokens", counts.prompt_tokens),
                    ("/usage/completion_tokens_details/reasoning_tokens", counts.completion_tokens),
                ] {
                    let Some(seen) = body.pointer(part).filter(|value| !value.is_null()) else { continue };
                    disclosed = Disclosed::Something;
                    let about = format!("{} {turn}: {part}", endpoint.label());
                    s.satisfies(about, format!("an integer, at most {whole}"), seen.clone(), |seen| {
                        seen.as_u64().is_some_and(|part| part <= whole)
                    });
                }
            }
        }
        match disclosed {
            Disclosed::Something => Ok(()),
            Disclosed::Nothing => {
                Err(Stop::Skipped("the server discloses no details; try --enable-prompt-tokens-details".into()))
            }
        }
    }
    .boxed()
}

enum Disclosed {
    Nothing,
    Something,
}
