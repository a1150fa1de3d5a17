#!/usr/bin/env bash
# run.sh [arguments of pytest]: the clients that people use, against `rehearsal serve` on a free port. FUZZ_REQUESTS says how many requests
# schemathesis sends (1500). Skips, and says so, where there is no Python or no registry of packages.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=tests/clients
target=${CARGO_TARGET_DIR:-target}

skip() {
  echo "SKIPPED clients: $1"
  exit 0
}
command -v python3 >/dev/null || skip "there is no python3"
python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' || skip "python3 is older than 3.10"

venv=$target/clients-$(sha256sum "$here/requirements.txt" | cut -c1-12)
if [ ! -e "$venv/complete" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv" || skip "python3 makes no virtual environment"
  "$venv/bin/pip" download -q --no-deps --dest "$venv" prometheus-client==0.26.0 2>/dev/null || skip "the package registry does not answer"
  installer=("$venv/bin/pip" install -q)
  if command -v uv >/dev/null; then installer=(uv pip install -q --python "$venv/bin/python"); fi
  "${installer[@]}" -r "$here/requirements.txt"
  touch "$venv/complete"
fi
cargo build -q --locked --bin rehearsal
REHEARSAL="$target/debug/rehearsal" exec "$venv/bin/python" -m pytest -q -p no:cacheprovider --tb=short "$here" "$@"
