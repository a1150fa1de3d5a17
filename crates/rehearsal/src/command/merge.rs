//! `rehearsal merge`: the logs of several generators as one run.

use std::fs;

use rehearsal::load::report::Recording;

use super::report::{self, input::Input};
use crate::{
    args::MergeArgs,
    exit::{Exit, Expected},
};

pub(crate) fn run(args: &MergeArgs) -> anyhow::Result<Exit> {
    let mut shards = Vec::with_capacity(args.logs.len());
    for path in &args.logs {
        match Input::read(path)? {
            Input::Recording(recording) => shards.push(*recording),
            Input::Exploration(_) | Input::Native(_) | Input::Seed(_) => {
                return Err(Expected::usage(format!(
                    "`{}` is a finished report, and only requests can be merged; give the log that `bench --jsonl` wrote",
                    path.display()
                ))
                .into());
            }
        }
    }
    let merged = Recording::merge(shards).map_err(Expected::usage)?;
    if let Some(path) = &args.out {
        fs::write(path, merged.to_jsonl())
            .map_err(|error| Expected::usage(format!("output file `{}`: {error}", path.display())))?;
    }
    report::summarise(&Input::Recording(Box::new(merged)), args.format, &report::Asked::default())
}
