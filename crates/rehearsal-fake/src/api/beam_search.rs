//! Beam search, `use_beam_search: true` (`beam_search` in `vllm/entrypoints/openai/serving_engine.py` of 0.13.0): each step asks the engine
//! for one token of every beam and keeps the best continuations of all of them.
//!
//! What a beam may go on with comes from the text model's ranking; a model without one gets alternatives that follow from its token and
//! its place, the same that the log probabilities show.

use std::{collections::VecDeque, num::NonZeroU32};

use serde_json::Value;

use super::{
    choice::{Choice, Delta},
    context::Context,
    error::ApiError,
    fields::Fields,
    generation::{Generation, Job, Prompt, text_request},
    logprobs::{Logprobs, TokenNames, Wanted},
    request_log,
    sse::{Events, Outbox},
};
use crate::{
    driver::{Emission, Submission},
    engine::{
        Continuation, EngineRequest, Finish, FinishReason, LastTokenText, SamplingParams, StopReason, TokenContext,
    },
    version::{Features, SeveralChoices},
};

/// What a request says about its beams; how many there are is its `n`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Beams {
    length_penalty: f64,
    ignore_eos: bool,
    include_stop_str_in_output: bool,
}

impl Beams {
    /// Reads it; `None` for a request that samples.
    pub(super) fn read(features: &Features, fields: &mut Fields<'_>) -> Option<Self> {
        let wanted = fields.bool("use_beam_search").unwrap_or(false);
        let beams = Self {
            length_penalty: fields.float("length_penalty").unwrap_or(1.0),
            ignore_eos: fields.bool("ignore_eos").unwrap_or(false),
            include_stop_str_in_output: fields.bool("include_stop_str_in_output").unwrap_or(false),
        };
        (wanted && features.several_choices == SeveralChoices::Served).then_some(beams)
    }

    /// Alternatives that each step asks of each of `width` beams.
    pub(super) fn alternatives(width: u32) -> i64 {
        2 * i64::from(width)
    }

    /// Runs the search for every prompt of the job. The outcome has all its text at once.
    pub(super) async fn search(self, context: &Context, job: &Job<'_>) -> Result<Generation, ApiError> {
        request_log::received(context, job);
        let searches = (0..).zip(&job.prompts).map(|(index, prompt)| async move {
            let best = Search::new(self, context, job, prompt).run().await?;
            Ok::<_, ApiError>(best.into_iter().map(move |beam| (index, prompt, beam)))
        });
        let (mut choices, mut deltas) = (Vec::new(), VecDeque::new());
        for (index, prompt, beam) in futures_util::future::try_join_all(searches).await?.into_iter().flatten() {
            let (choice, text) = self.choice(context, index, prompt, &beam);
            deltas.push_back(Delta { choice: choices.len(), text, token: None, earlier: Vec::new() });
            choices.push(choice);
        }
        Ok(Generation::settled(context, job, choices, deltas))
    }

    fn choice(self, context: &Context, index: usize, prompt: &Prompt, beam: &Beam) -> (Choice, String) {
        let tokenizer = &context.app.tokenizer;
        // `tokenizer.decode(tokens)`: special tokens are shown, but for an end of sequence at the end
        let sampling = SamplingParams { skip_special_tokens: false, ..SamplingParams::new(NonZeroU32::MAX) };
        let ends = beam.tokens.last() == tokenizer.eos_token_ids().first() && !self.ignore_eos;
        let mut choice = Choice::new(tokenizer, index, prompt, &sampling);
        let last = beam.tokens.len().saturating_sub(usize::from(ends && !beam.tokens.is_empty()));
        let text = choice.take(&beam.tokens, last, beam.finish);
        (choice, text)
    }
}

/// A row of tokens behind the prompt that is still growing.
#[derive(Clone, Debug, Default)]
struct Row {
    tokens: Vec<u32>,
    cumulative: f64,
}

/// A row that is complete.
#[derive(Clone, Debug)]
struct Beam {
    tokens: Vec<u32>,
    cumulative: f64,
    finish: Finish,
}

