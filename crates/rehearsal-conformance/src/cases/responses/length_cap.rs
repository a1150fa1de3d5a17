use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{counts, whole};
use crate::{
    check::{Check, Running},
    profile::{ByProfile, ServerProfile},
    session::{Session, Stop},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "R-03",
    level: Level::Should,
    title: "a response that max_output_tokens ends says so, or not, as this version does",
    sends: "responses, max_output_tokens 1",
    expects: ByProfile::each(
        "status completed, incomplete_details null",
        "status incomplete, reason max_output_tokens",
        "no such endpoint: unimplemented",
    ),
    reference: "vLLM #25053, #38226; recordings responses of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let body = whole(s, json!({"max_output_tokens": 1})).await?;
        if counts(&body).is_none_or(|[_, output, _]| output != 1) {
            return Err(Stop::Inconclusive("the response was not cut by its length".into()));
        }
        let details = body.get("incomplete_details").cloned().unwrap_or(Value::Null);
        let seen = (body.get("status").cloned().unwrap_or(Value::Null), details);
        let expected = match s.profile() {
            ServerProfile::Py013 => (json!("completed"), Value::Null),
            ServerProfile::Py032 | ServerProfile::Rs032 | ServerProfile::OpenAiSpec => {
                (json!("incomplete"), json!({"reason": "max_output_tokens"}))
            }
        };
        s.equal("status and incomplete_details", expected, seen);
        Ok(())
    }
    .boxed()
}
