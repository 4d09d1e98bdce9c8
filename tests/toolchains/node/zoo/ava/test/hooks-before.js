import test from "ava";

test.before(() => {
  throw new Error("hook is broken");
});
test("is kept from running", (t) => t.pass());
