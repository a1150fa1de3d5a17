//! What is measured: a server behind a URL, or the fake in memory.

use std::time::Duration;

use anyhow::Context;
use rehearsal::{
    fake::{FakeVllm, Pacing, profile::Profile},
    load::{ConnectionMode, HttpTransport, LoadPlan, Run, StreamTransport},
};

use super::{inputs, plan};
use crate::{
    args::{BenchArgs, Connections, bench::LoadFlags},
    command::{api_key, fake},
    exit::Expected,
};

/// A target, and the model that is asked for.
pub(super) enum Target {
    Server { base_url: String, transport: HttpTransport, model: String },
    Fake { profile: Box<Profile>, model: String },
}

impl Target {
    /// Finds out the model; a server is asked for it unless it is named.
    pub(super) async fn open(args: &BenchArgs) -> anyhow::Result<Self> {
        if let Some(profile) = &args.fake {
            let model = args.model.clone().unwrap_or_else(|| fake::REPORT_MODEL.to_owned());
            return Ok(Self::Fake { profile: Box::new(fake::profile(profile)?), model });
        }
        let base_url = args.base_url.clone().ok_or_else(|| Expected::usage("no target; give --base-url or --fake"))?;
        let transport = HttpTransport::new(match args.connections {
            Connections::New => ConnectionMode::PerRequest,
            Connections::Pooled => ConnectionMode::Pooled,
        })
        .context("no HTTP client")?;
        let model = if let Some(model) = &args.model {
            model.clone()
        } else {
            let key = api_key::read(args.api_key_file.as_deref())?;
            inputs::first_model(&base_url, key, &transport, args.timeout).await?
        };
        Ok(Self::Server { base_url, transport, model })
    }

    /// A run at this load. The fake is a new one each time, as empty as after a start; in its case the client's own
    /// delays are the profile's.
    pub(super) fn run(&self, args: &BenchArgs, load: &LoadFlags) -> anyhow::Result<(LoadPlan, Run, Option<FakeVllm>)> {
        match self {
            Self::Server { base_url, transport, model } => {
                let plan = plan(args, load, base_url, model.clone())?.build().map_err(Expected::usage)?;
                Ok((plan.clone(), Run::new(plan, transport.clone()), None))
            }
            Self::Fake { profile, model } => {
                let server = FakeVllm::builder()
                    .model(model)
                    .tokenizer(fake::tokenizer(None, model)?)
                    .profile(Profile::clone(profile))
                    .pacing(Pacing::Virtual)
                    .start_in_memory()
                    .map_err(Expected::usage)?;
                let plan = plan(args, load, server.base_url(), model.clone())?
                    .turnaround(Duration::from(profile.client.turnaround))
                    .stagger(Duration::from(profile.client.stagger))
                    .build()
                    .map_err(Expected::usage)?;
                let connector = server.connector();
                let transport = StreamTransport::new(move || std::future::ready(Ok(connector.connect())));
                Ok((plan.clone(), Run::new(plan, transport), Some(server)))
            }
        }
    }
}
