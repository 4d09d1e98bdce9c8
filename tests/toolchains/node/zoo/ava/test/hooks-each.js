import test from "ava";

test.beforeEach((t) => {
  if (t.title.includes("kept too")) throw new Error("hook is broken");
});
test.afterEach.always((t) => {
  if (t.title.includes("not tidied")) throw new Error("hook is broken");
});
test.after.always(() => {
  throw new Error("hook is broken");
});
test("is kept too", (t) => t.pass());
test("is not tidied up", (t) => t.pass());
test("is well itself", (t) => t.pass());
