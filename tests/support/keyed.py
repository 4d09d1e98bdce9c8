"""A bot whose models of Anthropic's are asked at a scripted server, which knows some keys and no others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.e2e.conftest import SAMPLE
from tests.support.story import Story
from tests.support.within import installed, within

KEY = "sk-of-mara-0123456789abcdef"
NEXT = "sk-of-mara-second-0123456789"
SHOP = "sk-of-the-shop-0123456789abc"
CLAUDE = "claude-sonnet-5-5"


@asynccontextmanager
async def keyed_story(folder: Path) -> AsyncIterator[Story]:
    """The story of such a bot."""
    async with installed(folder / "model", SAMPLE) as (other, _):
        given = {"anthropic_base_url": other.model.anthropic_url, "roles": {"cheap": [CLAUDE]}}
        async with within(folder, SAMPLE, **given) as story:
            other.model.keys = {KEY: "", NEXT: "", SHOP: ""}
            other.model.models = [CLAUDE]
            other.script.on({"text": "ready"}, reusable=True)
            story.model = other.model
            yield story
