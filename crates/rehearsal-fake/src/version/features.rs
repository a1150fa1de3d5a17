//! The features whose value depends on the version, as types; their values come from `compat.toml`.

use serde::Deserialize;

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

macro_rules! choices {
    ($(#[$doc:meta] $name:ident { $(#[$variant_doc:meta] $variant:ident),+ $(,)? })+) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $(#[$variant_doc] $variant),+ }
    )+};
}

choices! {
    /// What `stream_options: {}` asks for.
    EmptyStreamOptions {
        /// A usage chunk: `include_usage` is true by default.
        Include,
        /// Nothing.
        Exclude,
    }
    /// What `--enable-force-include-usage` does to a stream.
    ForceIncludeUsage {
        /// A final usage chunk; continuous usage only when asked for.
        Final,
        /// Usage on every chunk and a final usage chunk, whatever the request says.
        Continuous,
        /// The server does not start with the flag.
        Refused,
    }
    /// What a completion chunk without usage carries under that key.
    ChunkUsage {
        /// `"usage":null`.
        Null,
        /// No such key.
        Absent,
    }
    /// How a cached count of zero is written when prompt token details are enabled.
    ZeroCachedTokens {
        /// The details are null, or left out of a stream.
        Null,
        /// `{"cached_tokens":0}`.
        Zero,
    }
    /// How values of another JSON type are taken.
    Coercion {
        /// As pydantic does: `"yes"` is true, `4.0` and `"4"` are 4.
        Lax,
        /// Refused.
        Strict,
    }
    /// How a streamed response is told.
    ResponsesStream {
        /// `content_index` counts deltas, ids are UUIDs, and the completed response holds what the last delta holds.
        DeltaByDelta,
        /// One state an output item, opened and closed; the completed response holds the items streamed.
        ItemByItem,
    }
    /// What `response.status` says when the output reached its limit.
    LengthStatus {
        /// `completed`.
        Completed,
        /// `incomplete`, with `incomplete_details`.
        Incomplete,
    }
    /// How output items given back as input become messages.
    ResponsesHistory {
        /// One message an item.
        Separate,
        /// Items of one turn become one message.
        Merged,
    }
    /// How the tools of a response reach the chat template.
    ResponsesTools {
        /// Each with all fields of a response's tool.
        Whole,
        /// As those of a chat.
        AsChat,
    }
    /// What `tool_choice` is when there are no tools.
    ToollessChoice {
        /// What the request says, `auto` by default.
        Kept,
        /// `none`; a choice that needs a tool is refused.
        None,
    }
    /// Which blocks the content of a message has.
    MessagesContent {
        /// A text, which may be empty, then tools.
        TextFirst,
        /// Thinking, text and tools, each only if there is any; an empty text if there is nothing.
        Blocks,
    }
    /// What `stop_reason` says about a stop sequence.
    StopSequence {
        /// `end_turn`.
        EndTurn,
        /// `stop_sequence`, and which one.
        Named,
    }
    /// What the last delta of a streamed message does.
    LastDelta {
        /// Its text is lost.
        Lost,
        /// Its text is sent.
        Sent,
    }
    /// Whether `data: [DONE]` follows the last event of a streamed message.
    DoneMarker {
        /// It does.
        Sent,
        /// It does not.
        NotSent,
    }
    /// What the text of a tool's result is.
    ToolResults {
        /// Python's `str` of its content.
        Printed,
        /// The texts of its content, a line each.
        Joined,
    }
    /// The headers of every answer.
    HeaderStyle {
        /// `server: uvicorn`, `vary: Origin`, a charset on event streams.
        Uvicorn,
        /// No server header; `cache-control: no-cache` on event streams.
        Hyper,
    }
    /// Whether the request header `endpoint-load-metrics-format` is answered.
    LoadReport {
        /// It is not.
        Absent,
        /// By `endpoint-load-metrics`, in answers that are no stream.
        Header,
    }
    /// Which origins may read answers by default.
    CrossOrigin {
        /// All.
        Any,
        /// None.
        None,
    }
    /// Whether requests are refused when too many are in flight.
    QueueLimits {
        /// There are no such flags.
        Absent,
        /// With `--max-num-queued-reqs` and `--max-num-queued-tokens`.
        Served,
    }
    /// What `error.code` holds.
    ErrorCode {
        /// The HTTP status, a number.
        Status,
        /// A word such as `model_not_found`.
        Name,
    }
    /// Whether `error.param` names the field.
    ErrorParam {
        /// Always null.
        Null,
        /// The field's name where there is one.
        Named,
    }
    /// Whether an unknown model's error lists the known ones.
    ModelAliases {
        /// It does not.
        Hidden,
        /// "Valid aliases: …".
        Listed,
    }
    /// How validation errors are worded.
    PydanticErrors {
        /// With the input quoted as a Python value.
        Quoted,
        /// The message alone.
        Brief,
    }
    /// What a body does that is JSON but no object.
    NonObjectBody {
        /// 500 in plain text.
        Crash,
        /// 400.
        Refused,
    }
    /// Whether the message of a failed rendering repeats its cause.
    ExceptionCause {
        /// After a space, `None` if there is none.
        Appended,
        /// It does not.
        Absent,
    }
    /// What messages that are no list are told.
    NullMessages {
        /// That they are no list.
        NoList,
        /// That Python cannot walk over them, if it cannot.
        NotIterable,
    }
    /// Under which name a model without images is said to be one.
    TextModelName {
        /// Its path or repository.
        Root,
        /// The first served name.
        Served,
    }
    /// What becomes of the developer's messages when the template does not know that role.
    DeveloperRole {
        /// Nothing.
        Kept,
        /// They are the system's, and all of the system's come first, as one.
        System,
    }
    /// Whether the numbers of log probabilities have to be numbers before anything else is looked at.
    LogprobTypes {
        /// They do not.
        Unchecked,
        /// They do.
        Numbers,
    }
    /// Which end of a prompt `truncate_prompt_tokens` cuts off.
    TruncationSide {
        /// The beginning.
        Left,
        /// The one that `truncation_side` names.
        Asked,
    }
    /// What `suffix` is told by a model that does not fill in the middle.
    Suffix {
        /// That nobody takes it.
        Unsupported,
        /// That other models take it.
        FillInTheMiddle,
    }
    /// What `truncate_prompt_tokens: -1` keeps.
    WholeTruncation {
        /// What the context holds.
        Context,
        /// One token less, unless nothing is to be generated.
        OneLeft,
    }
    /// How log probabilities name a token that is a part of a character.
    PartialCharacters {
        /// As U+FFFD.
        Replaced,
        /// As nothing, and the whole character with the last part.
        Joined,
    }
    /// What `text_offset` counts in a stream.
    TextOffsets {
        /// Characters of the text sent before.
        Text,
        /// Characters of the tokens told before.
        Tokens,
    }
    /// What happens when prompt and `max_tokens` exceed the context.
    Overflow {
        /// 400.
        Refused,
        /// As many tokens as fit.
        Clamped,
    }
    /// What `max_completion_tokens: 0` does.
    ZeroMaxCompletionTokens {
        /// As if it were not there.
        Ignored,
        /// 400.
        Refused,
    }
    /// What `max_tokens: null` does on `/v1/completions`.
    NullMaxTokens {
        /// 500 with an empty message.
        Crash,
        /// 16 tokens, as if it were not there.
        Default,
    }
    /// Whether `n > 1` and lists of prompts are served.
    SeveralChoices {
        /// They are.
        Served,
        /// 400.
        Refused,
    }
    /// A limit that came with a later release.
    Limit {
        /// None.
        Unbounded,
        /// Two.
        Two,
        /// Four.
        Four,
    }
    /// What a prompt with a token id below zero does.
    NegativeTokenIds {
        /// It reaches the model and kills the engine.
        Fatal,
        /// 400.
        Refused,
    }
    /// What a temperature does that is no number.
    NanTemperature {
        /// It is taken; the first token of the vocabulary wins every draw.
        Taken,
        /// 400.
        Refused,
    }
    /// What a completion does that wants beams and a stream.
    StreamedBeams {
        /// One event with the whole answer.
        OneEvent,
        /// 400.
        Refused,
    }
    /// What becomes of open requests when the process is told to stop.
    Termination {
        /// No byte comes any more; connections stay open until their clients leave.
        Hang,
        /// They end at once with `finish_reason` `abort`.
        Abort,
        /// Connections are cut.
        Cut,
    }
    /// How start-up words its lines.
    StartupLog {
        /// KV tokens and maximum concurrency on a line each; the tokens are those of whole blocks.
        Separate,
        /// Both on one line; the tokens are the concurrency times the context.
        Joined,
    }
    /// Where `finish_reason` stands in a stream.
    FinishChunk {
        /// On the delta of the last token.
        LastDelta,
        /// On a chunk of its own with an empty delta.
        Separate,
    }
    /// Whether routes between servers answer without `--enable-scale-out`.
    ScaleOutRoutes {
        /// They do; there is no such flag.
        Open,
        /// They are absent.
        Absent,
        /// 403.
        Refused,
    }
    /// How an exception that is nobody's fault but the server's is answered.
    InternalErrors {
        /// By the endpoint: "Internal Server Error", with the headers of every answer.
        Caught,
        /// By the last handler, outside the middleware of CORS: "`InternalServerError`".
        Uncaught,
    }
    /// Who turns images into tokens.
    ImageProcessing {
        /// The engine's processor, after the request was measured by its text; `/tokenize` does not see images.
        Engine,
        /// The frontend's renderer, before anything is measured; its failures to load an image are bad requests.
        Frontend,
    }
    /// What `mm_processor_kwargs` of a request do.
    RequestMmKwargs {
        /// They are passed on.
        Honoured,
        /// 400 without `--trust-request-mm-kwargs`.
        Refused,
    }
    /// What a negative token id does.
    NegativeIds {
        /// The tokenizer fails on it.
        Overflow,
        /// Validation refuses it.
        Refused,
    }
    /// Whether `/inference/v1/generate` streams.
    TokensStream {
        /// `stream` is not looked at.
        Ignored,
        /// It does.
        Served,
    }
    /// Whether a request's `stream_interval` counts.
    StreamInterval {
        /// It is an unknown field.
        Ignored,
        /// It does.
        Read,
    }
    /// What the delta that opens a chat stream holds.
    RoleDelta {
        /// `{"role":"assistant","content":""}`.
        EmptyContent,
        /// `{"role":"assistant"}`.
        RoleOnly,
    }
    /// How reasoning and tool calls are found in a reply.
    ReplyParsing {
        /// By two parsers that the endpoint asks in turn.
        Separate,
        /// By one parser.
        Unified,
    }
    /// What `tools: []` does.
    EmptyTools {
        /// Nothing.
        Ignored,
        /// 400.
        Refused,
    }
    /// What a `response_format` of a JSON schema does without one.
    MissingSchema {
        /// 500 with an empty message.
        Crash,
        /// 400.
        Refused,
    }
    /// What tool-call arguments that are no JSON do in a conversation.
    BadArguments {
        /// 400 with the message of Python's `json`.
        Refused,
        /// The template gets none.
        Dropped,
    }
}

impl Limit {
    /// The limit as a number.
    #[must_use]
    pub fn value(self) -> Option<u32> {
        match self {
            Self::Unbounded => None,
            Self::Two => Some(2),
            Self::Four => Some(4),
        }
    }
}
