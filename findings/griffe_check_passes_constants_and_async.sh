#!/usr/bin/env bash
# Does `griffe check` tell that a public constant has another value, or that a function became a coroutine?
#
# Seen with griffe 2.4.1: neither. Its manual lists "Attribute changed value" among what it finds, but the comparison of
# attributes is empty in this version; whether a function is async is not compared at all, so `fetch()` that now returns
# a coroutine is no breakage. The check is alive: a removed parameter gives exit code 1. A gate that lets a change pass
# as "public API unchanged" needs a comparison of its own for values and for async.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check griffe==2.4.1
git init --quiet repository
cd repository
git config user.name sample
git config user.email sample@example.invalid
put() {
  mkdir -p shop
  printf 'LIMIT = %s\n\n\n%s fetch(%s) -> bytes:\n    return b""\n' "$1" "$2" "$3" > shop/__init__.py
  git add shop
  git commit --quiet -m "$*"
}
check() {
  git tag --force before > /dev/null
  put "$@"
  ../env/bin/griffe check shop --against before > ../out.txt 2>&1 && echo 0 || echo $?
}
put 10 def url
constant=$(check 500 def url)
coroutine=$(check 500 "async def" url)
parameter=$(check 500 "async def" "")
seen="constant $constant, async $coroutine, parameter $parameter"
echo "exit codes: $seen"
cat ../out.txt
[ "$seen" = "constant 0, async 0, parameter 1" ] || { echo "changed: griffe compares other things"; exit 1; }
