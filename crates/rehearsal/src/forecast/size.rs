//! Sizes of machines that can be rented.

use rehearsal_fake::profile::describe::{Gpu, GpuError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Price;

/// A size of Azure's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Its whole name, such as `Standard_NC40ads_H100_v5`.
    pub name: String,
    /// The series it belongs to.
    pub family: String,
    /// Its GPU.
    pub gpu: String,
    /// How many; a part where the GPU is shared.
    pub gpus: f64,
    /// Memory of each, or of the part, in GB as the vendor counts.
    pub gpu_memory_gb: f64,
    /// Virtual CPUs.
    pub vcpus: u32,
    /// Main memory in GB; `None` where it could not be verified.
    pub ram_gb: Option<u32>,
    /// What connects its GPUs.
    pub interconnect: Option<String>,
    /// The same as a name that the table of links has, where it is not what is usual for the GPU.
    pub link: Option<String>,
    /// For a size that no longer deploys, the one that replaces it.
    pub successor: Option<String>,
    /// Who says all this.
    pub source: String,
    /// Known prices; the first one is used, further ones are of other regions or sources that disagree.
    #[serde(default)]
    pub prices: Vec<Price>,
}

impl Size {
    /// The name without what all names of the series share: `NC288ds_xl` for `Standard_NC288ds_xl_RTXPRO6000BSE_v6`.
    #[must_use]
    pub fn short_name(&self) -> &str {
        let name = self.name.strip_prefix("Standard_").unwrap_or(&self.name);
        name.split_once("_RTXPRO6000BSE").map_or(name, |(short, _)| short)
    }

    /// Whether `name` means this size, whole or short, in any case.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        [self.name.as_str(), self.name.trim_start_matches("Standard_"), self.short_name()]
            .into_iter()
            .any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Its GPU as the table of hardware describes it: of this memory where there are several, and only the part that the size has of it.
    pub fn described_gpu(&self) -> Result<Gpu, GpuError> {
        let whole_gb = self.gpu_memory_gb / self.gpus.min(1.0);
        let gpu = Gpu::find(&format!("{} {whole_gb:.0}GB", self.gpu)).or_else(|_| Gpu::find(&self.gpu))?;
        Ok(if self.gpus < 1.0 { gpu.slice(self.gpus) } else { gpu })
    }

    /// Whole GPUs that a model can be split over; one for a part of a GPU.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a handful")]
    pub fn whole_gpus(&self) -> u32 {
        self.gpus.max(1.0) as u32
    }

    /// For a size that no longer deploys: that it does not, and what does.
    #[must_use]
    pub fn withdrawal(&self) -> Option<String> {
        let successor = self.successor.as_ref()?;
        Some(format!("{} was a preview size and no longer deploys; {successor} replaces it", self.name))
    }
}

/// No size of this name is known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no Azure size `{name}` is known; did you mean `{nearest}`? there are {}", known.join(", "))]
pub struct UnknownSize {
    /// As asked.
    pub name: String,
    /// The known name that differs least.
    pub nearest: String,
    /// All short names.
    pub known: Vec<String>,
}

impl UnknownSize {
    pub(super) fn new(name: &str, sizes: &[Size]) -> Self {
        let known: Vec<String> = sizes.iter().map(|size| size.short_name().to_owned()).collect();
        let wanted = name.trim_start_matches("Standard_");
        let nearest = known.iter().min_by_key(|known| strsim::damerau_levenshtein(wanted, known)).cloned();
        Self { name: name.to_owned(), nearest: nearest.unwrap_or_default(), known }
    }
}
