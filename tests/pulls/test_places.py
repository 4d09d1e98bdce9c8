"""A quote finds its place whatever a model claims, and a comment hangs only where GitHub takes it."""

from __future__ import annotations

import difflib
import re
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.github.text.anchors import Anchor
from bot.github.text.diffs import FileDiff, Side, parse_diff
from bot.pulls import places

OLD = """\
def total(items):
    result = 0
    for item in items:
        if item is None:
            continue
        result += item.price
    return result


def mean(items):
    count = len(items)
    return total(items) / count


def spread(items):
    low = min(items)
    high = max(items)
    return high - low


def report(items):
    print("total", total(items))
    print("mean", mean(items))
    return None
"""
NEW = OLD.replace("        result += item.price\n", "        result += item.price * item.count\n").replace(
    '    print("mean", mean(items))\n', '    print("mean", mean(items))\n    print("spread", spread(items))\n'
)


def place(file: FileDiff, quote: str, line: int | None = None, side: Side | None = None) -> Anchor | None:
    """Return where a comment is attached, knowing only the diff."""
    found = places.find_place(file, quote, line, side)
    return found and found.anchor


def diff(old: list[str], new: list[str]) -> str:
    body = "".join(f"{line}\n" for line in difflib.unified_diff(old, new, "a/f.py", "b/f.py", n=3, lineterm=""))
    return f"diff --git a/f.py b/f.py\n{body}"


def file_of(old: str = OLD, new: str = NEW) -> FileDiff:
    return parse_diff(diff(old.split("\n"), new.split("\n")))[0]


def legal(text: str, anchor: Anchor) -> bool:
    """GitHub's rules, read off the diff's text by other means than ours."""
    hunks: list[dict[str, set[int]]] = []
    for row in text.split("\n")[3:]:
        if header := re.match(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@", row):
            old, new = int(header[1]), int(header[2])
            hunks.append({"LEFT": set(), "RIGHT": set()})
        elif row:
            if row[0] in " -":
                hunks[-1]["LEFT"].add(old)
                old += 1
            if row[0] in " +":
                hunks[-1]["RIGHT"].add(new)
                new += 1
    ends = {(anchor.side, anchor.line)}
    if anchor.start_line is not None:
        ends.add((anchor.start_side or anchor.side, anchor.start_line))
        if anchor.start_line >= anchor.line:
            return False
    return any(all(number in hunk[side] for side, number in ends) for hunk in hunks)


CODE = ["", "}", "else:", "x = 1", "y = 2", "    x = 1", "\treturn x", "return x  # why", "call(a, b, c)", "call(a, b)"]
FILES = st.lists(st.sampled_from(CODE), max_size=40)
NUMBERS = st.none() | st.integers(-3, 60)
SIDES = st.sampled_from([None, "LEFT", "RIGHT"])


@given(FILES, FILES, st.data())
def test_whatever_is_claimed_the_anchor_is_legal(old: list[str], new: list[str], data: st.DataObject) -> None:
    assume(old != new)
    text = diff(old, new)
    body = [row for row in text.split("\n")[3:] if row]
    first, count = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(1, 6))
    signs = data.draw(st.sampled_from([0, 1]))
    taken = "\n".join(row[signs:] for row in body[first : first + count])
    quotes = [taken, "\n".join(new[-3:]), f"12 | {taken}", "", taken[2:-2]]
    quote = data.draw(st.sampled_from(quotes) | st.text())
    anchor = place(parse_diff(text)[0], quote, data.draw(NUMBERS), data.draw(SIDES))
    assert anchor is None or legal(text, anchor)


STATEMENTS = st.lists(st.integers(0, 9999), min_size=12, max_size=40, unique=True).map(
    lambda numbers: [f"value_{n} = compute_{n * 7}({n % 13}, {n % 17})" for n in numbers]
)


