"""One sandbox as it is used for work, and an empty workspace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.port import CommandResult, Limits, Sandbox
from tests.support.patience import PATIENCE
from tests.support.sandboxes import bubblewrap, container, gvisor

Shell = Callable[..., Awaitable[CommandResult]]
PYTHON = "/usr/bin/python3"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    directory = tmp_path / "tree"
    directory.mkdir()
    return directory


@pytest.fixture(params=["bubblewrap", "gvisor", "container"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each tier that isolates."""
    tiers = {"bubblewrap": bubblewrap, "gvisor": gvisor, "container": container}
    return tiers[request.param]()


@pytest.fixture
def shell(workspace: Path, sandbox: Sandbox) -> Shell:
    """``await shell("line", seconds=..., memory_mb=...)`` runs a shell line in each tier that isolates."""

    async def run(line: str, *, mounts: Any = (), env: Any = None, network: Any = None, **limits: Any) -> CommandResult:
        bounds = Limits(**{"seconds": PATIENCE, **limits})
        return await sandbox.run(
            ["/bin/sh", "-c", line], workspace, mounts=mounts, env=env, network=network, limits=bounds
        )

    return run
