"""The tools that look: on a commit with changes on top, bounded, honest about what they cut, safe from patterns."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.context.grep import grep
from bot.context.index import Index, Indexer
from bot.git.changes import Changes
from tests.context.repository import BareRepository
from tests.support.patience import PATIENCE

FILES: dict[str, str | bytes | None] = {
    "app/cart.py": "class Cart:\n    def total(self):\n        return sum(self.lines)\n",
    "app/order.py": "from app.cart import Cart\n\n\ndef total(order):\n    return Cart().total()\n",
    "app/old.py": "def legacy():\n    return 1\n",
    "data/rows.csv": "a,b\n1,2\n",
    "logo.png": b"\x89PNG\0\0",
    "lib/long.py": "\n".join(f"value_{n} = 'needle'" for n in range(1000)) + "\n",
    "lib/evil.py": "x = '" + "a" * 40 + "!'\n",
}
CHANGES = Changes(
    files={
        "app/cart.py": "class Basket:\n    def grand_total(self):\n        return 0\n",
        "app/fresh.py": "def brand_new():\n    return Basket()\n",
        "app/old.py": None,
    }
)


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    repository = BareRepository(tmp_path / "r.git")
    commit = repository.commit(FILES)
    async with Indexer(tmp_path / "cache") as indexer:
        yield await indexer.index(repository.git_dir, commit)


async def test_changes_are_what_is_seen(index: Index) -> None:
    lookup = index.with_changes(CHANGES)
    assert lookup.read("app/cart.py", 1, 2) == "1 class Basket:\n2     def grand_total(self):\n(lines 1 to 2 of 3)"
    assert "No text file" in lookup.read("app/old.py")
    assert "Nothing named" in lookup.definition("legacy")
    assert "Nothing named" in lookup.definition("Cart")
    assert lookup.definition("brand_new").startswith("app/fresh.py:1-2 function brand_new")
    assert lookup.definition("Basket.grand_total").startswith("app/cart.py:2-3 method Basket.grand_total")
    assert lookup.references("Basket").splitlines() == [
        "app/cart.py:1: class Basket:",
        "app/fresh.py:2:     return Basket()",
    ]
    assert "app/order.py:5" in lookup.search("Cart().total()")
    assert "app/cart.py:2 method Basket.grand_total" in lookup.search("TOTAL", kind="symbol")
    assert "Nothing found" in lookup.search("legacy", path="app")
    untouched = index.with_changes(Changes())
    assert "app/old.py:1: def legacy():" in untouched.search("def legacy")


async def test_references_begin_at_home_and_say_what_was_cut(tmp_path: Path) -> None:
    far = {f"zoo/user{n:02}.py": "from bank.core.fees import fee\n\nfee(1)\n" for n in range(40)}
    files: dict[str | bytes, str | bytes | None] = {
        **far,
        "aaa/user.py": "from bank.core.fees import fee\n",
        "bank/core/fees.py": "def fee(x):\n    return x\n\n\n" + "fee(2)\n" * 9,
        "bank/core/other.py": "from bank.core.fees import fee\nfees = 1\n",
        "bank/shop.py": "import bank.core.fees as f\nf.fee(3)\n",
        "tests/test_fees.py": "def test_fee():\n    assert fee(1)\n",
        "docs/fees.md": "Call `fee`.\n",
    }
    repository = BareRepository(tmp_path / "r.git")
    commit = repository.commit(files)
    async with Indexer(tmp_path / "cache") as indexer:
        found = await indexer.index(repository.git_dir, commit)
        lines = found.with_changes(Changes(files={"bank/core/new.py": "fee(5)\n"})).references("fee").splitlines()
    assert [line.partition(":")[0] for line in lines[:9]] == [
        *["bank/core/fees.py"] * 5,
        "bank/core/new.py",
        "bank/core/other.py",
        "bank/shop.py",
        "aaa/user.py",
    ]
    assert lines[4] == "bank/core/fees.py: (6 more lines here)"
    assert lines[-1] == (
        "(30 more lines in 16 files, most of them in: zoo 28, tests 1, docs 1; narrow it with search and path)"
    )


async def test_answers_are_bounded_and_say_what_was_cut(index: Index) -> None:
    lookup = index.with_changes(Changes(files={"wide.txt": "y" * 100_000}))
    found = lookup.search("needle")
    assert "lib/long.py: (992 more lines here)" in found
    assert len(found) < 2_000
    page = lookup.read("lib/long.py")
    assert page.splitlines()[0].endswith("1 value_0 = 'needle'")
    assert page.endswith("(lines 1 to 400 of 1000)")
    assert lookup.read("lib/long.py", 999, 5_000).splitlines()[0] == " 999 value_998 = 'needle'"
    assert lookup.read("lib/long.py", 2_000) == "The file has only 1000 lines."
    assert "more characters" in lookup.read("wide.txt")
    assert len(lookup.read("wide.txt")) < 1_000
    assert lookup.read("data/rows.csv") == "1 a,b\n2 1,2"
    assert "No text file" in lookup.read("logo.png")
    assert "Did you mean app/cart.py?" in lookup.read("src/cart.py")
    assert "No text file" in lookup.read("../../etc/passwd")
    assert "No text file" in lookup.read("app/cart.py\nHEAD:app/order.py")


async def test_a_pattern_from_a_model_cannot_hang_or_break_the_search(index: Index) -> None:
    lookup = index.with_changes(Changes())
    assert lookup.search(r"class \w+art", kind="regex") == "app/cart.py:1: class Cart:"
    assert "Invalid" in lookup.search("(", kind="regex")
    assert "Unknown kind" in lookup.search("x", kind="fuzzy")
    assert "line by line" in lookup.search("a\nb")
    assert "empty" in lookup.search("  ")
    assert "longer" in lookup.search("x" * 600)
    started = time.monotonic()
    blobs = [("lib/evil.py", index.files["lib/evil.py"].sha)]
    hits, ended = grep(index.git_dir, r"(a+)+$", {"a.txt": "aa"}, blobs, seconds=5)
    assert ([(one.path, one.line) for one in hits], ended) == ([("a.txt", 1)], False)
    assert time.monotonic() - started < PATIENCE
