//! What each metric means: one table for `rehearsal explain`, for the notes under recomputed figures, and for
//! `docs/metrics.md`.
//!
//! How other tools differ was read in their sources (the files are named in [`recompute`](super::recompute)) and seen on
//! the golden stream.

use std::fmt::{self, Write};

use super::Tool;

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricDefinition {
    /// The name in reports and on the command line.
    pub id: &'static str,
    /// The name in full.
    pub name: &'static str,
    /// The unit, or what it is a count of.
    pub unit: &'static str,
    /// The formula in words.
    pub definition: &'static str,
    /// When it has no value; it is then `null`, never 0.
    pub undefined: &'static str,
    /// What other tools do instead.
    pub others: &'static [(Tool, &'static str)],
}

impl MetricDefinition {
    /// Every metric, in the order in which they are explained.
    #[must_use]
    pub fn all() -> &'static [Self] {
        TABLE
    }

    /// The metric of this name; upper case, `_s` and hyphens are forgiven.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        let name = name.to_lowercase().replace('-', "_");
        let name = name.strip_suffix("_s").filter(|_| !name.ends_with("_per_s")).unwrap_or(&name).to_owned();
        TABLE.iter().find(|metric| metric.id == name)
    }
}

impl fmt::Display for MetricDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({}), in {}", self.name, self.id, self.unit)?;
        writeln!(f, "  is         {}", self.definition)?;
        write!(f, "  undefined  {}", self.undefined)?;
        for (tool, difference) in self.others {
            write!(f, "\n  {tool:<9}  {difference}")?;
        }
        Ok(())
    }
}

/// The table as the page of documentation.
#[must_use]
pub fn definitions_as_markdown() -> String {
    let mut page = String::from(
        "# Metrics, and where tools disagree\n\n\
         Written by the code from the table that `rehearsal explain` reads. Times are monotonic, taken right after bytes \
         arrive and before they are parsed. What is undefined is `null`, never 0.\n",
    );
    for metric in TABLE {
        // writing to a String cannot fail
        let _ = writeln!(page, "\n## {} (`{}`)\n", metric.name, metric.id);
        let _ = writeln!(page, "It is {}. Unit: {}. Undefined: {}.", metric.definition, metric.unit, metric.undefined);
        if !metric.others.is_empty() {
            page += "\n| tool | instead |\n|---|---|\n";
        }
        for (tool, difference) in metric.others {
            let _ = writeln!(page, "| {tool} | {difference} |");
        }
    }
    page
}

