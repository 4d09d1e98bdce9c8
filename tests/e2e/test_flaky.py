"""A test that fails behind another: found, quarantined by a pull request, fixed with the flake as its proof."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.quarantine.entries import Entry, read_entries, write_entries
from tests.e2e.answers import BODY, FIXED, PROOF, PROVED, TITLE, Rule, calls, change, edit, finish, judged
from tests.e2e.answers import JUDGED as FIX_JUDGED
from tests.e2e.conftest import Tell
from tests.e2e.revisions import finals
from tests.e2e.scenes import put
from tests.support.story import Story
from tests.support.typing import comment
from tests.toolchains.conftest import write

pytestmark = pytest.mark.needs("sandbox")

POLLUTER = """import shop


def test_sale():
    shop.PRICES["tea"] = 9
    assert shop.price("tea") == 9
"""
FILES = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
    "requirements-test.txt": "pytest\n",
    "shop.py": 'PRICES = {}\n\n\ndef price(name):\n    """Return a price."""\n    return PRICES.get(name, 1)\n',
    "tests/test_list.py": 'import shop\n\n\ndef test_tea():\n    assert shop.price("tea") == 1\n',
    "tests/test_sale.py": POLLUTER,
    ".github/forgehand.yml": "review: { on: [] }\n",
}
VICTIM = "tests/test_list.py::test_tea"
JUDGED: Rule = {
    "match": {"system": "You judge fixes of flaky tests"},
    "reply": judged(passed=True, reason=""),
    "reusable": True,
}
OLD = 'def test_sale():\n    shop.PRICES["tea"] = 9\n'
SETS = 'def test_sale(monkeypatch):\n    monkeypatch.setitem(shop.PRICES, "tea", 9)\n'
DONE = calls(finish("`test_sale` leaves its price in `shop.PRICES`.", "The price is taken back after the test."))


def turns(*replies: dict[str, object]) -> list[Rule]:
    return [{"match": {"text": "fix the flaky test", "tool": "edit"}, "reply": reply} for reply in replies]


def sale(old: str, new: str) -> dict[str, object]:
    return calls(edit(change("tests/test_sale.py", old, new)))


async def test_a_victim_is_found_and_fixed_with_the_flake_as_proof(tell: Tell, tmp_path: Path) -> None:
    cheat = calls(
        edit(change("tests/test_list.py", '    assert shop.price("tea") == 1\n', '    assert shop.price("tea")\n'))
    )
    back = calls(
        edit(change("tests/test_list.py", '    assert shop.price("tea")\n', '    assert shop.price("tea") == 1\n'))
    )
    script = turns(cheat, DONE, back, sale(OLD, SETS), DONE)
    story: Story = await tell([*script, JUDGED], source=write(tmp_path / "source", FILES))
    number = await story.file("A test fails now and then", "Sometimes.", label=None)
    await comment(story, number, f"/flaky fix {VICTIM}")
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert pull["title"] == "Make test_tea pass in any order"
    for shown in (
        "tests/test_sale.py::test_sale",
        "| flake |",
        "20 times in what failed before",
        "| assertions kept |",
    ):
        assert shown in pull["body"]
    files = await story.request("GET", f"/pulls/{pull['number']}/files")
    assert [file["filename"] for file in files] == ["tests/test_sale.py"]
    (said,) = await finals(story, number, 1)
    assert "victim" in pull["body"]
    assert "The flake: reproduced before" in said


async def test_a_flaky_test_is_quarantined_with_owner_and_expiry_and_a_broken_one_is_not(
    tell: Tell, tmp_path: Path
) -> None:
    broken = "\n\ndef test_broken():\n    assert shop.price('tea') == 7\n"
    files = {**FILES, "tests/test_list.py": FILES["tests/test_list.py"] + broken}
    story: Story = await tell([], source=write(tmp_path / "source", files))
    number = await story.file("A test fails now and then", "Sometimes.", label=None)
    await comment(story, number, "/quarantine test_broken")
    status = await story.until_status(number, "Stopped. `tests/test_list.py::test_broken` is not quarantined: broken.")
    assert "It failed in all" in status
    assert await story.pulls() == []
    await comment(story, number, "/quarantine test_tea because the shop is rewritten next week")
    assert "not finished" not in await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    today = datetime.now(UTC).date()
    (file,) = await story.request("GET", f"/pulls/{pull['number']}/files")
    assert file["filename"] == ".github/quarantine.yml"
    (entry,) = read_entries("\n".join(line[1:] for line in file["patch"].splitlines() if line.startswith("+")))
    assert (entry.test, entry.issue, entry.owner) == (VICTIM, f"#{number}", "@mara")
    assert entry.reason == "the shop is rewritten next week"
    assert (entry.expires - today).days in (13, 14)
    assert "`tests/test_sale.py::test_sale`" in pull["body"], "the fact that shows it"
    assert "No test was edited." in pull["body"]


async def test_our_own_gates_read_the_list_and_say_what_they_excused(tell: Tell) -> None:
    # fails once the fix's own test lies beside it: a stand-in for a flake that shows just then
    flaky = "import os\nimport unittest\n\n\nclass AloneTest(unittest.TestCase):\n    def test_alone(self):\n"
    flaky += f'        self.assertFalse(os.path.exists("{PROOF}"))\n'
    today = datetime.now(UTC).date()
    test = "tests/test_alone.py::AloneTest::test_alone"
    term = {"since": today, "expires": today + timedelta(days=3)}
    entry = Entry(test=test, reason="it looks around", issue="#1", owner="@mara", **term)
    story: Story = await tell([*PROVED, *FIXED, FIX_JUDGED])
    await put(story, "tests/test_alone.py", flaky)
    await put(story, ".github/quarantine.yml", write_entries([entry]))
    number = await story.file(TITLE, BODY)
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert f"`{test}` failed and does not count: it is in quarantine as flaky until {entry.expires}" in pull["body"]
