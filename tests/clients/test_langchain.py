"""langchain-openai: invoke, stream, tools, structured output."""

import pytest
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel


class River(BaseModel):
    """A river."""

    name: str
    kilometres: int


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"rain in {city}"


@pytest.fixture
def chat(fake):
    return ChatOpenAI(model=fake.model, base_url=fake.v1, api_key="none", temperature=0, max_tokens=300, max_retries=0)


def test_a_chat_is_answered(chat, fake):
    answer = chat.invoke("Name three rivers.", max_tokens=9)
    usage = answer.usage_metadata
    assert answer.content and usage["output_tokens"] == 9
    assert usage["input_tokens"] == fake.tokens(messages=[{"role": "user", "content": "Name three rivers."}])


def test_a_stream_adds_up(chat):
    whole = chat.invoke("Name three rivers.", max_tokens=9)
    streamed = None
    for chunk in chat.stream("Name three rivers.", max_tokens=9, stream_usage=True):
        streamed = chunk if streamed is None else streamed + chunk
    assert (streamed.content, streamed.usage_metadata["output_tokens"]) == (whole.content, 9)


def test_a_tool_is_called(forces_calls, chat):
    answer = chat.bind_tools([get_weather], tool_choice="get_weather").invoke("Rain in Oslo?")
    [call, *_] = answer.tool_calls
    assert call["name"] == "get_weather" and get_weather.invoke(call["args"]).startswith("rain in")


def test_a_structured_answer_is_parsed(chat):
    assert isinstance(chat.with_structured_output(River, method="json_schema").invoke("A river."), River)


def test_a_structured_answer_by_way_of_a_call_is_parsed(forces_calls, chat):
    assert isinstance(chat.with_structured_output(River, method="function_calling").invoke("A river."), River)
