//! A comparison as a release note.

use std::fmt::{self, Write};

use super::comparison::{Comparison, Difference, Side};

/// So many places or cases are named; more are counted.
const NAMED: usize = 4;

impl Comparison {
    /// The differences in words, topic by topic: Markdown that reads well on a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // writing to a `String` cannot fail
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, out: &mut String) -> fmt::Result {
        let (before, after) = (&self.before, &self.after);
        writeln!(out, "# What changed from {} to {}\n", before.name, after.name)?;
        let count = match self.differences.len() {
            0 => "no difference".to_owned(),
            1 => "1 difference".to_owned(),
            many => format!("{many} differences"),
        };
        writeln!(out, "{} cases ran on both: {count}.", self.cases)?;
        if !self.not_compared.is_empty() {
            writeln!(out, "Not compared, as only one of the recordings has them: {}.", self.not_compared.join(", "))?;
        }
        if before.flags != after.flags {
            writeln!(
                out,
                "Started differently: {} with {}, {} with {}.",
                before.name,
                flags(before),
                after.name,
                flags(after)
            )?;
        }
        let mut topic = None;
        for difference in &self.differences {
            if topic != Some(difference.topic) {
                topic = Some(difference.topic);
                writeln!(out, "\n## {}\n", difference.topic.heading())?;
            }
            writeln!(out, "- {}", difference.to_line(&before.name, &after.name))?;
        }
        Ok(())
    }
}

impl Difference {
    /// The difference in a sentence: ``chat stream: `stream_options: {}`: a usage chunk in 0.13.0, none in 0.32.0 (U-25)``.
    #[must_use]
    pub fn to_line(&self, before: &str, after: &str) -> String {
        let Self { places, what, before: was, after: is, cases, .. } = self;
        let place = if places.is_empty() { String::new() } else { format!("{}: ", some_of(places)) };
        format!("{place}{what}: {was} in {before}, {is} in {after} ({})", some_of(cases))
    }
}

fn some_of(items: &[String]) -> String {
    let mut said = items.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if NAMED < items.len() {
        let _ = write!(said, " and {} more", items.len() - NAMED);
    }
    said
}

fn flags(side: &Side) -> String {
    match side.flags.iter().map(|flag| flag.label()).collect::<Vec<_>>() {
        flags if flags.is_empty() => "no flag that a case depends on".to_owned(),
        flags => flags.join(" "),
    }
}
