//! Memory at start-up against log lines of real servers and the report's starts.

use rehearsal_fake::profile::{
    EngineDefaults, EngineSettings, MemoryFacts, Profile, StartRefusal,
    memory::{KvShape, SamplerWarmUp, sampler_headroom_gib, sampler_need_gib},
};

const GIB: f64 = (1_u64 << 30) as f64;

/// `Available KV cache memory` and `GPU KV cache size` as five real servers printed them.
#[test]
fn tokens_follow_from_memory_as_real_servers_printed_them() {
    let cases = [
        (27.99, 64, 8, 114_624.0),
        (56.86, 64, 8, 232_912.0),
        (69.58, 64, 8, 284_992.0),
        (33.16, 48, 4, 362_224.0),
        (54.32, 64, 4, 445_024.0),
    ];
    for (gib, layers, kv_heads, printed) in cases {
        let shape = KvShape { layers, kv_heads, head_dim: 128, element_bytes: 2 };
        let tokens = (shape.blocks(gib * GIB, 16, 1) * 16) as f64;
        assert!((tokens / printed - 1.0).abs() < 0.0002, "{gib} GiB: {tokens} tokens, printed {printed}");
    }
}

/// The table of starts: what the sampler's warm-up needs, what is left for it, and whether the server started.
#[test]
fn the_sampler_warm_up_runs_out_of_memory_where_it_did() {
    let cases = [
        (95.0, 0.95, 1, 1024, 152_064, 3.34, 3.95, true),
        (95.0, 0.95, 2, 1024, 152_064, 3.34, 2.25, false),
        (95.0, 0.95, 2, 32, 152_064, 0.10, 2.25, true),
        (79.2, 0.95, 2, 1024, 151_936, 3.33, 1.46, false),
        (79.2, 0.92, 2, 1024, 151_936, 3.33, 3.84, true),
        (79.2, 0.90, 2, 1024, 151_936, 3.33, 5.42, true),
    ];
    for (gpu_gib, utilization, tp, requests, vocab, need, headroom, starts) in cases {
        let (needs, has) = (sampler_need_gib(requests, vocab), sampler_headroom_gib(gpu_gib, utilization, tp));
        assert!((needs - need).abs() < 0.006, "{needs} GiB needed, expected {need}");
        assert!((has - headroom).abs() < 0.006, "{has} GiB left, expected {headroom}");
        assert_eq!(needs <= has, starts);
    }
}

fn report(tp: u32) -> Profile {
    Profile::builtin(&format!("report-tp{tp}")).expect("a built-in profile")
}

#[test]
fn the_report_starts_as_it_did() {
    let one = report(1).start_plan().unwrap().unwrap();
    assert!((94_000..=113_000).contains(&one.kv_tokens), "{} tokens", one.kv_tokens);
    let two = report(2).start_plan().unwrap().unwrap();
    assert!((656_000..=694_000).contains(&two.kv_tokens), "{} tokens", two.kv_tokens);

    let mut without_the_flag = report(2);
    without_the_flag.engine.max_num_seqs = None;
    assert_eq!(
        without_the_flag.start_plan().unwrap_err().to_string(),
        "CUDA out of memory occurred when warming up sampler with 1024 dummy requests. Please try lowering \
         `max_num_seqs` or `gpu_memory_utilization` when initializing the engine."
    );
    without_the_flag.memory.as_mut().unwrap().sampler_warm_up = SamplerWarmUp::Skipped;
    without_the_flag.start_plan().unwrap();
}

#[test]
fn a_quantization_flag_that_contradicts_the_checkpoint_is_refused() {
    let facts = report(1).memory.unwrap();
    facts.check_quantization("compressed-tensors").unwrap();
    assert_eq!(
        facts.check_quantization("fp8").unwrap_err().to_string(),
        "Quantization method specified in the model config (compressed-tensors) does not match the quantization \
         method specified in the `quantization` argument (fp8)."
    );
}

#[test]
fn a_cache_without_room_is_refused() {
    let settings = |utilization, max_model_len| EngineSettings {
        max_num_seqs: Some(8),
        max_num_batched_tokens: Some(8192),
        max_model_len,
        block_size: 16,
        gpu_memory_utilization: utilization,
        kv_cache_memory_bytes: None,
        num_gpu_blocks: None,
        defaults: EngineDefaults::for_gpu("any", 24.0),
    };
    let facts = MemoryFacts {
        gpu_gib: 24.0,
        weights_gib: 16.0,
        overhead_gib: 2.0,
        kv: KvShape { layers: 32, kv_heads: 8, head_dim: 128, element_bytes: 2 },
        vocab_size: 128_256,
        sampler_warm_up: SamplerWarmUp::Dummies,
        quantization: None,
    };
    assert_eq!(facts.plan(1, &settings(0.75, 4096)), Err(StartRefusal::NoKvCacheMemory));
    // 128 KiB a token: 3.6 GiB hold 29,488 tokens in whole blocks
    let StartRefusal::ModelLenExceedsKvCache { needed_gib, estimated_max_model_len, .. } =
        facts.plan(1, &settings(0.9, 32_768)).unwrap_err()
    else {
        panic!("another refusal")
    };
    assert!((needed_gib - 4.0).abs() < f64::EPSILON);
    assert_eq!(estimated_max_model_len, 29_488);
    assert_eq!(facts.plan(1, &settings(0.9, 4096)).unwrap().num_gpu_blocks, 1843);
}
