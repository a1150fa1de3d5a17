"""Each parameter of chat and completions: taken, at its limits, past them, of the wrong type."""

from draw import Kept

from .usage import CONTINUOUS, STREAMED


def record(to, draw):
    for ask, chat in ((to.chat, True), (to.completion, False)):
        lengths(ask, chat, draw)
        stops(ask, chat, draw)
        probabilities(ask, chat, draw)
        choices(ask, draw)
        sampling(ask, draw)
        tokens(ask, chat, draw)
        accepted(ask, draw)
        structured(ask, chat, draw)
        models(ask, draw)


def few(draw):
    return draw.between(3, 9)


def lengths(ask, chat, draw):
    limit = draw.max_model_len
    ask("max_tokens-omitted")
    ask("max_tokens-omitted-stream", **STREAMED)
    ask("max_tokens-null", max_tokens=None)
    ask("max_tokens-0", max_tokens=0)
    ask("max_tokens-0-stream", max_tokens=0, **STREAMED)
    ask("max_tokens-negative", max_tokens=-draw.between(2, 40))
    ask("max_tokens-float", max_tokens=draw.between(2, 9) + 0.25)
    ask("max_tokens-integral-float", max_tokens=float(draw.between(2, 9)))
    ask("max_tokens-string", max_tokens=str(draw.between(2, 9)))
    ask("max_tokens-too-large", max_tokens=limit * draw.between(7, 90))
    ask("max_tokens-exceeds-remaining", max_tokens=limit - draw.between(0, 2))
    ask("max_tokens-too-large-stream", max_tokens=limit * draw.between(7, 90), stream=True)
    over = " tick" * (limit + draw.between(10, 900))
    ask("prompt-too-long", over, max_tokens=few(draw))
    ask("prompt-too-long-stream", over, max_tokens=few(draw), stream=True)
    ask("prompt-too-long-no-max", over)
    # what the chat template puts around one user message is eight tokens
    ask("prompt-exactly-max", " tick" * (limit - (8 if chat else 0)), max_tokens=1)
    ask("truncate_prompt_tokens", " tick" * draw.between(40, 80), max_tokens=3, truncate_prompt_tokens=draw.between(9, 30))
    ask("truncate_prompt_tokens-minus1", over, max_tokens=3, truncate_prompt_tokens=-1)
    ask("truncate_prompt_tokens-minus2", max_tokens=3, truncate_prompt_tokens=-draw.between(2, 9))
    ask("truncate_prompt_tokens-over", max_tokens=3, truncate_prompt_tokens=limit + draw.between(1, 999))
    most = few(draw)
    ask("min_tokens-gt-max", max_tokens=most, min_tokens=most + draw.between(1, 9))
    ask("min_tokens-negative", max_tokens=3, min_tokens=-draw.between(1, 9))


def stops(ask, chat, draw):
    ask("stop_token_ids", max_tokens=12, stop_token_ids=[draw.token(), draw.between(300, 310)])
    ask("stop_token_ids-stream", max_tokens=20, stop_token_ids=[draw.token(2, 11)], **CONTINUOUS)
    ask("stop-single-string", max_tokens=20, stop=draw.word())
    ask("stop-empty-string", max_tokens=draw.between(12, 22), stop="")
    ask("stop-empty-list", max_tokens=few(draw), stop=[])
    ask("stop-many", max_tokens=20, stop=[draw.name() for _ in range(draw.between(4, 7))] + [draw.word()])
    ask("include_stop_str-stream", max_tokens=50, stop=[draw.halves()], include_stop_str_in_output=True, **CONTINUOUS)
    ending = draw.ending()
    ask("skip_special_tokens-false", draw.prompt(chat, ending), max_tokens=20, skip_special_tokens=False)
    ask("skip_special_tokens-false-ignore_eos", draw.prompt(chat, "short"), max_tokens=draw.between(10, 18), skip_special_tokens=False, ignore_eos=True)


