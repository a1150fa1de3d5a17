//! An axis: where a value lies in the drawing, and the round numbers that divide it.

/// A quantity from its least to its most, widened to round numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    label: String,
    ticks: Vec<f64>,
    low: f64,
    high: f64,
    division: Division,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Division {
    Even,
    Logarithmic,
}

/// An axis that knows its place in the drawing.
#[derive(Debug, Clone)]
pub(super) struct PlacedAxis {
    axis: Axis,
    start: f64,
    end: f64,
}

impl Axis {
    /// Equal differences have equal distances.
    #[must_use]
    pub fn linear(label: impl Into<String>, low: f64, high: f64) -> Self {
        Self::of(label.into(), ticks(low, high, 5), (low, high), Division::Even)
    }

    /// Equal ratios have equal distances: for quantities above 0 that span powers. What is not above 0 is drawn at the end.
    #[must_use]
    pub fn logarithmic(label: impl Into<String>, low: f64, high: f64) -> Self {
        let high = if 0.0 < high && high.is_finite() { high } else { 1.0 };
        let low = if 0.0 < low && low <= high { low } else { high / 10.0 };
        Self::of(label.into(), powers(low, high), (low, high), Division::Logarithmic)
    }

    fn of(label: String, ticks: Vec<f64>, data: (f64, f64), division: Division) -> Self {
        let low = ticks.first().copied().unwrap_or(0.0).min(data.0);
        let high = ticks.last().copied().unwrap_or(1.0).max(data.1);
        Self { label, ticks, low, high, division }
    }

    pub(super) fn between(self, start: f64, end: f64) -> PlacedAxis {
        PlacedAxis { axis: self, start, end }
    }
}

impl PlacedAxis {
    pub(super) fn at(&self, value: f64) -> f64 {
        let Axis { low, high, division, .. } = self.axis;
        let share = match division {
            Division::Even => (value - low) / (high - low),
            Division::Logarithmic => (value.max(low) / low).ln() / (high / low).ln(),
        };
        self.start + share * (self.end - self.start)
    }

    pub(super) fn label(&self) -> &str {
        &self.axis.label
    }

    /// The values at which it is divided.
    pub(super) fn ticks(&self) -> &[f64] {
        &self.axis.ticks
    }
}

/// Round numbers from at most `low` to at least `high`, about `count` of them.
fn ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let span = if low < high { high - low } else { high.abs().max(1e-3) };
    let rough = span / count as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| rough <= *step);
    let step = step.unwrap_or(power * 10.0);
    let first = (low / step).floor();
    let last = ((high.max(low + step)) / step).ceil();
    let mut ticks = Vec::new();
    let mut tick = first;
    while tick <= last && ticks.len() < 4 * count {
        ticks.push(tick * step);
        tick += 1.0;
    }
    ticks
}

/// 1, 2 and 5 times the powers of ten from at most `low` to at least `high`; the powers alone where those would be too many.
fn powers(low: f64, high: f64) -> Vec<f64> {
    const MOST: usize = 10;
    let (first, last) = (low.log10().floor(), high.log10().ceil());
    let divided = |factors: &[f64]| {
        let mut all = Vec::new();
        let mut exponent = first;
        while exponent <= last {
            all.extend(factors.iter().map(|factor| factor * 10f64.powf(exponent)));
            exponent += 1.0;
        }
        let begin = all.iter().rposition(|tick| *tick <= low).unwrap_or(0);
        let end = all.iter().position(|tick| high <= *tick).unwrap_or(all.len() - 1);
        all[begin..=end.max(begin)].to_vec()
    };
    let fine = divided(&[1.0, 2.0, 5.0]);
    if fine.len() <= MOST { fine } else { divided(&[1.0]) }
}

/// A number on an axis, without noise.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let size = value.abs();
    if 1e6 <= size {
        format!("{}M", trimmed(value / 1e6, 2))
    } else if 1e4 <= size {
        format!("{}k", trimmed(value / 1e3, 1))
    } else if 10.0 <= size {
        trimmed(value, 1)
    } else {
        trimmed(value, 4)
    }
}

fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_enclose_the_data() {
        assert_eq!(ticks(0.0, 530.0, 5), [0.0, 200.0, 400.0, 600.0]);
        assert_eq!(ticks(0.0, 1.0, 5), [0.0, 0.2, 0.4, 3.0 * 0.2, 0.8, 1.0]);
        assert_eq!(ticks(3.0, 3.0, 5), [3.0, 4.0], "one value still has a scale");
        assert_eq!([0.0, 3.0 * 0.2, 12.0, 25_000.0, 1_500_000.0].map(number), ["0", "0.6", "12", "25k", "1.5M"]);
    }

    #[test]
    fn powers_enclose_the_data_and_stay_few() {
        let texts = |low, high| powers(low, high).into_iter().map(number).collect::<Vec<_>>().join(" ");
        assert_eq!(texts(1.0, 64.0), "1 2 5 10 20 50 100");
        assert_eq!(texts(1.5, 157.0), "1 2 5 10 20 50 100 200");
        assert_eq!(texts(0.01, 2e6), "0.01 0.1 1 10 100 1000 10k 100k 1M 10M");
    }

    /// By hand: on a scale from 1 to 100, 10 is in the middle.
    #[test]
    fn equal_ratios_have_equal_distances() {
        let axis = Axis::logarithmic("users", 1.0, 100.0).between(0.0, 200.0);
        assert_eq!([1.0, 10.0, 100.0].map(|value| format!("{:.3}", axis.at(value))), ["0.000", "100.000", "200.000"]);
        assert_eq!(format!("{:.3}", axis.at(0.0)), "0.000");
    }
}
