//! The prompts, from flags to the plan; also the schedule, where a trace brings one.

use std::{fs, path::Path};

use rehearsal::load::{
    LoadPlan, LoadPlanBuilder, OpenLoad, Transport,
    run::measure_sizing,
    workload::{
        Conversations, Prompt, Prompts, SharedPrefix, Sizing, Synthetic, Trace, TraceFormat, Workload, read_dataset,
    },
};

use super::unstarted;
use crate::{args::BenchArgs, exit::Expected, render};

/// Counts 89 tokens with Qwen2.5-VL's tokenizer and chat template, as the report's prompt did.
const DEFAULT_PROMPT: &str = include_str!("../../../../../fixtures/report/prompt.txt");

/// What all runs of a command send.
pub(super) struct Prepared {
    workload: Workload,
    recorded: Option<OpenLoad>,
}

impl Prepared {
    /// Reads the files; `sizing` is how the server counts words.
    pub(super) fn of(args: &BenchArgs, sizing: Sizing) -> anyhow::Result<Self> {
        let flags = &args.workload;
        let seed = args.load.seed;
        if let Some(length) = flags.input_tokens {
            let shared = flags.shared_prefix.map(|share| {
                SharedPrefix::new(share, flags.prefix_groups)
                    .ok_or_else(|| Expected::usage(format!("--shared-prefix must be from 0 to 1, got {share}")))
            });
            let synthetic =
                Synthetic::new(length, sizing, seed).output(flags.output_tokens).shared_prefix(shared.transpose()?);
            let workload = match flags.turns {
                Some(turns) => Conversations::new(synthetic, turns).into(),
                None => synthetic.into(),
            };
            return Ok(Self { workload, recorded: None });
        }
        if let Some(path) = &flags.trace {
            let text = read(path, "trace")?;
            let wrong = |error: &dyn std::fmt::Display| Expected::usage(format!("trace `{}`: {error}", path.display()));
            let format = TraceFormat::detect(&text).map_err(|error| wrong(&error))?;
            let trace = Trace::read(&text, format).map_err(|error| wrong(&error))?;
            let schedule = trace.schedule(flags.trace_speed).map_err(|error| wrong(&error))?;
            let trace = trace.sizing(sizing, seed);
            return Ok(Self { workload: trace.into(), recorded: Some(OpenLoad::recorded(schedule)) });
        }
        let mut prompts = Prompts::new(written(args)?).map_err(Expected::usage)?;
        if flags.unique {
            prompts = prompts.salted(seed);
        }
        Ok(Self { workload: prompts.into(), recorded: None })
    }

    /// The workload.
    pub(super) fn workload(&self) -> Workload {
        self.workload.clone()
    }

    /// The arrivals of a trace.
    pub(super) fn recorded(&self) -> Option<OpenLoad> {
        self.recorded.clone()
    }
}

fn written(args: &BenchArgs) -> anyhow::Result<Vec<Prompt>> {
    let flags = &args.workload;
    if let Some(path) = &flags.dataset {
        let prompts = read_dataset(&read(path, "data set")?);
        return prompts.map_err(|error| Expected::usage(format!("data set `{}`: {error}", path.display())).into());
    }
    let Some(path) = &flags.prompt_file else {
        return Ok(vec![Prompt::new(flags.prompt.clone().unwrap_or_else(|| DEFAULT_PROMPT.to_owned()))]);
    };
    let text = read(path, "prompt file")?;
    if text.trim().is_empty() {
        return Err(
            Expected::usage(format!("prompt file `{}` is empty; write the prompt into it", path.display())).into()
        );
    }
    Ok(vec![Prompt::new(text)])
}

fn read(path: &Path, what: &str) -> anyhow::Result<String> {
    fs::read_to_string(path).map_err(|error| Expected::usage(format!("{what} `{}`: {error}", path.display())).into())
}

/// Whether prompts are made of words.
pub(super) fn needs_sizing(args: &BenchArgs) -> bool {
    args.workload.input_tokens.is_some() || args.workload.trace.is_some()
}

/// How the server counts words, where prompts are made of them: two requests to the server of `plan` find out.
pub(super) async fn sizing(
    args: &BenchArgs,
    transport: &dyn Transport,
    plan: LoadPlanBuilder,
) -> anyhow::Result<Sizing> {
    if !needs_sizing(args) {
        return Ok(Sizing::A_TOKEN_A_WORD);
    }
    let plan: LoadPlan = plan.build().map_err(Expected::usage)?;
    if let Some(sizing) = measure_sizing(transport, &plan).await.map_err(unstarted)? {
        return Ok(sizing);
    }
    render::warning("the server states no usage, so a word counts as a token; real lengths are not known");
    Ok(Sizing::A_TOKEN_A_WORD)
}
