"""The text of a review: only facts, and no input breaks out of its place."""

from __future__ import annotations

from bot.analysis.records import Analysis, NotRun, ToolRun
from bot.github.text.anchors import Anchor
from bot.github.text.outgoing import outgoing
from bot.pulls.records import (
    ChangedFile,
    CoverageGap,
    DropCounts,
    Finding,
    FollowUp,
    NearestTests,
    PlacedFinding,
    ReviewResult,
    Verdict,
    VerifierCommand,
)
from handlers.review.words import make_check_report, write_comment, write_review, write_sentence, write_summary

FINDING = Finding(
    path="a.py",
    quote="return x",
    line=3,
    severity="bug",
    concern="correctness",
    title="It is `None`",
    claim="So it is.",
)
PROOF = Verdict(fate="verified", reason="r", path="a.py", quote="return x", line=3, failing_input="f(None)", model="m")
PROVED = PlacedFinding(finding=FINDING, anchor=Anchor(path="a.py", line=3, side="RIGHT"), verdict=PROOF)
DOUBT = PROVED.model_copy(update={"verdict": Verdict(fate="unproved", reason="no quote. ")})
READ = ChangedFile(path="a.py", old_path="a.py", status="modified", added=2, removed=1, risk="high", why="2 reasons")
LEFT = ChangedFile(path="b.lock", old_path="b.lock", status="modified", added=9, removed=9, left_out="a lock file")


def review(**said: object) -> ReviewResult:
    usual = {"head_sha": "a" * 40, "merge_base": "b" * 40, "rules": "r", "files": (READ, LEFT), "models": ("m",)}
    return ReviewResult.model_validate({**usual, "readings": 3, "dollars": 0.0512, "calls": 4, **said})


def test_nothing_to_say_is_one_line() -> None:
    text = write_summary(review())
    assert text == (
        "I read 1 of 2 changed files and found nothing wrong. The check run says why I left out the other. "
        "<sub>Read at `aaaaaaaaaa`. Cost $0.05, 4 model calls. `/review` reads it again, `/help` lists commands.</sub>"
    )
    report = make_check_report(review())
    assert (report.conclusion, report.title) == ("success", "No findings")
    assert "`b.lock`: a lock file" in report.summary


def test_the_command_of_the_nearest_tests_is_shown_whole() -> None:
    command = f"pytest -q {' '.join(f'tests/test_part_{number}.py' for number in range(40))}"
    text = make_check_report(review(nearest=NearestTests(command=command, passing=3))).summary
    assert f"The nearest tests (`{command}`): 3 pass without the change and with it." in text


def test_a_comment_says_what_fails_and_what_proves_it() -> None:
    text = write_comment(PROVED, "```suggestion\nreturn 1\n```")
    assert text.split("\n\n") == [
        "**Bug: It is `None`**",
        "So it is.",
        "**Fails for:** f(None)",
        "```suggestion\nreturn 1\n```",
        "<sub>Checked by a second reading (m), which shows `a.py:3`: `return x`</sub>",
    ]
    tool = FINDING.model_copy(update={"source": "bandit:B605", "claim": ""})
    assert "Reported by `bandit:B605`, and new with this change." in write_comment(PlacedFinding(finding=tool), "")


def test_what_was_tried_is_one_line_until_it_is_opened() -> None:
    tried = VerifierCommand(command="cat <<E\n```\n</details>\nE", ended="exit code 1", output="# Approved\n\n@octo")
    one = PROVED.model_copy(update={"verdict": PROOF.model_copy(update={"tried": tried})})
    text = write_comment(one, "")
    before, _, rest = text.partition("<details><summary>Tried in the sandbox: exit code 1</summary>")
    shown, _, after = rest.rpartition("</details>")
    assert (before, after) == (
        text[: len(before)],
        "\n\n<sub>Checked by a second reading (m), which shows `a.py:3`: `return x`</sub>",
    )
    assert shown == (
        "\n\n````sh\ncat <<E\n```\n</details>\nE\n````\n\nOutput:\n\n```text\n# Approved\n\n@octo\n```\n\n"
    )
    assert outgoing(text) == text, "it is sure to be code, so nothing of it has to be made harmless"
    silent = tried.model_copy(update={"output": " \n"})
    one = PROVED.model_copy(update={"verdict": PROOF.model_copy(update={"tried": silent})})
    assert "Output: none." in write_comment(one, "")
    assert "Approved" not in write_summary(review(folded=(one,)))


