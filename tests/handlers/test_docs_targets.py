"""What stands behind ``/docs`` is read as a path, a name, a page of code, or a wish."""

from __future__ import annotations

import pytest

from bot.change.records import Brief, PullEnds
from bot.documentation.codebase import Codebase
from handlers.docs.survey import make_survey
from handlers.docs.targets import read_target
from tests.documentation.snapshots import of

FILES = {
    "shop/__init__.py": '"""A shop."""\n',
    "shop/cart.py": '"""Carts."""\n\n\nclass Cart:\n    def add(self): ...\n\n\nclass Till:\n    """A till."""\n',
    "docs/usage.md": "`shop.Basket`\n",
    "docs/more.md": "More.\n",
}


@pytest.mark.parametrize(
    ("asked", "kind", "paths", "symbol"),
    [
        ("docs/usage.md", "files", ("docs/usage.md",), ""),
        ("`docs/`", "files", ("docs/more.md", "docs/usage.md"), ""),
        ("shop.cart.Cart", "files", ("shop/cart.py",), "shop.cart.Cart"),
        ("Cart.add", "files", ("shop/cart.py",), "shop.cart.Cart.add"),
        ("shop.cart", "files", ("shop/cart.py",), "shop.cart"),
        ("architecture", "architecture", (), ""),
        ("api", "api", (), ""),
        ("how-to Fill a cart, see docs/more.md.", "text", ("docs/more.md",), ""),
        ("runbook Close the till", "text", (), ""),
        ("", "change", (), ""),
    ],
)
def test_the_target_is_read(asked: str, kind: str, paths: tuple[str, ...], symbol: str) -> None:
    target = read_target(asked, Codebase(of(FILES)), is_pull=True, told="")
    assert (target.kind, target.paths, target.symbol) == (kind, paths, symbol)


def test_without_a_target_an_issue_says_what_is_wanted() -> None:
    target = read_target("", Codebase(of(FILES)), is_pull=False, told="docs/more.md is thin")
    assert (target.kind, target.paths) == ("text", ("docs/more.md",))


def survey(asked: str, head: dict[str, str], base: dict[str, str] | None = None) -> list[str]:
    pull = PullEnds(branch="topic", merge_base="0" * 40) if base is not None else None
    brief = Brief(nonce="n", title="t", body="b", base_branch="main", base_sha="1" * 40, asked=asked, pull=pull)
    return [one.text for one in make_survey(brief, of(base or head), of(head)).defects]


def test_only_the_name_that_was_asked_for_is_surveyed() -> None:
    assert survey("Cart", FILES) == [
        "class `shop.cart.Cart` has no docstring",
        "function `shop.cart.Cart.add` has no docstring",
    ]


def test_a_pull_request_is_told_what_it_made_stale_and_left_undocumented() -> None:
    base = {**FILES, "docs/usage.md": "Use `Till`.\n"}
    head = {
        **base,
        "shop/cart.py": FILES["shop/cart.py"].replace("class Till", "class Desk").replace("A till", "A desk"),
    }
    head["shop/cart.py"] += "\n\ndef pay(): ...\n"
    assert survey("", head, base) == ["`Till` is gone", "function `shop.cart.pay` has no docstring"]


@pytest.mark.parametrize(("asked", "page"), [("architecture", "docs/architecture.md"), ("api", "docs/api.md")])
def test_pages_of_code_have_texts_that_code_decides(asked: str, page: str) -> None:
    brief = Brief(nonce="n", title="t", body="b", base_branch="main", base_sha="1" * 40, asked=asked)
    made = make_survey(brief, of(FILES), of(FILES))
    assert made.page == page
    assert made.required
