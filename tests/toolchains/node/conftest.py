"""Sample projects of JavaScript's runners, run in the real sandbox on what npm installed beside them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.settings import Checks, Settings
from bot.toolchains.node.installation import WRITTEN
from bot.toolchains.port import Workspace
from bot.toolchains.repository import RepositoryToolchain, make_toolchain
from tests.support.sandboxes import bubblewrap

ZOO = Path(__file__).parent / "zoo"
INSTALLED = Path(__file__).parent / "node_modules"
OLD = Path(__file__).parent / "old" / "node_modules"
Open = Callable[..., tuple[RepositoryToolchain, Workspace]]


@pytest.fixture
def open_project(tmp_path: Path) -> Open:
    """``toolchain, workspace = open_project("jest", {"path": "text"})``: the sample, more files, what npm installed."""

    def build(
        runner: str = "",
        files: dict[str, str] | None = None,
        checks: Checks | None = None,
        installed: Path = INSTALLED,
    ) -> tuple[RepositoryToolchain, Workspace]:
        tree = tmp_path / "tree"
        if runner:
            shutil.copytree(ZOO / runner, tree)
        for name, text in (files or {}).items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        env = tmp_path / "env"
        (env / "modules").mkdir(parents=True)
        if installed.is_dir():
            for name in WRITTEN:
                (installed / name).mkdir(exist_ok=True)
            (env / "modules" / "node_modules").symlink_to(installed)
            (env / "modules.json").write_text(json.dumps(["node_modules"]))
        toolchain = make_toolchain(bubblewrap(), checks or Checks(), tree, Settings())
        return toolchain, Workspace(tree=tree, env=env)

    return build
