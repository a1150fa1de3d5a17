//! From checked requests to the text of their choices: the only place of the frontend that speaks to the driver.

use std::{collections::VecDeque, sync::Arc};

use serde_json::Value;
use xxhash_rust::xxh3::Xxh3;

use super::{
    choice::{Choice, Delta},
    context::Context,
    error::ApiError,
    request_log,
    steering::Gate,
    structured::Structured,
};
use crate::{
    driver::{Emission, EngineHandle, Submission, Ticket, Tokens},
    engine::{ContentKey, Continuation, EngineRequest, Finish, FinishReason, PrefixCacheReads, SamplingParams},
    server::Admission,
    structured::ConstrainedSource,
    text::TextRequest,
    tokenizer::Tokenizer,
    usage::Usage,
    version::UnfinishedCharacters,
};

/// A prompt and what may be generated for it.
#[derive(Clone, Debug)]
pub(super) struct Prompt {
    pub(super) text: String,
    pub(super) tokens: Arc<[u32]>,
    pub(super) sampling: SamplingParams,
    /// What the text has to be.
    pub(super) structured: Option<Structured>,
}

/// What a request asks of the engine.
#[derive(Clone, Debug)]
pub(super) struct Job<'a> {
    /// The id that its answer carries.
    pub(super) id: &'a str,
    pub(super) prompts: Vec<Prompt>,
    /// Choices of each prompt.
    pub(super) n: u32,
    pub(super) messages: Option<&'a Value>,
    /// The name that the request uses.
    pub(super) model: Option<&'a str>,
    pub(super) cache_salt: Option<String>,
    pub(super) prefix_cache_reads: PrefixCacheReads,
    pub(super) priority: i32,
}

/// A request that is being generated. Dropping it aborts what is not finished.
#[derive(Debug)]
pub(super) struct Generation {
    /// The name that answers carry.
    pub(super) model: String,
    pub(super) choices: Vec<Choice>,
    /// What came before anybody asked.
    ready: VecDeque<Delta>,
    progress: Progress,
    gate: Gate,
    /// What the engine said while the request was frozen.
    pending: Option<Emission>,
    /// Tokens of a choice that come together.
    interval: usize,
    cached_block: Option<u32>,
    admission: Option<(Admission, Ticket)>,
    /// What the engine knows it by; `None` without the engine.
    ticket: Option<Ticket>,
    /// The queue was full at the engine's door.
    refused: bool,
}

/// Where a request is.
#[derive(Debug)]
enum Progress {
    /// The server was paused when it came: it is handed over at the resumption.
    Held(EngineHandle, Ticket, Option<Submission>),
    /// With the engine.
    Submitted(Tokens),
    /// Without the engine: complete, or given up.
    Settled,
}

impl Generation {
    /// Hands the request to the engine.
    pub(super) fn start(context: &Context, job: &Job<'_>) -> Self {
        Self::start_with(context, job, &Arc::default())
    }

    /// The same for prompts in which some tokens stand for other contents.
    pub(super) fn start_with(context: &Context, job: &Job<'_>, content_keys: &Arc<[ContentKey]>) -> Self {
        let read_at = context.app.clock.now();
        request_log::received(context, job);
        let app = &context.app;
        let mut choices = Vec::new();
        let mut sequences = Vec::new();
        for (index, prompt) in job.prompts.iter().enumerate() {
            for choice_index in 0..job.n {
                let request = text_request(context, job, prompt, choice_index);
                sequences.push(EngineRequest {
                    prompt_tokens: Arc::clone(&prompt.tokens),
                    sampling: prompt.sampling.clone(),
                    continuation: constrained(app.text.reply(&request), prompt, &app.tokenizer),
                    cache_salt: job.cache_salt.clone(),
                    prefix_cache_reads: job.prefix_cache_reads,
                    priority: job.priority,
                    content_keys: Arc::clone(content_keys),
                    choice_index,
                });
                let choice = Choice::new(&app.tokenizer, index, prompt, &prompt.sampling);
                choices.push(match context.features().unfinished_characters {
                    UnfinishedCharacters::Dropped => choice,
                    UnfinishedCharacters::Replaced => choice.with_unfinished_characters(),
                });
            }
        }
        let ticket = app.engine.ticket();
        let lengths = job.prompts.iter().map(|prompt| prompt.tokens.len() as u64);
        let admitted = app.admission.as_ref().is_none_or(|admission| admission.enter(ticket, job.n, lengths).is_ok());
        let sequences = if admitted { sequences } else { Vec::new() };
        let submission = Submission { sequences, n: job.n, id: job.id.into(), read_at };
        let mut gate = context.steering.enter();
        let progress = if gate.try_pass() {
            Progress::Submitted(app.engine.submit(ticket, submission))
        } else {
            Progress::Held(app.engine.clone(), ticket, Some(submission))
        };
        Self {
            model: context.answering_model(job.model).to_owned(),
            choices,
            ready: VecDeque::new(),
            progress,
            gate,
            pending: None,
            interval: 1,
            cached_block: app.cached_block,
            admission: app.admission.clone().map(|admission| (admission, ticket)),
            ticket: Some(ticket),
            refused: !admitted,
        }
    }

