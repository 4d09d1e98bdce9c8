test("before it", () => {});
test("kills", () => {
  for (;;);
});
test("behind it", () => {});
