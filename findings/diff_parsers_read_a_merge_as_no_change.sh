#!/usr/bin/env bash
# What do parsers of diffs make of what `git show` prints of a merge?
#
# Seen with unidiff 1.0.1, whatthepatch 1.0.7 and parse-diff 0.12.0: no error and no change. git prints a combined diff
# ("diff --cc", "@@@ ... @@@") with two lines that are new to both parents; all three know the file, without a line
# added or removed (whatthepatch calls its old path "--cc"). A check that counts or reads changed lines passes over all
# that was written while a merge was resolved. Ask git for `--diff-merges=first-parent`, which all three read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund parse-diff@0.12.0
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --only-binary :all: unidiff==1.0.1 whatthepatch==1.0.7
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git init --quiet --initial-branch main tree
cd tree
git config user.name sample && git config user.email sample@example.com
write() { printf '%s\n' "$@" > steps.txt && git add steps.txt && git commit --quiet --message change; }
write one two three
git checkout --quiet -b side
write one TWO three
git checkout --quiet main
write one 2 three
git merge --quiet side > ../merge.log 2>&1 || true
write one "TWO 2" three four
git show --format= > ../merge.diff
git show --format= --diff-merges=first-parent > ../parent.diff
cd ..
cat > read.py <<'PY'
import sys

import unidiff
import whatthepatch

with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
print("unidiff", [(file.path, file.added, file.removed) for file in unidiff.PatchSet(text)], end="; ")
patches = whatthepatch.parse_patch(text)
counted = [(patch.header.old_path, sum(1 for line in patch.changes or () if None in line[:2])) for patch in patches]
print("whatthepatch", counted, end="; ")
PY
cat > read.js <<'JS'
const files = require("parse-diff")(require("node:fs").readFileSync(process.argv[2], "utf8"));
console.log("parse-diff", JSON.stringify(files.map((file) => [file.to, file.additions, file.deletions])));
JS
read_all() { env/bin/python read.py "$1" && node read.js "$1"; }
new=$(grep -c '^++[^+]' merge.diff)
merge=$(read_all merge.diff)
parent=$(read_all parent.diff)
echo "$new lines new to both parents: $merge"
echo "against the first parent: $parent"
nothing='unidiff [("steps.txt", 0, 0)]; whatthepatch [("--cc", 0)]; parse-diff [["steps.txt",0,0]]'
all='unidiff [("steps.txt", 2, 1)]; whatthepatch [("steps.txt", 3)]; parse-diff [["steps.txt",2,1]]'
[ "$new: ${merge//\'/\"}" = "2: $nothing" ] || { echo "changed: a parser reads combined diffs, or refuses them"; exit 1; }
[ "${parent//\'/\"}" = "$all" ] || { echo "changed: what the parsers make of an ordinary diff"; exit 1; }
