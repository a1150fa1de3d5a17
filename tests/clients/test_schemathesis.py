"""schemathesis, from the fake's own /openapi.json: whatever it sends, no 5xx that the recorded servers do not have, and no more memory.

FUZZ_REQUESTS says how many requests in all (1500).
"""

import json
import os
import warnings

import hypothesis
import pytest
import requests
import schemathesis
from conftest import SERVERS
from hypothesis import HealthCheck, Phase

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "1500"))

# what the fake may keep for good: its caches fill up
GROWTH_BYTES = 200 << 20

# what holds every later request; and an engine that is not elastic fails to scale: 500 whatever is asked, vLLM's own answer, which no recording has
LEFT_OUT = {"/pause", "/sleep", "/scale_elastic_ep"}


def crashes(version, path, text):
    """Whether the recorded servers fail at a request of this kind (`crates/rehearsal-fake/tests/fuzz/crashes.rs` has the recordings)."""
    if "image_url" in text:
        return True
    try:
        body = json.loads(text) if text else None
    except ValueError:
        body = {}
    # a validator asks for members before it knows that there are some
    structured = body.get("structured_outputs") if isinstance(body, dict) else None
    if version in ("0.13.0", "0.32.0") and structured is not None and not isinstance(structured, dict):
        return True
    if version == "0.13.0":
        if not isinstance(body, dict):
            return True
        # what is no number is compared with 0
        if any(isinstance(body.get(key), (str, list, dict)) for key in ("prompt_logprobs", "top_logprobs", "logprobs")):
            return True
        schema = body.get("response_format")
        return body.get("max_tokens", 0) is None or isinstance(schema, dict) and schema.get("type") == "json_schema"
    return version.endswith("rust") and ("tool_calls" in text or "chat_template" in text)


def kills(version, text):
    """A negative token id ends 0.13's engine, and some seconds later its process."""
    return version == "0.13.0" and any(f'"{key}"' in text for key in ("prompt", "token_ids")) and "-" in text


# an answer takes the time and the memory of what was asked for; here it is about what stays
MOST_CHOICES = 256


def is_huge(text):
    """Thousands of choices, of up to 2,000 tokens each: vLLM works at it for hours, the fake for a minute."""
    try:
        n = json.loads(text).get("n")
    except (ValueError, AttributeError):
        return False
    return isinstance(n, (int, float)) and n > MOST_CHOICES


def test_whatever_the_schema_allows_or_forbids_is_answered(fake, fakes):
    # the Rust frontend describes itself nowhere: it is asked what the Python frontend takes
    schema = schemathesis.openapi.from_url(fakes["0.32.0" if fake.is_rust else fake.version].url + "/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    operations = [operation for operation in operations if operation.path not in LEFT_OUT]
    # one request is all there is of a route without a body
    described = [operation for operation in operations if list(operation.body)]
    each = max(1, REQUESTS // len(SERVERS) // len(described) // 2)
    before, sent, failures = fake.resident(), 0, []
    session = requests.Session()

    def send(case):
        nonlocal sent
        prepared = case.as_transport_kwargs(base_url=fake.url)
        raw = prepared.get("data") or b""
        text = json.dumps(prepared["json"]) if "json" in prepared else raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
        hypothesis.assume(not kills(fake.version, text) and not is_huge(text))
        sent += 1
        response = case.call(base_url=fake.url, session=session, timeout=20)
        if response.status_code >= 500 and not crashes(fake.version, case.path, text):
            failures.append(f"{response.status_code} from {case.method} {case.path} for {text[:400]}: {response.text[:200]}")
            raise AssertionError(failures[-1])

    for operation in operations:
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            given = hypothesis.given(operation.as_strategy(generation_mode=mode))
            settings = hypothesis.settings(
                max_examples=each, database=None, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
            )
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    settings(given(send))()
            except (hypothesis.errors.Unsatisfiable, schemathesis.errors.SchemathesisError):
                pass  # a route without parameters has nothing to forbid
            except AssertionError:
                pass  # told below, with the others
    grown = fake.resident() - before
    print(f"{fake.version}: {sent} requests to {len(operations)} operations, {grown >> 20} MiB more memory")
    assert not failures, "\n".join(failures)
    assert grown < GROWTH_BYTES
    assert requests.get(fake.url + "/health", timeout=5).status_code == 200
    assert sent >= REQUESTS // len(SERVERS) // 3
