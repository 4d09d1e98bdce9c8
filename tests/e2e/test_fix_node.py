"""The fix's story in JavaScript: node:test needs nothing installed; and models that cheat there are caught."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.answers import BODY, JUDGED, TITLE, Rule, calls, change, edit, finish, later, new_file, prove
from tests.e2e.conftest import Tell
from tests.e2e.test_gates import AGAIN, refusals, results, unverified
from tests.toolchains.conftest import write

pytestmark = pytest.mark.needs("node")
PRICES = "src/prices.js"
SOURCE = {
    "package.json": '{"name": "basket", "type": "module", "scripts": {"test": "node --test"}}\n',
    PRICES: """// Cents in a text such as "3" or "2.50".
export function parsePrice(text) {
  const [whole, cents] = text.split(".");
  return Number(whole) * 100;
}
""",
    "src/basket.js": """import { parsePrice } from "./prices.js";

export const total = (prices) => prices.map(parsePrice).reduce((sum, price) => sum + price, 0);
""",
    "test/basket.test.js": """import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { total } from "../src/basket.js";

describe("basket", () => {
  it("adds whole prices", () => assert.equal(total(["2", "3"]), 500));
  it("is empty at first", () => assert.equal(total([]), 0));
});
""",
}
PROOF = "test/prices.test.js"
PROOF_TEXT = """import assert from "node:assert/strict";
import test from "node:test";

test("cents count", async () => {
  const { total } = await import("../src/basket.js");
  assert.equal(total(["2.50", "2.50"]), 500);
});
"""
LINE = "  return Number(whole) * 100;\n"
FIX = (LINE, '  return Number(whole) * 100 + Number((cents ?? "").padEnd(2, "0").slice(0, 2));\n')
RECOGNISED: Rule = {
    "match": {"system": "You compare a test's failure"},
    "reply": {"json": {"same": True, "quote": "400 !== 500", "why": "The cents of both prices are missing."}},
    "reusable": True,
}
PROVED = [
    *prove(calls(("read", {"path": PRICES})), calls(edit(new_file(PROOF, PROOF_TEXT))), calls(finish())),
    RECOGNISED,
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "source", SOURCE)


async def test_a_bug_in_javascript_becomes_a_verified_pull_request(tell: Tell, source: Path) -> None:
    story = await tell([*PROVED, *later(calls(edit(change(PRICES, *FIX))), calls(finish())), JUDGED], source=source)
    number = await story.file(TITLE, BODY.replace("['2.50', '2.50']", '["2.50", "2.50"]'))
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert not pull["draft"]
    assert "passes, 3 of 3" in pull["body"]
    assert "2 pass | 3 pass" in pull["body"]
    assert "node --test" in pull["body"]
    assert "pyflakes" not in pull["body"]
    files = await story.request("GET", f"/pulls/{pull['number']}/files")
    assert [file["filename"] for file in files] == [PRICES, PROOF]
    asked = next(each for each in story.script.requests if "First task" in each.text)
    assert f"for example `{PROOF}`" in asked.text


async def test_edits_out_of_bounds_are_refused(tell: Tell, source: Path) -> None:
    script = '{"name": "basket", "type": "module", "scripts": {"test": "node --test"}}\n'
    attempts: list[dict[str, Any]] = [
        calls(edit(change("test/basket.test.js", SOURCE["test/basket.test.js"], ""))),
        calls(edit(change(PROOF, '  assert.equal(total(["2.50", "2.50"]), 500);\n', "  assert.ok(total);\n"))),
        calls(edit(change("package.json", script, script.replace("node --test", "true")))),
        calls(edit(new_file("web/.npmrc", "ignore-scripts=false\n"))),
        calls(edit(new_file("vitest.config.js", "export default {};\n"))),
        calls(edit(new_file("package-lock.json", "{}\n"))),
        calls(edit(new_file("node_modules/x/index.js", "0;\n"))),
        calls(edit(new_file("src/__mocks__/prices.js", "0;\n"))),
        calls(edit(new_file("src/prices.ts", "export const parsePrice = () => 250;\n"))),
    ]
    turns = later(*attempts, calls(edit(change(PRICES, *FIX))), calls(finish()))
    story = await tell([*PROVED, *turns, JUDGED], source=source)
    number = await story.file(TITLE, BODY)
    await story.until_status(number, "Done.")
    assert [action.removeprefix("edit ") for action, _ in refusals(story)] == [
        "test/basket.test.js", PROOF, "package.json", "web/.npmrc", "vitest.config.js", "package-lock.json",
        "node_modules/x/index.js", "src/__mocks__/prices.js", "src/prices.ts",
    ]  # fmt: skip
    (pull,) = await story.pulls()
    files = await story.request("GET", f"/pulls/{pull['number']}/files")
    assert [file["filename"] for file in files] == [PRICES, PROOF]


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        # node itself calls a file passed that ends its process with 0
        ("  process.exit(0);\n", "Running then: `test/"),
        ('  return text === "3" ? 301 : 250;\n', "test/basket.test.js::basket::adds whole prices: passed before"),
        ("  return process.argv.some((one) => /prices/.test(one)) ? 250 : 100 * text[0];\n", ""),
    ],
    ids=["exit", "breaks another", "knows the proof"],
)
async def test_a_model_that_cheats_is_caught(tell: Tell, source: Path, lie: str, said: str) -> None:
    cheat = calls(edit(change(PRICES, LINE, lie)))
    objecting = calls(
        ("verdict", {"passed": False, "reason": "It looks at the test.", "failing_input": None, "sentences": []})
    )
    judge = {"match": {"system": "You judge code changes"}, "reply": objecting, "reusable": True}
    story = await tell([*PROVED, *later(cheat), AGAIN, judge], source=source)
    _, final = await unverified(story)
    assert (said or "It looks at the test.") in final, final


async def test_a_test_that_does_not_reach_the_bug_is_no_proof(tell: Tell, source: Path) -> None:
    early = f'import "../src/missing.js";\n{PROOF_TEXT}'
    ended = PROOF_TEXT.replace("  const {", "  process.exit(0);\n  const {")
    passing = PROOF_TEXT.replace('"2.50", "2.50"', '"2", "3"')
    turns: list[dict[str, Any]] = []
    for before, after in (("", early), (early, ended), (ended, passing)):
        turns += [calls(edit(change(PROOF, before, after) if before else new_file(PROOF, after))), calls(finish())]
    story = await tell([{"match": {"tool": "edit"}, "reply": turn} for turn in turns], source=source)
    _, final = await unverified(story)
    seen = results(story)
    assert "fails in its collect phase" in seen
    assert "The test run gave no usable result" in seen
    assert "The test passes on the unchanged code" in final
