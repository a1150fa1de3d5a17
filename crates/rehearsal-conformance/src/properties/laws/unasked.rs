use futures_util::FutureExt;

use crate::{
    properties::law::{Judgement, Law, broken, not_judged},
    raw::usage_of,
    target::ServerFlag,
};

pub(super) const LAW: Law = Law {
    id: "P-14",
    title: "a stream that does not ask for usage has none",
    says: "no usage object in any chunk, without stream_options and with include_usage false",
    reference: "OpenAI API, include_usage; vLLM #7262",
    known: &[],
    judge: |t| {
        async move {
            if t.started_with(ServerFlag::EnableForceIncludeUsage) {
                return not_judged("the server was started with --enable-force-include-usage");
            }
            let streamed = t.streamed().await?;
            let options = streamed.sent.get("stream_options");
            if !options.is_none_or(|options| options["include_usage"] == false) {
                return not_judged("asks for usage");
            }
            let with = streamed.stream.chunks().filter(|chunk| usage_of(chunk).is_some()).count();
            if with == 0 {
                return Ok(Judgement::Holds);
            }
            Ok(broken("chunks with usage", "0", with.to_string(), streamed.exchange))
        }
        .boxed()
    },
};
