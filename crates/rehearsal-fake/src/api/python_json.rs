//! What Python's `json` reads and JSON does not have: `NaN`, `Infinity`, `-Infinity`, integers of any length, floats beyond all.
//!
//! `serde_json` has no place for them, so they are carried as strings that begin with a character that no text may hold.

use serde_json::Value;

/// U+FDD0, a noncharacter: Unicode keeps it free for a program's own use.
const MARK: char = '\u{fdd0}';

/// Digits that always fit in 64 bits.
const SAFE_DIGITS: usize = 18;

/// A number that JSON or 64 bits cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beyond<'a> {
    /// Not a number, or infinite: the literal.
    Constant(&'a str),
    /// An integer: its digits.
    Integer(&'a str),
}

impl<'a> Beyond<'a> {
    /// The number that `value` stands for, if it is one of these.
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        Self::parse(value.as_str()?)
    }

    /// The same of a string's text.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let literal = text.strip_prefix(MARK)?;
        let is_integer = literal.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
        Some(if is_integer { Self::Integer(literal) } else { Self::Constant(literal) })
    }

    /// Its value, as near as an `f64` comes.
    pub(super) fn float(self) -> f64 {
        match self {
            Self::Constant("NaN") => f64::NAN,
            Self::Constant(literal) if literal.starts_with('-') => f64::NEG_INFINITY,
            Self::Constant(_) => f64::INFINITY,
            Self::Integer(digits) => digits.parse().unwrap_or(f64::INFINITY),
        }
    }

    /// `repr(value)`.
    pub(super) fn repr(self) -> &'a str {
        match self {
            Self::Constant("NaN") => "nan",
            Self::Constant(literal) if literal.starts_with('-') => "-inf",
            Self::Constant(_) => "inf",
            Self::Integer(digits) => digits,
        }
    }
}

/// The document with such numbers as marked strings; `None` when it has none.
pub(super) fn marked(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    let mut rest = text;
    while let Some(found) = rest.find(|character: char| "\"NI-".contains(character) || character.is_ascii_digit()) {
        let at = text.len() - rest.len() + found;
        let here = text.get(at..).unwrap_or_default();
        let length = if here.starts_with('"') { string_length(here) } else { number_length(here) };
        let literal = here.get(..length).unwrap_or_default();
        if is_beyond(literal) {
            out.push_str(text.get(copied..at).unwrap_or_default());
            out.extend(['"', MARK]);
            out.push_str(literal);
            out.push('"');
            copied = at + length;
        }
        rest = here.get(length..).unwrap_or_default();
    }
    (0 < copied).then(|| out + text.get(copied..).unwrap_or_default())
}

/// Bytes of the string that `text` begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Bytes of the number or constant that `text` begins with, at least one.
fn number_length(text: &str) -> usize {
    let constant = ["NaN", "Infinity", "-Infinity"].iter().find(|constant| text.starts_with(**constant));
    let digits = || text.find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)).unwrap_or(text.len());
    constant.map_or_else(digits, |constant| constant.len()).max(1)
}

fn is_beyond(literal: &str) -> bool {
    if literal.ends_with("NaN") || literal.ends_with("Infinity") {
        return !literal.starts_with('"');
    }
    let digits = literal.strip_prefix('-').unwrap_or(literal);
    if digits.contains(['e', 'E', '.']) {
        return literal.parse::<f64>().is_ok_and(f64::is_infinite);
    }
    SAFE_DIGITS < digits.len() && digits.bytes().all(|byte| byte.is_ascii_digit()) && literal.parse::<i64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(marked(text).map(|marked| marked.replace(MARK, "~")).as_deref(), expect);
    }

    #[test]
    fn only_numbers_that_json_lacks_are_marked() {
        check(r#"{"a": NaN, "b": -Infinity}"#, Some(r#"{"a": "~NaN", "b": "~-Infinity"}"#));
        check(r#"{"a": 1180591620717411303424}"#, Some(r#"{"a": "~1180591620717411303424"}"#));
        check(r#"["NaN", "say \"NaN\" 99999999999999999999", -1.5e3, 9223372036854775807]"#, None);
        check("[1e400, 1e300]", Some("[\"~1e400\", 1e300]"));
        check(r#"{"é": [Infinity]}"#, Some(r#"{"é": ["~Infinity"]}"#));
    }

    #[test]
    fn they_look_as_python_prints_them() {
        for (literal, expect) in
            [("NaN", "nan"), ("Infinity", "inf"), ("-Infinity", "-inf"), ("-1e400", "-inf"), ("12", "12")]
        {
            let value = Value::String(format!("{MARK}{literal}"));
            assert_eq!(Beyond::of(&value).map(Beyond::repr), Some(expect));
        }
        assert_eq!(Beyond::of(&Value::from("NaN")), None);
    }
}
