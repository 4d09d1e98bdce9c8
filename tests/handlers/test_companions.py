"""What a change lacks, by both commits' texts: planted gaps are named, ordinary changes are not."""

from __future__ import annotations

import pytest

from bot.documentation.snapshot import Snapshot
from bot.git.changes import Changes
from handlers import TASKS
from handlers.companions.buttons import ACTIONS
from handlers.companions.changelog import find_untold
from handlers.companions.migrations import find_unmigrated
from handlers.companions.records import Missing
from handlers.companions.task import find_missing, write_list
from handlers.companions.untested import find_untested
from handlers.complete.migrating import migrations_gate

SHOP = "def total(prices):\n    cents = sum(prices)\n    return cents\n"
TESTS = "from shop import total\n\ndef test_total():\n    assert total([1]) == 1\n"
FILES = {"shop.py": SHOP, "tests/test_shop.py": TESTS}
RATE = "\n\ndef rate(price):\n    share = price / 100\n    return share\n"


def snapshot(files: dict[str, str]) -> Snapshot:
    return Snapshot(frozenset(files), files)


def untested(**changed: str) -> list[str]:
    head = {**FILES, **{path.replace("__", "/") + ".py": text for path, text in changed.items()}}
    return [one.text for one in find_untested(snapshot(FILES), snapshot(head))]


def test_a_new_function_that_no_test_names_is_named() -> None:
    (said,) = untested(shop=SHOP + RATE)
    assert said == "`rate` is new, and no test names it or anything that calls it."
    assert untested(shop=SHOP.replace("sum(prices)", "sum(prices) + 1")) == [], "a test names it"


@pytest.mark.parametrize(
    "changed",
    [
        {"shop": SHOP + RATE, "tests__test_shop": TESTS + "\n\ndef test_more(): pass\n"},
        {"shop": SHOP + RATE.replace("def rate", "def _rate")},
        {"shop": SHOP + "\n\ndef one(price):\n    return price\n"},
        {"shop": SHOP.replace("sum(prices)", "sum(rate(price) for price in prices)") + RATE},
        {"shop": SHOP.replace("return cents", '"""Add."""\n    return cents')},
        {"docs": "x = 1\n"},
    ],
    ids=["tests changed", "private", "one statement", "called by what is tested", "tested itself", "no function"],
)
def test_what_may_be_tested_is_not_named(changed: dict[str, str]) -> None:
    assert untested(**changed) == []


def test_a_repository_without_tests_is_not_told_of_each_function() -> None:
    assert find_untested(snapshot({"shop.py": SHOP}), snapshot({"shop.py": SHOP + RATE})) == []


DJANGO = {
    "shop/models.py": "from django.db import models\n\nclass Item(models.Model):\n    price = models.IntegerField()\n\n"
    "    def total(self):\n        return self.price\n",
    "shop/migrations/0001_initial.py": "operations = []\n",
}
ALEMBIC = {
    "app/tables.py": "class Item(Base):\n    price = Column(Integer)\n"
    "    name: Mapped[str] = mapped_column(String(20))\n\n"
    'items = Table("items", metadata, Column("id", Integer))\n',
    "migrations/versions/a1_start.py": "revision = 'a1'\ndown_revision = None\n",
}


@pytest.mark.parametrize(
    ("files", "path", "edit", "named"),
    [
        (
            DJANGO,
            "shop/models.py",
            ("IntegerField()", "DecimalField()"),
            "`Item.price` changed, and `shop/migrations/`",
        ),
        (DJANGO, "shop/models.py", ("    price", "    name = models.CharField()\n    price"), "`Item.name`"),
        (ALEMBIC, "app/tables.py", ("Column(Integer)\n", "Column(BigInteger)\n"), "`Item.price` changed"),
        (ALEMBIC, "app/tables.py", ("String(20)", "String(30)"), "`Item.name` changed"),
        (ALEMBIC, "app/tables.py", ("Mapped[str]", "Mapped[str | None]"), "`Item.name` changed"),
        (
            ALEMBIC,
            "app/tables.py",
            ('Column("id", Integer)', 'Column("key", Integer)'),
            "`items.id`, `items.key` changed",
        ),
    ],
)
def test_a_missing_migration_is_named_and_one_that_is_there_is_not(
    files: dict[str, str], path: str, edit: tuple[str, str], named: str
) -> None:
    head = {**files, path: files[path].replace(*edit)}
    (found,) = find_unmigrated(snapshot(files), snapshot(head))
    assert found.path == path
    assert named in found.text
    folder = "shop/migrations/0002_next.py" if files is DJANGO else "migrations/versions/b2_next.py"
    after = {**head, folder: "down_revision = 'a1'\n"}
    assert find_unmigrated(snapshot(files), snapshot(after)) == []
    gate = migrations_gate([found], snapshot(files), snapshot(head), Changes(files={folder: "down_revision = 'a1'\n"}))
    assert f"hands `{found.names[0]}` to a call" in gate.detail, "a file that is empty is no migration of anything"


