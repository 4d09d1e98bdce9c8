import test from "node:test";

test("before it", () => {});
test("kills", () => {
  for (;;);
});
test("behind it", () => {});
