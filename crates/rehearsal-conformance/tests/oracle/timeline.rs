//! Requests made from stated instants, and what follows from the statement in integers of nanoseconds.

use std::time::Duration;

use proptest::{collection::vec, prelude::*};
use rehearsal_load::{
    client::{ChunkKind, FinishReason, RequestTimeline, TokenChunk, TokenUsage, Verdict},
    plan::Streaming,
};

/// A streamed request of one choice, stated as lengths of time in nanoseconds.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) due: u64,
    pub(crate) lag: u64,
    pub(crate) connect: Option<u64>,
    pub(crate) to_headers: u64,
    /// From the headers to the first chunk, then from chunk to chunk, each with its tokens.
    pub(crate) chunks: Vec<(u64, u32)>,
    pub(crate) tail: u64,
    pub(crate) prompt_tokens: u64,
}

impl Story {
    pub(crate) fn started(&self) -> u64 {
        self.due + self.lag
    }

    pub(crate) fn sent(&self) -> u64 {
        self.started() + self.connect.unwrap_or(0)
    }

    /// When each chunk comes.
    pub(crate) fn instants(&self) -> Vec<u64> {
        let mut at = self.sent() + self.to_headers;
        self.chunks
            .iter()
            .map(|(gap, _)| {
                at += gap;
                at
            })
            .collect()
    }

    pub(crate) fn finished(&self) -> u64 {
        self.instants().last().copied().unwrap_or(self.sent() + self.to_headers) + self.tail
    }

    pub(crate) fn tokens(&self) -> u64 {
        self.chunks.iter().map(|(_, tokens)| u64::from(*tokens)).sum()
    }

    /// The story as the load generator keeps it.
    pub(crate) fn timeline(&self, index: usize) -> RequestTimeline {
        let nanos = Duration::from_nanos;
        let chunk = |(at, (_, tokens)): (u64, &(u64, u32))| TokenChunk {
            at: nanos(at),
            choice: 0,
            kind: ChunkKind::Content,
            tokens: Some(*tokens),
        };
        let mut request = RequestTimeline::begun(index, nanos(self.due), nanos(self.started()), Streaming::On);
        request.connect = self.connect.map(nanos);
        request.headers = Some(nanos(self.sent() + self.to_headers));
        request.status = Some(200);
        request.chunks = self.instants().into_iter().zip(&self.chunks).map(chunk).collect();
        request.finished = nanos(self.finished());
        request.usage = Some(TokenUsage::new(self.prompt_tokens, self.tokens()));
        request.finish_reasons.insert(0, FinishReason::Length);
        request.verdict = Verdict::Ok;
        request
    }
}

/// Any streamed request with at least one chunk, each with at least one token.
pub(crate) fn story() -> impl Strategy<Value = Story> {
    let second = 0u64..2_000_000_000;
    (
        (second.clone(), second.clone(), proptest::option::of(second.clone()), second.clone(), second.clone()),
        vec((second, 1u32..5), 1..40),
        1u64..5_000,
    )
        .prop_map(|((due, lag, connect, to_headers, tail), chunks, prompt_tokens)| Story {
            due,
            lag,
            connect,
            to_headers,
            chunks,
            tail,
            prompt_tokens,
        })
}
