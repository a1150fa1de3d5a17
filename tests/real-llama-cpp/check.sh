#!/usr/bin/env bash
# Installs llama.cpp's server from PyPI, gives it a tiny random model, and holds it to OpenAI's API.
#
#   tests/real-llama-cpp/check.sh [FOLDER] [ARGUMENTS OF rehearsal check]
#
# FOLDER (build/real-llama-cpp) keeps the virtual environment, the model and the reports.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-build/real-llama-cpp}
[ $# -eq 0 ] || shift
mkdir -p "$folder"

if [ ! -x "$folder/venv/bin/python" ]; then
    python3 -m venv "$folder/venv"
    # wheels only: the sources would take a compiler and half an hour
    "$folder/venv/bin/pip" install --quiet --only-binary :all: xllamacpp==2026.10.11549 gguf==0.19.0
fi
[ -f "$folder/tiny.gguf" ] || "$folder/venv/bin/python" "$here/tiny_gguf.py" "$folder/tiny.gguf"

"$folder/venv/bin/python" "$here/serve.py" "$folder/tiny.gguf" >"$folder/address" 2>"$folder/server.log" &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
    [ ! -s "$folder/address" ] || break
    sleep 0.2
done
[ -s "$folder/address" ] || { echo "the server did not come up; see $folder/server.log" >&2; exit 3; }

"${REHEARSAL:-rehearsal}" check --base-url "$(cat "$folder/address")" --profile openai-spec --seed 7 \
    --output "$folder/report.md" --output "$folder/report.html" "$@"
