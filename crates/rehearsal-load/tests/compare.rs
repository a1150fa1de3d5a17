//! Comparisons: verdicts on runs whose difference is known, and intervals against the formula for means.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use rehearsal_load::{
    Completion, LoadPlan, RequestTimeline, Streaming, TokenUsage, Verdict,
    compare::{Change, ComparisonReport, Statistic, bootstrap, compare, to_junit, to_markdown, to_text},
    report::{PlanSummary, Recording},
};

/// Numbers without a pattern in (0, 1): the fractional parts of multiples of the golden ratio, well spread.
fn spread(index: usize, offset: f64) -> f64 {
    (index as f64).mul_add(0.618_033_988_749_894_9, offset).fract()
}

/// A closed loop of one worker whose latencies, in ms, are `latency(index)`.
fn run(requests: usize, latency: impl Fn(usize) -> f64) -> Recording {
    let plan = LoadPlan::builder("http://host", "m").requests(requests).build().unwrap();
    let mut now = Duration::ZERO;
    let requests: Vec<RequestTimeline> = (0..requests)
        .map(|index| {
            let mut request = RequestTimeline::begun(index, now, now, Streaming::Off);
            now += Duration::from_secs_f64(latency(index) / 1000.0);
            request.finished = now;
            request.status = Some(200);
            request.usage = Some(TokenUsage::new(10, 20));
            request.verdict = Verdict::Ok;
            request
        })
        .collect();
    Recording {
        plan: PlanSummary::from(&plan),
        started_unix: None,
        warm_up: None,
        requests,
        server: Vec::new(),
        window: now,
        completion: Completion::Complete,
    }
}

fn verdict(report: &ComparisonReport, figure: &str) -> Change {
    report.comparisons.iter().find(|comparison| comparison.figure == figure).unwrap().change
}

fn gate(baseline: &Recording, candidate: &Recording, threshold: &str) -> ComparisonReport {
    let threshold = [threshold.parse().unwrap()];
    compare(std::slice::from_ref(baseline), std::slice::from_ref(candidate), &threshold, 1)
}

#[test]
fn a_difference_beyond_the_threshold_and_beyond_chance_decides() {
    // 100 ms ± 10, and the same 10 % and 3 % slower
    let baseline = run(150, |index| 90.0 + 20.0 * spread(index, 0.0));
    let slower = run(150, |index| (90.0 + 20.0 * spread(index, 0.3)) * 1.10);
    let hardly = run(150, |index| (90.0 + 20.0 * spread(index, 0.3)) * 1.03);
    let threshold = "mean_e2el>+5%";
    assert_eq!(verdict(&gate(&baseline, &slower, threshold), "mean_e2el"), Change::Regressed);
    assert_eq!(verdict(&gate(&slower, &baseline, threshold), "mean_e2el"), Change::Improved);
    assert_eq!(verdict(&gate(&baseline, &hardly, threshold), "mean_e2el"), Change::Unchanged);
    assert_eq!(verdict(&gate(&baseline, &slower, "p95_e2el>+5%"), "p95_e2el"), Change::Regressed);
    // 10 ms are less than 15
    assert_eq!(verdict(&gate(&baseline, &slower, "mean_e2el>+15ms"), "mean_e2el"), Change::Unchanged);
    // a tenth longer is an eleventh less throughput
    assert_eq!(verdict(&gate(&baseline, &slower, "qps<-5%"), "requests_per_s"), Change::Regressed);
    assert_eq!(gate(&baseline, &slower, threshold).failures().count(), 1);
    assert_eq!(gate(&baseline, &hardly, threshold).failures().count(), 0);
}

