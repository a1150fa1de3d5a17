//! The next token of a request: what its source says, within what its parameters allow.

use super::{
    Continuation, TokenContext, Vocabulary,
    sequence::Sequence,
    token_source::{draw, draw_below},
};

/// Draws tried before the vocabulary is searched in order.
const ATTEMPTS: u64 = 64;

/// A bias of this size leaves the model no choice.
const DECISIVE_BIAS: f32 = 100.0;

/// The token that `sequence` generates next.
pub(super) fn next_token(sequence: &mut Sequence, vocabulary: &Vocabulary) -> u32 {
    let said = said(sequence, vocabulary);
    if sequence.unconstrained {
        return said;
    }
    forced(sequence, vocabulary)
        .or_else(|| allowed(sequence, vocabulary, said).then_some(said))
        .or_else(|| listed(sequence, vocabulary))
        .or_else(|| drawn(sequence, vocabulary, |token| allowed(sequence, vocabulary, token)))
        // nothing is allowed: a real sampler then draws from a distribution of NaN
        .unwrap_or(said)
}

fn said(sequence: &mut Sequence, vocabulary: &Vocabulary) -> u32 {
    let generated = &sequence.buffers.generated;
    match &mut sequence.continuation {
        Continuation::Source(source) => {
            let context =
                TokenContext { prompt: &sequence.prompt, generated, key: sequence.key, vocab_size: vocabulary.size };
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
fn forced(sequence: &Sequence, vocabulary: &Vocabulary) -> Option<u32> {
    sequence
        .sampling
        .logit_bias
        .iter()
        .filter(|(token, bias)| DECISIVE_BIAS <= *bias && allowed(sequence, vocabulary, *token))
        .max_by(|(token, bias), (other, other_bias)| bias.total_cmp(other_bias).then(other.cmp(token)))
        .map(|(token, _)| *token)
}

/// A keyed pick from `allowed_token_ids`.
fn listed(sequence: &Sequence, vocabulary: &Vocabulary) -> Option<u32> {
    let list = sequence.sampling.allowed_token_ids.as_ref()?;
    let start = draw(sequence.key, u64::from(sequence.generated_tokens())) % (list.len() as u64).max(1);
    let (before, after) = list.split_at(usize::try_from(start).unwrap_or(0));
    after.iter().chain(before).copied().find(|token| allowed(sequence, vocabulary, *token))
}

/// Whether no parameter forbids the token.
fn allowed(sequence: &Sequence, vocabulary: &Vocabulary, token: u32) -> bool {
    let sampling = &sequence.sampling;
    let generated = &sequence.buffers.generated;
    let listed = sampling.allowed_token_ids.as_ref().is_none_or(|list| list.contains(&token));
    let biased_away = sampling.logit_bias.iter().any(|(biased, bias)| *biased == token && *bias <= -DECISIVE_BIAS);
    // vLLM masks all end-of-sequence tokens here, with `ignore_eos` too (`v1/sample/logits_processor/builtin.py`)
    let too_early = sequence.generated_tokens() < sampling.min_tokens
        && (vocabulary.is_eos(token) || sampling.stop_token_ids.contains(&token));
    let completes_bad_word = sampling.bad_words.iter().any(|word| match word.split_last() {
        Some((last, before)) => *last == token && generated.ends_with(before),
        None => false,
    });
    listed && !biased_away && !too_early && !completes_bad_word
}
