"""Analysers a policy names: they run on whole trees where code may run, and their SARIF is read with suspicion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.analysis.records import Analyser, Analysis
from bot.analysis.runner import run_tool
from bot.analysis.staging import Source
from bot.analysis.tools import TOOLS, Tool
from bot.policy import PolicyError, describe, parse_policy
from bot.pulls.rules import ReviewRules
from bot.sandbox.process import NoSandbox
from bot.settings import Settings
from handlers import TASKS
from tests.analysis.trees import analysed, said
from tests.support.sandboxes import bubblewrap

# a small linter as a repository may bring one: every line that says BAD, as SARIF
LINTER = """
import json, pathlib, sys
results = [
    {"ruleId": "no-bad", "level": "error", "message": {"text": "BAD is bad."}, "locations": [{"physicalLocation": {
        "artifactLocation": {"uri": str(path)}, "region": {"startLine": number}}}]}
    for path in pathlib.Path(".").rglob("*.txt")
    for number, line in enumerate(path.read_text().split("\\n"), 1) if "BAD" in line
]
pathlib.Path(sys.argv[1]).write_text(json.dumps({"version": "2.1.0", "runs": [{"results": results}]}))
"""
OWN = {"words": Analyser(command="/usr/bin/python3 lint/words.py out.sarif", sarif="out.sarif")}
BASE = {"lint/words.py": LINTER, "old.txt": "one\nBAD two\n"}


def reasons(analysis: Analysis) -> str:
    return " ".join(f"{one.tool}: {one.reason}" for one in analysis.not_run)


async def test_new_findings_of_the_policys_analyser_count_like_ours(tmp_path: Path) -> None:
    head = {"lint/words.py": LINTER, "new.txt": "one\nBAD two\nthree BAD\n"}
    analysis = await analysed(tmp_path, BASE, head, renamed={"new.txt": "old.txt"}, analysers=OWN, run_code=True)
    assert reasons(analysis) == ""
    assert said(analysis) == {("no-bad", 3)}
    assert [(one.path, one.line) for one in analysis.evidence] == [("new.txt", 2)]
    assert OWN["words"].command in {run.command for run in analysis.ran}


async def test_it_does_not_run_where_no_code_may(tmp_path: Path) -> None:
    head = {"lint/words.py": "open('/tmp/ran', 'w')", "a.txt": "BAD\n"}
    analysis = await analysed(tmp_path, BASE, head, analysers=OWN)
    assert analysis.new == ()
    assert "not allowed" in reasons(analysis)


async def test_a_report_the_repository_ships_is_not_taken_for_the_analysers(tmp_path: Path) -> None:
    files = {"a.txt": "BAD\n", "out.sarif": '{"version": "2.1.0", "runs": []}'}
    silent = {"words": Analyser(command="echo nothing to say", sarif="out.sarif")}
    analysis = await analysed(tmp_path, files, files | {"b.txt": "BAD"}, analysers=silent, run_code=True)
    assert "exit code 0 and no out.sarif: nothing to say" in reasons(analysis)
    assert (tmp_path / "head/out.sarif").exists()


async def test_a_report_is_read_from_inside_the_tree_only(tmp_path: Path) -> None:
    (tmp_path / "outside.sarif").write_text('{"runs": []}')
    for number, command in enumerate(
        (
            f"ln -s {tmp_path}/outside.sarif out.sarif",
            f"mkdir real && ln -s {tmp_path} sub",
            "mkfifo out.sarif",
            "mkdir out.sarif",
            "head -c 20000000 /dev/zero > out.sarif",
            "echo '[1, 2' > out.sarif",
            "echo '{\"runs\": 3}' > out.sarif",
        )
    ):
        place = "sub/outside.sarif" if " sub" in command else "out.sarif"
        own = {"words": Analyser(command=command, sarif=place)}
        analysis = await analysed(tmp_path / str(number), BASE, {"a.txt": "BAD"}, analysers=own, run_code=True)
        assert [one.tool for one in analysis.not_run] == ["words"], command
        assert analysis.new == ()


async def test_one_that_hangs_is_stopped_and_the_others_answer(tmp_path: Path) -> None:
    own = {"words": Analyser(command="sleep 600", minutes=0.02)}
    analysis = await analysed(tmp_path, {}, {"a.py": "def f(a=[]):\n    return a\n"}, analysers=own, run_code=True)
    assert said(analysis) == {("B006", 1)}
    assert "words gave no answer: it was stopped after" in reasons(analysis)


async def test_without_a_sandbox_nothing_runs_and_that_is_said(tmp_path: Path) -> None:
    analysis = await analysed(tmp_path, {}, {"a.py": "x = 1\n"}, sandbox=NoSandbox("bwrap is not here."))
    assert analysis.ran == ()
    assert {one.tool for one in analysis.not_run} == {"ruff", "bandit", "ast-grep", "detect-secrets"}
    assert "bwrap is not here" in reasons(analysis)


async def test_a_tool_that_is_not_installed_is_listed_with_how_to_install_it() -> None:
    ruff = next(tool for tool in TOOLS if tool.name == "ruff")
    absent = Tool(name="absent", find=lambda: None, reads=ruff.reads, options=())
    outcome = await run_tool(bubblewrap(), absent, [Source("a.py", b"x = 1\n", None)])
    assert json.loads(outcome.listed.model_dump_json()) == {
        "tool": "absent",
        "reason": "absent is not here. Install the server with its analysers: pip install 'forgehand[analysis]'.",
    }


async def test_a_tool_that_fails_is_listed_with_what_it_said() -> None:
    ruff = next(tool for tool in TOOLS if tool.name == "ruff")
    wrong = Tool(name="ruff", find=ruff.find, reads=ruff.reads, options=("check", "--no-such-option"))
    outcome = await run_tool(bubblewrap(), wrong, [Source("a.py", b"x = 1\n", None)])
    assert "exit code 2" in outcome.listed.model_dump_json()
    assert "--no-such-option" in outcome.listed.model_dump_json()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("words: {command: x, sarif: ../out}", "line 3: review.analysers.words.sarif: "),
        ("words: {command: x, sarif: sub/..}", "line 3: review.analysers.words.sarif: "),
        ("words: {command: x, sarf: out}", "line 3: review.analysers.words.sarf: "),
        ("words: {sarif: out}", "line 3: review.analysers.words"),
        ("W: {command: x}", "line 3: review.analysers.W"),
    ],
)
def test_a_policy_that_names_one_wrongly_is_told_where(text: str, problem: str, tmp_path: Path) -> None:
    own = Settings(data_dir=tmp_path)
    with pytest.raises(PolicyError, match=problem):
        parse_policy(f"review:\n  analysers:\n    {text}\n", own, TASKS.schema)
    policy = parse_policy("review:\n  analysers:\n    words: {command: x}\n", own, TASKS.schema)
    assert policy.rules(ReviewRules).analysers == {"words": Analyser(command="x")}
    assert '{"words": {"command": "x"' in describe(policy, TASKS.schema)
