//! The line about throughput, every ten seconds (`LoggingStatLogger`, `v1/metrics/loggers.py`).

use std::{sync::Arc, time::Duration};

use super::App;
use crate::{
    driver::Beat,
    engine::{EngineStats, Nanos},
    log::{LogLevel, LogLine, LogProcess},
};

/// `VLLM_LOG_STATS_INTERVAL`.
const EVERY: Duration = Duration::from_secs(10);

/// Logs as long as the server lives.
pub(super) async fn run(app: Arc<App>) {
    let mut beat = Beat::new(EVERY);
    let mut last = Reading { at: app.clock.now(), stats: app.metrics.engine_stats(), idle: true };
    loop {
        beat.next().await;
        let (text, reading) = last.line(app.clock.now(), app.metrics.engine_stats());
        if let Some(text) = text {
            app.log.line(&LogLine { process: LogProcess::ApiServer, level: LogLevel::Info, text });
        }
        last = reading;
    }
}

/// What was read at the last line.
struct Reading {
    at: Nanos,
    stats: EngineStats,
    /// Whether nothing was computed before it.
    idle: bool,
}

impl Reading {
    /// The line of this instant, if there is one: an engine that was idle twice says nothing.
    fn line(&self, now: Nanos, stats: EngineStats) -> (Option<String>, Self) {
        let seconds = now.saturating_sub(self.at).as_secs_f64();
        let (before, after) = (self.stats.counters, stats.counters);
        let rate = |before: u64, after: u64| if 0.0 < seconds { (after - before) as f64 / seconds } else { 0.0 };
        // what the cache held was not computed, which is what the prompt throughput counts
        let computed = |counters: crate::engine::EngineCounters| counters.prompt_tokens - counters.cached_prompt_tokens;
        let prompt = rate(computed(before), computed(after));
        let generated = rate(before.generation_tokens, after.generation_tokens);
        let idle = prompt == 0.0 && generated == 0.0;
        let reading = Self { at: now, stats, idle };
        if idle && self.idle {
            return (None, reading);
        }
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 };
        let hits = share(after.prefix_cache_hits, after.prefix_cache_queries);
        let text = format!(
            "Engine 000: Avg prompt throughput: {prompt:.1} tokens/s, Avg generation throughput: {generated:.1} tokens/s, \
             Running: {} reqs, Waiting: {} reqs, GPU KV cache usage: {:.1}%, Prefix cache hit rate: {hits:.1}%",
            stats.running,
            stats.waiting,
            100.0 * stats.kv_cache_usage
        );
        (Some(text), reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EngineCounters;

    #[test]
    fn rates_are_of_the_interval_and_silence_is_kept() {
        let counters = EngineCounters {
            prompt_tokens: 300,
            cached_prompt_tokens: 100,
            generation_tokens: 1000,
            prefix_cache_queries: 300,
            prefix_cache_hits: 100,
            ..EngineCounters::default()
        };
        let stats = EngineStats { running: 2, waiting: 1, kv_cache_usage: 0.125, counters, ..EngineStats::default() };
        let start = Reading { at: Nanos::ZERO, stats: EngineStats::default(), idle: true };
        let (line, reading) = start.line(Nanos::from_millis(10_000), stats);
        assert_eq!(
            line.unwrap(),
            "Engine 000: Avg prompt throughput: 20.0 tokens/s, Avg generation throughput: 100.0 tokens/s, Running: 2 reqs, \
             Waiting: 1 reqs, GPU KV cache usage: 12.5%, Prefix cache hit rate: 33.3%"
        );
        let (once, reading) = reading.line(Nanos::from_millis(20_000), stats);
        assert!(once.unwrap().contains("Avg generation throughput: 0.0 tokens/s"));
        assert_eq!(reading.line(Nanos::from_millis(30_000), stats).0, None);
    }
}
