"""Prompts of every form, and what only completions have."""

from .usage import CONTINUOUS

PATH = "/v1/completions"


def record(to, draw):
    def ask(case, prompt, **fields):
        to.ask("completions/" + case, "POST", PATH, {"model": draw.model(), "prompt": prompt, "max_tokens": draw.between(2, 6), "temperature": 0, **fields})

    def line():
        return draw.prompt(False)

    def ids():
        return [draw.between(260, 570) for _ in range(draw.between(0, 4))] + [draw.one(198, draw.token(), draw.loop()[0])]

    def batch():
        return [draw.prompt(False, draw.one(None, "short", "loop", "json")) for _ in range(draw.between(2, 4))]

    warm = {"temperature": 0.8, "seed": draw.between(1, 99)}
    to.ask("completions/prompt-missing", "POST", PATH, {"model": draw.model()})
    to.ask("completions/prompt-missing-max_tokens", "POST", PATH, {"model": draw.model(), "max_tokens": draw.between(2, 9)})
    ask("prompt-null", None)
    ask("prompt-empty", "")
    ask("prompt-empty-list", [])
    ask("prompt-list-empty-string", ["" for _ in range(draw.between(1, 2))])
    ask("prompt-int", draw.between(1, 99))
    ask("prompt-token-ids", ids())
    ask("prompt-token-ids-oov", [draw.token(), draw.between(5000, 99999)])
    ask("batch-token-ids", [ids() for _ in range(draw.between(2, 4))])
    ask("batch-token-ids-stream", [ids() for _ in range(draw.between(2, 4))], **CONTINUOUS)
    ask("batch-mixed", [line(), ids()])
    ask("batch-one-empty", draw.one([line(), ""], ["", line()]))
    ask("batch-one-too-long", [line(), " tick" * (draw.max_model_len + draw.between(10, 900))])
    ask("batch-n2", batch(), n=2, **warm)
    ask("batch-n2-stream", batch(), n=2, **warm, **CONTINUOUS)
    ask("batch-echo", batch(), echo=True)
    ask("echo-logprobs", line(), echo=True, logprobs=draw.between(1, 3))
    ask("echo-logprobs-max_tokens-0", line(), echo=True, logprobs=draw.between(1, 3), max_tokens=0)
    ask("echo-max_tokens-0", line(), echo=True, max_tokens=0)
    ask("echo-max_tokens-0-stream", line(), echo=True, max_tokens=0, **CONTINUOUS)
    ask("echo-n2-stream", line(), echo=True, n=draw.between(2, 3), **warm, **CONTINUOUS)
    ask("echo-logprobs-stream", line(), echo=True, logprobs=draw.between(1, 3), **CONTINUOUS)
    ask("add_special_tokens-false", line(), add_special_tokens=False)
    ask("prompt_embeds", None, prompt_embeds=draw.one("AAAA", "AQIDBA=="))
    to.ask("completions/max_tokens-default-16", "POST", PATH, {"model": draw.model(), "prompt": draw.prompt(False, "loop"), "temperature": 0})