struct Search<'a> {
    beams: Beams,
    context: &'a Context,
    job: &'a Job<'a>,
    prompt: &'a Prompt,
    width: usize,
    key: u64,
    continuation: Continuation,
    /// What a model without a ranking says, as far as it was asked.
    said: Vec<u32>,
}

impl<'a> Search<'a> {
    fn new(beams: Beams, context: &'a Context, job: &'a Job<'a>, prompt: &'a Prompt) -> Self {
        let request = text_request(context, job, prompt, 0);
        let (key, continuation) = (request.key, context.app.text.reply(&request));
        Self { beams, context, job, prompt, width: job.n.max(1) as usize, key, continuation, said: Vec::new() }
    }

    /// The best beams, the best first.
    async fn run(mut self) -> Result<Vec<Beam>, ApiError> {
        let eos = self.context.app.tokenizer.eos_token_ids().first().copied();
        let mut running = vec![Row::default()];
        let mut complete: Vec<Beam> = Vec::new();
        let mut finish = None;
        for _ in 0..self.prompt.sampling.max_tokens.get() {
            let ranked: Vec<Vec<(u32, f64)>> = running.iter().map(|row| self.candidates(&row.tokens)).collect();
            let step = step(self.context, self.job, self.prompt, &running, &ranked).await?;
            finish = Some(step);
            let mut grown = Vec::new();
            for (Row { tokens, cumulative }, candidates) in running.iter().zip(&ranked) {
                for (token, logprob) in candidates {
                    let cumulative = cumulative + logprob;
                    let longer = || tokens.iter().copied().chain([*token]).collect::<Vec<u32>>();
                    if Some(*token) != eos || self.beams.ignore_eos {
                        grown.push(Row { tokens: longer(), cumulative });
                        continue;
                    }
                    let tokens = if self.beams.include_stop_str_in_output { longer() } else { tokens.clone() };
                    let stop_reason = Some(StopReason::Token(*token));
                    let finish = Finish { reason: FinishReason::Stop, stop_reason, ..step };
                    complete.push(Beam { tokens, cumulative, finish });
                }
            }
            grown.sort_by(|left, right| right.cumulative.total_cmp(&left.cumulative));
            grown.truncate(self.width);
            running = grown;
        }
        let Some(finish) = finish else { return Ok(Vec::new()) };
        let finish = Finish { reason: FinishReason::Length, stop_reason: None, ..finish };
        complete.extend(running.into_iter().map(|Row { tokens, cumulative }| Beam { tokens, cumulative, finish }));
        complete.sort_by(|left, right| self.score(right, eos).total_cmp(&self.score(left, eos)));
        complete.truncate(self.width);
        Ok(complete)
    }

    /// `get_beam_search_score` of `vllm/beam_search.py`: the mean log probability over prompt and reply, lengths weighted.
    #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^53")]
    fn score(&self, beam: &Beam, eos: Option<u32>) -> f64 {
        let last = beam.tokens.last().or(self.prompt.tokens.last()).copied();
        let length = self.prompt.tokens.len() + beam.tokens.len() - usize::from(last == eos && eos.is_some());
        beam.cumulative / (length as f64).powf(self.beams.length_penalty)
    }

    /// What may follow these tokens, the most probable first.
    fn candidates(&mut self, generated: &[u32]) -> Vec<(u32, f64)> {
        let count = 2 * self.width;
        let app = &self.context.app;
        let sampling = &self.prompt.sampling;
        let vocab_size = app.vocab_size;
        let context = TokenContext { prompt: &self.prompt.tokens, generated, key: self.key, vocab_size, sampling };
        if let Continuation::Source(source) = &mut self.continuation
            && let Some(ranking) = source.ranking(context, count)
        {
            return ranking.into_iter().map(|(token, logprob)| (token, f64::from(logprob))).collect();
        }
        let place = generated.len();
        let said = self.said(place);
        let wanted = Wanted { top: 0, names: TokenNames::Text };
        let all = Logprobs { tokenizer: &app.tokenizer, wanted }.candidates(
            said,
            place,
            u32::try_from(2 * count).unwrap_or(u32::MAX),
        );
        let plain = |token: u32| token == said || !app.tokenizer.is_special(token);
        all.into_iter().filter(|(token, _)| plain(*token)).take(count).collect()
    }

