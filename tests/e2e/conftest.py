"""A story told from the sample repository, cleaned up whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.story import Story, told

SAMPLE = Path(__file__).parent / "sample"
Tell = Callable[..., Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    """One bot for all stories of a file; each has a repository of its own."""
    async with told(tmp_path_factory.mktemp("town"), SAMPLE, []) as story:
        yield story
    story.check_journal()


@pytest.fixture
async def tell(tmp_path: Path) -> AsyncIterator[Tell]:
    """``await tell(rules, SETTING=...)``: the bot at work on the sample with these model answers."""
    stories: list[Story] = []
    async with AsyncExitStack() as stack:

        async def begin(rules: list[dict[str, Any]], *, source: Path = SAMPLE, **environment: str) -> Story:
            stories.append(await stack.enter_async_context(told(tmp_path, source, rules, **environment)))
            return stories[-1]

        yield begin
    for story in stories:
        story.check_journal()
