"""The fix's story in Go, where a bug is often a panic; and models that cheat there are caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.answers import change, new_file
from tests.e2e.bug import Bug, suggested, tell_fix
from tests.e2e.conftest import Tell

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
BUG = Bug(SOURCE, PRICES, FIX, PROOF, PROOF_TEXT, "index out of range [1] with length 1", title=TITLE, body=BODY)


async def test_a_panic_is_fixed_and_what_cheats_is_sent_back(tell: Tell, tmp_path: Path) -> None:
    attempts = [
        change(TESTS, '\tif got := Cents("2.50"); got != 250 {\n', "\tif got := 0; got != 0 {\n"),
        change(PROOF, '\tif got := Cents("3"); got != 300 {\n', "\tif got := 0; got != 0 {\n"),
        change("go.mod", "go 1.18\n", "go 1.17\n"),
        new_file("go.sum", "\n"),
        new_file("go.work", "go 1.18\n"),
        new_file("vendor/example.com/x/x.go", "package x\n"),
    ]
    spoiling = '	if len(parts) == 1 {\n		return 300\n	}\n	parts[1] = "0"\n	cents := 0\n'
    lies = [
        (spoiling, "TestCents: passed before"),
        ("	cents := missing(parts)\n", "TestCents: passed before, error now"),
    ]
    story = await tell_fix(tell, BUG, tmp_path, ["2 pass | 3 pass", "go test ./..."], attempts, lies=lies)
    assert f"for example `{PROOF}`" in suggested(story)
    (pull,) = await story.pulls()
    assert "No test ran" not in pull["body"]
    assert "Which changed lines" not in pull["body"]