const TABLE: &[MetricDefinition] = &[
    MetricDefinition {
        id: "ttft",
        name: "Time to first token",
        unit: "seconds",
        definition: "from the request's send to the first chunk that carries an output token: content, reasoning or a tool call; an empty text counts if it is a token, a role alone does not; connection set-up is not in it",
        undefined: "not streamed, or no token",
        others: &[
            (Tool::Seed, "starts after the response's headers and stops at the role chunk"),
            (Tool::Vllm013, "stops at the first chunk with choices, which is the role chunk; includes the connection"),
            (Tool::Vllm033, "an empty reasoning text does not count; includes the connection"),
            (Tool::Guidellm, "stops at the first chunk with text"),
            (Tool::Aiperf, "stops at the first chunk with text; includes the connection"),
            (
                Tool::Sglang,
                "stops at the first chunk with text; includes the connection; the whole latency when not streamed",
            ),
        ],
    },
    MetricDefinition {
        id: "ttfot",
        name: "Time to first output token",
        unit: "seconds",
        definition: "as the time to first token, but reasoning does not count",
        undefined: "not streamed, or no such token",
        others: &[(Tool::Guidellm, "the first chunk with content or a tool call; a text that is empty does not count")],
    },
    MetricDefinition {
        id: "itl_pooled",
        name: "Inter-token latency, pooled",
        unit: "seconds",
        definition: "gaps between consecutive token-carrying chunks of a choice, one sample each over all requests, so that long answers weigh more; a chunk of several tokens ends one gap",
        undefined: "fewer than two chunks",
        others: &[
            (Tool::Vllm013, "the gaps around the role chunk and the finish chunk are in it"),
            (Tool::Vllm033, "the same but for empty reasoning texts"),
            (Tool::Guidellm, "called ITL: one mean a request, see itl_request_mean"),
            (Tool::Aiperf, "called inter-chunk latency; ITL there is the mean after the first token, see tpot"),
            (Tool::Sglang, "gaps between chunks with text; a chunk without one makes a gap longer"),
        ],
    },
    MetricDefinition {
        id: "itl_request_mean",
        name: "Inter-token latency, mean of a request",
        unit: "seconds",
        definition: "the sum of a request's gaps divided by their number; every request weighs the same",
        undefined: "fewer than two chunks",
        others: &[(Tool::Guidellm, "divides by output tokens − 1 instead of by the gaps")],
    },
    MetricDefinition {
        id: "itl_token_weighted",
        name: "Inter-token latency, token-weighted",
        unit: "seconds",
        definition: "a gap that k tokens end gives k samples of a k-th of it",
        undefined: "a chunk does not say how many tokens it holds; ask for continuous usage",
        others: &[(Tool::Sglang, "with speculative decoding it divides by a tokenizer's count of the chunk's text")],
    },
    MetricDefinition {
        id: "tpot",
        name: "Time per output token",
        unit: "seconds",
        definition: "(last token − first token) ÷ (output tokens − tokens in the first chunk), summed over choices; one sample a request",
        undefined: "failed, not streamed, no usage, or all tokens in the first chunk: one output token has none",
        others: &[
            (Tool::Seed, "has none; see ms_per_output_token"),
            (Tool::Vllm013, "(latency − TTFT) ÷ (output tokens − 1), from the role chunk to the usage chunk"),
            (Tool::Vllm033, "(latency − TTFT) ÷ (output tokens − 1), whatever the first chunk holds"),
            (Tool::Guidellm, "called ITL, over output tokens − 1; its TPOT is (last token − send) ÷ output tokens"),
            (Tool::Aiperf, "called ITL"),
            (Tool::Sglang, "(end of the stream − send − TTFT) ÷ (output tokens − 1)"),
        ],
    },
    MetricDefinition {
        id: "e2el",
        name: "End-to-end latency",
        unit: "seconds",
        definition: "from the send to the last token-carrying chunk, or to the end of the body when not streamed",
        undefined: "failed, or streamed without a token",
        others: &[
            (Tool::Seed, "from before the connection to the end of the body"),
            (Tool::Vllm013, "to the last event before [DONE], the usage chunk; includes the connection"),
            (Tool::Vllm033, "the same but for the connection, which is in it"),
            (Tool::Guidellm, "to [DONE]"),
            (Tool::Aiperf, "to the last chunk with text; includes the connection"),
            (Tool::Sglang, "to [DONE]; includes the connection"),
        ],
    },
    MetricDefinition {
        id: "end_of_stream",
        name: "End of stream",
        unit: "seconds",
        definition: "from the send to [DONE]: the second end beside the end-to-end latency",
        undefined: "failed or not streamed",
        others: &[],
    },
    MetricDefinition {
        id: "connect",
        name: "Connection time",
        unit: "seconds",
        definition: "name look-up, TCP and TLS, before the send",
        undefined: "an open connection was used again, or the transport cannot tell",
        others: &[],
    },
    MetricDefinition {
        id: "schedule_lag",
        name: "Schedule lag",
        unit: "seconds",
        definition: "how late the generator itself was: start of a request minus the instant when it was due",
        undefined: "never",
        others: &[(Tool::Guidellm, "called dispatch delay; it includes waiting for a free slot")],
    },
    MetricDefinition {
        id: "scheduled_latency",
        name: "Scheduled latency",
        unit: "seconds",
        definition: "end-to-end latency plus the time between the due instant and the send: what a user of an open-loop service feels",
        undefined: "failed, or a closed loop, whose due instants follow the answers",
        others: &[
            (Tool::Vllm013, "has none: waiting for a slot is lost (coordinated omission)"),
            (Tool::Vllm033, "adds the wait for its own concurrency limit, when it has one"),
            (Tool::Guidellm, "called request_scheduled_latency"),
        ],
    },
    MetricDefinition {
        id: "requests_per_s",
        name: "Request throughput",
        unit: "requests per second",
        definition: "successes ÷ measured window",
        undefined: "no success, or an empty window",
        others: &[
            (Tool::Seed, "called qps"),
            (Tool::Vllm013, "a stream that ends early or holds an error is a success"),
            (Tool::Vllm033, "a stream that ends early is a success"),
            (Tool::Guidellm, "a distribution of local rates, weighted by time; a stream that ends early is a success"),
            (Tool::Aiperf, "over first start to last end; a stream that ends early is a success"),
            (Tool::Sglang, "a stream that ends early or holds an error is a success"),
        ],
    },
    MetricDefinition {
        id: "output_tokens_per_s",
        name: "Output throughput",
        unit: "tokens per second",
        definition: "sum of the output tokens that usage states, over successes ÷ measured window; the seed schema calls it decode_tps",
        undefined: "no success states its tokens",
        others: &[
            (Tool::Vllm013, "counts with a tokenizer where usage is missing"),
            (Tool::Guidellm, "counts chunks where usage is missing"),
            (Tool::Aiperf, "counts with a tokenizer unless told to use the server's counts"),
            (Tool::Sglang, "takes the length that was asked for where usage is missing"),
        ],
    },
    MetricDefinition {
        id: "prompt_tokens_per_s",
        name: "Prompt throughput",
        unit: "tokens per second",
        definition: "sum of the prompt tokens that usage states, cached ones included, over successes ÷ measured window",
        undefined: "no success states its tokens",
        others: &[
            (Tool::Vllm013, "takes the data set's length, which lacks the chat template"),
            (Tool::Sglang, "takes the data set's length, which lacks the chat template"),
        ],
    },
    MetricDefinition {
        id: "ms_per_output_token",
        name: "Milliseconds per output token",
        unit: "milliseconds",
        definition: "mean latency × 1000 ÷ mean output tokens, in the seed schema only: it includes the time to first token, so it is not TPOT",
        undefined: "either mean is 0 or missing",
        others: &[(Tool::Guidellm, "its TPOT is the same for one request, without the time after the last token")],
    },
    MetricDefinition {
        id: "goodput",
        name: "Goodput",
        unit: "requests per second",
        definition: "requests that meet every objective ÷ measured window; the share is of all requests sent, so failures count against it",
        undefined: "no objective is given",
        others: &[
            (Tool::Vllm013, "an answer of one token counts with a TPOT of 0; no share is given"),
            (Tool::Vllm033, "an answer of one token counts with a TPOT of 0; no share is given"),
        ],
    },
    MetricDefinition {
        id: "steady_state",
        name: "Steady state",
        unit: "seconds of the window",
        definition: "from the instant at which requests in flight first reach their plateau, the time-weighted median of their number, to the last at which they are there; in an open loop no later than the last arrival. Its request rate counts each success with the share of its time that lies within",
        undefined: "shorter than a fifth of the window",
        others: &[
            (Tool::Vllm013, "has none: start and tail are in every figure"),
            (Tool::Vllm033, "has none: start and tail are in every figure"),
            (Tool::Guidellm, "leaves out a warm-up and a cool-down of the length that it is told"),
            (Tool::Aiperf, "leaves out a warm-up and a grace period of the length that it is told"),
        ],
    },
    MetricDefinition {
        id: "mean_concurrency",
        name: "Mean concurrency",
        unit: "requests",
        definition: "sum of the requests' residence times within the window ÷ window, failed ones too",
        undefined: "an empty window",
        others: &[
            (Tool::Vllm033, "gives the most requests that touched one second, which is more"),
            (Tool::Sglang, "sum of the successes' latencies ÷ duration"),
        ],
    },
    MetricDefinition {
        id: "quantiles",
        name: "Quantiles",
        unit: "that of the metric",
        definition: "exact over successes, Hyndman-Fan type 7; with a confidence interval from order statistics, or how many samples it would take",
        undefined: "no sample",
        others: &[
            (Tool::Seed, "p95 is type 6, and missing below 20 samples; the median is the usual one"),
            (Tool::Vllm013, "type 7; 0 without samples"),
            (Tool::Vllm033, "type 7; 0 without samples"),
            (Tool::Guidellm, "type 1 over summed floats, which can be off by one rank"),
            (Tool::Aiperf, "type 7"),
            (Tool::Sglang, "type 7; 0 without samples"),
        ],
    },
    MetricDefinition {
        id: "std",
        name: "Standard deviation",
        unit: "that of the metric",
        definition: "of the sample: squares over n − 1",
        undefined: "fewer than two samples",
        others: &[
            (Tool::Vllm013, "over n"),
            (Tool::Vllm033, "over n"),
            (Tool::Guidellm, "over n"),
            (Tool::Aiperf, "over n"),
            (Tool::Sglang, "over n"),
        ],
    },
];
