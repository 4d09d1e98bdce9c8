const test = it;
test("before it", () => {});
test("kills", () => {
  process.exit(0);
});
test("behind it", () => {});
