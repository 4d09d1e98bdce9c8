#!/usr/bin/env bash
# Do the system's own tools work in gVisor as Debian 12 ships it?
#
# Seen with runsc 0.0~20221219.0-2+b3 and coreutils 9.1 on x86-64 Linux: `stat` and `ls -l` fail for every file with
# "Invalid argument", while Python's os.stat and git see the same file: coreutils asks by statx with a flag that this
# version of gVisor's kernel does not know. So a test suite may fail there in what it never wrote itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download runsc=0.0~20221219.0-2+b3 >/dev/null 2>&1
dpkg -x runsc_*.deb .
inside() { usr/bin/runsc --rootless --network=none --ignore-cgroups --platform=ptrace do "$@" 2>&1 || true; }
kept=$(inside stat /usr)
listed=$(inside ls -ld /usr)
python=$(inside /usr/bin/python3 -c 'import os, stat; print(stat.S_ISDIR(os.stat("/usr").st_mode))')
seen="$kept | $listed | $python"
echo "$seen"
[[ "$kept" == *"Invalid argument"* && "$listed" == *"Invalid argument"* && "$python" == *True ]] ||
  { echo "changed: stat works, or Python's does not"; exit 1; }
