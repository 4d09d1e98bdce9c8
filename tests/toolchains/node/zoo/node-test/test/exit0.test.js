import test from "node:test";

test("before it", () => {});
test("kills", () => {
  process.exit(0);
});
test("behind it", () => {});
