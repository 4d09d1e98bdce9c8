const test = it;
test("is done early", () => void setTimeout(() => Promise.reject(new Error("too late")), 20));
test("waits", () => new Promise((done) => setTimeout(done, 60)));
