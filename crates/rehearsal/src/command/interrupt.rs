//! Ctrl-C and SIGTERM.

use std::{future::pending, process};

use tokio::signal::unix::{SignalKind, signal};

use crate::{exit::Exit, render};

/// Ends when the user or the system asks the command to stop. A second Ctrl-C leaves at once.
pub(crate) async fn requested() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(_) => pending().await,
        }
    };
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => if interrupted.is_err() {
            pending::<()>().await;
        },
        () = terminated => {}
    }
    render::note("stopping; press Ctrl-C again to leave at once");
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            process::exit(Exit::Incomplete as i32);
        }
    });
}
