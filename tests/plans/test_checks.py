"""Plans against a commit: what does not exist, is not met, or cannot be drawn is told; a sound plan is not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pytest

from bot.plans.checks import find_faults
from bot.plans.records import Option, Plan, PlannedFile, PlannedName, PlannedStep, Requirement, Specification

WANTED = Specification(
    goal="Weeks can be parsed.",
    requirements=(
        Requirement(id="R1", text="`1w` is seven days.", acceptance="`parse` returns 604800."),
        Requirement(id="R2", text="Unknown units are refused.", acceptance="`parse` raises."),
    ),
)
GOOD: dict[str, Any] = {
    "options": (
        Option(title="A table of units", gains="One line more.", costs="None.", chosen=True),
        Option(title="A branch in `parse()`", gains="No table.", costs="Longer.", chosen=False),
    ),
    "files": (
        PlannedFile(path="durations/parse.py", new=False, why="`durations.parse.UNITS` holds the units."),
        PlannedFile(path="tests/test_weeks.py", new=True, why="The new tests."),
    ),
    "names": (
        PlannedName(name="parse", path="durations/parse.py", new=False),
        PlannedName(name="Parser.weeks", path="durations/parse.py", new=True),
    ),
    "steps": (
        PlannedStep(
            title="Parse weeks",
            text="Add the unit to the table; see `tests/` and `weeks()`, not `sorted()`.",
            files=("durations/parse.py",),
            requirements=("R1", "R2"),
        ),
    ),
    "tests": ("`1w` and `1x`, in `tests/test_weeks.py`.",),
    "risks": (),
    "diagram": "flowchart LR\nA[Text] --> B[Seconds]",
}


@dataclass(frozen=True)
class Tree:
    """A commit of three files."""

    paths: Collection[str] = ("durations/parse.py", "durations/__init__.py", "tests/test_parse.py")

    def defining(self, name: str) -> Collection[str]:
        return ["durations/parse.py"] if name in {"parse", "Parser"} else []

    def speaks(self, name: str) -> bool:
        return name in {"parse", "Parser", "UNITS"}

    def mentions(self, path: str, name: str) -> bool:
        return path == "durations/parse.py" and self.speaks(name)


def faults(**changed: Any) -> str:
    plan = Plan(**(GOOD | changed))
    return "\n".join(find_faults(plan, WANTED, Tree(), lambda path: "protected" if ".github" in path else None))


def step(**changed: Any) -> tuple[PlannedStep, ...]:
    return (GOOD["steps"][0].model_copy(update=changed),)


def test_a_sound_plan_has_no_faults() -> None:
    assert faults() == ""


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"steps": ()}, "1 to 8 steps"),
        ({"steps": step(requirements=("R1",))}, "No step is for R2."),
        ({"steps": step(requirements=("R1", "R2", "R9"))}, "R9, which is not a requirement"),
        ({"steps": step(files=("durations/units.py",))}, "`durations/units.py`, which is not among the files"),
        ({"steps": step(title="x" * 73)}, "title of step 1"),
        ({"steps": step(text="Call `parse_weeks()`.")}, "`parse_weeks()` is named, but nothing"),
        ({"steps": step(text="As in `durations/old.py`.")}, "`durations/old.py` is named, but there is no such path"),
        ({"steps": step(text="Use `durations.parse.weekdays`.")}, "`durations.parse.weekdays` is named"),
        ({"tests": ()}, "nothing about tests"),
        ({"options": ()}, "Exactly one of the options"),
        ({"diagram": "flowchart LR\nA[Open"}, "Line 2 of the diagram"),
    ],
)
def test_what_is_wrong_is_told(changed: dict[str, Any], told: str) -> None:
    assert told in faults(**changed)


@pytest.mark.parametrize(
    ("path", "new", "told"),
    [
        ("durations/units.py", False, "does not exist"),
        ("durations/parse.py", True, "said to be new, but it exists"),
        (".github/workflows/ci.yml", True, "protected"),
    ],
)
def test_a_file_exists_or_is_said_to_be_new(path: str, new: bool, told: str) -> None:
    file = PlannedFile(path=path, new=new, why="")
    assert told in faults(files=(*GOOD["files"], file))


@pytest.mark.parametrize(
    ("name", "path", "new", "told"),
    [
        ("weeks_of", "durations/parse.py", False, "does not define"),
        ("parse", "durations/parse.py", True, "said to be new, but"),
        ("parse", "durations/old.py", False, "which neither exists nor is said to be new"),
    ],
)
def test_a_name_exists_or_is_said_to_be_new(name: str, path: str, new: bool, told: str) -> None:
    named = PlannedName(name=name, path=path, new=new)
    assert told in faults(names=(*GOOD["names"], named))


def test_a_constant_is_found_where_its_file_holds_the_word() -> None:
    assert faults(names=(*GOOD["names"], PlannedName(name="UNITS", path="durations/parse.py", new=False))) == ""
