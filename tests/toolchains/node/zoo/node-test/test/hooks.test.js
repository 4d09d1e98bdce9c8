import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

const fail = () => {
  throw new Error("hook is broken");
};
describe("before", () => {
  before(fail);
  it("is kept from running", () => assert.ok(true));
});
describe("beforeEach", () => {
  beforeEach(fail);
  it("is kept too", () => assert.ok(true));
});
describe("afterEach", () => {
  afterEach(fail);
  it("is not tidied up", () => assert.ok(true));
});
describe("after", () => {
  after(fail);
  it("is well itself", () => assert.ok(true));
});
