test("before it", () => {});
test("kills", () => {
  process.exit(3);
});
test("behind it", () => {});
