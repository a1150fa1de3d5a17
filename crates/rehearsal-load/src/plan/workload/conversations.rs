//! Conversations of several turns: each question comes with all that was said before.

use std::{borrow::Cow, num::NonZeroUsize};

use super::Synthetic;

/// Synthetic questions, several of them to a conversation: request `i` is turn `i mod turns` of conversation `i ÷ turns`.
///
/// What the assistant is said to have answered is made up, as long as the answer was allowed to be: so a request is the same
/// in every run, whatever the server says. The prefix cache finds everything but the last answer, which it would also find
/// in a conversation that hands back the server's own words.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversations {
    questions: Synthetic,
    turns: NonZeroUsize,
}

/// What was said before a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchanged {
    pub(crate) question: String,
    pub(crate) answer: String,
}

impl Conversations {
    /// Conversations of so many turns, each with a question of `questions`.
    #[must_use]
    pub fn new(questions: Synthetic, turns: NonZeroUsize) -> Self {
        Self { questions, turns }
    }

    /// Turns of a conversation.
    #[must_use]
    pub fn turns(&self) -> NonZeroUsize {
        self.turns
    }

    pub(super) fn questions(&self) -> &Synthetic {
        &self.questions
    }

    pub(super) fn text(&self, index: usize) -> Cow<'_, str> {
        Cow::Owned(self.questions.text(index))
    }

    /// The turns before request `index` in its conversation; `tokens` says how long the answer to a request may be.
    pub(super) fn before(&self, index: usize, tokens: impl Fn(usize) -> u32) -> Vec<Exchanged> {
        let first = index - index % self.turns.get();
        let exchanged = |earlier| Exchanged {
            question: self.questions.text(earlier),
            answer: self.questions.made_up_answer(earlier, tokens(earlier)),
        };
        (first..index).map(exchanged).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Sizing;

    #[test]
    fn a_turn_comes_with_the_ones_before_it_and_no_others() {
        let questions = Synthetic::new("20".parse().unwrap(), Sizing::A_TOKEN_A_WORD, 3);
        let conversations = Conversations::new(questions, NonZeroUsize::new(3).unwrap());
        assert_eq!(conversations.before(3, |_| 7), []);
        let before = conversations.before(5, |earlier| u32::try_from(earlier).unwrap());
        let questions: Vec<&str> = before.iter().map(|exchanged| exchanged.question.as_str()).collect();
        assert_eq!(questions, [conversations.text(3), conversations.text(4)]);
        let words: Vec<usize> = before.iter().map(|exchanged| exchanged.answer.split(' ').count()).collect();
        assert_eq!(words, [3, 4]);
        assert_eq!(conversations.before(4, |_| 3)[0], before[0], "what was said stays said");
    }
}
