// Write one signed line for each event of a run, as bot/toolchains/events.py reads them.
//
// Loaded by --require before any code of the repository: it reads the key and removes it, so that only the reporter,
// which asks first, can sign. In the processes that a runner starts for test files there is no key any more; there it
// marks how they end, because a file that ends its process leaves nothing else to see it by.
"use strict";

const { appendFileSync, openSync, readFileSync, unlinkSync, writeSync } = require("node:fs");
const { createHash } = require("node:crypto");
const path = require("node:path");
const { fileURLToPath } = require("node:url");

const stringify = JSON.stringify;
const TEXT = 4000;
const HEAD = 1000;
const BLOCK = 64;
const { FORGEHAND_RESULTS: folder, FORGEHAND_ROOT: root = process.cwd() } = process.env;
const ENDS = folder && path.join(folder, "ends");

// Characters that are no text, and the colours that runners put into messages.
const clean = (text) =>
  String(text)
    .replace(/\x1b\[[0-9;]*[A-Za-z]/g, "")
    .replace(/\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");

const pad = (key, byte) => Buffer.from(Buffer.concat([key, Buffer.alloc(BLOCK - key.length)]).map((one) => one ^ byte));

class Records {
  #inner;
  #outer;
  #file = openSync(path.join(folder, "results.jsonl"), "wx");
  #seen = new Map();

  constructor(key) {
    this.#inner = createHash("sha256").update(pad(key, 0x36));
    this.#outer = createHash("sha256").update(pad(key, 0x5c));
  }

  write(record) {
    const line = stringify(record);
    this.#inner.update(line);
    const signature = this.#outer.copy().update(this.#inner.copy().digest()).digest("hex");
    writeSync(this.#file, `${signature} ${line}\n`);
  }

  // How often an id was told of as `kind`: equal names are different tests.
  key(kind, id) {
    const number = (this.#seen.get(`${kind} ${id}`) ?? 0) + 1;
    this.#seen.set(`${kind} ${id}`, number);
    return String(number);
  }

  plan = (id, key) => this.write({ event: "plan", id, key });
  file = (file) => this.write({ event: "plan", file });
  again = (id, key) => this.write({ event: "again", id, key });
  start = (id, key) => this.write({ event: "start", id, key });
  problem(id, phase, error) {
    const message = typeof error === "string" ? clean(error).slice(0, TEXT) : describe(error).message;
    this.write({ event: "problem", id, phase, message });
  }
  end = (more) => this.write({ event: "end", ...more });

  case(id, key, { verdict, phase = "call", error, message = "", ms = 0, line = 0 }) {
    const told = error === undefined ? { message: clean(message).slice(-TEXT), raised: [] } : describe(error);
    const seconds = Math.round((ms || 0) * 10) / 1e4;
    this.write({ event: "case", key, line: line || 0, case: { id, verdict, phase, seconds, ...told } });
  }
}

// The path of a file below the repository's root, however it is named.
function relative(file) {
  const place = String(file).startsWith("file:") ? fileURLToPath(file) : String(file);
  return path.relative(root, path.resolve(root, place)).split(path.sep).join("/");
}

const join = (file, names) => clean([relative(file), ...names].join("::"));

// Type, message and place of an error; another process or realm may have made it, or it is no error at all.
function describe(error) {
  const made = error !== null && typeof error === "object" ? error : { message: error };
  const text = clean(made.message || String(made.stack ?? "").split("\n")[0]);
  const code = String(made.code ?? made.message ?? "");
  const missing = /^(ERR_)?MODULE_NOT_FOUND$|^Cannot find (module|package) |^Failed to load url /.test(code);
  const kind = clean(made.name ?? made.constructor?.name ?? "Error");
  const type = missing ? "ModuleNotFoundError" : kind === "Object" ? "Error" : kind;
  const stack = clean(made.stack ?? "");
  const own = frames(stack).filter((one) => !one.file.startsWith("..") && !/(^|\/)node_modules\//.test(one.file));
  // below the outermost call of the repository is only the runner
  const told = own.length ? stack.slice(0, own.at(-1).end) : stack;
  const message = `${type}: ${text.trim().split(/\s+/).join(" ").slice(0, HEAD)}\n${told.slice(HEAD - TEXT)}`;
  // who raised it is only said by the stack, which the code can write itself
  const raised = [{ type, message: text.slice(0, HEAD), path: own[0]?.file ?? "", genuine: false }];
  return { message: message.slice(0, TEXT), raised };
}

const FRAME = /^\s*at (?:.*\()?(?:async )?((?:file:\/\/)?[^():]+):(\d+):\d+\)?$/gm;

// Mocha writes paths from where it runs.
const placed = (file) => relative(file.startsWith("file:") ? file : path.resolve(file));

const frames = (stack) =>
  [...stack.matchAll(FRAME)].map((found) => ({
    file: placed(found[1]),
    line: Number(found[2]),
    end: found.index + found[0].length,
  }));

// Whether an error came out of a hook or a test: by the nearest call above its outermost place in the test's own file,
// for runners that do not say.
function phaseOf(error, file) {
  const outer = frames(String(error?.stack ?? error)).filter((one) => one.file === relative(file)).at(-1);
  let lines = [];
  try {
    lines = readFileSync(path.resolve(root, file), "utf8").split("\n").slice(0, outer?.line ?? 0);
  } catch {
    return "call";
  }
  for (const line of lines.reverse()) {
    const found = /\b(before|after)(?:All|Each)?\s*\(|\b(?:it|test|specify)\b[\w.]*\s*[(`]/.exec(line);
    if (found) return { before: "setup", after: "teardown" }[found[1]] ?? "call";
  }
  return "call";
}

function take() {
  try {
    const key = readFileSync(path.join(folder, "key"));
    unlinkSync(path.join(folder, "key"));
    process.env.FORGEHAND_RUNNER = String(process.pid);
    return new Records(key);
  } catch {
    return null;
  }
}

// Tests see nothing of our options: in the arguments of their process, and in those that processes of theirs inherit.
function hide() {
  const isOurs = (one) => String(one).startsWith(__dirname);
  process.execArgv = process.execArgv.filter((one, at, all) => !isOurs(one) && !isOurs(all[at + 1]));
}

// Lines of a test file's process: that it began, that an error was thrown which nobody caught, that it ended by itself.
// The last is missing where something else ended it.
function mark() {
  const file = relative(process.argv[1]);
  hide();
  const note = (word, error) => appendFileSync(ENDS, `${stringify([word, file, error && describe(error).message])}\n`);
  note("began");
  process.on("uncaughtExceptionMonitor", (error) => note("threw", error));
  process.once("beforeExit", () => note("ended"));
}

// What the files' processes told: by file, the words and the first error.
function marks() {
  const found = new Map();
  let lines = [];
  try {
    lines = readFileSync(ENDS, "utf8").split("\n").slice(0, -1);
  } catch {}
  for (const line of lines) {
    const [word, file, message] = JSON.parse(line);
    const told = found.get(file) ?? { message: undefined };
    found.set(file, { ...told, [word]: true, message: told.message ?? message ?? undefined });
  }
  return found;
}

let records = folder ? take() : null;
if (folder && !records && process.argv[1] && String(process.ppid) === process.env.FORGEHAND_RUNNER) mark();

module.exports = {
  clean,
  describe,
  hide,
  join,
  marks,
  phaseOf,
  relative,
  // Once: whoever asks later gets nothing.
  open() {
    const own = records;
    records = null;
    return own;
  },
};
