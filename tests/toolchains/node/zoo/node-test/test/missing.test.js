import "./not-there.js"; import test from "node:test"; test("never", () => {});
