"""Turn a check that only looks into the command of the same tool that mends."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence

_OPERATORS = re.compile(r"&&|\|\||[;|&<>()$`]")
# how a tool may be started
_PREFIXES = (
    ("uv", "run"), ("poetry", "run"), ("pipenv", "run"), ("hatch", "run"), ("pdm", "run"), ("npx",),
    ("npm", "exec", "--"), ("pnpm", "exec"), ("yarn",), ("bundle", "exec"), ("python", "-m"), ("python3", "-m"),
)  # fmt: skip
Mend = Callable[[list[str]], list[str] | None]


def _drop(*flags: str, add: Sequence[str] = ()) -> Mend:
    """Make a rule for tools that write unless one of these flags is there."""

    def mend(words: list[str]) -> list[str] | None:
        kept = [word for word in words if word not in flags]
        return [kept[0], *add, *kept[1:]] if len(kept) < len(words) else None

    return mend


def _add(flag: str) -> Mend:
    """Make a rule for tools that write only where they are told to."""
    return lambda words: None if flag in words else [words[0], flag, *words[1:]]


def _mend_ruff(words: list[str]) -> list[str] | None:
    if words[1:2] == ["format"]:
        kept = [word for word in words if word not in ("--check", "--diff")]
        return kept if len(kept) < len(words) else None
    if words[1:2] != ["check"] or "--fix" in words:
        return None
    return ["ruff", "check", "--fix", *words[2:]]


def _mend_cargo(words: list[str]) -> list[str] | None:
    if words[1:2] == ["fmt"]:
        kept = [word for word in words if word != "--check"]
        return kept[:-1] if kept[-1] == "--" else kept
    if words[1:2] == ["clippy"]:
        return ["cargo", "clippy", "--fix", "--allow-dirty", "--allow-staged", "--allow-no-vcs", *words[2:]]
    return None


def _mend_gofmt(words: list[str]) -> list[str] | None:
    kept = [word for word in words[1:] if word not in ("-l", "-d")]
    return ["gofmt", "-w", *kept] if len(kept) < len(words) - 1 else None


_TOOLS: dict[str, Mend] = {
    "ruff": _mend_ruff,
    "black": _drop("--check", "--diff"),
    "isort": _drop("--check-only", "--check", "-c", "--diff"),
    "prettier": _drop("--check", "-c", "--list-different", "-l", add=("--write",)),
    "eslint": _add("--fix"),
    "gofmt": _mend_gofmt,
    "rustfmt": _drop("--check"),
    "cargo": _mend_cargo,
    "rubocop": _add("-A"),
}


def find_mends(command: str) -> list[str]:
    """Return the commands that mend what a command complains of, in its order.

    They are made of the words of its own lines; a line with shell operators other than ``&&`` is left alone.
    """
    parts = [part for line in command.split("\n") for part in line.split("&&")]
    return [mend for part in parts if (mend := _mend_line(part.strip())) is not None]


def _mend_line(line: str) -> str | None:
    if not line or _OPERATORS.search(line):
        return None
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return None
    start = _skip_prefixes(words)
    tool = _TOOLS.get(words[start]) if start < len(words) else None
    mended = tool(words[start:]) if tool is not None else None
    return shlex.join([*words[:start], *mended]) if mended is not None else None


def _skip_prefixes(words: Sequence[str]) -> int:
    """Return where the tool's own name stands."""
    start = 0
    while any(tuple(words[start : start + len(one)]) == one for one in _PREFIXES):
        start += next(len(one) for one in _PREFIXES if tuple(words[start : start + len(one)]) == one)
    return start
