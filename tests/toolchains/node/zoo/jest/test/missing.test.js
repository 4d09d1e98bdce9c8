require("./not-there.js");
test("never", () => {});
