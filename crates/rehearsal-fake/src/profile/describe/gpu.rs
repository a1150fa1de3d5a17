//! GPUs and what connects them.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use super::Arithmetic;

const HARDWARE: &str = include_str!("../../../profiles/hardware.toml");

/// A GPU as its datasheet describes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gpu {
    /// Its name, as the driver tells it.
    pub name: String,
    /// What else it is called.
    pub names: Vec<String>,
    /// Who says all this.
    pub source: String,
    /// Memory that torch sees, in GiB.
    pub memory_gib: f64,
    /// Memory bandwidth in bytes/s.
    pub bandwidth: f64,
    /// Dense 16-bit operations a second.
    pub bf16_flops: f64,
    /// Dense 8-bit floating-point operations a second; `None` where the hardware has none.
    pub fp8_flops: Option<f64>,
    /// Dense 4-bit floating-point operations a second; `None` where the hardware has none.
    pub fp4_flops: Option<f64>,
    /// What usually connects several of them: a key of [`Gpu::link`].
    #[serde(rename = "link")]
    pub link_name: String,
}

/// A connection between GPUs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Microseconds an all-reduce waits for each doubling of the number of GPUs.
    pub hop_us: f64,
    /// Bytes/s each way.
    pub bandwidth: f64,
    /// Who says so.
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HardwareFile {
    gpu: Vec<Gpu>,
    link: BTreeMap<String, Link>,
}

/// Nothing of this name is known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GpuError {
    /// Not a GPU of the table.
    #[error("no GPU `{name}` is known; there are {}", known.join(", "))]
    UnknownGpu {
        /// As asked.
        name: String,
        /// All names.
        known: Vec<String>,
    },
    /// Not a connection of the table.
    #[error("no link `{name}` is known; there are {}", known.join(", "))]
    UnknownLink {
        /// As asked.
        name: String,
        /// All names.
        known: Vec<String>,
    },
}

impl Gpu {
    /// The GPU of this name, in any case.
    ///
    /// ```
    /// use rehearsal_fake::profile::describe::Gpu;
    ///
    /// assert_eq!(Gpu::find("h100 sxm")?.bandwidth, 3.35e12);
    /// assert!(Gpu::find("H1000").unwrap_err().to_string().contains("there are"));
    /// # Ok::<(), rehearsal_fake::profile::describe::GpuError>(())
    /// ```
    pub fn find(name: &str) -> Result<Self, GpuError> {
        let file = hardware();
        let called =
            |gpu: &&Self| std::iter::once(&gpu.name).chain(&gpu.names).any(|other| other.eq_ignore_ascii_case(name));
        file.gpu.iter().find(called).cloned().ok_or_else(|| GpuError::UnknownGpu {
            name: name.to_owned(),
            known: file.gpu.iter().map(|gpu| gpu.names[0].clone()).collect(),
        })
    }

    /// A part of this GPU, such as a MIG slice or a vGPU that is one: its share of memory, bandwidth and operations. That a part has its share
    /// of bandwidth and operations is how MIG divides; nobody has published how fast models run on it.
    #[must_use]
    pub fn slice(&self, share: f64) -> Self {
        Self {
            name: format!("{share} of {}", self.name),
            memory_gib: self.memory_gib * share,
            bandwidth: self.bandwidth * share,
            bf16_flops: self.bf16_flops * share,
            fp8_flops: self.fp8_flops.map(|flops| flops * share),
            fp4_flops: self.fp4_flops.map(|flops| flops * share),
            ..self.clone()
        }
    }

    /// The connection of this name.
    pub fn link(name: &str) -> Result<Link, GpuError> {
        let links = hardware().link;
        let known: Vec<String> = links.keys().cloned().collect();
        links.get(name).cloned().ok_or_else(|| GpuError::UnknownLink { name: name.to_owned(), known })
    }

    /// Dense operations a second on such weights. Without hardware for a type, the next wider one computes.
    #[must_use]
    pub fn flops(&self, arithmetic: Arithmetic) -> f64 {
        let fp8 = self.fp8_flops.unwrap_or(self.bf16_flops);
        match arithmetic {
            Arithmetic::Bf16 => self.bf16_flops,
            Arithmetic::Fp8 => fp8,
            Arithmetic::Fp4 => self.fp4_flops.unwrap_or(fp8),
        }
    }
}

fn hardware() -> HardwareFile {
    toml::from_str(HARDWARE).expect("a test reads the file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gpu_is_found_by_every_name_and_has_a_link() {
        let file = hardware();
        assert!(11 <= file.gpu.len());
        for gpu in &file.gpu {
            for name in std::iter::once(&gpu.name).chain(&gpu.names) {
                assert_eq!(Gpu::find(name).as_ref(), Ok(gpu), "{name}");
            }
            assert!(Gpu::link(&gpu.link_name).unwrap().bandwidth < gpu.bandwidth);
            assert!(
                gpu.bf16_flops <= gpu.flops(Arithmetic::Fp8)
                    && gpu.flops(Arithmetic::Fp8) <= gpu.flops(Arithmetic::Fp4)
            );
        }
    }

    #[test]
    fn unknown_names_list_the_known_ones() {
        let error = Gpu::link("carrier pigeon").unwrap_err().to_string();
        assert!(
            error.starts_with("no link `carrier pigeon` is known; there are infinity-fabric, nvlink-bridge"),
            "{error}"
        );
    }
}