    /// The token that a model without a ranking says at that place, whatever came before it.
    fn said(&mut self, place: usize) -> u32 {
        let app = &self.context.app;
        while self.said.len() <= place {
            let generated = self.said.as_slice();
            let token = match &mut self.continuation {
                Continuation::Script(script) => {
                    let eos = app.tokenizer.eos_token_ids().first();
                    script.get(generated.len()).or(eos).copied().unwrap_or(0)
                }
                Continuation::Source(source) => source.next(TokenContext {
                    prompt: &self.prompt.tokens,
                    generated,
                    key: self.key,
                    vocab_size: app.vocab_size,
                    sampling: &self.prompt.sampling,
                }),
                Continuation::Drawn => {
                    let draw = xxhash_rust::xxh3::xxh3_64_with_seed(&generated.len().to_le_bytes(), self.key);
                    u32::try_from(draw % u64::from(app.tokenizer.vocab_size().max(1))).unwrap_or(0)
                }
            };
            self.said.push(token);
        }
        self.said.get(place).copied().unwrap_or(0)
    }
}

/// Lets the engine compute one token of each beam.
async fn step(
    context: &Context,
    job: &Job<'_>,
    prompt: &Prompt,
    running: &[Row],
    ranked: &[Vec<(u32, f64)>],
) -> Result<Finish, ApiError> {
    let sequence = |(Row { tokens, .. }, candidates): (&Row, &Vec<(u32, f64)>)| {
        let best: Vec<u32> = candidates.iter().map(|(token, _)| *token).take(1).collect();
        EngineRequest {
            sampling: SamplingParams {
                temperature: prompt.sampling.temperature,
                ..SamplingParams::new(NonZeroU32::MIN)
            },
            continuation: Continuation::Script(best.into()),
            cache_salt: job.cache_salt.clone(),
            priority: job.priority,
            ..EngineRequest::new([&prompt.tokens, tokens.as_slice()].concat(), NonZeroU32::MIN)
        }
    };
    let sequences = running.iter().zip(ranked).map(sequence).collect();
    let engine = &context.app.engine;
    let mut outcome = engine
        .submit(engine.ticket(), Submission { sequences, n: 1, id: job.id.into(), read_at: context.app.clock.now() });
    let mut last = None;
    while let Some(emission) = outcome.next().await {
        match emission {
            Emission::Refused(error) => return Err(ApiError::bad_request(error.to_string())),
            Emission::Progress { finish: Some(finish), .. } if finish.reason == FinishReason::Error => {
                return Err(ApiError::internal("Internal server error"));
            }
            Emission::Progress { finish, .. } => last = finish.or(last),
        }
    }
    let finish = last.filter(|_| outcome.is_complete()).ok_or_else(ApiError::engine_dead)?;
    Ok(Finish { text_end: None, last_token_text: LastTokenText::Kept, cached_tokens: None, ..*finish })
}

/// A stream that holds the whole answer in one event: what old versions make of beams that are to be streamed.
#[derive(Debug)]
pub(super) struct OneEvent(pub(super) Value);

impl Events for OneEvent {
    async fn next(&mut self, _context: &Context, out: &mut Outbox) -> bool {
        out.event(&self.0);
        out.done();
        false
    }
}

/// A stream that holds nothing but the refusal of a search that began with it.
#[derive(Debug)]
pub(super) struct OneError(pub(super) ApiError);

impl Events for OneError {
    async fn next(&mut self, context: &Context, out: &mut Outbox) -> bool {
        out.error(&context.wire, &self.0);
        out.done();
        false
    }
}
