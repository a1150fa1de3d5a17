//! What keeps a prompt away from the cache: a salt, and log probabilities of the prompt.

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{NEEDS, long_prompt, none_cached};
use crate::{
    call::{Endpoint, overlaid},
    check::Check,
    profile::ByProfile,
    session::{Session, Stop},
    verdict::Level,
};

pub(super) const SALT: Check = Check {
    id: "U-63",
    level: Level::Should,
    title: "another cache_salt finds nothing cached",
    sends: "completions: the same 3 blocks + 5 ids under two salts",
    expects: ByProfile::same("cached_tokens 0 or absent"),
    reference: "recordings details of 0.13.0 and 0.32.0",
    needs: NEEDS,
    run: |s| {
        async move {
            let (prompt, _) = long_prompt(s, "salt")?;
            let first = json!({"prompt": prompt, "max_tokens": 1, "cache_salt": "one"});
            let second = json!({"prompt": prompt, "max_tokens": 1, "cache_salt": "two"});
            second_is_cold(s, first, second).await
        }
        .boxed()
    },
};

pub(super) const LOGPROBS: Check = Check {
    id: "U-64",
    level: Level::Should,
    title: "a prompt whose log probabilities are asked for is computed anew",
    sends: "completions: the same 3 blocks + 5 ids, plain and then with prompt_logprobs, and with echo and logprobs",
    expects: ByProfile::same("cached_tokens 0 or absent"),
    reference: "vLLM v1/core/kv_cache_manager.py; recordings details of 0.13.0 and 0.32.0",
    needs: NEEDS,
    run: |s| {
        async move {
            let (prompt, _) = long_prompt(s, "logprobs")?;
            let plain = json!({"prompt": prompt, "max_tokens": 1});
            for extra in [json!({"prompt_logprobs": 1}), json!({"echo": true, "logprobs": 1})] {
                second_is_cold(s, plain.clone(), overlaid(plain.clone(), &extra)).await?;
            }
            Ok(())
        }
        .boxed()
    },
};

async fn second_is_cold(s: &mut Session<'_>, first: Value, second: Value) -> Result<(), Stop> {
    s.whole(Endpoint::Completions, first).await?;
    let body = s.whole(Endpoint::Completions, second).await?;
    none_cached(s, "cached_tokens", &body);
    Ok(())
}
