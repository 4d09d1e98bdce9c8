"""Which existing tests stand guard over a change."""

from __future__ import annotations

from pathlib import Path

from bot.change.finding import nearby_tests
from bot.context.index import Indexer
from tests.context.repository import BareRepository

FILES: dict[str | bytes, str | bytes | None] = {
    "app/filters.py": "def join(value, arg):\n    return arg.join(value)\n",
    "app/cart.py": "class Cart:\n    pass\n",
    "tests/conftest.py": "import pytest\n",
    "tests/utils.py": "def setup():\n    pass\n",
    "tests/filter_tests/test_join.py": "def test_join():\n    assert render('{{ a|join:b }}') == 'a'\n",
    "tests/test_cart.py": "from app.cart import Cart\n\n\ndef test_cart():\n    assert Cart()\n",
}


async def test_a_test_that_ranks_high_itself_stands_before_those_found_by_name(tmp_path: Path) -> None:
    repository = BareRepository(tmp_path / "r.git")
    commit = repository.commit(FILES)
    files = ["app/cart.py", "tests/conftest.py", "tests/utils.py", "tests/filter_tests/test_join.py", "app/filters.py"]
    async with Indexer(tmp_path / "cache") as indexer:
        code = await indexer.index(repository.git_dir, commit)
        assert nearby_tests(code, files) == ("tests/filter_tests/test_join.py", "tests/test_cart.py")
