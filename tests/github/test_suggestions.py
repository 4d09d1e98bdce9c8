"""Suggestion blocks: committed as GitHub would, they change what was meant and nothing else."""

from __future__ import annotations

import ast
import re
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.edits.syntax import find_syntax_error
from bot.github.text.anchors import Anchor
from bot.github.text.diffs import FileDiff
from bot.github.text.suggestions import suggestion
from tests.pulls.test_places import NEW, OLD, diff, place

from bot.github.text.diffs import parse_diff  # isort: skip


def commit(text: str, anchor: Anchor, block: str) -> str:
    """Apply a suggestion as GitHub does.

    The anchored lines are replaced by the block's, with the file's line endings.
    """
    opened = re.match(r"(`{3,})suggestion\n", block)
    assert opened is not None
    assert block.endswith(opened[1])
    inner = block[opened.end() : -len(opened[1])]
    assert opened[1] not in inner, "the fence would close early"
    rows = text.split("\n")
    end = "\r" if rows[anchor.line - 1].endswith("\r") else ""
    first = (anchor.start_line or anchor.line) - 1
    return "\n".join([*rows[:first], *(f"{line}{end}" for line in inner.split("\n")[:-1]), *rows[anchor.line :]])


def suggested(old: str, new: str, quote: str, replacement: str, path: str = "f.py") -> str | None:
    """The head after the suggestion is committed; None where there is none."""
    file = parse_diff(diff(old.split("\n"), new.split("\n")))[0].model_copy(update={"path": path})
    anchor = place(file, quote)
    assert anchor is not None
    block = suggestion(anchor, file, new, replacement, quote=quote, broken_by=find_syntax_error)
    return commit(new, anchor, block) if block else None


LINE = "        result += item.price * item.count\n"


@pytest.mark.parametrize(
    ("quote", "replacement", "wanted"),
    [
        (LINE, "        result += item.total\n", "        result += item.total\n"),
        (LINE.strip(), "result += item.total", "        result += item.total\n"),
        (LINE, "result += item.total", "        result += item.total\n"),
        ("item.price * item.count", "item.total", "        result += item.total\n"),
        (LINE.strip(), "```python\nresult += item.total\n```", "        result += item.total\n"),
        (
            LINE,
            "if item.count:\n    result += item.total",
            "        if item.count:\n            result += item.total\n",
        ),
        (
            LINE.strip(),
            "if item.count:\n            result += item.total",
            "        if item.count:\n            result += item.total\n",
        ),
        (
            LINE,
            "        if item.count:\n            result += 1\n",
            "        if item.count:\n            result += 1\n",
        ),
        (LINE, "result += (\n    item.total\n)", "        result += (\n            item.total\n        )\n"),
        (LINE.strip(), '"````"', '        "````"\n'),
        (LINE, "# first\n\nresult += 1", "        # first\n\n        result += 1\n"),
    ],
)
def test_a_replacement_gets_the_indentation_of_the_file(quote: str, replacement: str, wanted: str) -> None:
    after = suggested(OLD, NEW, quote, replacement)
    assert after == NEW.replace(LINE, wanted)
    ast.parse(after or "(")


@pytest.mark.parametrize(
    ("quote", "replacement"),
    [
        (LINE, LINE),  # nothing changes
        (LINE, "        result += ("),  # no longer parses
        ("result += item.prize * item.count", "result += 1"),  # not what stands there
        ("-        result += item.price", "        result += 1"),  # deleted code
    ],
)
def test_what_could_not_be_committed_or_would_do_harm_is_no_suggestion(quote: str, replacement: str) -> None:
    assert suggested(OLD, NEW, quote, replacement) is None


ABOVE = "        if item is None:\n            continue\n"
BELOW = "    return result\n"


@pytest.mark.parametrize("indent", ["", "    ", "        "])
@pytest.mark.parametrize(("above", "below"), [(1, 0), (0, 1), (2, 0), (1, 1), (2, 1)])
def test_lines_around_that_are_brought_along_stand_there_once(above: int, below: int, indent: str) -> None:
    rows = [*ABOVE.splitlines()[2 - above :], "        result += item.total", *BELOW.splitlines()[:below]]
    brought = textwrap.indent(textwrap.dedent("\n".join(rows)), indent)
    assert suggested(OLD, NEW, LINE, brought) == NEW.replace(LINE, "        result += item.total\n")


LOOP = """def total(items, rate):
    # sums
    result = 0
    for item in items:
        log(item)
        result += item.price
        audit(item)
    result = result * rate
    return result
"""
QUERY = "SELECT a\nFROM t\nWHERE a = 1\nORDER BY a\n"
KEYS = "a:\n  b: 1\n  c: 2\nd: 3\n"
WHOLE = """def total(items, rate):
    result = 0
    for item in items:
        log(item)
        result += item.total
        audit(item)
    result = result * rate
    return result"""


