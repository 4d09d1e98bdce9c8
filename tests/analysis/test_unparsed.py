"""Files that could not be parsed do not count as analysed.

An error at the end of a file is on its last line.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.trees import analysed, said

WORKFLOW = (
    "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
    "      - run: echo ${{ github.event.issue.title }}\n"
)
FOLDER = ".github/workflows"
ODD = "name: x\nfoo: 1\n"
BROKEN = "on: push\njobs:\n  a: [\n"


@pytest.mark.parametrize(
    ("tool", "base", "head", "files", "named"),
    [
        ("bandit", {}, {"a/ok.py": "x = 1\n", "a/bad.py": "def f(:\n"}, 1, ["a/bad.py"]),
        ("bandit", {"a/ok.py": "def f(:\n"}, {"a/ok.py": "x = 1\n"}, 1, []),
        (
            "zizmor",
            {},
            {
                ".github/workflows/ok.yml": WORKFLOW,
                ".github/workflows/bad.yml": BROKEN,
                ".github/workflows/odd.yml": ODD,
            },
            1,
            [f"{FOLDER}/bad.yml", f"{FOLDER}/odd.yml"],
        ),
        ("zizmor", {".github/workflows/a.yml": BROKEN}, {".github/workflows/a.yml": WORKFLOW}, 1, []),
        # what zizmor does not name: a key twice, two documents, no mapping; and blanks in paths
        (
            "zizmor",
            {f"{FOLDER}/docs.yml": WORKFLOW},
            {
                f"{FOLDER}/ok.yml": WORKFLOW,
                f"{FOLDER}/key.yml": WORKFLOW.replace("    runs-on", "    runs-on: x\n    runs-on"),
                f"{FOLDER}/docs.yml": f"{WORKFLOW}---\n{WORKFLOW}",
                f"{FOLDER}/text a.yml": "hello\n",
                "Plan b/action.yml": ODD,
            },
            1,
            [f"{FOLDER}/docs.yml", f"{FOLDER}/key.yml", f"{FOLDER}/text a.yml", "Plan b/action.yml"],
        ),
    ],
)
async def test_what_could_not_be_parsed_is_named_and_not_counted(
    tmp_path: Path, tool: str, base: dict[str, str], head: dict[str, str], files: int, named: list[str]
) -> None:
    analysis = await analysed(tmp_path, base, head)
    (ran,) = (one for one in analysis.ran if one.tool == tool)
    assert ran.files == files
    reasons = [one.reason for one in analysis.not_run if one.tool == tool]
    assert reasons == ([f"{tool} could not parse {', '.join(named)}."] if named else [])


async def test_code_that_no_tool_has_rules_for_is_named(tmp_path: Path) -> None:
    head = {
        "a.py": "x = 1\n",
        "b.rb": "x = 1\n",
        "c.kt": "val x = 1\n",
        "README.md": "x\n",
        "d.lock": "x\n",
        "run.sh": "ls\n",
    }
    analysis = await analysed(tmp_path, {}, head)
    assert analysis.unruled == ("b.rb", "c.kt")


@pytest.mark.parametrize("end", ["", "\n"])
async def test_a_syntax_error_behind_the_last_line_is_on_it(tmp_path: Path, end: str) -> None:
    before = "def f(a):\n    return a\n\n\nvalue = f(1)\n"
    after = before.replace("value = f(1)\n", f"value = f(1,{end}")
    analysis = await analysed(tmp_path, {"a.py": before}, {"a.py": after})
    assert ("invalid-syntax", 5) in said(analysis)