#[test]
fn noise_that_hides_the_difference_is_undecided() {
    let baseline = run(6, |index| 50.0 + 100.0 * spread(index, 0.0));
    let candidate = run(6, |index| (50.0 + 100.0 * spread(index, 0.3)) * 1.06);
    let report = gate(&baseline, &candidate, "mean_e2el>+5%");
    assert_eq!(verdict(&report, "mean_e2el"), Change::Undecided);
    assert_eq!(report.failures().count(), 0, "what is undecided does not fail");
    // a metric that nobody measured is undecided, too
    assert_eq!(verdict(&gate(&baseline, &candidate, "p95_ttft>+5%"), "p95_ttft"), Change::Undecided);
}

#[test]
fn the_interval_of_a_difference_of_means_is_as_wide_as_the_formula_says() {
    // uniform on (0, 1): variance 1/12; standard error of the difference sqrt(1/12/n + 1/12/n)
    for n in [200usize, 1000] {
        let side = |offset| vec![(0..n).map(|index| spread(index, offset)).collect::<Vec<f64>>()];
        let interval = bootstrap(&side(0.0), &side(0.5), Statistic::Mean, 7).unwrap();
        let expect = 2.0 * 1.96 * (2.0 / 12.0 / n as f64).sqrt();
        let seen = interval.high - interval.low;
        assert!((seen / expect - 1.0).abs() < 0.08, "n = {n}: {seen} instead of {expect}");
        assert_eq!(bootstrap(&side(0.0), &side(0.5), Statistic::Mean, 7), Some(interval), "the seed decides");
    }
}

#[test]
fn runs_that_differ_among_themselves_widen_the_interval() {
    // five runs a side whose levels differ by up to 20 ms, with next to no noise within each
    let side = |shift: f64| -> Vec<Recording> {
        (0..5).map(|level| run(40, |index| 100.0 + shift + 5.0 * f64::from(level) + spread(index, 0.0))).collect()
    };
    let interval = |baseline: &[Recording], candidate: &[Recording]| {
        let report = compare(baseline, candidate, &["mean_e2el>+5%".parse().unwrap()], 1);
        let difference = report.comparisons[0].difference.unwrap();
        (difference.high - difference.low, report.warnings.len())
    };
    let (repeated, warnings) = interval(&side(0.0), &side(0.0));
    let pooled = |side: Vec<Recording>| {
        let mut all = side[0].clone();
        all.requests = side.into_iter().flat_map(|run| run.requests).collect();
        vec![all]
    };
    let (as_one, warnings_of_one) = interval(&pooled(side(0.0)), &pooled(side(0.0)));
    assert!(2.0 * as_one < repeated, "{as_one} and {repeated}");
    assert_eq!((warnings, warnings_of_one), (0, 2), "single runs are warned of");
}

#[test]
fn loads_that_differ_are_named() {
    let baseline = run(20, |_| 100.0);
    let mut candidate = baseline.clone();
    candidate.plan.concurrency = 8;
    let report = gate(&baseline, &candidate, "mean_e2el>+5%");
    assert!(
        report.warnings.iter().any(|warning| warning.contains("concurrency is 1 in the baseline and 8")),
        "{:?}",
        report.warnings
    );
    // the same latencies to the nanosecond: nothing moved, with certainty
    assert_eq!(verdict(&report, "mean_e2el"), Change::Unchanged);
}

#[test]
fn ci_gets_junit_and_pull_requests_get_markdown() {
    let baseline = run(200, |index| 90.0 + 20.0 * spread(index, 0.0));
    let slower = run(200, |index| (90.0 + 20.0 * spread(index, 0.3)) * 1.5);
    let report = gate(&baseline, &slower, "p50_e2el>+5%");
    let junit = to_junit(&report).unwrap();
    assert!(
        junit.contains("tests=\"1\"") && junit.contains("failures=\"1\"") && junit.contains("p50_e2el&gt;+5%"),
        "{junit}"
    );
    let page = to_markdown(&report);
    assert!(page.contains("| p50_e2el | ") && page.contains("**regressed**"), "{page}");
    assert!(to_text(&report).contains("regressed, must not be p50_e2el>+5%"));
}
