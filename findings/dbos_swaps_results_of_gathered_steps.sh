#!/usr/bin/env bash
# Does a replayed DBOS workflow give each step of asyncio.gather the result that was stored for it?
#
# Seen with dbos 3.4.0 on SQLite: no. Two reviews run side by side, each asks a model several times in a row by the same
# step. DBOS numbers steps as they are started, and compares the step's name on replay, but not its arguments. The first
# run starts them by how long the answers took; a replay (here by fork_workflow, in life by a restart) has all answers at
# once and starts them in another order, so the review of one file goes on with what was said of the other; no error, and
# the status is SUCCESS. Chains of steps that run side by side need a workflow each.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --no-compile --only-binary :all: dbos==3.4.0
env/bin/python - <<'PY'
import asyncio
import sys

from dbos import DBOS

database = {"system_database_url": "sqlite:///steps.sqlite", "run_admin_server": False}
DBOS(config={"name": "sample", "log_level": "ERROR", **database})


@DBOS.step()
async def ask(question, takes):
    await asyncio.sleep(takes)
    return f"answer to {question}"


async def review(file, takes, times):
    return [(question, await ask(question, takes)) for question in (f"{file} {number + 1}" for number in range(times))]


@DBOS.workflow()
async def work():
    slow, fast = await asyncio.gather(review("slow.py", 1, 2), review("fast.py", 0, 8))
    return slow + fast


def wrong(answers):
    return [f"{question}: {answer}" for question, answer in answers if answer != f"answer to {question}"]


async def main():
    DBOS.launch()
    first = await DBOS.start_workflow_async(work)
    answers = await first.get_result()
    steps = await DBOS.list_workflow_steps_async(first.workflow_id)
    again = await DBOS.fork_workflow_async(first.workflow_id, len(steps) + 1)
    replayed = await again.get_result()
    return len(steps), wrong(answers), wrong(replayed), (await again.get_status()).status


steps, before, after, status = asyncio.run(main())
DBOS.destroy()
print(f"{steps} steps; wrong answers at first {len(before)}, replayed {len(after)}, {after[:1]}; status {status}")
right = steps == 10 and not before and len(after) >= 2 and status == "SUCCESS"
sys.exit(0 if right else "changed: DBOS tells gathered steps apart on replay, or refuses them")
PY
