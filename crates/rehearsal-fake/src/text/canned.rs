//! Replies chosen by request, in the manner of a mock server.

use std::{fmt, sync::Arc};

use serde_json::Value;

use super::{Filler, Fixed, TextModel, TextRequest};
use crate::engine::Continuation;

/// Says whether a rule is for a request. Closures are matchers.
///
/// Ready-made ones are [`any`], [`model`], [`says`] and [`prompt_contains`].
pub trait Matches: Send + Sync {
    /// Whether it is.
    fn matches(&self, request: &TextRequest<'_>) -> bool;

    /// A matcher for the requests that this one and `other` match.
    fn and(self, other: impl Matches + 'static) -> All
    where
        Self: Sized + 'static,
    {
        All(vec![Box::new(self), Box::new(other)])
    }
}

impl<F: Fn(&TextRequest<'_>) -> bool + Send + Sync> Matches for F {
    fn matches(&self, request: &TextRequest<'_>) -> bool {
        self(request)
    }
}

/// Several matchers that all have to match; [`Matches::and`] makes it.
pub struct All(Vec<Box<dyn Matches>>);

impl Matches for All {
    fn matches(&self, request: &TextRequest<'_>) -> bool {
        self.0.iter().all(|matcher| matcher.matches(request))
    }
}

/// Matches every request.
#[must_use]
pub fn any() -> impl Matches {
    |_: &TextRequest<'_>| true
}

/// Matches requests for this model, under the name that the request uses.
#[must_use]
pub fn model(name: impl Into<String>) -> impl Matches {
    let name = name.into();
    move |request: &TextRequest<'_>| request.model == Some(name.as_str())
}

/// Matches conversations in which a message of `role` contains `text`.
#[must_use]
pub fn says(role: impl Into<String>, text: impl Into<String>) -> impl Matches {
    let (role, text) = (role.into(), text.into());
    move |request: &TextRequest<'_>| {
        let messages = request.messages.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        messages.iter().any(|message| {
            message.get("role").is_some_and(|is| *is == role.as_str())
                && message.get("content").is_some_and(|content| contains(content, &text))
        })
    }
}

/// Matches requests whose whole prompt, after the chat template, contains `text`.
#[must_use]
pub fn prompt_contains(text: impl Into<String>) -> impl Matches {
    let text = text.into();
    move |request: &TextRequest<'_>| request.prompt_text.contains(&text)
}

fn contains(content: &Value, text: &str) -> bool {
    match content {
        Value::String(content) => content.contains(text),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part.get("text")?.as_str()).any(|part| part.contains(text))
        }
        _ => false,
    }
}

/// Answers each request by the first rule that matches it, and what no rule matches with another model ([`Filler`] by default).
///
/// A reply is counted in tokens of the server's tokenizer, like any other text.
///
/// ```
/// use rehearsal_fake::{
///     engine::Continuation,
///     text::{Canned, Echo, Matches, TextModel, TextRequest, canned::{model, says}},
///     tokenizer::Tokenizer,
/// };
/// use serde_json::json;
///
/// let replies = Canned::new()
///     .when(says("user", "weather"), "Sunny.")
///     .when(model("parrot").and(|request: &TextRequest<'_>| request.choice_index == 0), Echo);
///
/// let tokenizer = Tokenizer::byte_level();
/// let messages = json!([{"role": "user", "content": "How is the weather?"}]);
/// let request = TextRequest::new("", &[], &tokenizer).with_messages(&messages);
/// let Continuation::Script(tokens) = replies.reply(&request) else { panic!("a fixed text is a script") };
/// assert_eq!(tokenizer.decode(&tokens), "Sunny.");
/// ```
#[derive(Clone)]
#[must_use = "give it to the builder's `text`"]
pub struct Canned {
    rules: Vec<Rule>,
    otherwise: Arc<dyn TextModel>,
}

#[derive(Clone)]
struct Rule {
    matcher: Arc<dyn Matches>,
    reply: Arc<dyn TextModel>,
}

impl Canned {
    /// No rule yet.
    pub fn new() -> Self {
        Self { rules: Vec::new(), otherwise: Arc::new(Filler::endless()) }
    }

    /// Answers what `matcher` matches, and no earlier rule does, with `reply`: a text, or a model.
    pub fn when(mut self, matcher: impl Matches + 'static, reply: impl IntoReply) -> Self {
        self.rules.push(Rule { matcher: Arc::new(matcher), reply: reply.into_reply() });
        self
    }

    /// Answers everything else with `reply`.
    pub fn otherwise(mut self, reply: impl IntoReply) -> Self {
        self.otherwise = reply.into_reply();
        self
    }
}

impl Default for Canned {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Canned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canned").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

impl TextModel for Canned {
    fn reply(&self, request: &TextRequest<'_>) -> Continuation {
        let rule = self.rules.iter().find(|rule| rule.matcher.matches(request));
        rule.map_or(&self.otherwise, |rule| &rule.reply).reply(request)
    }
}

/// What a rule answers with: a text, or a model.
pub trait IntoReply {
    /// The model.
    fn into_reply(self) -> Arc<dyn TextModel>;
}

impl IntoReply for &str {
    fn into_reply(self) -> Arc<dyn TextModel> {
        Arc::new(Fixed(self.to_owned()))
    }
}

impl IntoReply for String {
    fn into_reply(self) -> Arc<dyn TextModel> {
        Arc::new(Fixed(self))
    }
}

impl<M: TextModel + 'static> IntoReply for M {
    fn into_reply(self) -> Arc<dyn TextModel> {
        Arc::new(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{text::Echo, tokenizer::Tokenizer};

    #[track_caller]
    fn check(canned: &Canned, model: Option<&str>, messages: Option<&Value>, expect: &str) {
        let tokenizer = Tokenizer::byte_level();
        let mut request = TextRequest::new("the prompt", &[112], &tokenizer);
        request.model = model;
        request.messages = messages;
        let Continuation::Script(tokens) = canned.reply(&request) else { panic!("a script was expected") };
        assert_eq!(tokenizer.decode(&tokens), expect);
    }

    #[test]
    fn the_first_rule_that_matches_answers() {
        let canned = Canned::new()
            .when(says("user", "ping").and(model("a")), "pong of a")
            .when(says("user", "ping"), "pong")
            .when(prompt_contains("prompt"), Echo)
            .otherwise("nothing");
        let ping = json!([{"role": "user", "content": [{"type": "text", "text": "ping!"}]}]);
        check(&canned, Some("a"), Some(&ping), "pong of a");
        check(&canned, Some("b"), Some(&ping), "pong");
        check(&canned, None, None, "p");
        check(&Canned::new().otherwise("nothing").when(model("a"), "of a"), None, None, "nothing");
    }

    #[test]
    fn the_role_has_to_be_the_one_that_speaks() {
        let canned = Canned::new().when(says("system", "ping"), "system").when(any(), "any");
        check(&canned, None, Some(&json!([{"role": "user", "content": "ping"}])), "any");
        check(&canned, None, Some(&json!([{"role": "system", "content": "a ping"}])), "system");
    }
}
