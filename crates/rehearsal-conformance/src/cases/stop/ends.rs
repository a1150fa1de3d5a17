//! Finds the tokens that end an answer, and forces tokens.

use serde_json::{Value, json};

use crate::{
    call::{Call, Endpoint, overlaid},
    check::Feature,
    session::{Session, Stop},
};

/// Texts that models use to end a turn or a text. A model has some of them as single tokens, or none.
const CANDIDATES: [&str; 10] = [
    "<|im_end|>",
    "<|endoftext|>",
    "</s>",
    "<|eot_id|>",
    "<|end_of_text|>",
    "<eos>",
    "<end_of_turn>",
    "<|end|>",
    "<|return|>",
    "<｜end▁of▁sentence｜>",
];

/// A small id that every vocabulary has, whose text is visible.
pub(super) const LETTER: u64 = 67;

/// Which of a model's tokens end an answer by themselves.
pub(super) enum End {
    /// The end-of-sequence token: `stop_reason` is null.
    First,
    /// One that the generation config adds: `stop_reason` is its id.
    Second,
}

/// The id of a token that ends an answer in this way.
pub(super) async fn find(s: &mut Session<'_>, wanted: &End) -> Result<u64, Stop> {
    let mut ids = Vec::new();
    if let (Some(declared), End::First) = (s.declared_eos(), wanted) {
        ids.push(u64::from(declared));
    }
    if s.facts().lacks(Feature::Tokenize).is_none() {
        for text in CANDIDATES {
            let body = json!({"model": s.facts().model, "prompt": text, "add_special_tokens": false});
            let answer = s.ask(Call::post("/tokenize", body)).await?;
            let tokens = answer.json().ok().and_then(|body| body.get("tokens")?.as_array().cloned());
            if let Some([single]) = tokens.as_deref() {
                ids.extend(single.as_u64());
            }
        }
    }
    for id in ids {
        let body = s.whole(Endpoint::Completions, forced(id, &json!({"max_tokens": 2}))).await?;
        let finish = body.pointer("/choices/0/finish_reason").and_then(Value::as_str);
        let reason = body.pointer("/choices/0/stop_reason");
        match (wanted, finish, reason) {
            (End::First, Some("stop"), None | Some(Value::Null))
            | (End::Second, Some("stop"), Some(Value::Number(_))) => {
                return Ok(id);
            }
            _ => {}
        }
    }
    let reason = match wanted {
        End::First => "no token that ends an answer was found; name the target's end-of-sequence token",
        End::Second => "the model has no second end-of-sequence token among the known ones",
    };
    Err(Stop::Skipped(reason.into()))
}

/// A request in which every sampled token is `id`, as long as nothing forbids it.
pub(super) fn forced(id: u64, over: &Value) -> Value {
    overlaid(json!({"logit_bias": {id.to_string(): 100}}), over)
}

/// How the first choice ended: `finish_reason`, and `stop_reason` with an absent key as null.
pub(super) fn ending(body: &Value) -> (Option<&Value>, Value) {
    let stop_reason = body.pointer("/choices/0/stop_reason").cloned().unwrap_or(Value::Null);
    (body.pointer("/choices/0/finish_reason"), stop_reason)
}

/// The text of [`LETTER`], found by forcing it once and twice.
pub(super) async fn letter(s: &mut Session<'_>) -> Result<String, Stop> {
    let mut texts = Vec::new();
    for max_tokens in [1, 2] {
        let over = json!({"max_tokens": max_tokens, "ignore_eos": true});
        let body = s.whole(Endpoint::Completions, forced(LETTER, &over)).await?;
        texts.push(body.pointer("/choices/0/text").and_then(Value::as_str).unwrap_or_default().to_owned());
    }
    match texts.as_slice() {
        [once, twice] if !once.is_empty() && *twice == once.repeat(2) => Ok(once.clone()),
        _ => Err(Stop::Inconclusive(format!("token {LETTER} forced once and twice gives {texts:?}"))),
    }
}
