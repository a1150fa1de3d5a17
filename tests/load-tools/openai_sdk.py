"""A load tool of thirty lines, as people write them on the openai SDK. `rehearsal check --client` sets its environment."""

import json
import os
import time

from openai import OpenAI

client = OpenAI()


def measured():
    """Seconds to the first content and to the end of the stream, and the output tokens."""
    begun, first, tokens = time.perf_counter(), None, None
    stream = client.chat.completions.create(
        model=os.environ["REHEARSAL_MODEL"],
        messages=[{"role": "user", "content": "Say something."}],
        stream=True,
        stream_options={"include_usage": True},
    )
    for chunk in stream:
        if chunk.usage:
            tokens = chunk.usage.completion_tokens
        if first is None and chunk.choices and chunk.choices[0].delta.content:
            first = time.perf_counter() - begun
    return first, time.perf_counter() - begun, tokens


measured()  # the SDK builds its types during the first request
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
