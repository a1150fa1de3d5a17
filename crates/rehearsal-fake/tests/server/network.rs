//! Doors to the network: HTTPS, Unix sockets, what is refused until start-up is over, what the log says.

use std::{
    os::unix::net::UnixStream as StdUnixStream,
    sync::{Arc, Mutex},
};

use rehearsal_fake::{
    AccessLog, ClientCertificates, FakeVllm, FrontendOptions, LogLine, MemoryCheck, StartError, Tls, TlsError,
    profile::Profile,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use super::client;

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nhost: fake\r\nconnection: close\r\n\r\n";

const KEY: &str = include_str!("../../../../fixtures/tls/key.pem");
const OTHER_KEY: &str = include_str!("../../../../fixtures/tls/other-key.pem");
const CERTIFICATE: &str = include_str!("../../../../fixtures/tls/certificate.pem");

#[tokio::test]
async fn https_is_spoken_with_a_key_and_a_certificate() {
    let tls = Tls::from_pem(KEY.as_bytes(), CERTIFICATE.as_bytes(), None, ClientCertificates::Ignored).unwrap();
    let fake = FakeVllm::builder().tls(tls).start().await.unwrap();
    assert!(fake.base_url().starts_with("https://127.0.0.1:"), "{}", fake.base_url());
    let root = reqwest::Certificate::from_pem(CERTIFICATE.as_bytes()).unwrap();
    let trusting = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
    let url = format!("{}/health", fake.base_url());
    assert_eq!(trusting.get(&url).send().await.unwrap().status(), 200);
    // a client that speaks no TLS gets nothing, and the server goes on
    let plain = url.replace("https:", "http:");
    assert!(reqwest::get(plain).await.is_err());
    assert_eq!(trusting.get(&url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_client_without_the_certificate_asked_for_is_refused() {
    let signers = Some(CERTIFICATE.as_bytes());
    let tls = Tls::from_pem(KEY.as_bytes(), CERTIFICATE.as_bytes(), signers, ClientCertificates::Required).unwrap();
    let fake = FakeVllm::builder().tls(tls).start().await.unwrap();
    let root = reqwest::Certificate::from_pem(CERTIFICATE.as_bytes()).unwrap();
    let nobody = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
    assert!(nobody.get(format!("{}/health", fake.base_url())).send().await.is_err());
}

#[test]
fn what_is_no_key_and_no_certificate_is_told_apart() {
    let read =
        |key: &str, chain: &str| Tls::from_pem(key.as_bytes(), chain.as_bytes(), None, ClientCertificates::Ignored);
    assert!(matches!(read("", CERTIFICATE), Err(TlsError::Pem { what: "private key", .. })));
    assert!(matches!(read(KEY, "nothing"), Err(TlsError::Pem { what: "certificate", .. })));
    assert!(matches!(read(OTHER_KEY, CERTIFICATE), Err(TlsError::Config(_))));
}

#[tokio::test]
async fn a_unix_socket_refuses_until_start_up_is_over_and_goes_with_its_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vllm.sock");
    let seen: Arc<Mutex<Vec<(String, bool)>>> = Arc::default();
    let (log, socket) = (Arc::clone(&seen), path.clone());
    let watch = move |line: &LogLine| {
        log.lock().unwrap().push((line.text.clone(), StdUnixStream::connect(&socket).is_ok()));
    };
    let fake = FakeVllm::builder().bind_unix(&path).log(watch).start().await.unwrap();
    let lines = seen.lock().unwrap().clone();
    let (last, before) = lines.split_last().unwrap();
    assert_eq!(last, &("Application startup complete.".to_owned(), true));
    assert!(before.iter().all(|(_, connects)| !connects), "{before:?}");
    assert!(before.iter().any(|(text, _)| *text == format!("Starting vLLM API server 0 on unix:{}", path.display())));

    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(HEALTH).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    fake.shutdown().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn a_start_that_runs_out_of_memory_logs_its_phases_and_the_error() {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&lines);
    let mut profile = Profile::builtin("report-tp2").unwrap();
    (profile.engine.max_num_seqs, profile.engine.gpu_memory_utilization) = (None, 0.95);
    let builder = FakeVllm::builder().profile(profile).memory_check(MemoryCheck::On);
    let refused = builder.log(move |line| log.lock().unwrap().push(line.text.clone())).start().await;
    assert!(matches!(refused, Err(StartError::Refused(_))));
    let lines = lines.lock().unwrap();
    assert_eq!(lines.first().unwrap(), "vLLM API server version 0.13.0");
    assert!(lines.last().unwrap().starts_with("CUDA out of memory occurred when warming up sampler with 1024"));
}

#[tokio::test]
async fn each_answer_is_a_line_of_the_access_log_unless_it_is_off() {
    for (access_log, expect) in [(AccessLog::On, 2), (AccessLog::Off, 0)] {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&lines);
        let builder = FakeVllm::builder().access_log(access_log);
        let fake = builder.log(move |line| log.lock().unwrap().push(line.text.clone())).start().await.unwrap();
        for path in ["/health?deep=1", "/v1/nothing"] {
            reqwest::get(format!("{}{path}", fake.base_url())).await.unwrap();
        }
        let lines = lines.lock().unwrap();
        let answered: Vec<&str> =
            lines.iter().filter_map(|line| line.split_once(" - ")).map(|(_, answered)| answered).collect();
        let all = ["\"GET /health?deep=1 HTTP/1.1\" 200 OK", "\"GET /v1/nothing HTTP/1.1\" 404 Not Found"];
        assert_eq!(answered, all[..expect], "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_is_served_with_and_without_the_root_before_it() {
    let frontend = FrontendOptions {
        root_path: "/behind/a/proxy".to_owned(),
        api_keys: vec!["secret".to_owned()],
        ..FrontendOptions::for_model("tiny")
    };
    let builder = super::virtual_time::stepping(1.0).frontend(frontend);
    let fake = builder.start_in_memory().unwrap();
    for (path, status) in [
        ("/version", 200),
        ("/behind/a/proxy/version", 200),
        ("/v1/models", 401),
        ("/behind/a/proxy/v1/models", 401),
        ("/behind/another/version", 404),
    ] {
        assert_eq!(client::send(&fake, "GET", path, "").await.status, status, "{path}");
    }
}
