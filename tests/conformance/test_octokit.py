"""@octokit/rest, GitHub's own JavaScript client, as an independent witness (``npm ci`` in this folder)."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

from tests.support.hub import Stage
from tests.support.notrun import did_not_run

HERE = Path(__file__).parent


def _ready() -> bool:
    found = shutil.which("node") is not None and (HERE / "node_modules/@octokit/rest").exists()
    if not found:
        did_not_run("conformance with @octokit/rest", "npm ci --prefix tests/conformance (node 20 or newer)")
    return found


async def test_octokit(at: Stage) -> None:
    if not _ready():
        return
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
