//! `stream` and `stream_options`.

use std::num::NonZeroU32;

use super::{fields::Fields, validation::Problem};
use crate::{
    usage::StreamOptions,
    version::{Features, StreamInterval},
};

/// A request that wants a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamRequest {
    pub(super) options: StreamOptions,
    /// `stream_interval`, which can only raise the server's own.
    pub(super) interval: Option<u32>,
}

impl StreamRequest {
    /// Tokens that come together, on a server with that `--stream-interval`.
    pub(super) fn interval(&self, server: NonZeroU32) -> u32 {
        self.interval.unwrap_or(1).max(server.get())
    }
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
    stream.then_some(StreamRequest { options, interval: None })
}

/// Adds `stream_interval` to a stream, in versions that know it; it is checked without a stream, too.
pub(super) fn with_interval(
    features: &Features,
    fields: &mut Fields<'_>,
    stream: Option<StreamRequest>,
) -> Option<StreamRequest> {
    if features.stream_interval == StreamInterval::Ignored {
        return stream;
    }
    let interval = read_interval(fields);
    stream.map(|stream| StreamRequest { interval, ..stream })
}

fn read_interval(fields: &mut Fields<'_>) -> Option<u32> {
    let asked = fields.int("stream_interval")?;
    if asked < 1 {
        let loc = vec!["stream_interval".into()];
        let message = "Input should be greater than or equal to 1";
        let problem = Problem::new("greater_than_equal", loc, message, &asked.into());
        fields.problem(Problem { context: Some("'ge': 1".to_owned()), ..problem });
        return None;
    }
    Some(u32::try_from(asked).unwrap_or(u32::MAX))
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
