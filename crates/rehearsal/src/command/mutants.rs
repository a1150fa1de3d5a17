//! The faults of `--mutant`: one by its id, and the list of them.

use anyhow::Context;
use rehearsal::fake::Mutant;
use serde_json::json;

use crate::{args::Format, exit::Expected};

pub(super) fn find(id: &str) -> Result<Mutant, Expected> {
    id.parse().map_err(|error| Expected::usage(format!("{error}; --list-mutants lists them all")))
}

/// All of them, a line each.
pub(super) fn list(format: Format) -> anyhow::Result<String> {
    if format == Format::Json {
        let told = |mutant: Mutant| {
            json!({
                "id": mutant.id(), "fault": mutant.fault(), "upstream": mutant.upstream(), "version": mutant.version(),
                "flags": mutant.setting().flags(),
            })
        };
        let all: Vec<_> = Mutant::all().map(told).collect();
        return serde_json::to_string_pretty(&all).context("list as JSON");
    }
    let lines = Mutant::all().map(|mutant| {
        let upstream = mutant.upstream().map_or_else(String::new, |issues| format!(" ({issues})"));
        let flags = mutant.setting().flags();
        let with = if flags.is_empty() { String::new() } else { format!(" with {flags}") };
        format!("{:<28} {}{upstream}; on {}{with}", mutant.id(), mutant.fault(), mutant.version())
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}
