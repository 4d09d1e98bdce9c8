#!/usr/bin/env bash
# Does `nyc --check-coverage --lines 100` pass where the table above it says 0?
#
# Seen with nyc 18.0.0 and c8 12.0.0 on node 20.20.2: yes. nyc does not instrument ES modules, so for a package of
# "type": "module" it prints one row, "All files | 0 | 0 | 0 | 0", and ends with 0, although 100 % of everything was
# asked for and one of two functions was never called. c8 knows ES modules, but does the same where the tests do not run
# under node or in files that it leaves out. Nothing was measured, and a share of nothing is below no threshold. A
# package that changes to ES modules loses its gate without a sign. With --all, nyc counts the file and ends with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true, "type": "module"}\n' > package.json
npm install --silent --no-audit --no-fund nyc@18.0.0 c8@12.0.0
printf 'export function total(a, b) {\n  return a + b;\n}\nexport function refund(a) {\n  return -a;\n}\n' > cart.js
printf 'import { total } from "./cart.js";\nif (total(1, 2) !== 3) throw new Error("wrong");\n' > test.js
gate() {
  local code=0
  npx "$@" > report.txt 2> errors.txt || code=$?
  echo "exit code $code, $(grep -E '^All files' report.txt | tr -d ' ')"
}
limits=(--check-coverage --lines 100 --functions 100 --branches 100 --statements 100)
nyc=$(gate nyc "${limits[@]}" node test.js)
c8=$(gate c8 "${limits[@]}" sh -c true)
all=$(gate nyc --all "${limits[@]}" node test.js)
printf 'nyc: %s\nc8 of what is no node: %s\nnyc --all: %s\n' "$nyc" "$c8" "$all"
nothing='exit code 0, Allfiles|0|0|0|0|'
[ "$nyc" = "$nothing" ] || { echo "changed: nyc refuses, or measures ES modules"; exit 1; }
[ "$c8" = "$nothing" ] || { echo "changed: c8 refuses a run in which it measured nothing"; exit 1; }
[[ $all =~ ^exit\ code\ 1,\ Allfiles\|0\| ]] || { echo "changed: what --all brings"; exit 1; }
