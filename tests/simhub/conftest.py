"""The stage every test of the hub plays on; each of its answers is held against GitHub's own description,
each webhook against GitHub's examples."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.examples import missing
from tests.support.hub import Stage, stage
from tests.support.openapi import Witness


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Stage]:
    witness = Witness(asked=False)
    async with stage(tmp_path) as made:
        made.hub.observers.append(witness)
        yield made
    witness.violations.update(line for item in made.received for line in missing(item.event, item.payload))
    witness.check()
