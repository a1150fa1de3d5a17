//! The prompts of a run.

use super::PlanError;

/// The prompts that requests take in turn: request `i` sends prompt `i mod n`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    prompts: Vec<String>,
}

impl Workload {
    /// The same prompt every time, as in the report. With a prefix cache, only the first one is computed in full.
    pub fn same(prompt: impl Into<String>) -> Result<Self, PlanError> {
        Self::cycle([prompt])
    }

    /// Several prompts in turn, from the first again when they are used up.
    pub fn cycle<P: Into<String>>(prompts: impl IntoIterator<Item = P>) -> Result<Self, PlanError> {
        let prompts: Vec<String> = prompts.into_iter().map(Into::into).collect();
        if prompts.is_empty() {
            return Err(PlanError::EmptyPrompt { index: 0 });
        }
        match prompts.iter().position(|prompt| prompt.trim().is_empty()) {
            Some(index) => Err(PlanError::EmptyPrompt { index }),
            None => Ok(Self { prompts }),
        }
    }

    /// The prompt of request `index`.
    #[must_use]
    pub fn prompt(&self, index: usize) -> &str {
        &self.prompts[index % self.prompts.len()]
    }

    /// How many prompts there are; more requests than this send some of them again.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.prompts.len()
    }
}
