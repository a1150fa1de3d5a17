//! `--text`: which of the fake's text models speaks.

use std::{num::NonZeroU32, path::PathBuf, str::FromStr};

/// What the model says, as the command line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// Words until `max_tokens`, or so many tokens.
    Filler(Option<NonZeroU32>),
    /// What the user said.
    Echo,
    /// This.
    Fixed(String),
    /// What this file says.
    Corpus(PathBuf),
    /// What the rules of this file say.
    Canned(PathBuf),
}

impl FromStr for Text {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        let (kind, rest) = written.split_once(':').map_or((written, None), |(kind, rest)| (kind, Some(rest)));
        let file = |example: &str| {
            let rest = rest.filter(|rest| !rest.is_empty());
            rest.map(PathBuf::from).ok_or_else(|| format!("`{kind}` needs a file: write {kind}:{example}"))
        };
        match (kind, rest) {
            ("filler", None) => Ok(Self::Filler(None)),
            ("filler", Some(tokens)) => tokens
                .parse()
                .map(|tokens| Self::Filler(Some(tokens)))
                .map_err(|_| format!("`{written}`: a filler of how many tokens? write filler or filler:40")),
            ("echo", None) => Ok(Self::Echo),
            ("fixed", Some(text)) => Ok(Self::Fixed(text.to_owned())),
            ("fixed", None) => Err("`fixed` needs a text: write fixed:TEXT".to_owned()),
            ("corpus", _) => Ok(Self::Corpus(file("book.txt")?)),
            ("canned", _) => Ok(Self::Canned(file("replies.toml")?)),
            _ => Err(format!(
                "there is no text `{written}`; there are filler, filler:TOKENS, echo, fixed:TEXT, corpus:FILE and canned:FILE"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_read() {
        for (written, expect) in [
            ("filler", Text::Filler(None)),
            ("filler:40", Text::Filler(NonZeroU32::new(40))),
            ("echo", Text::Echo),
            ("fixed:one: two", Text::Fixed("one: two".to_owned())),
            ("fixed:", Text::Fixed(String::new())),
            ("corpus:a.txt", Text::Corpus("a.txt".into())),
            ("canned:c:/a.json", Text::Canned("c:/a.json".into())),
        ] {
            assert_eq!(written.parse(), Ok(expect), "{written}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        for (written, expect) in [
            ("filler:0", "write filler or filler:40"),
            ("echo:", "there is no text `echo:`"),
            ("fixed", "write fixed:TEXT"),
            ("corpus:", "write corpus:book.txt"),
            ("shout", "there are filler"),
        ] {
            let error = written.parse::<Text>().unwrap_err();
            assert!(error.contains(expect), "{written}: {error}");
        }
    }
}
