//! What pages of other origins may ask: `CORSMiddleware` of Starlette, as vLLM sets it up (`entrypoints/openai/api_server.py`).

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{CONTENT_TYPE, COOKIE, ORIGIN, VARY},
    },
    response::Response,
};

use crate::version::{CrossOrigin, Features};

const ALLOW_ORIGIN: HeaderName = HeaderName::from_static("access-control-allow-origin");
const ALLOW_METHODS: HeaderName = HeaderName::from_static("access-control-allow-methods");
const ALLOW_HEADERS: HeaderName = HeaderName::from_static("access-control-allow-headers");
const ALLOW_CREDENTIALS: HeaderName = HeaderName::from_static("access-control-allow-credentials");
const MAX_AGE: HeaderName = HeaderName::from_static("access-control-max-age");
const ASKED_METHOD: HeaderName = HeaderName::from_static("access-control-request-method");
const ASKED_HEADERS: HeaderName = HeaderName::from_static("access-control-request-headers");

/// What `vary` says on a preflight's answer.
const PREFLIGHT_VARY: &str =
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network";

/// What `*` stands for among methods.
const METHODS: [&str; 8] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY"];

/// Headers that need no leave.
const SAFE_HEADERS: [&str; 4] = ["Accept", "Accept-Language", "Content-Language", "Content-Type"];

/// `--allowed-origins`, `--allowed-methods`, `--allowed-headers`, `--allow-credentials`; `*` in a list stands for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// Origins that may ask; `None` leaves it to the version's default.
    pub origins: Option<Vec<String>>,
    /// Methods that they may use.
    pub methods: Vec<String>,
    /// Headers that they may send.
    pub headers: Vec<String>,
    /// Whether they may send cookies.
    pub credentials: Credentials,
}

impl Default for Cors {
    fn default() -> Self {
        let all = || vec!["*".to_owned()];
        Self { origins: None, methods: all(), headers: all(), credentials: Credentials::Refused }
    }
}

/// Whether pages of other origins may send cookies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// They may not.
    #[default]
    Refused,
    /// They may.
    Allowed,
}

/// A preflight: a browser asks whether it may ask.
pub(super) fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ASKED_METHOD)
}

impl Cors {
    fn all_origins(&self, features: &Features) -> bool {
        match &self.origins {
            Some(origins) => origins.iter().any(|origin| origin == "*"),
            None => features.cross_origin == CrossOrigin::Any,
        }
    }

