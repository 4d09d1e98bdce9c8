"""Findings are new if the base lacks them and the change touched them."""

from __future__ import annotations

from pathlib import Path

from tests.analysis.trees import analysed, said

OLD = "def f(a=[]):\n    return a\n"


async def test_what_was_there_is_evidence_wherever_it_moved(tmp_path: Path) -> None:
    head = "import os\n\n\n" + OLD.replace("f(a", "f(  a") + "\n\ndef g(b={}):\n    return os, b\n"
    analysis = await analysed(tmp_path, {"a.py": OLD}, {"a.py": head})
    assert said(analysis) == {("B006", 8)}
    assert [(one.rule, one.line) for one in analysis.evidence] == [("B006", 4)]


async def test_a_second_one_like_the_first_is_new(tmp_path: Path) -> None:
    analysis = await analysed(
        tmp_path, {"a.py": OLD}, {"a.py": OLD + "\n\nclass C:\n    " + OLD.replace("\n", "\n    ")}
    )
    assert said(analysis) == {("B006", 6)}


async def test_a_rename_takes_its_findings_along(tmp_path: Path) -> None:
    head = {"new/name.py": OLD + "\n\ndef h(c=set()):\n    return c\n"}
    analysis = await analysed(tmp_path, {"old/name.py": OLD}, head, renamed={"new/name.py": "old/name.py"})
    assert said(analysis) == {("B006", 5)}
    assert {(one.path, one.line) for one in analysis.evidence} == {("new/name.py", 1)}


async def test_what_breaks_on_a_line_nobody_touched_comes_first_among_the_evidence(tmp_path: Path) -> None:
    base = "from os import path\n\n\ndef f(a=[]):\n    return path.join(*a)\n"
    head = "import sys\n\n\ndef f(a=[]):\n    return path.join(*a)\n"
    analysis = await analysed(tmp_path, {"a.py": base}, {"a.py": head})
    assert analysis.new == ()
    assert [(one.rule, one.line) for one in analysis.evidence] == [("F821", 5), ("B006", 4)]


async def test_a_finding_that_begins_above_the_change_is_reported_where_the_change_is(tmp_path: Path) -> None:
    base = "def f(rows):\n    for row in rows:\n        print(row)\n"
    head = "def f(rows):\n    for row in rows:\n        rows.remove(row)\n        print(row)\n"
    analysis = await analysed(tmp_path, {"a.py": base}, {"a.py": head})
    assert said(analysis) == {("changed-while-walked", 3)}


async def test_mended_findings_and_deleted_files_say_nothing(tmp_path: Path) -> None:
    head = {"a.py": OLD.replace("[]", "()")}
    analysis = await analysed(tmp_path, {"a.py": OLD, "gone.py": OLD}, head)
    assert analysis.new == ()
    assert analysis.evidence == ()
    assert analysis.not_run == ()
