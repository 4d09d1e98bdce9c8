#!/usr/bin/env bash
# Can branch coverage fall because a test was added?
#
# Seen with c8 10.1.3 and jest 30.5.2 on node 20.19.5: yes, where V8 measures. Of a function that never ran V8 tells no
# branches, so they are not in the total either. One test of the first of two functions gives 100 % of branches, while
# the second, with two conditions, was never called. A further test that calls it gives less than 100 %. With
# coverageProvider babel, on the same file and tests, jest knows all branches from the start, and the figure rises. A
# gate on branches by V8 refuses good tests and praises their removal; lines or functions have to be held beside it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund c8@10.1.3 jest@30.5.2 node@20.19.5
PATH="$PWD/node_modules/.bin:$PATH"
cat > shop.js <<'JS'
function price(count, member) {
  let each = count > 10 ? 9 : 10;
  if (member) each -= 1;
  return each;
}
function shipping(count) {
  if (count > 5) return 0;
  if (count > 3) return 2;
  return 3;
}
module.exports = { price, shipping };
JS
cat > one.test.js <<'JS'
const { price } = require("./shop");
test("price", () => expect([price(1, true), price(11, false)]).toEqual([9, 9]));
JS
cat > two.test.js <<'JS'
const { price, shipping } = require("./shop");
test("price", () => expect([price(1, true), price(11, false)]).toEqual([9, 9]));
test("shipping", () => expect(shipping(6)).toBe(0));
JS
printf 'global.expect = require("expect").expect;\nglobal.test = (_, run) => run();\nrequire(process.argv[2]);\n' > plain.js
branches() {
  node -p 'const { branches } = require("./out/coverage-summary.json").total; `${branches.covered}/${branches.total}`'
}
by_c8() {
  c8 --reporter=json-summary --reports-dir=out --include=shop.js node plain.js "./$1.test.js"
  branches
}
by_jest() {
  jest --coverage --coverageProvider="$1" --coverageReporters=json-summary --coverageDirectory=out \
    --collectCoverageFrom=shop.js "$2.test.js" > /dev/null 2>&1
  branches
}
seen="c8 $(by_c8 one) $(by_c8 two); jest, v8 $(by_jest v8 one) $(by_jest v8 two)"
seen+="; jest, babel $(by_jest babel one) $(by_jest babel two)"
echo "$(node --version), branches with one test and with two: $seen"
right='c8 5/5 6/7; jest, v8 4/4 5/6; jest, babel 4/8 5/8'
[ "$seen" = "$right" ] || { echo "changed: which branches count"; exit 1; }
