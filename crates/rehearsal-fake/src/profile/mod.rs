//! Hardware, model and engine settings as data: what a machine's steps cost, what fits into its memory, and who says so.
//!
//! A profile is a TOML file in which every number names its source; the loader refuses one that does not. The built-in ones lie in the
//! crate's `profiles/`; [`Profile::from_toml`] reads the caller's own, which may extend a built-in one.
//!
//! ```
//! use rehearsal_fake::{engine::Engine, profile::Profile};
//!
//! let profile = Profile::builtin("report-tp2")?;
//! assert_eq!(profile.tensor_parallel, 2);
//! let engine = Engine::new(profile.engine_config()?)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builtin;
pub mod describe;
mod document;
mod error;
mod file;
pub mod memory;
mod remedy;
mod settings;

use std::collections::BTreeMap;

pub use self::{
    error::ProfileError,
    memory::{MemoryFacts, MemoryPlan, StartRefusal},
    remedy::Remedy,
    settings::{ClientExtras, EngineDefaults, EngineSettings},
};
use crate::engine::{ColdStall, EngineConfig, StepTime, Vocabulary};

/// One machine with one model on it.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name, as [`Profile::builtin`] takes it.
    pub name: String,
    /// What it is, in a line.
    pub title: String,
    /// The GPU, as the driver tells its name.
    pub gpu: String,
    /// GPUs the model is split over.
    pub tensor_parallel: u32,
    /// The engine's settings, to be overridden by flags.
    pub engine: EngineSettings,
    /// What a step costs.
    pub step_time: StepTime,
    /// How well that is known: covariances of the logarithms of [`describe::Coefficients`], in their order; `None` where nobody says.
    pub log_covariance: Option<[[f64; 5]; 5]>,
    /// A stall charged once.
    pub cold_stall: Option<ColdStall>,
    /// Standard deviation of the logarithm of a factor on every step.
    pub jitter_sigma: f64,
    /// What the client adds, for rehearsing a measurement.
    pub client: ClientExtras,
    /// Size of the vocabulary and its end-of-sequence tokens; without text.
    pub vocabulary: Vocabulary,
    /// What start-up needs to know about memory; `None` for a profile that says how many KV blocks there are.
    pub memory: Option<MemoryFacts>,
    /// The sources that the file's numbers name.
    pub sources: BTreeMap<String, String>,
}

impl Profile {
    /// The profile with this name; an unknown name is an error that says which there are.
    pub fn builtin(name: &str) -> Result<Self, ProfileError> {
        let text = builtin::text(name).ok_or_else(|| ProfileError::unknown(name, Self::names()))?;
        Self::from_toml(text, name)
    }

    /// The names that [`Profile::builtin`] takes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        builtin::names()
    }

    /// Reads a profile; `origin` (a path, a name) is said in errors and names the profile if it does not name itself.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, ProfileError> {
        let document = document::load(text, origin)?;
        file::profile(document, origin)
    }

    /// What vLLM would decide about memory when it starts, or the sentence with which it would refuse to.
    pub fn start_plan(&self) -> Result<Option<MemoryPlan>, StartRefusal> {
        self.memory.as_ref().map(|facts| facts.plan(self.tensor_parallel, &self.engine)).transpose()
    }

    /// The engine's configuration.
    ///
    /// Start-up dangers other than a KV cache without room are not looked at; [`Profile::start_plan`] does that.
    pub fn engine_config(&self) -> Result<EngineConfig, StartRefusal> {
        let mut config = EngineConfig::new(self.step_time.clone());
        let limits = self.engine.limits();
        config.max_num_seqs = limits.max_num_seqs;
        config.max_num_batched_tokens = limits.max_num_batched_tokens;
        config.max_model_len = self.engine.max_model_len;
        config.block_size = self.engine.block_size;
        config.cold_stall = self.cold_stall;
        config.jitter_sigma = self.jitter_sigma;
        config.vocabulary = self.vocabulary.clone();
        if let Some(blocks) = self.engine.num_gpu_blocks {
            config.num_gpu_blocks = blocks;
        } else if let Some(facts) = &self.memory {
            config.num_gpu_blocks = facts.kv_plan(self.tensor_parallel, &self.engine)?.num_gpu_blocks;
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_loads_and_makes_an_engine() {
        for name in Profile::names() {
            let profile = Profile::builtin(name).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(profile.name, name);
            let config = profile.engine_config().unwrap_or_else(|error| panic!("{name}: {error}"));
            config.validate().unwrap_or_else(|error| panic!("{name}: {error}"));
            profile.start_plan().unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    /// Coefficients by hand: 11.02 + .0547·16 + 3.1e-5·4096 + .0446·100.
    #[test]
    fn a_fitted_profile_has_the_fitted_coefficients() {
        let profile = Profile::builtin("h100-llama3-70b-fp8-tp4").unwrap();
        let load = crate::engine::StepLoad { decode: 16, prefill_tokens: 100, kv_tokens: 4096 };
        assert_eq!(profile.step_time.duration(&load), crate::engine::Nanos::new(16_482_176));
    }

    #[test]
    fn an_unknown_name_says_the_nearest_and_all() {
        let error = Profile::builtin("report-tp3").unwrap_err().to_string();
        assert!(error.starts_with("there is no profile `report-tp3`; did you mean `report-tp1`?"), "{error}");
        assert!(error.contains("rtxpro6000-72b-fp8-tp4"), "{error}");
    }

    #[track_caller]
    fn refuse(text: &str, expect: &str) {
        let error = Profile::from_toml(text, "mine.toml").unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }

    #[test]
    fn a_number_without_a_source_is_refused() {
        refuse(
            "extends = \"instant\"\n[engine]\nmax_num_seqs = 8",
            "profile `mine.toml`: `engine.max_num_seqs` has no source; write `{ value = 8, source = \"…\" }`",
        );
        refuse("extends = \"instant\"\n[step_time]\npoints = [[1, 2.5]]", "`step_time.points` has no source");
        refuse(
            "extends = \"instant\"\n[engine]\nmax_num_seqs = { value = 8, source = \"hearsay\" }",
            "`engine.max_num_seqs` names the source `hearsay`, which `[sources]` does not describe",
        );
    }

    #[test]
    fn what_is_no_profile_says_where_and_why() {
        refuse("extends = \"instant", "profile `mine.toml` is not TOML");
        refuse("extends = \"nothing\"", "extends `nothing`, which is no built-in profile");
        refuse("extends = \"instant\"\n[engin]", "unknown field `engin`");
        refuse("title = \"bare\"", "missing field `hardware`");
        refuse(
            "extends = \"instant\"\n[engine]\ngpu_memory_utilization = { value = 1.5, source = \"chosen\" }",
            "`engine.gpu_memory_utilization` must be > 0 and <= 1, got 1.5",
        );
        refuse(
            "extends = \"rtxpro6000-72b-fp8-tp1\"\n[engine]\ntensor_parallel = { value = 2, source = \"report\" }",
            "`all_reduce` is missing",
        );
    }

    #[test]
    fn a_profile_extends_another() {
        let text = "extends = \"report-tp2\"\n[engine]\nmax_num_seqs = { value = 8, source = \"report\" }";
        let profile = Profile::from_toml(text, "mine.toml").unwrap();
        assert_eq!((profile.name.as_str(), profile.engine.max_num_seqs), ("mine.toml", Some(8)));
        assert_eq!(profile.step_time, Profile::builtin("report-tp2").unwrap().step_time);
    }
}
