//! `--config FILE`: flags in a YAML file, before those of the command line.

use std::{fs, path::Path};

use serde_json::Value;

/// Replaces `--config FILE` by the flags in it. They come first, so that the command line has the last word
/// (`_pull_args_from_config`, `utils/argparse_utils.py` of 0.13.0).
pub(super) fn expand(line: Vec<String>) -> Result<Vec<String>, String> {
    let Some(at) = line.iter().position(|word| word == "--config" || word.starts_with("--config=")) else {
        return Ok(line);
    };
    let (file, used) = match line[at].strip_prefix("--config=") {
        Some(file) => (file.to_owned(), 1),
        None => (line.get(at + 1).cloned().ok_or("`--config` needs a YAML file")?, 2),
    };
    if line[at + used..].iter().any(|word| word == "--config" || word.starts_with("--config=")) {
        return Err("`--config` is given twice; put all flags into one file".to_owned());
    }
    let has_model = line.first().is_some_and(|word| !word.starts_with('-'));
    let mut flags = flags(&file)?;
    let mut expanded = Vec::new();
    if has_model {
        // a model on the command line wins over one in the file
        expanded.push(line[0].clone());
        if let Some(model) = flags.iter().position(|word| word == "--model") {
            flags.drain(model..(model + 2).min(flags.len()));
        }
    }
    expanded.extend(flags);
    expanded.extend(line[usize::from(has_model)..at].iter().cloned());
    expanded.extend(line[at + used..].iter().cloned());
    Ok(expanded)
}

/// The file's keys as flags: `true` is a switch, `false` none, a list several values, an object JSON.
fn flags(file: &str) -> Result<Vec<String>, String> {
    let is_yaml = Path::new(file).extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if !is_yaml {
        return Err(format!("`--config {file}`: the file must be called .yaml or .yml"));
    }
    let text = fs::read_to_string(file).map_err(|error| format!("`--config {file}`: {error}"))?;
    let document: Value = serde_saphyr::from_str(&text).map_err(|error| format!("`--config {file}`: {error}"))?;
    let Value::Object(settings) = document else {
        return Err(format!("`--config {file}`: write one `flag: value` a line"));
    };
    let mut flags = Vec::new();
    for (name, value) in settings {
        match value {
            Value::Bool(false) | Value::Null => {}
            Value::Bool(true) => flags.push(format!("--{name}")),
            Value::Array(values) => {
                flags.push(format!("--{name}"));
                flags.extend(values.iter().map(word));
            }
            other => flags.extend([format!("--{name}"), word(&other)]),
        }
    }
    Ok(flags)
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn line(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_files_flags_come_before_the_command_lines() {
        let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        let text = "model: from-file\nport: 12312\nenforce-eager: true\nheadless: false\nserved-model-name: [a, b]\n\
                    gpu_memory_utilization: 0.5\nlimit-mm-per-prompt: {image: 2}\n";
        file.write_all(text.as_bytes()).unwrap();
        let path = file.path().to_str().unwrap();
        let expect = "mine --port 12312 --enforce-eager --served-model-name a b --gpu_memory_utilization 0.5 \
                      --limit-mm-per-prompt {\"image\":2} --seed 1 --port 9";
        assert_eq!(expand(line(&["mine", "--seed", "1", "--config", path, "--port", "9"])).unwrap().join(" "), expect);
        let from_file = expand(line(&["--config", path])).unwrap().join(" ");
        assert!(from_file.starts_with("--model from-file --port 12312"), "{from_file}");
    }

    #[test]
    fn an_unusable_file_is_named() {
        for (words, message) in [
            (vec!["--config"], "needs a YAML file"),
            (vec!["--config", "flags.json"], ".yaml or .yml"),
            (vec!["--config=none.yaml"], "none.yaml"),
            (vec!["--config", "a.yaml", "--config", "b.yaml"], "twice"),
        ] {
            let error = expand(line(&words)).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