    fn allows(&self, features: &Features, origin: &HeaderValue) -> bool {
        let listed = |origins: &Vec<String>| origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes());
        self.all_origins(features) || self.origins.as_ref().is_some_and(listed)
    }

    /// The answer to a preflight; whatever is refused is named, and the status is 400.
    pub(super) fn preflight(&self, features: &Features, asked: &HeaderMap) -> Response {
        let names_origin = !self.all_origins(features) || self.credentials == Credentials::Allowed;
        let methods: Vec<&str> =
            if has_star(&self.methods) { METHODS.to_vec() } else { self.methods.iter().map(String::as_str).collect() };
        let mut refused = Vec::new();
        let mut headers = HeaderMap::new();
        headers.insert(VARY, HeaderValue::from_static(PREFLIGHT_VARY));
        match asked.get(ORIGIN) {
            Some(origin) if self.allows(features, origin) => {
                let value = if names_origin { origin.clone() } else { HeaderValue::from_static("*") };
                headers.insert(ALLOW_ORIGIN, value);
            }
            _ => refused.push("origin"),
        }
        put(&mut headers, ALLOW_METHODS, &methods.join(", "));
        put(&mut headers, MAX_AGE, "600");
        let allowed = self.allowed_headers();
        if !has_star(&self.headers) {
            put(&mut headers, ALLOW_HEADERS, &allowed.join(", "));
        }
        if self.credentials == Credentials::Allowed {
            put(&mut headers, ALLOW_CREDENTIALS, "true");
        }
        let method = asked.get(ASKED_METHOD).and_then(|method| method.to_str().ok()).unwrap_or_default();
        if !methods.contains(&method) {
            refused.push("method");
        }
        if let Some(names) = asked.get(ASKED_HEADERS) {
            if has_star(&self.headers) {
                headers.insert(ALLOW_HEADERS, names.clone());
            } else if !names.to_str().unwrap_or_default().split(',').all(|name| is_among(&allowed, name.trim())) {
                refused.push("headers");
            }
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        let text = if refused.is_empty() { "OK".to_owned() } else { format!("Disallowed CORS {}", refused.join(", ")) };
        let mut response = Response::new(text.into());
        if !refused.is_empty() {
            *response.status_mut() = StatusCode::BAD_REQUEST;
        }
        *response.headers_mut() = headers;
        response
    }

    /// The headers of an answer to a page of that origin.
    pub(super) fn answer(&self, features: &Features, asked: &HeaderMap, headers: &mut HeaderMap) {
        let Some(origin) = asked.get(ORIGIN).filter(|origin| self.allows(features, origin)) else { return };
        if self.credentials == Credentials::Allowed {
            put(headers, ALLOW_CREDENTIALS, "true");
        }
        // a cookie makes the answer one for that origin alone
        let any = self.all_origins(features) && !asked.contains_key(COOKIE);
        headers.entry(ALLOW_ORIGIN).or_insert(if any { HeaderValue::from_static("*") } else { origin.clone() });
    }

    fn allowed_headers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = SAFE_HEADERS.into_iter().chain(self.headers.iter().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn has_star(list: &[String]) -> bool {
    list.iter().any(|item| item == "*")
}

fn is_among(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Wire;

    fn asked(origin: &str, method: &str, names: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        put(&mut headers, ORIGIN, origin);
        put(&mut headers, ASKED_METHOD, method);
        put(&mut headers, ASKED_HEADERS, names);
        headers
    }

    #[track_caller]
    fn check(cors: &Cors, version: &str, asked: &HeaderMap, status: u16, origin: Option<&str>) {
        let features = Wire::of(version.parse().unwrap()).unwrap().features;
        let response = cors.preflight(&features, asked);
        let told = response.headers().get(ALLOW_ORIGIN).and_then(|value| value.to_str().ok());
        assert_eq!((response.status().as_u16(), told), (status, origin));
    }

    #[test]
    fn all_origins_may_ask_of_old_versions_and_none_of_new_ones() {
        let asked = asked("http://example.com", "POST", "content-type");
        check(&Cors::default(), "0.13.0", &asked, 200, Some("*"));
        check(&Cors::default(), "0.32.0", &asked, 400, None);
    }

    #[test]
    fn a_listed_origin_is_named_in_the_answer() {
        let cors = Cors {
            origins: Some(vec!["http://a.example".to_owned()]),
            methods: vec!["POST".to_owned()],
            headers: vec!["X-Mine".to_owned()],
            credentials: Credentials::Allowed,
        };
        check(
            &cors,
            "0.32.0",
            &asked("http://a.example", "POST", "x-mine, content-type"),
            200,
            Some("http://a.example"),
        );
        check(&cors, "0.32.0", &asked("http://a.example", "PUT", "x-mine"), 400, Some("http://a.example"));
        check(&cors, "0.32.0", &asked("http://a.example", "POST", "x-other"), 400, Some("http://a.example"));
        check(&cors, "0.32.0", &asked("http://b.example", "POST", "x-mine"), 400, None);
    }

    #[test]
    fn a_cookie_makes_the_answer_one_for_its_origin() {
        let features = Wire::of("0.13.0".parse().unwrap()).unwrap().features;
        let told = |asked: &HeaderMap| {
            let mut headers = HeaderMap::new();
            Cors::default().answer(&features, asked, &mut headers);
            headers.get(ALLOW_ORIGIN).map(|value| value.to_str().unwrap().to_owned())
        };
        let mut headers = asked("http://a.example", "GET", "");
        assert_eq!(told(&headers).as_deref(), Some("*"));
        put(&mut headers, COOKIE, "a=b");
        assert_eq!(told(&headers).as_deref(), Some("http://a.example"));
        assert_eq!(told(&HeaderMap::new()), None);
    }
}
