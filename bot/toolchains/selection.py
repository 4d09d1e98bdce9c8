"""Keep of a run what was asked for; a selection that matched nothing proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.toolchains.events import Folded
from bot.toolchains.port import Completeness, TestCase


def keep_wanted(folded: Folded, targets: Sequence[str], is_wanted: Callable[[TestCase], bool]) -> Folded:
    """Keep the cases of a selection; one that matched nothing proves nothing."""
    if not targets:
        return folded
    cases = tuple(case for case in folded.cases if is_wanted(case))
    if cases or not folded.completeness.ok:
        return Folded(cases, folded.completeness)
    return Folded((), Completeness(ok=False, reason="The selection matched no test, so it proves nothing."))


def select(folded: Folded, targets: Sequence[str]) -> Folded:
    """Keep the cases of files and test ids, and require every id to be there."""
    return _require_ids(keep_wanted(folded, targets, lambda case: _is_wanted(case, targets)), targets)


def _is_wanted(case: TestCase, targets: Sequence[str]) -> bool:
    """Return whether a case was asked for, or keeps what was from running."""
    wanted = [target.rstrip("/") for target in targets]
    own = any(case.id == one or case.id.startswith((f"{one}::", f"{one}/")) for one in wanted)
    above = case.verdict == "error" and any(one.startswith((f"{case.id}::", f"{case.id}/")) for one in wanted)
    return own or above or case.id in ("", ".", "unhandled error")


def _require_ids(folded: Folded, targets: Sequence[str]) -> Folded:
    """Believe a selection of tests only where each of them has a verdict."""
    there = {case.id for case in folded.cases}
    missing = [one for one in targets if "::" in one and one not in there]
    if not missing or not folded.completeness.ok:
        return folded
    reason = f"`{missing[0]}` was asked for and did not run."
    return Folded(folded.cases, Completeness(ok=False, reason=reason, lost=tuple(missing)))
