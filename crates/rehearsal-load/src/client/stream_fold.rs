//! Folds the chunks of a stream: which of them carry tokens, how many, and whether the counts make sense.

use std::time::Duration;

use super::{
    ChunkKind, FinishReason, FinishReasons, RequestTimeline, TokenChunk, TokenUsage,
    said::{Said, Text},
    wire::{ChoiceFacts, Facts, Presence},
};

/// More choices than any request asks for; a larger index is a broken server, not memory to reserve.
const MAX_CHOICES: u32 = 4096;

/// The state of a stream after the chunks so far.
#[derive(Debug, Default)]
pub(super) struct StreamFold {
    choices: Vec<ChoiceState>,
    /// From a chunk without choices, or one with several, which counts them together.
    final_usage: Option<TokenUsage>,
    /// From the last chunk with choices that had one.
    last_chunk_usage: Option<TokenUsage>,
    /// Which chunks may carry no token after all: an empty text of unknown count beside a finish reason.
    doubtful: Vec<usize>,
}

#[derive(Debug, Clone)]
struct ChoiceState {
    seen: bool,
    finish: Option<FinishReason>,
    /// Tokens so far by continuous usage.
    stated: Option<u64>,
    /// Whether every token-carrying chunk so far stated its count, so that differences mean something.
    gapless: bool,
}

impl Default for ChoiceState {
    fn default() -> Self {
        Self { seen: false, finish: None, stated: None, gapless: true }
    }
}

