//! The next token of a request: what its source says, within what its parameters allow.

use super::{
    Continuation, SamplingParams, TokenContext, Vocabulary,
    sequence::Sequence,
    token_source::{draw, draw_below},
};

/// Draws tried before the vocabulary is searched in order.
const ATTEMPTS: u64 = 64;

/// A bias of this size leaves the model no choice.
const DECISIVE_BIAS: f32 = 100.0;

/// The token that `sequence` generates next.
pub(super) fn next_token(sequence: &mut Sequence, vocabulary: &Vocabulary) -> u32 {
    if sequence.unconstrained {
        return said(sequence, vocabulary);
    }
    if let Some(ranked) = ranked(sequence, vocabulary) {
        return ranked;
    }
    let said = said(sequence, vocabulary);
    let limits = Limits::of(sequence, vocabulary);
    forced(&limits)
        .or_else(|| limits.admit(said).then_some(said))
        .or_else(|| listed(&limits, sequence.key))
        .or_else(|| drawn(sequence, vocabulary, |token| limits.admit(token)))
        // nothing is allowed: a real sampler then draws from a distribution of NaN
        .unwrap_or(said)
}

fn said(sequence: &mut Sequence, vocabulary: &Vocabulary) -> u32 {
    let generated = &sequence.buffers.generated;
    match &mut sequence.continuation {
        Continuation::Source(source) => {
            let context = TokenContext {
                prompt: &sequence.prompt,
                generated,
                key: sequence.key,
                vocab_size: vocabulary.size,
                sampling: &sequence.sampling,
            };
            return source.next(context);
        }
        Continuation::Script(script) => {
            if let Some(token) = script.get(generated.len()).copied().or(vocabulary.eos_token_id) {
                return token;
            }
        }
        Continuation::Drawn => {}
    }
    drawn(sequence, vocabulary, |_| true).unwrap_or(0)
}

/// What a source with a ranking says within the request's limits.
fn ranked(sequence: &mut Sequence, vocabulary: &Vocabulary) -> Option<u32> {
    let Sequence { continuation: Continuation::Source(source), prompt, sampling, buffers, key, .. } = sequence else {
        return None;
    };
    let generated = &buffers.generated;
    let context = TokenContext { prompt, generated, key: *key, vocab_size: vocabulary.size, sampling };
    let limits = Limits { sampling, generated, vocabulary };
    source.next_within(context, &|token| limits.admit(token).then(|| limits.bias(token)))
}

/// A keyed draw among the ordinary tokens that pass `admits`.
fn drawn(sequence: &Sequence, vocabulary: &Vocabulary, admits: impl Fn(u32) -> bool) -> Option<u32> {
    let position = u64::from(sequence.generated_tokens());
    let ordinary = |token: &u32| {
        let special = vocabulary.detokenize.as_ref().is_some_and(|text| text.is_special(*token));
        !vocabulary.is_eos(*token) && !special && admits(*token)
    };
    (0..ATTEMPTS)
        .map(|attempt| draw_below(sequence.key, position | attempt << 32, vocabulary.size))
        .find(|token| ordinary(token))
        .or_else(|| (0..vocabulary.size).find(|token| ordinary(token)))
}

/// The token that a decisive bias forces.
fn forced(limits: &Limits<'_>) -> Option<u32> {
    limits
        .sampling
        .logit_bias
        .iter()
        .filter(|(token, bias)| DECISIVE_BIAS <= *bias && limits.admit(*token))
        .max_by(|(token, bias), (other, other_bias)| bias.total_cmp(other_bias).then(other.cmp(token)))
        .map(|(token, _)| *token)
}

/// A keyed pick from `allowed_token_ids`.
fn listed(limits: &Limits<'_>, key: u64) -> Option<u32> {
    let list = limits.sampling.allowed_token_ids.as_ref()?;
    let start = draw(key, limits.generated.len() as u64) % (list.len() as u64).max(1);
    let (before, after) = list.split_at(usize::try_from(start).unwrap_or(0));
    after.iter().chain(before).copied().find(|token| limits.admit(*token))
}

/// What a request's parameters do to its next token.
struct Limits<'a> {
    sampling: &'a SamplingParams,
    generated: &'a [u32],
    vocabulary: &'a Vocabulary,
}

impl<'a> Limits<'a> {
    fn of(sequence: &'a Sequence, vocabulary: &'a Vocabulary) -> Self {
        Self { sampling: &sequence.sampling, generated: &sequence.buffers.generated, vocabulary }
    }

    /// Whether no parameter forbids the token.
    fn admit(&self, token: u32) -> bool {
        let Self { sampling, generated, vocabulary } = self;
        let listed = sampling.allowed_token_ids.as_ref().is_none_or(|list| list.contains(&token));
        // vLLM masks all end-of-sequence tokens here, with `ignore_eos` too (`v1/sample/logits_processor/builtin.py`)
        let too_early = generated.len() < sampling.min_tokens as usize
            && (vocabulary.is_eos(token) || sampling.stop_token_ids.contains(&token));
        let completes_bad_word = sampling.bad_words.iter().any(|word| match word.split_last() {
            Some((last, before)) => *last == token && generated.ends_with(before),
            None => false,
        });
        listed && -DECISIVE_BIAS < self.bias(token) && !too_early && !completes_bad_word
    }

    /// What is added to the token's logit.
    fn bias(&self, token: u32) -> f32 {
        self.sampling.logit_bias.iter().filter(|(biased, _)| *biased == token).map(|(_, bias)| bias).sum()
    }
}
