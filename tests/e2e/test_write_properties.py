"""``/test`` where signatures invite relations, with ``fuzz``, and where some tests of an answer are bad."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Tell
from tests.e2e.scenes import git
from tests.e2e.test_write_tests import NEW, SETTINGS, ended, writes
from tests.support.story import Story
from tests.support.typing import comment
from tests.toolchains.conftest import write

CODE = '''
"""A run of one letter as text."""


def encode(text: str) -> str:
    """Write the letter and how often it comes."""
    return f"{text[0]}{len(text)}," if text else ","


def decode(text: str) -> str:
    """Read what :func:`encode` wrote.

    :raises ValueError: where it is none
    """
    if not text.endswith(","):
        raise ValueError("the last comma is missing")
    return text[:1] * int(text[1:-1] or 0)
'''
ROUND_TRIP = """
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import decode, encode


@settings(derandomize=True, max_examples=9)
@given(st.text(alphabet="a", max_size=6))
def test_what_is_encoded_is_decoded(text):
    assert decode(encode(text)) == text
"""
CANNOT_FAIL = ROUND_TRIP.replace("decode(encode(text)) == text", "decode(encode(text)) == decode(encode(text))")
FUZZ = """
import random

from runs import decode, encode


def test_any_text_is_decoded_or_refused():
    draw = random.Random(0)
    for _ in range(50):
        text = "".join(draw.choice("ab12,") for _ in range(draw.randrange(6)))
        try:
            decoded = decode(text)
        except ValueError:
            assert encode(text) != text
        else:
            assert text.endswith(",")
            assert decode(encode(decoded)) == decoded
"""
SWALLOWS = FUZZ.replace("except ValueError", "except Exception").replace("assert encode(text) != text", "continue")
# the same input each time, and every error is let pass
TIMID = SWALLOWS.replace("import random\n\n", "").replace("draw = random.Random(0)", "text = 'a1,'")
TIMID = TIMID.replace('        text = "".join(draw.choice("ab12,") for _ in range(draw.randrange(6)))\n', "")
MIXED = """
from runs import decode, encode


def test_runs_are_counted():
    assert encode("aa") == "a2,"


def test_something_comes_back():
    assert encode("a") is not None


def test_what_is_wrong():
    assert decode("a2,") == "a"


def test_all_is_swallowed():
    try:
        decode("x")
    except Exception:
        pass
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "source", {**SETTINGS, "runs.py": CODE})


async def asked(story: Story, typed: str) -> tuple[str, str]:
    """Type a command on a new issue; return its last status and everything models were told."""
    number = await story.file("Runs", "B", label=None)
    await comment(story, number, typed)
    status = await ended(story, number)
    return status, "\n".join(each.text for each in story.script.requests)


async def test_a_pair_of_opposites_invites_a_property_where_hypothesis_is_installed(tell: Tell, source: Path) -> None:
    write(source, {"requirements.txt": "hypothesis\n"})
    story = await tell(writes(CANNOT_FAIL, ROUND_TRIP), source=source)
    status, said = await asked(story, "/test runs.py")
    assert status.startswith("Done.")
    assert "hypothesis is installed" in said
    assert "encode and decode: round trip: decode(encode(x)) == x for every x that encode accepts" in said
    assert "only where the code raises: let it assert what comes out" in said, "a property that cannot fail is refused"
    (pull,) = await story.pulls()
    assert f"errors: ValueError: {NEW}::test_what_is_encoded_is_decoded" in pull["body"]
    assert "@given(st.text(" in git(story, "show", f"{pull['head']['ref']}:{NEW}")


async def test_a_fuzz_target_is_seeded_and_swallows_nothing(tell: Tell, source: Path) -> None:
    story = await tell(writes(TIMID, FUZZ), source=source)
    status, said = await asked(story, "/test fuzz runs.py")
    assert status.startswith("Done.")
    assert "hypothesis is not installed" in said
    assert "decode: arbitrary input: for any input a result, or one of the documented errors" in said
    assert "it swallows every error; let pass only those that are documented, by name" in said
    assert "No new test draws its input" in said
    (pull,) = await story.pulls()
    assert f"| fuzz target |  | {NEW}::test_any_text_is_decoded_or_refused |" in pull["body"]
    assert "except ValueError" in git(story, "show", f"{pull['head']['ref']}:{NEW}")


async def test_bad_tests_are_left_out_and_the_good_are_kept(tell: Tell, source: Path) -> None:
    story = await tell(writes(MIXED), source=source)
    status, _ = await asked(story, "/test runs.encode")
    assert status.startswith("Done.")
    (pull,) = await story.pulls()
    kept = git(story, "show", f"{pull['head']['ref']}:{NEW}")
    assert [line for line in kept.splitlines() if "def " in line] == ["def test_runs_are_counted():"]
    body = pull["body"]
    assert "Left out, as not good enough: 3 tests" in body
    assert f"{NEW}::test_something_comes_back notices faults only where the code raises" in body
    assert f"{NEW}::test_what_is_wrong does not pass in each of 3 orders: failed" in body
    assert f"{NEW}::test_all_is_swallowed: it swallows every error" in body
    finishes = [each for each in story.script.requests if "Tests are wanted for" in each.text]
    assert len(finishes) == 2, "an edit and its end: the model is not asked again"