@given(STATEMENTS, st.data())
def test_a_quote_that_is_there_once_is_found_whatever_the_number(lines: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    text = diff(lines, [*lines[:at], "changed = here(1)", *lines[at + 1 :]])
    number, row = data.draw(st.sampled_from(_numbered(text)))
    quote = row[1:]
    wrongly = [quote, f"  {quote} ", quote.replace(" ", "  "), f"{number} | {quote}", f"```\n{quote}\n```", row]
    found = place(parse_diff(text)[0], data.draw(st.sampled_from(wrongly)), data.draw(NUMBERS))
    assert found == Anchor(path="f.py", line=number, side="RIGHT")


def _numbered(text: str) -> list[tuple[int, str]]:
    """The rows of the right side with their numbers."""
    found, number = [], 0
    for row in text.split("\n")[3:]:
        if header := re.match(r"@@ -\d+(?:,\d+)? \+(\d+)", row):
            number = int(header[1])
        elif row[:1] in (" ", "+") and row:
            found.append((number, row))
            number += 1
    return found


@pytest.mark.parametrize(
    ("quote", "line", "wanted"),
    [
        ("result += item.price * item.count", None, (6, None)),
        ("        result += item.price * item.count\n    return result", None, (7, 6)),
        ("result+=item.price*item.count", 40, (6, None)),
        ("result += item.price * item.cuont", None, (6, None)),
        ("result += item.price * item.cost", 6, (6, None)),
        ("item.price * item.count", 3, (6, None)),
        ("result += item.price * it...", None, (6, None)),
        ("+        result += item.price * item.count", None, (6, None)),
        ("-        result += item.price\n+        result += item.price * item.count", None, (6, None)),
        ("6:         result += item.price * item.count", None, (6, None)),
        ("    for item in items:\n        ...\n        result += item.price * item.count", None, (6, None)),
        ("    for item in items:\n        [...]\n        result += item.price * item.count", None, (6, None)),
        ("[6]         result += item.price * item.count", None, (6, None)),
        ("6.         result += item.price * item.count", None, (6, None)),
        ("Line 6: result += item.price * item.count", None, (6, None)),
        ("+ 6:         result += item.price * item.count", None, (6, None)),
        ("5-            continue\n6-        result += item.price * item.count", None, (6, 5)),
        ("f.py:6 result += item.price * item.count", None, (6, None)),
        ('"result += item.price * item.count"', None, (6, None)),
        ("> result += item.price * item.count", None, (6, None)),
        ("result += item.price * item.count;", None, (6, None)),
        ("result += item.price * item.count  <-- here", None, (6, None)),
        ("result += item.price \\* item.count", None, (6, None)),
        ("print(&quot;spread&quot;, spread(items))", None, (24, None)),
        ("if item is None:\\n            continue", None, (5, 4)),
        ('```python\n    print("spread", spread(items))\n```', 1, (24, None)),
        ("    for item in items:\n        if item is None:\n            continue", None, (5, 3)),
        ('def report(items):\n    print("total", total(items))\n    print("mean", mean(items))', None, (23, 21)),
    ],
)
def test_quotes_as_models_write_them(quote: str, line: int | None, wanted: tuple[int, int | None]) -> None:
    found = place(file_of(), quote, line)
    assert found is not None
    assert (found.line, found.start_line, found.side) == (*wanted, "RIGHT")


@pytest.mark.parametrize(
    ("quote", "line"),
    [
        ("    low = min(items)\n    high = max(items)", 16),  # in the file, but in no hunk
        ("raise ValueError('never written')", 6),
        ("result += item.price / item.count", 6),
        ("result += item.price * item.count()", 6),
        ("result -= item.price * item.count", 6),
        ("", 12),
        ("", None),
        ("}", 6),
        ("\n  \n", None),
    ],
)
def test_what_the_diff_does_not_show_has_no_place(quote: str, line: int | None) -> None:
    assert place(file_of(), quote, line) is None


def test_code_that_stands_elsewhere_in_the_file_is_not_taken_for_what_reads_alike() -> None:
    elsewhere = NEW + "\n\ndef other(items):\n    results += item.price * item.count\n"
    assert place(file_of(), "results += item.price * item.count", 4) is not None
    found = places.find_place(file_of(), "results += item.price * item.count", 4, head=elsewhere)
    assert found is not None
    assert (found.first, found.anchor) == (29, None)


def test_a_number_chooses_between_lines_that_read_the_same() -> None:
    old = [f"line {number}" for number in range(60)]
    new = list(old)
    for at in (10, 30, 50):
        new[at] = "    return None"
    file = parse_diff(diff(old, new))[0]
    assert place(file, "return None") is None
    assert [getattr(place(file, "return None", claimed), "line", None) for claimed in (1, 28, 44)] == [11, 31, 51]


def test_a_changed_line_is_meant_rather_than_an_unchanged_one_that_reads_the_same() -> None:
    old = ["check(a)", "b", "c", "d"]
    file = parse_diff(diff(old, [*old[:3], "check(a)", "d"]))[0]
    assert getattr(place(file, "check(a)"), "line", None) == 4
    assert getattr(place(file, "check(a)", 2), "line", None) == 4
    assert getattr(place(file, "check(a)", 1), "line", None) == 1


def test_deleted_code_is_on_the_left_and_unchanged_code_never_is() -> None:
    assert place(file_of(), "result += item.price\n", 6, "LEFT") == Anchor(path="f.py", line=6, side="LEFT")
    assert place(file_of(), "-        result += item.price", None) == Anchor(path="f.py", line=6, side="LEFT")
    assert place(file_of(), "    return result", 7, "LEFT") == Anchor(path="f.py", line=7, side="RIGHT")
    gone = parse_diff(diff(OLD.split("\n"), []))[0]
    anchor = place(gone, "    low = min(items)\n    high = max(items)", 3)
    assert anchor == Anchor(path="f.py", line=17, side="LEFT", start_line=16, start_side="LEFT")


def test_carriage_returns_tabs_and_emoji_do_not_hide_a_line() -> None:
    old = ["a\r", "b\r", "\tif ok:\r", "\t\tsay('🚀 off')\r"]
    file = parse_diff(diff(old, [*old[:3], "\t\tsay('🚀 away')\r"]))[0]
    assert getattr(place(file, "    if ok:\n        say('🚀 away')"), "line", None) == 4
    assert getattr(place(file, "\tif ok:\r\n\t\tsay('🚀 away')\r\n"), "start_line", None) == 3


def test_a_huge_diff_is_searched_in_seconds() -> None:
    new = [f"value_{number} = compute({number}, {number * 7 % 1000})" for number in range(12_000)]
    file = parse_diff(diff([], new))[0]
    started = time.process_time()
    assert getattr(place(file, "value_9000 = computed(9000, 0)\nvalue_9001 = compute(9001, 7)"), "line", None) == 9002
    assert place(file, "def nothing_like_it():\n    raise NotImplementedError\n") is None
    assert time.process_time() - started < 4


@pytest.mark.parametrize(
    "quote",
    [
        "        result = item.price * item.tax\n    print(total(items))",
        "    return total(items) / low",
        "else:  # nothing else here",
        "6. return spread",
    ],
)
def test_a_quote_in_a_wrapping_is_still_invented(quote: str) -> None:
    assert places.find_place(file_of(), quote, 6, head=NEW.replace("continue", "pass\n        else:"), base=OLD) is None


def test_removed_code_between_unchanged_lines_is_what_is_meant() -> None:
    found = places.find_place(file_of(), "-        result += item.price\n     return result", head=NEW, base=OLD)
    assert found is not None
    assert (found.side, found.first, found.last, found.anchor) == (
        "LEFT",
        6,
        7,
        Anchor(path="f.py", line=6, side="LEFT"),
    )


def test_lines_of_two_hunks_are_found_where_most_of_them_stand() -> None:
    quote = '        result += item.price * item.count\n    return result\n    print("spread", spread(items))'
    found = places.find_place(file_of(), quote, head=NEW, base=OLD)
    assert found is not None
    assert (found.first, found.last, found.part) == (6, 7, None), "nothing can be put in place of both"


def test_a_name_that_the_file_has_is_no_slip_for_another() -> None:
    """Code that was never there must not be taken for a line that is, but for one name."""
    head = NEW.replace("low = min(items)", "low = min(item)")
    for quote in ("    lows = min(items)", "    high = min(item)", "    if isinstance(item, Price):"):
        known = f"{head}\nif isinstance(item, Basket):\n    lows, Price = 1, 2\n"
        assert places.find_place(file_of(), quote, head=known, base=OLD) is None, quote
