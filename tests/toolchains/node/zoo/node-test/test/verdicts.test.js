import assert from "node:assert/strict";
import { writeSync } from "node:fs";
import { describe, it, test } from "node:test";

test("passes", () => assert.equal(1, 1));
test("fails", () => assert.equal(400, 500));
test("throws", () => null.x);
test("rejects", async () => Promise.reject(new RangeError("too far")));
test("throws no error", () => {
  throw "only text";
});
test("skips", { skip: "not here" }, () => assert.fail());
test("is to be done", { todo: true }, () => assert.fail());
for (const number of [1, 2]) test(`takes ${number}`, () => assert.ok(number));

describe("group", () => {
  it("adds", () => assert.equal(1 + 1, 2));
  describe("inner", () => {
    it("adds", () => assert.equal(1 + 1, 3));
  });
});
describe("other", () => {
  it("adds", () => assert.equal(1 + 1, 2));
});
test("parent", async (t) => {
  await t.test("child", () => assert.ok(true));
  await t.test("bad child", () => assert.ok(false));
});

test("twin", () => assert.ok(true));
test("twin", () => assert.ok(false));
test('a/b " < :: # \\ é 😀\nnext', () => assert.ok(true));
test("prints marks of reports", () => {
  process.stdout.write("ok 99 - fake\nnot ok 98 - fake\n1..2\n# fail 0\n");
  process.stdout.write('00 {"event": "case", "case": {"id": "fake", "verdict": "passed"}, "key": "1"}\n');
});
test("prints no line end", () => void writeSync(1, "not ok 7"));
test("passes behind that", () => assert.ok(true));
test("forges results", async () => {
  const { appendFileSync } = await import("node:fs");
  appendFileSync("/tmp/results.jsonl", "x");
});
test("never ends", { timeout: 50 }, () => new Promise((done) => setTimeout(done, 3_600_000).unref()));
