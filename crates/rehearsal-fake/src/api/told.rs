//! Streams that follow a generation, delta by delta: the one loop that all of them share.

use super::{
    choice::Delta,
    context::Context,
    error::ApiError,
    generation::Generation,
    sse::{Events, Outbox},
};

/// A generation that is told while it goes on; implemented once an endpoint.
pub(super) trait Told: Send {
    /// What is told.
    fn generation(&mut self) -> &mut Generation;

    /// Says what comes before the engine is waited for; `false` where nothing does, or no more.
    fn open(&mut self, _: &Context, _: &mut Outbox) -> bool {
        false
    }

    /// Says what a delta brought. An error ends the stream.
    fn delta(&mut self, context: &Context, delta: Delta, out: &mut Outbox) -> Result<(), ApiError>;

    /// Says what comes after the last delta.
    fn end(&mut self, context: &Context, out: &mut Outbox);

    /// Says that it failed, which is the last that is said.
    fn failed(&mut self, context: &Context, error: ApiError, out: &mut Outbox) {
        out.error(&context.wire, &error);
        out.done();
    }
}

impl<T: Told> Events for T {
    async fn next(&mut self, context: &Context, out: &mut Outbox) -> bool {
        if self.open(context, out) {
            return true;
        }
        let outcome = match self.generation().next().await {
            Some(Ok(delta)) => {
                let choice = delta.choice;
                let told = self.delta(context, delta, out);
                self.generation().told(context, choice);
                told
            }
            Some(Err(error)) => Err(error),
            None => {
                self.end(context, out);
                return false;
            }
        };
        match outcome {
            Ok(()) => true,
            Err(error) => {
                self.failed(context, error, out);
                false
            }
        }
    }
}
