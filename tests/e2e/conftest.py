"""A story told from the sample repository, cleaned up whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.story import Story, told

SAMPLE = Path(__file__).parent / "sample"
Tell = Callable[..., Any]


@pytest.fixture
async def tell(tmp_path: Path) -> AsyncIterator[Tell]:
    """``await tell(rules, SETTING=...)``: the bot at work on the sample with these model answers."""
    async with AsyncExitStack() as stack:

        async def begin(rules: list[dict[str, Any]], *, source: Path = SAMPLE, **environment: str) -> Story:
            return await stack.enter_async_context(told(tmp_path, source, rules, **environment))

        yield begin
