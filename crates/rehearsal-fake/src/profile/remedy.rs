//! What would make a refused start succeed.

use std::fmt;

use super::{EngineSettings, MemoryFacts};

/// A flag with which vLLM would start.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Remedy {
    /// `--max-num-seqs`: fewer dummy requests when the sampler is warmed up.
    MaxNumSeqs(u32),
    /// `--gpu-memory-utilization`.
    GpuMemoryUtilization(f64),
    /// `--max-model-len`: the longest request that fits.
    MaxModelLen(u32),
    /// `--tensor-parallel-size`: a smaller share of the weights on each GPU.
    TensorParallelSize(u32),
}

impl MemoryFacts {
    /// The changes of one flag each that would make a refused start succeed, each as small as it can be. Empty for a start that succeeds,
    /// and where no single flag helps.
    #[must_use]
    pub fn remedies(&self, tensor_parallel: u32, settings: &EngineSettings) -> Vec<Remedy> {
        if self.plan(tensor_parallel, settings).is_ok() {
            return Vec::new();
        }
        let starts = |settings: EngineSettings| self.plan(tensor_parallel, &settings).is_ok();
        let seqs = settings.limits().max_num_seqs;
        let fewer = (0..32).rev().map(|power| 1 << power).filter(|count| *count < seqs);
        let max_num_seqs =
            fewer.into_iter().find(|count| starts(EngineSettings { max_num_seqs: Some(*count), ..settings.clone() }));

        let hundredths = 50..=98;
        let by_distance = |hundredth: &i32| (settings.gpu_memory_utilization * 100.0 - f64::from(*hundredth)).abs();
        let mut utilizations: Vec<i32> = hundredths.collect();
        utilizations.sort_by(|a, b| by_distance(a).total_cmp(&by_distance(b)));
        let utilization = utilizations
            .into_iter()
            .map(|hundredth| f64::from(hundredth) / 100.0)
            .find(|share| starts(EngineSettings { gpu_memory_utilization: *share, ..settings.clone() }));

        let lengths = (0..=settings.max_model_len / 1024).rev().map(|kibi| (kibi * 1024).max(256));
        let max_model_len = lengths
            .filter(|tokens| *tokens < settings.max_model_len)
            .find(|tokens| starts(EngineSettings { max_model_len: *tokens, ..settings.clone() }));

        let more = [2, 4, 8].into_iter().filter(|ranks| tensor_parallel < *ranks);
        let ranks = more.into_iter().find(|ranks| self.plan(*ranks, settings).is_ok());
        [
            max_num_seqs.map(Remedy::MaxNumSeqs),
            utilization.map(Remedy::GpuMemoryUtilization),
            max_model_len.map(Remedy::MaxModelLen),
            ranks.map(Remedy::TensorParallelSize),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaxNumSeqs(count) => write!(f, "--max-num-seqs {count}"),
            Self::GpuMemoryUtilization(share) => write!(f, "--gpu-memory-utilization {share:.2}"),
            Self::MaxModelLen(tokens) => write!(f, "--max-model-len {tokens}"),
            Self::TensorParallelSize(ranks) => write!(f, "--tensor-parallel-size {ranks}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    /// The report's second start: it ran out of memory at 1024 and started with 32. By hand, `max_num_seqs · 152064 · 23 B <= 2.25 GiB` holds up
    /// to 690, so 512 is the next power of two; 0.05 · 95 GiB - 2.5 GiB grows to 3.34 GiB at 0.93.
    #[test]
    fn the_reports_failed_start_is_told_what_helped() {
        let mut profile = Profile::builtin("report-tp2").unwrap();
        profile.engine.max_num_seqs = None;
        let facts = profile.memory.clone().unwrap();
        let remedies: Vec<String> = facts.remedies(2, &profile.engine).iter().map(ToString::to_string).collect();
        assert_eq!(remedies, ["--max-num-seqs 512", "--gpu-memory-utilization 0.93"]);
        profile.engine.max_num_seqs = Some(32);
        assert!(facts.remedies(2, &profile.engine).is_empty());
    }

    /// 0.9 · 79.2 GiB are less than 71.36 GiB of weights and 3.08 GiB beside them; on two GPUs half the weights leave room.
    #[test]
    fn a_model_too_large_for_one_gpu_is_told_to_take_two() {
        let mut profile = Profile::builtin("rtxpro6000-72b-fp8-tp1").unwrap();
        let mut facts = profile.memory.take().unwrap();
        facts.gpu_gib = 79.2;
        profile.engine.max_num_seqs = Some(32);
        let remedies = facts.remedies(1, &profile.engine);
        assert!(remedies.contains(&Remedy::TensorParallelSize(2)), "{remedies:?}");
        assert!(!remedies.iter().any(|remedy| matches!(remedy, Remedy::MaxModelLen(_))), "{remedies:?}");
    }
}
