#!/usr/bin/env bash
# Does c8 call the line of a class covered, once the class is there?
#
# Seen with c8 10.1.3 on Node.js 20.19.5: not where the class has fields and nobody has made an object of it. V8 tells
# of a function "<instance_members_initializer>" that never ran and whose range is the whole class, so its first line
# and its closing brace have 0 hits in lcov, though the declaration ran and the class is used afterwards. A class
# without fields beside it is covered. A gate on changed lines blames the declaration.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund c8@10.1.3 node@20.19.5
PATH="$PWD/node_modules/.bin:$PATH"
cat > shapes.js <<'JS'
class Shape {
  static count() { return 1; }
}
class Square extends Shape {
  side = 1;
}
if (Square.count() !== 1) throw new Error("the class is not there");
JS
c8 --reporter=lcovonly --reports-dir=out node shapes.js
seen=$(grep -E '^(DA|FNDA):' out/lcov.info | tr '\n' ' ')
echo "$(node --version): $seen"
right='FNDA:1,count FNDA:0,<instance_members_initializer> DA:1,1 DA:2,1 DA:3,1 DA:4,0 DA:5,0 DA:6,0 DA:7,1 '
[ "$seen" = "$right" ] || { echo "changed: what c8 tells of a class with fields"; exit 1; }
