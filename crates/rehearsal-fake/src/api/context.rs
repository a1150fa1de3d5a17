//! What every handler has at hand.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::{
    body::read_object,
    error::ApiError,
    lora::Adapters,
    options::{ApiDocs, DevMode, Fingerprint, RuntimeLora, ScaleOut},
    responses::ResponseStore,
    steering::Steering,
    validation::Handler,
};
use crate::{
    multimodal::ImageCache,
    server::App,
    structured::{GrammarError, Grammars},
    version::{Features, ModelAliases, Route, RouteSetting, ScaleOutRoutes, Wire},
};

/// The application, as the version it answers as.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) app: Arc<App>,
    pub(super) wire: Wire,
    pub(super) steering: Steering,
    pub(super) adapters: Adapters,
    pub(super) responses: ResponseStore,
    pub(super) images: ImageCache,
    ids: AtomicU64,
    grammars: OnceLock<Result<Grammars, GrammarError>>,
    in_flight: Arc<AtomicU64>,
}

impl Context {
    pub(super) fn new(app: Arc<App>) -> Self {
        let wire = Wire::of(app.version).expect("a `VllmVersion` is always one of the table's");
        let adapters = Adapters::of(&app.frontend.lora_modules);
        Self {
            app,
            wire,
            steering: Steering::default(),
            adapters,
            responses: ResponseStore::default(),
            images: ImageCache::default(),
            ids: AtomicU64::new(0),
            grammars: OnceLock::new(),
            in_flight: Arc::default(),
        }
    }

    pub(super) fn features(&self) -> &Features {
        &self.wire.features
    }

    /// The routes of this version that this server's settings bring.
    pub(super) fn routes(&self) -> impl Iterator<Item = &Route> {
        let frontend = &self.app.frontend;
        self.wire.routes.iter().filter(|route| match route.when {
            None => true,
            Some(RouteSetting::DevMode) => frontend.dev_mode == DevMode::On,
            Some(RouteSetting::RuntimeLora) => frontend.runtime_lora == RuntimeLora::Allowed,
            Some(RouteSetting::ApiDocs) => frontend.api_docs == ApiDocs::Served,
        })
    }

    /// The object in the body of a request to that handler.
    pub(super) async fn read(
        &self,
        headers: &HeaderMap,
        body: axum::body::Body,
        handler: Handler,
    ) -> Result<Map<String, Value>, ApiError> {
        read_object(headers, body, self.app.frontend.max_body_bytes, self.features(), handler).await
    }

    /// Refuses a model that is not served; none at all, or an empty name, stands for the one that is.
    pub(super) fn check_model(&self, model: Option<&str>) -> Result<(), ApiError> {
        let served = &self.app.frontend.served_model_names;
        let Some(model) = model.filter(|model| {
            !model.is_empty() && !served.iter().any(|name| name == model) && !self.adapters.serve(model)
        }) else {
            return Ok(());
        };
        let aliases = match self.features().valid_aliases {
            ModelAliases::Hidden => String::new(),
            ModelAliases::Listed => format!(" Valid aliases: {}.", served.join(", ")),
        };
        Err(ApiError::unknown_model(format!("The model `{model}` does not exist.{aliases}")))
    }

    /// The name that an answer carries: the adapter's, if one was asked for, else the first of the model's
    /// (`OpenAIServingModels.model_name`).
    pub(super) fn answering_model<'a>(&'a self, asked: Option<&'a str>) -> &'a str {
        let own = &self.app.frontend;
        asked
            .filter(|name| !own.served_model_names.iter().any(|served| served == name) && self.adapters.serve(name))
            .unwrap_or_else(|| own.model_name())
    }

    /// Refuses routes between servers where this server is not told to have them.
    pub(super) fn check_scale_out(&self) -> Result<(), ApiError> {
        match (self.features().scale_out_routes, self.app.frontend.scale_out) {
            (ScaleOutRoutes::Open, _) | (_, ScaleOut::Enabled) => Ok(()),
            (ScaleOutRoutes::Absent, _) => Err(ApiError::Detail(StatusCode::NOT_FOUND, "Not Found")),
            (ScaleOutRoutes::Refused, _) => Err(ApiError::scale_out_disabled()),
        }
    }

    /// Refuses everything once the engine is gone.
    pub(super) fn check_alive(&self) -> Result<(), ApiError> {
        if self.app.engine.is_dead() { Err(ApiError::engine_dead()) } else { Ok(()) }
    }

    /// The end of a request's id: the client's own, or hexadecimal digits that the server's seed and its requests so far decide.
    pub(super) fn request_id(&self, headers: &HeaderMap, body: &Map<String, Value>) -> String {
        let header = headers.get("x-request-id").and_then(|value| value.to_str().ok());
        let own = header.or_else(|| body.get("request_id").and_then(Value::as_str));
        own.map_or_else(|| self.new_id(), str::to_owned)
    }

    /// `system_fingerprint`.
    pub(super) fn fingerprint(&self) -> Value {
        let own = self.wire.fingerprint();
        match (&self.app.frontend.fingerprint, own) {
            (_, None) | (Fingerprint::Absent, _) => Value::Null,
            (Fingerprint::Custom(text), Some(_)) => text.as_str().into(),
            (Fingerprint::Hash, Some(own)) => own.into(),
            (Fingerprint::Full, Some(own)) => match (self.app.tensor_parallel, own.rsplit_once('-')) {
                (ranks, Some((release, digits))) if 1 < ranks => format!("{release}-tp{ranks}-{digits}").into(),
                _ => own.into(),
            },
        }
    }

    /// Refuses a request of `n` choices when the queue is full, before anything else is looked at.
    pub(super) async fn preflight(&self, n: u32) -> Result<(), ApiError> {
        let Some(admission) = &self.app.admission else { return Ok(()) };
        admission.check(n).map_err(|_| ApiError::overloaded())?;
        // vLLM renders and tokenises next, and whatever arrives meanwhile passes this check, too: the second one, at
        // the engine's door, refuses it inside its stream
        tokio::task::yield_now().await;
        Ok(())
    }

    /// A new id.
    pub(super) fn new_id(&self) -> String {
        let count = self.ids.fetch_add(1, Ordering::Relaxed);
        let digits = xxhash_rust::xxh3::xxh3_64_with_seed(&count.to_le_bytes(), self.app.seed);
        let mut id = format!("{digits:016x}");
        id.truncate(self.features().id_digits);
        id
    }

    /// The compiler of constraints on texts.
    pub(super) fn grammars(&self) -> Result<&Grammars, GrammarError> {
        self.grammars.get_or_init(|| Grammars::new(&self.app.tokenizer)).as_ref().map_err(Clone::clone)
    }

    /// The id of a tool call (`make_tool_call_id`).
    pub(super) fn tool_call_id(&self) -> String {
        format!("chatcmpl-tool-{}", self.new_id())
    }

    /// The id that an answer's header carries.
    pub(super) fn header_id(&self, headers: &HeaderMap) -> HeaderValue {
        let own = headers.get("x-request-id").cloned();
        own.unwrap_or_else(|| HeaderValue::from_str(&self.new_id()).expect("hexadecimal digits are a header value"))
    }

    /// Counts a generating request until the guard is dropped.
    pub(super) fn enter(&self) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(&self.in_flight))
    }

    /// Generating requests that have not been answered to the end.
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }
}

/// A generating request, counted while this lives.
#[derive(Debug)]
pub(super) struct InFlight(Arc<AtomicU64>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
