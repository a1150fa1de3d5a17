//! The features whose value depends on the version, as types; their values come from `compat.toml`.
//!
//! **Here:** [`Features`], a field a feature, and beside it a file for each part of the wire with the types of its features. A type has a
//! variant for each thing that some release does.

macro_rules! choices {
    ($(#[$doc:meta] $name:ident { $(#[$variant_doc:meta] $variant:ident),+ $(,)? })+) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $(#[$variant_doc] $variant),+ }
    )+};
}

mod all;
mod answer;
mod errors;
mod messages;
mod prompt;
mod responses;
mod sampling;
mod server;
mod tools;
mod usage;

pub use self::{
    all::Features,
    answer::{
        FinishChunk, LogprobTypes, PartialCharacters, RoleDelta, StreamInterval, TextOffsets, TokensStream,
        UnfinishedCharacters,
    },
    errors::{
        ErrorCode, ErrorParam, ExceptionCause, InternalErrors, MissingSchema, ModelAliases, NonObjectBody,
        PydanticErrors,
    },
    messages::{DoneMarker, LastDelta, MessagesContent, StopSequence, ToolResults},
    prompt::{
        Coercion, DeveloperRole, ImageProcessing, NegativeIds, NegativeTokenIds, NullMessages, RequestMmKwargs, Suffix,
        TextModelName, TruncationSide, WholeTruncation,
    },
    responses::{LengthStatus, ResponsesHistory, ResponsesStream, ResponsesTools, ToollessChoice},
    sampling::{
        ConfiguredMaxTokens, Limit, NanTemperature, NullMaxTokens, Overflow, SeveralChoices, StreamedBeams,
        ZeroMaxCompletionTokens,
    },
    server::{CrossOrigin, HeaderStyle, LoadReport, QueueLimits, ScaleOutRoutes, StartupLog, Termination},
    tools::{BadArguments, EmptyTools, ReplyParsing},
    usage::{ChunkUsage, EmptyStreamOptions, ForceIncludeUsage, ZeroCachedTokens},
};
