"""Reviews and analysers: what they find is said without a model; a policy's own run too, but not on forks."""

from __future__ import annotations

from tests.analysis.test_own import LINTER
from tests.e2e.conftest import Tell
from tests.e2e.reading import PRICES, QUIET
from tests.e2e.scenes import POLICY, put
from tests.support.pulls import propose, remarks, reviewed

SHARED = '''"""Prices as people write them."""


def parse_price(text, seen=[]):
    """Cents in ``text``, e.g. ``"3"`` or ``"2.50"``."""
    whole, _, _ = text.partition(".")
    return int(whole) * 100
'''
WORDS = 'review: {analysers: {words: {command: "/usr/bin/python3 lint/words.py out.sarif", sarif: out.sarif}}}\n'


async def test_ours_and_the_policys_analysers_speak_on_their_lines(tell: Tell) -> None:
    story = await tell([QUIET])
    await put(story, "lint/words.py", LINTER)
    await put(story, "words.txt", "BAD before\n")
    await put(story, POLICY, WORDS)
    number = await propose(story, {PRICES: SHARED, "words.txt": "BAD before\nBAD now\n"})
    run = await reviewed(story, number)
    assert run["conclusion"] == "neutral"
    said = {(one["path"], one["line"]): one["body"] for one in await remarks(story, number)}
    assert set(said) == {(PRICES, 4), ("words.txt", 2)}
    assert "B006" in said[PRICES, 4]
    assert "BAD is bad." in said["words.txt", 2]
    summary = await story.status(number)
    assert "words" in summary
    assert "ruff" in summary


async def test_the_policys_analyser_does_not_run_on_a_fork(tell: Tell) -> None:
    story = await tell([QUIET])
    await put(story, "lint/words.py", LINTER)
    await put(story, POLICY, WORDS.replace("review: {", "review: {forks: true, "))
    stranger = story.hub.create_user("stranger")
    fork = story.hub.fork(story.repository, "stranger")
    number = await propose(story, {PRICES: SHARED, "words.txt": "BAD\n"}, by=stranger, fork=fork)
    await reviewed(story, number)
    assert [one["path"] for one in await remarks(story, number)] == [PRICES]
    assert "Not run: words (It may run code of the repository" in await story.status(number)