def probabilities(ask, chat, draw):
    def top(count):
        return {"logprobs": True, "top_logprobs": count} if chat else {"logprobs": count}

    warm = {"temperature": 0.8, "seed": draw.between(1, 99)}
    ask("logprobs", max_tokens=few(draw), **top(draw.between(1, 5)))
    ask("logprobs-0", max_tokens=few(draw), **top(0))
    ask("logprobs-20", max_tokens=2, **top(draw.between(10, 20)))
    ask("logprobs-21", max_tokens=2, **top(draw.between(21, 60)))
    ask("logprobs-negative", max_tokens=2, **top(-1))
    ask("logprobs-minus2", max_tokens=2, **top(-draw.between(2, 9)))
    ask("logprobs-unicode", draw.prompt(chat, "unicode"), max_tokens=draw.between(3, 20), **top(draw.between(1, 3)))
    ask("logprobs-n2", max_tokens=few(draw), n=draw.between(2, 3), **warm, **top(2))
    ask("logprobs-n2-stream", max_tokens=few(draw), n=draw.between(2, 3), **warm, **top(2), **STREAMED)
    ask("logprobs-stop-string-stream", max_tokens=20, stop=[draw.halves()], **top(1), **STREAMED)
    ask("prompt_logprobs", max_tokens=2, prompt_logprobs=draw.between(1, 4))
    ask("prompt_logprobs-0", max_tokens=draw.between(1, 3), prompt_logprobs=0)
    ask("prompt_logprobs-stream", max_tokens=2, prompt_logprobs=draw.between(1, 4), stream=True)
    ask("prompt_logprobs-negative", max_tokens=2, prompt_logprobs=-draw.between(2, 9))
    ask("return_tokens_as_token_ids", max_tokens=few(draw), **top(draw.between(1, 2)), return_tokens_as_token_ids=True)
    ask("return_token_ids", max_tokens=few(draw), return_token_ids=True)
    ask("return_token_ids-stream", max_tokens=few(draw), return_token_ids=True, **draw.one(STREAMED, CONTINUOUS))


def choices(ask, draw):
    warm = {"temperature": 0.7, "seed": draw.between(1, 99)}
    ask("n1-explicit", max_tokens=few(draw), n=1)
    ask("n2-greedy", max_tokens=few(draw), n=draw.between(2, 5))
    ask("n0", max_tokens=few(draw), n=0)
    ask("n-negative", max_tokens=few(draw), n=-draw.between(1, 9))
    ask("n-string", max_tokens=few(draw), n=str(draw.between(2, 4)))
    ask("n2-stream-no-usage", max_tokens=few(draw), n=draw.between(2, 4), **warm, stream=True)
    ask("n2-greedy-stream", max_tokens=few(draw), n=draw.between(2, 5), **STREAMED)
    ask("best_of", max_tokens=few(draw), n=1, best_of=draw.between(2, 4), **warm)
    ask("best_of-lt-n", max_tokens=few(draw), n=3, best_of=draw.between(1, 2), **warm)
    ask("use_beam_search", max_tokens=few(draw), n=draw.between(2, 3), use_beam_search=True)
    ask("use_beam_search-stream", max_tokens=few(draw), n=2, use_beam_search=True, **STREAMED)


def sampling(ask, draw):
    def b():
        return {"max_tokens": few(draw)}

    hot = {"max_tokens": few(draw), "seed": draw.between(1, 99)}
    ask("temperature-negative", **b(), temperature=-draw.between(1, 30) / 10)
    ask("temperature-2", **hot, temperature=2.0)
    ask("temperature-2.1", **hot, temperature=2 + draw.between(1, 9) / 10)
    ask("temperature-100", **hot, temperature=draw.between(20, 200))
    ask("temperature-string", **b(), temperature=draw.name())
    ask("temperature-null", **b(), **{"temperature": None})
    ask("top_p-0", **b(), top_p=0)
    ask("top_p-1.5", **b(), top_p=1 + draw.between(1, 40) / 10)
    ask("top_p-negative", **b(), top_p=-draw.between(1, 40) / 10)
    ask("top_k-0", **b(), top_k=0)
    ask("top_k-minus1", **b(), top_k=-1)
    ask("top_k-minus2", **b(), top_k=-draw.between(2, 9))
    ask("top_k-float", **b(), top_k=draw.between(1, 9) + 0.5)
    ask("min_p-2", **b(), min_p=draw.between(2, 9))
    ask("presence_penalty-3", **b(), presence_penalty=draw.between(3, 9))
    ask("frequency_penalty-minus3", **b(), frequency_penalty=-draw.between(3, 9))
    ask("repetition_penalty-0", **b(), repetition_penalty=0)
    ask("repetition_penalty-3", **b(), repetition_penalty=draw.between(2, 4))
    seed = draw.between(1, 10**6)
    for case in ("seed-a", "seed-b"):
        ask(case, "the same", max_tokens=10, temperature=0.6, seed=seed)
    ask("seed-negative", **b(), seed=-draw.between(1, 99))
    ask("seed-huge", **b(), seed=2**draw.between(64, 80))


