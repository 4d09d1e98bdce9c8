"""A finding stays the same one through rebases, reformatting and other words, and is no other one."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.pulls.fingerprints import (
    LineRange,
    find_occurrences,
    fingerprint,
    identify,
    is_same_finding,
    is_unchanged,
    relocate,
)
from bot.pulls.records import Concern, Finding

NAMES = st.from_regex(r"[a-z]{3,8}", fullmatch=True)
STATEMENTS = st.builds("{} = {}({}, {}[{}])".format, NAMES, NAMES, NAMES, NAMES, st.integers(0, 99))
BODIES = st.lists(STATEMENTS, min_size=3, max_size=8, unique=True)
COMMENTS = st.text("abc #'\"x.", max_size=12).map(lambda text: f"  # {text}")

few = settings(max_examples=30)


def function(name: str, body: list[str], indent: str = "    ") -> str:
    return "\n".join([f"def {name}(items):", *(indent + line for line in body)]) + "\n"


def found(text: str, quote: str, *, path: str = "shop/basket.py", **more: str) -> Finding:
    """A finding as a model words it, on its place in the file."""
    said = {"title": "Division by zero", "claim": "An empty list makes `mean` divide by zero."} | more
    finding = relocate(Finding(path=path, quote=quote, severity="bug", concern="correctness", **said), text)
    assert finding is not None
    return finding


@few
@given(BODIES, st.data(), st.integers(0, 30))
def test_a_shifted_line_is_found_again(body: list[str], data: st.DataObject, shift: int) -> None:
    old = function("mean", body)
    finding = found(old, data.draw(st.sampled_from(body)))
    new = function("other", ["pass"] * (shift + 1)) + old + function("more", ["pass"])
    moved = relocate(finding, new)
    assert moved is not None
    assert moved.line == (finding.line or 0) + shift + 2
    assert fingerprint(moved) == fingerprint(finding)


@few
@given(BODIES, st.data(), st.sampled_from(["  ", "\t", "        "]), COMMENTS, st.booleans())
def test_layout_and_comments_make_no_difference(
    body: list[str], data: st.DataObject, indent: str, comment: str, windows: bool
) -> None:
    at = data.draw(st.integers(0, len(body) - 2))
    finding = found(function("mean", body), "\n".join(body[at : at + 2]))
    wrapped = [line.replace("(", "(\n").replace(", ", ",\n").replace("]", ",]") for line in body]
    written = [line + comment for line in body] if data.draw(st.booleans()) else wrapped
    text = textwrap.indent(function("mean", ["\n".join([line, "", indent + "# why"]) for line in written], indent), "")
    text = f"class Box:\n{textwrap.indent(text, '  ')}" if data.draw(st.booleans()) else text
    moved = relocate(finding, text.replace("\n", "\r\n") if windows else text)
    assert moved is not None
    assert identify(moved).snippet == identify(finding).snippet


@few
@given(BODIES, st.text(max_size=60), st.text(max_size=200))
def test_other_words_are_the_same_finding(body: list[str], title: str, claim: str) -> None:
    text = function("mean", body)
    one, other = found(text, body[0]), found(text, body[0], title=title, claim=claim)
    assert fingerprint(one) == fingerprint(other)
    assert is_same_finding(identify(one), identify(other))


@few
@given(BODIES, st.data())
def test_another_line_is_another_finding(body: list[str], data: st.DataObject) -> None:
    text = function("mean", body)
    first, second = data.draw(st.permutations(body))[:2]
    one, other = found(text, first), found(text, second)
    assert fingerprint(one) != fingerprint(other)
    assert not is_same_finding(identify(one), identify(other))


@few
@given(BODIES, NAMES)
def test_the_same_line_in_another_function_is_another_finding(body: list[str], name: str) -> None:
    assume(name not in {"mean", "def"})
    one = found(function("mean", body), body[0])
    other = found(function(name, body), body[0])
    assert one.symbol != other.symbol
    assert fingerprint(one) != fingerprint(other)
    assert not is_same_finding(identify(one), identify(other))


@few
@given(BODIES, st.data())
def test_a_line_that_changed_is_not_what_it_was(body: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(body) - 1))
    finding = found(function("mean", body), body[at])

    def after(line: str) -> Finding | None:
        return relocate(finding, function("mean", [*body[:at], line, *body[at + 1 :]]))

    assert is_unchanged(finding, after(body[at] + "  # really"))
    assert not is_unchanged(finding, after(body[at] + " or 1"))
    assert after(body[at].replace("(", "(0, ")) is None


def test_a_piece_of_a_line_and_the_whole_line_are_one_place() -> None:
    text = function("mean", ["total = sum(items)", "return total / len(items)"])
    piece, line = found(text, "total / len(items)"), found(text, "return total / len(items)")
    assert (piece.line, piece.quote) == (3, "    return total / len(items)")
    assert fingerprint(piece) == fingerprint(line)


def test_a_wider_quote_is_the_same_finding_only_where_the_words_agree() -> None:
    text = function("mean", ["total = sum(items)", "return total / len(items)"])
    narrow = found(text, "return total / len(items)")
    wide = found(text, "total = sum(items)\n    return total / len(items)", title="Fails on empty lists")
    other = wide.model_copy(update={"title": "Floats", "claim": "Rounding errors add up, take fsum."})
    assert is_same_finding(identify(narrow), identify(wide))
    assert not is_same_finding(identify(narrow), identify(other))


def test_another_rule_on_the_same_code_is_the_same_only_where_the_words_agree() -> None:
    text = function("load", ["return db.run('select ' + items)"])
    words = {"title": "SQL injection", "claim": "The query is built from user input by string concatenation."}
    ruff = found(text, "db.run('select ' + items)", source="ruff:S608", **words)
    bandit = found(text, "db.run('select ' + items)", source="bandit:B608", title="SQL injection by string building")
    model = found(text, "return db.run('select ' + items)", title="No limit", claim="Millions of rows fill the memory.")
    assert is_same_finding(identify(ruff), identify(bandit))
    assert not is_same_finding(identify(ruff), identify(model))


@pytest.mark.parametrize(
    ("path", "quote", "text", "lines"),
    [
        ("a.js", "const url = `http://x/${id}` // why", "f(1);\nconst url =\n  `http://x/${id}`; /* so */\n", [(2, 3)]),
        ("a.go", "x := y /* a\n b */ + 1", "// x := y + 1\nx := y + 1 // z\nx := y + 1\n", [(2, 2), (3, 3)]),
        ("a.py", "# TODO: broken", "x = 1  # TODO: broken\n", [(1, 1)]),
        ("a.py", "print('#1')", "print('#2')\nprint(\"#1\")\n", [(2, 2)]),
        ("docs/a.md", "# Title", "\n#  Title\nmore # Title\n", [(2, 2), (3, 3)]),
        ("a.py", "x = 1", "ax = 1\nx = 12\nmax = 1\n", []),
        ("a.py", "", "x = 1\n", []),
        ("naïve.py", "s = '😀'", "\ts = '😀'\r\n", [(1, 1)]),
    ],
)
def test_code_is_found_whatever_its_layout(path: str, quote: str, text: str, lines: list[tuple[int, int]]) -> None:
    assert find_occurrences(quote, text, path) == tuple(LineRange(*pair) for pair in lines)


def test_of_several_places_the_same_function_wins_then_the_nearest_line() -> None:
    one, two = function("one", ["x = 1", "y = 2", "x = 1"]), function("two", ["x = 1"])
    finding = found(one + two, "x = 1").model_copy(update={"line": 4})
    moved = relocate(finding, two + one)
    assert moved is not None
    assert (moved.line, moved.symbol) == (4, "one")
    renamed = relocate(finding, two)
    assert renamed is not None
    assert (renamed.line, renamed.symbol) == (2, "two")


@pytest.mark.parametrize("concern", ["security", "tests"])
def test_another_concern_is_another_finding(concern: Concern) -> None:
    text = function("mean", ["return sum(items) / len(items)"])
    one = found(text, "sum(items)")
    other = one.model_copy(update={"concern": concern, "title": "Other", "claim": "Nothing of this is covered."})
    assert not is_same_finding(identify(one), identify(other))
