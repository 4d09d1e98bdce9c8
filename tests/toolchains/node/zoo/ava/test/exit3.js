import test from "ava";

test.serial("before it", (t) => t.pass());
test.serial("kills", (t) => {
  process.exit(3);
  t.pass();
});
test.serial("behind it", (t) => t.pass());
