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
    sends: "both endpoints with max_tokens 0; with temperature -1 to a server held to OpenAI's API, which allows that limit",
    expects: ByProfile::each("a number", "a number", "a string").openai("a string or null"),
    reference: "recordings of 0.13.0 and 0.32.0; OpenAI API, the error object",
    needs: &[],
    run,
};

const TYPES: ByProfile<&[&str]> =
    ByProfile::<&[&str]>::each(&["number"], &["number"], &["string"]).openai(&["string", "null"]);

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let expected = TYPES.of(s.profile());
        let fault =
            if s.profile().is_vllm() { json!({"max_tokens": 0}) } else { json!({"temperature": -1, "max_tokens": 1}) };
        for endpoint in s.endpoints()? {
            let answer = s.send(endpoint, fault.clone()).await?;
            let code = answer.json().ok().and_then(|body| body.pointer("/error/code").cloned());
            let seen = match code {
                None => "absent",
                Some(Value::Number(_)) => "number",
                Some(Value::String(_)) => "string",
                Some(Value::Null) => "null",
                Some(_) => "other",
            };
            let about = format!("{} type of code", endpoint.label());
            s.satisfies(about, expected.join(" or "), seen, |seen| expected.contains(seen));
        }
        Ok(())
    }
    .boxed()
}
