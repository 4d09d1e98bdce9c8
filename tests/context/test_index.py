"""The index over time: what a later commit costs, that it equals a fresh one, and that its cache stays bounded."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.context import guidelines
from bot.context.index import Index, Indexer
from bot.context.report import rank_files
from bot.context.tree import IndexingError
from tests.context.repository import BareRepository

ISSUE = """Totals lose cents when a discount is given

Calling `apply_discount` on an order drops the cents:

```
Traceback (most recent call last):
  File "/usr/lib/python3/site-packages/shop/checkout.py", line 4, in pay
    total = apply_discount(order)
  File "/usr/lib/python3/site-packages/shop/rounding.py", line 2, in to_cents
    raise ValueError("amount must be positive but it is %d" % amount)
ValueError: amount must be positive but it is 3
```
"""
FILES = {
    "shop/__init__.py": "",
    "shop/checkout.py": (
        "from shop.discounts import apply_discount\n\n\ndef pay(order):\n    return apply_discount(order)\n"
    ),
    "shop/discounts.py": "def apply_discount(order):\n    return int(order.total * 0.9)\n",
    "shop/rounding.py": (
        'def to_cents(amount):\n    raise ValueError("amount must be positive but it is %d" % amount)\n'
    ),
    "shop/unrelated.py": "def greet(name):\n    return name\n",
    "tests/test_discounts.py": (
        "from shop.discounts import apply_discount\n\n\ndef test_it():\n    assert apply_discount\n"
    ),
    "docs/discounts.md": "How a discount and its cents are computed: `apply_discount`.\n",
    "AGENTS.md": "Be brief.\n",
    "shop/AGENTS.md": "Money is in cents.\n",
    "web/AGENTS.md": "Use CSS.\n",
}


def _blobs(cache: Path) -> int:
    (database,) = cache.glob("blobs-*.sqlite")
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("select count(*) from blob").fetchone()[0])


def _told(index: Index) -> list[tuple[str, float, tuple[str, ...]]]:
    return [(one.path, one.score, one.reasons) for one in index.rank(ISSUE)]


async def test_what_the_issue_names_comes_first_and_says_why(tmp_path: Path) -> None:
    repository = BareRepository(tmp_path / "r.git")
    commit = repository.commit(FILES, "Discounts are applied at checkout")
    report = await rank_files(repository.git_dir, commit, ISSUE, tmp_path / "cache")
    places = [line.split()[1] for line in report.splitlines() if line[:3].strip(" .").isdigit()]
    assert set(places[:3]) == {"shop/discounts.py", "shop/rounding.py", "shop/checkout.py"}
    assert places.index("shop/discounts.py") < places.index("docs/discounts.md")
    assert "shop/unrelated.py" not in places[:4]
    block = report.split("shop/rounding.py")[1].split(". ")[0]
    assert "it is in the traceback" in block


async def test_a_later_commit_costs_its_changes_and_equals_a_fresh_index(tmp_path: Path) -> None:
    repository = BareRepository(tmp_path / "r.git")
    first = repository.commit({**FILES, **{f"lib/part{n}.py": f"def part{n}():\n    return {n}\n" for n in range(60)}})
    async with Indexer(tmp_path / "cache") as indexer:
        await indexer.index(repository.git_dir, first)
        before = _blobs(tmp_path / "cache")
        changed = {"shop/discounts.py": "def apply_discount(order):\n    return round(order.total * 0.9, 2)\n"}
        second = repository.commit({**changed, "shop/unrelated.py": None}, "Discount keeps its cents")
        later = await indexer.index(repository.git_dir, second)
        assert _blobs(tmp_path / "cache") == before + 1
        assert "shop/unrelated.py" not in later.paths
        assert await indexer.index(repository.git_dir, second) is later
        async with Indexer(tmp_path / "fresh", workers=1) as fresh:
            anew = await fresh.index(repository.git_dir, second)
            assert _told(anew) == _told(later)
            assert [one.start for one in anew.functions(ISSUE)] == [one.start for one in later.functions(ISSUE)]
    async with Indexer(tmp_path / "cache") as restarted:
        assert _told(await restarted.index(repository.git_dir, second)) == _told(later)
        assert _blobs(tmp_path / "cache") == before + 1


async def test_the_cache_stays_within_its_limit_and_is_read_again_where_it_let_go(tmp_path: Path) -> None:
    repository = BareRepository(tmp_path / "r.git")
    many = {
        f"p/m{n}.py": "".join(f"def f{n}_{m}(value):\n    return value + {m}\n" for m in range(40)) for n in range(700)
    }
    commit = repository.commit({**FILES, **many})
    limit = 400_000
    async with Indexer(tmp_path / "cache", limit=limit) as indexer:
        index = await indexer.index(repository.git_dir, commit)
        assert 0 < _blobs(tmp_path / "cache") < 300
        assert {index.rank(ISSUE, 1)[0].path} <= {"shop/discounts.py", "shop/rounding.py"}
        assert len(index.record("p/m0.py").definitions) == 40
    (database,) = (tmp_path / "cache").glob("blobs-*.sqlite")
    assert database.stat().st_size < 2 * limit
    database.rename(database.with_name("blobs-0.sqlite"))
    async with Indexer(tmp_path / "cache") as renewed:
        await renewed.index(repository.git_dir, commit)
    assert [one.name for one in (tmp_path / "cache").glob("blobs-*.sqlite")] == [database.name]


async def test_several_commits_and_repositories_at_once(tmp_path: Path) -> None:
    repository = BareRepository(tmp_path / "r.git")
    other = BareRepository(tmp_path / "o.git")
    commits = [repository.commit({**FILES, "n.py": f"n = {number}\n"}) for number in range(4)]
    stranger = other.commit({"a.py": "def apply_discount():\n    pass\n"})
    async with Indexer(tmp_path / "cache") as indexer:
        asked = [indexer.index(repository.git_dir, commit) for commit in commits]
        *indexes, elsewhere = await asyncio.gather(*asked, indexer.index(other.git_dir, stranger))
    assert [index.commit for index in indexes] == commits
    assert len({str(index.paths) for index in indexes}) == 1
    assert elsewhere.paths == ("a.py",)


async def test_a_commit_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    repository = BareRepository(tmp_path / "r.git")
    repository.commit(FILES)
    async with Indexer(tmp_path / "cache") as indexer:
        with pytest.raises(IndexingError, match="fetch it first"):
            await indexer.index(repository.git_dir, "1" * 40)
    with pytest.raises(IndexingError, match="not a git repository"):
        await rank_files(tmp_path, "HEAD", ISSUE, tmp_path / "cache")


async def test_windows_hold_code_with_numbers_within_the_budget(tmp_path: Path) -> None:
    repository = BareRepository(tmp_path / "r.git")
    commit = repository.commit(FILES)
    async with Indexer(tmp_path / "cache") as indexer:
        index = await indexer.index(repository.git_dir, commit)
        ranking = index.rank(ISSUE)
        roomy, tight = index.windows(ranking, 4_000), index.windows(ranking, 260)
    assert "shop/discounts.py, apply_discount:\n1 def apply_discount(order):\n2     return int(" in str(roomy)
    assert "defines:" not in str(roomy), "outlines are not read"
    assert roomy.tokens <= 4_000
    assert tight.tokens <= 260
    assert "no room for" in str(tight)
    assert len(str(tight)) < len(str(roomy))


async def test_guideline_files_are_the_roots_and_those_above_the_code() -> None:
    async def read(path: str) -> str | None:
        return FILES.get(path)

    found = await guidelines.collect(read, FILES, ["shop/discounts.py"])
    assert found == (("AGENTS.md", "Be brief.\n"), ("shop/AGENTS.md", "Money is in cents.\n"))
    long = await guidelines.collect(lambda path: _long(path), ["CLAUDE.md"], [])
    assert len(long[0][1]) < 13_000
    assert long[0][1].endswith("more characters)")


async def _long(_path: str) -> str:
    return "x" * 50_000
