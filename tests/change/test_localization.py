"""Existing tests that guard a change."""

from __future__ import annotations

from pathlib import Path

from bot.change.localization import nearby_tests
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


async def test_helpers_that_use_a_likely_file_stand_behind_the_tests_of_a_less_likely_one(tmp_path: Path) -> None:
    repository = BareRepository(tmp_path / "r.git")
    more: dict[str | bytes, str | bytes | None] = {
        "tests/cart_data.py": "from app.cart import Cart\n\nCARTS = [Cart()]\n",
        "tests/filters_spec.rb": "describe 'filters' do\nend\n",
    }
    commit = repository.commit({**FILES, **more})
    async with Indexer(tmp_path / "cache") as indexer:
        code = await indexer.index(repository.git_dir, commit)
        assert "tests/cart_data.py" in code.find_tests("app/cart.py")
        found = nearby_tests(code, ["app/cart.py", "app/filters.py"])
    named = ("tests/test_cart.py", "tests/filters_spec.rb", "tests/filter_tests/test_join.py")
    assert found == (*named, "tests/cart_data.py")
