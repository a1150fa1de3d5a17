//! Rules of single fields, broken ones listed as the `validator` crate prints them.
//!
//! That crate keeps the parameters of a rule and the fields of a request in hash maps and so prints both in any order; here the order is
//! fixed: smallest value, greatest value, the value sent, and the fields as the request type lists them.

use std::fmt::Display;

use serde::Serialize;
use serde_json::Value;

use super::refusal::Refusal;

/// Broken rules, one line a field.
#[derive(Clone, Debug, Default)]
pub(super) struct Violations(Vec<String>);

impl Violations {
    /// A number below `min` or above `max`.
    pub(super) fn range<T>(&mut self, field: &str, value: Option<T>, min: Option<T>, max: Option<T>)
    where
        T: PartialOrd + Serialize + Copy,
    {
        let Some(value) = value else { return };
        // a NaN is below every minimum
        let inside = min.is_none_or(|min| min <= value) && max.is_none_or(|max| value <= max);
        if !inside {
            let limits = [("min", min), ("max", max), ("value", Some(value))];
            let parameters = limits.into_iter().filter_map(|(name, value)| value.map(|value| parameter(name, &value)));
            self.broken(field, "range", &parameters.collect::<Vec<_>>().join(", "));
        }
    }

    /// A text shorter than one character.
    pub(super) fn not_empty(&mut self, field: &str, value: Option<&str>) {
        if let Some("") = value {
            self.broken(field, "length", &[parameter("min", &1), parameter("value", &"")].join(", "));
        }
    }

    /// A rule with words of its own.
    pub(super) fn custom(&mut self, field: &str, value: &impl Serialize, words: &str) {
        self.broken(field, words, &parameter("value", value));
    }

    /// A rule about several fields, which are looked at only where no single one is at fault.
    pub(super) fn together(&mut self, broken: bool, words: &str) {
        if broken && self.0.is_empty() {
            self.0.push(format!("__all__: {words}"));
        }
    }

    fn broken(&mut self, field: &str, code: impl Display, parameters: &str) {
        self.0.push(format!("{field}: Validation error: {code} [{{{parameters}}}]"));
    }

    /// The refusal, if there is anything to refuse.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::invalid(self.0.join("\n"))) }
    }
}

/// A parameter in the debug form of its JSON value.
fn parameter(name: &str, value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or(Value::Null);
    format!("{name:?}: {value:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: impl FnOnce(&mut Violations), expect: &str) {
        let mut violations = Violations::default();
        rule(&mut violations);
        assert_eq!(violations.finish(), Err(Refusal::invalid(expect)));
    }

    /// Texts as recorded, but for the order of the parameters.
    #[test]
    fn broken_rules_read_as_the_validator_crate_writes_them() {
        check(
            |rules| rules.range("temperature", Some(2.1_f32), Some(0.0), Some(2.0)),
            r#"temperature: Validation error: range [{"min": Number(0.0), "max": Number(2.0), "value": Number(2.0999999046325684)}]"#,
        );
        check(
            |rules| rules.range("max_completion_tokens", Some(0_u32), Some(1), None),
            r#"max_completion_tokens: Validation error: range [{"min": Number(1), "value": Number(0)}]"#,
        );
        check(
            |rules| rules.not_empty("cache_salt", Some("")),
            r#"cache_salt: Validation error: length [{"min": Number(1), "value": String("")}]"#,
        );
        check(
            |rules| rules.custom("stop", &[""], "stop strings cannot be empty"),
            r#"stop: Validation error: stop strings cannot be empty [{"value": Array [String("")]}]"#,
        );
    }

    #[test]
    fn rules_about_several_fields_wait_for_the_single_ones() {
        let several = "stream_options can only be used when stream is true";
        check(|rules| rules.together(true, several), &format!("__all__: {several}"));
        check(
            |rules| {
                rules.range("n", Some(0_u32), Some(1), Some(10));
                rules.together(true, several);
            },
            r#"n: Validation error: range [{"min": Number(1), "max": Number(10), "value": Number(0)}]"#,
        );
    }
}
