//! The figures of a run for Prometheus, while the run goes on.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
};

const ANSWER: &str = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2}}"#;

/// Answers two requests at once and the third when told to.
fn serve(listener: &TcpListener, go_on: &Receiver<()>) {
    for (number, stream) in listener.incoming().take(3).enumerate() {
        let mut stream = stream.expect("a connection");
        let mut reader = BufReader::new(stream.try_clone().expect("the same connection"));
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a header");
            match line.trim().to_lowercase().split_once(": ") {
                Some(("content-length", value)) => length = value.parse().expect("a length"),
                None if line.trim().is_empty() => break,
                _ => {}
            }
        }
        reader.read_exact(&mut vec![0; length]).expect("a body");
        if number == 2 {
            go_on.recv().expect("the test says when");
        }
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}", ANSWER.len());
        write!(stream, "{head}\r\nConnection: close\r\n\r\n{ANSWER}").expect("the answer goes out");
    }
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the page answers");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("a request");
    let mut page = String::new();
    stream.read_to_string(&mut page).expect("text");
    page
}

#[test]
fn the_page_counts_what_has_ended_and_what_has_not() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = listener.local_addr().expect("an address");
    let (tell, go_on) = channel();
    let serving = thread::spawn(move || serve(&listener, &go_on));
    let mut bench = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .env_remove("OPENAI_API_KEY")
        .args(["bench", "--base-url", &format!("http://{server}"), "--model", "m", "-n", "3", "--no-warmup"])
        .args(["--server-metrics", "off", "--metrics-port", "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(bench.stderr.take().expect("stderr is piped")).lines().map_while(Result::ok);
    let line = lines.find(|line| line.starts_with("figures of the run")).expect("it says where the page is");
    let address = line.split_once("http://").and_then(|(_, url)| url.strip_suffix("/metrics")).expect("an address");

    let page = loop {
        let page = get(address, "/metrics");
        if page.contains("total{verdict=\"ok\"} 2\n") && page.contains("in_flight 1\n") {
            break page;
        }
        thread::yield_now();
    };
    assert!(page.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text; version=1.0.0"), "{page}");
    for line in [
        "rehearsal_output_tokens_total 4\n",
        "rehearsal_prompt_tokens_total 6\n",
        "# TYPE rehearsal_e2el_seconds histogram\n",
        "rehearsal_e2el_seconds_bucket{le=\"+Inf\"} 2\nrehearsal_e2el_seconds_count 2\n",
        "rehearsal_ttft_seconds_count 0\n",
        "rehearsal_schedule_lag_seconds_count 2\n",
    ] {
        assert!(page.contains(line), "{line} is not in {page}");
    }
    assert!(page.ends_with("# EOF\n"), "{page}");
    assert!(get(address, "/").starts_with("HTTP/1.1 404"));

    tell.send(()).expect("the server waits");
    thread::spawn(move || lines.for_each(drop));
    assert!(bench.wait().expect("it ends").success());
    serving.join().expect("the server ends");
    assert!(TcpStream::connect(address).is_err(), "the page is gone with the run");
}

#[test]
fn a_port_that_is_none_or_taken_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = listener.local_addr().expect("an address").to_string();
    for (port, says) in [("x", "`x` is no port"), (taken.as_str(), taken.as_str())] {
        let mut bench = assert_cmd::Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        bench.args(["bench", "--base-url", "http://127.0.0.1:1", "--model", "m", "--metrics-port", port]);
        bench.assert().code(2).stderr(predicates::str::contains(says));
    }
}
