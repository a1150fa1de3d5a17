//! What a run leaves behind: the native [`Report`], the report's own [`SeedReport`], and one [`RequestRecord`] a request.

mod definitions;
mod export;
mod goodput_summary;
mod html;
mod import;
mod log;
mod merge;
mod native;
mod open_load_summary;
mod plan_summary;
mod python_json;
pub mod recompute;
mod record;
mod recording;
mod seed;
mod server_times_summary;
mod warning;

pub use self::{
    definitions::{MetricDefinition, definitions_as_markdown},
    export::{ExportFormat, UnknownFormat},
    goodput_summary::GoodputSummary,
    html::{Axis, Chart, Ink, escape, exploration_to_html, page, to_html},
    import::ImportError,
    log::{EndLine, LogLine, StartLine},
    merge::MergeError,
    native::{Completion, Counts, Latency, Report, Throughput, Tokens},
    open_load_summary::OpenLoadSummary,
    plan_summary::PlanSummary,
    python_json::to_python_json,
    recompute::{Tool, ToolFigures, ToolStatistics, UnknownTool, recompute},
    record::RequestRecord,
    recording::{Recording, RecordingError},
    seed::{SeedDerived, SeedReport, SeedStatistics, SeedTokenUsage},
    server_times_summary::ServerTimesSummary,
    warning::{Warning, WarningKind},
};

pub(crate) use self::record::nanos;

/// The version of the native schema and of the log's lines; it changes when a reader of an older one would go wrong.
pub const SCHEMA_VERSION: u32 = 1;
