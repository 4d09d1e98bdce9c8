// Report what jest says: jest --reporters=.../forgehand_jest.cjs
"use strict";

const { hide, join, open, phaseOf, relative } = require("./forgehand_records.cjs");
const records = open();

const CRASH = /A jest worker process \(pid=\d+\) (was terminated|crashed)|signal=SIG|Call retries were exceeded/;
const RUN = ["passed", "failed"];

// Of several errors of a test the first: the others come of hooks behind it.
const errorOf = ({ failureMessages = [], failureDetails = [] }) => {
  const stack = failureMessages[0] ?? "";
  const made = failureDetails[0]?.error ?? failureDetails[0] ?? {};
  const [head, ...rest] = stack.split("\n");
  const [, told, message] = /^(?:thrown: )?([A-Za-z]\w*)(?: \[\w+\])?: ?(.*)$/.exec(head) ?? [undefined, "Error", head];
  const asserted = made.matcherResult !== undefined || made.code === "ERR_ASSERTION" || /^(assert|expect)\b/.test(message);
  const until = rest.findIndex((line) => /^\s+at /.test(line));
  const more = rest.slice(0, until < 0 ? undefined : until).join("\n");
  return { name: asserted ? "AssertionError" : told, code: made.code, message: `${message}\n${more}`.trim(), stack };
};

module.exports = class Reporter {
  // With one worker, test files run in this process.
  onRunStart() {
    hide();
    process.argv.splice(2);
  }

  onTestFileStart(test) {
    records?.file(relative(test.path));
  }

  #id = (test, one) => join(test.path, [...one.ancestorTitles, one.title]);
  #begun = new Set();
  #told = new Set();

  // Once for each name: a test that runs again begins again, and jest does not say so.
  onTestCaseStart(test, one) {
    const id = this.#id(test, one);
    if (!this.#begun.has(id)) records?.start(id, "1");
    this.#begun.add(id);
  }

  // Told at once, so that a crash of the whole process costs no verdict, and taken back when the file tells.
  onTestCaseResult(test, one) {
    const id = this.#id(test, one);
    if (this.#told.has(id) || !RUN.includes(one.status)) return;
    this.#tell(test, id, "1", one);
    this.#told.add(id);
  }

  onTestFileResult(test, result) {
    const file = relative(test.path);
    for (const one of result.testResults) {
      const id = this.#id(test, one);
      if (this.#told.delete(id)) records?.again(id, "1");
      if (RUN.includes(one.status)) this.#tell(test, id, records?.key("run", id), one);
      else records?.case(id, `skipped ${records.key("skipped", id)}`, { verdict: "skipped", line: one.location?.line });
    }
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

  #tell(test, id, key, one) {
    const told = { verdict: one.status, ms: one.duration, line: one.location?.line };
    if (one.status !== "failed") return void records?.case(id, key, told);
    const error = errorOf(one);
    const phase = phaseOf(error, relative(test.path));
    records?.case(id, key, { ...told, verdict: phase === "call" ? "failed" : "error", phase, error });
  }

  onRunComplete(_contexts, results) {
    const hasExec = results.runExecError;
    if (hasExec) records?.problem("unhandled error", "teardown", hasExec);
    records?.end({ cut_short: Boolean(results.wasInterrupted) });
  }
};