def tokens(ask, chat, draw):
    far = draw.between(5000, 99999)
    ask("logit_bias", max_tokens=few(draw), logit_bias={str(draw.token()): draw.between(80, 100)})
    ask("logit_bias-bad-token", max_tokens=4, logit_bias={str(far): 1})
    ask("logit_bias-out-of-range", max_tokens=4, logit_bias={str(draw.token()): draw.between(120, 900)})
    ask("allowed_token_ids", draw.prompt(chat, "loop"), max_tokens=few(draw), allowed_token_ids=[draw.token(), *draw.loop()])
    ask("allowed_token_ids-empty", max_tokens=4, allowed_token_ids=[])
    ask("allowed_token_ids-bad", max_tokens=4, allowed_token_ids=[draw.token(), far])
    ask("bad_words", max_tokens=few(draw), bad_words=[draw.one("morning", "stars until", "today")])


def accepted(ask, draw):
    def b():
        return {"max_tokens": few(draw)}

    ask("unknown-field", **b(), **{draw.name(): draw.between(1, 9), draw.name(): {"x": [draw.between(1, 9)]}})
    ask("user", **b(), user=draw.name())
    ask("service_tier", **b(), service_tier=draw.one("auto", "default", "flex"))
    ask("suffix", **b(), suffix=draw.text(1, 2))
    ask("priority", **b(), priority=draw.between(1, 9))
    ask("request_id-body", **b(), request_id=f"own-id-{draw.between(10, 99)}")
    ask("x-request-id-header", **b(), headers={"X-Request-Id": f"sent-id-{draw.between(10, 99)}"})
    ask("cache_salt", **b(), cache_salt=draw.name())
    ask("cache_salt-empty", **b(), cache_salt="")
    ask("stream-string", **b(), stream=draw.one("yes", "true", "on", "1"))
    ask("stream-options-include-null", **b(), stream=True, stream_options={"include_usage": None})
    ask("stream-options-bad-type", **b(), stream=True, stream_options=draw.one(draw.name(), draw.between(1, 9), [1]))


def structured(ask, chat, draw):
    said = {"prompt": draw.prompt(chat, "json"), "max_tokens": draw.between(30, 50)}
    first, second = draw.one("answer", "unit"), draw.name()
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "integer"}, "unit": {"type": "string", "maxLength": draw.between(2, 8)}},
        "required": ["answer", "unit"],
        "additionalProperties": False,
    }
    ask("response_format-text", max_tokens=few(draw), response_format={"type": "text"})
    ask("response_format-json_object", **said, response_format={"type": "json_object"})
    ask("response_format-json_object-stream", **said, response_format={"type": "json_object"}, **CONTINUOUS)
    ask("response_format-json_schema", **said, response_format=Kept({"type": "json_schema", "json_schema": {"name": second, "schema": schema, "strict": True}}))
    ask("response_format-json_schema-missing", max_tokens=few(draw), response_format={"type": "json_schema"})
    bad = {"type": draw.one("nosuchtype", "strng", "objekt")}
    ask("response_format-json_schema-bad", max_tokens=few(draw), response_format={"type": "json_schema", "json_schema": {"name": first, "schema": bad}})
    ask("response_format-bad-type", max_tokens=few(draw), response_format={"type": draw.one("xml", "yaml", "JSON")})
    # the model would say one of them by itself
    ask("structured_outputs-choice", max_tokens=10, structured_outputs={"choice": [" The quick", draw.word()]})
    lengths = "".join(" [a-z]{" + str(len(word)) + "}" for word in draw.spoken[1 : draw.between(2, 6)])
    ask("structured_outputs-regex", max_tokens=10, structured_outputs={"regex": " The" + lengths})
    ask("structured_outputs-two", max_tokens=10, structured_outputs={"regex": "[0-9]{2}", "choice": [draw.name()]})
    ask("guided_choice", max_tokens=few(draw), guided_choice=[draw.word(), draw.word()])


def models(ask, draw):
    def b():
        return {"max_tokens": few(draw)}

    ask("model-omitted", **b(), leave_out=("model",))
    ask("model-null", **b(), model=None)
    ask("model-empty", **b(), model="")
    ask("model-int", **b(), model=draw.between(1, 99))
    ask("model-path-name", **b(), model=draw.one("petit-qwen2", "./petit-qwen2"))
    ask("model-alias", **b(), model=draw.served[1])
