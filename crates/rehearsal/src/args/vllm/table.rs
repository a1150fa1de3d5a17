//! Which flags `vllm serve` has, release by release.

use std::sync::LazyLock;

use rehearsal::fake::version::Release;

/// What `vllm serve --help=all` of these releases lists, taken from the texts of real servers by `fixtures/vllm-serve/extract.py`.
const RECORDED: [(&str, &str); 2] = [
    ("0.13.0", include_str!("../../../../../fixtures/vllm-serve/flags-0.13.0.tsv")),
    ("0.32.0", include_str!("../../../../../fixtures/vllm-serve/flags-0.32.0.tsv")),
];

/// Flags of which it is known with which release between the recorded ones they came.
/// Sources: the release in whose source they were first seen (per-request metrics 0.25.1, keep-alive and queue limits 0.29).
const FIRST_SEEN: [(&str, &str); 4] = [
    ("enable-per-request-metrics", "0.25.1"),
    ("sse-keep-alive-interval", "0.29.0"),
    ("max-num-queued-reqs", "0.29.0"),
    ("max-num-queued-tokens", "0.29.0"),
];

/// What follows a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing: it is on or, by `--no-…` where there is one, off.
    Nothing,
    /// One value; of these, if any are listed.
    One(Vec<String>),
    /// One value or none.
    Optional,
    /// Several, each of these, if any are listed.
    Several(Vec<String>),
}

/// One flag of one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flag {
    /// Without the hyphens before it.
    pub(super) name: String,
    /// All ways to write it, hyphens included.
    pub(super) written: Vec<String>,
    /// How it is switched off.
    pub(super) negated: Option<String>,
    /// What it wants.
    pub(super) takes: Takes,
    /// Whether the value is a JSON object, which may come in pieces.
    pub(super) is_json: bool,
    /// vLLM's heading for it.
    pub(super) group: String,
    /// As the help text declares it.
    pub(super) declaration: String,
    /// vLLM's default, as the help text has it.
    pub(super) default: String,
}

/// The flags that a release has.
#[derive(Debug)]
pub(super) struct Table {
    flags: Vec<Flag>,
}

impl Table {
    /// The flags of a release. Between two recorded releases it has those of both, unless it is known when one came.
    pub(super) fn of(release: Release) -> Self {
        let parse = |text: &str| text.parse::<Release>().expect("the table's releases are written well");
        let before = RECORDS.iter().rfind(|(recorded, _)| *recorded <= release);
        let after = RECORDS.iter().find(|(recorded, _)| release <= *recorded);
        let mut flags: Vec<Flag> = Vec::new();
        for (_, recorded) in before.into_iter().chain(after) {
            for flag in recorded {
                let came = FIRST_SEEN.iter().find(|(name, _)| *name == flag.name).map(|(_, came)| parse(came));
                match flags.iter_mut().find(|known| known.name == flag.name) {
                    Some(known) => known.widen(flag),
                    None if came.is_none_or(|came| came <= release) => flags.push(flag.clone()),
                    None => {}
                }
            }
        }
        Self { flags }
    }

    /// The flag that is written so, and whether that turns it off.
    pub(super) fn find(&self, written: &str) -> Option<(&Flag, bool)> {
        self.flags.iter().find_map(|flag| {
            let on = flag.written.iter().any(|form| form == written);
            let off = flag.negated.as_deref() == Some(written);
            (on || off).then_some((flag, off))
        })
    }

    /// All flags, in vLLM's order.
    pub(super) fn flags(&self) -> &[Flag] {
        &self.flags
    }
}

/// The recorded releases that have a flag which is written so.
pub(super) fn releases_with(written: &str) -> Vec<Release> {
    let has = |flags: &[Flag]| {
        flags
            .iter()
            .any(|flag| flag.written.iter().any(|form| form == written) || flag.negated.as_deref() == Some(written))
    };
    RECORDS.iter().filter(|(_, flags)| has(flags)).map(|(release, _)| *release).collect()
}

impl Flag {
    /// Takes what another release's form of it allows, too.
    fn widen(&mut self, other: &Self) {
        for form in &other.written {
            if !self.written.contains(form) {
                self.written.push(form.clone());
            }
        }
        self.negated = self.negated.take().or_else(|| other.negated.clone());
        self.is_json |= other.is_json;
        if let (Takes::One(mine), Takes::One(theirs)) | (Takes::Several(mine), Takes::Several(theirs)) =
            (&mut self.takes, &other.takes)
        {
            if mine.is_empty() || theirs.is_empty() {
                mine.clear();
            } else {
                mine.extend(theirs.iter().filter(|choice| !mine.contains(choice)).cloned().collect::<Vec<_>>());
            }
        }
    }

