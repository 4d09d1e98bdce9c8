"""@octokit/rest, GitHub's own JavaScript client, as an independent witness (``npm ci`` in this folder)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.support.hub import Stage

HERE = Path(__file__).parent


@pytest.mark.needs("octokit")
async def test_octokit(at: Stage) -> None:
    process = await asyncio.create_subprocess_exec(
        "node", str(HERE / "octokit.js"), at.hub.api_url, at.token, at.alice.token,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert json.loads(out) == {
        "pages": [5, 4, 3, 2, 1],
        "comments": ["Done."],
        "role": "admin",
        "lines": [2],
        "refused": [422, True],
        "checks": ["success"],
        "graphql": "P",
    }
