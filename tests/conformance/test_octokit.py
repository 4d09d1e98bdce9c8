"""@octokit/rest, GitHub's own JavaScript client, as an independent witness (``npm install`` in this folder)."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import warnings
from pathlib import Path

from tests.support.hub import Stage

HERE = Path(__file__).parent


def _ready() -> bool:
    found = shutil.which("node") is not None and (HERE / "node_modules/@octokit/rest").exists()
    message = "the checks with @octokit/rest did not run: npm install --prefix tests/conformance"
    assert found or os.environ.get("CI") != "true", message
    if not found:
        warnings.warn(message, stacklevel=1)
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
