// Report what jest says: jest --reporters=.../forgehand_jest.cjs
"use strict";

const { join, open, phaseOf, relative } = require("./forgehand_records.cjs");
const records = open();

const CRASH = /A jest worker process \(pid=\d+\) (was terminated|crashed)|signal=SIG|Call retries were exceeded/;
const VERDICTS = { passed: "passed", failed: "failed" };

// Of several errors of a test the first: the others come of hooks behind it.
const errorOf = ({ failureMessages = [], failureDetails = [] }) => {
  const stack = failureMessages[0] ?? "";
  const made = failureDetails[0]?.error ?? failureDetails[0] ?? {};
  const [head, ...rest] = stack.split("\n");
  const [, name, message] = /^(?:thrown: )?([A-Za-z]\w*): ?(.*)$/.exec(head) ?? [undefined, "Error", head];
  const until = rest.findIndex((line) => /^\s+at /.test(line));
  const more = rest.slice(0, until < 0 ? undefined : until).join("\n");
  return { name: made.name ?? name, code: made.code, message: `${message}\n${more}`.trim(), stack };
};

module.exports = class Reporter {
  onTestFileStart(test) {
    records?.file(relative(test.path));
  }

  onTestCaseStart(test, { ancestorTitles, title }) {
    const id = join(test.path, [...ancestorTitles, title]);
    records?.start(id, records.key("start", id));
  }

  onTestFileResult(test, result) {
    const file = relative(test.path);
    for (const one of result.testResults) this.#add(test.path, one);
    const error = result.testExecError;
    if (error) {
      const died = CRASH.test(error.message);
      const loaded = result.testResults.length > 0;
      const phase = died ? "crash" : loaded ? "teardown" : "collect";
      records?.problem(file, phase, error);
      if (died) return;
    }
    records?.end({ file });
  }

  #add(file, one) {
    const id = join(file, [...one.ancestorTitles, one.title]);
    const verdict = VERDICTS[one.status] ?? "skipped";
    const told = { verdict, ms: one.duration, line: one.location?.line };
    const key = records?.key("case", id);
    if (verdict !== "failed") return void records?.case(id, key, told);
    const error = errorOf(one);
    const phase = phaseOf(error, file);
    records?.case(id, key, { ...told, verdict: phase === "call" ? "failed" : "error", phase, error });
  }

  onRunComplete(_contexts, results) {
    const hasExec = results.runExecError;
    if (hasExec) records?.problem("unhandled error", "teardown", hasExec);
    records?.end({ cut_short: Boolean(results.wasInterrupted) });
  }
};
