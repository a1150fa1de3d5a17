#!/usr/bin/env python3
"""Records what a real vLLM answers, in the families of cases that `fixtures/transcripts` holds, with drawn names, numbers, texts and orders.

    record.py --base-url http://127.0.0.1:8013 --model-dir petit-qwen2 --served petit petit-alt --version 0.13.0 --flags base \\
              --suite usage,parameters,bodies,messages,prompts,routes,clients --variant 1 --out transcripts [--hide /where/it/is=/srv/vllm]

Writes OUT/VERSION/FLAGS/GROUP/CASE.json, which `fixtures/transcripts/pack.py` packs. Standard library only.
"""

import argparse
import json
import os
import sys
import time

from cases import auth, bodies, clients, details, messages, parameters, prompts, routes, tools, usage
from draw import Draw
from wire import Server, moved

SUITES = {module.__name__.split(".")[-1]: module for module in (usage, parameters, bodies, messages, prompts, routes, clients, auth, details, tools)}
CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"

# longer than vLLM takes to count a request after its last byte
SETTLE_SECONDS = 0.05


class Recorder:
    """Asks, and writes down. The suites call `chat`, `completion` and `ask`."""

    def __init__(self, server, draw, folder, hidden):
        self.server, self.draw, self.folder, self.hidden, self.count = server, draw, folder, hidden, 0
        self.before = server.samples()

    def chat(self, case, prompt=None, headers=(), leave_out=(), **fields):
        messages = [{"role": "user", "content": prompt if prompt is not None else self.draw.prompt(True)}]
        self.ask("chat/" + case, "POST", CHAT, self.fields({"messages": messages}, leave_out, fields), headers)

    def completion(self, case, prompt=None, headers=(), leave_out=(), **fields):
        prompt = prompt if prompt is not None else self.draw.prompt(False)
        self.ask("completions/" + case, "POST", COMPLETIONS, self.fields({"prompt": prompt}, leave_out, fields), headers)

    def fields(self, given, leave_out, fields):
        whole = {"model": self.draw.model(), **given, "temperature": 0, **fields}
        return {key: value for key, value in whole.items() if key not in leave_out}

    def ask(self, case, method, path, body=None, headers=(), counted=True, timeout=180.0):
        """`body`: bytes are sent as they are, anything else as JSON."""
        sent = body if body is None or isinstance(body, bytes) else self.draw.body(body)
        headers, answer = self.server.exchange(method, path, sent, headers, timeout)
        if answer["status"] in (500, 503) and self.server.exchange("GET", "/health")[1]["status"] != 200:
            sys.exit(f"{case} killed the engine; its body: {sent}")
        time.sleep(SETTLE_SECONDS)
        after = self.server.samples()
        text = sent
        if isinstance(sent, bytes):
            # the replay knows that this one case is Latin-1
            text = sent.decode("latin1" if case.endswith("invalid-utf8") else "utf-8")
        record = {"case": case, "request": {"method": method, "path": path, "headers": headers, "body": text}, "response": answer}
        if counted:
            record["metrics_delta"] = moved(self.before, after)
        self.before = after
        self.write(case, record)
        print(f"{case}: {answer['status']} {len(answer['body'])} bytes", flush=True)
        return answer

    def write(self, case, record):
        text = json.dumps(record, ensure_ascii=False, indent=1)
        for here, there in self.hidden:
            text = text.replace(here, there)
        path = f"{self.folder}/{case}.json"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text + "\n")
        self.count += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model-dir", required=True, help="the puppet that the server runs: its puppet.json tells the scripts")
    parser.add_argument("--served", nargs="+", required=True, help="the served model names, first the main one")
    parser.add_argument("--max-model-len", type=int, default=4096)
    parser.add_argument("--api-key", default="")
    parser.add_argument("--version", required=True)
    parser.add_argument("--flags", required=True, help="the name of the flag set")
    parser.add_argument("--suite", required=True, help="which of: " + ",".join(SUITES))
    parser.add_argument("--variant", type=int, required=True, help="what the draws start from")
    parser.add_argument("--out", default="transcripts")
    parser.add_argument("--hide", action="append", default=[], metavar="HERE=THERE", help="a path of this machine, and what stands for it")
    arguments = parser.parse_args()
    with open(f"{arguments.model_dir}/puppet.json") as file:
        puppet = json.load(file)
    server = Server(arguments.base_url, arguments.api_key)
    folder = f"{arguments.out}/{arguments.version}/{arguments.flags}"
    # the first log probabilities and penalties compile kernels, for seconds
    warm = json.dumps({"prompt": "a", "max_tokens": 3, "n": 2, "temperature": 0.8, "logprobs": 2, "prompt_logprobs": 1, "presence_penalty": 1})
    server.exchange("POST", COMPLETIONS, warm.encode(), timeout=300.0)
    for name in arguments.suite.split(","):
        draw = Draw(f"{arguments.variant}/{arguments.flags}/{name}", puppet, arguments.served, arguments.max_model_len)
        recorder = Recorder(server, draw, folder, [pair.split("=", 1) for pair in arguments.hide])
        SUITES[name].record(recorder, draw)
        print(f"{name}: {recorder.count} cases in {folder}")


main()
