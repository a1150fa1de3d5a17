//! Images of given sizes cost what the model's published rule says.

use assert_cmd::Command;
use predicates::{prelude::PredicateBooleanExt as _, str::contains};
use serde_json::Value;

fn bench() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.env_remove("OPENAI_API_KEY").args(["bench", "--fake", "report-tp1", "-n", "2", "--max-tokens", "2"]);
    command
}

fn prompt_tokens(images: &[&str]) -> u64 {
    let output = bench().args(["--prompt", "What is it?", "--format", "json"]).args(images).assert().success();
    let report: Value = serde_json::from_slice(&output.get_output().stdout).expect("JSON");
    assert_eq!(report["counts"]["ok"], 2, "{report}");
    report["tokens"]["prompt"].as_u64().expect("a count") / 2
}

/// Qwen2.5-VL takes each side to a multiple of 28 pixels, and a token is a square of 28 pixels, between the two tokens that
/// begin and end an image (its `preprocessor_config.json`): 640 and 480 become 23 and 17 squares, 1280 and 720 become 46 and 26.
#[test]
fn as_tokens_of_qwen2_5_vl() {
    let without = prompt_tokens(&[]);
    assert_eq!(prompt_tokens(&["--image", "640x480,1280x720"]) - without, 23 * 17 + 2 + 46 * 26 + 2);
}

#[test]
fn what_cannot_have_images_is_refused() {
    bench().args(["--image", "640"]).assert().code(2).stderr(contains("`640`").and(contains("640x480")));
    bench()
        .args(["--image", "64x64", "--endpoint", "completions"])
        .assert()
        .code(2)
        .stderr(contains("/v1/completions"));
}
