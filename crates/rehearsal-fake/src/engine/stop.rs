//! Whether a request is over after its latest token.

use super::{FinishReason, LastTokenText, SamplingParams, StopReason, Vocabulary, sequence::Sequence};

/// Why a request is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) reason: FinishReason,
    pub(super) by: Option<StopReason>,
    pub(super) text_end: Option<usize>,
    pub(super) last_token_text: LastTokenText,
}

/// Decides in vLLM's order: tokens first (`v1/core/sched/utils.py`, `check_stop`), then the text, which may overrule
/// (`v1/engine/detokenizer.py`, `update`).
pub(super) fn check(sequence: &mut Sequence, vocabulary: &Vocabulary, max_model_len: u32) -> Option<Stop> {
    let by_token = by_token(sequence, vocabulary, max_model_len);
    by_text(sequence, vocabulary, by_token.as_ref()).or(by_token)
}

fn by_token(sequence: &Sequence, vocabulary: &Vocabulary, max_model_len: u32) -> Option<Stop> {
    let sampling = &sequence.sampling;
    let generated = sequence.generated_tokens();
    if generated < sampling.min_tokens {
        return None;
    }
    let last = *sequence.buffers.generated.last()?;
    let last_token_text = if sampling.include_stop_str_in_output { LastTokenText::Kept } else { LastTokenText::Hidden };
    let stop = |by| Stop { reason: FinishReason::Stop, by, text_end: None, last_token_text };
    if !sampling.ignore_eos && vocabulary.eos_token_id == Some(last) {
        return Some(stop(None));
    }
    let secondary_eos = !sampling.ignore_eos && vocabulary.secondary_eos_token_ids.contains(&last);
    if secondary_eos || sampling.stop_token_ids.contains(&last) {
        return Some(stop(Some(StopReason::Token(last))));
    }
    if max_model_len <= sequence.total_tokens() || sampling.max_tokens.get() <= generated {
        let length = FinishReason::Length;
        return Some(Stop { reason: length, by: None, text_end: None, last_token_text: LastTokenText::Kept });
    }
    None
}

fn by_text(sequence: &mut Sequence, vocabulary: &Vocabulary, by_token: Option<&Stop>) -> Option<Stop> {
    let generated = sequence.generated_tokens();
    let text = sequence.text.as_mut()?;
    let hidden = by_token.is_some_and(|stop| stop.last_token_text == LastTokenText::Hidden);
    let last = *sequence.buffers.generated.last()?;
    let detokenize = vocabulary.detokenize.as_deref()?;
    let before = text.bytes.len();
    let skipped = sequence.sampling.skip_special_tokens && detokenize.is_special(last);
    if !hidden && !skipped {
        text.bytes.extend_from_slice(&detokenize.token_bytes(last));
    }
    if generated <= sequence.sampling.min_tokens {
        return None;
    }
    let (index, text_end) = text.find(before, &sequence.sampling)?;
    Some(Stop {
        reason: FinishReason::Stop,
        by: Some(StopReason::Text(index)),
        text_end,
        last_token_text: LastTokenText::Kept,
    })
}

/// The generated text of a request with stop strings.
#[derive(Debug, Default)]
pub(super) struct StopText {
    bytes: Vec<u8>,
}

impl StopText {
    /// The first stop string of the list that ends in the text from `searched` on, and where the text is cut for it.
    fn find(&self, searched: usize, sampling: &SamplingParams) -> Option<(usize, Option<usize>)> {
        if self.bytes.len() == searched {
            return None;
        }
        sampling.stop.iter().enumerate().find_map(|(index, stop)| {
            let from = (searched + 1).saturating_sub(stop.len());
            let at = from + self.bytes[from..].windows(stop.len()).position(|window| window == stop.as_bytes())?;
            let end = if sampling.include_stop_str_in_output { at + stop.len() } else { at };
            Some((index, (end < self.bytes.len()).then_some(end)))
        })
    }
}
