"""A repository whose CI really runs, and what makes it red."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simhub.model import WorkflowRun
from tests.e2e.answers import Rule, calls, change, edit, finish, verdict
from tests.e2e.scenes import installation_of, rows
from tests.support.api import asker
from tests.support.pulls import push
from tests.support.story import Story

CODE = "shop/prices.py"
TEST = "tests/test_prices.py"
GOOD = '''"""Prices."""


def cents(text):
    whole, _, rest = text.partition(".")
    return int(whole) * 100 + int(rest or 0)
'''
BROKEN = GOOD.replace(" + int(rest or 0)", "")
MENDED = ("    return int(whole) * 100\n", "    return int(whole) * 100 + int(rest or 0)\n")
TESTS = """import unittest

from shop.prices import cents


class PricesTest(unittest.TestCase):
    def test_whole(self):
        self.assertEqual(cents("3"), 300)

    def test_cents(self):
        self.assertEqual(cents("3.25"), 325, "the cents are lost")
"""
TESTING = "python3 -m unittest discover -s tests -t . -v"
WORKFLOW = f"""name: CI
on: [push, pull_request]
env: {{ PYTHONDONTWRITEBYTECODE: "1" }}
jobs:
  test:
    steps:
      - uses: actions/checkout@v4
      - name: Test
        run: {TESTING}
  style:
    steps:
      - uses: actions/checkout@v4
      - run: python3 -m black --check shop
      - run: |
          python3 -m nothing_of_this 2>/dev/null || true
          python3 tools/generate.py && git diff --exit-code
"""
# a formatter that is there without any installation: it takes blanks off the ends of lines
BLACK = '''"""A formatter."""

import pathlib
import sys

bad = 0
for path in sorted(pathlib.Path(sys.argv[-1]).rglob("*.py")):
    text = path.read_text()
    tidy = "".join(line.rstrip() + "\\n" for line in text.splitlines())
    if tidy != text:
        bad = 1
        print("would reformat" if "--check" in sys.argv else "reformatted", path)
        if "--check" not in sys.argv:
            path.write_text(tidy)
sys.exit(bad if "--check" in sys.argv else 0)
'''
GENERATE = """import pathlib

names = sorted(path.stem for path in pathlib.Path("shop").glob("*.py"))
pathlib.Path("shop/index.txt").write_text("\\n".join(names) + "\\n")
"""
# what the menu shows is kept as a snapshot, which a runner that is there without any installation renews
SNAPSHOT = "tests/__snapshots__/menu.snap"
MENU_TEST = f'''import pathlib
import unittest


class MenuTest(unittest.TestCase):
    def test_menu(self):
        shown = pathlib.Path("menu.txt").read_text()
        self.assertEqual(shown, pathlib.Path("{SNAPSHOT}").read_text(), "\\n1 snapshot failed.\\n")
'''
RENEWER = f'''import pathlib
import sys

if "--snapshot-update" in sys.argv:
    pathlib.Path("{SNAPSHOT}").write_text(pathlib.Path("menu.txt").read_text())
'''
MENU = {
    "menu.txt": "Tea\n",
    SNAPSHOT: "Tea\n",
    "tests/test_menu.py": MENU_TEST,
    "pytest/__init__.py": "",
    "pytest/__main__.py": RENEWER,
}
# CI's own look at a lock file, which says what uv says; uv itself is asked by the bot, and needs no registry for this
LOOK = """import re
import sys

locked, wanted = (re.search('version = "(.*)"', open(name).read()[12:])[1] for name in ("uv.lock", "pyproject.toml"))
if locked != wanted:
    sys.exit("error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.")
"""
LOCK = "service/uv.lock"
MANIFEST = """[project]
name = "service"
version = "1"
requires-python = ">=3.10"

[tool.uv]
package = false
"""
SERVICE = {
    ".github/workflows/ci.yml": f"""{WORKFLOW}  locked:
    steps:
      - uses: actions/checkout@v4
      - run: python3 ../tools/look.py
        working-directory: service
""",
    "tools/look.py": LOOK,
    "service/pyproject.toml": MANIFEST,
    LOCK: """version = 1
revision = 3
requires-python = ">=3.10"

[[package]]
name = "service"
version = "1"
source = { virtual = "." }
""",
}
FILES = {
    ".github/workflows/ci.yml": WORKFLOW,
    ".github/forgehand.yml": "review: { on: [] }\n",
    CODE: GOOD,
    "shop/__init__.py": "",
    "shop/index.txt": "__init__\nprices\n",
    TEST: TESTS,
    "tests/__init__.py": "",
    "black/__init__.py": "",
    "black/__main__.py": BLACK,
    "tools/generate.py": GENERATE,
}


def lay(root: Path, files: dict[str, str] | None = None) -> Path:
    folder = root / "shop-source"
    for path, text in (FILES | (files or {})).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def enable(story: Story) -> None:
    """CI runs from now on, and the App may read it and run it again."""
    installation = installation_of(story)
    story.hub.accept_permissions(installation, {**installation.permissions, "actions": "write"})
    story.hub.run_workflows(story.repository)


async def ended(story: Story, sha: str, event: str = "push", attempt: int = 1) -> WorkflowRun:
    """Wait until CI has run on a commit."""

    def find() -> WorkflowRun | None:
        runs = (run for run in story.repository.workflow_runs if run.head_sha == sha and run.event == event)
        return next((run for run in runs if run.status == "completed" and run.attempt >= attempt), None)

    await story.until(lambda: find() is not None, what=f"CI has run on {sha[:10]}")
    run = find()
    assert run is not None
    return run


async def pushed(story: Story, files: dict[str, str], conclusion: str, branch: str = "main") -> str:
    """Push a commit, and see how CI ends on it."""
    sha = await push(story, branch, files, onto=branch if branch == "main" else "main")
    assert (await ended(story, sha)).conclusion == conclusion
    return sha


async def healed(story: Story, task: str = "heal", number: int | None = None, **body: Any) -> dict[str, Any]:
    """Start a task by the API, and wait for its end; its row's result."""
    given = {"deliver": "github"} | body
    started = await asker(story, story.maintainer).start(task, number, **given)
    assert started.status == 202, started.text
    query = "select result from fh_task where id = ? and ended is not null"
    await story.until(lambda: bool(rows(story, query, started.data["id"])), what=f"{task} has ended")
    return dict(json.loads(rows(story, query, started.data["id"])[0][0]))


HEAL = "You make a red commit"
JUDGE: Rule = {
    "match": {"system": "You judge changes that make CI pass again"},
    "reply": verdict("int(rest or 0)", passed=True, reason="The cents are added again."),
    "reusable": True,
}


def heals(*replies: dict[str, Any]) -> list[Rule]:
    return [{"match": {"system": HEAL}, "reply": reply} for reply in replies]


MEND = heals(calls(edit(change(CODE, *MENDED))), calls(finish("The cents were dropped.", "The cents are added.")))
