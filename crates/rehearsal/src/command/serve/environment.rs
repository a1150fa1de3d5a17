//! The environment variables of vLLM that change what a server answers.

use std::env;

use rehearsal::fake::{
    api::{DevMode, ResponsesStore, RuntimeLora},
    version::Frontend,
};

/// What the environment asks for.
#[derive(Debug)]
pub(super) struct Environment {
    /// `VLLM_SERVER_DEV_MODE`.
    pub(super) dev_mode: DevMode,
    /// `VLLM_ALLOW_RUNTIME_LORA_UPDATING`.
    pub(super) runtime_lora: RuntimeLora,
    /// `VLLM_ENABLE_RESPONSES_API_STORE`.
    pub(super) responses_store: ResponsesStore,
    /// `VLLM_USE_RUST_FRONTEND`.
    pub(super) frontend: Option<Frontend>,
    /// `VLLM_API_KEY`, which counts without `--api-key`.
    pub(super) api_key: Option<String>,
}

impl Environment {
    /// Reads the environment of the process.
    pub(super) fn read() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the binary reads the environment")]
        Self::of(|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_on = |name| variable(name).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"));
        Self {
            dev_mode: if is_on("VLLM_SERVER_DEV_MODE") { DevMode::On } else { DevMode::Off },
            runtime_lora: if is_on("VLLM_ALLOW_RUNTIME_LORA_UPDATING") {
                RuntimeLora::Allowed
            } else {
                RuntimeLora::Fixed
            },
            responses_store: if is_on("VLLM_ENABLE_RESPONSES_API_STORE") {
                ResponsesStore::On
            } else {
                ResponsesStore::Off
            },
            frontend: is_on("VLLM_USE_RUST_FRONTEND").then_some(Frontend::Rust),
            api_key: variable("VLLM_API_KEY"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_on_when_they_say_1_or_true() {
        let of = |value: &'static str| Environment::of(move |_| Some(value.to_owned()));
        assert_eq!((of("1").dev_mode, of("True").runtime_lora), (DevMode::On, RuntimeLora::Allowed));
        assert_eq!((of("0").dev_mode, of("0").frontend), (DevMode::Off, None));
        assert_eq!(of("1").frontend, Some(Frontend::Rust));
        assert_eq!(Environment::of(|_| None).api_key, None);
    }
}