@pytest.mark.parametrize(
    ("text", "old", "new", "path", "replacement", "wanted"),
    [
        # lines around of which some are left out, or whose remarks are other ones
        (LOOP, "price", "cost", "f.py", "    for item in items:\n        result += item.total", None),
        (LOOP, "price", "cost", "f.py", "def total(items, rate):\n        result += item.total", None),
        (LOOP, "price", "cost", "f.py", WHOLE, None),
        (LOOP, "price", "cost", "f.py", "for item in items:  # each\n    log(item)\n    result += item.total", None),
        (LOOP, "price", "cost", "f.py", "        result += item.total\n        audit(item)  # keep", None),
        (QUERY, "a = 1", "a = 2", "a.sql", "SELECT a\nWHERE a = 3", None),
        (KEYS, "c: 2", "c: 4", "a.yml", "a:\n  c: 5", None),
        # a short one brought along
        (KEYS, "c: 2", "c: 4", "a.yml", "  c: 5\nd: 3", "c: 5"),
        # signs of a diff, numbers, words around a fence
        (QUERY, "a = 1", "a = 2", "a.sql", "+WHERE a = 3", "a = 3"),
        (QUERY, "a = 1", "a = 2", "a.sql", "3 | WHERE a = 3", None),
        (KEYS, "c: 2", "c: 4", "a.yml", "3   c: 5", None),
        (QUERY, "a = 1", "a = 2", "a.sql", "```sql\nWHERE a = 3\n```\nis right", None),
        # new blocks that are like others
        (LOOP, "price", "cost", "f.py", "if item:\n    result += item.total",
         "if item:\n            result += item.total"),
        (LOOP, "price", "cost", "f.py", "try:\n    result += item.total\nfinally:\n    log(item)",
         "try:\n            result += item.total\n        finally:\n            log(item)"),
    ],
)  # fmt: skip
def test_what_stands_around_is_never_doubled(
    text: str, old: str, new: str, path: str, replacement: str, wanted: str | None
) -> None:
    head = text.replace(old, new)
    (quote,) = [line for line in head.split("\n") if new in line]
    there = f"result += item.{new}" if text is LOOP else new
    expected = None if wanted is None else head.replace(there, wanted)
    assert suggested(text, head, quote, replacement, path) == expected


def test_a_line_that_stands_twice_may_go_on_standing_twice() -> None:
    old = "def f(log):\n    log.append(1)\n    log.append(1)\n    return log\n"
    new = old.replace("return log\n", "return log[0]\n")
    after = suggested(old, new, "    log.append(1)\n    return log[0]", "    log.append(1)\n    return log[1]")
    assert after == new.replace("log[0]", "log[1]")


def test_lines_are_deleted_where_the_rest_still_parses() -> None:
    old, new = "a = 1\nb = 2\n", "a = 1\nc = 3\nb = 2\n"
    assert suggested(old, new, "c = 3", "") == old
    only = "def f():\n    return 1\n"
    assert suggested("def f():\n    return 2\n", only, "    return 1", "") is None


def test_carriage_returns_stay_and_tabs_stay_tabs() -> None:
    old, new = "if a {\r\n\tb()\r\n}\r\n", "if a {\r\n\tc()\r\n}\r\n"
    wanted = new.replace("\tc()", "\tif d {\r\n\t\tc()\r\n\t}")
    assert suggested(old, new, "\tc()", "\tif d {\n\t\tc()\n\t}", "f.go") == wanted
    assert suggested(old, new, "c()", "if d {\n    c()\n}", "f.go") == wanted


def test_the_head_that_was_shown_is_the_head_that_is_changed() -> None:
    file: FileDiff = parse_diff(diff(OLD.split("\n"), NEW.split("\n")))[0]
    anchor = place(file, LINE)
    assert anchor is not None
    moved = f"import os\n{NEW}"
    assert suggestion(anchor, file, moved, "result += 1", quote=LINE, broken_by=find_syntax_error) is None
    assert suggestion(anchor, file, NEW, "result += 1", quote=LINE, broken_by=find_syntax_error) is not None


@given(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["whole", "flush", "first"]))
def test_a_block_of_any_depth_survives_lost_indentation(deep: int, inner: int, lost: str) -> None:
    """Flush left, or only the first line flush left, as models hand back what they were shown indented."""
    head = "".join(f"{'    ' * level}if level_{level}:\n" for level in range(deep))
    pad = "    " * deep
    block = "".join(f"{pad}{'    ' * level}while step_{level}():\n" for level in range(inner))
    block += f"{pad}{'    ' * inner}return_value = 1"
    old = f"{head}{pad}old_line = 0\nend = 1\n"
    new = f"{head}{pad}new_line = 0\nend = 1\n"
    given_back = {"whole": block, "flush": textwrap.dedent(block), "first": block.lstrip()}[lost]
    assert suggested(old, new, "new_line = 0", given_back) == f"{head}{block}\nend = 1\n"


CART = """\
function add(cart, item) {
  if (!item) {
    return;
  }

  cart.items.push(item);
  cart.count += 1;
}
"""
COUNTED = CART.replace("count += 1", "count += item.n")


@pytest.mark.parametrize(
    "replacement",
    [
        "  cart.count += item.q;\n}",
        "    return;\n  }\n  cart.items.push(item);\n  cart.count += item.q;\n}",
        "  cart.items.push(item);\n-  cart.count += item.n;\n+  cart.count += item.q;".replace(
            "  cart.it", "   cart.it", 1
        ),
    ],
)
def test_lines_around_are_not_put_there_twice_however_short_they_are(replacement: str) -> None:
    after = suggested(CART, COUNTED, "  cart.count += item.n;", replacement, path="cart.js")
    assert after == COUNTED.replace("item.n", "item.q")


def test_what_leaves_lines_out_cannot_be_committed() -> None:
    assert (
        suggested(CART, COUNTED, "  cart.count += item.n;", "  ...\n  cart.count += item.q;", path="notes.txt") is None
    )
