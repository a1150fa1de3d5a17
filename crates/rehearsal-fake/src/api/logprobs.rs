//! Log probabilities in vLLM's shapes. Their values are invented (a fake has no logits) but fixed: they follow from the token and its place.

use serde_json::{Map, Value, json};

use super::object::shaped;
use crate::{
    tokenizer::Tokenizer,
    version::{PartialCharacters, ShapeName, Wire},
};

/// How tokens are named in log probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TokenNames {
    /// By their text.
    #[default]
    Text,
    /// By their text, of which special tokens have none: as the Rust frontend decodes them.
    Spoken,
    /// As `token_id:123`: `return_tokens_as_token_ids`.
    Ids,
}

/// What a request wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Alternatives of each token, the token itself included.
    pub(super) top: u32,
    pub(super) names: TokenNames,
}

/// Invented probabilities of one vocabulary.
#[derive(Clone, Copy, Debug)]
pub(super) struct Logprobs<'a> {
    pub(super) tokenizer: &'a Tokenizer,
    pub(super) wanted: Wanted,
}

impl Logprobs<'_> {
    /// `logprobs.content[…]` of a chat, for the last of these tokens of a choice; `None` without one.
    pub(super) fn chat_entry(&self, wire: &Wire, tokens: &[u32]) -> Option<Value> {
        let (&token, before) = tokens.split_last()?;
        let place = before.len();
        let named = Named { logprobs: self, partial: wire.features.partial_characters, before };
        let candidates = self.candidates(token, place, self.wanted.top);
        let top: Vec<Value> = candidates
            .iter()
            .map(|(id, logprob)| {
                let name = named.name(*id);
                json!({"token": name, "logprob": logprob, "bytes": name.as_bytes()})
            })
            .collect();
        // the token's own bytes are its text even when its name is its id
        Some(json!({
            "token": named.name(token), "logprob": chosen(token, place), "bytes": named.text(token).as_bytes(), "top_logprobs": top
        }))
    }

    /// `logprobs` of a completion, for an echoed prompt and those of its generated tokens that follow the first `sent`. `offset` is where
    /// the text begins, and afterwards where it ends.
    pub(super) fn completion(
        &self,
        wire: &Wire,
        (prompt, generated): (&[u32], &[u32]),
        sent: usize,
        offset: &mut usize,
    ) -> Value {
        let partial = wire.features.partial_characters;
        let echoed = (0..prompt.len()).map(|index| (prompt, index));
        let tokens = echoed.chain((sent..generated.len()).map(|index| (generated, index)));
        let (mut offsets, mut logprobs, mut names, mut tops) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (nth, (sequence, index)) in tokens.enumerate() {
            let (Some(token), before) = (sequence.get(index), sequence.get(..index).unwrap_or_default()) else { break };
            let speaker = Named { logprobs: self, partial, before };
            let name = speaker.name(*token);
            offsets.push(Value::from(*offset));
            *offset += name.chars().count();
            let place = sent + nth;
            if nth == 0 && !prompt.is_empty() {
                // nothing comes before the first token of a prompt
                logprobs.push(Value::Null);
                tops.push(Value::Null);
            } else {
                logprobs.push(chosen(*token, place).into());
                let candidates = self.candidates(*token, place, self.wanted.top.max(1));
                let top: Map<String, Value> =
                    candidates.iter().map(|(id, value)| (speaker.name(*id), (*value).into())).collect();
                tops.push(top.into());
            }
            names.push(name.into());
        }
        let values = [
            ("text_offset", offsets.into()),
            ("token_logprobs", logprobs.into()),
            ("tokens", Value::Array(names)),
            ("top_logprobs", tops.into()),
        ];
        shaped(wire, ShapeName::CompletionLogprobs, values)
    }

    /// `prompt_logprobs`: null for the first token, then each with its rank among its alternatives.
    pub(super) fn prompt(&self, tokens: &[u32]) -> Value {
        let entry = |(place, token): (usize, &u32)| {
            let mut entry = Map::new();
            let others = self.candidates(*token, place, self.wanted.top + 1).split_off(1);
            let logprob = others.last().map_or_else(|| chosen(*token, place), |(_, last)| last - 0.5);
            entry.insert(token.to_string(), self.ranked(*token, logprob, others.len() + 1));
            for (rank, (id, logprob)) in others.into_iter().enumerate() {
                entry.insert(id.to_string(), self.ranked(id, logprob, rank + 1));
            }
            Value::Object(entry)
        };
        let rest = tokens.iter().enumerate().skip(1).map(entry);
        std::iter::once(Value::Null).chain(rest).take(tokens.len()).collect()
    }

    fn ranked(&self, token: u32, logprob: f64, rank: usize) -> Value {
        json!({"logprob": logprob, "rank": rank, "decoded_token": self.text(token)})
    }

    /// The token and its alternatives, `count` in all, the most probable first.
    pub(super) fn candidates(&self, token: u32, place: usize, count: u32) -> Vec<(u32, f64)> {
        let size = self.tokenizer.vocab_size().max(1);
        (0..count.min(size))
            .map(|nth| match nth {
                0 => (token, chosen(token, place)),
                nth => ((token + nth) % size, -3.0 - f64::from(nth) - unit(token, place)),
            })
            .collect()
    }

    fn text(&self, token: u32) -> String {
        if self.wanted.names == TokenNames::Spoken && self.tokenizer.is_special(token) {
            return String::new();
        }
        String::from_utf8_lossy(self.tokenizer.token_bytes(token)).into_owned()
    }
}

