//! The report's prompt length, counted with the model's own tokenizer and template.
#![cfg(feature = "server")]

use std::{fs::File, io::Read, path::Path};

use flate2::read::GzDecoder;
use rehearsal_fake::{
    chat_template::{ChatTemplate, RenderOptions},
    tokenizer::{IncrementalDetokenizer, Tokenizer},
};
use serde_json::json;

fn fixture(path: &str) -> File {
    File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(path)).expect("the fixture is there")
}

fn qwen() -> Tokenizer {
    let mut json = Vec::new();
    GzDecoder::new(fixture("tokenizers/qwen2.5/tokenizer.json.gz")).read_to_end(&mut json).expect("a gzip file");
    Tokenizer::from_json(&json).expect("a tokenizer")
}

#[test]
fn the_reports_prompt_counts_89_tokens_as_published() {
    let mut prompt = String::new();
    fixture("report/prompt.txt").read_to_string(&mut prompt).expect("UTF-8");
    let messages = json!([{"role": "user", "content": prompt.trim_end()}]);
    let rendered = ChatTemplate::qwen2_5_vl().render(&messages, &RenderOptions::default()).expect("a prompt");
    assert_eq!(qwen().encode(&rendered).len(), 89);
}

/// The ids are those that `vocab.json` and `tokenizer_config.json` of Qwen2.5 give.
#[test]
fn qwens_vocabulary_is_read_as_the_model_has_it() {
    let tokenizer = qwen();
    assert_eq!(tokenizer.vocab_size(), 151_665);
    assert_eq!(tokenizer.eos_token_ids(), [151_645, 151_643]);
    assert_eq!(tokenizer.encode("<|im_start|>"), [151_644]);
    assert_eq!(tokenizer.token_bytes(tokenizer.encode("\n")[0]), b"\n");
}

#[test]
fn text_survives_the_way_to_tokens_and_back() {
    let tokenizer = qwen();
    for text in ["plain words, and 123 numbers", "日本語のテキスト", "🚀👩‍🚀 naïve — “quotes”", " leading\n\n\ttabs  "]
    {
        let tokens = tokenizer.encode(text);
        let mut incremental = IncrementalDetokenizer::new(&tokenizer);
        let pushed: String = tokens.iter().map(|token| incremental.push(*token)).collect();
        assert_eq!(pushed, text);
        assert_eq!(tokenizer.decode(&tokens), text);
    }
}
