"""What a model can do is seen: each lack of a model or its server has a line of the doctor's."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from bot.doctor.models import try_models
from bot.models.probe import find_context
from bot.settings import MODEL_ROLES
from simhub.model_formats import ModelRequest
from simhub.scripted_model import Script, ScriptedModel
from tests.support.databases import new_sqlite
from tests.support.models import FORMATS, MODEL_OF, scripted_settings

_BILL = "select count(*), sum(reserved) from fh_model_call where repository = '(questions of doctor)'"
CALLED = {"tool_calls": [{"name": "report", "arguments": {"word": "ready"}}]}
FILLED = {"json": {"colour": "green"}}


async def examine(
    name: str, called: Mapping[str, Any], filled: Mapping[str, Any], *others: Mapping[str, Any]
) -> tuple[str, str]:
    """Level and text of the doctor's line about a model that answers thus."""
    rules = [
        {"match": {"tool": "report"}, "reply": called},
        {"match": {"user": "colour"}, "reply": filled},
        *others,
        {"match": {"user": " word word"}, "reply": {"text": "ready"}},
        {"reply": {"text": "What?"}, "reusable": True},
    ]
    async with ScriptedModel(Script.load(rules)) as server:
        with TemporaryDirectory() as folder:
            url = new_sqlite(Path(folder) / "test.db")
            roles = {role: [name] for role in MODEL_ROLES}
            (line,) = await try_models(scripted_settings(server, roles=roles, database_url=url))
            billed = sqlite3.connect(Path(folder) / "test.db").execute(_BILL).fetchone()
    assert billed == (len(server.requests), 0), "each question is a row of the ledger, and none is left open"
    return line.level, line.text


@pytest.mark.parametrize("protocol", FORMATS)
async def test_what_each_format_can_do(protocol: str) -> None:
    name = MODEL_OF[protocol]
    level, text = await examine(name, CALLED, FILLED)
    questions = 3 if protocol == "chat" else 2  # what a known model holds need not be seen
    assert (level, text.partition(" for $")[0]) == ("ok", f"{name} was asked {questions} questions")
    for trait in ("the server lists no models; calls tools; keeps to a given JSON;", "tokens are counted on; counts"):
        assert trait in text
    level, text = await examine(name, {"text": "I report: ready"}, FILLED)
    assert level == "fail"
    assert f"{name} was given a tool and told to call it, and did not, in plain text or JSON either" in text
    level, text = await examine(name, CALLED, {"text": "Green, of course."})
    assert level == "fail"
    assert text.startswith(f"{name} did not answer in the JSON that was asked for. Beside that: calls tools")


async def test_the_advice_for_a_model_without_tool_calls_is_what_was_seen_to_work() -> None:
    name = MODEL_OF["chat"]
    in_json = {"json": {"say": "", "call": {"tool": "report", "arguments": {"word": "ready"}}}}
    refused = {"fault": "bad_request", "message": "gemma does not support tools"}
    for native in ({"text": "ready"}, refused):
        level, text = await examine(name, native, FILLED, {"match": {"user": "Call the tool"}, "reply": in_json})
        assert (level, f"set models.{name}.tools to schema." in text) == ("fail", True)

    def in_text(asked: ModelRequest) -> dict[str, Any]:
        (opening,) = re.findall(r"\[call \w+\]", asked.body["messages"][0]["content"])
        call = json.dumps({"tool": "report", "arguments": {"word": "ready"}})
        return {"text": f"{opening}\n{call}\n{opening.replace('call', 'end')}"}

    others = ({"match": {"user": "Call the tool"}, "reply": {"text": "?"}}, {"match": {}, "reply": in_text})
    level, text = await examine(name, refused, FILLED, *others)
    assert (level, f"set models.{name}.tools to text." in text) == ("fail", True)


async def test_a_server_that_cuts_the_front_without_a_word_is_found_out() -> None:
    short = {"match": {"user": " word word"}, "reply": {"text": "ready", "usage": {"input": 2051, "output": 3}}}
    level, text = await examine(MODEL_OF["chat"], CALLED, FILLED, short)
    assert (level, "read 2051 of 5000 tokens" in text, "OLLAMA_CONTEXT_LENGTH" in text) == ("warn", True, True)
    said = {
        "match": {"user": " word word"},
        "reply": {"fault": "too_long", "message": "maximum context length is 4096"},
    }
    level, text = await examine(MODEL_OF["chat"], CALLED, FILLED, said)
    assert (level, "holds 4096 tokens, and 128000 are counted on: set models.local-coder.context to 4096" in text) == (
        "warn",
        True,
    )


async def test_a_model_that_gives_no_answer_is_told_with_the_reason() -> None:
    level, text = await examine(MODEL_OF["messages"], {"fault": "bad_key"}, FILLED)
    assert level == "fail"
    assert text.startswith("claude-sonnet-5-5 was asked and gave no answer. The provider rejected the API key")
    level, text = await examine(MODEL_OF["chat"], {"fault": "no_model"}, FILLED)
    assert level == "fail"
    assert "No such model" in text


@pytest.mark.parametrize(
    ("offered", "context"),
    [
        ([{"id": "m", "max_model_len": 8192}], 8192),  # vLLM
        ([{"id": "x", "context_length": 1}, {"id": "m", "context_length": 32_000}], 32_000),  # OpenRouter
        ([{"id": "whatever.gguf", "meta": {"n_ctx_train": 9, "n_ctx": 4096}}], 4096),  # llama.cpp answers to any name
        ([{"id": "m"}], None),
        ([{"id": "m", "meta": "?", "max_model_len": "8192"}], None),
        ([{"id": "x", "max_model_len": 1}, {"id": "y", "max_model_len": 2}], None),
        ([], None),
    ],
)
def test_what_servers_say_of_a_models_context(offered: list[dict[str, Any]], context: int | None) -> None:
    assert find_context(offered, "m") == context
