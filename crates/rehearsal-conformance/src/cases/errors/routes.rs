use futures_util::FutureExt;

use crate::{
    call::Call,
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-11",
    level: Level::Must,
    title: "a wrong method is not allowed, and a wrong route not found",
    sends: "GET on both endpoints; GET /v1/rehearsal-no-such-route",
    expects: ByProfile::vllm("405; 404"),
    reference: "HTTP; recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let answer = s.ask(Call::get(endpoint.path())).await?;
            s.equal(format!("GET {}: status", endpoint.path()), 405, answer.status);
        }
        let answer = s.ask(Call::get("/v1/rehearsal-no-such-route")).await?;
        s.equal("unknown route: status", 404, answer.status);
        Ok(())
    }
    .boxed()
}
