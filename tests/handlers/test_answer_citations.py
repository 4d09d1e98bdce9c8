"""Places in the code: those that exist become links, all others go, and what is shown as code stays as it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.answer.citations import find_paths, link_places

LENGTHS = {"basket/prices.py": 7, "a_b.py": 3, "README.md": 10, "Makefile": 4, "naïve/ünï.py": 1}
ROOT = "https://hub.example/octo/sample/blob/abc"
LINK = re.compile(r"\[`?([^\]`]*)`?\]\((https://hub\.example/[^)]*)\)")


def cite(text: str) -> str:
    return link_places(text, LENGTHS, ROOT, endings={"py", "md"}).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See `basket/prices.py:3`.", f"See [`basket/prices.py:3`]({ROOT}/basket/prices.py#L3)."),
        ("See basket/prices.py:L2-L4", f"See [basket/prices.py:2-4]({ROOT}/basket/prices.py#L2-L4)"),
        ("(a_b.py:1)", f"([a\\_b.py:1]({ROOT}/a_b.py#L1))"),
        ("README.md:2, Makefile:4", f"[README.md:2]({ROOT}/README.md?plain=1#L2), [Makefile:4]({ROOT}/Makefile#L4)"),
        ("naïve/ünï.py:1", f"[naïve/ünï.py:1]({ROOT}/na%C3%AFve/%C3%BCn%C3%AF.py#L1)"),
        ("Not there (nope/x.py:1) at all", "Not there at all"),
        ("Beyond the end: basket/prices.py:8, or basket/prices.py:5-9", "Beyond the end:, or"),
        ("Both [nope.py:2, basket/prices.py:99] are gone", "Both are gone"),
        ("a_b.py:0 a_b.py:3-2 end", " end"),
        ("12:30 localhost:8080 example.com:80 http://x.py:80/ std::a_b.py:1 C:1", None),
        ("```\nbasket/prices.py:3\nnope.py:1\n```", None),
        ("`see basket/prices.py:3` `nope` `x:1`", None),
    ],
)
def test_places(text: str, expected: str | None) -> None:
    assert cite(text) == (text if expected is None else expected)


def test_what_was_left_out_is_told() -> None:
    cited = link_places("a_b.py:1 (gone.py:3) `gone.py:3` a_b.py:4", LENGTHS, ROOT, endings={"py"})
    assert (cited.linked, cited.dropped) == (1, ("gone.py:3", "a_b.py:4"))
    assert find_paths("`x/y.py:1` and z.py:2-3") == {"x/y.py", "z.py"}


@given(st.text(alphabet=st.sampled_from("a_b.py:123-L `\n([,)]\0~x/")))
def test_every_link_leads_to_lines_that_exist(text: str) -> None:
    told = cite(text)
    assert "\0" not in told
    for name, url in LINK.findall(told):
        path, lines = re.fullmatch(r"(.*)#L(\d+(?:-L\d+)?)", url.removeprefix(f"{ROOT}/")).groups()  # type: ignore[union-attr]
        numbers = [int(number) for number in lines.split("-L")]
        assert 1 <= min(numbers) <= max(numbers) <= LENGTHS[path.removesuffix("?plain=1")], (name, url)
