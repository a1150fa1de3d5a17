//! One file a command: arguments in, exit code out.

pub(crate) mod bench;
