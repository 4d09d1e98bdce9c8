// Report what vitest 3 and newer say: vitest run --reporter=.../forgehand_vitest.mjs
import { createRequire } from "node:module";

const { join, open, phaseOf, relative } = createRequire(import.meta.url)("./forgehand_records.cjs");
const records = open();

const namesOf = (task) => (task.type === "module" ? [] : [...namesOf(task.parent), task.name]);
const fileOf = (task) => relative((task.module ?? task).moduleId);
const idOf = (task) => join(fileOf(task), namesOf(task));

export default class Reporter {
  #ended = new Set();

  onTestRunStart(specifications) {
    for (const one of specifications) records?.file(relative(one.moduleId));
  }

  onTestModuleCollected(module) {
    for (const test of module.children.allTests()) records?.plan(idOf(test), test.id);
  }

  onTestCaseReady(test) {
    records?.start(idOf(test), test.id);
  }

  onTestCaseResult(test) {
    const { state, errors = [], note } = test.result();
    const error = errors[0];
    const phase = state === "failed" ? phaseOf(error, fileOf(test)) : "call";
    const failed = phase === "call" ? "failed" : "error";
    const verdict = { passed: "passed", failed }[state] ?? "skipped";
    const told = { verdict, phase, ms: test.diagnostic()?.duration, line: test.location?.line };
    records?.case(idOf(test), test.id, state === "failed" ? { ...told, error } : { ...told, message: note ?? "" });
  }

  // A hook of a suite or file failed: before its tests, which vitest then calls skipped, or behind them.
  #addHook(suite, id, errors) {
    if (!records || !errors.length) return;
    const tests = [...suite.children.allTests()];
    const held = tests.filter((test) => test.result().state === "skipped" && test.options.mode === "run");
    for (const test of held) records.case(idOf(test), test.id, { verdict: "error", phase: "setup", error: errors[0] });
    if (!held.length) records.problem(id, "teardown", errors[0]);
  }

  onTestSuiteResult(suite) {
    this.#addHook(suite, idOf(suite), suite.errors());
  }

  onTestModuleEnd(module) {
    const file = fileOf(module);
    this.#ended.add(file);
    const errors = module.errors();
    if (errors.length && ![...module.children.allTests()].length) records?.problem(file, "collect", errors[0]);
    else this.#addHook(module, file, errors);
    records?.end({ file });
  }

  onTestRunEnd(modules, errors, reason) {
    // a file that cannot be loaded does not end for vitest 3
    for (const module of modules) {
      if (!this.#ended.has(fileOf(module)) && module.errors().length) this.onTestModuleEnd(module);
    }
    for (const error of errors) {
      const file = error.VITEST_TEST_PATH;
      records?.problem(file ? join(file, ["unhandled error"]) : "unhandled error", "teardown", error);
    }
    records?.end({ cut_short: reason === "interrupted" });
  }
}