/// How tokens that may follow `before` are named.
#[derive(Clone, Copy)]
struct Named<'a> {
    logprobs: &'a Logprobs<'a>,
    partial: PartialCharacters,
    before: &'a [u32],
}

impl Named<'_> {
    fn name(&self, token: u32) -> String {
        match self.logprobs.wanted.names {
            TokenNames::Text | TokenNames::Spoken => self.text(token),
            TokenNames::Ids => format!("token_id:{token}"),
        }
    }

    /// The token's text; where parts of characters are joined, that of the character which it completes.
    fn text(&self, token: u32) -> String {
        let alone = self.logprobs.text(token);
        if self.partial == PartialCharacters::Replaced || !alone.ends_with(char::REPLACEMENT_CHARACTER) {
            return alone;
        }
        let text = |tokens: &[u32]| {
            let bytes: Vec<u8> =
                tokens.iter().flat_map(|id| self.logprobs.tokenizer.token_bytes(*id)).copied().collect();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let is_part = |id: &u32| self.logprobs.text(*id).ends_with(char::REPLACEMENT_CHARACTER);
        // a character of UTF-8 has four bytes at most, so no more tokens either
        for count in 1..=self.before.len().min(4) {
            let context = self.before.get(self.before.len() - count..).unwrap_or_default();
            let whole = text(&[context, &[token]].concat());
            if whole.ends_with(char::REPLACEMENT_CHARACTER) {
                continue;
            }
            let parts = context.iter().rev().take_while(|id| is_part(id)).count();
            let clean = text(context.get(..count - parts).unwrap_or_default());
            return whole.strip_prefix(&clean).map_or(whole.clone(), str::to_owned);
        }
        String::new()
    }
}

/// The log probability of a generated token: between −0.1 and 0, as of a model that is sure.
fn chosen(token: u32, place: usize) -> f64 {
    -0.001 - 0.099 * unit(token, place)
}

/// A number in [0, 1) that follows from the token and its place, with 24 bits.
fn unit(token: u32, place: usize) -> f64 {
    let bits = xxhash_rust::xxh3::xxh3_64_with_seed(&token.to_le_bytes(), place as u64) >> 40;
    f64::from(u32::try_from(bits).unwrap_or(0)) / f64::from(1_u32 << 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logprobs(tokenizer: &Tokenizer, top: u32, names: TokenNames) -> Logprobs<'_> {
        Logprobs { tokenizer, wanted: Wanted { top, names } }
    }

    #[test]
    fn a_part_of_a_character_is_written_as_the_replacement_character() {
        let wire = Wire::of("0.13.0".parse().unwrap()).unwrap();
        let entry = logprobs(&Tokenizer::byte_level(), 1, TokenNames::Text).chat_entry(&wire, &[0xc3]).unwrap();
        assert_eq!(entry["bytes"], json!([239, 191, 189]));
        assert_eq!(entry["top_logprobs"][0]["token"], "\u{fffd}");
        assert_eq!(entry["top_logprobs"][0]["logprob"], entry["logprob"]);
    }

    #[test]
    fn no_alternatives_is_an_empty_list_in_a_chat_and_the_token_alone_in_a_completion() {
        let tokenizer = Tokenizer::byte_level();
        let wire = Wire::of("0.13.0".parse().unwrap()).unwrap();
        let logprobs = logprobs(&tokenizer, 0, TokenNames::Text);
        assert_eq!(logprobs.chat_entry(&wire, &[97]).unwrap()["top_logprobs"], json!([]));
        let completion = logprobs.completion(&wire, (&[], &[97, 98]), 0, &mut 5);
        assert_eq!(completion["text_offset"], json!([5, 6]));
        assert_eq!(completion["top_logprobs"][0]["a"], completion["token_logprobs"][0]);
    }

    /// The names and offsets are recorded from 0.32.0.
    #[test]
    fn newer_versions_name_a_character_with_its_last_part() {
        let tokenizer = Tokenizer::byte_level();
        let wire = Wire::of("0.32.0".parse().unwrap()).unwrap();
        let logprobs = logprobs(&tokenizer, 0, TokenNames::Text);
        let tokens: Vec<u32> = "fé€🚀!".bytes().map(u32::from).collect();
        let completion = logprobs.completion(&wire, (&[], &tokens), 0, &mut 0);
        assert_eq!(completion["tokens"], json!(["f", "", "é", "", "", "€", "", "", "", "🚀", "!"]));
        assert_eq!(completion["text_offset"], json!([0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4]));
        // a stream that has told the first two goes on the same
        let rest = logprobs.completion(&wire, (&[], &tokens), 2, &mut 1);
        assert_eq!(rest["tokens"][0], "é");
    }

    #[test]
    fn the_first_token_of_a_prompt_has_none() {
        let tokenizer = Tokenizer::byte_level();
        let prompt = logprobs(&tokenizer, 1, TokenNames::Ids).prompt(&[97, 98]);
        assert_eq!(prompt[0], Value::Null);
        assert_eq!(prompt[1]["98"]["rank"], 2);
        assert_eq!(prompt[1].as_object().unwrap().len(), 2);
    }
}
