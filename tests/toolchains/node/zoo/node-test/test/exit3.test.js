import test from "node:test";

test("before it", () => {});
test("kills", () => {
  process.exit(3);
});
test("behind it", () => {});
