use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::Endpoint,
    check::{Check, Running},
    profile::ByProfile,
    session::{Session, Stop},
    verdict::{Level, Verdict},
};

pub(super) const CHECK: Check = Check {
    id: "U-22",
    level: Level::Must,
    title: "the pieces of a stream are the text of the same request unstreamed",
    sends: "both endpoints: one forced token, 6 times; and 8 free tokens, unstreamed twice and streamed",
    expects: ByProfile::same("equal text; free text only where the server repeats itself"),
    reference: "vLLM #30204, #30099, #30866",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let forced = json!({"max_tokens": 6, "ignore_eos": true, "logit_bias": {"67": 100}});
            let about = format!("{} forced text", endpoint.label());
            let expected = text(s, endpoint, forced.clone()).await?;
            let streamed = s.stream(endpoint, forced).await?.text(0);
            s.equal(about, expected, streamed);

            let free = json!({"max_tokens": 8, "ignore_eos": true});
            let about = format!("{} free text", endpoint.label());
            let expected = text(s, endpoint, free.clone()).await?;
            // cold and warm prefix caches may round differently on a GPU: a server that does not repeat itself proves nothing
            if text(s, endpoint, free.clone()).await? != expected {
                let reason = "the same request unstreamed gives two texts".into();
                s.leave_out(about, Verdict::Inconclusive { reason });
                continue;
            }
            let streamed = s.stream(endpoint, free).await?.text(0);
            s.equal(about, expected, streamed);
        }
        Ok(())
    }
    .boxed()
}

async fn text(s: &mut Session<'_>, endpoint: Endpoint, over: Value) -> Result<String, Stop> {
    let body = s.whole(endpoint, over).await?;
    let pointer = match endpoint {
        Endpoint::Chat => "/choices/0/message/content",
        Endpoint::Completions => "/choices/0/text",
    };
    // a message that is all reasoning has null, and its stream no text
    Ok(body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned())
}