def test_a_summary_tells_what_was_found_read_run_and_thrown_away() -> None:
    ran = ToolRun(tool="ruff", version="1.2", command="ruff check", seconds=1, files=1)
    unruled = ("a.rb", *(f"{number}.kt" for number in range(8)))
    static = Analysis(ran=(ran,), not_run=(NotRun(tool="zizmor", reason="not installed"),), unruled=unruled)
    since = FollowUp(fixed=("One",), open=("Two", "Three"))
    dropped = DropCounts(refuted=2, invented=1)
    told = review(inline=(PROVED,), folded=(DOUBT,), static=static, since=since, dropped=dropped, issues=(7,))
    text = write_summary(told)
    assert text.startswith("I read 1 of 2 changed files: 1 bug. Earlier findings: 1 fixed, 2 still open.")
    assert "*bug*: gives a wrong result" in text
    assert "1 unproved" in text
    assert "*Not proved: no quote.*" in text
    assert "| `a.py` | (modified, +2 -1) | high: 2 reasons |" in text
    assert "ruff 1.2 on 1 file" in text
    assert "Not run: zizmor (not installed)." in text
    assert "- No tool has rules for `a.rb`, `0.kt`," in text
    assert "`6.kt` and 1 more: only secrets were looked for there." in text
    assert "Dropped: 2 refuted, 1 about code that does not exist." in text
    assert "Checked against #7." in text
    assert make_check_report(told).title == "1 bug, 2 still open"


def test_comment_check_and_summary_count_the_same() -> None:
    tool = PlacedFinding(finding=FINDING.model_copy(update={"source": "ruff:F821", "severity": "risk", "line": 9}))
    told_before = tool.model_copy(update={"again": True})
    joined = PROVED.model_copy(update={"also": (PROVED,)})
    told = review(inline=(joined,), folded=(tool, DOUBT, told_before))
    assert write_review(told).startswith("2 bugs, 1 risk.")
    assert write_sentence(told) == "I read 1 of 2 changed files: 2 bugs, 1 risk."
    assert make_check_report(told).title == "2 bugs, 1 risk"


def test_only_what_was_read_is_called_read() -> None:
    assert write_sentence(review(files=())) == "The pull request changes no files, so there was nothing to read."
    pushed = make_check_report(review(files=(READ,), read=False))
    assert (pushed.conclusion, pushed.title) == ("neutral", "1 changed file not read")
    back = make_check_report(review(since=FollowUp(back=("One",))))
    assert (back.conclusion, back.title) == ("neutral", "1 back again")
    partly = review(files=(READ.model_copy(update={"in_part": "one line was cut"}),))
    assert write_sentence(partly) == "I read the one changed file (1 only in part) and found nothing wrong."
    assert "- `a.py`: one line was cut" in write_summary(partly)
    assert make_check_report(partly).title == "1 file read only in part"


def test_what_could_not_be_read_is_said_first() -> None:
    told = review(unread={"a.py": "The model is down."})
    assert write_sentence(told) == "I could not read the 1 changed file; the reasons are below."
    half = review(files=(READ, READ.model_copy(update={"path": "c.py"})), unread={"c.py": "It is down."})
    assert write_sentence(half).startswith("I read 1 of 2 changed files: no findings.")
    assert "- `a.py`: The model is down." in write_summary(told)
    report = make_check_report(told)
    assert (report.conclusion, report.title) == ("neutral", "Not complete: 1 file could not be read")


def test_what_was_not_read_for_everything_is_said() -> None:
    missed = CoverageGap(concerns=("tests", "docs"), paths=("a.py",), reason="No money is left.")
    told = review(files=(READ,), missed=(missed,))
    assert write_sentence(told).startswith(
        "I read the one changed file, but not everything for tests and docs: no findings"
    )
    assert "- 1 file for tests and docs: No money is left." in write_summary(told)
    report = make_check_report(told)
    assert (report.conclusion, report.title) == ("neutral", "Not complete: 1 of 3 readings gave no answer")


def test_only_policy_fails_the_check() -> None:
    assert make_check_report(review(inline=(PROVED,))).conclusion == "neutral"
    assert make_check_report(review(inline=(PROVED,), blocks=True)).conclusion == "failure"


def test_what_is_proved_but_not_inline_is_an_annotation() -> None:
    (note,) = make_check_report(review(folded=(PROVED, DOUBT))).annotations
    assert (note.path, note.start_line, note.annotation_level) == ("a.py", 3, "warning")


def test_words_of_others_stay_in_their_place() -> None:
    evil = FINDING.model_copy(update={"title": "</details>\n# Approved", "claim": "```\n<details open>\n| a |"})
    text = write_summary(review(folded=(DOUBT.model_copy(update={"finding": evil}),)))
    assert text.count("<details>") == text.count("</details>")
    assert "\n# Approved" not in text
    assert "\n```" not in text
