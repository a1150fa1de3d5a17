//! The feed-forward parts of all layers: dense, or experts of which a token goes through a few.

use rehearsal_fake::profile::describe::Experts;

use super::config::{Fields, ModelConfigError};

pub(super) struct Layers {
    /// Parameters that one token goes through.
    pub(super) active: f64,
    /// All parameters.
    pub(super) all: f64,
    /// Experts of a layer; `None` in a dense model.
    pub(super) experts: Option<Experts>,
}

impl Layers {
    pub(super) fn of(fields: &Fields<'_>, hidden_size: u32, layers: u32) -> Result<Self, ModelConfigError> {
        // gate, up and down
        let mlp = |width: u32| 3.0 * f64::from(hidden_size) * f64::from(width);
        let experts =
            ["num_experts", "num_local_experts", "n_routed_experts"].into_iter().find_map(|field| fields.maybe(field));
        let Some(experts) = experts else {
            let dense = f64::from(layers) * mlp(fields.count("intermediate_size")?);
            return Ok(Self { active: dense, all: dense, experts: None });
        };
        let active = fields.count("num_experts_per_tok")?;
        if experts < active {
            let what = format!("{active} experts a token, but only {experts} experts; correct the file");
            return Err(fields.contradiction(what));
        }
        let expert = mlp(match fields.maybe("moe_intermediate_size") {
            Some(width) => width,
            None => fields.count("intermediate_size")?,
        });
        let shared = match fields.maybe("shared_expert_intermediate_size") {
            Some(width) => mlp(width),
            None => f64::from(fields.maybe("n_shared_experts").unwrap_or(0)) * expert,
        };
        let dense_layers = fields.maybe("first_k_dense_replace").unwrap_or(0).min(layers);
        let dense = fields.maybe("intermediate_size").map_or(0.0, |width| f64::from(dense_layers) * mlp(width));
        let sparse_layers = f64::from(layers - dense_layers);
        Ok(Self {
            active: dense + sparse_layers * (f64::from(active) * expert + shared),
            all: dense + sparse_layers * (f64::from(experts) * expert + shared),
            experts: Some(Experts { all: experts, active }),
        })
    }
}
