//! Responses that are kept.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::http::StatusCode;
use serde_json::Value;
use tokio::task::{AbortHandle, JoinSet};

use super::input::Past;
use crate::api::error::{ApiError, ErrorObject};

/// The most responses kept; the oldest one goes. vLLM never removes any.
const CAPACITY: usize = 4096;

/// The responses of one server, and those still being made in the background. Dropping it ends the latter.
#[derive(Debug, Default)]
pub(in crate::api) struct ResponseStore(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    responses: BTreeMap<String, Stored>,
    order: VecDeque<String>,
    background: JoinSet<()>,
}

#[derive(Debug)]
struct Stored {
    response: Value,
    messages: Vec<Value>,
    task: Option<AbortHandle>,
}

impl ResponseStore {
    /// Keeps a response and the messages it answers. One that was cancelled stays cancelled.
    pub(super) fn put(&self, id: &str, response: Value, messages: Vec<Value>) {
        let mut kept = self.kept();
        match kept.responses.get_mut(id) {
            Some(stored) if status(&stored.response) == "cancelled" => return,
            Some(stored) => {
                stored.response = response;
                return;
            }
            None => {}
        }
        kept.order.push_back(id.to_owned());
        kept.responses.insert(id.to_owned(), Stored { response, messages, task: None });
        if CAPACITY < kept.order.len()
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.responses.remove(&oldest);
        }
    }

    /// Goes on with a response that is kept already.
    pub(super) fn in_background(&self, id: &str, work: impl Future<Output = ()> + Send + 'static) {
        let mut kept = self.kept();
        while kept.background.try_join_next().is_some() {}
        let task = kept.background.spawn(work);
        if let Some(stored) = kept.responses.get_mut(id) {
            stored.task = Some(task);
        }
    }

    /// The response as it is now.
    pub(super) fn get(&self, id: &str) -> Result<Value, ApiError> {
        self.kept().responses.get(id).map(|stored| stored.response.clone()).ok_or_else(|| not_found(id))
    }

    /// What a response that continues this one has to know.
    pub(super) fn past(&self, id: &str) -> Result<Past, ApiError> {
        let kept = self.kept();
        let stored = kept.responses.get(id).ok_or_else(|| not_found(id))?;
        let output = stored.response.get("output").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(Past { messages: stored.messages.clone(), output })
    }

    /// Ends a response that is not finished yet.
    pub(super) fn cancel(&self, id: &str) -> Result<Value, ApiError> {
        let mut kept = self.kept();
        let stored = kept.responses.get_mut(id).ok_or_else(|| not_found(id))?;
        if !["queued", "in_progress"].contains(&status(&stored.response)) {
            return Err(refused("Cannot cancel a synchronous response.", "response_id"));
        }
        if let Some(object) = stored.response.as_object_mut() {
            object.insert("status".to_owned(), "cancelled".into());
        }
        if let Some(task) = stored.task.take() {
            task.abort();
        }
        Ok(stored.response.clone())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn status(response: &Value) -> &str {
    response.get("status").and_then(Value::as_str).unwrap_or_default()
}

fn not_found(id: &str) -> ApiError {
    error(StatusCode::NOT_FOUND, format!("Response with id '{id}' not found."), "response_id")
}

/// An error that names its type as OpenAI does.
pub(super) fn refused(message: &str, param: &str) -> ApiError {
    error(StatusCode::BAD_REQUEST, message.to_owned(), param)
}

fn error(status: StatusCode, message: String, param: &str) -> ApiError {
    let kind = "invalid_request_error";
    ApiError::Object(ErrorObject { status, message, kind, param: Some(param.to_owned()), name: kind })
}
