// Report what vitest 1 and 2 say: vitest run --reporter=.../forgehand_vitest_old.mjs
import { createRequire } from "node:module";

const { join, open, phaseOf, relative } = createRequire(import.meta.url)("./forgehand_records.cjs");
const records = open();

// The tests of a file or suite, each with the names on the way to it.
function* testsOf(suite, names = []) {
  for (const task of suite.tasks) {
    if (task.type === "suite") yield* testsOf(task, [...names, task.name]);
    else yield [task, [...names, task.name]];
  }
}

function* suitesOf(suite, names = []) {
  yield [suite, names];
  for (const task of suite.tasks) if (task.type === "suite") yield* suitesOf(task, [...names, task.name]);
}

export default class Reporter {
  #ids = new Map();
  #wanted = new Set();
  #started = new Set();

  onPathsCollected(paths = []) {
    for (const path of paths) records?.file(relative(path));
  }

  onCollected(files = []) {
    for (const file of files) {
      for (const [test, names] of testsOf(file)) {
        this.#ids.set(test.id, join(file.filepath, names));
        if (test.mode === "run") this.#wanted.add(test.id);
        records?.plan(this.#ids.get(test.id), test.id);
      }
    }
  }

  onTaskUpdate(packs) {
    for (const [id, result] of packs) {
      if (result?.state !== "run" || !this.#ids.has(id) || this.#started.has(id)) continue;
      this.#started.add(id);
      records?.start(this.#ids.get(id), id);
    }
  }

  #tell(file, test, id) {
    const { state, duration, errors = [] } = test.result ?? {};
    const skipped = test.mode === "skip" || test.mode === "todo" || state === "skip";
    if (skipped) return records.case(id, test.id, { verdict: "skipped" });
    if (state !== "pass" && state !== "fail") return;
    const phase = state === "fail" ? phaseOf(errors[0], file.filepath) : "call";
    const failed = phase === "call" ? "failed" : "error";
    const told = { verdict: state === "pass" ? "passed" : failed, phase, ms: duration, line: test.location?.line };
    records.case(id, test.id, state === "fail" ? { ...told, error: errors[0] ?? "It failed." } : told);
  }

  // A hook of a suite or file failed: before its tests, which then have no result or count as skipped, or behind them.
  #addHook(file, suite, names) {
    const [error] = suite.result?.errors ?? [];
    if (error === undefined) return;
    const tests = [...testsOf(suite)].map(([test]) => test);
    const held = tests.filter((test) => this.#wanted.has(test.id) && !["pass", "fail"].includes(test.result?.state));
    for (const test of held) {
      records.case(this.#ids.get(test.id), test.id, { verdict: "error", phase: "setup", error });
    }
    const phase = tests.length ? "teardown" : "collect";
    if (!held.length) records.problem(join(file.filepath, names), phase, error);
  }

  onFinished(files = [], errors = []) {
    if (!records) return;
    for (const file of files) {
      for (const [test, names] of testsOf(file)) this.#tell(file, test, join(file.filepath, names));
      for (const [suite, names] of suitesOf(file)) this.#addHook(file, suite, names);
      if (["pass", "fail", "skip"].includes(file.result?.state)) records.end({ file: relative(file.filepath) });
    }
    for (const error of errors) {
      const file = error.VITEST_TEST_PATH;
      records.problem(file ? join(file, ["unhandled error"]) : "unhandled error", "teardown", error);
    }
    records.end();
  }
}
