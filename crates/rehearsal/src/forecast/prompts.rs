//! The token ids of prompts. Which they are does not matter, only which are equal.

use std::{num::NonZeroU32, time::Duration};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rehearsal_fake::engine::{Continuation, EngineRequest};

use super::{Load, simulation::Requests};

/// A token that says nothing.
const FILLER: u32 = 1;

/// The lengths of one request.
pub(super) struct Drawn {
    prompt_tokens: NonZeroU32,
    output_tokens: NonZeroU32,
    generator: ChaCha8Rng,
}

impl Drawn {
    pub(super) fn of(load: &Load, index: usize) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(load.seed.wrapping_add(2 + index as u64));
        let prompt_tokens = length(load.prompt_tokens, load.shortest, &mut generator);
        let output_tokens = length(load.output_tokens, load.shortest, &mut generator);
        Self { prompt_tokens, output_tokens, generator }
    }

    /// A prompt that begins with these two numbers.
    pub(super) fn request(&self, first: u32, second: u32) -> EngineRequest {
        let rest = self.prompt_tokens.get().saturating_sub(2) as usize;
        let ids = [first, second].into_iter().take(self.prompt_tokens.get() as usize);
        let prompt: Vec<u32> = ids.chain(std::iter::repeat_n(FILLER, rest)).collect();
        EngineRequest::new(prompt, self.output_tokens)
    }

    /// A prompt whose first `share` is that of `group`, and whose rest is its `own`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a u32")]
    pub(super) fn sharing(&self, share: f64, group: u32, own: u32) -> EngineRequest {
        let tokens = self.prompt_tokens.get();
        let shared = ((f64::from(tokens) * share).round() as u32).min(tokens);
        let token = |place: u32| match place {
            0 if 0 < shared => group,
            place if place == shared => own,
            _ => FILLER,
        };
        EngineRequest::new((0..tokens).map(token).collect::<Vec<u32>>(), self.output_tokens)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a u32, at least 1")]
fn length(most: NonZeroU32, shortest: f64, generator: &mut ChaCha8Rng) -> NonZeroU32 {
    if 1.0 <= shortest {
        return most;
    }
    let least = (f64::from(most.get()) * shortest.max(0.0)).ceil().max(1.0) as u32;
    NonZeroU32::new(generator.random_range(least..=most.get())).unwrap_or(most)
}

/// Users who talk on: every turn repeats what was said and adds a message.
pub(super) struct Dialogue {
    load: Load,
    turns: u32,
    message_tokens: NonZeroU32,
    /// By request: its turn, from 0, and what its conversation will have said when it is answered. Taken away by the next turn.
    said: Vec<(u32, Vec<u32>)>,
}

impl Dialogue {
    pub(super) fn new(load: Load, turns: NonZeroU32, message_tokens: NonZeroU32) -> Self {
        Self { load, turns: turns.get(), message_tokens, said: Vec::with_capacity(load.requests) }
    }

    /// The turn after request `index`, if its conversation goes on.
    fn next_turn(&self, index: usize) -> Option<u32> {
        self.said.get(index).map(|(turn, _)| turn + 1).filter(|turn| *turn < self.turns)
    }
}

impl Requests for Dialogue {
    fn request(&mut self, index: usize, after: Option<usize>) -> EngineRequest {
        let mut drawn = Drawn::of(&self.load, index);
        let going_on = after.and_then(|after| Some((self.next_turn(after)?, std::mem::take(&mut self.said[after].1))));
        let (turn, mut prompt) = going_on.unwrap_or_default();
        let own = u32::try_from(index % (1 << 30)).unwrap_or(0);
        let added = if turn == 0 {
            drawn.prompt_tokens
        } else {
            length(self.message_tokens, self.load.shortest, &mut drawn.generator)
        };
        prompt.extend(std::iter::once(own).chain(std::iter::repeat_n(FILLER, added.get() as usize - 1)));
        // said by a script, so that the next prompt can repeat it
        let answer = vec![FILLER; drawn.output_tokens.get() as usize];
        let mut said = prompt.clone();
        said.extend(&answer);
        // requests come in the order of their indices
        self.said.push((turn, said));
        EngineRequest {
            continuation: Continuation::Script(answer.into()),
            ..EngineRequest::new(prompt, drawn.output_tokens)
        }
    }

    fn follow_up(&self, index: usize) -> Option<Duration> {
        self.next_turn(index).map(|_| self.load.pause())
    }
}
