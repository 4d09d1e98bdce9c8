// Report what mocha says: mocha --reporter .../forgehand_mocha.cjs
"use strict";

const { existsSync, realpathSync } = require("node:fs");
const path = require("node:path");
const { hide, join, open, relative } = require("./forgehand_records.cjs");
const records = open();

let unloaded = 0;

// One file that cannot be loaded would end the whole run: each is loaded by itself, and told.
function guard(Mocha) {
  const load = Mocha.prototype.loadFilesAsync;
  Mocha.prototype.loadFilesAsync = async function (options) {
    const files = this.files;
    for (const file of files) {
      this.files = [file];
      try {
        await load.call(this, options);
      } catch (error) {
        unloaded += 1;
        records?.problem(relative(file), "collect", error);
      }
    }
    this.files = files;
  };
}

// The same for mocha before 7.1, which loads files at once.
function guardAtOnce(Mocha) {
  const load = Mocha.prototype.loadFiles;
  Mocha.prototype.loadFiles = function (done) {
    const files = this.files;
    for (const file of files) {
      this.files = [file];
      try {
        load.call(this);
      } catch (error) {
        unloaded += 1;
        records?.problem(relative(file), "collect", error);
      }
    }
    this.files = files;
    done?.();
  };
}

// The mocha that runs: its class lies in lib/mocha.cjs since 12, in lib/mocha.js before.
let home = path.dirname(realpathSync(process.argv[1]));
while (home !== path.dirname(home) && !existsSync(path.join(home, "package.json"))) home = path.dirname(home);
const library = ["lib/mocha.cjs", "lib/mocha.js"].map((file) => path.join(home, file)).find(existsSync);
const Mocha = library && require(library);
if (Mocha?.prototype.loadFilesAsync) guard(Mocha);
else if (Mocha) guardAtOnce(Mocha);

// mocha before 4 has no titlePath(), and its hooks know no file
const nameOf = (one) => one.titlePath?.() ?? (one.root ? [] : [...nameOf(one.parent), one.title]);
const fileOf = (one) => one.file ?? (one.parent ? fileOf(one.parent) : "");

class Reporter {
  #keys = new Map();
  #told = new Set();

  constructor(runner) {
    if (!records) return;
    hide();
    process.argv.splice(2);
    runner.once("start", () => {
      // the exit code is the number of failures
      runner.failures += unloaded;
      runner.suite.eachTest((test) => records.plan(this.#id(test), this.#key(test)));
    });
    runner.on("test", (test) => records.start(this.#id(test), this.#key(test)));
    runner.on("pass", (test) => this.#tell(test, { verdict: "passed", ms: test.duration }));
    runner.on("pending", (test) => this.#tell(test, { verdict: "skipped" }));
    runner.on("fail", (one, error) => {
      if (one.type === "hook") this.#addHook(one, error);
      else this.#tell(one, { verdict: "failed", error, ms: one.duration });
    });
    // mocha itself hears of a promise that nobody waited for, and says nothing
    let last;
    process.on("unhandledRejection", (error) => {
      if (error === last) return;
      last = error;
      runner.failures += 1;
      records.problem(join(runner.currentRunnable?.file ?? "", ["unhandled error"]), "teardown", error);
    });
    runner.once("end", () => records.end());
  }

  #id = (test) => join(fileOf(test), nameOf(test));

  #key(test) {
    if (!this.#keys.has(test)) this.#keys.set(test, records.key("test", this.#id(test)));
    return this.#keys.get(test);
  }

  #tell(test, told) {
    this.#told.add(test);
    records.case(this.#id(test), this.#key(test), told);
  }

  // What a failing hook keeps from running has no event of its own.
  #addHook(hook, error) {
    const phase = /^"after/.test(hook.title) ? "teardown" : "setup";
    const current = hook.ctx?.currentTest;
    if (/^"(before|after) each"/.test(hook.title) && current) this.#tell(current, { verdict: "error", phase, error });
    else if (phase === "teardown") records.problem(this.#id(hook), phase, error);
    hook.parent.eachTest((test) => {
      if (!this.#told.has(test) && !test.isPending()) this.#tell(test, { verdict: "error", phase: "setup", error });
    });
  }
}

module.exports = Reporter;
