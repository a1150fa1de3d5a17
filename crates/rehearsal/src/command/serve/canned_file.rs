//! The file of `--text canned:FILE`: which request gets which reply.
//!
//! ```toml
//! [[rule]]
//! when = { user = "weather", model = "tiny" }  # all of these; without `when`: every request
//! reply = "Sunny."
//!
//! [[rule]]
//! when = { prompt = "count" }
//! text = "filler:40"                           # in place of `reply`: what `--text` takes
//!
//! [otherwise]                                  # without it: text = "filler"
//! reply = "I do not know."
//! ```
//!
//! A file whose name ends in `.json` holds the same as JSON. To have a tool called, the reply is what the model would write for the
//! server's tool parser, such as `<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>`.

use std::{fs, path::Path, sync::Arc};

use rehearsal::fake::text::{
    Canned, Fixed, TextModel, TextRequest,
    canned::{any, model, prompt_contains, says},
};
use serde::Deserialize;

use super::text;
use crate::{args::Text, exit::Expected};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "rule")]
    rules: Vec<Rule>,
    otherwise: Option<Otherwise>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    #[serde(default)]
    when: When,
    reply: Option<String>,
    text: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Otherwise {
    reply: Option<String>,
    text: Option<String>,
}

/// What a request must have; what is left out may be anything.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct When {
    /// The name it asks for.
    model: Option<String>,
    /// A part of the prompt, after the chat template.
    prompt: Option<String>,
    /// Parts of a message with that role.
    user: Option<String>,
    system: Option<String>,
    assistant: Option<String>,
    tool: Option<String>,
}

/// The rules of that file.
pub(super) fn read(path: &Path) -> Result<Canned, Expected> {
    let unusable = |error: String| Expected::usage(format!("--text canned:{}: {error}", path.display()));
    let source = fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    parse(&source, is_json).map_err(unusable)
}

fn parse(source: &str, is_json: bool) -> Result<Canned, String> {
    let file: File = if is_json {
        serde_json::from_str(source).map_err(|error| error.to_string())?
    } else {
        toml::from_str(source).map_err(|error| error.to_string().trim_end().to_owned())?
    };
    if file.rules.is_empty() && file.otherwise.is_none() {
        return Err("it holds no rule; write [[rule]] with `when` and `reply`".to_owned());
    }
    let mut canned = Canned::new();
    for (number, rule) in (1..).zip(file.rules) {
        let reply = spoken(rule.reply, rule.text).map_err(|error| format!("rule {number}: {error}"))?;
        canned = canned.when(rule.when.matcher(), Shared(reply));
    }
    if let Some(Otherwise { reply, text }) = file.otherwise {
        let reply = spoken(reply, text).map_err(|error| format!("otherwise: {error}"))?;
        canned = canned.otherwise(Shared(reply));
    }
    Ok(canned)
}

/// A reply, or a text model by the name that `--text` has for it.
fn spoken(reply: Option<String>, named: Option<String>) -> Result<Arc<dyn TextModel>, String> {
    match (reply, named) {
        (Some(reply), None) => Ok(Arc::new(Fixed(reply))),
        (None, Some(named)) => match named.parse()? {
            Text::Canned(_) => Err(format!("`{named}`: a canned file cannot name another; put its rules here")),
            named => text::model(&named).map_err(|error| error.to_string()),
        },
        (Some(_), Some(_)) => Err("it has both `reply` and `text`; keep one".to_owned()),
        (None, None) => Err("it says nothing; add `reply` or `text`".to_owned()),
    }
}

/// A model that several may hold.
struct Shared(Arc<dyn TextModel>);

impl TextModel for Shared {
    fn reply(&self, request: &TextRequest<'_>) -> rehearsal::fake::engine::Continuation {
        self.0.reply(request)
    }
}

impl When {
    fn matcher(self) -> impl Fn(&TextRequest<'_>) -> bool + Send + Sync + 'static {
        use rehearsal::fake::text::Matches;

        let mut all: Vec<Box<dyn Matches>> = vec![Box::new(any())];
        all.extend(self.model.map(|name| Box::new(model(name)) as Box<dyn Matches>));
        all.extend(self.prompt.map(|text| Box::new(prompt_contains(text)) as Box<dyn Matches>));
        let roles = [("user", self.user), ("system", self.system), ("assistant", self.assistant), ("tool", self.tool)];
        all.extend(roles.into_iter().filter_map(|(role, text)| Some(Box::new(says(role, text?)) as Box<dyn Matches>)));
        move |request: &TextRequest<'_>| all.iter().all(|matcher| matcher.matches(request))
    }
}

#[cfg(test)]
mod tests {
    use rehearsal::fake::{engine::Continuation, tokenizer::Tokenizer};
    use serde_json::json;

    use super::*;

    const RULES: &str = r#"
[[rule]]
when = { user = "weather", model = "tiny" }
reply = "Sunny."

[[rule]]
when = { user = "again" }
text = "echo"

[otherwise]
reply = "I do not know."
"#;

    #[track_caller]
    fn check(canned: &Canned, model: &str, user: &str, expect: &str) {
        let tokenizer = Tokenizer::byte_level();
        let messages = json!([{"role": "user", "content": user}]);
        let request = TextRequest::new("", &[], &tokenizer).with_messages(&messages).with_model(model);
        let Continuation::Script(tokens) = canned.reply(&request) else { panic!("a script was expected") };
        assert_eq!(tokenizer.decode(&tokens), expect);
    }

    #[test]
    fn the_first_rule_that_fits_answers() {
        let canned = parse(RULES, false).unwrap();
        check(&canned, "tiny", "the weather, again?", "Sunny.");
        check(&canned, "big", "the weather, again?", "the weather, again?");
        check(&canned, "big", "the weather?", "I do not know.");
    }

    #[test]
    fn json_holds_the_same() {
        let canned = parse(r#"{"rule": [{"when": {"user": "a"}, "reply": "b"}], "otherwise": {"reply": "c"}}"#, true);
        let canned = canned.unwrap();
        check(&canned, "m", "a", "b");
        check(&canned, "m", "x", "c");
    }

    #[test]
    fn a_wrong_file_is_explained() {
        for (source, expect) in [
            ("", "it holds no rule"),
            ("[[rule]]\nwhen = { user = \"a\" }", "rule 1: it says nothing; add `reply` or `text`"),
            ("[[rule]]\nreply = \"a\"\ntext = \"echo\"", "rule 1: it has both"),
            ("[[rule]]\ntext = \"shout\"", "rule 1: there is no text `shout`"),
            ("[[rule]]\ntext = \"canned:b.toml\"", "cannot name another"),
            ("[otherwise]\ntext = \"corpus:no/such/book\"", "otherwise: --text corpus:no/such/book"),
            ("[[rules]]\nreply = \"a\"", "unknown field `rules`"),
            ("[[rule]]\nwhen = { usr = \"a\" }\nreply = \"a\"", "unknown field `usr`"),
            ("[[rule]\n", "TOML"),
        ] {
            let error = parse(source, false).unwrap_err();
            assert!(error.contains(expect), "{source}: {error}");
        }
    }
}
