//! The models of step time that one configuration may have.

use rehearsal_fake::{
    engine::EngineConfig,
    profile::{Profile, StartRefusal, describe::Coefficients},
};

use super::{Band, ForecastError, LoadFigures, Outlook, Traffic};
use crate::calibrate::matrix::{cholesky, columns};

/// Standard deviations on either side of a 95 % interval.
const NORMAL_95: f64 = 1.96;
/// Standard deviation of what the linear form of step time leaves unexplained, as a share: 2.1 % in the median over 901 published runs.
pub(crate) const MODEL_ERROR: f64 = 0.02;

/// An engine whose step time is not known for sure: the model that is believed most, and what else it may be.
#[derive(Clone, Debug)]
pub struct Ensemble {
    likely: EngineConfig,
    doubt: Doubt,
}

#[derive(Clone, Debug)]
enum Doubt {
    /// Models that fit as well: a figure may be whatever one of them says.
    Alternatives(Vec<EngineConfig>),
    /// The logarithms of the coefficients are normal around these, with independent standard deviations along the axes.
    Normal { centre: [f64; 5], axes: Vec<[f64; 5]> },
}

impl Ensemble {
    /// One model, and others that fit as well.
    #[must_use]
    pub fn of_alternatives(likely: EngineConfig, others: Vec<EngineConfig>) -> Self {
        Self { likely, doubt: Doubt::Alternatives(others) }
    }

    /// Coefficients whose logarithms are normal: around `centre`, with independent standard deviations along `axes` (the columns of a
    /// factor of their covariance) and the form's own error, which makes every step longer or shorter alike.
    #[must_use]
    pub fn around(engine: &EngineConfig, centre: Coefficients, axes: impl IntoIterator<Item = [f64; 5]>) -> Self {
        let likely = EngineConfig { step_time: centre.step_time(), ..engine.clone() };
        // the second coefficient is a factor on the first
        let form = [MODEL_ERROR, 0.0, MODEL_ERROR, MODEL_ERROR, MODEL_ERROR];
        let axes = axes.into_iter().chain([form]).filter(|axis| axis.iter().any(|part| *part != 0.0)).collect();
        Self { likely, doubt: Doubt::Normal { centre: centre.to_array().map(f64::ln), axes } }
    }

    /// What a profile says: with the covariance that a calibration wrote, or with the form's own error alone. A profile of another form than
    /// the linear one knows no doubt.
    ///
    /// ```
    /// use rehearsal::{fake::profile::Profile, forecast::{Ensemble, Load, Traffic}};
    ///
    /// let profile = Profile::builtin("h200-llama3-70b-fp8-tp2")?;
    /// let load = Traffic::Load(Load::of_the_report(profile.client, 16.try_into()?));
    /// let tps = Ensemble::of_profile(&profile)?.forecast(&load)?.output_tps;
    /// assert!(tps.low < tps.likely && tps.likely < tps.high);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_profile(profile: &Profile) -> Result<Self, StartRefusal> {
        let engine = profile.engine_config()?;
        let Some(coefficients) = Coefficients::of(&profile.step_time) else {
            return Ok(Self::of_alternatives(engine, Vec::new()));
        };
        let factor = profile.log_covariance.as_ref().and_then(cholesky);
        let axes = factor.map_or(Vec::new(), |factor| columns(&factor).to_vec());
        let ensemble = Self::around(&engine, coefficients, axes);
        // the coefficients of a table say the same as the table only where they are made of it
        Ok(Self { likely: engine, ..ensemble })
    }

    /// The same with vLLM's `--no-enable-prefix-caching`.
    #[must_use]
    pub fn without_prefix_caching(mut self) -> Self {
        self.likely.enable_prefix_caching = false;
        if let Doubt::Alternatives(others) = &mut self.doubt {
            for other in others {
                other.enable_prefix_caching = false;
            }
        }
        self
    }

    /// The model that is believed most.
    #[must_use]
    pub fn likely(&self) -> &EngineConfig {
        &self.likely
    }

    /// What the load would see, with the 95 % interval (or what the alternatives span) of each figure.
    ///
    /// The interval adds the effects of the axes, each tried at its own ends, as those of independent errors: it needs two runs an axis, and
    /// is exact where logarithms of figures are linear in those of the coefficients.
    pub fn forecast(&self, traffic: &Traffic) -> Result<Outlook, ForecastError> {
        let likely = traffic.rehearse(self.likely.clone())?;
        let runs = self.others().map(|config| traffic.rehearse(config)).collect::<Result<Vec<LoadFigures>, _>>()?;
        let spans = matches!(self.doubt, Doubt::Alternatives(_));
        Ok(Outlook::of(&likely, |figure| {
            let likely = figure(&likely)?;
            let others = runs.iter().map(figure).map(|value| value.unwrap_or(likely));
            Some(if spans { Band::of(likely, others) } else { added(likely, &others.collect::<Vec<f64>>()) })
        }))
    }

    /// Two models at the ends of what may be: the one under which this load is answered last, and the one under which it is answered first.
    pub fn extremes(&self, traffic: &Traffic) -> Result<[EngineConfig; 2], ForecastError> {
        let latency = |config: EngineConfig| -> Result<f64, ForecastError> {
            Ok(traffic.rehearse(config)?.latency_mean_s.unwrap_or(f64::INFINITY))
        };
        match &self.doubt {
            Doubt::Alternatives(others) => {
                let mut all = Vec::new();
                for config in std::iter::once(&self.likely).chain(others) {
                    all.push((latency(config.clone())?, config));
                }
                let slowest = all.iter().max_by(|a, b| a.0.total_cmp(&b.0)).map_or(&self.likely, |(_, config)| config);
                let fastest = all.iter().min_by(|a, b| a.0.total_cmp(&b.0)).map_or(&self.likely, |(_, config)| config);
                Ok([slowest.clone(), fastest.clone()])
            }
            Doubt::Normal { axes, .. } => {
                // the point of the 95 % ellipsoid in the direction in which the latency rises most
                let mut effects = Vec::with_capacity(axes.len());
                for index in 0..axes.len() {
                    let at = |end: f64| self.along(index, end).map_or(Ok(0.0), latency);
                    effects.push((at(NORMAL_95)? / at(-NORMAL_95)?).ln());
                }
                let length = effects.iter().map(|effect| effect * effect).sum::<f64>().sqrt();
                let weights = |sign: f64| -> Vec<f64> {
                    effects
                        .iter()
                        .map(|effect| if 0.0 < length { sign * NORMAL_95 * effect / length } else { 0.0 })
                        .collect()
                };
                Ok([self.at(&weights(1.0)), self.at(&weights(-1.0))])
            }
        }
    }

    /// The models beside the likely one: all alternatives, or both ends of every axis in turn.
    fn others(&self) -> Box<dyn Iterator<Item = EngineConfig> + '_> {
        match &self.doubt {
            Doubt::Alternatives(others) => Box::new(others.iter().cloned()),
            Doubt::Normal { axes, .. } => Box::new((0..axes.len()).flat_map(move |index| {
                [-NORMAL_95, NORMAL_95].into_iter().filter_map(move |end| self.along(index, end))
            })),
        }
    }

    fn along(&self, index: usize, end: f64) -> Option<EngineConfig> {
        let Doubt::Normal { axes, .. } = &self.doubt else { return None };
        let weights: Vec<f64> = (0..axes.len()).map(|other| if other == index { end } else { 0.0 }).collect();
        Some(self.at(&weights))
    }

    fn at(&self, weights: &[f64]) -> EngineConfig {
        let Doubt::Normal { centre, axes } = &self.doubt else { return self.likely.clone() };
        let coefficients = std::array::from_fn(|row| {
            let shift: f64 = axes.iter().zip(weights).map(|(axis, weight)| axis[row] * weight).sum();
            (centre[row] + shift).exp()
        });
        EngineConfig { step_time: Coefficients::from_array(coefficients).step_time(), ..self.likely.clone() }
    }
}

