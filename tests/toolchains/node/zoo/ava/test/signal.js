import test from "ava";

test.serial("before it", (t) => t.pass());
test.serial("kills", (t) => {
  process.kill(process.pid, "SIGSEGV");
  t.pass();
});
test.serial("behind it", (t) => t.pass());
