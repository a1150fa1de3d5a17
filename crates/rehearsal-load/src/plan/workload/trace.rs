//! Recorded loads: when requests came, and how long they were.

use std::{num::NonZeroU32, time::Duration};

use super::{
    Sizing,
    words::{NUMBER_WORDS, generator, push_number, push_words},
};
use crate::arrivals::{Schedule, ScheduleError};

/// Tokens that one id of a Mooncake trace stands for (the traces' README, github.com/kvcache-ai/Mooncake).
const MOONCAKE_BLOCK: u32 = 512;
const BLOCK: u64 = 4;
const TAIL: u64 = 5;

/// Which trace a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceFormat {
    /// One JSON object a line: `timestamp` in ms, `input_length`, `output_length`, `hash_ids` of 512-token blocks.
    Mooncake,
    /// CSV with `TIMESTAMP,ContextTokens,GeneratedTokens` (Azure LLM inference traces of 2023 and 2024).
    AzureLlm,
    /// CSV with `Timestamp` in s, `Request tokens`, `Response tokens` (BurstGPT).
    BurstGpt,
}

/// A trace that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// Neither of the formats.
    #[error(
        "the first line `{0}` is of no known trace; give Mooncake's JSONL, or a CSV with the header of the Azure LLM \
         traces or of BurstGPT"
    )]
    Format(String),
    /// A line is not what the format says.
    #[error("line {line}: {why}: `{text}`")]
    Line {
        /// From 1.
        line: usize,
        /// What is missing.
        why: &'static str,
        /// The line.
        text: String,
    },
    /// No requests.
    #[error("the trace holds no request")]
    Empty,
}

/// One request of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceRequest {
    /// Since the trace's first request.
    pub at: Duration,
    /// Tokens of its prompt.
    pub input: NonZeroU32,
    /// Tokens of its answer.
    pub output: NonZeroU32,
    /// What its prompt begins with: blocks of 512 tokens that other requests may share.
    pub blocks: Vec<u64>,
}

/// Requests in order of arrival.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    requests: Vec<TraceRequest>,
    sizing: Sizing,
    seed: u64,
}

impl TraceFormat {
    /// Tells the format by the first line.
    pub fn detect(text: &str) -> Result<Self, TraceError> {
        let first = text.lines().next().unwrap_or_default().trim_start_matches('\u{feff}').trim();
        let header = first.to_ascii_lowercase();
        if first.starts_with('{') && first.contains("\"input_length\"") {
            Ok(Self::Mooncake)
        } else if header.contains("contexttokens") && header.contains("generatedtokens") {
            Ok(Self::AzureLlm)
        } else if header.contains("request tokens") && header.contains("response tokens") {
            Ok(Self::BurstGpt)
        } else {
            Err(TraceError::Format(first.chars().take(100).collect()))
        }
    }
}

impl Trace {
    /// Reads a trace. Requests without an answer (BurstGPT has some that failed) are left out.
    pub fn read(text: &str, format: TraceFormat) -> Result<Self, TraceError> {
        let mut requests = match format {
            TraceFormat::Mooncake => mooncake(text)?,
            TraceFormat::AzureLlm => csv(text, ["timestamp", "contexttokens", "generatedtokens"], clock)?,
            TraceFormat::BurstGpt => csv(text, ["timestamp", "request tokens", "response tokens"], plain_seconds)?,
        };
        requests.sort_by_key(|request| request.at);
        let first = requests.first().ok_or(TraceError::Empty)?.at;
        for request in &mut requests {
            request.at -= first;
        }
        Ok(Self { requests, sizing: Sizing::A_TOKEN_A_WORD, seed: 0 })
    }

    /// How the server counts words.
    #[must_use]
    pub fn sizing(mut self, sizing: Sizing, seed: u64) -> Self {
        self.sizing = sizing;
        self.seed = seed;
        self
    }

