"""The fake as a process, one for each server that is imitated, and what a test needs of it."""

import os
import subprocess
import threading
from dataclasses import dataclass

import httpx
import pytest

# else litellm asks the network for prices, and waits
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

MODEL = "own-model"
VISION = "Qwen/Qwen2.5-VL-7B-Instruct"
FLAGS = ["--host", "127.0.0.1", "--port", "0", "--profile", "instant", "--max-model-len", "2048", "--enable-auto-tool-choice", "--tool-call-parser", "hermes"]
SERVERS = ["0.13.0", "0.32.0", "0.32.0-rust"]


@dataclass
class Fake:
    version: str
    model: str
    url: str
    process: subprocess.Popen
    # what it said on stderr, read as it comes: a full pipe would hold its access log, and so every answer
    said: list
    reader: threading.Thread

    @property
    def is_rust(self):
        return self.version.endswith("rust")

    @property
    def v1(self):
        return self.url + "/v1"

    def tokens(self, **asked):
        """How many tokens the fake's own tokenizer counts."""
        return httpx.post(self.url + "/tokenize", json={"model": self.model, **asked}).json()["count"]

    def resident(self):
        """Bytes of memory."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def started(version, model, flags):
    """Starts the fake; the line that begins with `serving` tells where it listens, from then on."""
    command = [os.environ["REHEARSAL"], "serve", model, *FLAGS, "--vllm-version", version, *flags]
    environment = {key: value for key, value in os.environ.items() if key != "OPENAI_API_KEY"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment)
    said = []
    for line in process.stderr:
        said.append(line)
        for word in line.split() if line.startswith("serving ") else ():
            if word.startswith("http://"):
                reader = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
                reader.start()
                return Fake(version, model, word.rstrip("/,."), process, said, reader)
    raise RuntimeError(f"{' '.join(command)} ended: {''.join(said)}")


def stopped(fake):
    died = fake.process.poll()
    fake.process.terminate()
    fake.process.wait(timeout=10)
    fake.reader.join(timeout=10)
    rest = "".join(fake.said)
    assert died is None and "panicked" not in rest, f"the fake of {fake.version} died: {rest[-4000:]}"


@pytest.fixture(scope="session")
def fakes():
    """One of each, by version."""
    fakes = {version: started(version, MODEL, []) for version in SERVERS}
    yield fakes
    for fake in fakes.values():
        stopped(fake)


@pytest.fixture(scope="session", params=SERVERS)
def fake(request, fakes):
    return fakes[request.param]


@pytest.fixture(scope="session", params=["0.13.0", "0.32.0"])
def vision(request):
    """The same with a model that sees."""
    fake = started(request.param, VISION, ["--start-anyway"])
    yield fake
    stopped(fake)


@pytest.fixture
def python_frontend(fake):
    """A fake whose frontend has Responses and Messages."""
    if fake.is_rust:
        pytest.skip("the Rust frontend has no such route")
    return fake


@pytest.fixture
def forces_calls(fake):
    """A fake whose grammar makes any model call the tool that a request demands."""
    if fake.is_rust:
        pytest.skip("no recording tells whether the Rust frontend makes a model call that would not: theirs called by itself")
    return fake
