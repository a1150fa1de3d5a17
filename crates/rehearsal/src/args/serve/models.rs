//! vLLM's flags of what stands beside the model: adapters and images.

use clap::Args;

/// Adapters and images.
#[derive(Args, Debug)]
#[command(next_help_heading = "vLLM: adapters and images")]
pub(crate) struct ModelFlags {
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
