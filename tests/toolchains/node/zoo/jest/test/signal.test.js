test("before it", () => {});
test("kills", () => {
  process.kill(process.pid, "SIGSEGV");
});
test("behind it", () => {});
