//! Usage in streams, request by release.

use serde_json::{Value, json};

use super::ask::{Flags, chunks, post, server};

const RELEASES: [&str; 5] = ["0.13.0", "0.19.1", "0.25.1", "0.32.0", "0.32.0-rust"];

/// Rows: `stream_options`. Columns: the releases. A cell tells which chunks with a choice carry usage (0: none), and whether a last chunk
/// without choices does (F).
const MATRIX: &str = r#"
-                                                             | 0 .   | 0 .   | 0 .   | 0 .   | 0 .
null                                                          | 0 .   | 0 .   | 0 .   | 0 .   | 0 .
{}                                                            | 0 F   | 0 .   | 0 .   | 0 .   | 0 .
{"include_usage": false}                                      | 0 .   | 0 .   | 0 .   | 0 .   | 0 .
{"include_usage": true}                                       | 0 F   | 0 F   | 0 F   | 0 F   | 0 F
{"include_usage": true, "continuous_usage_stats": true}       | all F | all F | all F | all F | all F
{"continuous_usage_stats": true}                              | all F | 0 .   | 0 .   | 0 .   | 0 .
{"include_usage": false, "continuous_usage_stats": true}      | 0 .   | 0 .   | 0 .   | 0 .   | 0 .
"#;

/// The same under `--enable-force-include-usage`, which the Rust frontend does not start with.
const FORCED: &str = r#"
-                                                             | 0 F   | all F | all F | all F
null                                                          | 0 F   | all F | all F | all F
{}                                                            | 0 F   | all F | all F | all F
{"include_usage": false}                                      | 0 F   | all F | all F | all F
{"include_usage": true}                                       | 0 F   | all F | all F | all F
{"include_usage": true, "continuous_usage_stats": true}       | all F | all F | all F | all F
{"continuous_usage_stats": true}                              | all F | all F | all F | all F
{"include_usage": false, "continuous_usage_stats": true}      | all F | all F | all F | all F
"#;

#[tokio::test]
async fn each_cell_is_as_it_was_seen() {
    hold(MATRIX, Flags::Plain).await;
}

#[tokio::test]
async fn forced_usage_is_as_it_was_seen() {
    hold(FORCED, Flags::Force).await;
}

async fn hold(matrix: &str, flags: Flags) {
    let mut wrong = Vec::new();
    for row in matrix.lines().filter(|row| !row.is_empty()) {
        let (options, cells) = row.split_once('|').expect("a row has cells");
        for (release, expected) in RELEASES.iter().zip(cells.split('|')) {
            for path in ["/v1/chat/completions", "/v1/completions"] {
                let cell = cell(release, flags, path, options.trim()).await;
                if cell != expected.trim() {
                    wrong.push(format!(
                        "{release} {path} {}: expected {}, got {cell}",
                        options.trim(),
                        expected.trim()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn cell(release: &str, flags: Flags, path: &str, options: &str) -> String {
    let mut body = json!({"model": "tiny", "max_tokens": 4, "ignore_eos": true, "stream": true});
    if path.contains("chat") {
        body["messages"] = json!([{"role": "user", "content": "a"}]);
    } else {
        body["prompt"] = json!("a");
    }
    if options != "-" {
        body["stream_options"] = serde_json::from_str(options).expect("a row starts with JSON");
    }
    let (status, stream) = post(&server(release, flags), path, &body).await;
    assert_eq!(status, 200, "{stream}");
    let chunks = chunks(&stream);
    let (last, said): (Vec<&Value>, Vec<&Value>) = chunks.iter().partition(|chunk| chunk["choices"] == json!([]));
    let with_usage = said.iter().filter(|chunk| chunk["usage"].is_object()).count();
    let carried = match with_usage {
        0 => "0",
        // a finish of its own carries none in the Rust frontend when the usage chunk follows
        count if count == said.len() => "all",
        _ => "some",
    };
    // completions of 0.19 and before write the missing usage as null, later ones leave it out
    let null = said.iter().filter(|chunk| chunk.get("usage").is_some_and(Value::is_null)).count();
    let writes_null = !path.contains("chat") && matches!(release, "0.13.0" | "0.19.1") && with_usage == 0;
    assert_eq!(null, if writes_null { said.len() } else { 0 }, "{release} {path} {options}: {stream}");
    format!("{carried} {}", if last.len() == 1 && last[0]["usage"].is_object() { "F" } else { "." })
}
