//! The model of the recordings: whatever the last token was, one follows.

use std::{collections::BTreeMap, io::Read};

use flate2::read::GzDecoder;
use rehearsal_fake::{
    engine::{Continuation, TokenContext},
    text::{TextModel, TextRequest},
    tokenizer::Tokenizer,
};
use serde::Deserialize;

const TOKENIZER: &[u8] = include_bytes!("../../../../fixtures/tokenizers/tiny/tokenizer.json.gz");
const PUPPET: &str = include_str!("../../../../fixtures/tokenizers/tiny/puppet.json");

#[derive(Debug, Deserialize)]
struct Plan {
    vocab_size: u32,
    eos: Vec<u32>,
    successor: BTreeMap<u32, u32>,
}

/// The model and its vocabulary.
pub(crate) struct Puppet<T> {
    pub(crate) tokenizer: Tokenizer,
    pub(crate) vocab_size: u32,
    pub(crate) text: T,
}

pub(crate) fn load() -> Puppet<impl TextModel + 'static> {
    let plan: Plan = serde_json::from_str(PUPPET).expect("the fixture is JSON");
    let mut json = Vec::new();
    GzDecoder::new(TOKENIZER).read_to_end(&mut json).expect("the fixture is a gzip file");
    let tokenizer = Tokenizer::from_json(&json)
        .and_then(|tokenizer| tokenizer.with_eos_token_ids(plan.eos.clone()))
        .expect("the fixture is a tokenizer");
    let successor = plan.successor;
    let text = move |_: &TextRequest<'_>| {
        let successor = successor.clone();
        Continuation::source(move |context: TokenContext<'_>| {
            let last = context.generated.last().or(context.prompt.last()).copied().unwrap_or(0);
            successor.get(&last).copied().unwrap_or(0)
        })
    };
    Puppet { tokenizer, vocab_size: plan.vocab_size, text }
}
