//! What the report alone can say, and what it cannot.

use std::num::NonZeroUsize;

use rehearsal_fake::profile::{
    Profile,
    describe::{Gpu, Physics},
};

use super::*;
use crate::{
    forecast::Load,
    model_config::{built_in_models, model_config},
};

/// The two published medians, in seconds.
const PUBLISHED: [(u32, f64); 2] = [(1, 15.692_299_124_998_499), (2, 11.761_318_839_000_523)];

fn concurrency(c: usize) -> NonZeroUsize {
    NonZeroUsize::new(c).unwrap()
}

fn fit_the_report(tensor_parallel: u32, latency: f64) -> Fit {
    let gpu = Gpu::find("RTX PRO 6000").unwrap();
    let link = Gpu::link(&gpu.link_name).unwrap();
    let (name, config) = built_in_models().next().unwrap();
    let model = model_config(config, name).unwrap();
    let physics = Physics { gpu: &gpu, link: &link, model: &model, kv_element_bytes: 1, tensor_parallel };
    let row = Row {
        name: format!("report TP={tensor_parallel}"),
        role: Role::Fit,
        tensor_parallel,
        load: Load::of_the_report(client(), concurrency(16)),
        observed: Observed { latency_p50_s: Some(latency), ..Observed::default() },
    };
    row.check().unwrap();
    let prior = Belief::independent(physics.expected(), physics.spread());
    Fit::of(tensor_parallel, prior, &engine(&format!("rtxpro6000-72b-fp8-tp{tensor_parallel}")), &[(0, &row)]).unwrap()
}

fn client() -> rehearsal_fake::profile::ClientExtras {
    Profile::builtin("report-tp1").unwrap().client
}

fn engine(profile: &str) -> rehearsal_fake::engine::EngineConfig {
    Profile::builtin(profile).unwrap().engine_config().unwrap()
}

/// Oracle: the three models of step time that all give the report, none of which the fit knows.
#[test]
fn from_the_report_alone_the_intervals_hold_every_model_that_gives_the_report() {
    for (tensor_parallel, latency) in PUBLISHED {
        let fit = fit_the_report(tensor_parallel, latency);
        assert!(fit.residuals[0].error().abs() < 0.002, "{:?}", fit.residuals);
        for c in [1, 2, 4, 8, 16, 32, 64].map(concurrency) {
            let load = Load::of_the_report(client(), c);
            let base = engine(&format!("rtxpro6000-72b-fp8-tp{tensor_parallel}"));
            let band = fit.forecast(&base, &load).unwrap();
            for scenario in ["roofline-", "", "amdahl-"] {
                let name = format!("rtxpro6000-72b-fp8-{scenario}tp{tensor_parallel}");
                let truth = load.rehearse(engine(&name)).unwrap().output_tps;
                assert!(band.low <= truth && truth <= band.high, "{name} at {c}: {truth} outside {band:?}");
            }
        }
    }
}

/// Oracle: the report's run on two GPUs, which a belief from its run on one has not seen.
#[test]
fn from_the_reports_one_gpu_the_band_of_two_holds_what_two_gave() {
    let gpu = Gpu::find("RTX PRO 6000").unwrap();
    let (name, config) = built_in_models().next().unwrap();
    let setup = Setup {
        link: Gpu::link(&gpu.link_name).unwrap(),
        gpu,
        model: model_config(config, name).unwrap(),
        kv_element_bytes: 1,
        gpu_memory_utilization: 0.95,
        max_model_len: Some(4096),
        max_num_seqs: Some(32),
        max_num_batched_tokens: None,
    };
    let one = fit_the_report(1, PUBLISHED[0].1).posterior;
    let two = setup.derived(&one, 1, 2).unwrap();
    let load = crate::forecast::Traffic::Load(Load::of_the_report(client(), concurrency(16)));
    let band = two.ensemble(&engine("rtxpro6000-72b-fp8-tp2")).forecast(&load).unwrap().output_tps;
    assert!(band.low <= 348.0 && 348.0 <= band.high, "{band:?}");
    assert!((band.likely / 348.0 - 1.0).abs() < 0.15, "{band:?}");
}

#[test]
fn the_report_says_nothing_of_prefill_batch_and_kv_slope() {
    for (tensor_parallel, latency) in PUBLISHED {
        let fit = fit_the_report(tensor_parallel, latency);
        let identifiable: Vec<(&str, bool)> =
            fit.estimates().iter().map(|estimate| (estimate.name, estimate.identifiable)).collect();
        assert_eq!(
            identifiable,
            [
                ("fixed cost of a step", true),
                ("factor on it up to 8 requests", false),
                ("batch slope: each decoding request", false),
                ("KV slope: each KV token read", false),
                ("prefill: each prompt token", false),
            ]
        );
    }
}

/// Oracle: the coefficients that the rows were made with.
#[test]
fn rows_of_two_shapes_at_three_concurrencies_give_back_the_coefficients_they_were_made_with() {
    use rehearsal_fake::profile::describe::Coefficients;

    let truth = Coefficients::from_array([24.0, 1.1, 0.06, 6e-5, 0.1]);
    let base = engine("h100-llama3-70b-fp8-tp2");
    let config = rehearsal_fake::engine::EngineConfig { step_time: truth.step_time(), ..base.clone() };
    let mut rows = Vec::new();
    for prompt_tokens in [128_u32, 2048] {
        for c in [1, 16, 64].map(concurrency) {
            let load = Load {
                prompt_tokens: prompt_tokens.try_into().unwrap(),
                output_tokens: 128.try_into().unwrap(),
                shortest: 0.8,
                prompts: crate::forecast::Prompts::Unique,
                requests: 2 * c.get().max(4),
                ..Load::of_the_report(client(), c)
            };
            let observed =
                Observed { tpot_s: load.rehearse(config.clone()).unwrap().tpot_mean_s, ..Observed::default() };
            let name = format!("{prompt_tokens} tokens at {c}");
            rows.push(Row { name, role: Role::Fit, tensor_parallel: 2, load, observed });
        }
    }
    let expected = Coefficients::from_array([16.0, 1.05, 0.03, 5e-5, 0.07]);
    let spread = Coefficients::from_array([0.5, 0.12, 1.0, 0.5, 0.5]);
    let indexed: Vec<(usize, &Row)> = rows.iter().enumerate().collect();
    let fit = Fit::of(2, Belief::independent(expected, spread), &base, &indexed).unwrap();
    for (estimate, truth) in fit.estimates().into_iter().zip(truth.to_array()) {
        assert!(estimate.value.low <= truth && truth <= estimate.value.high, "{estimate:?}: {truth}");
    }
    let fixed = &fit.estimates()[0];
    assert!(fixed.identifiable && (fixed.value.likely / 24.0 - 1.0).abs() < 0.03, "{fixed:?}");
    let prefill = &fit.estimates()[4];
    assert!(prefill.identifiable && (prefill.value.likely / 0.1 - 1.0).abs() < 0.1, "{prefill:?}");
}