    /// Its instants, `speed` times as fast as they were recorded.
    pub fn schedule(&self, speed: f64) -> Result<Schedule, ScheduleError> {
        if !speed.is_finite() || speed <= 0.0 {
            return Err(ScheduleError::Speed(speed));
        }
        let scaled = |at: Duration| Duration::try_from_secs_f64(at.as_secs_f64() / speed).unwrap_or(Duration::MAX);
        Schedule::recorded(self.requests.iter().map(|request| scaled(request.at)))
    }

    /// Its requests.
    #[must_use]
    pub fn requests(&self) -> &[TraceRequest] {
        &self.requests
    }

    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn shares_prefixes(&self) -> bool {
        self.requests.iter().any(|request| !request.blocks.is_empty())
    }

    pub(super) fn max_tokens(&self, index: usize) -> NonZeroU32 {
        self.request(index).output
    }

    fn request(&self, index: usize) -> &TraceRequest {
        &self.requests[index % self.requests.len()]
    }

    pub(super) fn text(&self, index: usize) -> String {
        let request = self.request(index);
        let words = self.sizing.words(request.input.get());
        let block = self.sizing.words_of_part(f64::from(MOONCAKE_BLOCK)).max(1);
        let mut text = String::with_capacity(6 * words);
        let mut written = 0;
        for id in &request.blocks {
            let part = block.min(words - written);
            push_words(&mut text, part, &mut generator(self.seed, BLOCK, *id));
            written += part;
        }
        if request.blocks.is_empty() && NUMBER_WORDS <= words {
            push_number(&mut text, index as u64);
            written += NUMBER_WORDS;
        }
        push_words(&mut text, words - written, &mut generator(self.seed, TAIL, index as u64));
        text
    }
}

fn mooncake(text: &str) -> Result<Vec<TraceRequest>, TraceError> {
    #[derive(serde::Deserialize)]
    struct Line {
        timestamp: f64,
        input_length: NonZeroU32,
        output_length: NonZeroU32,
        #[serde(default)]
        hash_ids: Vec<u64>,
    }
    lines(text, 0)
        .map(|(line, text)| {
            let read: Option<Line> = serde_json::from_str(text).ok();
            let request = read.and_then(|read| {
                let at = Duration::try_from_secs_f64(read.timestamp / 1e3).ok()?;
                Some(TraceRequest { at, input: read.input_length, output: read.output_length, blocks: read.hash_ids })
            });
            request.ok_or_else(|| wrong(line, "not timestamp, input_length and output_length as numbers above 0", text))
        })
        .collect()
}

/// Requests from the three columns of these names: instant, tokens of the prompt, tokens of the answer.
fn csv(text: &str, names: [&str; 3], instant: fn(&str) -> Option<Duration>) -> Result<Vec<TraceRequest>, TraceError> {
    let header = text.lines().next().unwrap_or_default().trim_start_matches('\u{feff}');
    let column = |name: &str| header.split(',').position(|column| column.trim().eq_ignore_ascii_case(name));
    let [Some(at), Some(input), Some(output)] = names.map(column) else {
        return Err(wrong(1, "the header lacks a column", header));
    };
    let mut requests = Vec::new();
    for (line, text) in lines(text, 1) {
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        let tokens = |column: usize| fields.get(column)?.parse::<u32>().ok();
        let (Some(at), Some(input), Some(output)) =
            (fields.get(at).and_then(|field| instant(field)), tokens(input), tokens(output))
        else {
            return Err(wrong(line, "no instant and two token counts", text));
        };
        if let (Some(input), Some(output)) = (NonZeroU32::new(input), NonZeroU32::new(output)) {
            requests.push(TraceRequest { at, input, output, blocks: Vec::new() });
        }
    }
    Ok(requests)
}

/// The lines after the first `skip` that are not empty, numbered from 1.
fn lines(text: &str, skip: usize) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().skip(skip).map(|(i, line)| (i + 1, line.trim())).filter(|(_, line)| !line.is_empty())
}

fn wrong(line: usize, why: &'static str, text: &str) -> TraceError {
    TraceError::Line { line, why, text: text.chars().take(100).collect() }
}

fn plain_seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

