import "./not-there.js";
import test from "ava";
test("never", (t) => t.pass());
