//! Configurations of published models against what their makers say of them: parameters in all and for each token, KV cache, checkpoint size.

use rehearsal_fake::profile::describe::{Arithmetic, ModelShape};

use super::model_config;

fn model(text: &str) -> ModelShape {
    model_config(text, "config.json").unwrap()
}

/// Billions of parameters in all and for each token; each embedding counts once in all, and the head once for each token.
#[track_caller]
fn check_parameters(model: &ModelShape, vision: f64, all: f64, active: f64) {
    let vocabulary = f64::from(model.vocab_size) * f64::from(model.hidden_size);
    let embeddings = (model.other_bytes - vision * 2e9) / 2.0 / vocabulary;
    let got = (model.linear_parameters + embeddings * vocabulary) / 1e9 + vision;
    assert!((got / all - 1.0).abs() < 0.005, "{got} B in all, published {all}");
    let got = (model.active_parameters + vocabulary) / 1e9;
    assert!((got / active - 1.0).abs() < 0.03, "{got} B a token, published {active}");
}

/// Meta: 70.6 B, 80 layers of 8 KV heads of 128 elements; 320 KiB a token in BF16.
#[test]
fn a_dense_model_with_grouped_queries() {
    let model = model(
        r#"{"hidden_size": 8192, "intermediate_size": 28672, "num_hidden_layers": 80, "num_attention_heads": 64, "num_key_value_heads": 8,
        "vocab_size": 128256, "max_position_embeddings": 131072, "tie_word_embeddings": false}"#,
    );
    check_parameters(&model, 0.0, 70.6, 69.5);
    assert_eq!((model.kv(2).bytes_per_token(1), model.kv(2).bytes_per_token(8)), (327_680, 40_960));
    assert_eq!(model.arithmetic, Arithmetic::Bf16);
}

/// Mistral: 46.7 B in all, 12.9 B a token.
#[test]
fn mixtral_has_eight_experts_of_which_two_work() {
    let model = model(
        r#"{"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
        "num_local_experts": 8, "num_experts_per_tok": 2, "vocab_size": 32000, "tie_word_embeddings": false}"#,
    );
    check_parameters(&model, 0.0, 46.7, 12.9);
}

/// Qwen: 30.5 B in all, 3.3 B a token with both embeddings, 3.0 with the head alone.
#[test]
fn qwen3_30b_a3b_has_experts_narrower_than_its_intermediate_size() {
    let model = model(
        r#"{"hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4,
        "head_dim": 128, "moe_intermediate_size": 768, "num_experts": 128, "num_experts_per_tok": 8, "vocab_size": 151936,
        "tie_word_embeddings": false}"#,
    );
    check_parameters(&model, 0.0, 30.5, 3.05);
    // by hand: 16 requests touch 128 · (1 - (15 / 16)^16) = 82.42 experts of 3 · 2048 · 768 parameters in each of 48 layers, not 8
    let more = 48.0 * 3.0 * 2048.0 * 768.0 * 2.0 * (82.4225 - 8.0);
    assert!(((model.streamed_bytes_of(16.0) - model.streamed_bytes()) / more - 1.0).abs() < 1e-4);
    assert!(model.streamed_bytes_of(1e9) < model.weight_bytes());
}

/// DeepSeek: 671 B in all, 37 B a token; 512 + 64 elements of cache a layer and token. FP8 in blocks of 128 by 128.
#[test]
fn deepseek_v3_has_latent_attention_a_shared_expert_and_three_dense_layers() {
    let model = model(
        r#"{"hidden_size": 7168, "intermediate_size": 18432, "num_hidden_layers": 61, "num_attention_heads": 128, "num_key_value_heads": 128,
        "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
        "first_k_dense_replace": 3, "moe_intermediate_size": 2048, "n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 8,
        "vocab_size": 129280, "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]}}"#,
    );
    check_parameters(&model, 0.0, 671.0, 37.0);
    assert_eq!(model.kv(2).bytes_per_token(8), 61 * 576 * 2);
    assert_eq!((model.arithmetic, model.quantization.as_deref()), (Arithmetic::Fp8, Some("fp8")));
}

