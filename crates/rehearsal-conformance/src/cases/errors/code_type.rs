use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-04",
    level: Level::Should,
    title: "the code of an error has this version's type",
    sends: "both endpoints with max_tokens 0",
    expects: ByProfile::each("a number", "a number", "a string"),
    reference: "recordings of 0.13.0 and 0.32.0; OpenAI's API has a string or null",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let expected = ByProfile::each("number", "number", "string").of(s.profile());
        for endpoint in s.endpoints()? {
            let answer = s.send(endpoint, json!({"max_tokens": 0})).await?;
            let code = answer.json().ok().and_then(|body| body.pointer("/error/code").cloned());
            let seen = match code {
                None => "absent",
                Some(Value::Number(_)) => "number",
                Some(Value::String(_)) => "string",
                Some(_) => "other",
            };
            s.equal(format!("{} type of code", endpoint.label()), expected, seen);
        }
        Ok(())
    }
    .boxed()
}
