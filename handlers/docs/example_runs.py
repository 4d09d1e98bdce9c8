"""Run the examples that a change wrote, in the sandbox, as tests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from bot.documentation.examples import Example, ExampleTest, Rewrite, write_tests
from bot.git.changes import Changes
from bot.sandbox.port import Limits
from bot.toolchains.port import TestCase, TestRun
from bot.work.failures import summarise
from bot.work.workshop import Workshop

_LIMITS = Limits(seconds=300)
_MODULE = "test_forgehand_examples.py"


class ExampleRun(NamedTuple):
    """Verdicts on the examples of a change."""

    passed: int
    failed: tuple[str, ...]  # in words, with the place
    unchanged: tuple[str, ...] = ()  # places that failed in the same way before


async def run_examples(
    workshop: Workshop, changes: Changes, rewrites: Sequence[Rewrite], packages: Collection[str]
) -> ExampleRun:
    """Run each example behind those above it, and what it replaced.

    ``packages`` are the project's own, imported before.
    """
    tests = [*_name(rewrites, "after"), *_name((one for one in rewrites if one.before), "before")]
    module = Changes(files={**changes.files, _MODULE: write_tests(tests, packages)})
    await workshop.renew()
    run = await workshop.test(module, [_MODULE], limits=_LIMITS)
    await workshop.renew()
    return judge_run(run, rewrites)


def judge_run(run: TestRun, rewrites: Sequence[Rewrite]) -> ExampleRun:
    """Read the verdicts; an example without one did not pass.

    What fails as the example did that it replaced (it wants a server, or a name that its page does not define) is no
    worse than it was.
    """
    cases = {case.id.rpartition("::")[2]: case for case in run.cases}
    failed, unchanged, passed = [], [], 0
    for rewrite in rewrites:
        name = _identify(rewrite.example)
        after, before = cases.get(f"test_after_{name}"), cases.get(f"test_before_{name}")
        place = f"{rewrite.example.path}:{rewrite.example.line}"
        if after is not None and after.verdict == "passed":
            passed += 1
        elif after is not None and before is not None and after.raised and _fails_alike(after, before):
            unchanged.append(place)
        else:
            why = summarise(after.message) if after is not None else run.completeness.reason
            failed.append(f"{place}: {why or 'it was not run'}")
    return ExampleRun(passed, tuple(failed), tuple(unchanged))


def _fails_alike(after: TestCase, before: TestCase) -> bool:
    """Return whether all that goes wrong, each statement, did so before."""
    return _faults(after) <= _faults(before)


def _faults(case: TestCase) -> frozenset[str]:
    return frozenset(f"{one.type}: {line}" for one in case.raised for line in one.message.split("\n"))


def _name(rewrites: Iterable[Rewrite], side: str) -> list[ExampleTest]:
    return [
        ExampleTest(name=f"test_{side}_{_identify(one.example)}", examples=one.after if side == "after" else one.before)
        for one in rewrites
    ]


def _identify(example: Example) -> str:
    """Return a name for an example that Python takes for one."""
    path = "".join(sign if sign.isalnum() else "_" for sign in example.path)
    return f"{path}_{example.line}"
