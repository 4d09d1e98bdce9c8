const assert = require("node:assert/strict");

const fail = () => {
  throw new Error("hook is broken");
};
describe("before", () => {
  beforeAll(() => fail());
  test("is kept from running", () => assert.ok(true));
  test("and so is this", () => assert.ok(true));
});
describe("beforeEach", () => {
  beforeEach(() => fail());
  test("is kept too", () => assert.ok(true));
});
describe("afterEach", () => {
  afterEach(() => fail());
  test("is not tidied up", () => assert.ok(true));
});
describe("after", () => {
  afterAll(() => fail());
  test("is well itself", () => assert.ok(true));
});
