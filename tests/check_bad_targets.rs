//! `rehearsal check` against servers that no suite can be run on, or not to its end: each ends with its exit code, within the
//! limits that the command line sets, and with what was found so far.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command as Process, Stdio},
    thread,
};

use assert_cmd::Command;
use predicates::{prelude::PredicateBooleanExt, str::contains};
use serde_json::Value;

/// What a made-up server does with one connection, which carries one request.
#[derive(Clone, Copy)]
enum Act {
    /// Status line, content type, body.
    Answer(&'static str, &'static str, &'static str),
    /// Bytes that are no HTTP.
    Banner,
    /// Reads the request and keeps the connection open.
    Hang,
    /// One event after the other, until nobody reads any more.
    Endless,
}

/// A server on a free port that does with the request at `path` what `act` says, given how many came before. After `lives`
/// requests its port is closed.
fn serve(lives: usize, act: fn(path: &str, turn: usize) -> Act) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for turn in 0..lives - 1 {
            let (stream, _) = listener.accept().expect("a client");
            thread::spawn(move || answer(stream, turn, act));
        }
        let (stream, _) = listener.accept().expect("a client");
        // closed before the last answer, so that the next request finds it closed
        drop(listener);
        answer(stream, lives - 1, act);
    });
    url
}

fn answer(mut stream: TcpStream, turn: usize, act: fn(&str, usize) -> Act) {
    let Some(path) = read_request(&stream) else { return };
    // a client that has left is no concern of the server
    let _ = match act(&path, turn) {
        Act::Answer(status, kind, body) => write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ),
        Act::Banner => write!(stream, "SSH-2.0-OpenSSH_9.6\r\n"),
        // until the client closes its side
        Act::Hang => stream.read_to_end(&mut Vec::new()).map(|_| ()),
        Act::Endless => endless(&mut stream),
    };
}

fn endless(stream: &mut TcpStream) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")?;
    loop {
        write!(stream, "data: {{\"choices\":[]}}\n\n")?;
    }
}

/// Reads a whole request and tells its path.
fn read_request(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim().to_ascii_lowercase().split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    first.split(' ').nth(1).map(str::to_owned)
}

const MODELS: &str = r#"{"data":[{"id":"m","owned_by":"vllm","max_model_len":64}]}"#;
const ANSWER: &str = r#"{"choices":[{"index":0,"text":"a","message":{"content":"a"},"finish_reason":"length"}],
    "usage":{"prompt_tokens":1,"total_tokens":2,"completion_tokens":1}}"#;

