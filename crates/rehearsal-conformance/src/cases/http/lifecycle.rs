use futures_util::FutureExt;
use serde_json::Value;

use crate::{
    call::Call,
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "H-03",
    level: Level::Must,
    title: "a server that is up says so, and says what it serves",
    sends: "GET /health, /v1/models, /version",
    expects: ByProfile::same("200; a model with an integer max_model_len; a version"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let health = s.ask(Call::get("/health")).await?;
        s.equal("/health: status", 200, health.status);

        let models = s.ask(Call::get("/v1/models")).await?;
        s.equal("/v1/models: status", 200, models.status);
        let models = models.json().unwrap_or(Value::Null);
        let listed = models.pointer("/data/0/max_model_len").cloned();
        s.satisfies("/v1/models: max_model_len", "an integer above 0", listed, |limit| {
            limit.as_ref().and_then(Value::as_u64).is_some_and(|limit| 0 < limit)
        });

        let version = s.ask(Call::get("/version")).await?;
        s.equal("/version: status", 200, version.status);
        let version = version.json().ok().and_then(|body| body.get("version").cloned());
        s.satisfies("/version: version", "a text", version, |version| version.as_ref().is_some_and(Value::is_string));
        Ok(())
    }
    .boxed()
}
