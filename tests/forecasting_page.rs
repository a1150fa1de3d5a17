//! `docs/forecasting.md` shows real output: every command on it is run, and what it prints compared.

use std::{fs, path::Path, process::Command};

/// A command line with single-quoted words.
fn words(line: &str) -> Vec<String> {
    line.split('\'')
        .enumerate()
        .flat_map(|(index, part)| match index % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

fn without_trailing_blanks(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

#[test]
fn the_page_shows_what_its_commands_print() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/forecasting.md")).unwrap();
    let mut commands = 0;
    for block in page.split("```console\n$ rehearsal ").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        let (command, shown) = block.split_once('\n').unwrap();
        let output =
            Command::new(env!("CARGO_BIN_EXE_rehearsal")).args(words(command)).current_dir(root).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        let printed = without_trailing_blanks(&String::from_utf8_lossy(&output.stdout));
        assert_eq!(printed, without_trailing_blanks(shown), "{command}");
        commands += 1;
    }
    assert_eq!(commands, 4);
}

#[test]
fn the_pages_charts_are_the_tools_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/forecasting.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let command = "forecast --sweep --svg docs/forecasting";
    assert!(page.contains(&format!("`rehearsal {command}`")), "the page says how its charts are made");
    let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["forecast", "--sweep", "--svg"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for name in ["throughput.svg", "cost.svg"] {
        assert!(page.contains(&format!("(forecasting/{name})")), "{name} is on the page");
        let [drawn, kept] = [folder.path().to_path_buf(), root.join("docs/forecasting")]
            .map(|folder| fs::read_to_string(folder.join(name)).unwrap());
        assert!(drawn == kept, "{name} has changed; run `rehearsal {command}`");
    }
}
