"""Scripted answers for a feature of the durations: the good ones, and pieces to make bad ones from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.answers import Rule, calls, change, edit, finish, new_file, verdict

DURATIONS = Path(__file__).parent / "durations"
TITLE = "Weeks, and durations as text"
BODY = (
    'Weeks are missing: `parse_duration("2w")` should work. And I would like to get `"1h30m"` back from 5400 seconds.'
)
LABEL = "ai-feature"
TESTS = "tests/test_weeks.py"
TEST_WEEKS = """
def test_weeks_are_seven_days():
    from durations.parse import parse_duration

    assert parse_duration("2w") == 1209600
"""
TEST_FORMAT = """
def test_hours_and_minutes_are_written():
    from durations.write import write_duration

    assert write_duration(5400) == "1h30m"
    assert write_duration(3600) == "1h"
"""
IDLE = """
def test_hours_and_minutes_are_written():
    from durations.write import write_duration

    write_duration(5400)
"""
UNRELATED = """
def test_hours_and_minutes_are_written():
    from pathlib import Path

    import durations

    assert Path(durations.__file__).with_name("write.py").exists()
"""
GOOD_TESTS = TEST_WEEKS + "\n" + TEST_FORMAT
WEEKS = ('    if unit == "h":\n', '    if unit == "w":\n        return 7 * 24 * 3600\n    if unit == "h":\n')
WRITE = '''"""Write durations."""


def write_duration(seconds):
    """Hours and minutes in ``seconds``, e.g. ``"1h30m"``."""
    hours, rest = divmod(seconds, 3600)
    minutes = rest // 60
    text = f"{hours}h" if hours else ""
    if minutes:
        text += f"{minutes}m"
    return text
'''
SPECIFICATION: dict[str, Any] = {
    "goal": "Weeks can be parsed, and seconds be written as a duration.",
    "requirements": [
        {"text": "`2w` is two weeks.", "acceptance": "`parse_duration` returns 1209600; now it raises ValueError."},
        {"text": "Seconds are written.", "acceptance": "`write_duration(5400)` is `1h30m`; now there is no such name."},
    ],
    "assumptions": ["Seconds below a minute are left out."],
    "questions": [],
}
QUESTIONS = ["Is a week seven days? I would say so.", "Are seconds written too? I would leave them out."]
PLAN: dict[str, Any] = {
    "options": [{"title": "A branch for weeks", "gains": "Small.", "costs": "None.", "chosen": True}],
    "files": [
        {"path": "durations/parse.py", "new": False, "why": "It knows the units."},
        {"path": "durations/write.py", "new": True, "why": "Writing is no parsing."},
        {"path": "CHANGELOG.md", "new": False, "why": "Users read it."},
    ],
    "names": [
        {"name": "seconds_in", "path": "durations/parse.py", "new": False},
        {"name": "write_duration", "path": "durations/write.py", "new": True},
    ],
    "steps": [
        {
            "title": "Parse weeks",
            "text": "`seconds_in()` knows `w`.",
            "files": ["durations/parse.py"],
            "requirements": ["R1"],
        },
        {
            "title": "Write durations",
            "text": "`write_duration()` in a module of its own, and the changelog.",
            "files": ["durations/write.py", "CHANGELOG.md"],
            "requirements": ["R2"],
        },
    ],
    "tests": ["Two weeks; 5400 seconds."],
    "risks": [],
    "diagram": "flowchart LR\n  A[Text] --> B[Seconds]\n  B --> C[Text again]",
}
TRACES = [
    {
        "requirement": "R1",
        "tests": [f"{TESTS}::test_weeks_are_seven_days"],
        "quote": "unknown unit 'w'",
        "why": "Weeks are unknown.",
    },
    {
        "requirement": "R2",
        "tests": [f"{TESTS}::test_hours_and_minutes_are_written"],
        "quote": "No module named 'durations.write'",
        "why": "Nothing writes durations.",
    },
]
REVIEWED: Rule = {
    "match": {"system": "You review plans"},
    "reply": calls(("verdict", {"objections": []})),
    "reusable": True,
}


def specified(**changed: Any) -> Rule:
    return {
        "match": {"text": "First task: write a short specification"},
        "reply": calls(("specify", SPECIFICATION | changed)),
    }


def planned(**changed: Any) -> Rule:
    return {"match": {"text": "Task: plan how"}, "reply": calls(("plan", PLAN | changed))}


def written(text: str = GOOD_TESTS, path: str = TESTS) -> list[Rule]:
    """The tests are written in one turn, and done in the next."""
    stage = {"user": "Second task: write the acceptance tests"}
    return [
        {"match": {**stage, "turn": 0}, "reply": calls(edit(new_file(path, text)))},
        {"match": {**stage, "turn": 1}, "reply": calls(finish())},
    ]


def traced(traces: list[dict[str, Any]] = TRACES, **options: Any) -> Rule:
    return {"match": {"system": "You trace requirements"}, "reply": {"json": {"traces": traces}}, **options}


def worked(*replies: dict[str, Any]) -> list[Rule]:
    """Everything after the acceptance tests, in order."""
    return [{"match": {"text": "Third task: carry out the plan", "tool": "edit"}, "reply": reply} for reply in replies]


def judged(**unmet: str) -> Rule:
    rows = [{"id": id, "met": id not in unmet, "why": unmet.get(id, "It is.")} for id in ("R1", "R2")]
    reply = verdict("hours, rest = divmod(seconds, 3600)", requirements=rows)
    return {"match": {"system": "You judge code changes against"}, "reply": reply, "reusable": True}


DRAFTED = [specified(), planned(), REVIEWED]
CHANGELOG = change("CHANGELOG.md", "## Unreleased\n", "## Unreleased\n\n- Weeks, and `write_duration`.\n")
STEPS = worked(
    calls(edit(change("durations/parse.py", *WEEKS))),
    calls(finish("Weeks were unknown.", "Weeks are seven days.")),
    calls(edit(new_file("durations/write.py", WRITE) + CHANGELOG)),
    calls(finish("Nothing wrote durations.", "Hours and minutes are written.")),
)
PROVED = [*written(), traced()]
GOOD = [*DRAFTED, *PROVED, *STEPS, judged()]