REVISION = "revision = 'b2'\ndown_revision = 'a1'\n\ndef upgrade():\n    op.alter_column('items', 'price', type_=x)\n"
NEXT = "migrations/versions/b2_next.py"


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        (NEXT, REVISION, ""),
        (NEXT, REVISION.replace("'price'", "'name'"), "hands `Item.price` to a call"),
        (NEXT, REVISION.replace("def upgrade", "'price'\ndef upgrade").replace(", 'price'", ""), "hands `Item.price`"),
        (NEXT, REVISION.replace("down_revision = 'a1'", "down_revision = None"), "more than one latest migration"),
        ("migrations/b2_next.py", REVISION, "it is no new migration"),
        ("migrations/versions/a1_start.py", REVISION, "it is no new migration"),
    ],
    ids=["good", "another column", "only said", "beside the latest", "elsewhere", "the old one changed"],
)
def test_a_migration_must_be_new_name_the_columns_and_follow_the_latest(path: str, text: str, why: str) -> None:
    changed = ALEMBIC["app/tables.py"].replace("Column(Integer)\n", "Column(BigInteger)\n", 1)
    base, head = snapshot(ALEMBIC), snapshot({**ALEMBIC, "app/tables.py": changed})
    gate = migrations_gate(find_unmigrated(base, head), base, head, Changes(files={path: text}))
    assert gate.passed is not bool(why)
    assert why in gate.detail


@pytest.mark.parametrize(
    ("files", "path", "edit"),
    [
        (DJANGO, "shop/models.py", ("return self.price", "return self.price + 1")),
        (DJANGO, "shop/models.py", ("    def total", "    class Meta:\n        abstract = True\n\n    def total")),
        (ALEMBIC, "app/tables.py", ("Column(Integer)\n", "Column(Integer, default=1)\n")),
        ({"shop/models.py": DJANGO["shop/models.py"]}, "shop/models.py", ("IntegerField()", "DecimalField()")),
    ],
    ids=["method", "abstract", "default", "no migrations"],
)
def test_what_needs_no_migration_is_not_named(files: dict[str, str], path: str, edit: tuple[str, str]) -> None:
    before = {**files, path: files[path].replace(*edit) if "abstract" in edit[1] else files[path]}
    head = {**before, path: before[path].replace(*edit)}
    assert find_unmigrated(snapshot(before), snapshot(head)) == []


KEPT = [["shop.py", "CHANGELOG.md"]] * 4 + [["shop.py"], ["docs/a.md"], ["tests/test_shop.py"]]


@pytest.mark.parametrize(
    ("history", "changed", "said"),
    [
        (KEPT, ["shop.py"], "4 of the latest 5 changes of code brought an entry, and this one has none."),
        ([["shop.py", "changelog.d/12.fix.md"]] * 5, ["shop.py"], "5 of the latest 5"),
        (KEPT, ["shop.py", "CHANGELOG.md"], ""),
        (KEPT, ["docs/a.md", "tests/test_shop.py"], ""),
        (KEPT[:4], ["shop.py"], ""),
        ([["shop.py"]] * 9 + [["shop.py", "CHANGELOG.md"]], ["shop.py"], ""),
    ],
    ids=["missing", "fragment", "there", "no code", "too few", "only for releases"],
)
def test_an_entry_is_missing_where_the_repository_keeps_one(
    history: list[list[str]], changed: list[str], said: str
) -> None:
    found = find_untold(history, changed)
    assert [one.text.startswith(said) for one in found] == ([True] if said else [])


def test_all_is_listed_by_kind_and_long_lists_are_cut() -> None:
    page = {"README.md": "Call `shop.total(prices)`.\n"}
    gone = {**FILES, **page, "shop.py": SHOP.replace("total", "sum_up")}
    found = find_missing(snapshot({**FILES, **page}), snapshot(gone), [], ["shop.py"])
    assert {one.kind for one in found} == {"test", "docs"}
    text = write_list(found)
    assert "**Documentation that is not true any more**" in text
    assert "`README.md:1`" in text
    many = [Missing(kind="test", path=f"{number}.py", text="x") for number in range(12)]
    assert "- and 2 more" in write_list(many)


def test_each_button_starts_the_task_that_adds_what_is_missing() -> None:
    starts = {button.action.identifier: task.name for task in TASKS for button in task.doors.buttons}
    added = {kind: starts[action.identifier] for kind, action in ACTIONS.items()}
    assert added == {"test": "test", "docs": "docs", "migration": "complete", "changelog": "changelog"}
