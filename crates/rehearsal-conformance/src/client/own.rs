//! This project's load generator as the client, in this process: on a paused clock every figure is exact.

use std::sync::Arc;

use rehearsal_load::{
    LoadPlan, Run, ScriptedTransport, StreamUsage, Streaming, WarmUp, plan::PlanError, run::RunError,
};
use serde_json::{Map, Value};

use super::{
    ClientCase, ClientRun, Played, ReportForm,
    play::{MODEL, asks_for_counts},
};
use crate::exchange::SentRequest;

/// Requests that are sent for each case.
pub const OWN_REQUESTS: usize = 4;

/// The load generator could not be run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OwnClientError {
    /// The plan is wrong.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The run did not begin.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Runs the load generator on a case, and reads its report as anybody would: from its JSON.
///
/// Call it on a runtime whose clock is paused; on a running clock it takes as long as the streams do, and the figures are not exact.
pub async fn own_client(case: &ClientCase) -> Result<ClientRun, OwnClientError> {
    let mut plan = LoadPlan::builder("http://played", MODEL)
        .requests(OWN_REQUESTS)
        .streaming(Streaming::On)
        .stream_usage(StreamUsage::Continuous)
        .warm_up(WarmUp::Skip);
    if 1 < case.choices {
        plan = plan.extra_body(Map::from_iter([("n".to_owned(), Value::from(case.choices))]));
    }
    // one request at a time, so the plays are played in turn
    let plays = (0..OWN_REQUESTS).map(|request| case.play(request));
    let transport = Arc::new(ScriptedTransport::new(plays.map(|play| play.script(true))));
    let outcome = Run::new(plan.build()?, Arc::clone(&transport)).run(std::future::pending()).await?;

    let received = transport.received();
    let played = received.iter().enumerate().map(|(index, request)| {
        let body: Option<Value> = serde_json::from_slice(request.body()).ok();
        debug_assert!(asks_for_counts(body.as_ref()), "the scripts count tokens in every chunk");
        let path = request.uri().path().to_owned();
        let request = SentRequest { method: request.method().to_string(), path, headers: Vec::new(), body };
        Played { play: case.play(index), request, written: Vec::new() }
    });
    let report = serde_json::to_value(&outcome.report).unwrap_or(Value::Null);
    Ok(ClientRun { played: played.collect(), reported: ReportForm::Rehearsal.read(&report), ended: None })
}
