//! Why each choice ended, in a few bytes: a run keeps one of these for every request, and most have one choice.

use super::FinishReason;

/// The reasons by choice, ascending. A sorted vector, because a map's smallest node takes more memory than eight choices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FinishReasons(Vec<(u32, FinishReason)>);

impl FinishReasons {
    /// Why `choice` ended, if it did.
    #[must_use]
    pub fn get(&self, choice: u32) -> Option<FinishReason> {
        let place = self.0.binary_search_by_key(&choice, |(choice, _)| *choice).ok()?;
        self.0.get(place).map(|(_, reason)| *reason)
    }

    /// Says why `choice` ended; the last word counts.
    pub fn insert(&mut self, choice: u32, reason: FinishReason) {
        match self.0.binary_search_by_key(&choice, |(choice, _)| *choice) {
            Ok(place) => self.0[place].1 = reason,
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (choice, reason));
            }
        }
    }

    /// Every choice that ended, and why.
    pub fn iter(&self) -> impl Iterator<Item = (u32, FinishReason)> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<(u32, FinishReason)> for FinishReasons {
    fn from_iter<I: IntoIterator<Item = (u32, FinishReason)>>(reasons: I) -> Self {
        let mut all = Self::default();
        for (choice, reason) in reasons {
            all.insert(choice, reason);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_in_the_order_of_their_choices() {
        use FinishReason::{Length, Stop};
        let reasons: FinishReasons = [(2, Stop), (0, Length), (2, Length)].into_iter().collect();
        assert_eq!(reasons.iter().collect::<Vec<_>>(), [(0, Length), (2, Length)]);
        assert_eq!((reasons.get(2), reasons.get(1)), (Some(Length), None));
    }
}
