//! The response object: in a whole answer, and at the beginning and the end of a stream.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{items, usage::responses_usage};
use crate::{
    api::{
        chat_answer::reasoning_tokens,
        choice::Choice,
        context::Context,
        generation::Generation,
        logprobs::{Logprobs, TokenNames, Wanted},
        object::shaped,
        request_metrics::request_metrics,
        said::Said,
        usage_json::Place,
    },
    engine::FinishReason,
    tools::Reading,
    usage::Usage,
    version::{LengthStatus, ReplyParsing, ShapeName},
};

/// What all states of one response share.
#[derive(Clone, Debug)]
pub(super) struct ResponseHead {
    pub(super) id: String,
    pub(super) created_at: u64,
    pub(super) model: String,
    /// The limit in force.
    pub(super) max_output_tokens: u32,
    pub(super) top_logprobs: Option<u32>,
    pub(super) echo: BTreeMap<&'static str, Value>,
    /// How what is said is taken apart.
    pub(super) reading: Reading,
    /// The messages it answers, if it is to be kept.
    pub(super) stored: Option<Vec<Value>>,
}

impl ResponseHead {
    /// A response that has not begun to say anything.
    pub(super) fn unfinished(&self, context: &Context, status: &str) -> Value {
        self.object(context, Vec::new(), status, [Value::Null, Value::Null])
    }

    /// A finished response with that output; it is kept if it is to be.
    pub(super) fn finished(&self, context: &Context, generation: &Generation, output: Vec<Value>) -> Value {
        let finish = generation.choices.first().and_then(|choice| choice.finish).map(|finish| finish.reason);
        let cut = finish == Some(FinishReason::Length)
            && context.features().responses_length_status == LengthStatus::Incomplete;
        let counts = self.reading.parsing == ReplyParsing::Unified;
        let reasoning_tokens = reasoning_tokens(context, &self.reading, generation).filter(|_| counts);
        let usage = Usage { reasoning_tokens, ..generation.usage(0) };
        let status = if cut { "incomplete" } else { "completed" };
        let response = self.object(
            context,
            output,
            status,
            [responses_usage(context, &usage), request_metrics(context, Place::Whole, generation)],
        );
        if let Some(messages) = &self.stored {
            context.responses.put(&self.id, response.clone(), messages.clone());
        }
        response
    }

    /// The output of a reply said at once.
    pub(super) fn output(&self, context: &Context, choice: &Choice, said: &Said) -> Vec<Value> {
        items::whole(context, said, &self.logprobs_after(context, 0, &choice.token_ids))
    }

    /// Log probabilities of the tokens of a choice that follow the first `sent`, if asked for.
    pub(super) fn logprobs_after(&self, context: &Context, sent: usize, tokens: &[u32]) -> Value {
        let Some(top) = self.top_logprobs else { return Value::Null };
        let wanted = Wanted { top, names: TokenNames::Text };
        let logprobs = Logprobs { tokenizer: &context.app.tokenizer, wanted };
        let entry = |index: usize| {
            let chat = logprobs.chat_entry(&context.wire, tokens.get(..=index)?)?;
            let member =
                |value: &Value| json!({"token": value["token"], "bytes": value["bytes"], "logprob": value["logprob"]});
            let alternatives = chat["top_logprobs"].as_array().map_or(&[][..], Vec::as_slice);
            let mut entry = member(&chat);
            entry["top_logprobs"] = alternatives.iter().map(member).collect();
            Some(entry)
        };
        (sent..tokens.len()).filter_map(entry).collect()
    }

    fn object(&self, context: &Context, output: Vec<Value>, status: &str, [usage, metrics]: [Value; 2]) -> Value {
        let echo = |key: &'static str| (key, self.echo.get(key).cloned().unwrap_or_default());
        let incomplete = (status == "incomplete").then(|| json!({"reason": "max_output_tokens"}));
        shaped(
            &context.wire,
            ShapeName::Response,
            [
                ("id", self.id.as_str().into()),
                ("created_at", self.created_at.into()),
                ("incomplete_details", incomplete.into()),
                echo("instructions"),
                echo("metadata"),
                ("model", self.model.as_str().into()),
                ("object", "response".into()),
                ("output", output.into()),
                echo("parallel_tool_calls"),
                echo("temperature"),
                echo("tool_choice"),
                echo("tools"),
                echo("top_p"),
                echo("background"),
                ("max_output_tokens", self.max_output_tokens.into()),
                echo("max_tool_calls"),
                echo("previous_response_id"),
                echo("reasoning"),
                echo("service_tier"),
                ("status", status.into()),
                echo("text"),
                echo("top_logprobs"),
                echo("truncation"),
                ("usage", usage),
                echo("user"),
                ("metrics", metrics),
                echo("presence_penalty"),
                echo("frequency_penalty"),
            ],
        )
    }
}
