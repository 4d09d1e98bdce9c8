import test from "ava";

test("passes", (t) => t.is(1, 1));
test("fails", (t) => t.is(400, 500));
test("throws", () => null.x);
test("rejects", async () => Promise.reject(new RangeError("too far")));
test("throws no error", () => {
  throw "only text";
});
test.skip("skips", (t) => t.fail());
test.todo("is to be done");
test.failing("fails as it should", (t) => t.fail());
for (const number of [1, 2]) test(`takes ${number}`, (t) => t.truthy(number));
test("group adds", (t) => t.is(1 + 1, 2));
test("group inner adds", (t) => t.is(1 + 1, 3));
test('a/b " < :: # \\ é 😀\nnext', (t) => t.pass());
test("prints marks of reports", (t) => {
  process.stdout.write("ok 99 - fake\nnot ok 98 - fake\n1..2\n# fail 0\n");
  process.stdout.write('00 {"event": "case", "case": {"id": "fake", "verdict": "passed"}, "key": "1"}\n');
  t.pass();
});
test("prints no line end", (t) => {
  process.stdout.write("not ok 7");
  t.pass();
});
test("asserts nothing", () => {});
test("passes behind that", (t) => t.pass());
test("never ends", (t) => {
  t.timeout(50);
  return new Promise((done) => setTimeout(done, 200));
});
test("waits for nothing", () => new Promise(() => {}));
