//! The requests that have ended: a million of them have to fit into a few hundred megabytes.

use std::sync::Arc;

use crate::{client::RequestTimeline, plan::LoadPlan};

/// Requests for which room is reserved at once, so that a large run's list is never copied to a larger place. Room that is
/// not used costs nothing.
const MOST_RESERVED: usize = 1 << 20;

/// Finished requests, in the order in which they ended.
#[derive(Debug, Default)]
pub(super) struct Kept {
    requests: Vec<RequestTimeline>,
    /// The model of the last one: all of a run have one text.
    model: Option<Arc<str>>,
}

impl Kept {
    /// Room for the requests of a plan.
    pub(super) fn with_room(plan: &LoadPlan) -> Self {
        let planned = plan.planned().map_or(0, std::num::NonZeroUsize::get);
        Self { requests: Vec::with_capacity(planned.min(MOST_RESERVED)), model: None }
    }

    pub(super) fn push(&mut self, mut request: RequestTimeline) {
        if request.model == self.model {
            request.model.clone_from(&self.model);
        } else {
            self.model.clone_from(&request.model);
        }
        self.requests.push(request);
    }

    /// All of them, by index.
    pub(super) fn into_requests(self) -> Vec<RequestTimeline> {
        let mut requests = self.requests;
        // in place: a stable sort would take half as much memory again
        requests.sort_unstable_by_key(|request| request.index);
        requests
    }
}
