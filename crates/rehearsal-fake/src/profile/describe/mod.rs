//! Descriptions from which step time and memory follow where nothing is measured: a GPU, a model, how many GPUs share it.
//!
//! What a datasheet says is far from what a machine does: over published runs, step times from datasheets alone are off by 36 % in the
//! median. So [`Physics::expected`] never comes alone; [`Physics::spread`] says how far off it may be, and calibration starts from there.

mod gpu;
mod model;
mod physics;

pub use self::{
    gpu::{Gpu, GpuError, Link},
    model::{Arithmetic, Experts, ModelError, ModelShape},
    physics::{Coefficients, Physics},
};
