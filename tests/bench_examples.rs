//! The examples that `rehearsal bench --help` prints run as printed, those with a URL against `rehearsal serve`.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use tempfile::TempDir;

fn rehearsal() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.env_remove("OPENAI_API_KEY");
    command
}

/// A server that is stopped when the test ends, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The fake of the report's model that answers at once, and its base URL.
fn serve() -> (Running, String) {
    let mut server = rehearsal()
        .args(["serve", "RedHatAI/Qwen2.5-VL-72B-Instruct-FP8-dynamic", "--host", "127.0.0.1", "--port", "0"])
        .args(["--profile", "instant"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(server.stderr.take().expect("stderr is piped")).lines().map_while(Result::ok);
    let line = lines.find(|line| line.starts_with("serving ")).expect("it says where it serves");
    thread::spawn(move || lines.for_each(drop));
    let base_url = line.split_whitespace().find(|word| word.starts_with("http://")).expect("a URL").to_owned();
    (Running(server), base_url)
}

/// The command lines under `Examples:`, with their continuations joined.
fn examples() -> Vec<String> {
    let help = rehearsal().args(["bench", "--help"]).output().expect("the binary starts");
    let help = String::from_utf8(help.stdout).expect("text");
    let (_, examples) = help.split_once("Examples:\n").expect("the help ends in examples");
    let joined = examples.replace("\\\n", " ");
    joined.lines().map(str::trim).filter(|line| line.starts_with("rehearsal ")).map(str::to_owned).collect()
}

/// As a shell takes it apart, with the quotes that the examples have.
fn words(line: &str) -> Vec<String> {
    let outside_and_inside = line.split('\'').enumerate();
    outside_and_inside
        .flat_map(
            |(i, part)| {
                if i % 2 == 0 { part.split_whitespace().map(str::to_owned).collect() } else { vec![part.to_owned()] }
            },
        )
        .collect()
}

#[test]
fn the_ten_examples_of_bench_run_as_printed() {
    let examples = examples();
    assert_eq!(examples.len(), 10, "{examples:#?}");
    let (_server, base_url) = serve();
    let folder = TempDir::new().expect("a folder");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    std::os::unix::fs::symlink(fixtures, folder.path().join("fixtures")).expect("a link");

    for example in &examples {
        let words = words(&example.replace("http://127.0.0.1:8000", &base_url));
        let output = rehearsal().args(&words[1..]).current_dir(&folder).output().expect("the binary starts");
        let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{example}\n{text}\n{errors}");
        assert!(!text.trim().is_empty(), "{example} prints nothing");
    }
    for written in ["result.json", "requests.jsonl", "report.json"] {
        assert!(folder.path().join(written).exists(), "{written}");
    }
}
