//! The model of the recordings: its logits follow from the last token alone, `lm_head · rmsnorm(embed(token))`.

use std::{
    io::Read,
    sync::{Arc, OnceLock},
};

use flate2::read::GzDecoder;
use rehearsal_fake::{
    engine::{Admission, Continuation, TokenContext, TokenSource},
    text::{TextModel, TextRequest},
    tokenizer::Tokenizer,
};
use serde::Deserialize;

use super::{
    distribution,
    sampler::{Noise, Sampler, argmax},
};

const TOKENIZER: &[u8] = include_bytes!("../../../../fixtures/tokenizers/tiny/tokenizer.json.gz");
const PUPPET: &str = include_str!("../../../../fixtures/tokenizers/tiny/puppet.json");
/// Embeddings, then the head, row by row.
const WEIGHTS: &[u8] = include_bytes!("../../../../fixtures/tokenizers/tiny/weights.bf16.gz");

/// `hidden_size` of its configuration.
const HIDDEN: usize = 128;

/// `rms_norm_eps` of its configuration.
const NORM_EPSILON: f32 = 1e-6;

/// Below this temperature vLLM samples greedily (`vllm/sampling_params.py`, `_SAMPLING_EPS`).
const GREEDY_BELOW: f64 = 1e-5;

#[derive(Debug, Deserialize)]
struct Plan {
    vocab_size: u32,
    eos: Vec<u32>,
}

/// The model and its vocabulary.
pub(crate) struct Puppet<T> {
    pub(crate) tokenizer: Tokenizer,
    pub(crate) vocab_size: u32,
    pub(crate) text: T,
}

/// The model, drawing as one of vLLM's versions draws.
pub(crate) fn load(noise: Noise) -> Puppet<impl TextModel + 'static> {
    let plan: Plan = serde_json::from_str(PUPPET).expect("the fixture is JSON");
    let tokenizer = Tokenizer::from_json(&unpacked(TOKENIZER))
        .and_then(|tokenizer| tokenizer.with_eos_token_ids(plan.eos.clone()))
        .expect("the fixture is a tokenizer");
    let text = move |request: &TextRequest<'_>| {
        let choice = u64::from(request.choice_index);
        Continuation::source(Voice { noise, choice, sampler: None })
    };
    Puppet { tokenizer, vocab_size: plan.vocab_size, text }
}

fn unpacked(gzipped: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(gzipped).read_to_end(&mut bytes).expect("the fixture is a gzip file");
    bytes
}

/// The model on one request.
struct Voice {
    noise: Noise,
    choice: u64,
    sampler: Option<Sampler>,
}

impl Voice {
    /// A real server draws with the state of its own generator when a request has no seed. Here such a request gets the token that is more
    /// probable than all others together, where there is one, and else a draw keyed by its content.
    fn pick(&mut self, context: TokenContext<'_>, mut logits: Vec<f32>) -> u32 {
        distribution::penalize(&mut logits, context);
        let temperature = context.sampling.temperature;
        if temperature < GREEDY_BELOW {
            return argmax(&logits);
        }
        distribution::flatten(&mut logits, context.sampling);
        let best = argmax(&logits);
        let logit = logits[usize::try_from(best).expect("an index")];
        let all: f32 = logits.iter().map(|other| (other - logit).exp()).sum();
        let seed = match context.sampling.seed {
            // each choice of several has the next seed (`v1/engine/parallel_sampling.py`)
            Some(seed) => seed.wrapping_add(self.choice),
            None if all < 2.0 => return best,
            None => context.key,
        };
        self.sampler.get_or_insert_with(|| Sampler::new(self.noise, seed)).draw(&logits)
    }
}

impl TokenSource for Voice {
    fn next(&mut self, context: TokenContext<'_>) -> u32 {
        self.pick(context, logits(context).to_vec())
    }

    fn next_within(&mut self, context: TokenContext<'_>, admits: Admission<'_>) -> Option<u32> {
        let limited = |(token, logit): (u32, &f32)| admits(token).map_or(f32::NEG_INFINITY, |bias| logit + bias);
        let logits = (0..).zip(logits(context)).map(limited).collect();
        Some(self.pick(context, logits))
    }

    fn ranking(&mut self, context: TokenContext<'_>, count: usize) -> Option<Vec<(u32, f32)>> {
        let logits = logits(context);
        let sum: f32 = logits.iter().map(|logit| logit.exp()).sum();
        let mut ranking: Vec<(u32, f32)> = (0..).zip(logits).map(|(token, logit)| (token, logit - sum.ln())).collect();
        ranking.sort_by(|(_, left), (_, right)| right.total_cmp(left));
        ranking.truncate(count);
        Some(ranking)
    }
}

fn logits(context: TokenContext<'_>) -> &'static [f32] {
    static WEIGHTS: OnceLock<Weights> = OnceLock::new();
    let last = context.generated.last().or(context.prompt.last()).copied().unwrap_or(0);
    WEIGHTS.get_or_init(Weights::read).logits(last)
}

struct Weights {
    embeddings: Vec<Vec<f32>>,
    head: Vec<Vec<f32>>,
    /// By last token, each computed when it is first asked for.
    logits: Arc<[OnceLock<Vec<f32>>]>,
}

impl Weights {
    fn read() -> Self {
        let bytes = unpacked(WEIGHTS);
        let values: Vec<f32> =
            bytes.chunks_exact(2).map(|pair| f32::from_bits(u32::from_le_bytes([0, 0, pair[0], pair[1]]))).collect();
        let rows: Vec<Vec<f32>> = values.chunks_exact(HIDDEN).map(<[f32]>::to_vec).collect();
        let (embeddings, head) = rows.split_at(rows.len() / 2);
        let logits = embeddings.iter().map(|_| OnceLock::new()).collect();
        Self { embeddings: embeddings.to_vec(), head: head.to_vec(), logits }
    }

    fn logits(&self, token: u32) -> &[f32] {
        let token = usize::try_from(token).unwrap_or(0).min(self.embeddings.len() - 1);
        self.logits[token].get_or_init(|| {
            let row = &self.embeddings[token];
            #[expect(clippy::cast_precision_loss, reason = "128 is exact")]
            let mean = dot(row, row) / HIDDEN as f32;
            let normed: Vec<f32> = row.iter().map(|value| value / (mean + NORM_EPSILON).sqrt()).collect();
            self.head.iter().map(|head| dot(&normed, head)).collect()
        })
    }
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}
