//! The suite against a real server, where one is named in `REHEARSAL_TARGET`. Flags that the server was started with go
//! into `REHEARSAL_TARGET_FLAGS`, separated by blanks, and a filter into `REHEARSAL_TARGET_FILTER`.

use rehearsal_conformance::{Detail, ServerFlag, Strictness, Suite, SuiteEvent, Target};

#[expect(clippy::disallowed_methods, reason = "a live test learns from the environment whether there is a server")]
fn named(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

#[tokio::test]
async fn a_real_server_meets_every_must() {
    let Some(url) = named("REHEARSAL_TARGET") else {
        println!("skipped: a_real_server_meets_every_must: REHEARSAL_TARGET names no server");
        return;
    };
    let flags = named("REHEARSAL_TARGET_FLAGS").unwrap_or_default();
    let mut target = Target::url(&url).unwrap();
    if let Some(key) = named("REHEARSAL_TARGET_KEY") {
        target = target.api_key(key);
    }
    for flag in ServerFlag::ALL.into_iter().filter(|flag| flags.split(' ').any(|given| given == flag.label())) {
        target = target.started_with(flag);
    }
    // another seed each time, so that the server's prefix cache is cold
    let seed = u64::from(std::process::id());
    let suite = Suite::standard().filter(&named("REHEARSAL_TARGET_FILTER").unwrap_or_default()).seed(seed);
    let report = suite.run(&target, |_: &SuiteEvent<'_>| {}).await.unwrap();
    println!("{}", report.to_tree(Detail::Lines));
    assert!(!report.failed(Strictness::Normal) && report.ended_early.is_none());
}
