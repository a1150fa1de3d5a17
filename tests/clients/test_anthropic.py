"""The official client of Anthropic, at /v1/messages."""

import anthropic
import pytest

SAID = [{"role": "user", "content": "Name three rivers."}]

# the client has no such argument any more
GREEDY = {"temperature": 0}


@pytest.fixture
def client(python_frontend):
    return anthropic.Anthropic(base_url=python_frontend.url, api_key="none", max_retries=0)


def test_a_message_is_answered(client, fake):
    answer = client.messages.create(model=fake.model, messages=SAID, max_tokens=9, extra_body=GREEDY)
    assert (answer.role, answer.stop_reason, answer.usage.output_tokens) == ("assistant", "max_tokens", 9)
    assert answer.content[0].type == "text" and answer.content[0].text
    assert answer.usage.input_tokens == fake.tokens(messages=SAID)


def test_a_stream_says_what_the_whole_answer_says(client, fake):
    asked = {"model": fake.model, "messages": SAID, "max_tokens": 9, "extra_body": GREEDY}
    whole = client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        text = "".join(stream.text_stream)
        last = stream.get_final_message()
    # a chunk that finishes brings no text in 0.13: the last token is missing
    assert whole.content[0].text.startswith(text) and (text == whole.content[0].text or fake.version == "0.13.0")
    assert (last.stop_reason, last.usage.output_tokens) == ("max_tokens", 9)


def test_a_tool_can_be_forced(client, fake):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
    tool = {"name": "get_weather", "description": "The weather of a city", "input_schema": schema}
    answer = client.messages.create(model=fake.model, messages=SAID, max_tokens=400, tools=[tool], tool_choice={"type": "any"}, extra_body=GREEDY)
    used = [part for part in answer.content if part.type == "tool_use"]
    assert used and used[0].name == "get_weather" and isinstance(used[0].input["city"], str)
    assert answer.stop_reason == "tool_use"


def test_errors_come_as_the_client_knows_them(client):
    with pytest.raises(anthropic.NotFoundError):
        client.messages.create(model="nope", messages=SAID, max_tokens=4)