/// `2023-11-16 18:15:46.6805900`, also with `T` between and with an offset `+00:00` after it, as a time since year 0 of a
/// calendar whose months and days are counted exactly.
fn clock(text: &str) -> Option<Duration> {
    let (date, time) = text.split_once([' ', 'T'])?;
    let mut date = date.splitn(3, '-').map(str::parse::<u64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let time = time.trim_end_matches('Z').split('+').next()?;
    let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = whole.splitn(3, ':').map(str::parse::<u64>);
    let (hour, minute, second) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || 23 < hour || 59 < minute || 60 < second {
        return None;
    }
    // days of a calendar whose year begins in March, so that the leap day is its last
    let (year, month) = if month <= 2 { (year.checked_sub(1)?, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    let nanos: u32 = format!("{:0<9}", fraction.get(..fraction.len().min(9))?).parse().ok()?;
    Some(Duration::new(((days * 24 + hour) * 60 + minute) * 60 + second, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Trace {
        Trace::read(text, TraceFormat::detect(text).unwrap()).unwrap()
    }

    fn seen(trace: &Trace) -> Vec<(u128, u32, u32)> {
        let line = |request: &TraceRequest| (request.at.as_micros(), request.input.get(), request.output.get());
        trace.requests().iter().map(line).collect()
    }

    #[test]
    fn an_azure_trace_counts_from_its_first_request_even_across_midnight() {
        let text = "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-02-29 23:59:59.5000000,374,44\n\
                    2024-03-01 00:00:00.7500000,396,109\n2024-05-10 00:00:00.009930+00:00,1,1\n";
        // from 1 March to 10 May there are 70 days, and half a second is missing to midnight
        let last = (70 * 86_400 * 1_000_000_u128) + 500_000 + 9_930;
        assert_eq!(seen(&read(text)), [(0, 374, 44), (1_250_000, 396, 109), (last, 1, 1)]);
    }

    #[test]
    fn a_burstgpt_trace_leaves_out_requests_without_an_answer() {
        let text = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation log\n\
                    45,ChatGPT,1087,0,1087,Conversation log\n118,GPT-4,417,276,693,Conversation log\n";
        assert_eq!(seen(&read(text)), [(0, 472, 18), (113_000_000, 417, 276)]);
    }

    #[test]
    fn requests_of_a_mooncake_trace_share_the_blocks_that_they_name() {
        let text = r#"{"timestamp": 0, "input_length": 1100, "output_length": 52, "hash_ids": [46, 47, 48]}
{"timestamp": 3000, "input_length": 1500, "output_length": 26, "hash_ids": [46, 47, 99]}"#;
        let trace = read(text);
        assert_eq!(seen(&trace), [(0, 1100, 52), (3_000_000, 1500, 26)]);
        let words = |index| trace.text(index).split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (first, second) = (words(0), words(1));
        assert_eq!((first.len(), second.len()), (1100, 1500));
        let common = first.iter().zip(&second).take_while(|(a, b)| a == b).count();
        assert!((1024..1030).contains(&common), "two blocks of 512 and hardly more: {common}");
        assert!(trace.shares_prefixes());
    }

    #[test]
    fn time_runs_as_fast_as_asked() {
        let trace = read("Timestamp,Request tokens,Response tokens\n0,1,1\n90,1,1\n");
        assert_eq!(trace.schedule(3.0).unwrap().end(), Duration::from_secs(30));
        assert!(trace.schedule(0.0).unwrap_err().to_string().contains("speed 0"));
    }

    #[test]
    fn what_is_no_trace_is_quoted_with_its_line() {
        assert!(TraceFormat::detect("time,tokens\n").unwrap_err().to_string().contains("time,tokens"));
        let bad = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,374,44\nsoon,1,2\n";
        let message = Trace::read(bad, TraceFormat::AzureLlm).unwrap_err().to_string();
        assert!(message.starts_with("line 3:") && message.contains("soon,1,2"), "{message}");
        assert_eq!(
            Trace::read("TIMESTAMP,ContextTokens,GeneratedTokens\n", TraceFormat::AzureLlm),
            Err(TraceError::Empty)
        );
    }
}
