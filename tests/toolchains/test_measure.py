"""Measuring programs: ours, run among a repository's packages; what they sign comes back, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox.port import Limits
from bot.settings import Checks, Settings
from bot.toolchains.port import Program, ToolchainError, Workspace
from bot.toolchains.repository import make_toolchain
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import Make, write

MODULE = """
import json, os
from forgehand_records import Records, directory_with_key

DIRECTORY = directory_with_key()
RECORDS = Records(DIRECTORY)

def main():
    plan = json.load(open(os.path.join(DIRECTORY, "plan.json")))
    import sample
    RECORDS.write({"answer": sample.answer() + plan["more"]})
    with open(os.path.join(DIRECTORY, "results.jsonl"), "a") as stream:
        stream.write('0 {"answer": "forged"}\\n')
"""
RUN = "import weigh; weigh.main()"


def program(tmp_path: Path) -> Program:
    folder = write(tmp_path / "program", {"weigh.py": MODULE})
    return Program(folder=folder, module="weigh", argv=("-c", RUN), plan='{"more": 1}')


async def test_only_what_the_program_signed_comes_back(make: Make, tmp_path: Path) -> None:
    toolchain, workspace = make({"weigh.py": "raise SystemExit('the repository posed as the program')"})
    measured = await toolchain.measure(workspace, program(tmp_path), limits=Limits())
    assert measured.result.ok, measured.result.output
    assert measured.records == ({"answer": 43},)


async def test_a_language_that_is_not_measured_is_told(tmp_path: Path) -> None:
    tree = write(
        tmp_path / "tree", {"package.json": '{"name": "a", "scripts": {"test": "node --test"}}', "a.test.js": ""}
    )
    toolchain = make_toolchain(bubblewrap(), Checks(), tree, Settings())
    with pytest.raises(ToolchainError, match=r"Only Python code .* is written in node\."):
        await toolchain.measure(Workspace(tree=tree, env=tmp_path / "env"), program(tmp_path), limits=Limits())
