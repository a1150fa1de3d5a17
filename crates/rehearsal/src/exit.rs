//! What the process says with its exit code. The table is part of the command line's contract (`rehearsal --help` prints it).

use std::{fmt, process};

/// The documented exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// The command did what it was asked.
    Ok = 0,
    /// A fault of ours, or a start that the fake refuses as vLLM would (vLLM exits 1 too).
    Internal = 1,
    /// A flag, a file or a name that cannot be used.
    Usage = 2,
    /// The target does not answer, or not as an OpenAI-compatible server.
    Unreachable = 3,
    /// A conformance check failed.
    CheckFailed = 4,
    /// An SLO, a threshold or a baseline was not met.
    NotMet = 5,
    /// The run ended early or without a single success; what was measured was kept.
    Incomplete = 6,
}

impl From<Exit> for process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that somebody can act on, with the exit code it ends in. Every other error is internal.
#[derive(Debug)]
pub(crate) struct Expected {
    /// How the process ends.
    pub(crate) exit: Exit,
    message: String,
}

impl Expected {
    /// The input is wrong: exit 2.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, message: message.to_string() }
    }

    /// The fake refuses to start, as vLLM would: exit 1.
    pub(crate) fn refused(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Internal, message: message.to_string() }
    }

    /// The target cannot be talked to: exit 3.
    pub(crate) fn unreachable(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Unreachable, message: message.to_string() }
    }

    /// The run ended before it had anything to keep: exit 6.
    pub(crate) fn incomplete(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Incomplete, message: message.to_string() }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Expected {}

/// The exit code an error ends in: the one an [`Expected`] in its chain names, else [`Exit::Internal`].
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    error.chain().find_map(|cause| cause.downcast_ref::<Expected>()).map_or(Exit::Internal, |expected| expected.exit)
}
