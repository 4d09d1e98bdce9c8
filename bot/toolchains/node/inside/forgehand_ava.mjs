// Report what ava says: node --import .../forgehand_ava.mjs .../ava/entrypoints/cli.mjs --tap
//
// Ava takes no reporter of others, and its TAP holds what tests print. So its own TAP reporter is told to tell us too.
import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const { join, open, relative } = createRequire(import.meta.url)("./forgehand_records.cjs");
const records = open();

const DIED = "The process of this file ended before its tests were done.";

const THROWN = /^(Error thrown in test|Rejected promise returned by test|Assertion failed)$/;
const HEADLINE = /^(\w+)(?: \[\w+\])?: (.*)/;

// What was thrown, or what an assertion says; ava wraps both.
function errorOf({ err = {} }) {
  const thrown = err.originalError?.cause ?? (err.type === "unknown" ? err.originalError : undefined);
  if (thrown !== undefined) return thrown;
  // before ava 6, only its stack is left
  const [, name, message] = (err.values && THROWN.test(err.message) && HEADLINE.exec(err.stack)) || [];
  if (name !== undefined) return { name, message, stack: err.stack };
  const details = (err.formattedDetails ?? err.values ?? []).map(({ label, formatted }) => `${label} ${formatted}`);
  return { ...err, message: [err.message, ...details].filter(Boolean).join("\n") };
}

class File {
  tests = new Map();
  troubled = false;

  get lost() {
    return [...this.tests].filter(([, told]) => !told).map(([id]) => id);
  }
}

class Events {
  #files = new Map();

  #id = (event) => join(event.testFile, [event.title]);
  #name = (event) => join(event.testFile, []);

  #file(event) {
    if (!this.#files.has(event.testFile)) this.#files.set(event.testFile, new File());
    return this.#files.get(event.testFile);
  }

  take(event) {
    const act = this[event.type];
    if (event.testFile && typeof act === "function") act.call(this, event, this.#file(event));
  }

  #tell(file, id, told) {
    file.tests.set(id, true);
    records.case(id, "1", told);
  }

  #trouble(file, id, phase, error) {
    file.troubled = true;
    records.problem(id, phase, error);
  }

  ["selected-test"](event, file) {
    const id = this.#id(event);
    if (event.skip || event.todo) return this.#tell(file, id, { verdict: "skipped" });
    file.tests.set(id, false);
    records.plan(id, "1");
  }

  ["test-passed"](event, file) {
    this.#tell(file, this.#id(event), { verdict: event.knownFailing ? "skipped" : "passed", ms: event.duration });
  }

  ["test-failed"](event, file) {
    this.#tell(file, this.#id(event), { verdict: "failed", error: errorOf(event), ms: event.duration });
  }

  // `beforeEach hook for NAME`, `before hook`: what it kept from running has no event of its own
  ["hook-failed"](event, file) {
    const [, kind, name] = /^(before|after)(?:Each)?(?:\.always)? hook(?: for (.*))?$/s.exec(event.title) ?? [];
    const told = { verdict: "error", phase: kind === "after" ? "teardown" : "setup", error: errorOf(event) };
    if (name !== undefined) return this.#tell(file, join(event.testFile, [name]), told);
    if (told.phase === "teardown") return this.#trouble(file, this.#id(event), told.phase, told.error);
    for (const id of file.lost) this.#tell(file, id, told);
  }

  ["process-exit"](event, file) {
    this.#trouble(file, this.#name(event), "crash", DIED);
  }

  ["uncaught-exception"](event, file) {
    if (file.tests.size) this.#trouble(file, join(event.testFile, ["unhandled error"]), "teardown", errorOf(event));
    else this.#trouble(file, this.#name(event), "collect", errorOf(event));
  }

  ["unhandled-rejection"] = this["uncaught-exception"];

  ["missing-ava-import"](event, file) {
    this.#trouble(file, this.#name(event), "collect", "No test of this file imports ava.");
  }

  // also said of files that were troubled before, and lost nothing by it
  ["worker-failed"](event, file) {
    if (event.signal || file.lost.length || !file.troubled) this.#trouble(file, this.#name(event), "crash", DIED);
    this["worker-finished"](event);
  }

  ["worker-finished"](event) {
    records.end({ file: relative(event.testFile) });
  }
}

function listen(Tap) {
  const events = new Events();
  const { consumeStateChange, endRun, startRun } = Tap.prototype;
  Tap.prototype.startRun = function (plan) {
    // a file's own word that it begins may be lost, where its thread ends the whole process
    const { observeWorker } = plan.status;
    plan.status.observeWorker = function (worker, file, ...more) {
      records.file(relative(file));
      return observeWorker.call(this, worker, file, ...more);
    };
    return startRun.call(this, plan);
  };
  Tap.prototype.consumeStateChange = function (event) {
    events.take(event);
    return consumeStateChange.call(this, event);
  };
  Tap.prototype.endRun = function (...more) {
    records.end();
    return endRun.apply(this, more);
  };
}

if (records && process.argv[1]) {
  const program = realpathSync(process.argv[1]);
  const folder = path.dirname(program);
  if (existsSync(path.join(folder, "package.json"))) {
    // ava 3 has its program at the top; its reporters can be loaded once it has chosen its colours
    const require = createRequire(program);
    const colours = require("./lib/chalk.js");
    const { set } = colours;
    colours.set = (options) => {
      const chosen = set(options);
      listen(require("./lib/reporters/tap.js"));
      return chosen;
    };
  } else {
    const { default: Tap } = await import(pathToFileURL(path.join(folder, "../lib/reporters/tap.js")));
    listen(Tap);
  }
}
