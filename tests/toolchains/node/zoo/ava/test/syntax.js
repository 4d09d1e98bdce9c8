import test from "ava";
test("never", () => {
