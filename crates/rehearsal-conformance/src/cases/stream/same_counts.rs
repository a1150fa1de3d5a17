use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::overlaid,
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-21",
    level: Level::Must,
    title: "a stream has the usage of the same request unstreamed",
    sends: "both endpoints: ignore_eos with max_tokens 6; one forced token; up to 12 tokens",
    expects: ByProfile::same("equal counts"),
    reference: "vLLM #8625; ai-dynamo #11708",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            for over in [
                json!({"max_tokens": 6, "ignore_eos": true}),
                json!({"max_tokens": 3, "ignore_eos": true, "logit_bias": {"67": 100}}),
                json!({"max_tokens": 12}),
            ] {
                let about = format!("{} {over}", endpoint.label());
                let whole = s.whole(endpoint, over.clone()).await?;
                let whole = s.counts(endpoint, &whole)?;
                let over = overlaid(over, &json!({"stream_options": {"include_usage": true}}));
                let stream = s.stream(endpoint, over).await?;
                let streamed = s.final_counts(endpoint, &stream)?;
                s.equal(about, whole, streamed);
            }
        }
        Ok(())
    }
    .boxed()
}
