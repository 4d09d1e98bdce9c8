#!/usr/bin/env bash
# Does sarif-tools' gate agree with the tool that wrote the file?
#
# Seen with sarif-tools 3.0.5 and eslint 10.16.0 with @microsoft/eslint-formatter-sarif 3.1.0: in neither direction. A
# line with an eslint-disable comment: eslint ends with 0, its SARIF has the result with "suppressions", `sarif --check
# error summary` counts one error and ends with 1. A result with the baselineState "absent", which SARIF has for
# problems that are gone, counts too. The other way round a run that says executionSuccessful false and holds no
# results, because the tool fell over, counts as no error and ends with 0. Read these three properties before results
# are counted.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund eslint@10.16.0 @microsoft/eslint-formatter-sarif@3.1.0
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --prefer-binary sarif-tools==3.0.5
printf 'export default [{ rules: { "no-undef": "error" } }];\n' > eslint.config.mjs
printf '// eslint-disable-next-line no-undef\nprint(1);\n' > suppressed.js
printf 'print(1);\n' > open.js
for name in suppressed open; do
  code=0
  npx eslint --format @microsoft/eslint-formatter-sarif "$name.js" > "$name.sarif" || code=$?
  echo "$name: eslint $code"
done > eslint.txt
"${PYTHON:-python3}" - <<'PY'
import json

with open("open.sarif", encoding="utf-8") as file:
    document = json.load(file)
run = document["runs"][0]
run["results"][0]["baselineState"] = "absent"
with open("absent.sarif", "w", encoding="utf-8") as file:
    json.dump(document, file)
run["results"] = []
run["invocations"] = [{"executionSuccessful": False}]
with open("failed.sarif", "w", encoding="utf-8") as file:
    json.dump(document, file)
PY
for name in open suppressed absent failed; do
  code=0
  env/bin/sarif --check error summary "$name.sarif" > "$name.txt" 2>&1 || code=$?
  echo "$name: sarif-tools $code, $(grep -E '^error' "$name.txt")"
done > sarif.txt
cat eslint.txt sarif.txt
[ "$(paste -sd ';' eslint.txt)" = "suppressed: eslint 0;open: eslint 1" ] || { echo "changed: eslint's exit codes"; exit 1; }
counted="open: sarif-tools 1, error: 1;suppressed: sarif-tools 1, error: 1;absent: sarif-tools 1, error: 1"
[ "$(paste -sd ';' sarif.txt)" = "$counted;failed: sarif-tools 0, error: 0" ] || { echo "changed: what sarif-tools counts"; exit 1; }
