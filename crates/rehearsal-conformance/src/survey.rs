//! What is asked before the first case: who the server is, which model it has, and which endpoints.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    call::{Call, Endpoint},
    carrier::{NoAnswer, carry},
    check::Feature,
    profile::{Detection, Identity, ServerProfile},
    raw::{Answer, BodyEnd, Samples},
    salt::Salt,
    suite::SuiteError,
    target::Target,
};

/// What the server is and has, as it said before the first case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Facts {
    /// Who it says it is.
    pub identity: Identity,
    /// The first model it lists.
    pub model: String,
    /// The model's `max_model_len`.
    pub max_model_len: Option<u64>,
    /// The KV cache's block size, from `vllm:cache_config_info`.
    pub block_size: Option<u64>,
    /// Features that are missing, and what the server answered instead.
    pub missing: BTreeMap<String, String>,
}

impl Facts {
    /// The profile that fits.
    #[must_use]
    pub fn detect_profile(&self) -> Detection {
        ServerProfile::detect(&self.identity)
    }

    pub(crate) fn lacks(&self, feature: Feature) -> Option<&str> {
        self.missing.get(feature.label()).map(String::as_str)
    }

    /// Asks the target. Fails where no case could be run.
    pub(crate) async fn gather(target: &Target, salt: &Salt) -> Result<Self, SuiteError> {
        let models = ask(target, &Call::get("/v1/models")).await?;
        if matches!(models.status, 401 | 403) {
            return Err(SuiteError::Unauthorised { target: target.name.clone(), status: models.status });
        }
        let listed = models.json().ok();
        let model = listed.as_ref().and_then(|body| body.pointer("/data/0"));
        let Some(id) = model.and_then(|model| model.get("id")).and_then(Value::as_str) else {
            return Err(SuiteError::NoModel { target: target.name.clone(), seen: models.summary() });
        };

        let version = ask(target, &Call::get("/version")).await?.json().unwrap_or(Value::Null);
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let mut facts = Self {
            identity: Identity {
                version: text(version.get("version")),
                rust_frontend_version: text(version.get("rust_frontend_version")),
                owned_by: text(model.and_then(|model| model.get("owned_by"))),
            },
            model: id.to_owned(),
            max_model_len: model.and_then(|model| model.get("max_model_len")).and_then(Value::as_u64),
            block_size: None,
            missing: BTreeMap::new(),
        };

        let metrics = ask(target, &Call::get("/metrics")).await?;
        let samples = Samples::read(&metrics.text());
        if samples.has("vllm:num_requests_running") {
            facts.block_size = block_size(&samples);
        } else {
            facts.lack(Feature::Metrics, metrics.summary());
        }
        facts.features(target, salt).await?;
        Ok(facts)
    }

    async fn features(&mut self, target: &Target, salt: &Salt) -> Result<(), SuiteError> {
        let chat = json!({"model": self.model, "messages": [{"role": "user", "content": salt.text("survey")}], "max_tokens": 1});
        let answer = ask(target, &Call::post(Endpoint::Chat.path(), chat.clone())).await?;
        if absent(&answer) {
            self.lack(Feature::Chat, answer.summary());
        }

        let prompt = salt.ids("survey", 4);
        let mut completion = json!({"model": self.model, "prompt": prompt, "max_tokens": 1});
        let plain = Call::post(Endpoint::Completions.path(), completion.clone());
        completion["return_token_ids"] = json!(true);
        let answer = ask(target, &Call::post(Endpoint::Completions.path(), completion)).await?;
        if absent(&answer) {
            self.lack(Feature::Completions, answer.summary());
        }
        if answer.status != 200 {
            // a server that refuses parameters it does not know may still take ids
            let plain = if absent(&answer) { answer.clone() } else { ask(target, &plain).await? };
            if plain.status != 200 {
                self.lack(Feature::TokenIdPrompts, plain.summary());
            }
        }
        let body = answer.json().unwrap_or(Value::Null);
        if body.pointer("/choices/0/token_ids").is_none() {
            self.lack(Feature::ReturnTokenIds, answer.summary());
        }

        let tokenize = json!({"model": self.model, "prompt": "a"});
        let answer = ask(target, &Call::post("/tokenize", tokenize)).await?;
        if absent(&answer) {
            self.lack(Feature::Tokenize, answer.summary());
        }
        Ok(())
    }

    fn lack(&mut self, feature: Feature, seen: String) {
        self.missing.insert(feature.label().to_owned(), seen);
    }
}

async fn ask(target: &Target, call: &Call) -> Result<Answer, SuiteError> {
    let answer = carry(target, call).await.map_err(|error| match error {
        // the transport has one error for all that keeps a connection from opening
        NoAnswer::Unreachable(reason) if reason.contains("invalid peer certificate") => {
            let reason = reason.split("; ").next().unwrap_or_default().to_owned();
            SuiteError::Untrusted { target: target.name.clone(), reason }
        }
        NoAnswer::Unreachable(reason) | NoAnswer::Silent(reason) => {
            SuiteError::Unreachable { target: target.name.clone(), reason }
        }
    })?;
    match answer.end {
        BodyEnd::Complete | BodyEnd::HungUp => Ok(answer),
        BodyEnd::Lost { error } => Err(SuiteError::Unreachable { target: target.name.clone(), reason: error }),
        BodyEnd::TimedOut | BodyEnd::TooLong => Err(SuiteError::Unreachable {
            target: target.name.clone(),
            reason: format!("the answer to {} {} does not end", call.method, call.path),
        }),
    }
}

/// No such route, as opposed to a route that refuses the request.
fn absent(answer: &Answer) -> bool {
    matches!(answer.status, 404 | 405 | 501)
}

fn block_size(samples: &Samples) -> Option<u64> {
    let (labels, _) = samples.of("vllm:cache_config_info").next()?;
    Samples::label(labels, "block_size")?.parse().ok()
}
