#!/usr/bin/env bash
# Does vitest's JSON report say that a run failed, where a promise was rejected and nobody caught it?
#
# Seen with vitest 5.1.2 and node 20.20.2: it does not. vitest prints the error and ends with 1; in the JSON "success" is
# true, no test and no file failed, and the error is nowhere. JUnit has it as a suite of its own, "vitest unhandled
# errors", in the same run; that of vitest 4.1.10 has not. Whoever reads the JSON must look at the exit code too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' > package.json
npm install --ignore-scripts --no-audit --no-fund --loglevel=error vitest@5.1.2 > /dev/null
cat > send.test.mjs <<'JS'
import { expect, test } from "vitest";

test("sends", () => {
  Promise.reject(new Error("not sent"));
  expect(1).toBe(1);
});
JS
code=0
npx vitest run --reporter=json --outputFile.json=told.json --reporter=junit --outputFile.junit=told.xml > /dev/null 2>&1 || code=$?
node - "$code" <<'JS'
const { readFileSync } = require("node:fs");
const code = process.argv[2];
const text = readFileSync("told.json", "utf8");
const { success, numFailedTests, numFailedTestSuites } = JSON.parse(text);
const junit = /<testsuite name="vitest unhandled errors".* errors="1"/.test(readFileSync("told.xml", "utf8"));
console.log(`exit code ${code}; JSON: success ${success}, failed tests ${numFailedTests}, failed suites ${numFailedTestSuites}, ` +
  `names the error: ${text.includes("not sent")}; JUnit has an unhandled error: ${junit}`);
const same = code === "1" && success && numFailedTests === 0 && numFailedTestSuites === 0 && !text.includes("not sent") && junit;
if (!same) { console.error("changed: what vitest's reports say"); process.exit(1); }
JS
