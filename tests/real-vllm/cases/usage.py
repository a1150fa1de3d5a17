"""What is counted: streams with and without usage, several choices, stops, repeated prompts."""

FINAL = {"include_usage": True}
EVERY = {"include_usage": True, "continuous_usage_stats": True}
STREAMED = {"stream": True, "stream_options": FINAL}
CONTINUOUS = {"stream": True, "stream_options": EVERY}


def record(to, draw):
    for ask, chat in ((to.chat, True), (to.completion, False)):
        record_both(ask, chat, draw)
    to.completion("echo", max_tokens=draw.between(2, 6), echo=True)
    to.completion("echo-stream", max_tokens=draw.between(2, 6), echo=True, **CONTINUOUS)
    for case, more in (("batch-strings", {}), ("batch-strings-stream", CONTINUOUS)):
        prompts = [draw.prompt(False), draw.prompt(False, draw.ending()), draw.prompt(False, "loop"), draw.prompt(False)]
        to.completion(case, prompts[: draw.between(2, 4)], max_tokens=draw.between(4, 11), **more)
    to.chat("max_completion_tokens", max_completion_tokens=draw.between(2, 9))
    to.chat("max_tokens-and-max_completion_tokens", max_tokens=draw.between(10, 14), max_completion_tokens=draw.between(2, 9))
    long = draw.long(draw.between(90, 140))
    for time in (1, 2):
        to.chat(f"repeat-long-prompt-{time}", long, max_tokens=4)
        to.chat(f"repeat-long-prompt-stream-{time}", "7 " + long, max_tokens=3, **STREAMED)
        to.chat(f"repeat-long-prompt-continuous-{time}", "seven " + long, max_tokens=5, **CONTINUOUS)
        to.completion(f"repeat-long-prompt-{time}", long + "\n", max_tokens=4)
    to.completion("repeat-short-prompt-2", max_tokens=draw.between(2, 5))


def record_both(ask, chat, draw):
    def few():
        return draw.between(3, 14)

    def ending():
        return draw.prompt(chat, draw.ending())

    ask("plain", max_tokens=few())
    ask("stop-eos", ending(), max_tokens=draw.between(40, 70))
    ask("stop-eos-stream", ending(), max_tokens=draw.between(40, 70), **STREAMED)
    ask("stream", max_tokens=few(), stream=True)
    for case, options in {
        "include_usage-true": FINAL,
        "include_usage-false": {"include_usage": False},
        "continuous": EVERY,
        "continuous-only": {"continuous_usage_stats": True},
        "continuous-include-false": {"include_usage": False, "continuous_usage_stats": True},
        "options-empty": {},
        "options-null": None,
        "options-unknown": {"include_usage": True, draw.name(): few()},
    }.items():
        ask("stream-" + case, max_tokens=few(), stream=True, stream_options=options)
    ask("stream-options-without-stream", max_tokens=few(), stream_options=FINAL)
    ask("stream-options-stream-false", max_tokens=few(), stream=False, stream_options=draw.one(FINAL, EVERY, {}))

    def drawn(most=0.9):
        return {"temperature": round(draw.random.uniform(0.3, most), 2), "seed": draw.between(2, 9999)}

    ask("n2", max_tokens=few(), n=draw.between(2, 4), **drawn())
    ask("n3-stream", max_tokens=few(), n=draw.between(2, 4), **drawn(), **STREAMED)
    ask("n3-stream-continuous", max_tokens=few(), n=draw.between(2, 4), **drawn(), **CONTINUOUS)
    ask("n2-stop-uneven-stream", ending(), max_tokens=40, n=draw.between(2, 3), **drawn(), **CONTINUOUS)
    ask("max_tokens-1", max_tokens=1)
    ask("max_tokens-1-stream", max_tokens=1, **draw.one(STREAMED, CONTINUOUS))
    ask("unicode-stream", draw.prompt(chat, "unicode"), max_tokens=draw.between(5, 40), **CONTINUOUS)
    stop = draw.one("STOP", "TOP g", "beta ST", "P")
    ask("stop-string", draw.prompt(chat, "stopword"), max_tokens=50, stop=[draw.text(1, 1) + "!", stop])
    ask("stop-string-stream", draw.prompt(chat, "stopword"), max_tokens=50, stop=[stop], **CONTINUOUS)
    ask("stop-string-mid", max_tokens=50, stop=[draw.halves()])
    ask("stop-string-mid-stream", max_tokens=50, stop=[draw.halves()], **CONTINUOUS)
    ask("stop-string-included", max_tokens=50, stop=[draw.halves()], include_stop_str_in_output=True)
    ask("ignore_eos", ending(), max_tokens=draw.between(10, 20), ignore_eos=True)
    ask("ignore_eos-stream", ending(), max_tokens=draw.between(10, 20), ignore_eos=True, **CONTINUOUS)
    ask("min_tokens", ending(), max_tokens=40, min_tokens=draw.between(2, 4))
    count = draw.between(1, 5)
    ask("logprobs-stream", max_tokens=few(), **({"logprobs": True, "top_logprobs": count} if chat else {"logprobs": count}), **STREAMED)
    ask("wrong-model", max_tokens=few(), model=draw.name())
    ask("wrong-model-stream", max_tokens=few(), model=draw.name(), stream=True)
