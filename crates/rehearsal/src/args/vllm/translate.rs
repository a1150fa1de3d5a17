//! From vLLM's command line to clap's.

use std::{collections::BTreeMap, ffi::OsString};

use clap::{Command, CommandFactory};
use rehearsal::fake::version::VllmVersion;

use super::{
    config_file,
    given::Setting,
    line::{self, Line},
    listing,
    table::Table,
};
use crate::args::Args;

/// The heading of flags that clap knows because they do something here; what follows it says of what kind they are.
const VLLM_HEADING: &str = "vLLM";

/// A command line that clap can read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Translation {
    /// The words, and vLLM's flags among the given that do nothing here.
    Words { words: Vec<OsString>, without_effect: Vec<String> },
    /// A text that was asked for with `--help=…`.
    Help(String),
}

/// Reads the whole command line; other commands than `serve` stay as they are. An error says which flag cannot be used.
pub(crate) fn translate(command_line: Vec<OsString>) -> Result<Translation, String> {
    if command_line.get(1).is_none_or(|word| word != "serve") {
        return Ok(Translation::Words { words: command_line, without_effect: Vec::new() });
    }
    let text =
        |word: &OsString| word.to_str().map(str::to_owned).ok_or_else(|| format!("`{}` is not UTF-8", word.display()));
    let words = command_line.iter().skip(2).map(text).collect::<Result<Vec<_>, _>>()?;
    let words = config_file::expand(words)?;
    let clap = serve_command();
    let version = version(&words)?;
    let table = Table::of(version.release());
    if let Some(topic) = words.iter().find_map(|word| word.strip_prefix("--help=")) {
        return listing::help(topic, &table, version, &vllm_names(&clap)).map(Translation::Help);
    }
    let own: Vec<String> = own_names(&clap);
    let Line { model, given, ours } = line::read(words, &table, version.release(), &own)?;
    let mut words: Vec<OsString> = command_line.into_iter().take(2).collect();
    let (effective, without_effect) = sort(given.into_flags(), &clap);
    words.extend(effective.into_iter().chain(ours).map(Into::into));
    words.extend(model.into_iter().flat_map(|model| ["--".into(), model.into()]));
    Ok(Translation::Words { words, without_effect })
}

/// What clap takes, in its form, and the names of the others.
fn sort(given: BTreeMap<String, Setting>, clap: &Command) -> (Vec<String>, Vec<String>) {
    let takes = |name: &str| clap.get_arguments().find(|argument| argument.get_long() == Some(name));
    let (mut effective, mut without_effect) = (Vec::new(), Vec::new());
    for (name, setting) in given {
        let off = format!("no-{name}");
        match (&setting, takes(&name), takes(&off)) {
            (Setting::Switch(on), here, negated) if here.is_some() || negated.is_some() => {
                // a switch that stays at its default needs no word
                if *on && here.is_some() {
                    effective.push(format!("--{name}"));
                } else if !on && negated.is_some() {
                    effective.push(format!("--{off}"));
                }
            }
            (_, Some(_), _) => effective.extend(setting.words().into_iter().map(|word| format!("--{name}={word}"))),
            (Setting::Switch(false), None, None) => without_effect.push(format!("--{off}")),
            (_, None, _) => without_effect.push(format!("--{name}")),
        }
    }
    (effective, without_effect)
}

/// The version to answer as: which flags there are depends on it.
fn version(words: &[String]) -> Result<VllmVersion, String> {
    let flag = "--vllm-version";
    let at = |word: &String| word == flag || word.starts_with("--vllm-version=");
    let named = words.iter().rposition(at).and_then(|at| match words[at].split_once('=') {
        Some((_, version)) => Some(version),
        None => words.get(at + 1).map(String::as_str),
    });
    named.map_or_else(|| Ok(VllmVersion::default()), |named| named.parse().map_err(|error| format!("{flag}: {error}")))
}

/// The names of vLLM's flags that do something here.
#[cfg(test)]
pub(super) fn effective() -> Vec<String> {
    vllm_names(&serve_command())
}

fn serve_command() -> Command {
    let command = Args::command();
    command.find_subcommand("serve").cloned().unwrap_or_default()
}

fn own_names(clap: &Command) -> Vec<String> {
    long_names(clap, |heading| !heading.is_some_and(|heading| heading.starts_with(VLLM_HEADING)))
}

fn vllm_names(clap: &Command) -> Vec<String> {
    long_names(clap, |heading| heading.is_some_and(|heading| heading.starts_with(VLLM_HEADING)))
}

fn long_names(clap: &Command, picked: impl Fn(Option<&str>) -> bool) -> Vec<String> {
    let arguments = clap.get_arguments().filter(|argument| picked(argument.get_help_heading()));
    arguments.filter_map(|argument| argument.get_long()).map(str::to_owned).collect()
}