    /// Reads a line of the table.
    fn parse(line: &str) -> Option<Self> {
        let mut columns = line.split('\t');
        let (group, declaration) = (columns.next()?, columns.next()?);
        let (json, default) = (columns.next()?, columns.next()?);
        let mut written = Vec::new();
        let mut negated = None;
        let mut takes = Takes::Nothing;
        for form in split_forms(declaration) {
            let (name, value) = form.split_once(' ').unwrap_or((form, ""));
            if name.starts_with("--no-") {
                negated = Some(name.to_owned());
            } else {
                written.push(name.to_owned());
            }
            if !value.is_empty() {
                takes = Takes::parse(value);
            }
        }
        let name = written.iter().find_map(|form| form.strip_prefix("--"))?.to_owned();
        let (group, declaration, default) = (group.to_owned(), declaration.to_owned(), default.to_owned());
        Some(Self { name, written, negated, takes, is_json: json == "json", group, declaration, default })
    }
}

impl Takes {
    /// Reads what the help text puts behind a flag: `N`, `[N]`, `{a,b}`, `N [N ...]`.
    fn parse(value: &str) -> Self {
        let choices = |text: &str| -> Vec<String> {
            // "… or name registered in --tool-parser-plugin" leaves it open
            let listed = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            listed.map_or_else(Vec::new, |listed| listed.split(',').map(str::to_owned).collect())
        };
        match value.split_once(" [") {
            Some((first, rest)) if rest.ends_with("...]") => Self::Several(choices(first)),
            _ if value.starts_with('[') && !value.contains('\'') => Self::Optional,
            _ => Self::One(choices(value)),
        }
    }
}

static RECORDS: LazyLock<Vec<(Release, Vec<Flag>)>> = LazyLock::new(|| {
    let flags = |text: &str| text.lines().filter_map(Flag::parse).filter(|flag| flag.name != "help").collect();
    let release = |text: &str| text.parse().expect("a recorded release is written well");
    RECORDED.iter().map(|(version, text)| (release(version), flags(text))).collect()
});

/// The forms of a declaration: it is split at commas that no braces or brackets hold.
fn split_forms(declaration: &str) -> Vec<&str> {
    let (mut depth, mut from, mut forms) = (0_u32, 0, Vec::new());
    for (at, character) in declaration.char_indices() {
        match character {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                forms.push(declaration[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    forms.push(declaration[from..].trim());
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(release: &str) -> Table {
        Table::of(release.parse().unwrap())
    }

    /// 195 and 316 declarations stand in the two texts, `--help` not counted.
    #[test]
    fn every_line_of_both_help_texts_is_a_flag() {
        assert_eq!((table("0.13.0").flags.len(), table("0.32.0").flags.len()), (195, 316));
    }

    #[test]
    fn declarations_say_what_a_flag_takes() {
        let table = table("0.13.0");
        let find = |written: &str| table.find(written).unwrap();
        assert_eq!(find("-tp").0.takes, Takes::One(vec![]));
        assert_eq!(
            find("--dtype").0.takes,
            Takes::One(["auto", "bfloat16", "float", "float16", "float32", "half"].map(str::to_owned).to_vec())
        );
        assert_eq!(find("--hf-token").0.takes, Takes::Optional);
        assert_eq!(find("--model-impl").0.takes, Takes::One(vec![]));
        assert!(matches!(&find("--collect-detailed-traces").0.takes, Takes::Several(choices) if choices.len() == 4));
        assert!(find("--no-enforce-eager").1);
        assert!(find("--compilation-config").0.is_json);
    }

    #[test]
    fn a_flag_is_there_from_the_release_on_that_brought_it() {
        for (release, there) in [("0.13.0", false), ("0.28.0", false), ("0.29.0", true), ("0.33.0", true)] {
            assert_eq!(table(release).find("--max-num-queued-reqs").is_some(), there, "{release}");
        }
        assert!(table("0.9.2").find("--swap-space").is_some());
        assert!(table("0.33.0").find("--swap-space").is_none());
    }
}