impl StreamFold {
    /// Takes one chunk; an `Err` says what violates the protocol.
    pub(super) fn take(&mut self, at: Duration, facts: &Facts, timeline: &mut RequestTimeline) -> Result<(), String> {
        if facts.choices.is_empty() {
            return match facts.usage {
                Some(usage) => self.take_final_usage(usage),
                None if facts.has_choices => Ok(()),
                None => Err("chunk with neither `choices`, `usage` nor `error`".into()),
            };
        }
        let own_usage = facts.usage.filter(|_| facts.choices.len() == 1);
        let own_count = own_usage.and_then(|usage| usage.completion_tokens);
        let chunks_before = timeline.chunks.len();
        for choice in &facts.choices {
            self.take_choice(at, choice, own_count, timeline)?;
        }
        if timeline.chunks.len() == chunks_before {
            timeline.marks.silent.push(at);
        }
        match facts.usage {
            Some(usage) if own_usage.is_none() => self.take_final_usage(usage),
            Some(usage) => {
                self.last_chunk_usage = Some(usage);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Takes one event of an API whose events are typed: at most one choice, and usage that may come in parts.
    pub(super) fn take_said(
        &mut self,
        at: Duration,
        said: &Said,
        timeline: &mut RequestTimeline,
    ) -> Result<(), String> {
        let mut choice = ChoiceFacts { finish_reason: said.finish, ..ChoiceFacts::default() };
        match said.tokens {
            None => choice.has_role = true,
            Some((kind, text)) => {
                let presence = match text {
                    Text::Empty => Presence::Empty,
                    Text::Some => Presence::Filled,
                };
                match kind {
                    ChunkKind::Content => choice.content = presence,
                    ChunkKind::Reasoning => choice.reasoning = presence,
                    ChunkKind::ToolCall => choice.tool_calls = presence,
                }
            }
        }
        let mut facts = Facts::default();
        facts.choices.push(choice);
        facts.has_choices = true;
        self.take(at, &facts, timeline)?;
        let Some(usage) = said.usage else { return Ok(()) };
        let before = self.final_usage.unwrap_or_default();
        self.take_final_usage(TokenUsage {
            prompt_tokens: usage.prompt_tokens.or(before.prompt_tokens),
            completion_tokens: usage.completion_tokens.or(before.completion_tokens),
            cached_tokens: usage.cached_tokens.or(before.cached_tokens),
            ..usage
        })
    }

    fn take_choice(
        &mut self,
        at: Duration,
        choice: &ChoiceFacts,
        own_count: Option<u64>,
        timeline: &mut RequestTimeline,
    ) -> Result<(), String> {
        if MAX_CHOICES <= choice.index {
            return Err(format!("choice index {} is beyond any request's n", choice.index));
        }
        let slot = choice.index as usize;
        if self.choices.len() <= slot {
            self.choices.resize_with(slot + 1, ChoiceState::default);
        }
        let state = &mut self.choices[slot];

        let stated_before = state.stated;
        let new_tokens = match own_count {
            Some(count) => {
                let before = stated_before.unwrap_or(0);
                if count < before {
                    return Err(format!("completion_tokens of choice {slot} goes back from {before} to {count}"));
                }
                state.stated = Some(count);
                state.gapless.then_some(count - before)
            }
            None => None,
        };
        if let Some(kind) = carried(choice, !state.seen, new_tokens) {
            if state.finish.is_some() {
                return Err(format!("choice {slot} goes on after its finish_reason"));
            }
            let tokens = new_tokens.and_then(|tokens| u32::try_from(tokens).ok());
            state.gapless &= tokens.is_some();
            if !choice.has_text() {
                timeline.marks.empty.push(timeline.chunks.len());
                if tokens.is_none() && choice.finish_reason.is_some() {
                    self.doubtful.push(timeline.chunks.len());
                }
            }
            timeline.chunks.push(TokenChunk { at, choice: choice.index, kind, tokens });
        }
        state.seen = true;
        if let Some(reason) = choice.finish_reason {
            if state.finish.is_some() {
                return Err(format!("choice {slot} has a second finish_reason"));
            }
            state.finish = Some(reason);
        }
        Ok(())
    }

    fn take_final_usage(&mut self, usage: TokenUsage) -> Result<(), String> {
        let stated: u64 = self.choices.iter().filter_map(|choice| choice.stated).sum();
        let before = self.final_usage.and_then(|last| last.completion_tokens).unwrap_or(0).max(stated);
        if let Some(count) = usage.completion_tokens
            && count < before
        {
            return Err(format!("completion_tokens goes back from {before} to {count} in the usage chunk"));
        }
        self.final_usage = Some(usage);
        Ok(())
    }

    /// Drops doubtful chunks while there are more chunks than tokens. vLLM's Python frontend finishes an answer with an
    /// empty text that stands for the end-of-sequence token, its Rust frontend with one that stands for nothing.
    pub(super) fn settle(&mut self, timeline: &mut RequestTimeline) {
        let Some(tokens) = self.usage().and_then(|usage| usage.completion_tokens) else { return };
        while tokens < timeline.chunks.len() as u64 {
            let Some(doubtful) = self.doubtful.pop() else { return };
            let chunk = timeline.chunks.remove(doubtful);
            timeline.marks.demote(doubtful, chunk.at);
        }
    }

    /// The counts of the whole request: the last usage chunk wins; without one, what the choices stated last.
    pub(super) fn usage(&self) -> Option<TokenUsage> {
        if self.final_usage.is_some() {
            return self.final_usage;
        }
        let last = self.last_chunk_usage?;
        let sum: Option<u64> = self.choices.iter().filter(|choice| choice.seen).map(|choice| choice.stated).sum();
        match self.choices.len() {
            0 | 1 => Some(last),
            // each chunk counted its own choice only
            _ => Some(TokenUsage { completion_tokens: sum, total_tokens: None, reasoning_tokens: None, ..last }),
        }
    }

    pub(super) fn finish_reasons(&self) -> FinishReasons {
        (0u32..).zip(&self.choices).filter_map(|(index, choice)| Some((index, choice.finish?))).collect()
    }

    /// The lowest choice without a finish reason; `Some(0)` when there was no choice at all.
    pub(super) fn unfinished(&self) -> Option<usize> {
        if self.choices.is_empty() {
            return Some(0);
        }
        self.choices.iter().position(|choice| choice.finish.is_none())
    }
}

/// What tokens a chunk carries for one choice, if any.
///
/// Text always counts. An empty text counts unless it is the choice's first delta (which announces the role) or comes
/// with a role; in the completions API, which has no role chunk, it always counts: vLLM sends one for a token that
/// completes no character, and for the end-of-sequence token. Where continuous usage says how many tokens are new, it
/// overrules the guess about empty texts, and tokens without any text (a held-back stop string) count as content.
fn carried(choice: &ChoiceFacts, first: bool, new_tokens: Option<u64>) -> Option<ChunkKind> {
    if choice.tool_calls == Presence::Filled {
        return Some(ChunkKind::ToolCall);
    }
    if choice.content == Presence::Filled || choice.text == Presence::Filled {
        return Some(ChunkKind::Content);
    }
    if choice.reasoning == Presence::Filled {
        return Some(ChunkKind::Reasoning);
    }

    let empty_kind = if choice.content == Presence::Empty || choice.text == Presence::Empty {
        Some(ChunkKind::Content)
    } else if choice.reasoning == Presence::Empty {
        Some(ChunkKind::Reasoning)
    } else {
        None
    };
    match new_tokens {
        Some(0) => None,
        Some(_) => empty_kind.or(Some(ChunkKind::Content)),
        None if choice.text == Presence::Empty => empty_kind,
        None if first || choice.has_role => None,
        None => empty_kind,
    }
}
