"""The official client of OpenAI: chat, completions, streams, tools, structured output, Responses, models, errors."""

import base64
import json
import struct
import zlib

import openai
import pytest
from pydantic import BaseModel

SAID = [{"role": "user", "content": "Name three rivers."}]
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}


class River(BaseModel):
    name: str
    kilometres: int
    tributaries: list[str]


@pytest.fixture
def client(fake):
    return openai.OpenAI(base_url=fake.v1, api_key="none", max_retries=0)


def balanced(usage, prompt, completion):
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert (usage.prompt_tokens, usage.completion_tokens) == (prompt, completion)


def test_the_model_is_listed(client, fake):
    assert [model.id for model in client.models.list()] == [fake.model]


def test_a_chat_is_answered_with_as_many_tokens_as_asked(client, fake):
    answer = client.chat.completions.create(model=fake.model, messages=SAID, max_tokens=12, temperature=0)
    [choice] = answer.choices
    assert (choice.message.role, choice.finish_reason) == ("assistant", "length") and choice.message.content
    balanced(answer.usage, fake.tokens(messages=SAID), 12)


def test_a_stream_says_what_the_whole_answer_says(client, fake):
    asked = {"model": fake.model, "messages": SAID, "max_tokens": 12, "temperature": 0}
    whole = client.chat.completions.create(**asked)
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    finishes = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    assert (text, finishes) == (whole.choices[0].message.content, ["length"])
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens == 12
    assert len({chunk.id for chunk in chunks}) == 1


def test_the_streaming_helper_gathers_the_answer(client, fake):
    asked = {"model": fake.model, "messages": SAID, "max_tokens": 12, "temperature": 0}
    text = client.chat.completions.create(**asked).choices[0].message.content
    # the helper raises when the length ends an answer: a stop string does
    with client.chat.completions.stream(**asked, stop=[text[-3:]]) as stream:
        events = [event.type for event in stream]
        answer = stream.get_final_completion()
    assert "content.delta" in events
    assert (answer.choices[0].finish_reason, answer.choices[0].message.content) == ("stop", text[: text.index(text[-3:])])


def test_several_choices_are_as_many(client, fake):
    if fake.is_rust:
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model=fake.model, messages=SAID, max_tokens=4, n=3, temperature=1)
        return
    answer = client.chat.completions.create(model=fake.model, messages=SAID, max_tokens=4, n=3, temperature=1)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert answer.usage.completion_tokens == 12


def test_log_probabilities_have_a_place_for_each_token(client, fake):
    answer = client.chat.completions.create(model=fake.model, messages=SAID, max_tokens=5, temperature=0, logprobs=True, top_logprobs=2)
    content = answer.choices[0].logprobs.content
    assert len(content) == 5 and all(len(place.top_logprobs) == 2 and place.logprob <= 0 for place in content)


def test_a_completion_counts_its_prompt(client, fake):
    answer = client.completions.create(model=fake.model, prompt="Once upon a time", max_tokens=7, temperature=0)
    assert answer.choices[0].finish_reason == "length" and answer.choices[0].text
    balanced(answer.usage, fake.tokens(prompt="Once upon a time"), 7)


def test_a_required_tool_is_called_with_arguments_of_its_schema(forces_calls, client, fake):
    answer = client.chat.completions.create(model=fake.model, messages=SAID, tools=[TOOL], tool_choice="required", max_tokens=400, temperature=0)
    calls = answer.choices[0].message.tool_calls
    assert calls and all(call.function.name == "get_weather" for call in calls)
    arguments = json.loads(calls[0].function.arguments)
    assert isinstance(arguments["city"], str) and isinstance(arguments["days"], int)


def test_a_named_tool_is_called_in_a_stream(forces_calls, client, fake):
    named = {"type": "function", "function": {"name": "get_weather"}}
    asked = {"model": fake.model, "messages": SAID, "tools": [TOOL], "tool_choice": named, "max_tokens": 400, "temperature": 0}
    name, arguments = "", ""
    for chunk in client.chat.completions.create(**asked, stream=True):
        for choice in chunk.choices:
            for call in choice.delta.tool_calls or []:
                name += call.function.name or ""
                arguments += call.function.arguments or ""
    assert name == "get_weather" and set(json.loads(arguments)) == {"city", "days"}


def test_a_tool_that_may_be_left_alone_is_no_error(client, fake):
    answer = client.chat.completions.create(model=fake.model, messages=SAID, tools=[TOOL], max_tokens=12, temperature=0)
    assert answer.choices[0].finish_reason in ("length", "stop", "tool_calls")


def test_a_schema_is_met_and_parsed(client, fake):
    answer = client.chat.completions.parse(model=fake.model, messages=SAID, response_format=River, max_tokens=600, temperature=0)
    assert isinstance(answer.choices[0].message.parsed, River)


def test_a_json_object_is_one(client, fake):
    answer = client.chat.completions.create(model=fake.model, messages=SAID, response_format={"type": "json_object"}, max_tokens=600, temperature=0)
    assert isinstance(json.loads(answer.choices[0].message.content), dict)


def test_a_response_is_read_whole_and_streamed(python_frontend, client):
    asked = {"model": python_frontend.model, "input": "Name three rivers.", "max_output_tokens": 9, "temperature": 0}
    whole = client.responses.create(**asked)
    # 0.13 calls an answer that was cut complete
    assert whole.status == ("completed" if python_frontend.version == "0.13.0" else "incomplete") and whole.output_text and whole.usage.output_tokens == 9
    events = list(client.responses.create(**asked, stream=True))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == whole.output_text
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_errors_come_as_the_client_knows_them(client, fake):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="nope", messages=SAID)
    assert "nope" in caught.value.message
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model=fake.model, messages=SAID, max_tokens=-1)


def test_a_model_that_generates_embeds_nothing(client, fake):
    # 0.13 answers 200 with an error in the body, which the client takes for an answer without vectors
    expected = {"0.13.0": ValueError}.get(fake.version, openai.NotFoundError)
    with pytest.raises(expected):
        client.embeddings.create(model=fake.model, input="a river")


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"".join(bytes((x * 7 % 256, y * 5 % 256, 90)) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("size", "tokens"), [((56, 56), 4), ((224, 224), 64), ((300, 200), 77), ((448, 336), 192)])
def test_an_image_costs_as_many_tokens_as_its_size(vision, size, tokens):
    client = openai.OpenAI(base_url=vision.v1, api_key="none", max_retries=0)
    url = "data:image/png;base64," + base64.b64encode(png(*size)).decode()

    def asked(*parts):
        said = [{"role": "user", "content": [*parts, {"type": "text", "text": "What is it?"}]}]
        return client.chat.completions.create(model=vision.model, messages=said, max_tokens=3, temperature=0)

    answer = asked({"type": "image_url", "image_url": {"url": url}})
    # the two tokens around an image are the vision model's own
    assert answer.usage.prompt_tokens == asked().usage.prompt_tokens + 2 + tokens
    assert answer.choices[0].message.content


def test_a_stream_that_is_left_early_leaves_the_server_well(client, fake):
    stream = client.chat.completions.create(model=fake.model, messages=SAID, max_tokens=200, temperature=0, stream=True)
    next(iter(stream))
    stream.close()
    assert client.chat.completions.create(model=fake.model, messages=SAID, max_tokens=2).usage.completion_tokens == 2
