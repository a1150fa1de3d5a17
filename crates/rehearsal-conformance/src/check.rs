//! A case of the suite, as data and one function.

use futures_util::future::BoxFuture;

use crate::{
    profile::{ByProfile, ServerProfile},
    session::{Session, Stop},
    target::ServerFlag,
    verdict::Level,
};

/// What a case's function returns: its findings are in the [`Session`]; `Err` ends it early.
pub type Running<'s> = BoxFuture<'s, Result<(), Stop>>;

/// The function of a case.
pub type Case = for<'s, 't> fn(&'s mut Session<'t>) -> Running<'s>;

/// One case: what it sends, what it expects, and on what grounds.
///
/// ```
/// use futures_util::FutureExt;
/// use rehearsal_conformance::{ByProfile, Call, Check, Level, Suite};
///
/// const PING: Check = Check {
///     id: "X-01",
///     level: Level::Should,
///     title: "the server answers a ping",
///     sends: "GET /ping",
///     expects: ByProfile::each("200", "200", "404"),
///     reference: "recordings of 0.13.0 and 0.32.0",
///     needs: &[],
///     run: |session| {
///         async move {
///             let expected = ByProfile::each(200, 200, 404).of(session.profile());
///             let answer = session.ask(Call::get("/ping")).await?;
///             session.equal("status", expected, answer.status);
///             Ok(())
///         }
///         .boxed()
///     },
/// };
///
/// let suite = Suite::standard().with(PING).filter("X-");
/// assert_eq!(suite.checks().count(), 1);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Unique and stable, such as `U-20`.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// What holds, as a sentence.
    pub title: &'static str,
    /// What it sends, in words.
    pub sends: &'static str,
    /// What it expects, in words, per profile.
    pub expects: ByProfile<&'static str>,
    /// Where the expectation comes from: a recording, vLLM's source or issue, OpenAI's API.
    pub reference: &'static str,
    /// What must be there for the case to be run.
    pub needs: &'static [Need],
    /// The case itself.
    pub run: Case,
}

/// A precondition of a case. Where it does not hold the case is skipped, or the server called unimplemented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// An endpoint or feature that was looked for before the run.
    Feature(Feature),
    /// The server was started with this flag, which only whoever started it can say.
    Started(ServerFlag),
    /// The server was not started with this flag, as far as was said.
    StartedWithout(ServerFlag),
    /// The case is about these profiles only.
    Profile(&'static [ServerProfile]),
    /// The server says how long a context it takes (`max_model_len`).
    MaxModelLen,
    /// The run may disturb whoever else uses the server (see [`Suite::destructive`](crate::Suite::destructive)).
    Destructive,
}

/// What a server may or may not have, found out by asking it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// `POST /v1/chat/completions`.
    Chat,
    /// `POST /v1/completions`.
    Completions,
    /// `POST /v1/completions` with a prompt of token ids.
    TokenIdPrompts,
    /// `POST /tokenize`.
    Tokenize,
    /// `GET /metrics` with vLLM's names.
    Metrics,
    /// `return_token_ids` in a request.
    ReturnTokenIds,
}

impl Feature {
    /// Whether OpenAI's API does not have it.
    pub(crate) fn is_vllm_only(self) -> bool {
        matches!(self, Self::Tokenize | Self::Metrics | Self::ReturnTokenIds)
    }

    /// The feature in words.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Chat => "POST /v1/chat/completions",
            Self::Completions => "POST /v1/completions",
            Self::TokenIdPrompts => "prompts of token ids",
            Self::Tokenize => "POST /tokenize",
            Self::Metrics => "GET /metrics with vLLM's names",
            Self::ReturnTokenIds => "return_token_ids",
        }
    }
}
