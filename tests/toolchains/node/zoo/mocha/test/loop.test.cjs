const test = it;
test("before it", () => {});
test("kills", () => {
  for (;;);
});
test("behind it", () => {});