/// Answers the six questions that come before the first case, and cases that ask no more than one token.
fn healthy(path: &str) -> Act {
    match path {
        "/v1/models" => Act::Answer("200 OK", "application/json", MODELS),
        "/version" => Act::Answer("200 OK", "application/json", r#"{"version":"0.13.0"}"#),
        "/v1/chat/completions" | "/v1/completions" => Act::Answer("200 OK", "application/json", ANSWER),
        _ => Act::Answer("404 Not Found", "application/json", r#"{"detail":"Not Found"}"#),
    }
}

fn check(url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.args(["check", "--base-url", url]).env_remove("OPENAI_API_KEY").env_remove("SSL_CERT_FILE");
    command
}

/// Runs the cases whose id begins with `filter` and reads the report that is left.
fn found(url: &str, filter: &str, code: i32, says: &str) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    let mut command = check(url);
    command.args(["--filter", filter, "--timeout", "0.3", "--output", path.to_str().expect("a path of text")]);
    command.assert().code(code).stderr(contains(says));
    serde_json::from_str(&fs::read_to_string(path).expect("a report")).expect("a report of JSON")
}

fn verdicts(report: &Value) -> Vec<&str> {
    let cases = report["cases"].as_array().into_iter().flatten();
    cases.map(|case| case["verdict"].as_str().expect("each case has a verdict")).collect()
}

#[test]
fn a_server_of_another_kind_is_told_apart() {
    let html = serve(1, |_, _| Act::Answer("200 OK", "text/html", "<html>hello</html>"));
    check(&html).assert().code(3).stderr(contains("is it an OpenAI-compatible server?"));
    let not_http = serve(1, |_, _| Act::Banner);
    check(&not_http).assert().code(3).stderr(contains(&not_http));
}

#[test]
fn a_server_that_wants_a_key_is_told_apart() {
    let locked = serve(1, |_, _| Act::Answer("401 Unauthorized", "application/json", r#"{"error":"Unauthorized"}"#));
    check(&locked).assert().code(3).stderr(contains("/v1/models answered 401; give the server's API key"));
}

#[test]
fn a_server_that_never_answers_is_left_after_the_time_limit() {
    let silent = || serve(1, |_, _| Act::Hang);
    check(&silent()).args(["--timeout", "0.3"]).assert().code(3).stderr(contains("no response within 300ms"));
    let stopped = contains("stopped before the first case, the budget of time is used up");
    check(&silent()).args(["--budget", "0.3"]).assert().code(6).stderr(stopped);
}

#[test]
fn a_server_that_hangs_in_the_middle_is_given_up_after_three_cases() {
    let hangs = serve(100, |path, turn| if turn < 6 { healthy(path) } else { Act::Hang });
    let report = found(&hangs, "U-", 4, "3 cases in a row had no whole answer");
    assert_eq!(verdicts(&report), ["FAIL", "FAIL", "FAIL"]);
    assert_eq!(report["cases"][0]["findings"][0]["seen"], "no response within 300ms");
}

#[test]
fn a_server_that_dies_in_the_middle_leaves_the_verdicts_so_far() {
    let dies = serve(8, |path, _| healthy(path));
    let report = found(&dies, "U-0", 6, "the run ended early, in U-02: cannot connect");
    assert_eq!(verdicts(&report), ["PASS", "INCONCLUSIVE"]);
}

#[test]
fn a_server_that_streams_for_ever_is_cut_off() {
    let endless = serve(100, |path, turn| if turn < 6 { healthy(path) } else { Act::Endless });
    let report = found(&endless, "U-2", 4, "3 cases in a row had no whole answer");
    assert_eq!(verdicts(&report)[0], "FAIL");
    let seen = report["cases"][0]["findings"][0]["seen"].as_str().unwrap();
    assert!(seen.starts_with("no end within "), "{seen}");
}

/// A fake behind TLS, stopped when the test ends, however it ends.
struct Secured(Child);

impl Drop for Secured {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_with_the_remedy() {
    let file = |name: &str| format!("{}/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut fake = Process::new(env!("CARGO_BIN_EXE_rehearsal"));
    fake.args(["serve", "tiny", "--host", "127.0.0.1", "--port", "0"]);
    fake.args(["--ssl-certfile", &file("certificate.pem"), "--ssl-keyfile", &file("key.pem")]);
    let mut fake = Secured(fake.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    let mut log = BufReader::new(fake.0.stderr.take().unwrap()).lines();
    let url = log.find_map(|line| {
        let url = line.unwrap().strip_prefix("serving tiny on ")?.split(' ').next()?.to_owned();
        Some(url)
    });
    let url = url.expect("it says where it serves");
    // whatever it logs is read, so that it never waits for the reader
    thread::spawn(move || log.for_each(drop));

    let refused = contains("invalid peer certificate: UnknownIssuer").and(contains("SSL_CERT_FILE"));
    check(&url).assert().code(3).stderr(refused);
    let trusting = |url: &str| {
        let mut command = check(url);
        command.args(["--filter", "U-01"]).env("SSL_CERT_FILE", file("certificate.pem"));
        command
    };
    trusting(&url).assert().success();
    trusting(&url.replace("https", "http")).assert().code(3);
}

#[test]
fn the_limits_are_in_the_help() {
    let mut help = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    let limits = contains("--timeout").and(contains("64 MiB")).and(contains("three cases")).and(contains("--budget"));
    help.args(["check", "--help"]).assert().success().stdout(limits);
}