/// OpenAI: 116.8 B in all, 5.1 B a token, in MXFP4: 4.25 bits a weight.
#[test]
fn gpt_oss_lies_in_four_bits_and_a_quarter() {
    let model = model(
        r#"{"hidden_size": 2880, "intermediate_size": 2880, "num_hidden_layers": 36, "num_attention_heads": 64, "num_key_value_heads": 8,
        "head_dim": 64, "num_local_experts": 128, "num_experts_per_tok": 4, "vocab_size": 201088, "tie_word_embeddings": false,
        "quantization_config": {"quant_method": "mxfp4"}}"#,
    );
    check_parameters(&model, 0.0, 116.8, 5.1);
    assert!((model.parameter_bytes * 8.0 - 4.25).abs() < 1e-12);
}

/// Qwen: 8.29 B in all, of which 0.675 B see.
#[test]
fn a_vision_tower_counts_in_memory_and_not_in_a_step() {
    let model = model(
        r#"{"hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4,
        "vocab_size": 152064, "tie_word_embeddings": false,
        "vision_config": {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "out_hidden_size": 3584}}"#,
    );
    check_parameters(&model, 0.675, 8.29, 7.07);
}

/// Tied embeddings lie in memory once. Qwen: 0.49 B, 0.36 B without the embedding.
#[test]
fn tied_embeddings_count_once() {
    let model = model(
        r#"{"hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
        "vocab_size": 151936, "tie_word_embeddings": true}"#,
    );
    assert!((model.linear_parameters / 0.358e9 - 1.0).abs() < 0.01, "{}", model.linear_parameters);
    check_parameters(&model, 0.0, 0.494, 0.494);
}

/// Checkpoints on the hub, in GB: AWQ and GPTQ of Qwen2.5-72B have 41.6, its FP8 77; the rest by the bits of a weight.
#[test]
fn quantized_checkpoints_have_their_published_sizes() {
    let sized = |quantization: &str| {
        model(&format!(
            r#"{{"hidden_size": 8192, "intermediate_size": 29568, "num_hidden_layers": 80, "num_attention_heads": 64,
            "num_key_value_heads": 8, "vocab_size": 152064, "tie_word_embeddings": false, "quantization_config": {quantization}}}"#
        ))
    };
    let cases = [
        (r#"{"quant_method": "awq", "bits": 4, "group_size": 128}"#, 41.6, Arithmetic::Bf16),
        (r#"{"quant_method": "gptq", "bits": 4, "group_size": 128}"#, 41.6, Arithmetic::Bf16),
        (r#"{"quant_method": "gptq", "bits": 8, "group_size": 128}"#, 76.0, Arithmetic::Bf16),
        (
            r#"{"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float"}}}}"#,
            76.0,
            Arithmetic::Fp8,
        ),
        (
            r#"{"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"num_bits": 4, "type": "int"}}}}"#,
            41.6,
            Arithmetic::Bf16,
        ),
        (r#"{"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized"}"#, 44.5, Arithmetic::Fp4),
        (r#"{"quant_method": "modelopt", "quant_algo": "NVFP4"}"#, 44.5, Arithmetic::Fp4),
        (r#"{"quant_method": "modelopt", "quant_algo": "FP8"}"#, 76.0, Arithmetic::Fp8),
        (r#"{"quant_method": "fbgemm_fp8"}"#, 76.0, Arithmetic::Fp8),
    ];
    for (quantization, gigabytes, arithmetic) in cases {
        let model = sized(quantization);
        let got = model.weight_bytes() / 1e9;
        assert!((got / gigabytes - 1.0).abs() < 0.02, "{quantization}: {got} GB, published {gigabytes}");
        assert_eq!(model.arithmetic, arithmetic, "{quantization}");
    }
}
