"""Bodies that are no request, content types, methods and doors."""

import json


def record(to, draw):
    for group, path, subject in (
        ("chat", "/v1/chat/completions", lambda: {"messages": draw.messages()}),
        ("completions", "/v1/completions", lambda: {"prompt": draw.prompt(False)}),
    ):

        def right():
            return {"model": draw.served[0], "max_tokens": draw.between(2, 5), **subject()}

        def ask(case, body, headers=(), method="POST", door=path):
            to.ask(f"{group}/{case}", method, door, body, headers)

        text = json.dumps(right(), separators=draw.one((",", ":"), (", ", ": ")))
        ask("malformed-json", text[: draw.between(len(text) // 3, len(text) - 2)].encode())
        ask("malformed-json-trailing", (text + draw.one("}", "]", ",", " x")).encode())
        ask("empty-body", b"")
        ask("json-array", json.dumps(draw.one([], [1], [{"model": 2}])).encode())
        ask("json-null", draw.one(b"null", b"true", b"7", b'"text"'))
        ask("json-nan", text[:-1].encode() + draw.one(b', "temperature": NaN}', b', "top_p": NaN}', b', "presence_penalty": Infinity}'))
        ask("invalid-utf8", b'{"user":"' + bytes(draw.between(0x80, 0xFF) for _ in range(draw.between(1, 3))) + b'"}')
        ask("empty-object", b"{}")
        ask("content-type-text", right(), {"Content-Type": draw.one("text/plain", "text/html", "application/xml")})
        ask("content-type-none", right(), {"Content-Type": None})
        ask("content-type-charset", right(), {"Content-Type": "application/json; charset=" + draw.one("utf-8", "UTF8")})
        ask("content-type-vendor", right(), {"Content-Type": "application/" + draw.one("vnd.own+json", "problem+json")})
        ask("get", None, method="GET")
        ask("put", right(), method=draw.one("PUT", "PATCH", "DELETE"))
        ask("head", None, method="HEAD")
        ask("options", None, method="OPTIONS")
        origin = {"Origin": f"https://{draw.name()}.example.org"}
        asked = {"Access-Control-Request-Method": draw.one("POST", "GET"), "Access-Control-Request-Headers": draw.one("content-type", "authorization, x-own")}
        ask("options-cors", None, {**origin, **asked}, method="OPTIONS")
        ask("origin", right(), origin)
        ask("trailing-slash", right(), door=path + "/")
        ask("query-string", right(), door=f"{path}?{draw.name()}={draw.between(1, 9)}")
