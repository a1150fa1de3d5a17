"""The same load tool on litellm, a client that many gateways and agents are built on. `rehearsal check --client` sets its environment."""

import json
import os
import time

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the network for prices

import litellm  # noqa: E402


def measured():
    """Seconds to the first content and to the end of the stream, and the output tokens."""
    begun, first, tokens = time.perf_counter(), None, None
    stream = litellm.completion(
        model="openai/" + os.environ["REHEARSAL_MODEL"],
        api_base=os.environ["OPENAI_BASE_URL"],
        messages=[{"role": "user", "content": "Say something."}],
        stream=True,
        stream_options={"include_usage": True},
        num_retries=0,
    )
    for chunk in stream:
        usage = getattr(chunk, "usage", None)
        if usage:
            tokens = usage.completion_tokens
        if first is None and chunk.choices and chunk.choices[0].delta.content:
            first = time.perf_counter() - begun
    return first, time.perf_counter() - begun, tokens


measured()  # the first request loads half of the package
answers, failures = [], 0
for _ in range(int(os.environ["REHEARSAL_REQUESTS"])):
    try:
        answers.append(measured())
    except Exception:
        failures += 1


def mean(values):
    known = [value for value in values if value is not None]
    return 1000 * sum(known) / len(known) if known else None


firsts, ends, tokens = zip(*answers) if answers else ((), (), ())
stated = [count for count in tokens if count is not None]
report = {"successes": len(answers), "failures": failures, "ttft_ms": mean(firsts), "e2el_ms": mean(ends)}
print(json.dumps(report | {"output_tokens": sum(stated) if stated else None}))
