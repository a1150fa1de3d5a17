//! The lines of start-up. Source of their wording and order: the logs of real servers, 0.13.0 and 0.32.0.

use std::time::Duration;

use super::Phase;
use crate::{
    engine::EngineConfig,
    log::{LogLevel, LogLine, LogProcess},
    profile::{Profile, StartRefusal},
    version::{StartupLog, VllmVersion},
};

/// What start-up tells of.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) version: VllmVersion,
    pub(crate) wording: StartupLog,
    pub(crate) model: &'a str,
    pub(crate) profile: &'a Profile,
    /// Where it will be reached.
    pub(crate) url: String,
    /// How long the whole takes.
    pub(crate) takes: Duration,
}

/// The phases in order.
pub(crate) fn phases(facts: &Facts<'_>, config: &EngineConfig) -> Vec<Phase> {
    let budget = Some(config.max_num_batched_tokens).filter(|_| config.enable_chunked_prefill);
    let configured = configuration(facts, config.max_model_len, budget);
    vec![configured, loading(facts, config.max_model_len), memory(facts, config), ready(facts), serving(facts)]
}

/// The phases of a start that ends with an error.
pub(crate) fn refused(facts: &Facts<'_>, refusal: &StartRefusal) -> Vec<Phase> {
    let settings = &facts.profile.engine;
    let budget = Some(settings.limits().max_num_batched_tokens);
    let error = LogLine { level: LogLevel::Error, ..engine(refusal.to_string()) };
    vec![
        configuration(facts, settings.max_model_len, budget),
        loading(facts, settings.max_model_len),
        Phase { begins: 0.7, lines: vec![error] },
    ]
}

fn configuration(facts: &Facts<'_>, max_model_len: u32, chunked_budget: Option<u32>) -> Phase {
    let mut lines = vec![api(format!("vLLM API server version {}", facts.version.release()))];
    if let Some(architecture) = architecture(facts.model) {
        lines.push(api(format!("Resolved architecture: {architecture}")));
    }
    lines.push(api(format!("Using max model len {max_model_len}")));
    if let Some(budget) = chunked_budget {
        lines.push(api(format!("Chunked prefill is enabled with max_num_batched_tokens={budget}.")));
    }
    Phase { begins: 0.0, lines }
}

fn loading(facts: &Facts<'_>, max_model_len: u32) -> Phase {
    let (release, model, parallel) = (facts.version.release(), facts.model, facts.profile.tensor_parallel);
    let config = format!(
        "Initializing a V1 LLM engine (v{release}) with config: model='{model}', tensor_parallel_size={parallel}, \
         max_seq_len={max_model_len}"
    );
    Phase { begins: 0.1, lines: vec![engine(config), engine(format!("Starting to load model {model}..."))] }
}

fn memory(facts: &Facts<'_>, config: &EngineConfig) -> Phase {
    let mut lines = Vec::new();
    if let Some(memory) = &facts.profile.memory {
        let weights = memory.weights_gib / f64::from(facts.profile.tensor_parallel);
        let seconds = facts.takes.as_secs_f64() * 0.6;
        lines.push(engine(format!("Model loading took {weights:.4} GiB memory and {seconds:.6} seconds")));
    }
    if let Ok(Some(plan)) = facts.profile.start_plan() {
        lines.push(engine(format!("Available KV cache memory: {:.2} GiB", plan.kv_cache_gib)));
    }
    // a request holds whole blocks, which is what the concurrency counts (`get_max_concurrency_for_kv_cache_config`)
    let blocks_per_request = config.max_model_len.div_ceil(config.block_size);
    let concurrency = f64::from(config.num_gpu_blocks) / f64::from(blocks_per_request);
    let block_tokens = u64::from(config.num_gpu_blocks) * u64::from(config.block_size);
    let length = grouped(u64::from(config.max_model_len));
    match facts.wording {
        StartupLog::Separate => lines.extend([
            engine(format!("GPU KV cache size: {} tokens", grouped(block_tokens))),
            engine(format!("Maximum concurrency for {length} tokens per request: {concurrency:.2}x")),
        ]),
        StartupLog::Joined => {
            let tokens =
                u64::from(config.num_gpu_blocks) * u64::from(config.max_model_len) / u64::from(blocks_per_request);
            let tokens = grouped(tokens);
            lines.push(engine(format!(
                "GPU KV cache size: {tokens} tokens, Maximum concurrency for {length} tokens per request: {concurrency:.2}x"
            )));
        }
    }
    Phase { begins: 0.7, lines }
}

