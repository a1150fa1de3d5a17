//! The features together, as a row of `compat.toml` has them for one version.

use serde::Deserialize;

use super::{
    BadArguments, ChunkUsage, Coercion, ConfiguredMaxTokens, CrossOrigin, DeveloperRole, DoneMarker,
    EmptyStreamOptions, EmptyTools, ErrorCode, ErrorParam, ExceptionCause, FinishChunk, ForceIncludeUsage, HeaderStyle,
    ImageProcessing, InternalErrors, LastDelta, LengthStatus, Limit, LoadReport, LogprobTypes, MessagesContent,
    MissingSchema, ModelAliases, NanTemperature, NegativeIds, NegativeTokenIds, NonObjectBody, NullMaxTokens,
    NullMessages, Overflow, PartialCharacters, PydanticErrors, QueueLimits, ReplyParsing, RequestMmKwargs,
    ResponsesHistory, ResponsesStream, ResponsesTools, RoleDelta, ScaleOutRoutes, SeveralChoices, StartupLog,
    StopSequence, StreamInterval, StreamedBeams, Suffix, Termination, TextModelName, TextOffsets, TokensStream,
    ToolResults, ToollessChoice, TruncationSide, UnfinishedCharacters, WholeTruncation, ZeroCachedTokens,
    ZeroMaxCompletionTokens,
};

/// Everything but shapes that differs between versions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// What `stream_options: {}` asks for.
    pub empty_stream_options: EmptyStreamOptions,
    /// What `--enable-force-include-usage` does to a stream.
    pub force_include_usage: ForceIncludeUsage,
    /// What a completion chunk without usage carries under that key.
    pub completion_chunk_usage: ChunkUsage,
    /// How a cached count of zero is written.
    pub zero_cached_tokens: ZeroCachedTokens,
    /// How values of another JSON type are taken.
    pub coercion: Coercion,
    /// How a streamed response is told.
    pub responses_stream: ResponsesStream,
    /// What `response.status` says when the output reached its limit.
    pub responses_length_status: LengthStatus,
    /// How output items given back as input become messages.
    pub responses_history: ResponsesHistory,
    /// How the tools of a response reach the chat template.
    pub responses_tools: ResponsesTools,
    /// What `tool_choice` is when there are no tools.
    pub responses_toolless_choice: ToollessChoice,
    /// Which blocks the content of a message has.
    pub messages_content: MessagesContent,
    /// What `stop_reason` says about a stop sequence.
    pub messages_stop_sequence: StopSequence,
    /// What the last delta of a streamed message does.
    pub messages_last_delta: LastDelta,
    /// Whether `data: [DONE]` follows `message_stop`.
    pub messages_done_marker: DoneMarker,
    /// What the text of a tool's result is.
    pub messages_tool_results: ToolResults,
    /// Hexadecimal digits of a generated request id.
    pub id_digits: usize,
    /// `owned_by` in `/v1/models`.
    pub owned_by: String,
    /// The headers of every answer.
    pub headers: HeaderStyle,
    /// `system_fingerprint`, empty when it is null; `{version}` stands for the release.
    pub fingerprint: String,
    /// Whether `endpoint-load-metrics-format` is answered.
    pub load_report: LoadReport,
    /// Which origins may read answers unless `--allowed-origins` says otherwise.
    pub cross_origin: CrossOrigin,
    /// Whether the queue can be bounded.
    pub queue_limits: QueueLimits,
    /// What `error.code` holds.
    pub error_code: ErrorCode,
    /// Whether `error.param` names the field.
    pub error_param: ErrorParam,
    /// Whether an unknown model's error lists the known ones.
    pub valid_aliases: ModelAliases,
    /// How validation errors are worded.
    pub pydantic_errors: PydanticErrors,
    /// What a body does that is JSON but no object.
    pub non_object_body: NonObjectBody,
    /// What `max_new_tokens` of a generation config does to requests with a limit of their own.
    pub configured_max_tokens: ConfiguredMaxTokens,
    /// Whether the message of a failed rendering repeats its cause.
    pub exception_cause: ExceptionCause,
    /// What an empty conversation is told.
    pub empty_conversation: String,
    /// What messages that are no list are told.
    pub null_messages: NullMessages,
    /// Under which name a model without images is said to be one.
    pub text_model_name: TextModelName,
    /// What becomes of the developer's messages when the template does not know that role.
    pub developer_role: DeveloperRole,
    /// The values of `reasoning_effort`.
    pub reasoning_efforts: String,
    /// Whether the numbers of log probabilities have to be numbers before anything else is looked at.
    pub logprob_types: LogprobTypes,
    /// Which end of a prompt is cut off.
    pub truncation_side: TruncationSide,
    /// What an empty list of prompts is told.
    pub no_prompts: String,
    /// What `suffix` is told.
    pub suffix: Suffix,
    /// What `truncate_prompt_tokens: -1` keeps.
    pub whole_truncation: WholeTruncation,
    /// How log probabilities name parts of characters.
    pub partial_characters: PartialCharacters,
    /// What becomes of characters that are unfinished when a reply ends.
    pub unfinished_characters: UnfinishedCharacters,
    /// What `text_offset` counts in a stream.
    pub text_offsets: TextOffsets,
    /// What happens when prompt and `max_tokens` exceed the context.
    pub max_tokens_overflow: Overflow,
    /// What `max_completion_tokens: 0` does.
    pub zero_max_completion_tokens: ZeroMaxCompletionTokens,
    /// What `max_tokens: null` does on `/v1/completions`.
    pub null_max_tokens: NullMaxTokens,
    /// Whether `n > 1` and lists of prompts are served.
    pub several_choices: SeveralChoices,
    /// The greatest temperature.
    pub max_temperature: Limit,
    /// How many stop strings are taken.
    pub max_stop_strings: Limit,
    /// What a prompt with a token id below zero does.
    pub negative_token_ids: NegativeTokenIds,
    /// What a temperature does that is no number.
    pub nan_temperature: NanTemperature,
    /// What a completion does that wants beams and a stream.
    pub streamed_beams: StreamedBeams,
    /// What becomes of open requests when the process is told to stop.
    pub termination: Termination,
    /// How start-up words its lines.
    pub startup_log: StartupLog,
    /// Where `finish_reason` stands in a stream.
    pub finish_chunk: FinishChunk,
    /// What the delta that opens a chat stream holds.
    pub role_delta: RoleDelta,
    /// Whether routes between servers answer without `--enable-scale-out`.
    pub scale_out_routes: ScaleOutRoutes,
    /// Whether `/inference/v1/generate` streams.
    pub tokens_stream: TokensStream,
    /// What `/detokenize` says of negative ids.
    pub negative_detokenize_ids: NegativeIds,
    /// Whether a request may ask for tokens several at a time.
    pub stream_interval: StreamInterval,
    /// How reasoning and tool calls are found in a reply.
    pub reply_parsing: ReplyParsing,
    /// What `tools: []` does.
    pub empty_tools: EmptyTools,
    /// What tool-call arguments that are no JSON do in a conversation.
    pub bad_arguments: BadArguments,
    /// What a `response_format` of a JSON schema does without one.
    pub missing_schema: MissingSchema,
    /// How an exception that is nobody's fault but the server's is answered.
    pub internal_errors: InternalErrors,
    /// Who turns images into tokens.
    pub image_processing: ImageProcessing,
    /// What `mm_processor_kwargs` of a request do.
    pub request_mm_kwargs: RequestMmKwargs,
}
