//! Laws of a run's figures. Oracle: sums of the stated lengths and counts, in integers and exact rationals.

mod oracle;

use std::time::Duration;

use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::{collection::vec, prelude::*};
use rehearsal_load::{
    client::{RequestTimeline, TokenUsage, Verdict},
    metrics::{
        Objective, SloMetric, cross_checks, goodput, mean_concurrency, output_throughput, prompt_throughput,
        request_throughput,
    },
};

use oracle::{
    is_within, ratio,
    timeline::{Story, story},
};

fn run(stories: &[Story]) -> (Vec<RequestTimeline>, u64) {
    let window = stories.iter().map(Story::finished).max().unwrap_or(0);
    (stories.iter().enumerate().map(|(index, story)| story.timeline(index)).collect(), window)
}

/// `count` per second over a window of nanoseconds.
fn per_second(count: u64, window: u64) -> BigRational {
    ratio(count, 1) * BigRational::new(BigInt::from(1_000_000_000u64), BigInt::from(window))
}

proptest! {
    /// A throughput is one sum over one window, of the successes only: two roundings.
    #[test]
    fn throughput_is_the_sum_over_the_window(stories in vec(story(), 1..20), failed in vec(any::<bool>(), 20)) {
        let (mut requests, window) = run(&stories);
        prop_assume!(0 < window);
        for (request, failed) in requests.iter_mut().zip(&failed) {
            if *failed {
                request.verdict = Verdict::Truncated;
            }
        }
        let ok: Vec<&Story> = stories.iter().zip(&failed).filter(|(_, failed)| !**failed).map(|(story, _)| story).collect();
        let duration = Duration::from_nanos(window);
        let sums = [
            (request_throughput(&requests, duration), ok.len() as u64),
            (output_throughput(&requests, duration), ok.iter().map(|story| story.tokens()).sum()),
            (prompt_throughput(&requests, duration), ok.iter().map(|story| story.prompt_tokens).sum()),
        ];
        for (seen, sum) in sums {
            if ok.is_empty() {
                prop_assert_eq!(seen, None, "without a success there is no rate");
            } else {
                let expected = per_second(sum, window);
                prop_assert!(is_within(seen.unwrap(), &expected, 3, &expected));
            }
        }
    }

    /// Over the same window the rates of two parts add up to the rate of the whole.
    #[test]
    fn rates_over_one_window_add_up(one in vec(story(), 1..10), two in vec(story(), 1..10)) {
        let (all, window) = run(&[one.clone(), two.clone()].concat());
        prop_assume!(0 < window);
        let window = Duration::from_nanos(window);
        let rate = |requests: &[RequestTimeline]| output_throughput(requests, window).unwrap();
        let (left, right) = all.split_at(one.len());
        let (sum, whole) = (rate(left) + rate(right), rate(&all));
        prop_assert!((sum - whole).abs() <= 4.0 * f64::EPSILON * whole, "{} for {}", sum, whole);
    }

    /// No figure of a run depends on the order in which its requests ended.
    #[test]
    fn a_run_is_a_set((stories, shuffled) in vec(story(), 1..12).prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))) {
        let (one, window) = run(&stories);
        let (two, _) = run(&shuffled);
        let window = Duration::from_nanos(window.max(1));
        prop_assert_eq!(output_throughput(&one, window), output_throughput(&two, window));
        prop_assert_eq!(mean_concurrency(&one, window), mean_concurrency(&two, window));
        let objective = [Objective { metric: SloMetric::E2el, at_most: Duration::from_secs(3) }];
        prop_assert_eq!(goodput(&one, &objective, window), goodput(&two, &objective, window));
    }

    /// Little's law: the mean number in flight is the arrival rate times the mean residence: L = (n/T)(sum W / n).
    #[test]
    fn littles_law_holds(stories in vec(story(), 1..20)) {
        let (requests, window) = run(&stories);
        prop_assume!(0 < window);
        let residence: u64 = stories.iter().map(|story| story.finished() - story.started()).sum();
        let expected = ratio(residence, window);
        let seen = mean_concurrency(&requests, Duration::from_nanos(window)).unwrap();
        prop_assert!(is_within(seen, &expected, 3, &expected), "{} for {}", seen, expected);
        // and at any instant: the number in flight, averaged over the instants at which it changes, weighted by length
        let mut instants: Vec<u64> = stories.iter().flat_map(|story| [story.started(), story.finished()]).collect();
        instants.sort_unstable();
        let area: u64 = instants
            .windows(2)
            .map(|pair| {
                let in_flight = stories.iter().filter(|story| story.started() <= pair[0] && pair[1] <= story.finished());
                in_flight.count() as u64 * (pair[1] - pair[0])
            })
            .sum();
        prop_assert_eq!(area, residence);
    }

    /// Every cross-check holds on requests that were made consistently, and looks at each of them.
    #[test]
    fn consistent_requests_pass_every_cross_check(stories in vec(story(), 1..12)) {
        let (requests, window) = run(&stories);
        for check in cross_checks(&requests, Duration::from_nanos(window)) {
            prop_assert!(check.holds(), "{:?}", check);
            let needs_details = matches!(check.id.as_str(), "cached_within_prompt" | "reasoning_within_completion");
            prop_assert_eq!(check.examined, if needs_details { 0 } else { requests.len() }, "{}", check.id);
        }
    }

    /// Goodput: the requests that meet every objective, over the requests sent: failures count against the share.
    #[test]
    fn goodput_counts_against_what_was_sent(stories in vec(story(), 1..20), limit in 0u64..8_000_000_000, broken in 0usize..20) {
        let (mut requests, window) = run(&stories);
        prop_assume!(0 < window);
        let broken = broken.min(requests.len());
        for request in &mut requests[..broken] {
            request.verdict = Verdict::Timeout;
        }
        let within = |story: &&Story| story.to_headers + story.chunks.iter().map(|(gap, _)| gap).sum::<u64>() <= limit;
        let met = stories[broken..].iter().filter(within).count();
        let objective = Objective { metric: SloMetric::E2el, at_most: Duration::from_nanos(limit) };
        let seen = goodput(&requests, &[objective], Duration::from_nanos(window));
        prop_assert_eq!((seen.met, seen.sent), (met, stories.len()));
        prop_assert!(oracle::is_nearest(seen.share.unwrap(), &ratio(met as u64, stories.len() as u64)));
        let expected = per_second(met as u64, window);
        prop_assert!(is_within(seen.per_second.unwrap(), &expected, 3, &expected));
    }
}

