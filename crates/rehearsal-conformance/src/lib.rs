//! What a vLLM server's `usage`, streams, errors and metrics do, case by case.
//!
//! A [`Suite`] of [`Check`]s runs against a [`Target`]: any server behind a URL, or one in the same process. Each case
//! says what it sends, what it expects on which [`ServerProfile`], and on what grounds; each comes to a [`Verdict`] with
//! the exchanges as evidence. The cases stand in one small file each under `cases/`.
//!
//! Answers are read by this crate's own strict reader ([`raw`]) and never through the types of the fake or of the load
//! generator, so that one side's mistake cannot hide the other's.
//!
//! ```no_run
//! use rehearsal_conformance::{Detail, Strictness, Suite, SuiteEvent, Target};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let target = Target::url("http://127.0.0.1:8000")?;
//! let report = Suite::standard().filter("U-").seed(7).run(&target, |_: &SuiteEvent<'_>| {}).await?;
//! assert!(!report.failed(Strictness::Normal), "{}", report.to_tree(Detail::Lines));
//! # Ok(())
//! # }
//! ```
//!
//! What is not here: printing, exit codes, the environment (the binary's), and any notion of how fast the server is.

mod call;
mod carrier;
mod cases;
mod check;
mod client;
mod curl;
mod diff;
mod exchange;
mod observe;
mod openai_spec;
mod output;
mod profile;
mod properties;
pub mod raw;
mod report;
mod salt;
mod session;
mod suite;
mod survey;
mod target;
mod tree;
mod verdict;

pub use call::{ABSENT, Call, Endpoint};
pub use check::{Case, Check, Feature, Need, Running};
pub use client::{
    ClientCase, ClientRun, ClientSuite, ClientUnderTest, OWN_REQUESTS, Play, Played, PlayedServer, ReportForm,
    Reported, TokenTruth, Truth, UnknownReportForm, client_cases, own_client,
};
pub use diff::{Comparison, DiffError, Difference, Side, Topic, diff};
pub use exchange::{Exchange, SeenResponse, SentRequest};
pub use observe::{Observer, SuiteEvent};
pub use output::to_html;
pub use profile::{ByProfile, Certainty, Detection, Identity, ServerProfile, UnknownProfile};
pub use properties::Properties;
pub use report::{CaseReport, Finding, SCHEMA_VERSION, Strictness, SuiteReport, VerdictCounts};
pub use session::{KnownBug, Session, Stop};
pub use suite::{Suite, SuiteError};
pub use survey::Facts;
pub use target::{ServerFlag, Target, TargetError};
pub use tree::Detail;
pub use verdict::{Level, Verdict};
