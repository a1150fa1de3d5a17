"""Every other route."""

from .usage import EVERY

PLAIN = {
    "health": ("GET", "/health"), "health-head": ("HEAD", "/health"), "health-post": ("POST", "/health"), "ping": ("GET", "/ping"), "ping-post": ("POST", "/ping"),
    "version": ("GET", "/version"), "models": ("GET", "/v1/models"), "models-post": ("POST", "/v1/models"), "root": ("GET", "/"), "v1": ("GET", "/v1"),
    "load": ("GET", "/load"), "metrics": ("GET", "/metrics"), "metrics-slash": ("GET", "/metrics/"), "openapi": ("GET", "/openapi.json"), "docs": ("GET", "/docs"),
    "tokenizer_info": ("GET", "/tokenizer_info"), "server_info": ("GET", "/server_info"), "is_sleeping": ("GET", "/is_sleeping"),
    "scale_elastic": ("POST", "/is_scaling_elastic_ep"), "is_paused": ("GET", "/is_paused"), "livez": ("GET", "/livez"), "readyz": ("GET", "/readyz"),
}


def record(to, draw):
    def plain(case, method, path):
        to.ask("routes/" + case, method, path, counted=False)

    def ask(case, path, fields):
        to.ask("routes/" + case, "POST", path, fields, counted=False)

    def own(**fields):
        return {"model": draw.model(), **fields}

    for case, (method, path) in PLAIN.items():
        plain(case, method, path)
    plain("model-tiny", "GET", f"/v1/models/{draw.one(*draw.served)}")
    plain("unknown", "GET", f"/v1/{draw.name()}")
    plain("unknown-post", "POST", f"/{draw.name()}/{draw.name()}")
    plain("favicon", "GET", f"/{draw.name()}.ico")
    plain("responses-get", "GET", f"/v1/responses/resp_{draw.name()}")

    ask("tokenize-prompt", "/tokenize", own(prompt=draw.text()))
    ask("tokenize-prompt-strs", "/tokenize", own(prompt=draw.text(), return_token_strs=True))
    ask("tokenize-chat", "/tokenize", own(messages=draw.messages(draw.one(None, "short"))))
    ask("tokenize-chat-nogen", "/tokenize", own(messages=draw.messages(), add_generation_prompt=False))
    ask("tokenize-no-model", "/tokenize", {"prompt": draw.text()})
    ask("tokenize-wrong-model", "/tokenize", {"model": draw.name(), "prompt": draw.text()})
    ask("tokenize-empty", "/tokenize", {})
    ask("detokenize", "/detokenize", own(tokens=[draw.token(0, 30) for _ in range(draw.between(1, 6))]))
    ask("detokenize-oov", "/detokenize", own(tokens=[draw.token(), draw.between(5000, 99999)]))
    ask("detokenize-negative", "/detokenize", own(tokens=[-draw.between(1, 9), draw.token()]))
    ask("embeddings", "/v1/embeddings", own(input=draw.one(draw.text(), [draw.text(), draw.text()])))
    ask("rerank", "/v1/rerank", own(query=draw.text(), documents=[draw.text(), draw.text()]))
    ask("score", "/score", own(text_1=draw.text(), text_2=draw.text()))
    ask("pooling", "/pooling", own(input=draw.text()))
    ask("classify", "/classify", own(input=draw.text()))
    ask("audio-transcriptions", "/v1/audio/transcriptions", own(language=draw.one("en", "de")))
    ask("render-chat", "/v1/chat/completions/render", own(messages=draw.messages()))
    ask("render-completions", "/v1/completions/render", own(prompt=draw.text()))
    tokens = {"token_ids": [draw.token(0, 20), 198], "sampling_params": {"max_tokens": draw.between(2, 6), "temperature": 0}}
    ask("generate-tokens", "/inference/v1/generate", own(**tokens))
    ask("generate-tokens-stream", "/inference/v1/generate", own(**tokens, stream=True, stream_options=EVERY))
    ask("load_lora", "/v1/load_lora_adapter", {"lora_name": draw.name(), "lora_path": f"/{draw.name()}"})
    ask("abort_requests", "/abort_requests", {"request_ids": [draw.name()]})
    ask("invocations", "/invocations", own(prompt=draw.prompt(False), max_tokens=draw.between(2, 6), temperature=0))
    ask("completions-under-root", "/completions", own(prompt=draw.text()))
    for streamed in (False, True):
        talk(ask, draw, streamed)
    ask("responses-wrong-model", "/v1/responses", {"model": draw.name(), "input": draw.text()})
    ask("responses-missing-input", "/v1/responses", {"model": draw.served[0]})
    ask("messages-wrong-model", "/v1/messages", {"model": draw.name(), "messages": draw.messages(), "max_tokens": draw.between(2, 9)})
    ask("messages-no-max_tokens", "/v1/messages", {"model": draw.served[0], "messages": draw.messages()})
    ask("messages-count_tokens", "/v1/messages/count_tokens", own(messages=draw.messages()))


def talk(ask, draw, streamed):
    """Responses and Messages."""
    end = "-stream" if streamed else ""
    more = {"temperature": 0, "stream": streamed}

    def message(case, script, most, **fields):
        ask(f"messages{case}{end}", "/v1/messages", {"model": draw.model(), "messages": draw.messages(script), "max_tokens": most, **more, **fields})

    def response(case, fields):
        ask(f"responses{case}{end}", "/v1/responses", {"model": draw.model(), **more, **fields})

    response("", {"input": draw.text(), "max_output_tokens": draw.between(3, 9)})
    response("-natural", {"input": draw.prompt(True, draw.one("short", "stopword", "json"))})
    message("", None, draw.between(3, 9))
    message("-natural", draw.one("short", "stopword", "json"), draw.between(40, 70))
    message("-think", "think", draw.between(40, 70))
    message("-stop", "stopword", draw.between(40, 70), stop_sequences=[draw.one("STOP", "TOP g", "beta")])
