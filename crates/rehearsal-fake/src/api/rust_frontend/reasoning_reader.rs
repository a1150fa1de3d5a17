//! Reasoning between two tags, with the line feeds that Qwen3 writes at them.

use super::reply::{Said, partial};

/// A line feed that may follow the first tag and precede the second, and the two that may follow that one.
const AT_TAG: &str = "\n";
const BEHIND: &str = "\n\n";

/// Reads reasoning out of a growing text.
#[derive(Clone, Debug)]
pub(super) struct ReasoningReader {
    start: &'static str,
    end: &'static str,
    end_with_line_feed: String,
    thinking: bool,
    /// What may still follow the latest tag without belonging to what comes.
    skips: &'static str,
    kept: String,
    /// Bytes fed before `kept`.
    before: usize,
    /// Where tokens began that lie in `kept` or behind it.
    tokens: Vec<usize>,
    counted: u64,
}

impl ReasoningReader {
    pub(super) fn new(start: &'static str, end: &'static str) -> Self {
        Self {
            start,
            end,
            end_with_line_feed: format!("{AT_TAG}{end}"),
            thinking: false,
            skips: "",
            kept: String::new(),
            before: 0,
            tokens: Vec::new(),
            counted: 0,
        }
    }

    /// The same for a reply whose prompt has opened the reasoning.
    pub(super) fn thinking(self) -> Self {
        Self { thinking: true, ..self }
    }

    /// Tokens that began within the reasoning so far.
    pub(super) fn tokens(&self) -> u64 {
        self.counted
    }

    /// What a token's text brings.
    pub(super) fn push(&mut self, text: &str) -> Vec<Said> {
        self.tokens.push(self.before + self.kept.len());
        self.kept.push_str(text);
        let mut said = Vec::new();
        while self.step(&mut said) {}
        let held = if self.thinking {
            partial(&self.kept, self.end).max(partial(&self.kept, &self.end_with_line_feed))
        } else {
            0
        };
        let stable = self.kept.len() - held.max(partial(&self.kept, self.start));
        if self.skips.is_empty() {
            self.pass_on(stable, &mut said);
        }
        said
    }

    /// What was kept back.
    pub(super) fn finish(&mut self) -> Vec<Said> {
        let mut said = Vec::new();
        self.pass_on(self.kept.len(), &mut said);
        said
    }

    /// Takes what follows a tag, or the next tag, out of what is kept; `false` when neither is there.
    fn step(&mut self, said: &mut Vec<Said>) -> bool {
        if !self.skips.is_empty() {
            if self.skips.starts_with(self.kept.as_str()) && self.kept != self.skips {
                return false;
            }
            let skipped = if self.kept.starts_with(self.skips) { self.skips.len() } else { 0 };
            self.skips = "";
            self.drop(skipped);
            return true;
        }
        let opens = self.kept.find(self.start);
        let closes = if self.thinking { self.kept.find(self.end) } else { None };
        match (opens, closes) {
            (Some(opens), closes) if closes.is_none_or(|closes| opens < closes) => {
                self.pass_on(opens, said);
                self.drop(self.start.len());
                self.skips = if self.thinking { "" } else { AT_TAG };
                self.thinking = true;
                true
            }
            (_, Some(closes)) => {
                let line_feed = self.kept.get(..closes).is_some_and(|text| text.ends_with(AT_TAG));
                let ends = closes - if line_feed { AT_TAG.len() } else { 0 };
                self.pass_on(ends, said);
                self.drop(self.end.len() + closes - ends);
                self.thinking = false;
                self.skips = BEHIND;
                true
            }
            _ => false,
        }
    }

    fn pass_on(&mut self, bytes: usize, said: &mut Vec<Said>) {
        if bytes == 0 {
            return;
        }
        let text: String = self.kept.drain(..bytes).collect();
        let tokens = self.forget(bytes);
        if self.thinking {
            self.counted += tokens;
            said.push(Said::Reasoning(text));
        } else {
            said.push(Said::Text(text));
        }
    }

    fn drop(&mut self, bytes: usize) {
        self.kept.drain(..bytes);
        self.forget(bytes);
    }

    /// How many tokens began within the bytes that are gone.
    fn forget(&mut self, bytes: usize) -> u64 {
        self.before += bytes;
        let gone = self.tokens.partition_point(|token| *token < self.before);
        self.tokens.drain(..gone).count() as u64
    }
}
