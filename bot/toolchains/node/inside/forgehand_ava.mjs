// Report what ava says: node --import .../forgehand_ava.mjs .../ava/entrypoints/cli.mjs --tap
//
// Ava takes no reporter of others, and its TAP holds what tests print. So its own TAP reporter is told to tell us too.
import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const { join, open, relative } = createRequire(import.meta.url)("./forgehand_records.cjs");
const records = open();

const failed = (event) => event.err ?? event.error ?? "failed";

class Events {
  #keys = new Map();
  #hooks = new Set();

  #id = (event) => join(event.testFile, [event.title]);

  take(event) {
    const act = this[event.type];
    if (typeof act === "function") act.call(this, event);
  }

  starting(event) {
    records.file(relative(event.testFile));
  }

  ["selected-test"](event) {
    if (event.skip || event.todo) records.case(this.#id(event), "1", { verdict: "skipped" });
    else records.plan(this.#id(event), "1");
  }

  ["test-passed"](event) {
    records.case(this.#id(event), "1", { verdict: event.knownFailing ? "skipped" : "passed", ms: event.duration });
  }

  ["test-failed"](event) {
    records.case(this.#id(event), "1", { verdict: "failed", error: failed(event), ms: event.duration });
  }

  // `beforeEach hook for NAME`, `before hook`: what it kept from running has no event of its own
  ["hook-failed"](event) {
    const [, kind, name] = /^(before|after)(?:Each)?(?:\.always)? hook(?: for (.*))?$/s.exec(event.title) ?? [];
    const phase = kind === "after" ? "teardown" : "setup";
    if (name === undefined) return records.problem(this.#id(event), phase, failed(event));
    const id = join(event.testFile, [name]);
    records.case(id, "1", { verdict: "error", phase, error: failed(event) });
  }

  #crash = (event) => records.problem(relative(event.testFile), "crash", failed(event));
  ["process-exit"] = this.#crash;
  ["timeout"] = () => {};

  ["worker-failed"](event) {
    if (event.signal || event.nonZeroExitCode) this.#crash(event);
    else records.problem(relative(event.testFile), "collect", failed(event));
    this["worker-finished"](event);
  }

  ["uncaught-exception"](event) {
    records.problem(join(event.testFile, ["unhandled error"]), "teardown", failed(event));
  }

  ["unhandled-rejection"] = this["uncaught-exception"];

  ["missing-ava-import"](event) {
    records.problem(relative(event.testFile), "collect", "no test imports ava");
  }

  ["worker-finished"](event) {
    if (event.testFile) records.end({ file: relative(event.testFile) });
  }
}

if (records && process.argv[1]) {
  const home = path.resolve(path.dirname(realpathSync(process.argv[1])), "..");
  const { default: Tap } = await import(pathToFileURL(path.join(home, "lib/reporters/tap.js")));
  const events = new Events();
  const { consumeStateChange, endRun } = Tap.prototype;
  Tap.prototype.consumeStateChange = function (event) {
    events.take(event);
    return consumeStateChange.call(this, event);
  };
  Tap.prototype.endRun = function (...more) {
    records.end();
    return endRun.apply(this, more);
  };
}
