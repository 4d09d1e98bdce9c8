const test = it;
test("never", () => {
