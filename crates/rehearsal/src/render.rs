//! What goes to the terminal. Results go to stdout, everything else to stderr.
#![expect(clippy::print_stderr, reason = "the binary is what prints")]

use std::{fmt, io::Write};

/// The closing line of a command that failed.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// A remark that does not stop the command.
pub(crate) fn warning(message: impl fmt::Display) {
    eprintln!("warning: {message}");
}

/// How far a long command is, where there is no terminal to draw on.
pub(crate) fn note(message: impl fmt::Display) {
    eprintln!("{message}");
}

/// The result.
pub(crate) fn result(text: impl fmt::Display) {
    // a reader that has seen enough, such as `head`, is no error
    let _ = writeln!(std::io::stdout(), "{text}");
}
