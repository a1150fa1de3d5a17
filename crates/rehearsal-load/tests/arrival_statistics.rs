//! Schedules of 100,000 arrivals against their distributions: Kolmogorov and Smirnov's test, and the index of dispersion.
//!
//! The distribution functions are written out here and share nothing with the generators. The seeds are fixed, so a test
//! that passes always passes; the bounds are those of a test at the level of 0.1 %.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use rehearsal_load::{
    RateProfile, Schedule, Spacing,
    arrivals::{Extent, Ramp},
};

const ARRIVALS: usize = 100_000;
const RATE: f64 = 40.0;

fn instants(profile: &RateProfile, spacing: Spacing, seed: u64) -> Vec<f64> {
    let extent = Extent { requests: Some(ARRIVALS), duration: None };
    let schedule = Schedule::generate(profile, spacing, extent, seed).unwrap();
    schedule.iter().map(|at| at.as_secs_f64()).collect()
}

fn gaps(instants: &[f64]) -> Vec<f64> {
    instants.windows(2).map(|pair| (pair[1] - pair[0]) * RATE).collect()
}

/// The largest distance between the samples' distribution and `distribution`.
fn kolmogorov_smirnov(mut samples: Vec<f64>, distribution: impl Fn(f64) -> f64) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    let n = samples.len() as f64;
    let distance = |(i, x): (usize, &f64)| {
        let expect = distribution(*x);
        (expect - i as f64 / n).abs().max(((i + 1) as f64 / n - expect).abs())
    };
    samples.iter().enumerate().map(distance).fold(0.0, f64::max)
}

/// The bound at the level of 0.1 %: sqrt(ln(2 / 0.001) / (2 n)).
fn bound(n: usize) -> f64 {
    ((2.0f64 / 0.001).ln() / (2.0 * n as f64)).sqrt()
}

/// Variance over mean of the number of arrivals in windows of `length` seconds, and how many windows there are.
fn index_of_dispersion(instants: &[f64], length: f64) -> (f64, f64) {
    let windows = (instants.last().unwrap() / length).floor();
    let mut counts = Vec::new();
    let mut rest = instants;
    let mut end = length;
    while (counts.len() as f64) < windows {
        let count = rest.partition_point(|at| *at < end);
        counts.push(count as f64);
        rest = &rest[count..];
        end += length;
    }
    let mean = counts.iter().sum::<f64>() / windows;
    let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / (windows - 1.0);
    (variance / mean, windows)
}

/// `expect` within 3.3 standard errors, which are `expect · sqrt(2 / (windows − 1))`.
#[track_caller]
fn dispersed(instants: &[f64], length: f64, expect: f64) {
    let (index, windows) = index_of_dispersion(instants, length);
    let error = expect * (2.0 / (windows - 1.0)).sqrt();
    assert!((index - expect).abs() < 3.3 * error, "{index} is not {expect} ± {error} over {windows} windows");
}

/// Error function after Abramowitz and Stegun, 7.1.26; off by 1.5e-7 at most.
fn erf(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    1.0 - series.iter().fold(0.0, |sum, factor| (sum + factor) * t) * (-x * x).exp()
}

#[test]
fn poisson_gaps_are_exponential_and_counts_as_spread_as_their_mean() {
    for seed in [0, 42] {
        let instants = instants(&RateProfile::constant(RATE).unwrap(), Spacing::Poisson, seed);
        let distance = kolmogorov_smirnov(gaps(&instants), |x| 1.0 - (-x).exp());
        assert!(distance < bound(ARRIVALS - 1), "{distance}");
        for length in [0.025, 0.25, 2.5] {
            dispersed(&instants, length, 1.0);
        }
    }
}

#[test]
fn gamma_gaps_have_the_shape_that_was_asked_for() {
    // shape 1/2 and mean 1: half a squared normal deviate, doubled; shape 2: the sum of two exponential gaps of mean 1/2
    let bursty = |x: f64| erf((x / 2.0).sqrt());
    let regular = |x: f64| 1.0 - (-2.0 * x).exp() * (1.0 + 2.0 * x);
    let distributions: [(f64, &dyn Fn(f64) -> f64); 2] = [(0.5, &bursty), (2.0, &regular)];
    for (burstiness, distribution) in distributions {
        let instants = instants(&RateProfile::constant(RATE).unwrap(), Spacing::Gamma { burstiness }, 7);
        let distance = kolmogorov_smirnov(gaps(&instants), distribution);
        assert!(distance < bound(ARRIVALS - 1), "{burstiness}: {distance}");
        // over long windows a renewal process is as dispersed as its gaps: their variance over their squared mean
        dispersed(&instants, 5.0, 1.0 / burstiness);
    }
}

