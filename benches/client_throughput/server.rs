//! The far side: a process with a server that only writes bytes, and the fake.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child as Process, Command, Stdio},
    sync::Arc,
    thread,
};

use rehearsal::fake::{FakeVllm, profile::Profile};

use super::CHUNKS;

/// The argument that makes this program the server.
pub(super) const ROLE: &str = "--as-server";

/// The server's process. It ends with its standard input, which is with this one.
pub(super) struct Child {
    pub(super) canned: String,
    pub(super) fake: String,
    process: Process,
}

impl Child {
    pub(super) fn start() -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut process = Command::new(program)
            .arg(ROLE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let mut next = || lines.next().expect("the server names its URLs").expect("they are text");
        Self { canned: next(), fake: next(), process }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // it has nothing left to do, and nobody asks how it ended
        let _ = self.process.wait();
    }
}

/// Serves until standard input ends.
pub(super) fn run() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("http://{}", listener.local_addr().expect("it is bound"));
    thread::spawn(move || {
        let response: Arc<[u8]> = response().into();
        for stream in listener.incoming().flatten() {
            let response = Arc::clone(&response);
            thread::spawn(move || answer(stream, &response));
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let fake = FakeVllm::builder()
            .profile(Profile::builtin("instant").expect("a built-in profile"))
            .model("bench")
            .journal_capacity(0)
            .start()
            .await
            .expect("the fake starts");
        println!("{}", fake.base_url());
        let end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        // whatever ends it, ends the server
        let _ = end.await;
    });
}

/// Every request of a connection gets the same stream.
fn answer(mut stream: TcpStream, response: &[u8]) {
    let mut request = vec![0; 64 << 10];
    // the request of a bench fits into one read
    while let Ok(1..) = stream.read(&mut request) {
        if stream.write_all(response).is_err() {
            return;
        }
    }
}

/// A stream of [`CHUNKS`] tokens as vLLM 0.13 sends it: one HTTP chunk an event.
fn response() -> Vec<u8> {
    let mut response = String::from(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    let mut send = |event: &str| {
        // writing to a String cannot fail
        let _ = write!(response, "{:x}\r\n{event}\r\n", event.len());
    };
    send(&event(
        r#"{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":null},"logprobs":null,"finish_reason":null}"#,
        r#","prompt_token_ids":null"#,
    ));
    for _ in 1..CHUNKS {
        send(&token());
    }
    send(&event(
        r#"{"index":0,"delta":{"content":" end","reasoning_content":null},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}"#,
        "",
    ));
    let total = 89 + CHUNKS;
    send(&event(
        "",
        &format!(r#","usage":{{"prompt_tokens":89,"total_tokens":{total},"completion_tokens":{CHUNKS}}}"#),
    ));
    send("data: [DONE]\n\n");
    response.push_str("0\r\n\r\n");
    response.into_bytes()
}

/// How long an event of one token is.
pub(super) fn chunk_bytes() -> usize {
    token().len()
}

fn token() -> String {
    event(
        r#"{"index":0,"delta":{"content":" token","reasoning_content":null},"logprobs":null,"finish_reason":null,"token_ids":null}"#,
        "",
    )
}

fn event(choices: &str, rest: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-9dcaa5d61de0b2ff\",\"object\":\"chat.completion.chunk\",\"created\":1766400000,\
         \"model\":\"RedHatAI/Qwen2.5-VL-72B-Instruct-FP8-dynamic\",\"choices\":[{choices}]{rest}}}\n\n"
    )
}
