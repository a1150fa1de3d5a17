//! vLLM's flags of the model: its defaults, its adapters, its images.

use clap::Args;

/// Adapters, images, defaults of sampling.
#[derive(Args, Debug)]
#[command(next_help_heading = "vLLM: model")]
pub(crate) struct ModelFlags {
    /// Folder whose `generation_config.json` has what requests leave out; auto looks into the model's, vllm nowhere
    #[arg(long, value_name = "FOLDER", default_value = "auto")]
    pub(crate) generation_config: String,

    /// The same, as a JSON object such as `{"temperature": 0.7}`
    #[arg(long, value_name = "JSON")]
    pub(crate) override_generation_config: Option<String>,

    /// Serve adapters
    #[arg(long)]
    pub(crate) enable_lora: bool,

    /// Adapters to serve: NAME=PATH, or JSON with name and path; wants --enable-lora
    #[arg(long, value_name = "ADAPTER")]
    pub(crate) lora_modules: Vec<String>,

    /// Images that one prompt may hold, a JSON object such as `{"image": 2}`
    #[arg(long, value_name = "JSON")]
    pub(crate) limit_mm_per_prompt: Option<String>,

    /// How images are processed, a JSON object such as `{"max_pixels": 200704}`
    #[arg(long, value_name = "JSON")]
    pub(crate) mm_processor_kwargs: Option<String>,

    /// Let requests say how their images are processed [0.13 always does]
    #[arg(long)]
    pub(crate) trust_request_mm_kwargs: bool,

    /// Folder below which `file:` URLs of images are read
    #[arg(long, value_name = "PATH")]
    pub(crate) allowed_local_media_path: Option<String>,
}
