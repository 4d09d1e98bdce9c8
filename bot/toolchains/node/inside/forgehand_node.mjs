// Report what node:test says: node --test --test-reporter=.../forgehand_node.mjs
import { createRequire } from "node:module";

const { join, marks, open, relative } = createRequire(import.meta.url)("./forgehand_records.cjs");
const records = open();
const AFTER_THE_TESTS = "Promise resolution is still pending";

// Where a failure belongs that is not the test's own body.
function phaseOf({ failureType, message = "" }) {
  if (failureType === "hookFailed") return /\bafter(Each)? hook/.test(message) ? "teardown" : "setup";
  return failureType === "cancelledByParent" && !message.includes(AFTER_THE_TESTS) ? "setup" : "call";
}

function verdictOf(type, data, phase) {
  if (data.skip !== undefined || data.todo !== undefined) return "skipped";
  if (type === "test:pass") return "passed";
  return phase === "call" ? "failed" : "error";
}

class Reporter {
  #path = [];
  #keys = [];
  #files = new Set();
  #loose = [];

  take({ type, data }) {
    if (type === "test:start") this.#start(data);
    if (type === "test:pass" || type === "test:fail") this.#finish(type, data);
  }

  // Node reports a file without tests, or one that died, as a test of that name.
  #isFile = (data) => data.nesting === 0 && data.file !== undefined && relative(data.name) === relative(data.file);

  #id = ({ file = "", name, nesting }) => join(file, [...this.#path.slice(0, nesting), name].map(String));

  #start(data) {
    this.#path.length = this.#keys.length = data.nesting;
    this.#path[data.nesting] = data.name;
    this.#keys[data.nesting] = records.key("test", this.#id(data));
  }

  #finish(type, data) {
    if (this.#isFile(data)) return void this.#loose.push({ type, data });
    this.#files.add(relative(data.file ?? ""));
    const id = this.#id(data);
    const error = data.details?.error;
    const phase = error ? phaseOf(error) : "call";
    if (data.details?.type === "suite") {
      if (error && error.failureType === "hookFailed" && phase === "teardown") records.problem(id, phase, error.cause ?? error);
      return;
    }
    const key = this.#keys[data.nesting] ?? records.key("test", id);
    const message = data.skip || data.todo;
    const told = { verdict: verdictOf(type, data, phase), phase, ms: data.details?.duration_ms, line: data.line };
    const failed = told.verdict !== "passed" && told.verdict !== "skipped";
    records.case(id, key, failed ? { ...told, error: error?.cause ?? error } : { ...told, message: typeof message === "string" ? message : "" });
  }

  // Files that died, could not be loaded, or left an error that nobody caught behind their tests.
  end() {
    const told = marks();
    for (const [file, { ended, threw }] of told) {
      if (!ended && !threw) records.problem(file, "crash", "The process of this file ended before its tests were done.");
    }
    for (const { type, data } of this.#loose) {
      const file = relative(data.name);
      const { ended, threw, message } = told.get(file) ?? { threw: true };
      if (type === "test:pass" || (!ended && !threw)) continue;
      const error = message ?? data.details?.error?.cause ?? data.details?.error;
      if (this.#files.has(file)) records.problem(join(file, ["unhandled error"]), "teardown", error);
      else records.problem(join(file, []), "collect", error);
    }
    records.end();
  }
}

export default async function* report(source) {
  if (!records) return;
  const reporter = new Reporter();
  for await (const event of source) reporter.take(event);
  reporter.end();
  yield "";
}
