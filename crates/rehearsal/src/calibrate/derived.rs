//! From one number of GPUs to another: what was measured shards, what physics says of all-reduces is added.

use rehearsal_fake::profile::describe::{Coefficients, ModelError};

use super::{Belief, Setup, fit::COUNT};

/// Standard deviation of the logarithm of what a kernel on a part of the matrices takes, against the whole divided. Published pairs of TP (H100,
/// H200, RTX PRO 6000) are within 0.2.
const SHARDING: f64 = 0.1;
/// The same of an all-reduce: the report's two GPUs leave 62 to 94 µs open, links with peer-to-peer access 11 to 31.
const COMMUNICATION: f64 = 0.5;

impl Setup {
    /// What is believed on `to` GPUs after the `measured` belief on `from` of them.
    ///
    /// Of each coefficient, time outside the kernels stays, all-reduces are those of `to`, and the rest changes as physics says it shards. The
    /// measured uncertainty goes along, and that of sharding and of all-reduces is added.
    pub fn derived(&self, measured: &Belief, from: u32, to: u32) -> Result<Belief, ModelError> {
        let (source, target) = (self.physics(from)?, self.physics(to)?);
        let (expected, wanted) = (source.expected().to_array(), target.expected().to_array());
        let (stays, left, added) = (source.unsharded(), source.communication(), target.communication());
        let centre = measured.coefficients.to_array();
        let mut derived = [0.0; COUNT];
        // by which power the measured coefficient's error goes into the derived one's, and what is new in it
        let (mut power, mut new) = ([0.0; COUNT], [0.0; COUNT]);
        for index in 0..COUNT {
            let sharded =
                |of: &[f64; COUNT], communication: &[f64; COUNT]| of[index] - stays[index] - communication[index];
            let (before, after) = (sharded(&expected, &left), sharded(&wanted, &added));
            let rest = centre[index] - stays[index] - left[index];
            // physics knows no part that shards, as of the cost of a request, or the measurement has less than the parts that do not
            let shards = 1e-12 < before && 0.0 < rest;
            let ratio = if shards { after / before } else { 1.0 };
            derived[index] = if 0.0 < rest {
                rest * ratio + stays[index] + added[index]
            } else {
                centre[index] * wanted[index] / expected[index]
            };
            let own = if 0.0 < rest { rest * ratio / derived[index] } else { 1.0 };
            power[index] = if 0.0 < rest { centre[index] * ratio / derived[index] } else { 1.0 };
            let kernels = if shards && from != to { own * SHARDING } else { 0.0 };
            let links = if from == to { 0.0 } else { added[index] / derived[index] * COMMUNICATION };
            new[index] = kernels * kernels + links * links;
        }
        let covariance = std::array::from_fn(|row| {
            std::array::from_fn(|column| {
                let along = power[row] * power[column] * measured.covariance[row][column];
                if row == column { along + new[row] } else { along }
            })
        });
        Ok(Belief { coefficients: Coefficients::from_array(derived), covariance })
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use rehearsal_fake::profile::{Profile, describe::Gpu};

    use super::*;
    use crate::{
        forecast::{Load, Prompts, Traffic},
        model_config::{built_in_models, model_config},
    };

    fn setup(gpu: &str, model: &str, kv_element_bytes: u32) -> Setup {
        let gpu = Gpu::find(gpu).unwrap();
        let (_, config) = built_in_models().find(|(name, _)| *name == model).unwrap();
        Setup {
            link: Gpu::link(&gpu.link_name).unwrap(),
            gpu,
            model: model_config(config, model).unwrap(),
            kv_element_bytes,
            gpu_memory_utilization: 0.9,
            max_model_len: None,
            max_num_seqs: None,
            max_num_batched_tokens: None,
        }
    }

    /// Oracle: coefficients that were fitted to published runs on 2, 4 and 8 GPUs, of which the derivation knows those of one alone (H200), or of
    /// two (H100).
    #[test]
    fn from_one_number_of_gpus_the_band_holds_what_was_published_of_others() {
        let cases = [
            ("H200", "llama-3-70b-fp8", "h200-llama3-70b-fp8", 1, &[2, 4, 8][..]),
            ("H100 SXM", "llama-3-70b-fp8", "h100-llama3-70b-fp8", 2, &[4, 8]),
            ("H100 SXM", "qwen3-32b", "h100-qwen3-32b-bf16", 2, &[4, 8]),
        ];
        for (gpu, model, profiles, from, others) in cases {
            let setup = setup(gpu, model, 2);
            let fitted = |ranks| Profile::builtin(&format!("{profiles}-tp{ranks}")).unwrap();
            let coefficients = Coefficients::of(&fitted(from).step_time).unwrap();
            let spread = Coefficients::from_array([0.02, 0.1, 0.3, 0.1, 0.05]);
            let measured = Belief::independent(coefficients, spread);
            for to in others {
                let belief = setup.derived(&measured, from, *to).unwrap();
                for users in [4, 16, 64] {
                    let load = Load {
                        prompt_tokens: 1024.try_into().unwrap(),
                        shortest: 0.8,
                        prompts: Prompts::Unique,
                        ..Load::of_the_report(fitted(*to).client, NonZeroUsize::new(users).unwrap())
                    };
                    let truth = load.rehearse(fitted(*to).engine_config().unwrap()).unwrap().output_tps;
                    let engine = fitted(*to).engine_config().unwrap();
                    let band = belief.ensemble(&engine).forecast(&Traffic::Load(load)).unwrap().output_tps;
                    assert!(
                        band.low <= truth && truth <= band.high,
                        "{profiles} {from} to {to}, {users}: {truth} {band:?}"
                    );
                    assert!(band.high / band.low < 4.0, "a band that says something: {band:?}");
                }
            }
        }
    }

    #[test]
    fn to_the_same_number_nothing_changes() {
        let setup = setup("H200", "llama-3-70b-fp8", 2);
        let measured = setup.belief(2).unwrap();
        let same = setup.derived(&measured, 2, 2).unwrap();
        for (got, expect) in same.coefficients.to_array().into_iter().zip(measured.coefficients.to_array()) {
            assert!((got / expect - 1.0).abs() < 1e-12, "{got} {expect}");
        }
        assert!(
            setup.derived(&measured, 2, 3).unwrap_err().to_string().contains("does not divide the 64 attention heads")
        );
    }
}
