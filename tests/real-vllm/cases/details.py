"""Cached tokens in the usage, request ids in headers."""

from .usage import CONTINUOUS


def record(to, draw):
    def sent(kind):
        return {"X-Request-Id": f"{draw.name().replace('_', '-')}-{kind}"}

    few = draw.between(2, 5)
    to.chat("x-request-id", max_tokens=few, headers=sent("a"))
    to.chat("x-request-id-stream", max_tokens=few, stream=True, headers=sent("b"))
    to.chat("no-request-id", max_tokens=few)
    to.completion("x-request-id", max_tokens=few, headers=sent("c"))
    to.ask("routes/health-request-id", "GET", "/health", None, sent("d"), counted=False)
    to.chat("error-request-id", max_tokens=-few, headers=sent("e"))
    to.ask("routes/load", "GET", "/load", counted=False)
    to.ask("routes/metrics", "GET", "/metrics", counted=False)
    long = draw.long(draw.between(90, 140))
    for time in (1, 2):
        for case, streamed in (("messages-long", False), ("messages-long-stream", True)):
            said = [{"role": "user", "content": f"{case} {long}"}]
            fields = {"model": draw.served[0], "messages": said, "max_tokens": few, "temperature": 0, **({"stream": True} if streamed else {})}
            to.ask(f"routes/{case}-{time}", "POST", "/v1/messages", fields, counted=False)
        fields = {"model": draw.served[0], "input": "E " + long, "max_output_tokens": few, "temperature": 0}
        to.ask(f"routes/responses-long-{time}", "POST", "/v1/responses", fields, counted=False)
    # exactly two or three blocks of 128, ending in a word that the model goes on from
    ids = [draw.between(260, 570) for _ in range(128 * draw.between(2, 3) - 1)] + [draw.token()]
    for time in (1, 2):
        to.completion(f"cached-exact-multiple-{time}", ids, max_tokens=few)
    batch = [ids, ids, [*ids, draw.token()]]
    to.completion("cached-batch", batch, max_tokens=few)
    to.completion("cached-batch-stream", batch, max_tokens=few, **CONTINUOUS)
    to.completion("cached-n2", ids, n=draw.between(2, 3), temperature=0.8, seed=draw.between(1, 99), max_tokens=few)
    to.completion("cached-prompt_logprobs", ids, prompt_logprobs=0, max_tokens=1)
    to.completion("cached-echo", ids, echo=True, max_tokens=few)
    salt = draw.name()
    for case in ("cached-salt-a", "cached-salt-a-2"):
        to.completion(case, ids, max_tokens=few, cache_salt=salt)
