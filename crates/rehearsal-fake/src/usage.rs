//! Which chunks of an answer carry `usage`, and what it counts: pure functions of the request, the server's flag and the version.

use crate::version::{ChunkUsage, EmptyStreamOptions, Features, ForceIncludeUsage};

/// The two endpoints whose streams differ in what a chunk without usage carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/v1/chat/completions`.
    Chat,
    /// `/v1/completions`.
    Completions,
}

/// `stream_options` of a request, as far as it was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamOptions {
    /// No such key, or null.
    #[default]
    Absent,
    /// An object.
    Given {
        /// `include_usage`; `None` when the key is absent. A null counts as false.
        include_usage: Option<bool>,
        /// `continuous_usage_stats`; absent counts as false.
        continuous_usage_stats: bool,
    },
}

/// Whether the server runs with `--enable-force-include-usage`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsageReporting {
    /// Usage comes when the request asks for it.
    #[default]
    OnRequest,
    /// Usage comes in every stream.
    Forced,
}

/// What the chunks of one stream carry under `usage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsagePlan {
    /// Every chunk with a choice.
    pub each_chunk: EachChunk,
    /// After the last choice.
    pub last: FinalUsage,
}

/// What a chunk with a choice carries under `usage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EachChunk {
    /// The running count of that choice.
    Counts,
    /// `null`.
    Null,
    /// No such key.
    Absent,
}

/// Whether a chunk with no choices and the final usage precedes `[DONE]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinalUsage {
    /// It does.
    Sent,
    /// It does not.
    NotSent,
}

/// Says which chunks of a stream carry usage.
///
/// ```
/// use rehearsal_fake::{usage::{Endpoint, FinalUsage, StreamOptions, UsageReporting, plan_usage}, version::{CompatError, Wire}};
///
/// let empty = StreamOptions::Given { include_usage: None, continuous_usage_stats: false };
/// let last = |version: &str| {
///     let wire = Wire::of(version.parse()?)?;
///     Ok::<_, CompatError>(plan_usage(&wire.features, UsageReporting::OnRequest, Endpoint::Chat, empty).last)
/// };
/// assert_eq!(last("0.13.0")?, FinalUsage::Sent);
/// assert_eq!(last("0.32.0")?, FinalUsage::NotSent);
/// # Ok::<(), CompatError>(())
/// ```
#[must_use]
pub fn plan_usage(
    features: &Features,
    reporting: UsageReporting,
    endpoint: Endpoint,
    options: StreamOptions,
) -> UsagePlan {
    let forced = reporting == UsageReporting::Forced;
    let (include, continuous) = match options {
        _ if forced && features.force_include_usage == ForceIncludeUsage::Continuous => (true, true),
        StreamOptions::Absent => (forced, false),
        StreamOptions::Given { include_usage, continuous_usage_stats } => {
            let default = features.empty_stream_options == EmptyStreamOptions::Include;
            let include = include_usage.unwrap_or(default) || forced;
            (include, include && continuous_usage_stats)
        }
    };
    let silent = match (endpoint, features.completion_chunk_usage) {
        (Endpoint::Completions, ChunkUsage::Null) => EachChunk::Null,
        _ => EachChunk::Absent,
    };
    UsagePlan {
        each_chunk: if continuous { EachChunk::Counts } else { silent },
        last: if include { FinalUsage::Sent } else { FinalUsage::NotSent },
    }
}

/// The tokens of an answer or of one choice so far; `total_tokens` is their sum and is never stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Generated tokens.
    pub completion_tokens: u64,
    /// Prompt tokens from the prefix cache; `None` when the server does not disclose them.
    pub cached_tokens: Option<u64>,
    /// Prompt tokens that the prefix cache holds since; `None` where they are not told.
    pub created_cache_tokens: Option<u64>,
    /// Generated tokens that were reasoning; `None` on a server without a reasoning parser.
    pub reasoning_tokens: Option<u64>,
}

impl Usage {
    /// Prompt and generated tokens.
    #[must_use]
    pub fn total_tokens(&self) -> u64 {
        self.prompt_tokens + self.completion_tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Wire;

    const NONE: &str = "none";
    const FINAL: &str = "final";
    const ALL: &str = "continuous + final";

    fn name(plan: UsagePlan) -> &'static str {
        match (plan.each_chunk, plan.last) {
            (EachChunk::Counts, FinalUsage::Sent) => ALL,
            (EachChunk::Counts, FinalUsage::NotSent) => "continuous without final",
            (_, FinalUsage::Sent) => FINAL,
            (_, FinalUsage::NotSent) => NONE,
        }
    }

    /// Rows of the table of recorded behaviour: 0.13.0, 0.32.0, 0.32.0-rust.
    #[track_caller]
    fn check(options: StreamOptions, plain: [&str; 3], forced: [&str; 2]) {
        for endpoint in [Endpoint::Chat, Endpoint::Completions] {
            for (version, expect) in ["0.13.0", "0.32.0", "0.32.0-rust"].into_iter().zip(plain) {
                let wire = Wire::of(version.parse().unwrap()).unwrap();
                let planned = plan_usage(&wire.features, UsageReporting::OnRequest, endpoint, options);
                assert_eq!(name(planned), expect, "{version} {endpoint:?}");
            }
            // the Rust frontend does not start with the flag
            for (version, expect) in ["0.13.0", "0.32.0"].into_iter().zip(forced) {
                let wire = Wire::of(version.parse().unwrap()).unwrap();
                let planned = plan_usage(&wire.features, UsageReporting::Forced, endpoint, options);
                assert_eq!(name(planned), expect, "forced {version} {endpoint:?}");
            }
        }
    }

    fn given(include_usage: Option<bool>, continuous_usage_stats: bool) -> StreamOptions {
        StreamOptions::Given { include_usage, continuous_usage_stats }
    }

    #[test]
    fn the_table_of_recorded_servers_holds() {
        check(StreamOptions::Absent, [NONE, NONE, NONE], [FINAL, ALL]);
        check(given(None, false), [FINAL, NONE, NONE], [FINAL, ALL]);
        check(given(Some(true), false), [FINAL, FINAL, FINAL], [FINAL, ALL]);
        check(given(Some(false), false), [NONE, NONE, NONE], [FINAL, ALL]);
        check(given(None, true), [ALL, NONE, NONE], [ALL, ALL]);
        check(given(Some(false), true), [NONE, NONE, NONE], [ALL, ALL]);
        check(given(Some(true), true), [ALL, ALL, ALL], [ALL, ALL]);
    }

    #[test]
    fn chunks_without_usage_carry_a_null_only_in_old_completions() {
        let silent = |version: &str, endpoint| {
            let wire = Wire::of(version.parse().unwrap()).unwrap();
            plan_usage(&wire.features, UsageReporting::OnRequest, endpoint, StreamOptions::Absent).each_chunk
        };
        assert_eq!(silent("0.13.0", Endpoint::Completions), EachChunk::Null);
        assert_eq!(silent("0.19.1", Endpoint::Completions), EachChunk::Null);
        assert_eq!(silent("0.25.1", Endpoint::Completions), EachChunk::Absent);
        assert_eq!(silent("0.32.0-rust", Endpoint::Completions), EachChunk::Absent);
        assert_eq!(silent("0.13.0", Endpoint::Chat), EachChunk::Absent);
    }
}
