//! A fault rule: a few matchers and one fault.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::StatusCode;

/// What goes wrong. The set is closed: each of these has been seen on a real server, or is a misreading that a client must notice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The request is refused with this status and an error object, without generating anything.
    Status(StatusCode),
    /// Nothing more is sent after this many events of the stream (0: no byte of the answer); the connection stays open.
    Stall {
        /// Events sent before.
        after_events: u32,
    },
    /// The connection is closed after this many events of the stream, without `[DONE]`.
    Cut {
        /// Events sent before.
        after_events: u32,
    },
    /// The event with this index is not JSON; a plain answer's body is cut in half.
    Malformed {
        /// Index of the broken event.
        event: u32,
    },
    /// Every event, or the plain answer, is sent later than the engine made it.
    Slow {
        /// By how much.
        delay: Duration,
    },
    /// After this many events the stream carries an error object and `[DONE]`, as vLLM does when its engine dies; no usage follows.
    InBandError {
        /// Events sent before.
        after_events: u32,
        /// The error's message.
        message: String,
        /// The error's code.
        status: StatusCode,
    },
    /// `usage` does not tell the truth.
    WrongUsage(UsageLie),
}

/// A way in which `usage` is wrong; each was a real server's bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UsageLie {
    /// `completion_tokens` counts this many too many (or too few).
    CompletionOff(i64),
    /// `prompt_tokens` counts this many too many (or too few).
    PromptOff(i64),
    /// `total_tokens` is not the sum.
    TotalOff(i64),
    /// There is no usage where there should be.
    Missing,
    /// The final usage chunk is sent twice.
    Twice,
    /// The usage stands on the last chunk that has a choice, and no usage chunk follows.
    OnLastChoice,
    /// Every chunk carries usage although nobody asked.
    Unasked,
}

/// What a rule may look at.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FaultRequest<'a> {
    /// The path, such as `/v1/completions`.
    pub path: &'a str,
    /// The model that the body names, if it does.
    pub model: Option<&'a str>,
    /// The body; null when it is not JSON.
    pub body: &'a serde_json::Value,
}

type Predicate = Arc<dyn Fn(&FaultRequest<'_>) -> bool + Send + Sync>;

/// Which requests a fault befalls. All matchers must agree; of several rules the first that matches wins.
///
/// ```
/// use rehearsal_fake::{Fault, FaultRule};
///
/// // the third request to /v1/completions stalls after two events
/// let rule = FaultRule::new(Fault::Stall { after_events: 2 }).path("/v1/completions").nth(3);
/// # drop(rule);
/// ```
#[derive(Clone)]
pub struct FaultRule {
    fault: Fault,
    path: Option<String>,
    model: Option<String>,
    nth: Nth,
    predicate: Option<Predicate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nth {
    Every,
    Only(u64),
    Multiples(u64),
}

impl FaultRule {
    /// The fault befalls every request until a matcher says otherwise.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self { fault, path: None, model: None, nth: Nth::Every, predicate: None }
    }

    /// Only requests to this path.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Only requests that name this model.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Only the n-th of the requests that the other matchers let through, from 1 on.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.nth = Nth::Only(n);
        self
    }

    /// Only every n-th of the requests that the other matchers let through.
    #[must_use]
    pub fn every(mut self, n: std::num::NonZeroU64) -> Self {
        self.nth = Nth::Multiples(n.get());
        self
    }

    /// Only requests that this predicate accepts.
    #[must_use]
    pub fn when(mut self, predicate: impl Fn(&FaultRequest<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.predicate = Some(Arc::new(predicate));
        self
    }

    fn accepts(&self, request: &FaultRequest<'_>) -> bool {
        self.path.as_deref().is_none_or(|path| path == request.path)
            && self.model.as_deref().is_none_or(|model| Some(model) == request.model)
            && self.predicate.as_ref().is_none_or(|predicate| predicate(request))
    }
}

impl fmt::Debug for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultRule")
            .field("fault", &self.fault)
            .field("path", &self.path)
            .field("nth", &self.nth)
            .finish_non_exhaustive()
    }
}

/// The rules of a server, with their counts.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(FaultRule, AtomicU64)>);

impl Faults {
    pub(crate) fn new(rules: Vec<FaultRule>) -> Self {
        Self(rules.into_iter().map(|rule| (rule, AtomicU64::new(0))).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fault that befalls this request. Every rule whose matchers accept it counts it, whether or not an earlier rule wins.
    pub(crate) fn strike(&self, request: &FaultRequest<'_>) -> Option<Fault> {
        let mut struck = None;
        for (rule, seen) in &self.0 {
            if !rule.accepts(request) {
                continue;
            }
            let count = seen.fetch_add(1, Ordering::Relaxed) + 1;
            let due = match rule.nth {
                Nth::Every => true,
                Nth::Only(n) => count == n,
                Nth::Multiples(n) => count % n == 0,
            };
            if due && struck.is_none() {
                struck = Some(rule.fault.clone());
            }
        }
        struck
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_nth_matching_request_is_struck_and_others_are_not_counted() {
        let faults = Faults::new(vec![FaultRule::new(Fault::Status(StatusCode::BAD_GATEWAY)).path("/a").nth(2)]);
        let strike = |path| faults.strike(&FaultRequest { path, model: None, body: &Value::Null }).is_some();
        assert_eq!([strike("/a"), strike("/b"), strike("/a"), strike("/a")], [false, false, true, false]);
    }

    #[test]
    fn predicates_see_the_body() {
        let rule = FaultRule::new(Fault::WrongUsage(UsageLie::Missing)).when(|request| request.body["n"] == 2);
        let faults = Faults::new(vec![rule]);
        let strike = |body: Value| faults.strike(&FaultRequest { path: "/", model: None, body: &body }).is_some();
        assert!(strike(json!({"n": 2})) && !strike(json!({})));
    }
}
