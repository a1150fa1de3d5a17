//! From logits to the distribution that a request asks for, in vLLM's order (`v1/sample/sampler.py`): penalties, temperature, `min_p`, `top_k`,
//! `top_p`.

use std::collections::BTreeMap;

use rehearsal_fake::engine::{SamplingParams, TokenContext};

/// Takes the penalties off.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "vLLM computes with f32")]
pub(crate) fn penalize(logits: &mut [f32], context: TokenContext<'_>) {
    let SamplingParams { presence_penalty, frequency_penalty, repetition_penalty, .. } = context.sampling;
    let mut counts: BTreeMap<u32, u32> = context.prompt.iter().map(|token| (*token, 0)).collect();
    for token in context.generated {
        *counts.entry(*token).or_default() += 1;
    }
    for (token, count) in counts {
        let Some(logit) = usize::try_from(token).ok().and_then(|index| logits.get_mut(index)) else { continue };
        let repetition = *repetition_penalty as f32;
        *logit = if 0.0 < *logit { *logit / repetition } else { *logit * repetition };
        *logit -= count as f32 * *frequency_penalty as f32;
        if 0 < count {
            *logit -= *presence_penalty as f32;
        }
    }
}

/// Divides by the temperature and masks what is not to be drawn.
#[expect(clippy::cast_possible_truncation, reason = "vLLM computes with f32")]
pub(crate) fn flatten(logits: &mut [f32], sampling: &SamplingParams) {
    for logit in &mut *logits {
        *logit /= sampling.temperature as f32;
    }
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if 0.0 < sampling.min_p {
        mask(logits, greatest + (sampling.min_p as f32).ln());
    }
    let mut sorted = logits.to_vec();
    sorted.sort_by(|left, right| right.total_cmp(left));
    if let Some(top_k) = sampling.top_k
        && let Some(least) = usize::try_from(top_k.get()).ok().and_then(|top_k| sorted.get(top_k - 1).copied())
    {
        mask(logits, least);
        sorted.retain(|logit| least <= *logit);
    }
    if sampling.top_p < 1.0 {
        let all: f32 = sorted.iter().map(|logit| (logit - greatest).exp()).sum();
        let mut mass = 0.0;
        let within = sorted.iter().take_while(|logit| {
            let is_within = mass < sampling.top_p as f32 * all;
            mass += (**logit - greatest).exp();
            is_within
        });
        if let Some(least) = within.last() {
            mask(logits, *least);
        }
    }
}

fn mask(logits: &mut [f32], least: f32) {
    for logit in logits.iter_mut().filter(|logit| **logit < least) {
        *logit = f32::NEG_INFINITY;
    }
}
