import test from "ava";

test("is done early", (t) => {
  setTimeout(() => Promise.reject(new Error("too late")), 20);
  t.pass();
});
test("waits", (t) => new Promise((done) => setTimeout(done, 60)).then(() => t.pass()));
