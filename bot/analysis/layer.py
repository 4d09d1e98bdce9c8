"""The static layer: every analyser that fits the changed files, on base and head, in the sandbox, at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.analysis.records import Analyser, Analysis
from bot.sandbox.port import Sandbox


async def analyse(
    sandbox: Sandbox,
    base: Path,
    head: Path,
    changed: Mapping[str, frozenset[int]],
    *,
    renamed: Mapping[str, str] | None = None,
    analysers: Mapping[str, Analyser] | None = None,
    run_code: bool = False,
) -> Analysis:
    """Findings of the head that the base does not have.

    ``base`` and ``head`` are trees that hold at least the changed files; neither is written to. ``changed`` maps each
    path of the head to the numbers of its added lines, ``renamed`` a path of the head to its old one. ``analysers``
    are the policy's own; they run only with ``run_code`` (never for a stranger's fork) and want whole trees.
    Never raises for what an analyser or the code does: that is told in ``not_run``.
    """
    del sandbox, base, head, changed, renamed, analysers, run_code
    raise NotImplementedError
