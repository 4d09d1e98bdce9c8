"""Read whole new test files, and judge them before anything runs (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.change.records import Gate
from bot.git.changes import Changes
from bot.markdown import counted
from handlers.test.draws import find_fuzz_tests, find_loose_draws, find_undocumented
from handlers.test.honesty import Objection, find_cheats, find_copies
from handlers.test.target import list_definitions, list_modules

_UNREADABLE = "it cannot be read"


def honesty_gate(changes: Changes, targets: Mapping[str, str], *, fuzz: bool = False) -> Gate:
    """Require that the tests look at what the code does, not at the code."""
    found = [f"{path}, {one.told}" for path, one in list_objections(changes, targets, fuzz=fuzz)]
    return Gate(
        name="honest tests",
        passed=not found,
        after=counted(len(found), "objection") if found else "they look at what the code does",
        detail="\n".join(found),
    )


def list_objections(
    changes: Changes, targets: Mapping[str, str], *, fuzz: bool = False
) -> Iterator[tuple[str, Objection]]:
    """Yield what the test files must not do, with their paths.

    ``fuzz``: errors that they let pass have to be named by the target.
    """
    modules = list_modules(targets)
    for path, text in changes.files.items():
        if not path.endswith(".py"):
            continue
        try:
            found = [*find_cheats(text or "", modules), *find_loose_draws(text or "")]
            found += [Objection(0, why) for why in find_copies(text or "", dict(targets))]
            found += find_undocumented(text or "", targets.values()) if fuzz else []
        except SyntaxError as error:
            found = [Objection(0, f"{_UNREADABLE}: {error.msg}")]
        yield from ((path, one) for one in found)


def fuzz_gate(changes: Changes, targets: Mapping[str, str]) -> Gate:
    """Require a test that draws arbitrary input for the target."""
    names = {name for text in targets.values() for name in list_definitions(text) or ()}
    names = {name.rpartition(".")[2] for name in names}
    found = [f"{path}::{one}" for path, text in changes.files.items() for one in find_fuzz_tests(text or "", names)]
    return Gate(
        name="fuzz target",
        passed=bool(found),
        after=", ".join(found) or "none",
        detail=""
        if found
        else "Fuzz tests were asked for. No new test draws its input (`@given`, `random.Random(0)`) and "
        "asks the target.",
    )
