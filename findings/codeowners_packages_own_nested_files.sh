#!/usr/bin/env bash
# Whom do the CODEOWNERS packages of npm name for the example of GitHub's own documentation?
#
# Seen with codeowners 5.1.1 and codeowners-utils 1.0.2: somebody else than GitHub does. Its documentation says that
# "docs/*" is for docs/getting-started.md, but not for docs/build-app/troubleshooting.md. Both packages match by the
# rules of .gitignore, where a folder that matches takes all below it along, and name the owner of "docs/*" for the
# nested file too, in place of the owner of everything. codeowners 0.9.0 of PyPI keeps to GitHub's rule. A bot that asks
# for reviews, or counts approvals, by these packages asks the wrong people, and GitHub's own merge check then disagrees
# with it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund codeowners@5.1.1 codeowners-utils@1.0.2
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --prefer-binary codeowners==0.9.0
mkdir .git
printf '* @everything\ndocs/* @docs\n' > CODEOWNERS
cat > read.js <<'JS'
const Codeowners = require("codeowners");
const utils = require("codeowners-utils");
const entries = utils.parse(require("node:fs").readFileSync("CODEOWNERS", "utf8"));
for (const path of process.argv.slice(2)) {
  console.log("codeowners", path, new Codeowners(process.cwd()).getOwner(path).join(" "));
  console.log("codeowners-utils", path, utils.matchFile(path, entries).owners.join(" "));
}
JS
cat > read.py <<'PY'
import sys

from codeowners import CodeOwners

with open("CODEOWNERS", encoding="utf-8") as file:
    owners = CodeOwners(file.read())
for path in sys.argv[1:]:
    print("PyPI codeowners", path, *[name for _, name in owners.of(path)])
PY
npm=$(node read.js docs/getting-started.md docs/build-app/troubleshooting.md)
pypi=$(env/bin/python read.py docs/getting-started.md docs/build-app/troubleshooting.md)
printf '%s\n' "$npm" "$pypi"
[ "$npm" = "codeowners docs/getting-started.md @docs
codeowners-utils docs/getting-started.md @docs
codeowners docs/build-app/troubleshooting.md @docs
codeowners-utils docs/build-app/troubleshooting.md @docs" ] || { echo "changed: whom the packages of npm name"; exit 1; }
[ "$pypi" = "PyPI codeowners docs/getting-started.md @docs
PyPI codeowners docs/build-app/troubleshooting.md @everything" ] || { echo "changed: whom PyPI's codeowners names"; exit 1; }
