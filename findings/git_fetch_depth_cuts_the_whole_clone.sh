#!/usr/bin/env bash
# What becomes of a full clone, and of its worktrees, when one `git fetch --depth 1` runs in one of them?
#
# Seen with Debian's git 1:2.39.5: the history that was there is cut off, for all of them. One would expect the option to
# limit what is fetched. The clone has nine commits; a fetch of a branch it already has, from one worktree, brings
# nothing new, and after it `git log` of the other worktree has one commit, `git merge-base --is-ancestor` of an older
# commit ends with 1, "no", without a word, where it ended with 0, and a later plain fetch changes none of that. A bot
# that shares a clone between jobs takes a branch for force-pushed. Fetch with --depth only in a clone of one's own;
# `git fetch --unshallow` mends it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git init --quiet --initial-branch main origin
git -C origin config user.name sample && git -C origin config user.email sample@example.com
for number in 1 2 3 4 5 6 7 8 9; do git -C origin commit --quiet --allow-empty --message "$number"; done
git clone --quiet "file://$PWD/origin" clone
old=$(git -C origin rev-parse main~3)
git -C clone worktree add --quiet --detach ../first
git -C clone worktree add --quiet --detach ../second
state() {
  local code=0
  git -C second merge-base --is-ancestor "$old" HEAD || code=$?
  echo "$(git -C second rev-list --count HEAD) commits, is-ancestor $code"
}
before=$(state)
git -C first fetch --quiet --depth 1 origin main
cut=$(state)
git -C first fetch --quiet origin
plain=$(state)
git -C first fetch --quiet --unshallow origin
mended=$(state)
printf 'before: %s\nafter --depth 1 beside it: %s\nafter a plain fetch: %s\nafter --unshallow: %s\n' "$before" "$cut" "$plain" "$mended"
[ "$before" = "9 commits, is-ancestor 0" ] || { echo "changed: the clone before"; exit 1; }
[ "$cut;$plain" = "1 commits, is-ancestor 1;1 commits, is-ancestor 1" ] || { echo "changed: --depth spares what is there"; exit 1; }
[ "$mended" = "$before" ] || { echo "changed: what --unshallow brings back"; exit 1; }
