use futures_util::FutureExt;
use serde_json::json;

use super::refused;
use crate::{
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-05",
    level: Level::Must,
    title: "a parameter of the wrong type is refused",
    sends: "both endpoints with max_tokens \"four\" and 4.5, seed \"x\"",
    expects: ByProfile::same("400 with an error object"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            for over in
                [json!({"max_tokens": "four"}), json!({"max_tokens": 4.5}), json!({"max_tokens": 1, "seed": "x"})]
            {
                let about = format!("{} {over}", endpoint.label());
                let answer = s.send(endpoint, over).await?;
                refused(s, &about, 400, &answer);
            }
        }
        Ok(())
    }
    .boxed()
}
