"""Sample projects of a language's runners, installed and run in the real sandbox."""

from __future__ import annotations

import shutil
from pathlib import Path

from bot.settings import Checks, Settings
from bot.toolchains.port import TestRun, Workspace
from bot.toolchains.repository import RepositoryToolchain, make_toolchain
from tests.support.sandboxes import bubblewrap

# id of a test: verdict and phase
Told = dict[str, tuple[str, str]]


async def open_zoo(
    zoo: Path, folder: Path, files: dict[str, str] | None = None, checks: Checks | None = None
) -> tuple[RepositoryToolchain, Workspace]:
    """Copy a sample below ``folder``, add or replace files, and install it."""
    tree = folder / "tree"
    shutil.copytree(zoo, tree)
    for name, text in (files or {}).items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    toolchain = make_toolchain(bubblewrap(), checks or Checks(), tree, Settings())
    workspace = Workspace(tree=tree, env=folder / "env")
    await toolchain.install(workspace)
    return toolchain, workspace


def told(run: TestRun) -> Told:
    return {case.id: (case.verdict, case.phase) for case in run.cases}


def below(file: str, cases: Told) -> Told:
    return {f"{file}::{name}": verdict for name, verdict in cases.items()}
