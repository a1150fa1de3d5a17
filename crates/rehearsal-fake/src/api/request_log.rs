//! `--enable-log-requests`: a line of the log for each request that is handed to the engine.

use super::{
    context::Context,
    generation::Job,
    options::RequestLog,
    python::{float_repr, repr},
};
use crate::{
    engine::SamplingParams,
    log::{LogLevel, LogLine, LogProcess},
};

/// Logs the request, prompt by prompt, as vLLM's `RequestLogger` does at its level of information: without the prompt itself.
pub(super) fn received(context: &Context, job: &Job<'_>) {
    if context.app.frontend.request_log == RequestLog::Off {
        return;
    }
    let adapter = job.model.and_then(|name| context.adapters.path(name).map(|path| (name, path)));
    let adapter = adapter.map_or("None".to_owned(), |(name, path)| {
        format!("LoRARequest(lora_name={}, lora_path={})", repr(&name.into()), repr(&path.into()))
    });
    for (index, prompt) in job.prompts.iter().enumerate() {
        // completions number their prompts, chats have one
        let id = if job.messages.is_some() { job.id.to_owned() } else { format!("{}-{index}", job.id) };
        let params = params(&prompt.sampling, job.n);
        context.app.log.line(&LogLine {
            process: LogProcess::ApiServer,
            level: LogLevel::Info,
            text: format!("Received request {id}: params: {params}, lora_request: {adapter}."),
        });
    }
}

/// `SamplingParams.__repr__`, as far as the fake acts on it.
fn params(sampling: &SamplingParams, n: u32) -> String {
    let flag = |flag: bool| if flag { "True" } else { "False" };
    format!(
        "SamplingParams(n={n}, presence_penalty={}, frequency_penalty={}, repetition_penalty={}, temperature={}, top_p={}, top_k={}, \
         min_p={}, seed={}, stop={}, stop_token_ids={:?}, include_stop_str_in_output={}, ignore_eos={}, max_tokens={}, min_tokens={}, \
         skip_special_tokens={})",
        float_repr(sampling.presence_penalty),
        float_repr(sampling.frequency_penalty),
        float_repr(sampling.repetition_penalty),
        float_repr(sampling.temperature),
        float_repr(sampling.top_p),
        sampling.top_k.map_or(0, std::num::NonZeroU32::get),
        float_repr(sampling.min_p),
        sampling.seed.map_or("None".to_owned(), |seed| seed.cast_signed().to_string()),
        repr(&sampling.stop.clone().into()),
        sampling.stop_token_ids,
        flag(sampling.include_stop_str_in_output),
        flag(sampling.ignore_eos),
        sampling.max_tokens,
        sampling.min_tokens,
        flag(sampling.skip_special_tokens),
    )
}
