"""The stage every test of the hub plays on; each of its answers is held against GitHub's own description,
each webhook against GitHub's examples."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simhub.requestlog import RequestRecord
from tests.support.examples import missing
from tests.support.hub import Stage, stage
from tests.support.openapi import OpenApi


@pytest.fixture(scope="session")
def openapi() -> OpenApi | None:
    return OpenApi.load()


@pytest.fixture
async def at(tmp_path: Path, openapi: OpenApi | None) -> AsyncIterator[Stage]:
    violations: list[str] = []

    def check(record: RequestRecord, answer: object) -> None:
        if openapi and record.kind != "git" and record.path.startswith("/") and not record.faulted:
            violations.extend(openapi.response_errors(record.method, record.path, record.status, answer))

    async with stage(tmp_path) as made:
        made.hub.observers.append(check)
        yield made
    violations += [line for item in made.received for line in missing(item.event, item.payload)]
    assert not violations, "\n".join(sorted(set(violations)))
