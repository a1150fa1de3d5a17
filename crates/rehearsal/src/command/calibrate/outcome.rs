//! The fit of one configuration, what it forecasts, and how well it did.

use rehearsal::{
    calibrate::{Estimate, Fit, Provenance, Residual, Role, Row, Setup},
    fake::profile::Profile,
    forecast::{Band, Load, Pattern},
};
use serde_json::{Value, json};

use crate::{args::CalibrateArgs, exit::Expected, render};

pub(super) struct Outcome {
    pub(super) fit: Fit,
    pub(super) estimates: Vec<Estimate>,
    /// Concurrency and output tokens a second.
    pub(super) forecasts: Vec<(usize, Band)>,
    pub(super) provenance: Provenance,
}

impl Outcome {
    pub(super) fn of(
        setup: &Setup,
        tensor_parallel: u32,
        rows: &[Row],
        args: &CalibrateArgs,
    ) -> Result<Self, Expected> {
        let prior = setup.belief(tensor_parallel).map_err(Expected::usage)?;
        let own: Vec<(usize, &Row)> =
            rows.iter().enumerate().filter(|(_, row)| row.tensor_parallel == tensor_parallel).collect();
        let longest = own.iter().map(|(_, row)| row.load.prompt_tokens.get() + row.load.output_tokens.get()).max();
        let profile = setup.profile(tensor_parallel, &prior.coefficients).map_err(Expected::usage)?;
        warn_of_start(tensor_parallel, &profile);
        let mut engine = profile.engine_config().map_err(Expected::usage)?;
        if let Some(longest) = longest.filter(|longest| engine.max_model_len < *longest) {
            return Err(Expected::usage(format!(
                "a row has {longest} tokens, but --max-model-len is {}; raise it to what the server had",
                engine.max_model_len
            )));
        }
        engine.cold_stall = None;
        let fit = Fit::of(tensor_parallel, prior, &engine, &own).map_err(Expected::usage)?;
        let mut forecasts = Vec::new();
        if let Some((_, first)) = own.first() {
            for concurrency in &args.concurrency {
                let requests = Load::waves(*concurrency);
                let load = Load { pattern: Pattern::Closed(*concurrency), requests, ..first.load };
                forecasts.push((concurrency.get(), fit.forecast(&engine, &load).map_err(Expected::usage)?));
            }
        }
        let estimates = fit.estimates();
        let provenance = provenance(setup, &fit, &own, &estimates, &args.name);
        Ok(Self { fit, estimates, forecasts, provenance })
    }

    /// Residuals of the figures that the fit uses, of rows in this role.
    pub(super) fn errors(&self, rows: &[Row], role: Role) -> Vec<f64> {
        errors(&self.fit, rows, role)
    }

    fn json(&self, rows: &[Row]) -> Value {
        let residuals = self.fit.residuals.iter().map(|residual| {
            let Residual { row, figure, measured, simulated } = residual;
            json!({
                "row": rows[*row].name, "role": rows[*row].role, "figure": figure,
                "fitted": rows[*row].role == Role::Fit && rows[*row].fitted_figure() == Some(*figure),
                "measured": measured, "simulated": simulated, "relative_error": residual.error(),
            })
        });
        let forecasts =
            self.forecasts.iter().map(|(concurrency, band)| json!({"concurrency": concurrency, "output_tps": band}));
        json!({
            "tensor_parallel": self.fit.tensor_parallel,
            "coefficients": self.estimates,
            "not_identifiable": self.estimates.iter().filter(|it| !it.identifiable).map(|it| it.name).collect::<Vec<_>>(),
            "residuals": residuals.collect::<Vec<_>>(),
            "holdout_median_error": median(&mut self.errors(rows, Role::Holdout)),
            "forecasts": forecasts.collect::<Vec<_>>(),
        })
    }
}

/// Rows may come from a server that was started otherwise, so this is no error.
fn warn_of_start(tensor_parallel: u32, profile: &Profile) {
    let Some(facts) = &profile.memory else { return };
    if let Err(refusal) = facts.plan(tensor_parallel, &profile.engine) {
        let remedies = facts.remedies(tensor_parallel, &profile.engine);
        let remedies: Vec<String> = remedies.iter().map(ToString::to_string).collect();
        render::warning(format!(
            "with these flags vLLM would not start on {tensor_parallel} GPUs, and `serve` will refuse the profile: {refusal} \
             It would start with {}",
            if remedies.is_empty() { "no single flag".to_owned() } else { remedies.join(", or with ") }
        ));
    }
}

/// All of it as one document.
pub(super) fn document(rows: &[Row], outcomes: &[Outcome]) -> Value {
    json!({
        "schema_version": 1,
        "configurations": outcomes.iter().map(|outcome| outcome.json(rows)).collect::<Vec<_>>(),
    })
}

/// The middle value.
pub(super) fn median(errors: &mut [f64]) -> Option<f64> {
    errors.sort_unstable_by(f64::total_cmp);
    rehearsal::load::metrics::median(errors)
}

fn errors(fit: &Fit, rows: &[Row], role: Role) -> Vec<f64> {
    let counts = |residual: &&Residual| {
        rows[residual.row].role == role && rows[residual.row].fitted_figure() == Some(residual.figure)
    };
    fit.residuals.iter().filter(counts).map(|residual| residual.error().abs()).collect()
}

fn provenance(setup: &Setup, fit: &Fit, own: &[(usize, &Row)], estimates: &[Estimate], name: &str) -> Provenance {
    let named = |role| {
        let names: Vec<&str> =
            own.iter().filter(|(_, row)| row.role == role).map(|(_, row)| row.name.as_str()).collect();
        names.join(", ")
    };
    let figure = |residual: &&Residual| {
        own.iter().any(|(index, row)| {
            *index == residual.row && row.role == Role::Holdout && row.fitted_figure() == Some(residual.figure)
        })
    };
    let mut held_out: Vec<f64> = fit.residuals.iter().filter(figure).map(|residual| residual.error().abs()).collect();
    let (kind, holdout) = match median(&mut held_out) {
        Some(error) => {
            ("calibrated", format!("; held out: {}, median error {:.1} %", named(Role::Holdout), error * 1e2))
        }
        None => ("fitted, tried on nothing it had not seen", "; nothing was held out".to_owned()),
    };
    let tensor_parallel = fit.tensor_parallel;
    Provenance {
        name: format!("{name}-tp{tensor_parallel}"),
        title: format!("{} on {tensor_parallel}x {}: {kind}", setup.model.name, setup.gpu.name),
        fitted_to: format!(
            "rehearsal calibrate {}, ridge to physics; fitted to: {}{holdout}",
            env!("CARGO_PKG_VERSION"),
            named(Role::Fit)
        ),
        estimates: estimates.to_vec(),
        log_covariance: Some(fit.posterior.log_covariance()),
    }
}
