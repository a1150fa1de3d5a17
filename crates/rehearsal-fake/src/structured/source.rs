//! A token source within a constraint.

use llguidance::toktrie::SimpleVob;

use super::{
    compose::compose,
    gate::{Gate, Passage},
    grammar::Grammar,
};
use crate::{
    engine::{Admission, Continuation, TokenContext, TokenSource},
    tokenizer::Tokenizer,
};

/// What the model would say if it could say only what a constraint admits.
pub(crate) struct ConstrainedSource {
    inner: Continuation,
    grammar: Grammar,
    /// Closed while the reply reasons.
    gate: Option<Gate>,
    tokenizer: Tokenizer,
    eos: Option<u32>,
    taken: usize,
}

impl ConstrainedSource {
    pub(crate) fn new(inner: Continuation, grammar: Grammar, gate: Option<Gate>, tokenizer: &Tokenizer) -> Self {
        let eos = tokenizer.eos_token_ids().first().copied();
        Self { inner, grammar, gate, tokenizer: tokenizer.clone(), eos, taken: 0 }
    }

    /// Takes the tokens that have come since the last call.
    fn catch_up(&mut self, generated: &[u32]) {
        for token in generated.get(self.taken..).unwrap_or_default() {
            match self.gate.as_mut().map(|gate| gate.pass(*token)) {
                Some(Passage::Closed) => continue,
                Some(Passage::Behind) => {
                    self.gate = None;
                    continue;
                }
                Some(Passage::Before) => self.gate = None,
                None => {}
            }
            self.grammar.take(*token);
        }
        self.taken = generated.len();
    }

    /// What a source without a ranking says at this place of the text; only a script does.
    fn scripted(&self, place: usize) -> Option<u32> {
        match &self.inner {
            Continuation::Script(script) => script.get(place).copied().or(self.eos),
            _ => None,
        }
    }

    fn composed(&self, context: TokenContext<'_>, admits: Admission<'_>, mask: Option<&SimpleVob>) -> u32 {
        let place = context.generated.len();
        if let (Some(gate), true) = (&self.gate, matches!(self.inner, Continuation::Drawn | Continuation::Source(_)))
            && let Some(token) = gate.preface().get(place)
        {
            return *token;
        }
        let admitted = |token: u32| mask.is_none_or(|mask| mask.is_allowed(token)) && admits(token).is_some();
        if let Some(token) = self.scripted(place).filter(|token| admitted(*token)) {
            return token;
        }
        let candidates = (0..self.tokenizer.vocab_size()).filter(|token| admitted(*token));
        let draw = xxhash_rust::xxh3::xxh3_64_with_seed(&place.to_le_bytes(), context.key);
        let said = compose(candidates, context.generated, &self.tokenizer, self.eos, draw);
        // a vocabulary that cannot say what is asked for ends here
        said.or(self.eos).unwrap_or(0)
    }
}

impl TokenSource for ConstrainedSource {
    fn next(&mut self, context: TokenContext<'_>) -> u32 {
        self.next_within(context, &|_| Some(0.0)).unwrap_or(0)
    }

    fn next_within(&mut self, context: TokenContext<'_>, admits: Admission<'_>) -> Option<u32> {
        self.catch_up(context.generated);
        let mask = if self.gate.is_some() || self.grammar.is_over() { None } else { self.grammar.mask() };
        let within = |token: u32| match &mask {
            Some(mask) if usize::try_from(token).is_ok_and(|token| mask.len() <= token) || !mask.is_allowed(token) => {
                None
            }
            _ => admits(token),
        };
        if let Continuation::Source(source) = &mut self.inner
            && let Some(token) = source.next_within(context, &within)
        {
            return Some(token);
        }
        Some(self.composed(context, admits, mask.as_ref()))
    }
}
