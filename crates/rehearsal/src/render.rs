//! What goes to the terminal. Results go to stdout, everything else to stderr.
//!
//! A reader that has gone, such as `head` or a closed log, is no error: what is printed for nobody is lost.

use std::{
    fmt,
    io::{self, Write},
};

/// The closing line of a command that failed.
pub(crate) fn error(error: &anyhow::Error) {
    let _ = writeln!(io::stderr(), "error: {error:#}");
}

/// A remark that does not stop the command.
pub(crate) fn warning(message: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "warning: {message}");
}

/// How far a long command is, where there is no terminal to draw on.
pub(crate) fn note(message: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// The result.
pub(crate) fn result(text: impl fmt::Display) {
    let _ = writeln!(io::stdout(), "{text}");
}
