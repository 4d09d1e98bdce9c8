"""Judge a test by its observations: pure, and exact at every boundary.

Each rule wants a least number of observations: of 10 runs that fail 7 times the true rate may be 40 or 89 %.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bot.markdown import counted
from bot.test_history.records import Observation, Verdict

# A test that fails 10 % of the time fails so often in a row once in 100,000 moments. Retries of one commit, and jobs
# that start together, fail for one reason: they are not so many observations.
IN_A_ROW = 5
LEAST_COMMITS = 3
LEAST_APART = 30 * 60_000
# observations that rates are taken of, the newest
WINDOW = 100
REFACTOR_PERCENT = 70
REFACTOR_LEAST = 20
DELETE_PERCENT = 90
DELETE_LEAST = 35
ALWAYS_LEAST = 20
ALWAYS_APART = 7 * 86_400_000
# failures that a pass on the very same files contradicts
CONTRADICTIONS = 2


def judge(observations: Sequence[Observation]) -> tuple[Verdict, ...]:
    """Return what the history of a test shows, the most urgent first."""
    ordered = sorted(observations, key=lambda one: one.at)[-WINDOW:]
    return tuple(_find_states(ordered))


def is_flaky(verdicts: Sequence[Verdict]) -> bool:
    """Return whether facts show a flaky test that is not broken just now."""
    states = {one.state for one in verdicts}
    return "flaky" in states and "broken" not in states


def _find_states(ordered: Sequence[Observation]) -> Iterator[Verdict]:
    last = ordered[-IN_A_ROW:]
    if _is_broken(last):
        commits = len({one.sha for one in last})
        yield Verdict(state="broken", reason=f"the last {IN_A_ROW} runs failed, on {counted(commits, 'commit')}")
    failed = sum(not one.passed for one in ordered)
    if _is_hopeless(ordered, failed):
        yield Verdict(state="delete or rewrite", reason=_say_rate(failed, len(ordered)))
    elif REFACTOR_LEAST <= len(ordered) != failed and _reaches(failed, len(ordered), REFACTOR_PERCENT):
        yield Verdict(state="refactor", reason=_say_rate(failed, len(ordered)))
    contradicted = count_contradictions(ordered)
    if contradicted >= CONTRADICTIONS:
        said = f"it failed and passed on the same files, {contradicted} times"
        yield Verdict(state="flaky", reason=said)


def _is_broken(last: Sequence[Observation]) -> bool:
    """Return whether five observations in a row are a test that is broken."""
    if len(last) < IN_A_ROW or any(one.passed for one in last):
        return False
    return len({one.sha for one in last}) >= LEAST_COMMITS and last[-1].at - last[0].at >= LEAST_APART


def _is_hopeless(ordered: Sequence[Observation], failed: int) -> bool:
    """Return whether a test fails so often that it says nothing."""
    if len(ordered) >= DELETE_LEAST and _reaches(failed, len(ordered), DELETE_PERCENT):
        return True
    recent = ordered[-ALWAYS_LEAST:]
    always = len(recent) == ALWAYS_LEAST and not any(one.passed for one in recent)
    return always and recent[-1].at - recent[0].at >= ALWAYS_APART


def count_contradictions(observations: Sequence[Observation]) -> int:
    """Count failures that a pass of the same files contradicts.

    Two commits of the same files are one tree: a commit that changed nothing proves as much as a second attempt.
    """
    passed = Counter(one.tree for one in observations if one.tree and one.passed)
    failed = Counter(one.tree for one in observations if one.tree and not one.passed)
    return sum(min(passed[tree], number) for tree, number in failed.items())


def _reaches(failed: int, runs: int, percent: int) -> bool:
    return 100 * failed >= percent * runs


def _say_rate(failed: int, runs: int) -> str:
    return f"it failed in {failed} of its last {runs} runs ({100 * failed // runs} %)"
