#!/usr/bin/env bash
# Do DBOS's ids keep a webhook that is delivered twice from being worked on twice?
#
# Seen with dbos 3.4.0 on SQLite: two of three ways do not. `with SetWorkflowID(id):` names only the first workflow that
# is called in its block; a second one gets a random id, and runs again when the block does. A deduplication_id holds
# only while its workflow waits or runs: once that has ended, the same id is accepted again. GitHub delivers again after
# minutes or days, when the first has ended long ago. One SetWorkflowID for each call, with an id of its own, is safe.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --no-compile --only-binary :all: dbos==3.4.0
env/bin/python - <<'PY'
import sys

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

database = {"system_database_url": "sqlite:///ids.sqlite", "run_admin_server": False}
DBOS(config={"name": "sample", "log_level": "ERROR", **database})
comments = []


@DBOS.workflow()
def comment(text):
    comments.append(text)


def in_one_block():
    with SetWorkflowID("delivery-1"):
        comment("seen")
        comment("done")


def in_two_blocks():
    for text in ("seen", "done"):
        with SetWorkflowID(f"delivery-2-{text}"):
            comment(text)


def by_queue():
    with SetEnqueueOptions(deduplication_id="delivery-3"):
        queue.enqueue(comment, "done").get_result()


DBOS.launch()
queue = DBOS.register_queue("comments")
seen = {}
for deliver in (in_one_block, in_two_blocks, by_queue):
    comments.clear()
    deliver()
    deliver()
    seen[deliver.__name__] = list(comments)
DBOS.destroy()
print(f"comments after two deliveries: {seen}")
wanted = {"in_one_block": ["seen", "done", "done"], "in_two_blocks": ["seen", "done"], "by_queue": ["done", "done"]}
sys.exit(0 if seen == wanted else "changed: what DBOS's ids hold back")
PY