    /// A request whose choices are complete, and what a stream is to say of them.
    pub(super) fn settled(context: &Context, job: &Job<'_>, choices: Vec<Choice>, ready: VecDeque<Delta>) -> Self {
        Self {
            model: context.answering_model(job.model).to_owned(),
            choices,
            ready,
            progress: Progress::Settled,
            gate: context.steering.enter(),
            pending: None,
            interval: 1,
            cached_block: context.app.cached_block,
            admission: None,
            ticket: None,
            refused: false,
        }
    }

    /// Has a choice's first token come alone and then this many at a time, as `--stream-interval` and `stream_interval` ask.
    pub(super) fn set_interval(&mut self, tokens: u32) {
        self.interval = usize::try_from(tokens).unwrap_or(usize::MAX).max(1);
    }

    /// What the engine says next; meanwhile an operator may hold, freeze or abort the request. Whoever waits no longer loses nothing.
    async fn emission(&mut self) -> Option<Emission> {
        if let Progress::Held(engine, ticket, submission) = &mut self.progress {
            self.gate.pass().await;
            let submission = submission.take()?;
            self.progress = Progress::Submitted(engine.submit(*ticket, submission));
        }
        let Progress::Submitted(tokens) = &mut self.progress else { return None };
        if self.pending.is_none() {
            tokio::select! {
                biased;
                emission = tokens.next() => self.pending = emission,
                () = self.gate.aborted() => {
                    tokens.abort();
                    return tokens.next().await;
                }
            }
        }
        self.gate.thawed().await;
        self.pending.take()
    }

