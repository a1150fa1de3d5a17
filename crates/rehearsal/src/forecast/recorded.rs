//! A recorded load: the load generator's traces on the bare engine.

use std::sync::Arc;

use rehearsal_fake::{
    engine::{EngineConfig, EngineRequest},
    profile::ClientExtras,
};
use rehearsal_load::{
    Schedule,
    workload::{Trace, TraceRequest},
};

use super::{
    ForecastError, LoadFigures,
    simulation::{Arrivals, simulate},
};

/// Tokens that one id of a Mooncake trace stands for, as the load generator has it.
const BLOCK: usize = 512;
const FILLER: u32 = 1;

/// A trace, played at some speed to one of several engines that take its requests in turn.
#[derive(Clone, Debug)]
pub struct Recorded {
    trace: Arc<Trace>,
    speed: f64,
    client: ClientExtras,
    lane: usize,
    lanes: usize,
}

impl Recorded {
    /// All of the trace, `speed` times as fast as it was recorded.
    #[must_use]
    pub fn new(trace: Arc<Trace>, speed: f64, client: ClientExtras) -> Self {
        Self { trace, speed, client, lane: 0, lanes: 1 }
    }

    /// The part for engine `lane` of `lanes`, which take requests in turn.
    #[must_use]
    pub(super) fn of_lane(&self, lane: usize, lanes: usize) -> Self {
        Self { lane, lanes, ..self.clone() }
    }

    /// At another speed.
    #[must_use]
    pub fn at_speed(&self, speed: f64) -> Self {
        Self { speed, ..self.clone() }
    }

    /// Its requests a second at this speed, on average.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        let requests = self.trace.requests();
        let span = requests.last()?.at.as_secs_f64() / self.speed;
        (0.0 < span).then(|| requests.len() as f64 / span)
    }

    /// Output tokens a second that it asks for at this speed, on average.
    #[must_use]
    pub fn demand_tps(&self) -> Option<f64> {
        let requests = self.trace.requests();
        let tokens: u64 = requests.iter().map(|request| u64::from(request.output.get())).sum();
        Some(self.rate()? * tokens as f64 / requests.len() as f64)
    }

    /// Rehearses it on an engine with `config`.
    pub fn rehearse(&self, config: EngineConfig) -> Result<LoadFigures, ForecastError> {
        let own: Vec<&TraceRequest> = self.trace.requests().iter().skip(self.lane).step_by(self.lanes).collect();
        let whole = self.trace.schedule(self.speed)?;
        let schedule = Schedule::recorded(whole.iter().skip(self.lane).step_by(self.lanes))?;
        let mut run = simulate(config, Arrivals::Open(schedule), None, &mut |index: usize| {
            let request = own[index % own.len()];
            EngineRequest::new(prompt(request, index), request.output)
        })?;
        for outline in &mut run.outlines {
            outline.finished += self.client.api_overhead;
            outline.first_token = outline.first_token.map(|at| at + self.client.api_overhead);
        }
        Ok(LoadFigures::of_run(&run))
    }
}

/// Blocks that others may share, then a rest of its own.
#[expect(clippy::cast_possible_truncation, reason = "the two halves of an id, and an index of a trace")]
fn prompt(request: &TraceRequest, index: usize) -> Vec<u32> {
    let tokens = request.input.get() as usize;
    let mut prompt = Vec::with_capacity(tokens);
    for id in request.blocks.iter().take(tokens.div_ceil(BLOCK)) {
        prompt.extend([*id as u32, (*id >> 32) as u32]);
        prompt.resize(prompt.len() - 2 + BLOCK, FILLER);
    }
    if prompt.len() < tokens {
        prompt.push(index as u32);
    }
    prompt.resize(tokens, FILLER);
    prompt
}

#[cfg(test)]
mod tests {
    use rehearsal_fake::engine::StepTime;
    use rehearsal_load::workload::TraceFormat;

    use super::*;

    fn recorded(text: &str) -> Recorded {
        let trace = Trace::read(text, TraceFormat::detect(text).unwrap()).unwrap();
        Recorded::new(Arc::new(trace), 1.0, ClientExtras::default())
    }

    /// By hand: steps of 100 ms, requests at 0 and 1 s of 2 and 3 tokens.
    #[test]
    fn requests_come_when_they_came() {
        let text = "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-01-01 00:00:00,10,2\n2024-01-01 00:00:01,20,3\n";
        let figures = recorded(text).rehearse(EngineConfig::new(StepTime::constant_ms(100.0))).unwrap();
        assert_eq!((figures.requests, figures.output_tps.to_bits()), (2, (5.0_f64 / 1.3).to_bits()));
        let fast = recorded(text).at_speed(10.0);
        assert_eq!(fast.rate().map(f64::to_bits), Some(20.0_f64.to_bits()));
        assert_eq!(fast.of_lane(1, 2).rehearse(EngineConfig::new(StepTime::constant_ms(100.0))).unwrap().requests, 1);
    }

    #[test]
    fn blocks_of_one_id_are_alike_and_the_rest_is_not() {
        let text = r#"{"timestamp": 0, "input_length": 1100, "output_length": 5, "hash_ids": [46, 47, 48]}
{"timestamp": 0, "input_length": 1500, "output_length": 5, "hash_ids": [46, 47, 4294967343]}"#;
        let trace = recorded(text).trace;
        let [one, two] = trace.requests() else { panic!("two requests") };
        let (one, two) = (prompt(one, 0), prompt(two, 1));
        assert_eq!((one.len(), two.len()), (1100, 1500));
        assert_eq!(one.iter().zip(&two).position(|(a, b)| a != b), Some(1024));
    }
}
