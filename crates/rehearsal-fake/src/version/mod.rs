//! Which vLLM the fake answers as: release and frontend, and what follows from them on the wire.
//!
//! All differences are rows of one data file, `compat.toml`, each with its source. The rest of the crate asks for a feature's value or an
//! object's shape and never compares version numbers. Which paths there are is a second file, `routes.toml`.

mod features;
mod release;
mod routes;
mod shape;
mod table;

pub use features::{
    BadArguments, ChunkUsage, Coercion, ConfiguredMaxTokens, CrossOrigin, DeveloperRole, DoneMarker,
    EmptyStreamOptions, EmptyTools, ErrorCode, ErrorParam, ExceptionCause, Features, FinishChunk, ForceIncludeUsage,
    HeaderStyle, ImageProcessing, InternalErrors, LastDelta, LengthStatus, Limit, LoadReport, LogprobTypes,
    MessagesContent, MissingSchema, ModelAliases, NanTemperature, NegativeIds, NegativeTokenIds, NonObjectBody,
    NullMaxTokens, NullMessages, Overflow, PartialCharacters, PydanticErrors, QueueLimits, ReplyParsing,
    RequestMmKwargs, ResponsesHistory, ResponsesStream, ResponsesTools, RoleDelta, ScaleOutRoutes, SeveralChoices,
    StartupLog, StopSequence, StreamInterval, StreamedBeams, Suffix, Termination, TextModelName, TextOffsets,
    TokensStream, ToolResults, ToollessChoice, TruncationSide, UnfinishedCharacters, WholeTruncation, ZeroCachedTokens,
    ZeroMaxCompletionTokens,
};
pub use release::{Frontend, Release, VllmVersion};
pub(crate) use routes::{Route, RouteHandler, RouteSetting};
pub(crate) use shape::{ShapeName, Shapes};
pub use table::{CompatError, Wire};