/// The interval from runs at both ends of each axis: on either side the root of the sum of squares of what the axes do.
fn added(likely: f64, ends: &[f64]) -> Band {
    if likely <= 0.0 {
        return Band::of(likely, ends.iter().copied());
    }
    let (mut below, mut above) = (0.0, 0.0);
    for pair in ends.chunks(2) {
        let shift = |value: f64| if 0.0 < value { (value / likely).ln() } else { 0.0 };
        let shifts = pair.iter().map(|value| shift(*value));
        let (low, high) = shifts.fold((0.0_f64, 0.0_f64), |(low, high), shift| (low.min(shift), high.max(shift)));
        below += low * low;
        above += high * high;
    }
    Band { likely, low: likely * (-f64::sqrt(below)).exp(), high: likely * f64::sqrt(above).exp() }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use rehearsal_fake::{engine::StepTime, profile::ClientExtras};

    use super::*;
    use crate::forecast::Load;

    fn one_user() -> Traffic {
        Traffic::Load(Load::of_the_report(ClientExtras::default(), NonZeroUsize::MIN))
    }

    /// By hand: a step is its fixed part alone, so that its logarithm's 0.1 and the form's 0.02 add up to 0.10198, and a rate has 1.96 times that.
    #[test]
    fn independent_errors_add_as_squares() {
        let centre = Coefficients::from_array([50.0, 1.0, 1e-12, 1e-12, 1e-12]);
        let ensemble =
            Ensemble::around(&EngineConfig::new(StepTime::constant_ms(1.0)), centre, [[0.1, 0.0, 0.0, 0.0, 0.0]]);
        let band = ensemble.forecast(&one_user()).unwrap().output_tps;
        let reach = (1.96 * 0.0104_f64.sqrt()).exp();
        assert!((band.high / band.likely / reach - 1.0).abs() < 1e-6, "{band:?}");
        assert!((band.likely / band.low / reach - 1.0).abs() < 1e-6, "{band:?}");
        let [slow, fast] = ensemble.extremes(&one_user()).unwrap();
        let tps = |config| one_user().rehearse(config).unwrap().output_tps;
        assert!((tps(slow) / band.low - 1.0).abs() < 1e-6);
        assert!((tps(fast) / band.high - 1.0).abs() < 1e-6);
    }

    #[test]
    fn alternatives_span_a_band() {
        let engine = |ms| EngineConfig::new(StepTime::constant_ms(ms));
        let ensemble = Ensemble::of_alternatives(engine(50.0), vec![engine(40.0), engine(100.0)]);
        let band = ensemble.forecast(&one_user()).unwrap().output_tps;
        assert!(
            (band.high / band.likely - 1.25).abs() < 1e-9 && (band.likely / band.low - 2.0).abs() < 1e-9,
            "{band:?}"
        );
    }
}