type Break = fn(&mut RequestTimeline);

/// Each cross-check has a request that breaks it and nothing else that it should notice.
#[test]
fn each_cross_check_notices_its_own_fault() {
    let story = Story {
        due: 0,
        lag: 1,
        connect: None,
        to_headers: 10,
        chunks: vec![(5, 1), (7, 2)],
        tail: 3,
        prompt_tokens: 20,
    };
    let sound = story.timeline(0);
    let window = sound.finished;
    let with_usage = |request: &mut RequestTimeline, edit: fn(&mut TokenUsage)| {
        edit(request.usage.as_mut().unwrap());
    };
    let faults: [(&str, Break); 6] = [
        ("usage_total", |request| request.usage.as_mut().unwrap().total_tokens = Some(24)),
        ("cached_within_prompt", |request| request.usage.as_mut().unwrap().cached_tokens = Some(21)),
        ("reasoning_within_completion", |request| request.usage.as_mut().unwrap().reasoning_tokens = Some(4)),
        ("chunks_within_usage", |request| request.usage = Some(TokenUsage::new(20, 1))),
        ("tokens_equal_usage", |request| request.usage = Some(TokenUsage::new(20, 4))),
        ("order", |request| request.headers = Some(request.finished + Duration::from_nanos(1))),
    ];
    for (id, break_it) in faults {
        let mut request = sound.clone();
        break_it(&mut request);
        let broken: Vec<String> =
            cross_checks(&[request], window).into_iter().filter(|check| !check.holds()).map(|check| check.id).collect();
        assert!(broken.contains(&id.to_owned()), "{id}: only {broken:?}");
    }
    let mut cached = sound.clone();
    with_usage(&mut cached, |usage| usage.cached_tokens = Some(20));
    assert!(cross_checks(&[cached], window).iter().all(rehearsal_load::metrics::CrossCheck::holds));
    let outside = cross_checks(&[sound], window.saturating_sub(Duration::from_nanos(1)));
    let little = outside.iter().find(|check| check.id == "littles_law").unwrap();
    assert!(!little.holds(), "a request outside the window is not in the average");
}

/// Two requests of 1 s, with 10 and 100 tokens: the mean of ratios is 55 ms a token, the ratio of means 200/11.
#[test]
fn a_mean_of_ratios_is_not_a_ratio_of_means() {
    let request = |tokens: u64| {
        let story = Story {
            due: 0,
            lag: 0,
            connect: None,
            to_headers: 0,
            chunks: vec![(1_000_000_000, u32::try_from(tokens).unwrap())],
            tail: 0,
            prompt_tokens: 1,
        };
        story.timeline(0)
    };
    let requests = [request(10), request(100)];
    let plan = rehearsal_load::LoadPlan::builder("http://localhost", "m").requests(2).build().unwrap();
    let report = rehearsal_load::SeedReport::new(&plan, &requests, Duration::from_secs(2));
    assert_eq!(report.derived.ms_per_output_token, Some(1000.0 / 55.0));
    assert_ne!(report.derived.ms_per_output_token, Some(f64::midpoint(100.0, 10.0)));
    // and the rate is 110 tokens over 2 s, not the mean of 10/s and 100/s
    assert_eq!(report.derived.decode_tps, Some(55.0));
    assert_eq!(output_throughput(&requests, Duration::from_secs(2)), Some(55.0));
}

#[test]
fn a_run_without_success_or_time_has_no_rates() {
    let story = Story { due: 0, lag: 0, connect: None, to_headers: 1, chunks: vec![(1, 1)], tail: 0, prompt_tokens: 1 };
    let mut failed = story.timeline(0);
    failed.verdict = Verdict::Error;
    let second = Duration::from_secs(1);
    assert_eq!(request_throughput(&[failed.clone()], second), None);
    assert_eq!(output_throughput(&[failed.clone()], second), None);
    assert_eq!(goodput(&[failed], &[], second).share, Some(0.0), "a failure counts against the share");
    assert_eq!(goodput(&[], &[], second).share, None);
    let good = [story.timeline(0)];
    assert_eq!(request_throughput(&good, Duration::ZERO), None);
    assert_eq!(mean_concurrency(&good, Duration::ZERO), None);
    assert_eq!(goodput(&good, &[], Duration::ZERO).per_second, None);
}
