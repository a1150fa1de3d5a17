#!/usr/bin/env bash
# serve.sh VENV MODEL PORT [flags of vllm serve]: a real vLLM on loopback, on CPU, in the foreground. SERVED="name alias" names the model.
# Rust frontend: VLLM_USE_RUST_FRONTEND=1 VLLM_RUST_FRONTEND_PATH=.../vllm-rs, the binary that install.sh takes from the wheel of `vllm`.
set -euo pipefail
venv=$1 model=$2 port=$3
shift 3
# each of its processes compiles thousands of modules anew without this
unset PYTHONDONTWRITEBYTECODE
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1
# gibibytes; the default is half of the machine
export VLLM_CPU_KVCACHE_SPACE="${VLLM_CPU_KVCACHE_SPACE:-1}"
# a barrier between threads that share a core costs ten times the work between them
export VLLM_CPU_OMP_THREADS_BIND=nobind OMP_NUM_THREADS=1
read -ra served <<<"${SERVED:-tiny tiny-alias}"
# half precision kills 0.13's engine on CPU as soon as an output is structured
exec "$venv/bin/vllm" serve "$model" --host 127.0.0.1 --port "$port" --served-model-name "${served[@]}" \
  --max-model-len "${MAX_MODEL_LEN:-4096}" --max-num-seqs 4 --enforce-eager --dtype float32 "$@"
