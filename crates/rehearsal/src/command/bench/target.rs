//! What is measured: a server behind a URL, or the fake in memory.

use std::time::Duration;

use rehearsal::{
    fake::{FakeVllm, Pacing, profile::Profile, tokenizer::Tokenizer},
    load::{
        ConnectionMode, HttpTransport, LoadPlan, LoadPlanBuilder, Run, Scrape, StreamTransport, Transport,
        plan::metrics_url, workload::Sizing,
    },
};

use super::{
    descriptors, inputs, load, plan,
    workload::{self, Prepared},
};
use crate::{
    args::{
        BenchArgs, Connections,
        bench::{LoadFlags, flags::ServerMetrics},
    },
    command::{api_key, fake},
    exit::Expected,
};

/// A target, the model that is asked for, and what it is asked.
pub(super) struct Target {
    place: Place,
    model: String,
    prepared: Prepared,
}

enum Place {
    Server { base_url: String, transport: HttpTransport },
    Fake(Box<Rehearsed>),
}

/// What the fake is made of, over and over again.
struct Rehearsed {
    profile: Profile,
    tokenizer: Tokenizer,
}

impl Target {
    /// Finds out the model (a server is asked for it unless it is named), and prepares the workload.
    pub(super) async fn open(args: &BenchArgs) -> anyhow::Result<Self> {
        if let Some(profile) = &args.fake {
            let model = args.model.clone().unwrap_or_else(|| fake::REPORT_MODEL.to_owned());
            let rehearsed = Rehearsed { profile: fake::profile(profile)?, tokenizer: fake::tokenizer(None, &model)? };
            let prepared = Prepared::of(args, fakes_sizing(args, &rehearsed, &model).await?)?;
            return Ok(Self { place: Place::Fake(Box::new(rehearsed)), model, prepared });
        }
        let base_url = args.base_url.clone().ok_or_else(|| Expected::usage("no target; give --base-url or --fake"))?;
        let mut transport = HttpTransport::builder().connections(match args.connections {
            Connections::New => ConnectionMode::PerRequest,
            Connections::Pooled => ConnectionMode::Pooled,
        });
        if let Some(proxy) = &args.proxy {
            transport = transport.proxy(proxy);
        }
        let transport = transport.build().map_err(|error| match &args.proxy {
            Some(proxy) => Expected::usage(format!("--proxy {proxy}: {error}; write it like http://proxy:3128")),
            None => Expected::refused(error),
        })?;
        let model = if let Some(model) = &args.model {
            model.clone()
        } else {
            let key = api_key::read(args.api_key_file.as_deref())?;
            inputs::first_model(&base_url, key, &transport, args.timeout).await?
        };
        let sizing = workload::sizing(args, &transport, plan(args, &base_url, model.clone())?).await?;
        let prepared = Prepared::of(args, sizing)?;
        Ok(Self { place: Place::Server { base_url, transport }, model, prepared })
    }

    /// A run at this load. The fake is a new one each time, as empty as after a start; in its case the client's own
    /// delays are the profile's.
    pub(super) fn run(&self, args: &BenchArgs, load: &LoadFlags) -> anyhow::Result<(LoadPlan, Run, Option<FakeVllm>)> {
        let plan = |base_url: &str| -> anyhow::Result<LoadPlanBuilder> {
            let plan = plan(args, base_url, self.model.clone())?.workload(self.prepared.workload());
            load::apply(plan, load, self.prepared.recorded())
        };
        match &self.place {
            Place::Server { base_url, transport } => {
                let plan = plan(base_url)?.build().map_err(Expected::usage)?;
                descriptors::make_room(most_connections(&plan))?;
                let run = scraped(Run::new(plan.clone(), transport.clone()), args, base_url)?;
                Ok((plan, run, None))
            }
            Place::Fake(rehearsed) => {
                let server = start(rehearsed, &self.model)?;
                let client = &rehearsed.profile.client;
                let plan = plan(server.base_url())?
                    .turnaround(Duration::from(client.turnaround))
                    .stagger(Duration::from(client.stagger))
                    .build()
                    .map_err(Expected::usage)?;
                let run = scraped(Run::new(plan.clone(), over(&server)), args, server.base_url())?;
                Ok((plan, run, Some(server)))
            }
        }
    }
}

/// The run with readings of the server's metrics, where they are wanted.
fn scraped(run: Run, args: &BenchArgs, base_url: &str) -> anyhow::Result<Run> {
    let url = match &args.server.server_metrics {
        ServerMetrics::Off => return Ok(run),
        ServerMetrics::At(url) => url.clone(),
        ServerMetrics::Auto => metrics_url(base_url).map_err(Expected::usage)?,
    };
    Ok(run.scrape(Scrape { url, every: args.server.server_metrics_every }))
}

/// How many connections a run has at once; `None` where nothing limits its requests in flight.
fn most_connections(plan: &LoadPlan) -> Option<usize> {
    let in_flight = plan.concurrency().get().min(plan.requests().get());
    match plan.open_load() {
        Some(load) if load.slots().is_none() => None,
        _ => Some(in_flight),
    }
}

async fn fakes_sizing(args: &BenchArgs, rehearsed: &Rehearsed, model: &str) -> anyhow::Result<Sizing> {
    if !workload::needs_sizing(args) {
        return Ok(Sizing::A_TOKEN_A_WORD);
    }
    let server = start(rehearsed, model)?;
    workload::sizing(args, &over(&server), plan(args, server.base_url(), model.to_owned())?).await
}

fn start(rehearsed: &Rehearsed, model: &str) -> anyhow::Result<FakeVllm> {
    let server = FakeVllm::builder()
        .model(model)
        .tokenizer(rehearsed.tokenizer.clone())
        .profile(rehearsed.profile.clone())
        .pacing(Pacing::Virtual)
        // nobody asks it, and a token's time is eight bytes for good
        .journal_capacity(0)
        .start_in_memory()
        .map_err(Expected::usage)?;
    Ok(server)
}

fn over(server: &FakeVllm) -> impl Transport + use<> {
    let connector = server.connector();
    StreamTransport::new(move || std::future::ready(Ok(connector.connect())))
}
