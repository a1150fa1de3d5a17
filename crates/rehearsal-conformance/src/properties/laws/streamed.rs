use futures_util::FutureExt;

use crate::{
    properties::{
        law::{Law, equal, not_judged},
        trial::{asked_choices, repeats, text_of},
    },
    raw::choices,
};

pub(super) const LAW: Law = Law {
    id: "P-07",
    title: "a stream has the usage of the same request sent whole",
    says: "equal counts, where the request is greedy or seeded and the texts are equal",
    reference: "vLLM #8625; ai-dynamo #11708",
    known: &[],
    judge: |t| {
        async move {
            let whole = t.whole().await?;
            if !repeats(&whole.sent) {
                return not_judged("neither greedy nor seeded");
            }
            let streamed = t.streamed().await?;
            let told = |index: u64| {
                let choice = choices(&whole.body).iter().find(|choice| choice["index"] == index);
                choice.and_then(text_of).unwrap_or_default()
            };
            if (0..asked_choices(&whole.sent)).any(|index| told(index) != streamed.stream.text(index)) {
                return not_judged("the texts differ, as U-22 looks at");
            }
            let shown = |counts| serde_json::to_string(&counts).unwrap_or_default();
            let (expected, seen) = (whole.counts()?, streamed.counts()?);
            Ok(equal("usage of the stream", shown(expected), shown(seen), streamed.exchange))
        }
        .boxed()
    },
};
