//! The body of `/v1/completions`, read and checked.

use serde_json::{Map, Value};

use super::{
    beam_search::Beams,
    error::ApiError,
    fields::Fields,
    limits::{Truncation, read_truncation},
    logprobs::{self, TokenNames},
    prompt_input::{PromptInput, read_prompts},
    rules::Rules,
    sampling::Sampling,
    stream_options::{StreamRequest, read_stream, with_interval},
    structured::{StructuredRequest, check_schema},
    validation::{Handler, invalid},
};
use crate::version::{Features, NullMaxTokens, PydanticErrors, SeveralChoices, StreamedBeams, Suffix};

/// The route of this request.
pub(super) const COMPLETIONS: Handler = Handler { path: "/v1/completions", function: "create_completion", line: 518 };

/// `CompletionRequest.max_tokens` when it is absent.
const DEFAULT_MAX_TOKENS: i64 = 16;

/// A completion as asked for.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the names and types of vLLM's request fields")]
pub(super) struct CompletionRequest {
    pub(super) model: Option<String>,
    pub(super) prompts: Vec<PromptInput>,
    pub(super) sampling: Sampling,
    pub(super) max_tokens: i64,
    pub(super) stream: Option<StreamRequest>,
    pub(super) logprobs: Option<logprobs::Wanted>,
    /// `logprobs` as sent, for its limit.
    pub(super) top_logprobs: i64,
    pub(super) prompt_logprobs: Option<i64>,
    pub(super) return_token_ids: bool,
    pub(super) truncation: Truncation,
    pub(super) cache_salt: Option<String>,
    pub(super) priority: i32,
    pub(super) echo: bool,
    pub(super) beams: Option<Beams>,
    /// Whether the handler asserts that the `max_tokens` that is null is not.
    crashes: bool,
    has_suffix: bool,
    has_embeddings: bool,
    pub(super) structured: StructuredRequest,
    response_format: Value,
}

impl CompletionRequest {
    /// Reads the body: first the rules about several fields, then each field, as pydantic does.
    pub(super) fn read(features: &Features, body: &Map<String, Value>) -> Result<Self, ApiError> {
        check_rules(features, body)?;
        let mut fields = Fields::new(body, features.coercion);
        let top_logprobs = fields.int("logprobs");
        let names = match fields.bool("return_tokens_as_token_ids") {
            Some(true) => TokenNames::Ids,
            _ => TokenNames::Text,
        };
        let stream = read_stream(&mut fields);
        let crashes = fields.is_null("max_tokens") && features.null_max_tokens == NullMaxTokens::Crash;
        let request = Self {
            model: fields.string("model").map(str::to_owned),
            prompts: read_prompts(features, &mut fields),
            max_tokens: fields.int("max_tokens").unwrap_or(if crashes { 0 } else { DEFAULT_MAX_TOKENS }),
            sampling: Sampling::read(&mut fields, features),
            stream: with_interval(features, &mut fields, stream),
            logprobs: top_logprobs.map(|top| logprobs::Wanted { top: u32::try_from(top).unwrap_or(0), names }),
            top_logprobs: top_logprobs.unwrap_or(0),
            prompt_logprobs: fields.int("prompt_logprobs"),
            return_token_ids: fields.bool("return_token_ids").unwrap_or(false),
            truncation: read_truncation(features, &mut fields),
            cache_salt: fields.string("cache_salt").map(str::to_owned),
            priority: fields.int("priority").and_then(|priority| i32::try_from(priority).ok()).unwrap_or(0),
            echo: fields.bool("echo").unwrap_or(false),
            beams: Beams::read(features, &mut fields),
            structured: StructuredRequest::read(&mut fields, features),
            response_format: fields.value("response_format").cloned().unwrap_or_default(),
            crashes,
            has_suffix: fields.string("suffix").is_some(),
            has_embeddings: fields.value("prompt_embeds").is_some(),
        };
        let problems = fields.into_problems();
        if problems.is_empty() { Ok(request) } else { Err(invalid(features, COMPLETIONS, &problems)) }
    }

