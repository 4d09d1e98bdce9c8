"""What a model can do is seen: each lack of a model or its server has a line of the doctor's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.doctor.models import try_models
from bot.models.catalogue import Catalogue
from bot.models.probe import find_context
from bot.settings import MODEL_ROLES
from simhub.scripted_model import Script, ScriptedModel
from tests.support.models import FORMATS, MODEL_OF, scripted_settings

CALLED = {"tool_calls": [{"name": "report", "arguments": {"word": "ready"}}]}
FILLED = {"json": {"colour": "green"}}


async def examine(name: str, called: Mapping[str, Any], filled: Mapping[str, Any]) -> tuple[str, str]:
    """Level and text of the doctor's line about a model that answers thus."""
    rules = [{"match": {"tool": "report"}, "reply": called}, {"match": {"user": "colour"}, "reply": filled}]
    async with ScriptedModel(Script.load(rules)) as server:
        settings = scripted_settings(server, roles={role: [name] for role in MODEL_ROLES})
        (line,) = await try_models(Catalogue(settings))
    return line.level, line.text


@pytest.mark.parametrize("protocol", FORMATS)
async def test_what_each_format_can_do(protocol: str) -> None:
    name = MODEL_OF[protocol]
    level, text = await examine(name, CALLED, FILLED)
    assert (level, text.partition(" for $")[0]) == ("ok", f"{name} was asked twice")
    level, text = await examine(name, {"text": "I report: ready"}, FILLED)
    assert level == "fail"
    assert f"{name} was given a tool and told to call it, and answered in words" in text
    level, text = await examine(name, CALLED, {"text": "Green, of course."})
    assert (level, text) == (
        "fail",
        f"{name} did not answer in the JSON that was asked for. Choose a stronger model.",
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
