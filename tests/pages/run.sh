#!/usr/bin/env bash
# run.sh [arguments of pytest]: opens every HTML page that `rehearsal` writes in headless Chromium, clicks through it, and leaves screenshots
# in $CARGO_TARGET_DIR/pages. Installs what it needs: Debian's `chromium` where there is none, and a virtual environment under the target
# folder. CHROMIUM names another browser. Skips, and says so, where one of them cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=tests/pages
target=${CARGO_TARGET_DIR:-target}

skip() {
  echo "SKIPPED pages: $1"
  exit 0
}
command -v python3 >/dev/null || skip "there is no python3"
python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' || skip "python3 is older than 3.10"

chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [ -z "$chromium" ]; then
  root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || skip "there is no Chromium and no sudo to install it; name one with CHROMIUM=PATH"
    root=(sudo -n)
  fi
  command -v apt-get >/dev/null || skip "there is no Chromium and no apt-get; name one with CHROMIUM=PATH"
  log=$(mktemp)
  install=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core)
  "${install[@]}" >"$log" 2>&1 || { "${root[@]}" apt-get update -q >>"$log" 2>&1 && "${install[@]}" >>"$log" 2>&1; } || {
    tail -n 3 "$log"
    skip "Chromium cannot be installed"
  }
  rm -f "$log"
  chromium=$(command -v chromium) || skip "the installed Chromium is not on the path"
fi

venv=$target/pages-$(sha256sum "$here/requirements.txt" | cut -c1-12)
if [ ! -e "$venv/complete" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv" || skip "python3 makes no virtual environment"
  "$venv/bin/pip" install -q -r "$here/requirements.txt" || skip "the package registry does not answer"
  touch "$venv/complete"
fi
cargo build -q --locked --bin rehearsal
mkdir -p "$target/pages"
REHEARSAL="$target/debug/rehearsal" CHROMIUM="$chromium" PAGES="$target/pages" \
  exec "$venv/bin/python" -m pytest -q -p no:cacheprovider --tb=short "$here" "$@"
