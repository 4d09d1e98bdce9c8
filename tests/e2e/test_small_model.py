"""A model of 135 million parameters at work: it answers what it can, and where it is too weak that is said politely."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.doctor.models import try_models
from bot.settings import ModelSettings, Settings
from tests.e2e.conftest import Tell
from tests.e2e.scenes import POLICY, put
from tests.support import small_model
from tests.support.typing import comment, final


@pytest.mark.needs("small model")
async def test_a_small_model_answers_and_is_refused_where_it_is_too_weak(tell: Tell, tmp_path: Path) -> None:
    async with small_model.serve(tmp_path / "llama.log") as url:
        story = await tell(
            [], **small_model.settings(url, smol={"context": small_model.WINDOW}, tiny={"context": 1500})
        )
        number = await story.file("Prices", "Where are cents lost?", label=None)

        answer = await final(story, await comment(story, number, "/ask Which file holds the prices?"))
        assert "I could not answer this" not in answer
        assert "nothing was run. $0.00, 1 model call." in answer

        await story.label(number)
        await story.until_status(number, "Stopped without a verified fix. no proof: smol gave 3 answers in a row")
        assert "Another wording would not help: the model is too weak" in story.shown(number, "final")[-1]

        await put(story, POLICY, "models: { fix: [tiny], review: [tiny], cheap: [tiny], verify: [tiny] }\n")
        refused = await final(story, await comment(story, number, "/ask Which file holds the prices, once more?"))
        assert "I could not answer this: tiny holds 1500 tokens, and this question needs about" in refused
        assert "if this one holds more, set models.tiny.context." in refused


@pytest.mark.needs("small model")
async def test_what_doctor_advises_for_a_small_model_works(tmp_path: Path) -> None:
    """Its template knows no tools: llama.cpp ignores them without a word, and enforces a given JSON.

    What it writes is drawn, and differs between processors: whether it calls a tool in JSON is told, either way.
    """
    async with small_model.serve(tmp_path / "llama.log") as url:
        common = {"base_url": url, "token_limit": 1_000_000, "max_output": 60, "context": small_model.WINDOW}
        lines = {}
        for tools in ("native", "schema"):
            model = ModelSettings.model_validate(common | {"tools": tools})
            settings = Settings(models={"smol": model}, roles={"fix": ["smol"]}, data_dir=tmp_path)
            (lines[tools],) = await try_models(settings)
        native, schema = lines["native"], lines["schema"]
        assert (native.level, "told to call it, and did not" in native.text) == ("fail", True), native.text
        advice = "it does where tools are called in schema: set models.smol."
        assert (advice in native.text) != ("Choose a stronger model." in native.text), native.text
        assert ("calls tools; keeps to a given JSON" in schema.text) == (schema.level == "ok"), schema.text
        assert f"holds {small_model.WINDOW} tokens" in schema.text
