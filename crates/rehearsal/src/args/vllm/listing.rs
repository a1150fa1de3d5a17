//! `--help=all`, `--help=GROUP`, `--help=WORD`: vLLM's flags, and which of them do something here.

use std::fmt::Write;

use rehearsal::fake::version::VllmVersion;

use super::table::{Flag, Table};

/// The flags of `topic`: all, those of a group, or those whose name holds the word. `effective` names the ones that do something.
pub(super) fn help(topic: &str, table: &Table, version: VllmVersion, effective: &[String]) -> Result<String, String> {
    let groups: Vec<&str> = groups(table);
    let group = groups.iter().find(|group| group.eq_ignore_ascii_case(topic));
    let word = topic.to_lowercase().replace('_', "-");
    let picked = |flag: &&Flag| match group {
        Some(group) => flag.group == **group,
        None => topic == "all" || flag.name.contains(&word),
    };
    let flags: Vec<&Flag> = table.flags().iter().filter(picked).collect();
    if flags.is_empty() {
        return Err(format!("--help={topic}: no group and no flag is called so; there are all, {}", groups.join(", ")));
    }
    let release = version.release();
    let mut text = format!(
        "The flags of `vllm serve` {release} that `rehearsal serve` reads. Those with a * do something here (`rehearsal serve --help`\n\
         says what); the others are checked and have no effect.\n"
    );
    for group in groups {
        let of_group: Vec<&&Flag> = flags.iter().filter(|flag| flag.group == group).collect();
        if of_group.is_empty() {
            continue;
        }
        let _ = write!(text, "\n{group}:\n");
        for flag in of_group {
            let acts = effective.iter().any(|name| *name == flag.name || name.strip_prefix("no-") == Some(&flag.name));
            let mark = if acts { '*' } else { ' ' };
            let default =
                if flag.default.is_empty() { String::new() } else { format!("  [vLLM's default: {}]", flag.default) };
            let _ = writeln!(text, "{mark} {}{default}", flag.declaration);
        }
    }
    Ok(text)
}

/// The headings, in vLLM's order.
fn groups(table: &Table) -> Vec<&str> {
    let mut groups: Vec<&str> = Vec::new();
    for flag in table.flags() {
        if !groups.contains(&flag.group.as_str()) {
            groups.push(&flag.group);
        }
    }
    groups
}