fn ready(facts: &Facts<'_>) -> Phase {
    let seconds = facts.takes.as_secs_f64() * 0.25;
    let unit = match facts.wording {
        StartupLog::Separate => "seconds",
        StartupLog::Joined => "s",
    };
    let took = engine(format!("init engine (profile, create kv cache, warmup model) took {seconds:.2} {unit}"));
    Phase { begins: 0.95, lines: vec![took] }
}

fn serving(facts: &Facts<'_>) -> Phase {
    let url = &facts.url;
    let starting = match facts.wording {
        StartupLog::Separate => format!("Starting vLLM API server 0 on {url}"),
        StartupLog::Joined => format!("Starting vLLM server on {url}"),
    };
    let started = format!("Started server process [{}]", std::process::id());
    let lines = vec![api(starting), uvicorn(started), uvicorn("Waiting for application startup.")];
    Phase { begins: 1.0, lines }
}

/// The line after which the port answers.
pub(crate) fn complete() -> LogLine {
    uvicorn("Application startup complete.")
}

/// The class that vLLM names for models of these names.
fn architecture(model: &str) -> Option<&'static str> {
    let model = model.to_lowercase();
    let known = [
        ("qwen2.5-vl", "Qwen2_5_VLForConditionalGeneration"),
        ("qwen2.5", "Qwen2ForCausalLM"),
        ("qwen3", "Qwen3ForCausalLM"),
        ("llama", "LlamaForCausalLM"),
        ("mistral", "MistralForCausalLM"),
    ];
    known.into_iter().find(|(part, _)| model.contains(part)).map(|(_, class)| class)
}

fn api(text: impl Into<String>) -> LogLine {
    LogLine { process: LogProcess::ApiServer, level: LogLevel::Info, text: text.into() }
}

fn uvicorn(text: impl Into<String>) -> LogLine {
    LogLine { level: LogLevel::Uvicorn, ..api(text) }
}

fn engine(text: impl Into<String>) -> LogLine {
    LogLine { process: LogProcess::EngineCore, ..api(text) }
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if 0 < index && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(version: &str, wording: StartupLog, max_model_len: u32) -> String {
        let profile = Profile::builtin("instant").unwrap();
        let facts = Facts {
            version: version.parse().unwrap(),
            wording,
            model: "tiny",
            profile: &profile,
            url: "http://127.0.0.1:18013".to_owned(),
            takes: Duration::ZERO,
        };
        let mut config = profile.engine_config().unwrap();
        (config.num_gpu_blocks, config.block_size, config.max_model_len) = (8192, 128, max_model_len);
        let lines = phases(&facts, &config).into_iter().flat_map(|phase| phase.lines);
        lines.map(|line| line.text + "\n").collect()
    }

    /// The figures of the recorded servers: 8,192 blocks of 128 tokens, a context of 512.
    #[test]
    fn the_kv_cache_is_told_as_the_recorded_servers_told_it() {
        let old = said("0.13.0", StartupLog::Separate, 512);
        assert!(
            old.contains(
                "GPU KV cache size: 1,048,576 tokens\nMaximum concurrency for 512 tokens per request: 2048.00x"
            ),
            "{old}"
        );
        assert!(old.contains("Starting vLLM API server 0 on http://127.0.0.1:18013"), "{old}");
        let new = said("0.32.0", StartupLog::Joined, 512);
        let line = "GPU KV cache size: 1,048,576 tokens, Maximum concurrency for 512 tokens per request: 2048.00x";
        assert!(new.contains(line), "{new}");
        assert!(new.contains("Starting vLLM server on"), "{new}");
    }

    /// 8,192 blocks hold 1,638 requests of 5 blocks; 0.32 counts only the 600 tokens of each.
    #[test]
    fn a_context_of_no_whole_blocks_makes_the_two_differ() {
        assert!(
            said("0.13.0", StartupLog::Separate, 600)
                .contains("1,048,576 tokens\nMaximum concurrency for 600 tokens per request: 1638.40x")
        );
        assert!(
            said("0.32.0", StartupLog::Joined, 600)
                .contains("983,040 tokens, Maximum concurrency for 600 tokens per request: 1638.40x")
        );
    }
}
