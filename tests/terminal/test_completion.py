"""What a shell completes, asked of the shells themselves."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

BASH = """
eval "$(forgehand completion bash)"
COMP_WORDS=(%s)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_forgehand_completion forgehand
printf '%%s\\n' "${COMPREPLY[@]}"
"""
# what zsh's own completion system does with what our function hands it, is its business
ZSH = """
compdef() { : }
_describe() { print -l -- "${(@P)3}" }
compadd() { print -l -- "${(@P)5}" }
eval "$(forgehand completion zsh)"
words=(%s)
CURRENT=${#words}
_forgehand_completion
"""
FISH = """
forgehand completion fish | source
complete --do-complete '%s'
"""
REPLIES = ["refactor", "rerun", "revert", "review", "revise"]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which ``forgehand`` is."""
    program = tmp_path / "forgehand"
    # not a Python script: a first line cannot name an interpreter whose path has a blank
    code = 'from bot.cli import main; main(prog_name="forgehand")'
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(code)} "$@"\n')
    program.chmod(0o755)
    return f"{tmp_path}:{os.environ['PATH']}"


def offered(path: str, *command: str) -> list[str]:
    """What a shell offers, without the descriptions that it may show beside it."""
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [re.split(r"[\t:]", line)[0] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("forgehand ta", ["tasks"]),
        ("forgehand tasks re", ["retry"]),
        ("forgehand run re", REPLIES),
        ("forgehand run fix --hi", ["--hint"]),
        ("forgehand run review --f", ["--full"]),
        ("forgehand try --sta", ["--stay"]),
        ("forgehand tasks list --state un", ["unverified"]),
    ],
)
def test_bash_completes_commands_tasks_and_options(path: str, typed: str, expected: list[str]) -> None:
    assert offered(path, "bash", "--norc", "-c", BASH % typed) == expected


@pytest.mark.needs("zsh")
def test_zsh_does_too(path: str) -> None:
    assert offered(path, "zsh", "-f", "-c", ZSH % "forgehand run re") == REPLIES


@pytest.mark.needs("fish")
def test_fish_does_too(path: str) -> None:
    assert offered(path, "fish", "--no-config", "-c", FISH % "forgehand run re") == REPLIES
