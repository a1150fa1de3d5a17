//! Ctrl-C and SIGTERM.

use std::{future::pending, io, process};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{exit::Exit, render};

/// Ends when the user or the system asks the command to stop. A second Ctrl-C leaves at once.
///
/// The signals are listened for from the call on, not only from the first poll.
pub(crate) fn requested() -> impl Future<Output = ()> {
    let (interrupted, terminated) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        tokio::select! {
            () = arrived(interrupted) => {}
            () = arrived(terminated) => {}
        }
        leave_at_the_next();
    }
}

/// Ends when the signal arrives; never, where it cannot be listened for.
async fn arrived(signals: io::Result<Signal>) {
    match signals {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(_) => pending().await,
    }
}

fn leave_at_the_next() {
    render::note("stopping; press Ctrl-C again to leave at once");
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            process::exit(Exit::Incomplete as i32);
        }
    });
}
