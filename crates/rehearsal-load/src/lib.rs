//! A load generator for OpenAI-compatible servers that states its definitions and can be held to them.
//!
//! The pieces, in the order in which a run uses them:
//!
//! * [`plan`] says what is sent, how often and for how long: a [`LoadPlan`] that cannot be wrong once built.
//! * [`arrivals`] turns the plan into send instants; it is pure, so that a forecast without a server uses the same code.
//! * [`transport`] carries one HTTP exchange: over the network, over any byte stream, or from a script.
//! * [`sse`] and [`client`] read what comes back, tolerantly, and judge it, strictly: one [`RequestTimeline`] a request.
//! * [`run`] is the only module that waits. It reads the clock right after bytes arrive and before they are parsed.
//! * [`metrics`] are pure functions of timelines; the doc comment of each one is its definition.
//! * [`search`] sweeps over loads, and finds the highest one that meets its objectives.
//! * [`server_side`] is what the server says of itself on its `/metrics` page, beside it.
//! * [`report`] gathers them: the native [`Report`], the seed schema, and one JSONL record a request.
//! * [`compare`] tells what changed between two of them, beyond chance.
//! * [`observe`] hands events to whoever wants to show or store them while the run goes on.
//!
//! What is not here: printing, colours, environment variables, exit codes. Those are the binary's.
//!
//! ```
//! use rehearsal_load::{LoadPlan, Run, Script, ScriptedTransport};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let plan = LoadPlan::builder("http://localhost:8000", "tiny").concurrency(2).requests(4).build()?;
//! let answer = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
//!                  "usage":{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2}}"#;
//! let server = ScriptedTransport::repeat(Script::json_at(std::time::Duration::from_millis(250), 200, answer));
//!
//! let outcome = Run::new(plan, server).run(std::future::pending()).await?;
//! assert_eq!(outcome.report.counts.ok, 4);
//! assert_eq!(outcome.report.window_s, 0.5);
//! # Ok(())
//! # }
//! ```

pub mod arrivals;
pub mod client;
pub mod compare;
pub mod metrics;
pub mod observe;
pub mod plan;
pub mod report;
pub mod run;
pub mod search;
pub mod server_side;
pub mod sse;
pub mod transport;

pub use arrivals::{Arrivals, ClosedLoop, Due, RateProfile, Schedule, Spacing, WhenFull};
pub use client::{
    ChunkKind, FinishReason, FinishReasons, RequestTimeline, ResponseReader, ServerTimes, StreamMarks, TokenChunk,
    TokenUsage, Verdict,
};
pub use observe::{Event, JsonlLog, Observer, Progress};
pub use plan::{
    ApiKey, Endpoint, LoadPlan, LoadPlanBuilder, OpenLoad, PlanError, Shard, ShardError, StreamUsage, Streaming,
    WarmUp, Workload, workload,
};
pub use report::{Completion, Report, RequestRecord, SeedReport, Warning};
pub use run::{Outcome, Run, RunError, Scrape};
pub use transport::{
    ConnectionMode, Exchange, HttpTransport, Script, ScriptedTransport, StreamTransport, Transport, TransportError,
};
