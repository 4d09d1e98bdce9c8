#!/usr/bin/env bash
# Does `yarn install --frozen-lockfile` refuse a workspace whose package.json no longer agrees with yarn.lock?
#
# Seen with yarn 1.22.22: no. In a project of one package it ends with 1, "Your lockfile needs to be updated", as its
# documentation says. Where the same dependency stands in the package.json of a workspace, it prints no warning, installs
# ms 2.1.3, for which yarn.lock has no entry and so no checksum either, leaves the file alone and ends with 0. A bot
# that has changed a version in a workspace learns nothing from this command about the lock file it forgot.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "tools", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund yarn@1.22.22
mkdir -p home single several/cart
export HOME="$folder/home"
yarn() { "$folder/node_modules/.bin/yarn" install --non-interactive "$@" > out.txt 2>&1 && echo 0 || echo $?; }
package() { printf '{"name": "%s", "version": "1.0.0", "private": true, "dependencies": {"ms": "%s"}}\n' "$1" "$2"; }
printf '{"name": "shop", "private": true, "workspaces": ["cart"]}\n' > several/package.json
package single 2.1.2 > single/package.json
package cart 2.1.2 > several/cart/package.json
seen=""
for project in single several; do
  cd "$folder/$project"
  first=$(yarn)
  cp yarn.lock before
  if [ $project = single ]; then package single 2.1.3 > package.json; else package cart 2.1.3 > cart/package.json; fi
  frozen=$(yarn --frozen-lockfile)
  lock=$(cmp -s before yarn.lock && echo same || echo other)
  seen+="$project: $first, then $frozen, $(grep -ci warning out.txt || true) warnings, $lock lock file, ms "
  seen+="$(node -p 'require("ms/package.json").version'); "
done
echo "$seen"
wanted="single: 0, then 1, 0 warnings, same lock file, ms 2.1.2; several: 0, then 0, 0 warnings, same lock file, ms 2.1.3; "
[ "$seen" = "$wanted" ] || { echo "changed: yarn checks workspaces in another way"; exit 1; }
