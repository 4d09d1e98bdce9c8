"""The stage every test of the hub plays on; each of its answers is held against GitHub's own description,
each webhook against GitHub's examples."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.examples import missing
from tests.support.hub import Stage, stage
from tests.support.openapi import Witness, watching


@pytest.fixture(autouse=True)
def witness() -> Iterator[Witness]:
    """Looks at the answers only: wrong requests are the point of these tests."""
    with watching(asked=False) as witness:
        yield witness


@pytest.fixture
async def at(tmp_path: Path, witness: Witness) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as made:
        yield made
    witness.violations.update(line for item in made.received for line in missing(item.event, item.payload))
