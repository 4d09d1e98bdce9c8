"""The fix's story in Go, where a bug is often a panic; and models that cheat there are caught."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.answers import JUDGED, Rule, calls, change, edit, finish, later, new_file, prove
from tests.e2e.conftest import Tell
from tests.e2e.test_gates import AGAIN, refusals, unverified
from tests.toolchains.conftest import write

pytestmark = pytest.mark.needs("go")
PRICES = "prices/prices.go"
TESTS = "prices/prices_test.go"
SOURCE = {
    "go.mod": "module example.com/basket\n\ngo 1.18\n",
    PRICES: """package prices

import (
	"strconv"
	"strings"
)

// Cents reads a price such as "3" or "2.50".
func Cents(text string) int {
	parts := strings.Split(text, ".")
	whole, _ := strconv.Atoi(parts[0])
	cents, _ := strconv.Atoi(parts[1])
	return whole*100 + cents
}
""",
    TESTS: """package prices

import "testing"

func TestCents(t *testing.T) {
	if got := Cents("2.50"); got != 250 {
		t.Errorf("Cents is %d", got)
	}
}

func TestNothing(t *testing.T) {
	if got := Cents("0.00"); got != 0 {
		t.Errorf("Cents is %d", got)
	}
}
""",
}
PROOF = "prices/prices_regression_test.go"
PROOF_TEXT = """package prices

import "testing"

func TestWholePrice(t *testing.T) {
	if got := Cents("3"); got != 300 {
		t.Errorf("Cents is %d", got)
	}
}
"""
LINE = "	cents, _ := strconv.Atoi(parts[1])\n"
FIX = (LINE, "	cents := 0\n	if len(parts) > 1 {\n		cents, _ = strconv.Atoi(parts[1])\n	}\n")
TITLE = "A price without cents crashes"
BODY = """`prices.Cents("3")` ends with

```
panic: runtime error: index out of range [1] with length 1
```

It should be 300.
"""
RECOGNISED: Rule = {
    "match": {"system": "You compare a test's failure"},
    "reply": {"json": {"same": True, "quote": "index out of range [1] with length 1", "why": "The same panic."}},
    "reusable": True,
}
PROVED = [
    *prove(calls(("read", {"path": PRICES})), calls(edit(new_file(PROOF, PROOF_TEXT))), calls(finish())),
    RECOGNISED,
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "source", SOURCE)


async def test_a_panic_becomes_a_verified_pull_request(tell: Tell, source: Path) -> None:
    story = await tell([*PROVED, *later(calls(edit(change(PRICES, *FIX))), calls(finish())), JUDGED], source=source)
    number = await story.file(TITLE, BODY)
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert not pull["draft"]
    assert "passes, 3 of 3" in pull["body"]
    assert "2 pass | 3 pass" in pull["body"]
    assert "go test ./..." in pull["body"]
    files = await story.request("GET", f"/pulls/{pull['number']}/files")
    assert [file["filename"] for file in files] == [PRICES, PROOF]
    asked = next(each for each in story.script.requests if "First task" in each.text)
    assert f"for example `{PROOF}`" in asked.text


async def test_edits_out_of_bounds_are_refused(tell: Tell, source: Path) -> None:
    attempts: list[dict[str, Any]] = [
        calls(edit(change(TESTS, '\tif got := Cents("2.50"); got != 250 {\n', "\tif got := 0; got != 0 {\n"))),
        calls(edit(change(PROOF, '\tif got := Cents("3"); got != 300 {\n', "\tif got := 0; got != 0 {\n"))),
        calls(edit(change("go.mod", "go 1.18\n", "go 1.17\n"))),
        calls(edit(new_file("go.sum", "\n"))),
        calls(edit(new_file("go.work", "go 1.18\n"))),
        calls(edit(new_file("vendor/example.com/x/x.go", "package x\n"))),
    ]
    turns = later(*attempts, calls(edit(change(PRICES, *FIX))), calls(finish()))
    story = await tell([*PROVED, *turns, JUDGED], source=source)
    number = await story.file(TITLE, BODY)
    await story.until_status(number, "Done.")
    assert [action.removeprefix("edit ") for action, _ in refusals(story)] == [
        TESTS, PROOF, "go.mod", "go.sum", "go.work", "vendor/example.com/x/x.go",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (
            '	if len(parts) == 1 {\n		return 300\n	}\n	parts[1] = "0"\n	cents := 0\n',
            "TestCents: passed before",
        ),
        ("	cents := missing(parts)\n", "TestCents: passed before, error now"),
    ],
    ids=["breaks another", "does not compile"],
)
async def test_a_model_that_cheats_is_caught(tell: Tell, source: Path, lie: str, said: str) -> None:
    story = await tell([*PROVED, *later(calls(edit(change(PRICES, LINE, lie)))), AGAIN, JUDGED], source=source)
    _, final = await unverified(story)
    assert said in final, final
