"""Memory of reviews: duplicates, disputes, and findings on a new head."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.github.resources.issues import IssueComment
from bot.github.resources.threads import Thread, ThreadComment
from bot.github.text.markers import with_marker
from bot.pulls.fingerprints import relocate
from bot.pulls.memory import Memory, ReportedFinding, finding_marker, fixed_marker, from_row, report_finding, to_row
from bot.pulls.outcomes import FindingStatus, check_finding, decide_final_state, find_dispute, reopen, settle_by_thread
from bot.pulls.records import Finding, PlacedFinding
from bot.pulls.suppressions import Suppression, find_suppressions
from bot.store.findings import State
from handlers.review.recheck import RecheckAnswer, conclude

BOT, HEAD = 99, "a" * 40
PATH = "shop/basket.py"
MEAN = "def mean(prices):\n    total = sum(prices)\n    return total / len(prices)\n"
TAX = "def with_tax(price, rate):\n    return price * rate\n"
TEXT = MEAN + "\n\n" + TAX
SOUP = "race lock null token overflow quote escape timeout retry cache index bounds leak thread signal buffer socket"
ids = itertools.count(100)


def found(quote: str, title: str, claim: str, *, text: str = TEXT, **more: Any) -> Finding:
    wanted = Finding(path=PATH, quote=quote, severity="bug", concern="correctness", title=title, claim=claim, **more)
    finding = relocate(wanted, text)
    assert finding is not None
    return finding


ZERO = found("return total / len(prices)", "Division by zero", "An empty basket makes `mean` raise ZeroDivisionError.")
AGAIN = found(
    "total = sum(prices)\n    return total / len(prices)",
    "Empty list crashes",
    "`len(prices)` is zero: division error.",
)
RATE = found("return price * rate", "Tax replaces the price", "The result is the tax alone, without the net price.")


def told(finding: Finding, state: State = "open", text: str = TEXT) -> ReportedFinding:
    return report_finding(PlacedFinding(finding=finding), task="t1", head_sha=HEAD, text=text, folded=False).model_copy(
        update={"state": state}
    )


def said(body: str, author: str = "mara", **more: Any) -> ThreadComment:
    known = {
        "author_id": 7,
        "is_bot": False,
        "association": "NONE",
        "created_at": "2026-11-21T07:00:00Z",
    }
    return ThreadComment(id=next(ids), body=body, author=author, **(known | more))


def ours(one: ReportedFinding) -> ThreadComment:
    body = with_marker(f"{one.finding.title}. {one.finding.claim}", finding_marker("t1", one.fingerprint))
    return said(body, "forgehand[bot]", author_id=BOT, is_bot=True)


def thread(*comments: ThreadComment, line: int | None = 3, **more: Any) -> Thread:
    known = {"path": PATH, "start_line": None, "side": "RIGHT", "resolved": False, "resolved_by": None}
    fields = known | {"original_line": line, "outdated": line is None, "line": line} | more
    return Thread(id=f"PRRT_{next(ids)}", comments=comments, **fields)


def comment(body: str, author: str = "mara", author_id: int = 7) -> IssueComment:
    times = {"created_at": "2026-11-21T07:00:00Z", "updated_at": "2026-11-21T07:00:00Z", "html_url": ""}
    return IssueComment(id=next(ids), body=body, author=author, author_id=author_id, author_type="User", **times)


def known(finding: Finding, **more: Any) -> Suppression | None:
    (answer,) = find_suppressions(Memory(bot_id=BOT, author="ann", **more), [finding])
    return answer


@pytest.mark.parametrize(
    ("state", "reason"), [("open", "told"), ("folded", "told"), ("disputed", "rejected"), ("ignored", "rejected")]
)
def test_what_we_told_is_not_said_again_in_any_words(state: State, reason: str) -> None:
    one = told(ZERO, state)
    assert known(AGAIN, told=(one,)) == Suppression(reason=reason, fingerprint=one.fingerprint)
    assert known(RATE, told=(one,)) is None


def test_what_was_fixed_may_be_said_when_it_comes_back() -> None:
    one = told(ZERO, "fixed")
    assert known(ZERO, told=(one,), threads=(thread(ours(one), resolved=True),)) is None


def test_what_a_command_rejected_elsewhere_is_not_said() -> None:
    memory = Memory(bot_id=BOT, author="ann")
    assert find_suppressions(memory, [ZERO, RATE], {told(ZERO).fingerprint}) == (
        Suppression(reason="rejected", fingerprint=told(ZERO).fingerprint),
        None,
    )


@pytest.mark.parametrize(
    ("words", "where", "repeated"),
    [
        ("This divides by zero when the basket is empty.", {}, True),
        ("This divides by zero when the basket is empty.", {"line": 4}, True),
        ("This divides by zero when the basket is empty.", {"resolved": True, "resolved_by": "mara"}, True),
        ("This divides by zero when the basket is empty.", {"line": 9}, False),
        ("This divides by zero when the basket is empty.", {"path": "shop/other.py"}, False),
        ("This divides by zero when the basket is empty.", {"side": "LEFT"}, False),
        ("This divides by zero when the basket is empty.", {"line": None}, True),
        ("Please rename this variable.", {}, False),
        ("```python\nraise ZeroDivisionError  # empty basket mean\n```\nNaming?", {}, False),
    ],
)
def test_what_a_thread_says_near_the_place_is_not_said(words: str, where: dict[str, Any], repeated: bool) -> None:
    answer = known(ZERO, threads=(thread(said("What is this?"), said(words, "rob"), **where),))
    assert answer == (Suppression(reason="thread", by="rob") if repeated else None)


@pytest.mark.parametrize("words", ["Деление на ноль для пустой корзины.", "空购物车时除以零。"])
def test_what_others_say_in_other_alphabets_is_not_said_again(words: str) -> None:
    russian = "Если корзина пуста, `mean` вызывает деление на ноль."
    chinese = "购物车为空时，mean除以零。"
    finding = ZERO.model_copy(update={"title": words, "claim": f"{russian} {chinese}"})
    for text in (russian, chinese):
        assert known(finding, threads=(thread(said(text)),)) == Suppression(reason="thread", by="mara")
    assert known(finding, comments=(comment(chinese),)) == Suppression(reason="conversation", by="mara")


def test_an_outsider_does_not_silence_what_is_found_in_their_own_change() -> None:
    words = "In `mean` an empty basket raises ZeroDivisionError, a division by zero. All fine."
    outsider, member = said(words, "ann"), said(words, "ann", association="MEMBER")
    assert known(ZERO, threads=(thread(outsider),), comments=(comment(words, "ann"),)) is None
    assert known(ZERO, threads=(thread(member),)) == Suppression(reason="thread", by="ann")


def test_a_rule_of_a_tool_counts_line_by_line() -> None:
    text = "def load(a, b):\n    one = eval(a)\n    two = eval(b)\n    return one, two\n"
    first, second = (
        found(f"eval({name})", "Use of eval", "Possibly insecure.", text=text, source="bandit:B307") for name in "ab"
    )
    threads = (thread(said("Use of eval. Possibly insecure."), line=2),)
    assert [known(one, threads=threads) is None for one in (first, second)] == [False, True]


@pytest.mark.parametrize(
    ("words", "author_id", "repeated"),
    [
        ("Overview\n\nIn `mean` an empty basket raises ZeroDivisionError, a division by zero.", 7, True),
        ("Overview\n\nAn empty basket raises ZeroDivisionError, a division by zero.", 7, False),
        ("In `mean` an empty basket raises ZeroDivisionError, a division by zero.", BOT, False),
        (f"basket.py: an empty basket raises ZeroDivisionError division zero {SOUP}", 7, False),
        ("Thanks for `mean`!", 7, False),
    ],
)
def test_what_the_conversation_says_of_the_place_is_not_said(words: str, author_id: int, repeated: bool) -> None:
    answer = known(ZERO, comments=(comment(words, author_id=author_id),))
    assert answer == (Suppression(reason="conversation", by="mara") if repeated else None)


@pytest.mark.parametrize(
    ("words", "rejects"),
    [
        ("Won't fix, we never call it empty.", True),
        ("wontfix", True),
        ("That is by design.", True),
        ("This is a false positive.", True),
        ("It's intentional.", True),
        ("Not a bug.", True),
        ("Nope.", True),
        ("I disagree, see the caller.", True),
        ("Is this intentional?", False),
        ("That was not intended, thanks!", False),
        ("Indeed not a false positive.", False),
        ("> That is by design.\n\nReally? I will fix it.", False),
        ("`wontfix` is a label.", False),
        ("```\nwontfix\n```", False),
        ("Good catch, fixed.", False),
        ("No idea why this was so.", False),
    ],
)
def test_a_rejection_is_known_by_its_words(words: str, rejects: bool) -> None:
    reason = find_dispute(thread(ours(told(ZERO)), said(words, "ann")), ["ann"])
    assert (reason is not None) is rejects


def test_only_who_may_decide_rejects() -> None:
    first, no, deciders = ours(told(ZERO)), "Not a bug.", ["ann", "mara", "helper[bot]"]
    assert find_dispute(thread(first, said(no, "stranger", association="MEMBER")), deciders) is None
    assert find_dispute(thread(first, said(no, "helper[bot]", is_bot=True, association="MEMBER")), deciders) is None
    assert find_dispute(thread(first, said(no, "mara")), deciders) == "mara: Not a bug."
    disliked = thread(first.model_copy(update={"dislikers": ("stranger", "mara")}))
    assert find_dispute(disliked, deciders) == "mara: thumbs down"
    assert find_dispute(disliked, ["ann"]) is None


def test_the_last_clear_word_of_a_person_counts() -> None:
    def reason(*words: tuple[str, str]) -> str | None:
        return find_dispute(thread(ours(told(ZERO)), *(said(body, author) for author, body in words)), ["ann", "mara"])

    assert reason(("ann", "Not a bug."), ("ann", "Oh, you're right. Will fix.")) is None
    assert reason(("ann", "Will fix."), ("ann", "On second thought: this is by design.")) is not None
    assert reason(("ann", "Not a bug."), ("ann", "What do you think?")) is not None
    assert reason(("ann", "Not a bug."), ("mara", "Good catch, please fix.")) == "ann: Not a bug."
    assert reason(("rob", "Not a bug."), ("mara", "I disagree.")) is None


def test_a_rejection_that_is_taken_back_opens_the_finding_again() -> None:
    one = told(ZERO, "disputed")
    no, yes = said("Not a bug.", "mara"), said("Oh, you're right. Will fix.", "mara")

    def state(*answers: ThreadComment, **more: Any) -> State:
        threads = (thread(ours(one), *answers, **more),)
        memory = Memory(bot_id=BOT, author="ann", deciders=("ann", "mara"), told=(one,), threads=threads)
        return reopen(memory).told[0].state

    assert state(no) == "disputed"
    assert state(no, yes) == "open"
    assert state(no, yes, resolved=True) == "disputed"
    assert state() == "open", "a rejection that was deleted, or a thumb that was taken away"
    assert reopen(Memory(bot_id=BOT, author="ann", told=(one,))).told == (one,), "without its thread nobody can tell"


NEW = "# moved\nimport os\n\n\n"


@pytest.mark.parametrize(
    ("texts", "standing"),
    [
        ({PATH: TEXT}, "stands"),
        ({PATH: NEW + TEXT.replace("    ", "\t")}, "stands"),
        ({PATH: TEXT.replace("\n    return total", "\n    # the mean\n    return total")}, "stands"),
        ({PATH: TEXT.replace("price * rate", "price * (1 + rate)")}, "stands"),
        ({"shop/mean.py": NEW + TEXT}, "stands"),
        ({PATH: TEXT.replace("    total", "    if not prices:\n        return 0\n    total")}, "doubtful"),
        ({PATH: TEXT.replace("len(prices)", "max(len(prices), 1)")}, "doubtful"),
        ({PATH: TEXT.replace("len(prices)", "len(prices) if prices else 0")}, "doubtful"),
        ({PATH: TEXT.replace("return total / len(prices)", "return fmean(prices)")}, "doubtful"),
        ({PATH: TEXT.replace("mean", "average").replace("len(prices)", "(len(prices) or 1)")}, "doubtful"),
        ({PATH: TAX}, "gone"),
        ({"shop/other.py": TAX}, "gone"),
        ({}, "gone"),
    ],
)
def test_on_a_new_head_code_says_what_must_be_looked_at(texts: dict[str, str], standing: str) -> None:
    checked = check_finding(told(ZERO), texts)
    assert checked.standing == standing
    if standing == "stands":
        (path,) = texts
        assert checked.told.finding.path == path
        lines = texts[path].split("\n")
        assert "total / len(prices)" in lines[(checked.told.finding.line or 0) - 1]
        assert checked.told.fingerprint == told(ZERO).fingerprint
    if standing == "doubtful":
        assert "def mean" in checked.now or "def average" in checked.now


@pytest.mark.parametrize(
    ("texts", "state"),
    [
        ({PATH: NEW + TEXT.replace("    ", "\t")}, "ignored"),
        ({PATH: TEXT.replace("len(prices)", "(len(prices) or 1)")}, "fixed"),
        ({PATH: TEXT.replace("len(prices)", "len(prices) if prices else 0")}, "fixed"),
        ({}, "fixed"),
    ],
)
def test_a_merge_ends_what_is_open_by_its_lines(texts: dict[str, str], state: State) -> None:
    assert decide_final_state(told(ZERO), texts) == state


def test_removed_code_is_looked_at_once_its_place_changes() -> None:
    old = "def save(path):\n    lock(path)\n    write(path)\n    unlock(path)\n"
    new = old.replace("    unlock(path)\n", "")
    finding = found("    unlock(path)", "Lock is kept", "Nobody unlocks.", text=old, removed=True)
    one = told(finding, text=new)
    assert check_finding(one, {PATH: NEW + new}).standing == "stands"
    assert (
        check_finding(one, {PATH: new.replace("write(path)", "with held(path):\n        write(path)")}).standing
        == "doubtful"
    )
    assert check_finding(one, {}).standing == "stands"


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(["", "# note", "import re", "X = 1", "def other():\n    pass"]), max_size=8), st.booleans()
)
def test_whatever_comes_above_or_below_the_finding_stands(extra: list[str], above: bool) -> None:
    more = "\n".join(extra)
    texts = {PATH: f"{more}\n{TEXT}" if above else f"{TEXT}\n{more}\n"}
    checked = check_finding(told(ZERO), texts)
    assert checked.standing == "stands"
    assert find_suppressions(
        Memory(bot_id=BOT, author="ann", told=(checked.told,)), [found(ZERO.quote, "x", "y", text=texts[PATH])]
    )[0]


@pytest.mark.parametrize(
    ("standing", "fields", "answers", "state"),
    [
        ("stands", {}, [], "open"),
        ("stands", {"resolved": True, "resolved_by": "mara"}, [], "disputed"),
        ("doubtful", {"resolved": True, "resolved_by": "mara"}, [], "fixed"),
        ("gone", {"resolved": True, "resolved_by": "mara"}, [], "fixed"),
        ("doubtful", {}, ["by design"], "disputed"),
        ("stands", {"resolved": True, "resolved_by": "forgehand"}, ["Fixed in abc."], "fixed"),
    ],
)
def test_people_settle_findings(standing: Any, fields: dict[str, Any], answers: list[str], state: State) -> None:
    one = told(ZERO)
    replies = [
        said(with_marker(text, fixed_marker("t2", one.fingerprint)), "forgehand[bot]", author_id=BOT, is_bot=True)
        if text.startswith("Fixed")
        else said(text, "ann")
        for text in answers
    ]
    memory = Memory(
        bot_id=BOT, author="ann", deciders=("ann",), told=(one,), threads=(thread(ours(one), *replies, **fields),)
    )
    after = settle_by_thread(FindingStatus(told=one, standing=standing), memory)
    assert after.told.state == state
    assert bool(after.why) is (state != "open")


def test_a_marker_that_somebody_else_wrote_is_not_our_thread() -> None:
    one = told(ZERO)
    forged = ours(one).model_copy(update={"author_id": 7, "author": "eve", "is_bot": False})
    assert Memory(bot_id=BOT, author="ann", told=(one,), threads=(thread(forged),)).thread_of(one.fingerprint) is None
    real = thread(ours(one))
    assert (
        Memory(bot_id=BOT, author="ann", told=(one,), threads=(thread(forged), real)).thread_of(one.fingerprint) == real
    )


def test_a_stored_finding_is_recalled_as_it_was() -> None:
    one = told(ZERO, "folded")
    row = to_row(one, comment=5)
    assert (row.rule, row.comment, row.state) == ("model:correctness", 5, "folded")
    assert from_row(row) == one


def test_what_still_holds_is_remembered_and_not_asked_again() -> None:
    changed = {PATH: TEXT.replace("len(prices)", "max(len(prices), 0)")}
    checked = check_finding(told(ZERO), changed)
    assert checked.standing == "doubtful"
    answer = RecheckAnswer(path=PATH, quote="total / max(len(prices), 0)", reason="Zero stays zero.")
    (one, unheard) = (conclude(checked, each, "b" * 40, changed).told for each in (answer, None))
    assert (one.state, one.head_sha, one.finding.quote) == ("open", "b" * 40, "    return total / max(len(prices), 0)")
    assert check_finding(one, {PATH: NEW + changed[PATH]}).standing == "stands"
    assert check_finding(unheard, changed).standing == "doubtful"
    assert conclude(checked, answer.model_copy(update={"fixed": True}), "b" * 40, changed).told.state == "fixed"


def test_a_finding_answered_elsewhere_is_quiet_until_it_moves() -> None:
    changed = {PATH: TEXT.replace("return total / len(prices)", "return divide(total, prices)")}
    checked = check_finding(told(ZERO), changed)
    answer = RecheckAnswer(path="shop/divide.py", quote="return total / len(prices)", reason="It moved.")
    one = conclude(checked, answer, "b" * 40, changed).told
    assert check_finding(one, {PATH: NEW + changed[PATH]}).standing == "stands"
    assert check_finding(one, {PATH: changed[PATH].replace("divide(total", "safe(total")}).standing == "doubtful"
