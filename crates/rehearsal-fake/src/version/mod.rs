//! Which vLLM the fake answers as: release and frontend, and what follows from them on the wire.
//!
//! All differences are rows of one data file, `compat.toml`, each with its source. The rest of the crate asks for a feature's value or an
//! object's shape and never compares version numbers. Which paths there are is a second file, `routes.toml`.

mod features;
mod release;
mod routes;
mod shape;
mod table;

pub use features::{BadArguments, EmptyTools, MissingSchema, ReplyParsing};
pub use features::{
    ChunkUsage, Coercion, CrossOrigin, DeveloperRole, EmptyStreamOptions, ErrorCode, ErrorParam, ExceptionCause,
    Features, FinishChunk, ForceIncludeUsage, HeaderStyle, ImageProcessing, InternalErrors, Limit, LoadReport,
    LogprobTypes, ModelAliases, NanTemperature, NegativeIds, NegativeTokenIds, NonObjectBody, NullMaxTokens,
    NullMessages, Overflow, PartialCharacters, PydanticErrors, QueueLimits, RequestMmKwargs, RoleDelta, ScaleOutRoutes,
    SeveralChoices, StartupLog, StreamInterval, StreamedBeams, Suffix, Termination, TextModelName, TextOffsets,
    TokensStream, TruncationSide, WholeTruncation, ZeroCachedTokens, ZeroMaxCompletionTokens,
};
pub use features::{
    DoneMarker, LastDelta, LengthStatus, MessagesContent, ResponsesHistory, ResponsesStream, ResponsesTools,
    StopSequence, ToolResults, ToollessChoice,
};
pub use release::{Frontend, Release, VllmVersion};
pub(crate) use routes::{Route, RouteHandler, RouteSetting};
pub(crate) use shape::{ShapeName, Shapes};
pub use table::{CompatError, Wire};
