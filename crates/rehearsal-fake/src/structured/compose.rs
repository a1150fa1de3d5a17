//! A text for a constraint where the model has no say: short, and the same for the same request.

use crate::tokenizer::Tokenizer;

/// Tokens that bring JSON to its end, the most final first.
const CLOSING: [&str; 5] = ["}", "]", ":", ",", "\""];

/// The token that leads on, of those that may come: the end of the sequence, what closes JSON, a word at the beginning of a string, or a
/// drawn one.
pub(super) fn compose(
    candidates: impl Iterator<Item = u32>,
    generated: &[u32],
    tokenizer: &Tokenizer,
    eos: Option<u32>,
    draw: u64,
) -> Option<u32> {
    let place = Place::after(&tokenizer.decode(generated));
    let mut best: Option<(Rank, u64, u32)> = None;
    for token in candidates {
        let rank = if Some(token) == eos { Rank::End } else { Rank::of(tokenizer.token_bytes(token), place) };
        // a draw a token keeps the choice the same whatever else is admitted
        let order = xxhash_rust::xxh3::xxh3_64_with_seed(&token.to_le_bytes(), draw);
        if best.is_none_or(|best| (rank, order, token) < best) {
            best = Some((rank, order, token));
        }
    }
    best.map(|(_, _, token)| token)
}

/// Where a text stands if it is JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Outside of strings.
    Outside,
    /// Behind the quote that opens a string.
    Opening,
    /// Further inside.
    Inside,
}

impl Place {
    fn after(text: &str) -> Self {
        let (mut opened, mut escaped) = (None, false);
        for (at, character) in text.char_indices() {
            match character {
                _ if escaped => escaped = false,
                '\\' if opened.is_some() => escaped = true,
                '"' => opened = if opened.is_some() { None } else { Some(at) },
                _ => {}
            }
        }
        match opened {
            None => Self::Outside,
            Some(at) if at + 1 == text.len() => Self::Opening,
            Some(_) => Self::Inside,
        }
    }
}

/// How much a token is wanted; the first most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    End,
    Word,
    Closing(usize),
    Letters,
    Printable,
    Other,
    Blank,
}

impl Rank {
    fn of(bytes: &[u8], place: Place) -> Self {
        let all = |is: fn(&u8) -> bool| !bytes.is_empty() && bytes.iter().all(is);
        let closing = CLOSING.iter().position(|closing| closing.as_bytes() == bytes);
        match (place, closing) {
            (Place::Opening, None) if all(u8::is_ascii_lowercase) && 2 < bytes.len() => Self::Word,
            (Place::Outside, Some(rank)) => Self::Closing(rank),
            (_, Some(_)) if bytes == b"\"" => Self::Closing(0),
            (Place::Opening | Place::Inside, _) if all(u8::is_ascii_alphabetic) => Self::Letters,
            _ if bytes.is_empty() || all(u8::is_ascii_whitespace) => Self::Blank,
            _ if all(|byte| byte.is_ascii_graphic() && *byte != b'\\') => Self::Printable,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::structured::{Constraint, Grammars};

    /// What is composed for a constraint with a vocabulary of bytes.
    fn composed(constraint: &Constraint, seed: u64) -> String {
        let tokenizer = Tokenizer::byte_level();
        let mut grammar = Grammars::new(&tokenizer).unwrap().compile(constraint).unwrap();
        let eos = tokenizer.eos_token_ids().first().copied();
        let mut tokens = Vec::new();
        while tokens.len() < 400 {
            let mask = grammar.mask().unwrap();
            let candidates = (0..tokenizer.vocab_size()).filter(|token| mask.is_allowed(*token));
            let token = compose(candidates, &tokens, &tokenizer, eos, seed + tokens.len() as u64).unwrap();
            if Some(token) == eos {
                return tokenizer.decode(&tokens);
            }
            grammar.take(token);
            tokens.push(token);
        }
        panic!("no end: {}", tokenizer.decode(&tokens))
    }

    /// The oracle is `jsonschema`.
    #[test]
    fn what_is_composed_is_valid_for_its_schema() {
        let schemas = [
            json!({"type": "object", "properties": {"city": {"type": "string"}, "n": {"type": "integer"}}, "required": ["city", "n"]}),
            json!({"type": "array", "items": {"enum": ["a", "b", 3, null]}, "minItems": 2}),
            json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/d"}}, "required": ["a"], "$defs": {"d": {"type": "number", "minimum": 5}}}),
            json!({"anyOf": [{"type": "boolean"}, {"type": "string", "minLength": 5, "maxLength": 8}]}),
            json!({"type": "string", "pattern": "^[a-f]{3}-[0-9]+$"}),
            json!({"type": "object", "properties": {"when": {"type": "string", "format": "date"}}, "required": ["when"]}),
        ];
        for schema in schemas {
            let validator = jsonschema::validator_for(&schema).unwrap();
            for seed in 0..5 {
                let text = composed(&Constraint::Json(schema.clone()), seed);
                let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
                assert!(validator.is_valid(&value), "{schema}: {text}");
            }
        }
    }

    #[test]
    fn other_constraints_are_kept_too() {
        assert_eq!(composed(&Constraint::Regex("[0-9]{3}".to_owned()), 1).len(), 3);
        assert!(
            ["fo.x", "dog"].contains(&composed(&Constraint::Choice(vec!["fo.x".into(), "dog".into()]), 1).as_str())
        );
        assert_eq!(composed(&Constraint::JsonObject, 1), "{}");
        let grammar = "root ::= \"<\" digit+ \">\"\ndigit ::= [0-9]";
        let text = composed(&Constraint::Grammar(grammar.to_owned()), 1);
        assert!(text.starts_with('<') && text.ends_with('>'), "{text}");
    }
}
