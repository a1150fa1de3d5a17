"""litellm, as a library and as the proxy in front of the fake."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import litellm
import openai
import pytest

# the proxy does not start without one
KEY = "sk-front"
SAID = [{"role": "user", "content": "Name three rivers."}]


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_the_library_answers_and_streams(fake, provider):
    asked = {"model": f"{provider}/{fake.model}", "api_base": fake.v1, "api_key": "none", "messages": SAID, "max_tokens": 9, "temperature": 0}
    whole = litellm.completion(**asked)
    assert whole.choices[0].message.content and whole.usage.completion_tokens == 9
    chunks = list(litellm.completion(**asked, stream=True, stream_options={"include_usage": True}))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == whole.choices[0].message.content


@pytest.fixture(scope="session")
def proxy(fakes, tmp_path_factory):
    """litellm's proxy in front of all of them, on a port that was free a moment ago: it takes no socket and tells no port."""
    folder = tmp_path_factory.mktemp("proxy")
    config = folder / "config.yaml"
    models = [
        {"model_name": fake.version, "litellm_params": {"model": f"hosted_vllm/{fake.model}", "api_base": fake.v1, "api_key": "none"}}
        for fake in fakes.values()
    ]
    config.write_text(json.dumps({"model_list": models}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).with_name("litellm"), "--config", config, "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env={**os.environ, "LITELLM_MASTER_KEY": KEY})
    url = f"http://127.0.0.1:{port}"
    try:
        # importing it takes seconds
        for _ in range(600):
            assert process.poll() is None, (folder / "log").read_text()
            try:
                if httpx.get(url + "/health/liveliness").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_the_proxy_passes_answers_streams_and_usage_on(fake, proxy):
    behind = openai.OpenAI(base_url=fake.v1, api_key="none", max_retries=0)
    front = openai.OpenAI(base_url=proxy, api_key=KEY, max_retries=0)
    asked = {"messages": SAID, "max_tokens": 9, "temperature": 0}
    direct = behind.chat.completions.create(model=fake.model, **asked)
    whole = front.chat.completions.create(model=fake.version, **asked)
    assert whole.choices[0].message.content == direct.choices[0].message.content
    assert whole.usage.completion_tokens == 9 and whole.usage.prompt_tokens == direct.usage.prompt_tokens
    chunks = list(front.chat.completions.create(model=fake.version, **asked, stream=True, stream_options={"include_usage": True}))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == direct.choices[0].message.content
    assert [chunk.usage.completion_tokens for chunk in chunks if chunk.usage][-1] == 9
