#!/usr/bin/env bash
# Does a DBOS application that is started again work off what still waits in its queue?
#
# Seen with dbos 3.4.0 on SQLite: not if a comment was added to any workflow meanwhile. A workflow is put into a queue and
# the process ends before it has begun. Started again with the same code, it runs. Started with a comment behind a line of
# another workflow, which was never called, it stays ENQUEUED, and nothing is logged above INFO. Unless the configuration
# sets application_version, DBOS makes one from the source of all workflows, comments included, and takes from a queue
# only what carries its own. That holds for work that was only put there too, and has no half-finished steps to
# protect. Set application_version, and change it where the order of steps has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --no-compile --only-binary :all: dbos==3.4.0
cat > app.py <<'PY'
import os
import sys
import time

from dbos import DBOS, SetWorkflowID

DBOS(config={"name": "sample", "log_level": "WARNING", "system_database_url": "sqlite:///app.sqlite", "run_admin_server": False})


@DBOS.workflow()
def work():
    return "done"


@DBOS.workflow()
def other():
    return "other"


@DBOS.workflow()
def block():
    time.sleep(60)


DBOS.launch()
queue = DBOS.register_queue("jobs", concurrency=1)
if sys.argv[1] == "put":
    queue.enqueue(block)
    with SetWorkflowID("waiting"):
        queue.enqueue(work)
    DBOS.cancel_workflow(DBOS.list_workflows(name="block")[0].workflow_id)
    os._exit(0)
for _ in range(60):
    status = DBOS.get_workflow_status("waiting").status
    if status == "SUCCESS":
        break
    time.sleep(0.1)
print(status)
DBOS.destroy()
PY
sed 's/return "other"$/& # a comment/' app.py > commented.py
env/bin/python app.py put 2> log.txt
cp app.sqlite kept.sqlite
commented=$(env/bin/python commented.py run 2> warnings.txt)
warned=$(grep -c . warnings.txt || true)
cp kept.sqlite app.sqlite
same=$(env/bin/python app.py run 2>> log.txt)
echo "the same code: $same; a comment more: $commented, $warned lines of warnings"
[ "$same;$commented;$warned" = "SUCCESS;ENQUEUED;0" ] || { echo "changed: what DBOS takes from a queue"; exit 1; }
