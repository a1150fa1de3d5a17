//! The attention of a layer: its parameters, and what it keeps of a token.

use super::config::{Fields, ModelConfigError};

pub(super) struct Attention {
    pub(super) heads: u32,
    pub(super) kv_heads: u32,
    pub(super) head_dim: u32,
    /// Parameters of its linear layers.
    pub(super) parameters: f64,
}

impl Attention {
    pub(super) fn of(fields: &Fields<'_>, hidden_size: u32) -> Result<Self, ModelConfigError> {
        let heads = fields.count("num_attention_heads")?;
        if let Some(rank) = fields.maybe("kv_lora_rank") {
            return Self::latent(fields, hidden_size, heads, rank);
        }
        let kv_heads = fields.maybe("num_key_value_heads").unwrap_or(heads);
        if !heads.is_multiple_of(kv_heads) {
            let what = format!("{heads} attention heads are not a multiple of {kv_heads} KV heads; correct the file");
            return Err(fields.contradiction(what));
        }
        let head_dim = fields.maybe("head_dim").unwrap_or(hidden_size / heads);
        let width = f64::from(hidden_size);
        let parameters = f64::from(head_dim) * width * (2.0 * f64::from(heads) + 2.0 * f64::from(kv_heads));
        Ok(Self { heads, kv_heads, head_dim, parameters })
    }

    /// DeepSeek's: one compressed vector a token, and a part of the key that carries the position.
    fn latent(fields: &Fields<'_>, hidden_size: u32, heads: u32, rank: u32) -> Result<Self, ModelConfigError> {
        let rope = fields.count("qk_rope_head_dim")?;
        let nope = fields.count("qk_nope_head_dim")?;
        let value = fields.count("v_head_dim")?;
        let [width, all, rank_width, rope_width, nope_width, value_width] =
            [hidden_size, heads, rank, rope, nope, value].map(f64::from);
        let query = all * (nope_width + rope_width);
        let queries = match fields.maybe("q_lora_rank").map(f64::from) {
            Some(query_rank) => width * query_rank + query_rank * query,
            None => width * query,
        };
        let keys = width * (rank_width + rope_width) + rank_width * all * (nope_width + value_width);
        let parameters = queries + keys + all * value_width * width;
        Ok(Self { heads, kv_heads: 1, head_dim: (rank + rope).div_ceil(2), parameters })
    }
}
