#!/usr/bin/env bash
# What do the counts in the file of mocha's own xunit reporter say of a run that failed?
#
# Seen with mocha 12.0.3: failures="0", always; what failed is counted as errors, though each case has a <failure> and
# none an <error>. "skipped" is worked out from the other counts, and a hook that fails is an error but no test: with two
# such hooks the file says tests="1" errors="2" skipped="-2", holds three cases, and the test that one of the hooks kept
# from running is in no count and no case. A reader of failures sees a green run, one that wants counts to be natural
# numbers sees no report. Read the cases, and compare them with the tests that should have run.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund mocha@12.0.3
cat > plain.js <<'JS'
it("adds", () => {});
it("removes", () => { throw new Error("wrong"); });
JS
cat > hooks.js <<'JS'
describe("cart", () => {
  beforeEach(() => { throw new Error("no database"); });
  it("adds", () => {});
});
describe("shop", () => {
  after(() => { throw new Error("cannot close"); });
  it("opens", () => {});
});
JS
for name in plain hooks; do
  npx mocha --reporter xunit --reporter-option "output=$name.xml" "$name.js" || echo "$name: exit code $?"
done > codes.txt
"${PYTHON:-python3}" - <<'PY'
import sys
from xml.etree import ElementTree

seen = {}
for name in ("plain", "hooks"):
    suite = ElementTree.parse(f"{name}.xml").getroot()
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")}
    cases = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    seen[name] = counts, cases
    print(name, *seen[name])
codes = open("codes.txt", encoding="utf-8").read().splitlines()
print(codes)
wanted = {
    "plain": (
        {"tests": "2", "failures": "0", "errors": "1", "skipped": "0"},
        {"adds": [], "removes": ["failure"]},
    ),
    "hooks": (
        {"tests": "1", "failures": "0", "errors": "2", "skipped": "-2"},
        {
            '"before each" hook for "adds"': ["failure"],
            "opens": [],
            '"after all" hook for "opens"': ["failure"],
        },
    ),
}
right = seen == wanted and codes == ["plain: exit code 1", "hooks: exit code 2"]
sys.exit(0 if right else "changed: what mocha's xunit reporter counts")
PY
