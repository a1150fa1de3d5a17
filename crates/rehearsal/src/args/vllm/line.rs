//! The words of a command line, read by the table of flags.

use rehearsal::fake::version::Release;

use super::{
    given::Given,
    table::{Flag, Table, Takes, releases_with},
};

/// Distance of names from which on a suggestion would only puzzle (Jaro-Winkler).
const ALIKE: f64 = 0.7;

/// A command line, read.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The model, by position or by `--model`.
    pub(super) model: Option<String>,
    /// vLLM's flags.
    pub(super) given: Given,
    /// Our own flags, word by word.
    pub(super) ours: Vec<String>,
}

/// Reads the words after `serve`. `ours` says which long names are our own.
pub(super) fn read(words: Vec<String>, table: &Table, release: Release, ours: &[String]) -> Result<Line, String> {
    let mut line = Line::default();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        if !is_flag(&word) {
            if let Some(model) = line.model.replace(word.clone()) {
                return Err(format!("two models are named, `{model}` and `{word}`; a flag may lack its `--`"));
            }
            continue;
        }
        let (written, inline) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        let (written, path) = normal(written);
        let (written, inline) = optimization(&written, inline);
        let inline = inline.map(str::to_owned);
        let following = &mut || words.next_if(|next| !is_flag(next));
        if let Some((flag, off)) = table.find(&written) {
            if let Some(path) = path {
                let value = inline.or_else(following).ok_or_else(|| format!("`{word}` needs a value"))?;
                if !flag.is_json {
                    return Err(format!("`{word}`: `--{}` takes no JSON, so it has no keys", flag.name));
                }
                line.given.piece(flag, &path, &value)?;
            } else {
                take(&mut line, flag, off, inline, following)?;
            }
        } else if written.strip_prefix("--").is_some_and(|name| ours.iter().any(|own| own == name)) || is_help(&written)
        {
            line.ours.push(inline.map_or_else(|| written.clone(), |value| format!("{written}={value}")));
            while let Some(value) = following() {
                line.ours.push(value);
            }
        } else {
            return Err(unknown(&written, table, release, ours));
        }
    }
    Ok(line)
}

fn take(
    line: &mut Line,
    flag: &Flag,
    off: bool,
    inline: Option<String>,
    following: &mut impl FnMut() -> Option<String>,
) -> Result<(), String> {
    let needs = || format!("`--{}` needs a value: {}", flag.name, flag.declaration);
    match &flag.takes {
        Takes::Nothing => {
            if let Some(value) = inline {
                return Err(format!("`--{}` is a switch and takes no value, got `{value}`", flag.name));
            }
            line.given.switch(flag, !off);
            Ok(())
        }
        Takes::One(choices) => {
            let value = inline.or_else(following).ok_or_else(needs)?;
            if flag.name == "model" {
                line.model = Some(value);
                return Ok(());
            }
            line.given.values(flag, vec![value], choices)
        }
        Takes::Optional => line.given.values(flag, inline.or_else(following).into_iter().collect(), &[]),
        Takes::Several(choices) => {
            let mut values: Vec<String> = inline.into_iter().collect();
            if values.is_empty() {
                values.extend(std::iter::from_fn(following));
            }
            if values.is_empty() { Err(needs()) } else { line.given.values(flag, values, choices) }
        }
    }
}

/// The flag with hyphens for underscores, and its keys (`--hf-overrides.a.b`).
fn normal(written: &str) -> (String, Option<String>) {
    let (name, path) = written.split_once('.').map_or((written, None), |(name, path)| (name, Some(path.to_owned())));
    let name = if name.starts_with("--") { name.replace('_', "-") } else { name.to_owned() };
    (name, path)
}

/// `-O2` and `-O=2` are `--optimization-level 2`.
fn optimization<'a>(written: &'a str, inline: Option<&'a str>) -> (String, Option<&'a str>) {
    match written.strip_prefix("-O") {
        Some("") => ("--optimization-level".to_owned(), inline),
        Some(level) if level.bytes().all(|byte| byte.is_ascii_digit()) => {
            ("--optimization-level".to_owned(), Some(level))
        }
        _ => (written.to_owned(), inline),
    }
}

/// A word that begins with a hyphen is a flag, unless it is a negative number (as for Python's argparse).
fn is_flag(word: &str) -> bool {
    let negative = word.strip_prefix('-').is_some_and(|rest| rest.parse::<f64>().is_ok() && !rest.starts_with('-'));
    word.starts_with('-') && word != "-" && !negative
}

fn is_help(written: &str) -> bool {
    ["-h", "--help"].contains(&written)
}

fn unknown(written: &str, table: &Table, release: Release, ours: &[String]) -> String {
    if let Some(other) = releases_with(written).first() {
        return if *other < release {
            format!("`{written}` is a flag of vLLM {other} that {release} no longer has; leave it out")
        } else {
            format!(
                "`{written}` is a flag of vLLM {other} that {release} does not have yet; leave it out or choose --vllm-version"
            )
        };
    }
    let vllm = table.flags().iter().flat_map(|flag| flag.written.iter().chain(&flag.negated));
    let ours = ours.iter().map(|name| format!("--{name}"));
    let alike = |form: &String| strsim::jaro_winkler(written, form);
    let nearest = vllm.cloned().chain(ours).max_by(|left, right| alike(left).total_cmp(&alike(right)));
    match nearest.filter(|form| ALIKE <= alike(form)) {
        Some(form) => format!("there is no flag `{written}`; did you mean `{form}`?"),
        None => format!("there is no flag `{written}`; `rehearsal serve --help=all` lists all"),
    }
}
