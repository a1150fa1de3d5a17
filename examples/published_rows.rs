//! How good is a calibration from six runs? Fits each configuration of a table of published runs to six of its rows, predicts the others,
//! and prints how far off it is.
//!
//! `cargo run --release --example published_rows -- published.csv`
//!
//! The table is a CSV file with the columns `source_id, gpu, tp, engine, model, concurrency, isl, osl, ttft_ms, tpot_ms`, of which the rows
//! of vLLM with Llama-3-70B in FP8 on H100 are used. They are closed loops of `InferenceMAX`: ten requests a worker, prompts without common
//! beginnings, lengths drawn evenly from 0.8 to 1 of `isl` and `osl`. Fitted are TPOTs of two shapes at three concurrencies; TTFT never is.

#![expect(clippy::print_stdout, reason = "a script prints its table")]

use std::{error::Error, num::NonZeroUsize, process::ExitCode};

use rehearsal::{
    calibrate::{Belief, Figure, Fit, Observed, Role, Row},
    fake::{
        engine::Nanos,
        profile::{
            ClientExtras, Profile,
            describe::{Gpu, Physics},
        },
    },
    forecast::{Load, Pattern, Prompts},
    model_config::{built_in_models, model_config},
};
use serde::Deserialize;

/// Shapes (prompt and output tokens) and concurrencies of the rows that are fitted.
const FITTED_SHAPES: [(u32, u32); 2] = [(1024, 1024), (8192, 1024)];
const FITTED_CONCURRENCIES: [usize; 3] = [4, 16, 64];
/// Requests a worker sends in this source.
const REQUESTS_PER_WORKER: usize = 10;
/// What the API server adds to a request: the middle of 10 to 20 ms.
const API_OVERHEAD: Nanos = Nanos::from_millis(15);

#[derive(Deserialize)]
struct PublishedRow {
    source_id: String,
    gpu: String,
    tp: String,
    engine: String,
    model: String,
    concurrency: String,
    isl: String,
    osl: String,
    ttft_ms: String,
    tpot_ms: String,
}

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        println!("give the path of the table: cargo run --release --example published_rows -- published.csv");
        return ExitCode::from(2);
    };
    match run(&path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{path}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(path: &str) -> Result<(), Box<dyn Error>> {
    let rows = read(path)?;
    println!(
        "{:<10}{:<9}{:>12}{:>4}  {:>20}{:>9}  {:>20}{:>9}",
        "", "", "shape", "c", "TPOT ms: run, said", "error", "TTFT ms: run, said", "error"
    );
    let (mut tpot_errors, mut ttft_errors) = (Vec::new(), Vec::new());
    for tensor_parallel in [2, 4, 8] {
        let rows: Vec<(usize, &Row)> =
            rows.iter().enumerate().filter(|(_, row)| row.tensor_parallel == tensor_parallel).collect();
        let fit = fit(tensor_parallel, &rows)?;
        for (index, row) in &rows {
            let error = |figure| fit.residuals.iter().find(|it| it.row == *index && it.figure == figure);
            let (Some(tpot), Some(ttft)) = (error(Figure::Tpot), error(Figure::Ttft)) else { continue };
            if row.role == Role::Holdout {
                tpot_errors.push(tpot.error().abs());
            }
            ttft_errors.push(ttft.error().abs());
            let pair =
                |it: &rehearsal::calibrate::Residual| format!("{:.2}, {:.2}", it.measured * 1e3, it.simulated * 1e3);
            println!(
                "{:<10}{:<9}{}{:>20}{:>+8.1}%  {:>20}{:>+8.1}%",
                format!("H100 TP={tensor_parallel}"),
                if row.role == Role::Fit { "fitted" } else { "held out" },
                row.name,
                pair(tpot),
                tpot.error() * 1e2,
                pair(ttft),
                ttft.error() * 1e2
            );
        }
    }
    let count = tpot_errors.len();
    let [tpot_median, tpot_p90] = [0.5, 0.9].map(|share| nearest_rank(&mut tpot_errors, share) * 1e2);
    println!(
        "\n{count} rows held out: TPOT error {tpot_median:.1} % in the median, {tpot_p90:.1} % at the 90th percentile"
    );
    println!(
        "{} rows: TTFT error {:.1} % in the median, never fitted",
        ttft_errors.len(),
        nearest_rank(&mut ttft_errors, 0.5) * 1e2
    );
    Ok(())
}

fn read(path: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for row in csv::Reader::from_path(path)?.deserialize() {
        let row: PublishedRow = row?;
        let wanted = row.source_id == "S4-InferenceMAX" && row.gpu.starts_with("H100") && row.engine == "vLLM";
        if wanted && row.model.contains("Llama") {
            rows.push(row.row()?);
        }
    }
    if rows.is_empty() {
        return Err("it has no row of vLLM with Llama-3-70B on H100 from S4-InferenceMAX".into());
    }
    Ok(rows)
}

impl PublishedRow {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts written as 64.0")]
    fn row(&self) -> Result<Row, Box<dyn Error>> {
        let (concurrency, isl, osl) = (
            self.concurrency.parse::<f64>()? as usize,
            self.isl.parse::<f64>()? as u32,
            self.osl.parse::<f64>()? as u32,
        );
        let fitted = FITTED_SHAPES.contains(&(isl, osl)) && FITTED_CONCURRENCIES.contains(&concurrency);
        let load = Load {
            prompt_tokens: isl.try_into()?,
            output_tokens: osl.try_into()?,
            shortest: 0.8,
            prompts: Prompts::Unique,
            pattern: Pattern::Closed(NonZeroUsize::new(concurrency).ok_or("a concurrency of 0")?),
            requests: concurrency * REQUESTS_PER_WORKER,
            client: ClientExtras { api_overhead: API_OVERHEAD, ..ClientExtras::default() },
            seed: 0,
        };
        let seconds = |ms: &str| Ok::<f64, std::num::ParseFloatError>(ms.parse::<f64>()? / 1e3);
        let observed = Observed {
            tpot_s: Some(seconds(&self.tpot_ms)?),
            ttft_s: Some(seconds(&self.ttft_ms)?),
            ..Observed::default()
        };
        let role = if fitted { Role::Fit } else { Role::Holdout };
        let name = format!("{:>12}{concurrency:>4}  ", format!("{isl}/{osl}"));
        Ok(Row { name, role, tensor_parallel: self.tp.parse()?, load, observed })
    }
}

fn fit(tensor_parallel: u32, rows: &[(usize, &Row)]) -> Result<Fit, Box<dyn Error>> {
    let gpu = Gpu::find("H100 SXM")?;
    let link = Gpu::link(&gpu.link_name)?;
    let (name, config) = built_in_models().find(|(name, _)| *name == "llama-3-70b-fp8").ok_or("no such model")?;
    let model = model_config(config, name)?;
    let physics = Physics { gpu: &gpu, link: &link, model: &model, kv_element_bytes: 2, tensor_parallel };
    let mut engine = Profile::builtin(&format!("h100-llama3-70b-fp8-tp{tensor_parallel}"))?.engine_config()?;
    // the longest row has 8192 + 1024 tokens
    engine.max_model_len = 16_384;
    Ok(Fit::of(tensor_parallel, Belief::independent(physics.expected(), physics.spread()), &engine, rows)?)
}

fn nearest_rank(errors: &mut [f64], share: f64) -> f64 {
    errors.sort_unstable_by(f64::total_cmp);
    let rank = (1..=errors.len()).find(|rank| share <= *rank as f64 / errors.len() as f64);
    rank.and_then(|rank| errors.get(rank - 1)).copied().unwrap_or(f64::NAN)
}
