"""Messages of every form, and the parameters that only chat has."""

from .tools import NAMED, call, declared
from .usage import CONTINUOUS

PATH = "/v1/chat/completions"


def record(to, draw):
    def ask(case, messages, **fields):
        to.ask("chat/" + case, "POST", PATH, {"model": draw.model(), "messages": messages, "max_tokens": draw.between(2, 6), "temperature": 0, **fields})

    def said(role="user", **more):
        return {"role": role, "content": draw.text(), **more}

    to.ask("chat/messages-missing", "POST", PATH, {"model": draw.served[0], "max_tokens": 3})
    ask("messages-empty", [])
    ask("messages-null", None)
    ask("messages-string", draw.text())
    ask("message-bad-role", [said(draw.name())])
    ask("message-no-role", [{"content": draw.text()}])
    ask("message-no-content", [{"role": draw.one("user", "system")}])
    ask("message-null-content", [{"role": "user", "content": None}])
    ask("message-empty-content", [said(), {"role": "user", "content": ""}])
    ask("message-int-content", [{"role": "user", "content": draw.between(1, 99)}])
    parts = [{"type": "text", "text": draw.text()} for _ in range(draw.between(2, 4))]
    ask("content-parts-text", [{"role": "user", "content": parts}])
    ask("content-parts-bad-type", [{"role": "user", "content": [{"type": draw.name(), "text": draw.text()}]}])
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + draw.one("AAAA", "iVBO")}}
    ask("content-image-on-text-model", [{"role": "user", "content": [parts[0], image]}])
    ask("system-developer", [said("system"), said("developer"), said()])
    half = [said(), {"role": "assistant", "content": " " + " ".join(draw.spoken[: draw.between(1, 4)])}]
    going_on = {"add_generation_prompt": False, "continue_final_message": True}
    ask("assistant-last", half)
    ask("continue_final_message", half, **going_on)
    ask("continue_final_message-conflict", half, continue_final_message=True)
    ask("echo", [said()], echo=True)
    ask("echo-stream", [said()], echo=True, **CONTINUOUS)
    ask("echo-continue-stream", half, echo=True, **going_on, **CONTINUOUS)
    ask("top_logprobs-without-logprobs", [said()], top_logprobs=draw.between(1, 5))
    ask("logprobs-int", [said()], logprobs=draw.between(2, 9))
    ask("logprobs-true-only", [said()], logprobs=True)
    ask("max_completion_tokens-0", [said()], max_tokens=None, max_completion_tokens=0)
    ask("max_completion_tokens-negative", [said()], max_tokens=None, max_completion_tokens=-draw.between(1, 9))
    ask("max_completion_tokens-too-large", [said()], max_tokens=None, max_completion_tokens=draw.between(10**4, 10**6))
    template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    ask("chat_template-request", [said()], chat_template=template)
    ask("chat_template_kwargs", [said()], chat_template_kwargs={"enable_thinking": False, draw.name(): draw.between(1, 9)})
    ask("documents", [said()], documents=[{"title": draw.text(1, 2), "text": draw.text()}])
    ask("reasoning_effort", [said()], reasoning_effort=draw.one("low", "medium", "high"))
    ask("reasoning_effort-bad", [said()], reasoning_effort=draw.name())
    ask("include_reasoning-false", draw.messages("think"), include_reasoning=False)
    ask("add_special_tokens", [said()], add_special_tokens=True)
    ask("modalities", [said()], modalities=["text", "audio"])
    ask("store-metadata", [said()], store=True, metadata={draw.name(): draw.text(1, 2)})

    tool = draw.messages("tool")
    tools = declared(draw)
    ask("tools-no-choice", tool, tools=tools)
    ask("tools-none", tool, tools=tools, tool_choice="none", max_tokens=20)
    ask("tools-auto", tool, tools=tools, tool_choice="auto", max_tokens=20)
    ask("tools-auto-stream", tool, tools=tools, tool_choice="auto", max_tokens=20, **CONTINUOUS)
    ask("tools-required", tool, tools=tools, tool_choice="required", max_tokens=draw.between(45, 60))
    ask("tools-required-stream", tool, tools=tools, tool_choice="required", max_tokens=draw.between(45, 60), **CONTINUOUS)
    ask("tools-named", tool, tools=tools, tool_choice=NAMED, max_tokens=draw.between(45, 60))
    ask("tools-named-stream", tool, tools=tools, tool_choice=NAMED, max_tokens=draw.between(45, 60), **CONTINUOUS)
    ask("tools-named-unknown", tool, tools=tools, tool_choice={"type": "function", "function": {"name": draw.name()}})
    ask("tools-empty", [said()], tools=[])
    ask("tool_choice-without-tools", [said()], tool_choice=draw.one("auto", "required", NAMED))
    ask("tool_choice-bad", [said()], tools=tools, tool_choice=draw.name())
    ask("functions-legacy", [said()], functions=[{"name": draw.name()}])
    ask("parallel_tool_calls-false", tool, tools=tools, tool_choice="auto", parallel_tool_calls=False, max_tokens=20)
    ask("think-no-parser", draw.messages("think"), max_tokens=draw.between(12, 20))
    ask("tool-role-message", [said(), *call(draw, '{"city": "%s"}' % draw.city())])
    ask("tool-role-bad-arguments", [said(), *call(draw, draw.one("{bad", "", "[1", '{"city": }'))])
