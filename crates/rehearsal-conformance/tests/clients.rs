//! The cases for clients, against our own load generator on the paused clock, where every figure is exact.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use rehearsal_conformance::{
    ClientCase, ClientSuite, ClientUnderTest, OWN_REQUESTS, SuiteReport, TokenTruth, Truth, Verdict, client_cases,
    own_client,
};

async fn own_report() -> SuiteReport {
    let client = ClientUnderTest { name: "our own".into(), command: "in memory".into() };
    let run = async |case: &ClientCase| own_client(case).await;
    ClientSuite::standard().run(client, run, |_| {}, std::future::pending()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn our_own_load_generator_reports_the_truth_in_every_case() {
    let report = own_report().await;
    for case in &report.cases {
        assert_eq!(case.verdict, Verdict::Pass, "{}: {:#?}", case.id, case.findings);
        let judged = case.findings.iter().filter(|finding| finding.verdict == Verdict::Pass).count();
        assert!(3 < judged, "{} judges only {judged} figures", case.id);
        assert!(!case.exchanges.is_empty(), "{} has no exchange", case.id);
    }
    for number in 1..=14 {
        let id = format!("C-{number:02}");
        assert!(report.case(&id).is_some(), "{id} is missing");
    }
}

/// What each case's timetable (its `plays`) says, worked out by hand: successes of four, TTFT, E2EL, a token's time, output tokens.
type Row = (&'static str, usize, f64, f64, f64, TokenTruth);

#[tokio::test(start_paused = true)]
async fn the_truth_of_each_case_is_what_its_timetable_says() {
    let faulty = |id| (id, 2, 300.0, 600.0, 100.0, TokenTruth::Stated(8));
    let rows: [Row; 17] = [
        // (2000 − 1200) / (9 − 1)
        ("C-00", 4, 1200.0, 2000.0, 100.0, TokenTruth::Stated(36)),
        faulty("C-01"),
        faulty("C-02"),
        faulty("C-03"),
        faulty("C-04"),
        // (900 − 300) / (7 − 1)
        ("C-05", 4, 300.0, 900.0, 100.0, TokenTruth::Stated(28)),
        ("C-06", 4, 300.0, 600.0, 100.0, TokenTruth::Stated(16)),
        ("C-07", 4, 300.0, 800.0, 100.0, TokenTruth::Lied { said: 8, generated: 24 }),
        faulty("C-08"),
        ("C-09", 4, 700.0, 900.0, 100.0, TokenTruth::Stated(12)),
        // ((600 − 500) + (1000 − 300)) / ((2 − 1) + (3 − 1)), in whole nanoseconds
        ("C-10", 4, 300.0, 1000.0, 266.666_666, TokenTruth::Stated(20)),
        ("C-11", 4, 300.0, 600.0, 100.0, TokenTruth::Stated(16)),
        ("C-12", 4, 300.0, 500.0, 100.0, TokenTruth::Stated(12)),
        // (500 − 300) / (7 − 1), in whole nanoseconds
        ("C-13", 4, 300.0, 500.0, 33.333_333, TokenTruth::Unstated(28)),
        faulty("C-14"),
        ("C-15", 4, 300.0, 600.0, 100.0, TokenTruth::Stated(16)),
        faulty("C-16"),
    ];
    let cases = client_cases();
    assert_eq!(cases.iter().map(|case| case.id).collect::<Vec<_>>(), rows.map(|row| row.0));
    for (case, (id, successes, ttft, e2el, per_token, output)) in cases.iter().zip(rows) {
        let truth = Truth::of(&own_client(case).await.unwrap().played);
        let expect = Truth {
            requests: OWN_REQUESTS,
            successes,
            ttft_ms: Some(ttft),
            e2el_ms: Some(e2el),
            per_token_ms: Some(per_token),
            output,
        };
        assert_eq!(truth, expect, "{id}");
    }
}
