use futures_util::FutureExt;
use serde_json::json;

use crate::{
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-12",
    level: Level::Must,
    title: "the same seeded request has the same usage twice",
    sends: "both endpoints, seed 7, temperature 1, max_tokens 6, twice",
    expects: ByProfile::vllm("equal counts"),
    reference: "follows from the seed's meaning",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let over = json!({"max_tokens": 6, "seed": 7, "temperature": 1.0});
            let first = s.whole(endpoint, over.clone()).await?;
            let first = s.counts(endpoint, &first)?;
            let second = s.whole(endpoint, over).await?;
            let second = s.counts(endpoint, &second)?;
            s.equal(format!("{} counts", endpoint.label()), first, second);
        }
        Ok(())
    }
    .boxed()
}
