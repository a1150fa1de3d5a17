use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::{Session, whole},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "L-05",
    level: Level::Should,
    title: "max_completion_tokens goes before max_tokens",
    sends: "chat, ignore_eos, max_tokens 2 with max_completion_tokens 3, and with 0",
    expects: ByProfile::each("3 tokens; 200 with 2", "3 tokens; 400", "3 tokens; 400"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::Chat)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let over = json!({"max_tokens": 2, "max_completion_tokens": 3, "ignore_eos": true});
        let body = s.whole(Endpoint::Chat, over).await?;
        let counts = s.counts(Endpoint::Chat, &body)?;
        s.equal("completion_tokens", 3, counts.completion_tokens);

        let over = json!({"max_tokens": 2, "max_completion_tokens": 0, "ignore_eos": true});
        let answer = s.send(Endpoint::Chat, over).await?;
        let status = ByProfile::each(200, 400, 400).of(s.profile());
        s.equal("status with max_completion_tokens 0", status, answer.status);
        if answer.status == 200 {
            // Python's `or`: a 0 counts as absent
            let body = whole(Endpoint::Chat, &answer)?;
            let counts = s.counts(Endpoint::Chat, &body)?;
            s.equal("completion_tokens with max_completion_tokens 0", 2, counts.completion_tokens);
        }
        Ok(())
    }
    .boxed()
}