    /// What comes next; `None` when every choice has finished.
    pub(super) async fn next(&mut self) -> Option<Result<Delta, ApiError>> {
        if let Some(delta) = self.ready.pop_front() {
            return Some(Ok(delta));
        }
        if self.refused {
            return Some(Err(ApiError::overloaded()));
        }
        loop {
            match self.progress().await? {
                Ok(Some(delta)) => return Some(Ok(delta)),
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// The next token or end; `None` inside for a token that waits for others.
    async fn progress(&mut self) -> Option<Result<Option<Delta>, ApiError>> {
        let (index, token, finish, at) = match self.emission().await {
            Some(Emission::Progress { choice, token, finish, at }) => (choice, token, finish, at),
            Some(Emission::Refused(error)) => {
                if let Some((admission, ticket)) = &self.admission {
                    admission.forget(*ticket);
                }
                return Some(Err(ApiError::bad_request(error.to_string())));
            }
            None if self.choices.iter().all(|choice| choice.finish.is_some()) => return None,
            None => return Some(Err(ApiError::engine_dead())),
        };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let Some(choice) = self.choices.get_mut(index) else { return Some(Err(ApiError::engine_dead())) };
        if let Some(token) = token {
            choice.token_ids.push(token);
            choice.growing.push(token);
            choice.last_token_at = Some(at);
        }
        choice.finish = finish.map(|finish| *finish);
        let waiting = choice.token_ids.len() - choice.sent;
        if choice.finish.is_none() && choice.sent != 0 && waiting < self.interval {
            return Some(Ok(None));
        }
        let held = choice.token_ids.get(choice.sent..).unwrap_or_default();
        let earlier = held.get(..waiting.saturating_sub(usize::from(token.is_some()))).unwrap_or_default().to_vec();
        choice.sent = choice.token_ids.len();
        let text = match &choice.finish {
            Some(Finish { reason: FinishReason::Error, .. }) => {
                return Some(Err(ApiError::internal("Internal server error")));
            }
            Some(finish) => choice.growing.finish(finish),
            None => choice.growing.ready(),
        };
        Some(Ok(Some(Delta { choice: index, text, token, earlier })))
    }

    /// Notes that a choice's delta is on its way.
    pub(super) fn told(&self, context: &Context, choice: usize) {
        if let (Some(ticket), Ok(choice)) = (self.ticket, u32::try_from(choice)) {
            context.app.journal.told(ticket, choice, &context.app.clock);
        }
    }

    /// Gives up what is not finished.
    pub(super) fn abort(&mut self) {
        self.progress = Progress::Settled;
    }

    /// Waits for the end of every choice.
    pub(super) async fn finish(&mut self) -> Result<(), ApiError> {
        while let Some(delta) = self.next().await {
            delta?;
        }
        Ok(())
    }

    /// The account of the whole request: each prompt once, the tokens of all choices. `cached_of` names the choice whose cached tokens are
    /// told for all, which is vLLM's way even with several prompts.
    pub(super) fn usage(&self, cached_of: usize) -> Usage {
        let mut prompts: Vec<(usize, u64)> =
            self.choices.iter().map(|choice| (choice.prompt, choice.prompt_tokens)).collect();
        prompts.dedup_by_key(|(prompt, _)| *prompt);
        let told = self.choices.get(cached_of);
        let cached = told.and_then(|choice| choice.finish?.cached_tokens).map(u64::from);
        let blocks = told.zip(self.cached_block).map(|(choice, block)| {
            let block = u64::from(block.max(1));
            choice.prompt_tokens / block * block
        });
        Usage {
            prompt_tokens: prompts.iter().map(|(_, tokens)| tokens).sum(),
            completion_tokens: self.choices.iter().map(|choice| choice.token_ids.len() as u64).sum(),
            cached_tokens: cached,
            created_cache_tokens: cached.map(|cached| blocks.unwrap_or(0).saturating_sub(cached)),
            reasoning_tokens: None,
        }
    }
}

impl Drop for Generation {
    /// What the engine never got has no end that would free its place.
    fn drop(&mut self) {
        if let (Progress::Held(..), Some((admission, ticket))) = (&self.progress, &self.admission) {
            admission.forget(*ticket);
        }
    }
}

/// What the text model is asked for a choice.
pub(super) fn text_request<'a>(
    context: &'a Context,
    job: &Job<'a>,
    prompt: &'a Prompt,
    choice_index: u32,
) -> TextRequest<'a> {
    let app = &context.app;
    let request = TextRequest::new(&prompt.text, &prompt.tokens, &app.tokenizer)
        .with_choice_index(choice_index)
        .with_key(key(app.seed, prompt));
    let request = job.messages.map_or(request, |messages| request.with_messages(messages));
    job.model.map_or(request, |model| request.with_model(model))
}

/// What the model says, within what the request admits.
fn constrained(continuation: Continuation, prompt: &Prompt, tokenizer: &Tokenizer) -> Continuation {
    match prompt.structured.clone() {
        Some(Structured { grammar, gate }) => {
            Continuation::source(ConstrainedSource::new(continuation, grammar, gate, tokenizer))
        }
        None => continuation,
    }
}

/// The key of a request's content and of all seeds.
fn key(server_seed: u64, prompt: &Prompt) -> u64 {
    let mut hash = Xxh3::with_seed(server_seed);
    for token in prompt.tokens.iter() {
        hash.update(&token.to_le_bytes());
    }
    if let Some(seed) = prompt.sampling.seed {
        hash.update(&seed.to_le_bytes());
    }
    hash.digest()
}
