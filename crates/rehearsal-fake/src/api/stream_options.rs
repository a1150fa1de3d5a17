//! `stream` and `stream_options`.

use super::fields::Fields;
use crate::usage::StreamOptions;

/// A request that wants a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamRequest {
    pub(super) options: StreamOptions,
}

/// Whether a stream is wanted, and with which usage. Unknown options are ignored, as vLLM does.
pub(super) fn read_stream(fields: &mut Fields<'_>) -> Option<StreamRequest> {
    let stream = fields.bool("stream").unwrap_or(false);
    let options = fields
        .within("stream_options", |options| {
            let null = options.is_null("include_usage");
            StreamOptions::Given {
                include_usage: if null { Some(false) } else { options.bool("include_usage") },
                continuous_usage_stats: options.bool("continuous_usage_stats").unwrap_or(false),
            }
        })
        .unwrap_or_default();
    stream.then_some(StreamRequest { options })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::version::Coercion;

    #[track_caller]
    fn check(body: &Value, expect: Option<StreamOptions>) {
        let mut fields = Fields::new(body.as_object().unwrap(), Coercion::Lax);
        assert_eq!(read_stream(&mut fields).map(|stream| stream.options), expect, "{body}");
        assert_eq!(fields.into_problems(), []);
    }

    #[test]
    fn absent_null_and_false_are_told_apart() {
        let given =
            |include_usage, continuous_usage_stats| StreamOptions::Given { include_usage, continuous_usage_stats };
        check(&json!({"stream_options": {}}), None);
        check(&json!({"stream": true}), Some(StreamOptions::Absent));
        check(&json!({"stream": true, "stream_options": null}), Some(StreamOptions::Absent));
        check(&json!({"stream": true, "stream_options": {"foo": 1}}), Some(given(None, false)));
        check(&json!({"stream": "yes", "stream_options": {"include_usage": null}}), Some(given(Some(false), false)));
        check(
            &json!({"stream": true, "stream_options": {"include_usage": "yes", "continuous_usage_stats": true}}),
            Some(given(Some(true), true)),
        );
    }
}
