//! Constraints compiled to masks over the vocabulary.

use std::sync::Arc;

use llguidance::{
    Matcher, ParserFactory,
    toktrie::{ApproximateTokEnv, SimpleVob, TokEnv, TokRxInfo, TokTrie},
};

use super::Constraint;
use crate::tokenizer::Tokenizer;

/// The compiler of one tokenizer. Made once, when a request first needs it: a large vocabulary takes a moment.
pub(crate) struct Grammars {
    factory: ParserFactory,
    eos: u32,
}

/// Why a constraint is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GrammarError(pub(crate) String);

impl Grammars {
    /// A compiler for the ids of `tokenizer`; those without text never come.
    pub(crate) fn new(tokenizer: &Tokenizer) -> Result<Self, GrammarError> {
        let size = tokenizer.vocab_size();
        // an end that no text has, for a vocabulary without one
        let (eos, words) = match tokenizer.eos_token_ids().first() {
            Some(eos) => (*eos, size),
            None => (size, size + 1),
        };
        let text = |id: u32| {
            let silent = id == eos || tokenizer.is_special(id);
            if silent { Vec::new() } else { tokenizer.token_bytes(id).to_vec() }
        };
        let words: Vec<Vec<u8>> = (0..words).map(text).collect();
        let info = TokRxInfo::new(u32::try_from(words.len()).unwrap_or(u32::MAX), eos);
        let tokens: TokEnv = Arc::new(ApproximateTokEnv::new(TokTrie::from(&info, &words)));
        let mut factory = ParserFactory::new_simple(&tokens).map_err(|error| GrammarError(error.to_string()))?;
        factory.quiet();
        Ok(Self { factory, eos })
    }

    /// The constraint, ready for a reply; the error is `llguidance`'s, which is what vLLM answers with.
    pub(crate) fn compile(&self, constraint: &Constraint) -> Result<Grammar, GrammarError> {
        let parser = self.factory.create_parser(constraint.grammar());
        let parser = parser.map_err(|error| GrammarError(error.to_string()))?;
        Ok(Grammar { matcher: Matcher::new(Ok(parser)), eos: self.eos, over: false })
    }
}

impl std::fmt::Debug for Grammars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grammars").finish_non_exhaustive()
    }
}

/// A constraint while a reply grows.
pub(crate) struct Grammar {
    matcher: Matcher,
    eos: u32,
    over: bool,
}

impl Grammar {
    /// The tokens that may come next: only the end of the sequence once the text is all that it may be. `None` where nothing can be said, as
    /// after a token that was not admitted.
    pub(super) fn mask(&mut self) -> Option<SimpleVob> {
        self.matcher.compute_mask_or_eos().ok()
    }

    /// Takes the token that came.
    pub(super) fn take(&mut self, token: u32) {
        self.over |= token == self.eos;
        // a token that a mask did not admit leaves the matcher in its error state, in which it masks nothing
        let _ = self.matcher.consume_token(token);
    }

    /// Whether the end has come.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }
}

impl Clone for Grammar {
    fn clone(&self) -> Self {
        Self { matcher: self.matcher.deep_clone(), eos: self.eos, over: self.over }
    }
}

impl std::fmt::Debug for Grammar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grammar").field("over", &self.is_over()).finish_non_exhaustive()
    }
}
