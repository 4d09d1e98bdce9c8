"""A feature, from the issue to a pull request whose requirements are traced to tests."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

from tests.e2e.conftest import Tell
from tests.e2e.features import BODY, DURATIONS, GOOD, LABEL, TITLE
from tests.e2e.scenes import git
from tests.toolchains.conftest import write

PROJECT = """[project]
name = "durations"
version = "1.0"
requires-python = ">=3.8"

[project.optional-dependencies]
test = ["pytest"]

[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[tool.setuptools]
packages = ["durations"]
"""


async def test_a_label_becomes_a_pull_request_of_traced_requirements(tell: Tell, tmp_path: Path) -> None:
    """Of a package that is built; the other stories of this sample only need pytest."""
    source = write(copytree(DURATIONS, tmp_path / "package"), {"pyproject.toml": PROJECT})
    story = await tell(GOOD, source=source)
    number = await story.file(TITLE, BODY, label=LABEL)
    status = await story.until_status(number, "Done.")
    assert "- [ ]" not in status
    (pull,) = await story.pulls()
    assert (pull["title"], pull["draft"]) == (TITLE, False)
    body = pull["body"]
    assert body.startswith(f"Fixes #{number}.")
    assert (
        "| R1: `2w` is two weeks. | `test_weeks_are_seven_days` | `ValueError: unknown unit 'w'` | passes, 3 of 3 |"
        in body
    )
    assert "2 requirements held by tests that run what was added; they notice 11 of 13 small faults" in body
    assert "2. Parse weeks: no test lost; 1 of 2 new tests pass" in body
    commits = git(story, "log", "--format=%s", f"main..{pull['head']['ref']}").splitlines()
    assert commits == ["Write durations", "Parse weeks", "Add the acceptance tests"]
    assert git(story, "log", "-1", "--format=%B", pull["head"]["ref"]).endswith(f"Fixes #{number}")
    first = git(story, "diff", "--name-only", "main", f"{pull['head']['ref']}~2").splitlines()
    second = git(story, "diff", "--name-only", f"{pull['head']['ref']}~2", f"{pull['head']['ref']}~1").splitlines()
    assert (first, second) == (["tests/test_weeks.py"], ["durations/parse.py"])
    (plan,) = (await story.comments(number))["plan"]
    assert "```mermaid\nflowchart LR" in plan
    asked = next(one for one in story.script.requests if "Task: plan how" in one.text)
    assert "The repository keeps a changelog: CHANGELOG.md." in asked.text
    assert "Documents that name this area: README.md." in asked.text
