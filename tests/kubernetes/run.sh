#!/usr/bin/env bash
# run.sh: validates deploy/kubernetes against the schemas of Kubernetes, offline once its requirements are installed. Skips, and says so,
# where they cannot be.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=tests/kubernetes
target=${CARGO_TARGET_DIR:-target}

skip() {
  echo "SKIPPED kubernetes: $1"
  exit 0
}
command -v python3 >/dev/null || skip "there is no python3"
venv=$target/kubernetes-$(sha256sum "$here/requirements.txt" | cut -c1-12)
if [ ! -e "$venv/complete" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv" || skip "python3 makes no virtual environment"
  "$venv/bin/pip" install -q -r "$here/requirements.txt" || skip "the package registry does not answer"
  touch "$venv/complete"
fi
exec "$venv/bin/python" "$here/validate.py" deploy/kubernetes
