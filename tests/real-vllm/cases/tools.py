"""Tools and reasoning, on a server with parsers and on one without: chat, Responses and Messages."""

from draw import Kept

from .usage import CONTINUOUS

NAMED = {"type": "function", "function": {"name": "get_weather"}}


def parameters(draw):
    """A schema that the tool script's arguments meet: a city, and a unit or more that may be left out."""
    properties = {"city": {"type": "string", "description": draw.text()}, "unit": {"type": "string"}}
    return Kept({"type": "object", "properties": properties, "required": draw.one(["city"], ["city", "unit"])})


def declared(draw):
    """One or two functions, among them the one that the script calls."""
    first = {"type": "function", "function": {"name": "get_weather", "description": draw.text(), "parameters": parameters(draw)}}
    other = {"type": "function", "function": {"name": draw.name(), "parameters": Kept({"type": "object", "properties": {draw.name(): {"type": "integer"}}})}}
    return draw.one([first], [first, other])


def call(draw, arguments):
    """A call that was made, and its result."""
    id = f"call-{draw.between(100, 999)}"
    made = {"id": id, "type": "function", "function": {"name": "get_weather", "arguments": arguments}}
    return [{"role": "assistant", "content": None, "tool_calls": [made]}, {"role": "tool", "tool_call_id": id, "content": draw.text()}]


def record(to, draw):
    def chat(case, messages, more, **fields):
        whole = {"model": draw.model(), "messages": messages, "max_tokens": draw.between(45, 60), "temperature": 0, **fields, **more}
        to.ask("chat/" + case, "POST", "/v1/chat/completions", whole)

    def other(case, path, fields, streamed):
        to.ask("routes/" + case, "POST", path, {"model": draw.model(), "temperature": 0, "stream": streamed, **fields}, counted=False)

    for streamed in (False, True):
        end, more = ("-stream", CONTINUOUS) if streamed else ("", {})
        tool, think, plain = (lambda: draw.messages("tool")), (lambda: draw.messages("think")), (lambda: draw.messages(draw.one("short", "stopword", "json")))
        for case, messages, choice in (
            ("auto", tool(), {"tool_choice": "auto"}),
            ("omitted-choice", tool(), {}),
            ("auto-text", plain(), {"tool_choice": "auto"}),
            ("auto-truncated", tool(), {"tool_choice": "auto", "max_tokens": draw.between(3, 9)}),
            ("none", tool(), {"tool_choice": "none"}),
            ("required", tool(), {"tool_choice": "required"}),
            ("named", tool(), {"tool_choice": NAMED}),
            ("n2", tool(), {"tool_choice": "auto", "n": draw.between(2, 3), "temperature": 0.4, "seed": draw.between(1, 99)}),
        ):
            chat(f"tools-{case}{end}", messages, more, tools=declared(draw), **choice)
        chat("think" + end, think(), more)
        chat("think-truncated" + end, think(), more, max_tokens=draw.between(2, 7))
        chat("think-exclude" + end, think(), more, include_reasoning=False)
        chat("no-think" + end, plain(), more)
        most = draw.between(30, 45)
        other("messages-think" + end, "/v1/messages", {"messages": think(), "max_tokens": most}, streamed)
        own = {"name": "get_weather", "description": draw.text(), "input_schema": parameters(draw)}
        other("messages-tool" + end, "/v1/messages", {"messages": tool(), "max_tokens": most, "tools": [own]}, streamed)
        other("responses-think" + end, "/v1/responses", {"input": draw.prompt(True, "think"), "max_output_tokens": most}, streamed)
        own = {"type": "function", "name": "get_weather", "description": draw.text(), "parameters": parameters(draw)}
        other("responses-tool" + end, "/v1/responses", {"input": draw.prompt(True, "tool"), "max_output_tokens": most, "tools": [own]}, streamed)
