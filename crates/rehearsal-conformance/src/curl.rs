//! A request as a line for a shell, so that whoever reads a report can send it again.

use serde_json::Value;

use crate::{
    exchange::SentRequest,
    report::{CaseReport, SuiteReport},
    target::ServerFlag,
    verdict::Verdict,
};

impl SuiteReport {
    /// A `curl` line for the exchange behind a case's first failed finding; `None` where nothing failed. A server that is no URL is
    /// `$BASE_URL`, and a key `$OPENAI_API_KEY`: reports know neither.
    #[must_use]
    pub fn curl(&self, case: &CaseReport) -> Option<String> {
        let failed = case.findings.iter().find(|finding| finding.verdict == Verdict::Fail)?;
        let sent = &case.exchanges.get(failed.exchange?)?.request;
        let base = if self.target.starts_with("http") {
            quoted(&self.target, &sent.path)
        } else {
            format!("\"$BASE_URL{}\"", sent.path)
        };
        let key =
            if self.flags.contains(&ServerFlag::ApiKey) { " -H \"authorization: Bearer $OPENAI_API_KEY\"" } else { "" };
        Some(format!("curl -sN {}{base}{key}{}", method(sent), rest(sent)))
    }
}

/// GET is curl's own choice without a body, POST with one.
fn method(sent: &SentRequest) -> String {
    match (sent.method.as_str(), &sent.body) {
        ("GET", None) | ("POST", Some(_)) => String::new(),
        (method, _) => format!("-X {method} "),
    }
}

fn rest(sent: &SentRequest) -> String {
    let mut line = String::new();
    for (name, value) in &sent.headers {
        line = format!("{line} -H {}", quoted(name, &format!(": {value}")));
    }
    match &sent.body {
        None => line,
        Some(Value::String(raw)) => format!("{line} -H 'content-type: application/json' -d {}", quoted(raw, "")),
        Some(body) => format!("{line} -H 'content-type: application/json' -d {}", quoted(&body.to_string(), "")),
    }
}

/// Text that a shell reads as one word and leaves alone.
fn quoted(text: &str, end: &str) -> String {
    format!("'{}{}'", text.replace('\'', r"'\''"), end.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_shell_reads_the_body_as_it_was_sent() {
        let body = json!({"prompt": "it's $HOME", "n": 2});
        let sent = SentRequest {
            method: "POST".into(),
            path: "/v1/completions".into(),
            headers: Vec::new(),
            body: Some(body),
        };
        assert_eq!(method(&sent), "");
        assert_eq!(rest(&sent), r#" -H 'content-type: application/json' -d '{"prompt":"it'\''s $HOME","n":2}'"#);
        let sent = SentRequest {
            method: "POST".into(),
            path: "/x".into(),
            headers: vec![("a".into(), "b".into())],
            body: None,
        };
        assert_eq!((method(&sent).as_str(), rest(&sent).as_str()), ("-X POST ", " -H 'a: b'"));
    }
}
