"""A story whose bot hears deliveries and answers the API, with nothing but an installed repository."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.conftest import SAMPLE
from tests.support.keyed import keyed_story
from tests.support.story import Story
from tests.support.within import within


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    async with within(tmp_path, SAMPLE) as story:
        yield story


@pytest.fixture
async def keyed(tmp_path: Path) -> AsyncIterator[Story]:
    """A bot whose models of Anthropic's are asked at a server that knows some keys."""
    async with keyed_story(tmp_path) as story:
        yield story
