"""/why says what fails, since when and whose commit it may be, from logs, checks and git; no model is asked."""

from __future__ import annotations

from simhub.workflows import Job
from tests.e2e.conftest import Tell
from tests.e2e.revisions import may_read_logs
from tests.e2e.scenes import POLICY, git, put
from tests.support.pulls import propose, push
from tests.support.story import Story
from tests.support.typing import comment, final

PASSWORD = "Tr0ub4dor" + "&3x"
LOG = f"""##[group]Run pytest
DB_PASSWORD={PASSWORD}
platform linux -- Python 3.12.2, pytest-8.1.0, pluggy-1.5.0
=================================== FAILURES ===================================
_________________________________ test_total ___________________________________
Traceback (most recent call last):
  File "/home/runner/work/shop/shop/basket/totals.py", line 2, in add_up
    return total / 0
ZeroDivisionError: division by zero
=========================== short test summary info ============================
FAILED tests/test_totals.py::test_total - ZeroDivisionError: division by zero
##[error]Process completed with exit code 1.
"""
GREEN = "##[group]Run pytest\nplatform linux -- Python 3.12.1, pytest-8.1.0, pluggy-1.5.0\n1 passed\n"


async def ci(story: Story, sha: str, conclusion: str, log: str, *others: Job) -> None:
    run = await story.hub.start_workflow(story.repository, sha, "main")
    await story.hub.finish_workflow(run, [Job("test", conclusion, log), Job("lint"), *others])


async def test_a_red_pull_request_and_an_issue_are_explained_without_a_model(tell: Tell) -> None:
    story = await tell([])
    may_read_logs(story)
    await put(story, POLICY, "review: { on: [] }\n")
    good = "def add_up(total):\n    return total\n"
    await put(story, "basket/totals.py", good)
    await ci(story, git(story, "rev-parse", "main"), "success", GREEN)
    number = await propose(story, {"basket/totals.py": good.replace("total\n", "total / 0\n")}, title="Divide totals")
    branch = (await story.request("GET", f"/pulls/{number}"))["head"]["ref"]
    bad = git(story, "rev-parse", branch)
    head = await push(story, branch, {"notes.md": "Notes\n"}, onto=branch, message="Take notes")
    await ci(story, bad, "failure", LOG)
    await ci(story, head, "failure", LOG)
    text = await final(story, await comment(story, number, "/why"))
    assert f"**1 check failed** on {head[:10]}" in text
    assert "- `tests/test_totals.py::test_total`" in text
    assert "**Where:** `basket/totals.py:2 (add_up)`" in text
    assert f"first failed on {bad[:10]}; 1 commit between them" in text
    assert "changes `add_up` in `basket/totals.py`, which the trace names" in text
    assert "`Python: 3.12.1 → 3.12.2`" in text
    assert "ZeroDivisionError: division by zero" in text
    assert PASSWORD not in text
    runs = [run for suite in story.repository.suites if suite.head_sha == head for run in suite.runs]
    (check,) = [run for run in runs if run.name == "Forgehand why"]
    assert (check.title, check.conclusion) == ("Why 1 check failed", "neutral")
    assert "- `tests/test_totals.py::test_total`" in (check.summary or ""), "the check says it too"
    issue = await story.request("POST", "/issues", {"title": "Crash", "body": LOG})
    traced = await final(story, await comment(story, issue["number"], "/why"))
    assert "The issue shows a stack trace." in traced
    assert "**Suspected**, by the trace alone" in traced
    unclear = await story.request("POST", "/issues", {"title": "Broken", "body": "Something is wrong."})
    nothing = await final(story, await comment(story, unclear["number"], "/why"))
    assert "shows no stack trace that I can read, and no check failed" in nothing
    passed = git(story, "rev-parse", "main")
    await put(story, "requirements.txt", "basket==2\n")
    before = git(story, "rev-parse", "main")
    await ci(story, before, "failure", LOG.replace("ZeroDivisionError: division by zero", "KeyError: 'tax'"))
    await put(story, "basket/totals.py", good.replace("total\n", "total / 0\n"))
    newer = Job("test (3.13)", "failure", LOG.replace("3.12.2", "3.13.1"))
    await ci(story, git(story, "rev-parse", "main"), "failure", LOG, newer)
    unclear = await story.request("POST", "/issues", {"title": "Main is red", "body": "Why?"})
    red = await final(story, await comment(story, unclear["number"], "/why"))
    assert f"failed** on {git(story, 'rev-parse', 'main')[:10]} of main." in red
    assert "### `test (3.13)`: failure\n\nThe same cause: `test`." in red
    assert red.count("The telling lines of its log") == 1, "what two jobs say alike is shown once"
    assert f"; {before[:10]} failed for another one, and these checks last passed on {passed[:10]}. 1 commit" in red
    assert story.script.requests == []


async def test_a_question_behind_it_is_answered_once_by_a_model(tell: Tell) -> None:
    story = await tell([])
    await put(story, "basket/totals.py", "def add_up(total):\n    return total / 0\n")
    seen = ["by the trace alone", "Was it the tax?"]
    story.script.on({"text": "A guess: the tax is zero."}, text=seen)
    issue = await story.request("POST", "/issues", {"title": "Crash", "body": LOG})
    text = await final(story, await comment(story, issue["number"], "/why Was it the tax?"))
    assert "**Deeper** (a model's words about the above):\n\nA guess: the tax is zero." in text
    assert len(story.script.requests) == 1
    assert PASSWORD not in str(story.script.requests)
