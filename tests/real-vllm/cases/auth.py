"""Keys: the right one, a wrong one, none; on every kind of door."""


def record(to, draw):
    key = to.server.api_key

    def doors():
        few = draw.between(2, 5)
        yield "chat", "POST", "/v1/chat/completions", {"model": draw.model(), "messages": draw.messages(), "max_tokens": few}
        yield "chat-stream", "POST", "/v1/chat/completions", {"model": draw.model(), "messages": draw.messages(), "max_tokens": few, "stream": True}
        yield "tokenize", "POST", "/tokenize", {"model": draw.model(), "prompt": draw.text()}
        yield "malformed", "POST", "/v1/chat/completions", draw.one(b"{", b'{"model"', b"[")
        yield "options", "OPTIONS", "/v1/chat/completions", None
        yield "unknown", "GET", f"/v1/{draw.name()}", None
        for case, path in {"models": "/v1/models", "health": "/health", "metrics": "/metrics", "version": "/version", "load": "/load"}.items():
            yield case, "GET", path, None

    # the recorder's own scrapes need no key: /metrics is open
    for name, sent in {"right": key, "wrong": draw.name(), "none": None}.items():
        headers = {"Authorization": sent and f"Bearer {sent}"}
        for case, method, path, body in doors():
            to.ask(f"auth/{name}-{case}", method, path, body, headers, counted=False)
    for case, headers in {
        "basic-scheme": {"Authorization": f"Basic {key}"},
        "lowercase-bearer": {"Authorization": f"{draw.one('bearer', 'BEARER')} {key}"},
        "x-api-key": {"Authorization": None, "x-api-key": key},
    }.items():
        to.ask("auth/" + case, "GET", "/v1/models", None, headers, counted=False)
