"""A judge from outside asks every operation what the document promises, as everybody who might."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.api_judge import ROLES, judge
from tests.support.api_server import served

# Examples of an operation, and how many cases they make at least. Nobody is refused whatever they send;
# ``python -m tests.support.api_judge`` takes 200 examples, and the boundaries of every field.
EXAMPLES = {"nobody": (1, 90), "reader": (3, 100), "admin": (3, 100)}


@pytest.mark.needs("schemathesis")
@pytest.mark.parametrize("role", ROLES)
async def test_the_api_does_what_its_document_says(tmp_path: Path, role: str) -> None:
    examples, least = EXAMPLES[role]
    async with served(tmp_path) as told:
        judgement = await judge(told, role, examples, tmp_path)
    assert not judgement.failed, judgement.said
    assert judgement.cases > least
