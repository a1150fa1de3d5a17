//! What a refused request is told, from a body of whatever form.

use serde::Deserialize;

use super::wire::ErrorText;

/// Characters of a body without a recognisable message that are shown.
const SHOWN: usize = 200;

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error: Option<ErrorText>,
    #[serde(default)]
    message: Option<String>,
}

/// `HTTP 503: message`, with the message of the error object, or else the body's first line.
pub(super) fn error_detail(status: Option<u16>, body: &[u8]) -> String {
    let status = status.map_or_else(String::new, |status| format!("HTTP {status}"));
    let message = match serde_json::from_slice::<ErrorBody>(body) {
        Ok(ErrorBody { error: Some(ErrorText(Some(message))), .. } | ErrorBody { message: Some(message), .. }) => {
            message
        }
        _ => first_line(body),
    };
    if message.is_empty() { status } else { format!("{status}: {message}") }
}

fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.trim().lines().next().unwrap_or_default().chars().take(SHOWN).collect()
}