    /// What the server refuses before it looks at the prompts.
    pub(super) fn check(&self, features: &Features) -> Result<(), ApiError> {
        let several = 1 < self.prompts.len() || self.sampling.n.is_some_and(|n| 1 < n);
        if features.several_choices == SeveralChoices::Refused && several {
            return Err(ApiError::bad_request("Only n=1 is supported."));
        }
        if self.beams.is_some() && self.stream.is_some() && features.streamed_beams == StreamedBeams::Refused {
            return Err(ApiError::bad_request("Streaming is not currently supported with beam search"));
        }
        self.sampling.check_sequences(self.prompts.len())?;
        if self.has_suffix {
            return Err(self.suffix_refused(features));
        }
        if self.has_embeddings && self.echo {
            return Err(ApiError::bad_request("Echo is unsupported with prompt embeds."));
        }
        if self.has_embeddings && self.prompt_logprobs.is_some() {
            return Err(ApiError::bad_request("prompt_logprobs is not compatible with prompt embeds."));
        }
        if self.has_embeddings {
            let message = "You must set `--enable-prompt-embeds` to input `prompt_embeds`.";
            return Err(ApiError::bad_param(features, "prompt_embeds", message));
        }
        if self.crashes && self.stream.is_some() {
            return Err(crash());
        }
        check_schema(&self.response_format)?;
        if self.prompts.is_empty() {
            return Err(ApiError::bad_request(&features.no_prompts));
        }
        Ok(())
    }

    /// What old versions fail with once the reply is there: they assert that `max_tokens` is a number.
    pub(super) fn check_reply(&self) -> Result<(), ApiError> {
        if self.crashes { Err(crash()) } else { Ok(()) }
    }

    /// Whether the reply may fill the context, as old versions take a `max_tokens` that is null.
    pub(super) fn is_unlimited(&self) -> bool {
        self.crashes
    }

    /// What a text to put behind the reply is told, in vLLM's order.
    fn suffix_refused(&self, features: &Features) -> ApiError {
        if features.suffix == Suffix::Unsupported {
            return ApiError::bad_request("suffix is not currently supported");
        }
        let all_text = self.prompts.iter().all(|prompt| matches!(prompt, PromptInput::Text(_)));
        ApiError::bad_field(
            "suffix",
            match () {
                () if self.echo => "Echo is unsupported with suffix.",
                () if self.has_embeddings => "suffix is not supported with prompt_embeds",
                () if self.truncation.tokens.is_some() => "suffix is not supported with truncate_prompt_tokens",
                () if all_text => "suffix is only supported for models with FIM completion rendering",
                () => "suffix requires text prompt input for FIM completion rendering",
            },
        )
    }

    /// `max_tokens` for the engine: it cannot generate nothing, so an echo without a reply hides one token.
    pub(super) fn generates_hidden_token(&self) -> bool {
        self.echo && self.max_tokens == 0 && !self.is_unlimited()
    }
}

/// The validators of `CompletionRequest` with `mode="before"`.
fn check_rules(features: &Features, body: &Map<String, Value>) -> Result<(), ApiError> {
    let rules = Rules::new(features, COMPLETIONS, body);
    let empty = rules.get("prompt").is_none_or(|prompt| prompt == "");
    if empty && rules.get("prompt_embeds").is_none() {
        return rules.refuse("prompt", "Either prompt or prompt_embeds must be provided and non-empty.");
    }
    rules.numbers(["prompt_logprobs", "logprobs"])?;
    rules.streaming()?;
    if let Some(logprobs) = rules.get("logprobs").and_then(Value::as_i64).filter(|logprobs| *logprobs < 0) {
        // newer versions take -1 for the whole vocabulary, as chats do
        match features.pydantic_errors {
            PydanticErrors::Quoted => return rules.refuse("logprobs", "`logprobs` must be a positive value."),
            PydanticErrors::Brief if logprobs < -1 => {
                return rules.refuse_value("logprobs", logprobs, "`logprobs` must be a positive value or -1.");
            }
            PydanticErrors::Brief => {}
        }
    }
    rules.schema()?;
    rules.one_constraint()?;
    rules.cache_salt()
}

/// An assertion has no text.
fn crash() -> ApiError {
    ApiError::internal("")
}
