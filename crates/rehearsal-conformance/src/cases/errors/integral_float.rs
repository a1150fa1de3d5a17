use futures_util::FutureExt;
use serde_json::json;

use crate::{
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-06",
    level: Level::Should,
    title: "4.0 is read as 4 or refused as this version does",
    sends: "both endpoints with max_tokens 4.0",
    expects: ByProfile::each("200", "200", "400"),
    reference: "recordings of 0.13.0 and 0.32.0 (max_tokens-integral-float)",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let expected = ByProfile::each(200, 200, 400).of(s.profile());
        for endpoint in s.endpoints()? {
            let answer = s.send(endpoint, json!({"max_tokens": 4.0})).await?;
            s.equal(format!("{} status", endpoint.label()), expected, answer.status);
        }
        Ok(())
    }
    .boxed()
}
