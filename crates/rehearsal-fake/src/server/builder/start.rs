//! From settings to a running server, one function a door.

use std::sync::Arc;

use axum::{Extension, Router};
use tokio::sync::{mpsc, watch};

use super::{
    super::{
        Connector, FakeVllm, StartError, StatsLog,
        handle::{Doors, Running},
        listen::{self, Serving},
        stats_log,
    },
    FakeVllmBuilder, MemoryCheck,
    assemble::{Assembled, default_profile},
};
use crate::{
    driver::Pacing,
    startup::{self, Facts},
    version::Wire,
};

impl FakeVllmBuilder {
    /// Starts listening over the network.
    pub async fn start(mut self) -> Result<FakeVllm, StartError> {
        if self.pacing == Pacing::Virtual {
            return Err(StartError::VirtualOverTcp);
        }
        let wire = Wire::of(self.version)?;
        let bound = self.place.bind()?;
        let (address, tls) = (bound.address(), self.tls.take().map(|tls| tls.acceptor()));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let base_url = match (address, bound.path()) {
            (Some(address), _) => format!("{scheme}://{address}"),
            // curl's way to name a host that is reached through a socket
            (None, _) => format!("{scheme}://localhost"),
        };
        let reached = bound.path().map_or_else(|| base_url.clone(), |path| format!("unix:{}", path.display()));
        let (log, takes, stats) = (self.log.clone(), self.startup_time, self.stats_log);
        let (version, model) = (self.version, self.frontend.model_root.clone());
        let profile = self.profile.get_or_insert_with(default_profile).clone();
        let refusal = if self.memory_check == MemoryCheck::On { profile.start_plan().err() } else { None };
        let facts = Facts {
            version,
            wording: wire.features.startup_log,
            model: &model,
            profile: &profile,
            url: reached,
            takes,
        };
        if let Some(refusal) = refusal {
            startup::run(&startup::refused(&facts, &refusal), takes, &log).await;
            return Err(refusal.into());
        }
        let Assembled { running, router, config } = self.assemble()?;
        startup::run(&startup::phases(&facts, &config), takes, &log).await;
        let door = bound.open()?;
        let (closing, receiver) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        let serving = Serving { router, closing: receiver, alive };
        running.spawn(listen::network(door, tls, serving.clone()));
        if log.is_heard() && stats == StatsLog::On {
            running.spawn(stats_log::run(Arc::clone(&running.app)));
        }
        log.line(&startup::complete());
        let connector = connect(&running, serving);
        Ok(FakeVllm::new(running, Doors { base_url, address, connector, closing, alive: ended }))
    }

    /// Starts in memory, as tasks on the caller's runtime.
    pub fn start_in_memory(self) -> Result<FakeVllm, StartError> {
        let Assembled { running, router, .. } = self.assemble()?;
        let (closing, receiver) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        let serving = Serving { router, closing: receiver, alive };
        // a client needs some authority in memory, too; this name never resolves (RFC 2606)
        let base_url = "http://rehearsal.invalid".to_owned();
        let connector = connect(&running, serving);
        Ok(FakeVllm::new(running, Doors { base_url, address: None, connector, closing, alive: ended }))
    }

    /// Starts as a service for tower and axum users; it runs while the router lives.
    pub fn into_router(self) -> Result<Router, StartError> {
        let Assembled { running, router, .. } = self.assemble()?;
        Ok(router.layer(Extension(running)))
    }
}

/// Opens the door in memory.
fn connect(running: &Running, serving: Serving) -> Connector {
    let (connector, accepted) = Connector::new();
    running.spawn(listen::memory(accepted, serving));
    connector
}
