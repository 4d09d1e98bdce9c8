#!/usr/bin/env bash
# What does a sandbox of `bwrap --unshare-pid` leave behind when its command has ended well?
#
# Seen with Debian's bubblewrap 0.8.0-2+deb12u1: one dead process a run (a zombie). bwrap ends as soon as it has heard of
# the command's exit code and does not wait for its own child, the first process of the new namespace. That falls to
# process 1 of the machine, which buries it, or to whoever stands in for it: a container whose first process is the
# program that starts sandboxes gathers them until no process can be made. With --as-pid-1, or without a namespace of
# processes, nothing is left. Give such a container an init.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download bubblewrap=0.8.0-2+deb12u1 >/dev/null 2>&1
dpkg -x bubblewrap_*.deb .
"${PYTHON:-python3}" - <<'PY'
import ctypes
import os
import subprocess
import time

RUNS = 5
PR_SET_CHILD_SUBREAPER = 36  # from here on orphans fall to this process, as in a container to its first one
assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def leaves(*options):
    """Return how many dead processes so many runs leave; bury them."""
    for _ in range(RUNS):
        subprocess.run(["usr/bin/bwrap", "--ro-bind", "/", "/", *options, "true"], check=True)
    time.sleep(1)
    count = 0
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            count += 1
    except ChildProcessError:
        pass
    return count


seen = {
    "--unshare-pid": leaves("--unshare-pid", "--proc", "/proc"),
    "--as-pid-1": leaves("--unshare-pid", "--as-pid-1", "--proc", "/proc"),
    "neither": leaves(),
}
print(seen)
assert seen == {"--unshare-pid": RUNS, "--as-pid-1": 0, "neither": 0}, "changed: other runs leave dead processes"
PY
