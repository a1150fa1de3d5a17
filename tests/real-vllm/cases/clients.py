"""Long answers, and more clients than the server runs at once."""

import json
import threading

from wire import moved

from .usage import FINAL


def record(to, draw):
    to.ask("special/keep-alive", "GET", "/health", None, {"Connection": "keep-alive"}, counted=False, timeout=1.5)
    most = draw.between(150, 220)
    long = {"model": draw.served[0], "prompt": draw.prompt(False, "loop"), "max_tokens": most, "ignore_eos": True, "temperature": 0}
    to.ask("special/long-stream", "POST", "/v1/completions", {**long, "stream": True, "stream_options": FINAL})
    to.ask("special/long-nonstream", "POST", "/v1/completions", long)
    queueing(to, draw)


def queueing(to, draw):
    """Streams at the same time, of which the server runs four."""
    count, most = draw.between(6, 9), draw.between(60, 90)
    answers = [None] * count

    def client(index):
        said = [{"role": "user", "content": f"{index} {draw.served[0]} [[loop]]"}]
        fields = {"model": draw.served[0], "messages": said, "max_tokens": most, "ignore_eos": True, "temperature": 0, "stream": True, "stream_options": FINAL}
        answers[index] = to.server.exchange("POST", "/v1/chat/completions", json.dumps(fields).encode())[1]

    threads = [threading.Thread(target=client, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = to.server.samples()
    events = [[event.removeprefix("data: ") for event in answer["body"].split("\n\n")] for answer in answers]
    clients = [{"events": len(each) - 1, "usage": json.loads(each[-3])["usage"]} for each in events]
    note = f"{count} concurrent streams of {most} tokens"
    to.write("special/queueing", {"case": "special/queueing", "request": {"note": note}, "clients": clients, "metrics_delta": moved(to.before, after)})
    to.before = after
