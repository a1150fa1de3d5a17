#!/usr/bin/env bash
# run.sh [arguments of rehearsal check]: puts our own load generator and two SDKs from PyPI on the cases for clients, and prints the table of
# docs/conformance/clients.md. Further recordings may be named in RECORDINGS. Give `--pace 4 --tolerance 0.2` on a machine that is busy.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/tests/load-tools
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")

command -v python3 >/dev/null || { echo "SKIPPED load tools: there is no python3"; exit 0; }
venv=$target/load-tools-$(sha256sum "$here/requirements.txt" | cut -c1-12)
if [ ! -e "$venv/complete" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q -r "$here/requirements.txt" || { echo "SKIPPED load tools: the package registry does not answer"; exit 0; }
  touch "$venv/complete"
fi
cargo build -q --locked --bin rehearsal
rehearsal=$target/debug/rehearsal
out=$target/load-tools
mkdir -p "$out"

# a client that fails cases is what this is about: exit code 4
judged() { "$rehearsal" check "$@" >/dev/null || [ $? = 4 ]; }
judged --own-client --output "$out/own.json"
cd "$here"
export PATH=$venv/bin:$PATH
for sdk in openai litellm; do
  version=$(sed -n "s/^$sdk==//p" requirements.txt)
  judged --client "python ${sdk}_sdk.py" --client-name "$sdk $version (script)" --client-warmup 1 "$@" --output "$out/$sdk.json"
done
# shellcheck disable=SC2086
python3 table.py "$out/own.json" "$out/openai.json" "$out/litellm.json" ${RECORDINGS:-}
"$rehearsal" page "$out"/{own,openai,litellm}.json ${RECORDINGS:-} --output "$out/clients.html"
