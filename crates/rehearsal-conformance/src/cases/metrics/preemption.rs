use futures_util::FutureExt;
use serde_json::json;

use super::work::{growth, idle};
use crate::{
    call::{Call, Endpoint},
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    raw::Samples,
    session::{Session, Stop, whole},
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "M-08",
    level: Level::Info,
    title: "how often requests are preempted that do not fit the cache together, which their usage does not show",
    sends: "completions, ignore_eos, as many long ones at a time as fill the KV cache one and a half times",
    expects: ByProfile::same("num_preemptions_total grows; every usage as asked for"),
    reference: "vLLM #49984; recordings preempt of 0.13.0 and 0.32.0 (10 blocks of 128 tokens, 9 preemptions)",
    needs: &[
        Need::Feature(Feature::Metrics),
        Need::Feature(Feature::TokenIdPrompts),
        Need::MaxModelLen,
        Need::Started(ServerFlag::NumGpuBlocksOverride),
        Need::Destructive,
    ],
    run,
};

/// A larger cache takes too long to fill.
const MOST_TOKENS: usize = 65_536;

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let before = idle(s).await?;
        let cache = cache_tokens(&before)?;
        let context = s.context_length()?.min(cache);
        let prompt = (context / 8).max(1);
        let tokens = context - prompt - 1;
        let requests = (cache + cache / 2).div_ceil(context).max(2);
        let calls = (0..requests).map(|at| {
            let over =
                json!({"prompt": s.prompt_ids(&format!("{at}"), prompt), "max_tokens": tokens, "ignore_eos": true});
            Call::post(Endpoint::Completions.path(), s.body(Endpoint::Completions, &over))
        });
        let calls = calls.collect();
        let answers = s.ask_together(calls).await?;
        for (at, answer) in answers.iter().enumerate() {
            let body = whole(Endpoint::Completions, answer)?;
            let counts = s.counts(Endpoint::Completions, &body)?;
            let expected = (prompt as u64, tokens as u64);
            s.equal(
                format!("request {at}: prompt and completion"),
                expected,
                (counts.prompt_tokens, counts.completion_tokens),
            );
        }
        let after =
            s.metrics_when(|now| growth(&before, now, "vllm:request_success_total") == Some(requests as u64)).await?;
        let preempted = growth(&before, &after, "vllm:num_preemptions_total");
        s.record(format!("preemptions of {requests} requests"), preempted);
        match preempted {
            None => Err(Stop::Inconclusive("the metrics do not tell vllm:num_preemptions_total".into())),
            Some(0) => Err(Stop::Inconclusive(
                "nothing was preempted; allow more sequences at a time, or fewer KV blocks".into(),
            )),
            Some(_) => Ok(()),
        }
    }
    .boxed()
}

/// The tokens that the KV cache holds, as `vllm:cache_config_info` says.
fn cache_tokens(samples: &Samples) -> Result<usize, Stop> {
    let info = samples.of("vllm:cache_config_info").next();
    let number = |name: &str| Samples::label(info?.0, name)?.parse::<usize>().ok();
    let tokens = number("num_gpu_blocks").zip(number("block_size")).and_then(|(blocks, size)| blocks.checked_mul(size));
    match tokens {
        None | Some(0) => Err(Stop::Skipped("vllm:cache_config_info does not tell the size of the KV cache".into())),
        Some(tokens) if MOST_TOKENS < tokens => Err(Stop::Skipped(format!(
            "the KV cache holds {tokens} tokens, and up to {MOST_TOKENS} are filled; start the server with --num-gpu-blocks-override"
        ))),
        Some(tokens) => Ok(tokens),
    }
}
