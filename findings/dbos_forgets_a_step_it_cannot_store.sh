#!/usr/bin/env bash
# Does DBOS remember that a step has run, when what it returned cannot be stored?
#
# Seen with dbos 3.4.0 on SQLite. A step sends something and returns a generator, which cannot be pickled; the workflow
# catches the TypeError and goes on. One would expect the error to be stored as the step's own, as that of any step that
# raises. Nothing is stored: the list of steps begins with the second one, and where the workflow is replayed (here by
# fork_workflow, in life by a restart) the step runs again and sends a second time, in a workflow that was past it.
# What a step returns has to be a value that is known to pickle, above all where the step has an effect.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --no-compile --only-binary :all: dbos==3.4.0
env/bin/python - <<'PY'
import sys

from dbos import DBOS

database = {"system_database_url": "sqlite:///steps.sqlite", "run_admin_server": False}
DBOS(config={"name": "sample", "log_level": "CRITICAL", **database})
ran = []


@DBOS.step()
def send(returns):
    ran.append("send")
    if returns:
        return (line for line in ["sent"])
    raise ValueError("refused")


@DBOS.step()
def note():
    ran.append("note")


@DBOS.workflow()
def work(returns):
    try:
        send(returns)
    except (TypeError, ValueError):
        note()
    note()


DBOS.launch()
seen = {}
for returns in (False, True):
    ran.clear()
    first = DBOS.start_workflow(work, returns)
    first.get_result()
    stored = [step["function_name"] for step in DBOS.list_workflow_steps(first.workflow_id)]
    DBOS.fork_workflow(first.workflow_id, len(ran) + 1).get_result()
    seen[returns] = len(stored), ran.count("send")
DBOS.destroy()
print(f"steps stored of three, and how often the first ran: where it raises {seen[False]}, where it returns {seen[True]}")
wanted = {False: (3, 1), True: (2, 2)}
sys.exit(0 if seen == wanted else "changed: DBOS keeps such a step in another way")
PY
