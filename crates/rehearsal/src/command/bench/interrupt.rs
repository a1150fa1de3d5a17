//! Ctrl-C and SIGTERM: once to stop and keep what was measured, twice to leave at once.

use std::{future::pending, process};

use crate::{exit::Exit, render};

/// Ends when the user asks the run to stop.
pub(super) async fn requested() {
    if tokio::signal::ctrl_c().await.is_err() {
        pending::<()>().await;
    }
    render::note("stopping; press Ctrl-C again to leave at once");
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            process::exit(Exit::Incomplete as i32);
        }
    });
}
