import assert from "node:assert/strict";
import test from "node:test";
import { parseDuration } from "../src/durations.js";

test("one unit", () => {
  assert.deepEqual(["2h", "45m", "10s"].map(parseDuration), [7200, 2700, 10]);
});

test("no duration", () => {
  assert.throws(() => parseDuration("soon"), RangeError);
});
