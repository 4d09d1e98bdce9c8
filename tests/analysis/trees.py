"""Two trees on the disk and what changed between them, as the layer wants them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.analysis.layer import analyse
from bot.analysis.records import Analysis
from bot.sandbox.port import Sandbox
from tests.support.sandboxes import bubblewrap

Files = Mapping[str, str]


def added_lines(before: str, after: str) -> frozenset[int]:
    """Numbers of the lines of ``after`` that are not in ``before``, as a diff has them."""
    matcher = difflib.SequenceMatcher(a=before.split("\n"), b=after.split("\n"), autojunk=False)
    return frozenset(
        line + 1 for tag, _, _, first, last in matcher.get_opcodes() if tag != "equal" for line in range(first, last)
    )


def write(root: Path, files: Files) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


async def analysed(
    folder: Path,
    base: Files,
    head: Files,
    *,
    sandbox: Sandbox | None = None,
    renamed: Mapping[str, str] | None = None,
    **more: Any,
) -> Analysis:
    """Analyse all of ``head`` against ``base`` in the bubblewrap tier."""
    old = renamed or {}
    changed = {path: added_lines(base.get(old.get(path, path), ""), text) for path, text in head.items()}
    changed = {path: lines for path, lines in changed.items() if lines or path in old}
    trees = (write(folder / "base", base), write(folder / "head", head))
    return await analyse(sandbox or bubblewrap(), *trees, changed, renamed=renamed, **more)


def said(analysis: Analysis) -> set[tuple[str, int]]:
    """(rule, line) of what is new."""
    return {(one.rule, one.line) for one in analysis.new}
