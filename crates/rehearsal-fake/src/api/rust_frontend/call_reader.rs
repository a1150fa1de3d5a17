//! Tool calls as JSON between two tags: Hermes, and Qwen's.

use super::reply::{Said, partial};

/// Reads calls out of a growing text.
#[derive(Clone, Debug)]
pub(super) struct CallReader {
    start: &'static str,
    end: &'static str,
    mode: Mode,
    kept: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mode {
    /// Outside of calls.
    Text,
    /// Between the tag and the arguments.
    Header,
    /// Within the arguments.
    Arguments(Depth),
    /// Behind them.
    Close,
    /// What stood between the tags was no call: all that follows is text.
    Failed,
}

/// How deep in objects and lists a JSON text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Depth {
    open: usize,
    in_string: bool,
    escaped: bool,
}

/// What a text is as the beginning of something.
enum Reading<T> {
    /// It is there, and so many bytes long.
    Whole(T, usize),
    /// More has to come.
    Unfinished,
    /// It is something else.
    Other,
}

impl CallReader {
    pub(super) fn new(start: &'static str, end: &'static str) -> Self {
        Self { start, end, mode: Mode::Text, kept: String::new() }
    }

    /// What a piece of text brings.
    pub(super) fn push(&mut self, text: &str) -> Vec<Said> {
        self.kept.push_str(text);
        let mut said = Vec::new();
        while self.step(&mut said) {}
        said
    }

    /// What was kept back.
    pub(super) fn finish(&mut self) -> Vec<Said> {
        vec![Said::Text(std::mem::take(&mut self.kept))]
    }

    /// Takes one thing out of what is kept; `false` when more has to come.
    fn step(&mut self, said: &mut Vec<Said>) -> bool {
        match self.mode {
            Mode::Text => self.text(said),
            Mode::Header => match header(self.trimmed()) {
                Reading::Whole(name, bytes) => {
                    self.kept.drain(..bytes);
                    said.push(Said::Call { name });
                    self.mode = Mode::Arguments(Depth::default());
                    true
                }
                Reading::Unfinished => false,
                Reading::Other => self.fail(),
            },
            Mode::Arguments(depth) => self.arguments(depth, said),
            Mode::Close => match close(&self.kept, self.end) {
                Reading::Whole((), bytes) => {
                    self.kept.drain(..bytes);
                    self.mode = Mode::Text;
                    true
                }
                Reading::Unfinished => false,
                Reading::Other => self.fail(),
            },
            Mode::Failed => {
                said.push(Said::Text(std::mem::take(&mut self.kept)));
                false
            }
        }
    }

    /// What is kept, without the white space that follows a tag.
    fn trimmed(&mut self) -> &str {
        let white = self.kept.len() - self.kept.trim_start().len();
        self.kept.drain(..white);
        &self.kept
    }

    fn text(&mut self, said: &mut Vec<Said>) -> bool {
        if let Some(at) = self.kept.find(self.start) {
            said.push(Said::Text(self.kept.drain(..at).collect()));
            self.kept.drain(..self.start.len());
            self.mode = Mode::Header;
            return true;
        }
        let stable = self.kept.len() - partial(&self.kept, self.start);
        said.push(Said::Text(self.kept.drain(..stable).collect()));
        false
    }

    fn arguments(&mut self, mut depth: Depth, said: &mut Vec<Said>) -> bool {
        let end = self.kept.char_indices().find_map(|(at, character)| depth.closes(character).then_some(at + 1));
        let arguments: String = self.kept.drain(..end.unwrap_or(self.kept.len())).collect();
        if !arguments.is_empty() {
            said.push(Said::Arguments(arguments));
        }
        self.mode = if end.is_some() { Mode::Close } else { Mode::Arguments(depth) };
        end.is_some()
    }

    fn fail(&mut self) -> bool {
        self.mode = Mode::Failed;
        true
    }
}

impl Depth {
    /// Goes on by one character; whether that one closes the outermost object.
    fn closes(&mut self, character: char) -> bool {
        match character {
            _ if self.escaped => self.escaped = false,
            '\\' if self.in_string => self.escaped = true,
            '"' => self.in_string = !self.in_string,
            '{' | '[' if !self.in_string => self.open += 1,
            '}' | ']' if !self.in_string => {
                self.open = self.open.saturating_sub(1);
                return self.open == 0;
            }
            _ => {}
        }
        false
    }
}

/// `{"name": "…", "arguments": ` and the white space behind it, of which the end is known only when something follows.
fn header(text: &str) -> Reading<String> {
    let mut rest = text;
    for literal in ["{", "\"name\"", ":"] {
        match take(&mut rest, literal) {
            Reading::Whole((), _) => {}
            Reading::Unfinished => return Reading::Unfinished,
            Reading::Other => return Reading::Other,
        }
    }
    let name = match string(&mut rest) {
        Reading::Whole(name, _) => name,
        Reading::Unfinished => return Reading::Unfinished,
        Reading::Other => return Reading::Other,
    };
    for literal in [",", "\"arguments\"", ":"] {
        match take(&mut rest, literal) {
            Reading::Whole((), _) => {}
            Reading::Unfinished => return Reading::Unfinished,
            Reading::Other => return Reading::Other,
        }
    }
    let rest = rest.trim_start();
    match rest.chars().next() {
        None => Reading::Unfinished,
        Some('{') => Reading::Whole(name, text.len() - rest.len()),
        Some(_) => Reading::Other,
    }
}

/// The brace that closes a call, and its tag.
fn close(text: &str, tag: &str) -> Reading<()> {
    let mut rest = text;
    for literal in ["}", tag] {
        match take(&mut rest, literal) {
            Reading::Whole((), _) => {}
            other => return other,
        }
    }
    Reading::Whole((), text.len() - rest.len())
}

/// Takes white space and then that literal off a text.
fn take(text: &mut &str, literal: &str) -> Reading<()> {
    let trimmed = text.trim_start();
    if let Some(rest) = trimmed.strip_prefix(literal) {
        *text = rest;
        return Reading::Whole((), 0);
    }
    if literal.starts_with(trimmed) { Reading::Unfinished } else { Reading::Other }
}

/// Takes white space and then a JSON string off a text.
fn string(text: &mut &str) -> Reading<String> {
    let trimmed = text.trim_start();
    if trimmed.is_empty() {
        return Reading::Unfinished;
    }
    let mut strings = serde_json::Deserializer::from_str(trimmed).into_iter::<String>();
    match strings.next() {
        Some(Ok(string)) => {
            *text = trimmed.get(strings.byte_offset()..).unwrap_or_default();
            Reading::Whole(string, 0)
        }
        Some(Err(error)) if error.is_eof() => Reading::Unfinished,
        _ => Reading::Other,
    }
}
