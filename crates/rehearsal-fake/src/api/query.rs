//! Parameters in a URL, read as `FastAPI` reads those it declares.

use axum::http::Uri;
use serde_json::Value;

use super::{error::ApiError, fields, python::str_repr};
use crate::version::{Coercion, Features, PydanticErrors};

/// The parameters of one request.
#[derive(Debug)]
pub(super) struct Query<'a> {
    features: &'a Features,
    pairs: Vec<(String, String)>,
}

impl<'a> Query<'a> {
    pub(super) fn new(features: &'a Features, uri: &Uri) -> Self {
        let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Self { features, pairs: pairs.collect() }
    }

    /// The last value of that name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A boolean.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match fields::bool(&Value::from(text), Coercion::Lax) {
            Ok(value) => Ok(Some(value)),
            Err((kind, message)) => Err(self.refused(name, text, kind, message, "")),
        }
    }

    /// One of several words, of which the first is the default.
    pub(super) fn choice<'b>(&self, name: &str, words: &[&'b str]) -> Result<&'b str, ApiError> {
        let Some(text) = self.text(name) else { return Ok(words.first().copied().unwrap_or_default()) };
        if let Some(word) = words.iter().find(|word| **word == text) {
            return Ok(word);
        }
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let expected = match quoted.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
            _ => quoted.concat(),
        };
        let context = format!(", 'ctx': {{'expected': \"{expected}\"}}");
        Err(self.refused(name, text, "literal_error", &format!("Input should be {expected}"), &context))
    }

    fn refused(&self, name: &str, text: &str, kind: &str, message: &str, context: &str) -> ApiError {
        let (message, text) = (str_repr(message), str_repr(text));
        let written =
            |loc: &str| format!("{{'type': '{kind}', 'loc': {loc}, 'msg': {message}, 'input': {text}{context}}}");
        ApiError::invalid_body(match self.features.pydantic_errors {
            PydanticErrors::Quoted => {
                let problem = written(&format!("('query', '{name}')"));
                format!("1 validation error:\n  {problem} [{problem}]")
            }
            PydanticErrors::Brief => format!("1 validation error:\n  {}", written(&format!("'query.{name}'"))),
        })
    }
}

/// A name or value without `+` and percent signs; what is not UTF-8 then is replaced.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let code = rest.as_slice_of_two().filter(|_| byte == b'%');
        match (byte, code) {
            (_, Some(code)) => {
                bytes.push(code);
                rest.nth(1);
            }
            (b'+', None) => bytes.push(b' '),
            (byte, None) => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Looks ahead at two hexadecimal digits.
trait TwoDigits {
    fn as_slice_of_two(&self) -> Option<u8>;
}

impl TwoDigits for std::str::Bytes<'_> {
    fn as_slice_of_two(&self) -> Option<u8> {
        let mut ahead = self.clone();
        let mut digit = || char::from(ahead.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        Some(digit()? * 16 + digit()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Wire;

    #[test]
    fn values_are_decoded_and_the_last_one_counts() {
        let wire = Wire::of("0.13.0".parse().unwrap()).unwrap();
        let uri: Uri = "/x?a=1&a=two%20words+and%C3%A9&clear=No&odd=%zz".parse().unwrap();
        let query = Query::new(&wire.features, &uri);
        assert_eq!(query.text("a"), Some("two words andé"));
        assert_eq!(query.text("odd"), Some("%zz"));
        assert_eq!(query.flag("clear").unwrap(), Some(false));
        assert_eq!(query.flag("absent").unwrap(), None);
        assert!(query.flag("a").is_err());
    }
}