#[test]
fn constant_arrivals_are_as_even_as_nanoseconds_allow() {
    let instants = instants(&RateProfile::constant(RATE).unwrap(), Spacing::Constant, 0);
    let end = ARRIVALS as f64 / RATE;
    let distance = kolmogorov_smirnov(instants.clone(), |x| x / end);
    assert!(distance <= 1.0 / ARRIVALS as f64 + 1e-12, "{distance}");
    let (index, _) = index_of_dispersion(&instants, 2.5);
    assert!(index.abs() < f64::EPSILON, "every window of 2.5 s has 100 arrivals: {index}");
}

/// Given how many there are, the arrivals of a Poisson process whose rate grows from 0 are spread as its integral: x².
#[test]
fn a_ramped_poisson_process_follows_its_rate() {
    let over = Duration::from_secs(5000);
    let profile = RateProfile::ramp(Ramp::Linear, 0.0, RATE, over).unwrap();
    let extent = Extent { requests: None, duration: Some(over) };
    let schedule = Schedule::generate(&profile, Spacing::Poisson, extent, 3).unwrap();
    let instants: Vec<f64> = schedule.iter().map(|at| at.as_secs_f64() / 5000.0).collect();
    // 0 to 40 over 5,000 s: 100,000 expected, with a standard deviation of 316
    assert!(instants.len().abs_diff(ARRIVALS) < 1050, "{}", instants.len());
    let count = instants.len();
    let distance = kolmogorov_smirnov(instants, |x| x * x);
    assert!(distance < bound(count), "{distance}");
}

/// The tool's own arithmetic: gaps summed up, then stretched by (n / rate) / sum.
#[test]
fn trap_26_the_rescaled_schedule_ends_at_n_over_rate_and_poisson_does_not() {
    let profile = RateProfile::constant(RATE).unwrap();
    for seed in 0..3 {
        let last = |spacing| *instants(&profile, spacing, seed).last().unwrap();
        assert!((last(Spacing::VllmRescaled { burstiness: 1.0 }) - 2500.0).abs() < 1e-6);
        assert!(1e-3 < (last(Spacing::Poisson) - 2500.0).abs());
    }
    // the same gaps up to the stretch
    let poisson = instants(&profile, Spacing::Gamma { burstiness: 0.5 }, 1);
    let rescaled = instants(&profile, Spacing::VllmRescaled { burstiness: 0.5 }, 1);
    let stretch = 2500.0 / poisson[ARRIVALS - 1];
    assert!(poisson.iter().zip(&rescaled).all(|(plain, rescaled)| (plain * stretch - rescaled).abs() < 1e-6));
}

#[test]
fn a_schedule_is_its_seed_and_its_hash_tells_schedules_apart() {
    let generate = |rate: f64, seed| {
        let extent = Extent { requests: Some(1000), duration: None };
        Schedule::generate(&RateProfile::constant(rate).unwrap(), Spacing::Poisson, extent, seed).unwrap()
    };
    assert_eq!(generate(RATE, 5), generate(RATE, 5));
    assert_eq!(generate(RATE, 5).hash(), generate(RATE, 5).hash());
    assert_ne!(generate(RATE, 5).hash(), generate(RATE, 6).hash());
    let moved = |by: u64| Schedule::recorded([Duration::from_nanos(1), Duration::from_nanos(10 + by)]).unwrap();
    assert_ne!(moved(0).hash(), moved(1).hash());
}

#[test]
fn a_schedule_without_an_end_or_without_an_arrival_is_refused() {
    let generate = |rate: f64, spacing, requests, seconds: Option<u64>| {
        let extent = Extent { requests, duration: seconds.map(Duration::from_secs) };
        Schedule::generate(&RateProfile::constant(rate).unwrap(), spacing, extent, 0).map(|schedule| schedule.len())
    };
    assert_eq!(generate(2.0, Spacing::Constant, Some(100), Some(10)), Ok(20));
    let refused = [
        (generate(2.0, Spacing::Constant, None, None), "needs an end"),
        (generate(0.0, Spacing::Poisson, Some(5), None), "nothing arrives"),
        (generate(1e8, Spacing::Poisson, None, Some(1)), "more than 10000000 arrivals"),
        (generate(2.0, Spacing::Gamma { burstiness: -1.0 }, Some(5), None), "burstiness -1"),
        (generate(2.0, Spacing::VllmRescaled { burstiness: 1.0 }, None, Some(5)), "number of requests"),
    ];
    for (outcome, text) in refused {
        let message = outcome.unwrap_err().to_string();
        assert!(message.contains(text), "{message}");
    }
}
