#!/usr/bin/env bash
# Does zizmor say which files of a folder it did not read?
#
# Seen with zizmor 1.32.0 on a folder of three YAML files: one workflow, one mapping that is no workflow, one list.
# It warns of both others on standard error, but names only the mapping; the warning about the list holds no path. The
# SARIF report mentions neither, has no notification and says executionSuccessful. A program that must know what was
# read has to give zizmor the unnamed candidates one by one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check zizmor==1.32.0
mkdir -p "$folder/project/.github/workflows"
cd "$folder/project/.github/workflows"
printf 'on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n' > good.yml
printf 'owners: [mara]\n' > mapping.yml
printf -- '- mara\n' > list.yml
cd "$folder/project"
"$folder/venv/bin/zizmor" --offline --no-progress --quiet --format sarif . > "$folder/out.sarif" 2> "$folder/errors" || true
cat "$folder/errors"
"$folder/venv/bin/python" - "$folder/out.sarif" "$folder/errors" <<'PY'
import json
import sys

report = open(sys.argv[1], encoding="utf-8").read()
warnings = [line for line in open(sys.argv[2], encoding="utf-8") if "WARN" in line]
run = json.loads(report)["runs"][0]
seen = {
    "warnings": len(warnings),
    "name the mapping": sum("mapping.yml" in line for line in warnings),
    "name the list": sum("list.yml" in line for line in warnings),
    "in the report": [name for name in ("mapping.yml", "list.yml") if name in report],
    "successful": [one.get("executionSuccessful") for one in run["invocations"]],
    "notifications": [note for one in run["invocations"] for note in one.get("toolExecutionNotifications", [])],
}
print(seen)
wanted = {
    "warnings": 2,
    "name the mapping": 1,
    "name the list": 0,
    "in the report": [],
    "successful": [True],
    "notifications": [],
}
sys.exit(0 if seen == wanted else "changed: zizmor tells of unread files in another way")
PY
