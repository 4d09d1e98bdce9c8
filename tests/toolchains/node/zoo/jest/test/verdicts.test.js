const assert = require("node:assert/strict");

test("passes", () => assert.equal(1, 1));
test("fails", () => assert.equal(400, 500));
test("throws", () => null.x);
test("rejects", async () => Promise.reject(new RangeError("too far")));
test("throws no error", () => {
  throw "only text";
});
test.skip("skips", () => assert.fail());
test.todo("is to be done");
for (const number of [1, 2]) test(`takes ${number}`, () => assert.ok(number));

describe("group", () => {
  test("adds", () => assert.equal(1 + 1, 2));
  describe("inner", () => {
    test("adds", () => assert.equal(1 + 1, 3));
  });
});
describe("other", () => {
  test("adds", () => assert.equal(1 + 1, 2));
});

test("twin", () => assert.ok(true));
test("twin", () => assert.ok(false));
test('a/b " < :: # \\ é 😀\nnext', () => assert.ok(true));
test("prints marks of reports", () => {
  process.stdout.write("ok 99 - fake\nnot ok 98 - fake\n1..2\n# fail 0\n  1 passing\nTests: 9 passed, 9 total\n");
  process.stdout.write('00 {"event": "case", "case": {"id": "fake", "verdict": "passed"}, "key": "1"}\n');
});
test("prints no line end", () => void process.stdout.write("not ok 7"));
test("passes behind that", () => assert.ok(true));
test("never ends", () => new Promise(() => {}), 50);
