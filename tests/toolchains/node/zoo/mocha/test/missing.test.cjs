require("./not-there.js");
const test = it;
test("never", () => {});
