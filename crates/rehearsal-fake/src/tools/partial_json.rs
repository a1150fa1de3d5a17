//! JSON that is cut off somewhere, completed as the Python package `partial-json-parser` completes it, which vLLM's older parsers lean on.

use serde_json::Value;

/// Whether a string that is cut off counts with what there is of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CutStrings {
    /// It does.
    Kept,
    /// The member or element that it stands in is left out.
    Dropped,
}

/// The value that `text` begins; `None` when it begins none. A key without a value is left out.
pub(super) fn complete(text: &str, strings: CutStrings) -> Option<Value> {
    let mut reader = Reader { text: text.trim(), at: 0, strings };
    match reader.value()? {
        Read::Whole(value) | Read::Cut(value) => Some(value),
        Read::Nothing => None,
    }
}

/// A value as far as it was there.
enum Read {
    /// All of it.
    Whole(Value),
    /// Its beginning; the text ends here.
    Cut(Value),
    /// Not enough to say anything; the text ends here.
    Nothing,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    strings: CutStrings,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&mut self) -> Option<char> {
        let skipped = self.rest().len() - self.rest().trim_start().len();
        self.at += skipped;
        self.rest().chars().next()
    }

    /// `None` for what is no JSON.
    fn value(&mut self) -> Option<Read> {
        match self.peek() {
            None => Some(Read::Nothing),
            Some('"') => self.string(),
            Some('[') => self.array(),
            Some('{') => self.object(),
            Some('-' | '0'..='9') => Some(self.number()),
            Some(_) => self.word(),
        }
    }

    fn string(&mut self) -> Option<Read> {
        let mut escaped = false;
        let end = self.rest().char_indices().skip(1).find(|(_, character)| match character {
            _ if escaped => {
                escaped = false;
                false
            }
            '\\' => {
                escaped = true;
                false
            }
            character => *character == '"',
        });
        if let Some((end, _)) = end {
            let value = serde_json::from_str(self.rest().get(..=end)?).ok()?;
            self.at += end + 1;
            return Some(Read::Whole(value));
        }
        if self.strings == CutStrings::Dropped {
            return Some(Read::Nothing);
        }
        let mut cut = self.rest().to_owned();
        // an escape that is cut off is left out
        while serde_json::from_str::<Value>(&format!("{cut}\"")).is_err() {
            if cut.len() <= 1 {
                return None;
            }
            cut.pop();
        }
        Some(Read::Cut(serde_json::from_str(&format!("{cut}\"")).ok()?))
    }

    fn number(&mut self) -> Read {
        let len = self.rest().find(|c: char| !"0123456789.-+eE".contains(c));
        let digits = self.rest().get(..len.unwrap_or(self.rest().len())).unwrap_or_default().to_owned();
        self.at += digits.len();
        let kept = digits.trim_end_matches(['.', '-', '+', 'e', 'E']);
        match (serde_json::from_str(kept), len) {
            (Ok(value), Some(_)) => Read::Whole(value),
            (Ok(value), None) => Read::Cut(value),
            (Err(_), _) => Read::Nothing,
        }
    }

    fn word(&mut self) -> Option<Read> {
        for (word, value) in [("null", Value::Null), ("true", true.into()), ("false", false.into())] {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Some(Read::Whole(value));
            }
            if word.starts_with(self.rest()) {
                return Some(Read::Cut(value));
            }
        }
        None
    }

    fn array(&mut self) -> Option<Read> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            match self.peek() {
                None => return Some(Read::Cut(items.into())),
                Some(']') => {
                    self.at += 1;
                    return Some(Read::Whole(items.into()));
                }
                Some(_) => {}
            }
            match self.value()? {
                Read::Whole(value) => items.push(value),
                Read::Cut(value) => {
                    items.push(value);
                    return Some(Read::Cut(items.into()));
                }
                Read::Nothing => return Some(Read::Cut(items.into())),
            }
            match self.peek() {
                Some(',') => self.at += 1,
                Some(']') | None => {}
                Some(_) => return None,
            }
        }
    }

    fn object(&mut self) -> Option<Read> {
        self.at += 1;
        let mut members = serde_json::Map::new();
        loop {
            match self.peek() {
                None => return Some(Read::Cut(members.into())),
                Some('}') => {
                    self.at += 1;
                    return Some(Read::Whole(members.into()));
                }
                Some('"') => {}
                Some(_) => return None,
            }
            let Read::Whole(Value::String(key)) = self.string()? else { return Some(Read::Cut(members.into())) };
            match self.peek() {
                None => return Some(Read::Cut(members.into())),
                Some(':') => self.at += 1,
                Some(_) => return None,
            }
            match self.value()? {
                Read::Whole(value) => members.insert(key, value),
                Read::Cut(value) => {
                    members.insert(key, value);
                    return Some(Read::Cut(members.into()));
                }
                Read::Nothing => return Some(Read::Cut(members.into())),
            };
            match self.peek() {
                Some(',') => self.at += 1,
                Some('}') | None => {}
                Some(_) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, strings: CutStrings, expect: Option<&str>) {
        assert_eq!(complete(text, strings).map(|value| value.to_string()).as_deref(), expect, "{text}");
    }

    /// The oracle is `partial_json_parser.loads` of the Python package, asked by hand.
    #[test]
    fn what_is_cut_off_is_completed() {
        use CutStrings::{Dropped, Kept};
        check("{\"name\": \"get", Kept, Some("{\"name\":\"get\"}"));
        check("{\"name\": \"get", Dropped, Some("{}"));
        check("{\"name\": \"get\", \"arguments\": ", Dropped, Some("{\"name\":\"get\"}"));
        check("{\"a\": {\"b\": [1, 2", Kept, Some("{\"a\":{\"b\":[1,2]}}"));
        check("{\"a\": 1, \"b", Kept, Some("{\"a\":1}"));
        check("{\"a\": tr", Kept, Some("{\"a\":true}"));
        check("{\"a\": \"x\\u00", Kept, Some("{\"a\":\"x\"}"));
        check("[{\"a\": -", Kept, Some("[{}]"));
        check("{}", Kept, Some("{}"));
        check("", Kept, None);
        check("hello", Kept, None);
        check("{a", Kept, None);
    }
}
