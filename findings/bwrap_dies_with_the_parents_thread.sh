#!/usr/bin/env bash
# How long does a sandbox of `bwrap --die-with-parent` live that a thread of a program started?
#
# Seen with Debian's bubblewrap 0.8.0-2+deb12u1: as long as that thread. When the thread ends, the sandbox is killed with
# SIGKILL, although the program that started it goes on and waits for it; started by the main thread, or without the
# option, it ends by itself. bwrap's manual speaks of the parent, but Linux means the thread (PR_SET_PDEATHSIG). With a
# pool of threads that shrinks, runs die at odd times, which looks like a lack of memory. Start sandboxes from a thread
# that stays, such as that of the event loop.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download bubblewrap=0.8.0-2+deb12u1 >/dev/null 2>&1
dpkg -x bubblewrap_*.deb .
"${PYTHON:-python3}" - <<'PY'
import subprocess
import sys
import threading

SANDBOX = ["--ro-bind", "/", "/", "sh", "-c", "echo started; read line; exit 7"]


def start(options, kept):
    run = subprocess.Popen(["usr/bin/bwrap", *options, *SANDBOX], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    run.stdout.readline()
    kept.append(run)


def end(run):
    try:
        return run.wait(timeout=5)
    except subprocess.TimeoutExpired:
        run.communicate(b"go on\n")
        return run.returncode


seen = {}
for name, options in (("--die-with-parent", ["--die-with-parent"]), ("without", [])):
    kept = []
    thread = threading.Thread(target=start, args=(options, kept))
    thread.start()
    thread.join()
    seen["thread", name] = end(kept[0])
kept = []
start(["--die-with-parent"], kept)
seen["main thread", "--die-with-parent"] = end(kept[0])
print(seen)
wanted = {("thread", "--die-with-parent"): -9, ("thread", "without"): 7, ("main thread", "--die-with-parent"): 7}
sys.exit(0 if seen == wanted else "changed: a sandbox lives otherwise than its parent's thread")
PY
