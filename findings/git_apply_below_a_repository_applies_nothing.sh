#!/usr/bin/env bash
# Does `git apply` end with an error where it has not applied a patch?
#
# Seen with Debian's git 1:2.39.5: not in a folder that lies below some other repository, such as a work folder in a
# checkout. The same patch and file, in a folder of no repository: the file is changed. Below a repository paths in a git
# diff count from that repository's root, what lies outside of the present folder is passed over, and all of apply,
# --check, --index and --3way end with 0, print nothing and change nothing. patch -p1 applies it in both. A bot that takes
# the exit code for "applied" proves its fix on the old code; set GIT_CEILING_DIRECTORIES, or look at the file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
version=$(dpkg-query -W -f '${Version}' git)
[[ $version == 1:2.39.5-* ]] || { echo "needs Debian's git 1:2.39.5, not $version"; exit 1; }
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
unset GIT_DIR GIT_WORK_TREE GIT_CEILING_DIRECTORIES
cat > change.diff <<'DIFF'
diff --git a/price.txt b/price.txt
index 7ed6ff8..1e8b314 100644
--- a/price.txt
+++ b/price.txt
@@ -1 +1 @@
-5
+6
DIFF
try() {
  local code=0
  printf '5\n' > price.txt
  "${@:2}" /usr/bin/git apply ${1:+"$1"} "$folder/change.diff" > "$folder/said.txt" 2>&1 || code=$?
  echo "${1:-apply} $code, said $(wc -c < "$folder/said.txt"), price $(cat price.txt)"
}
mkdir -p alone checkout/work
git init --quiet checkout
cd alone
alone=$(try "")
cd ../checkout/work
below="$(try ""); $(try --check); $(try --index); $(try --3way)"
ceiling=$(try "" env GIT_CEILING_DIRECTORIES="$folder/checkout")
echo "alone: $alone. Below a repository: $below. With a ceiling: $ceiling"
[ "$alone" = "apply 0, said 0, price 6" ] && [ "$ceiling" = "$alone" ] || { echo "changed: the patch is not applied"; exit 1; }
right="apply 0, said 0, price 5; --check 0, said 0, price 5; --index 0, said 0, price 5; --3way 0, said 0, price 5"
[ "$below" = "$right" ] || { echo "changed: git tells of a patch that it did not apply"; exit 1; }
