#!/usr/bin/env bash
# Does a DBOS workflow take the same branch on replay when a step failed with an error of a model's SDK?
#
# Seen with dbos 3.4.0 on SQLite and openai 3.52.0. A step is answered 429; the workflow catches RateLimitError and goes
# on. DBOS stores the error as a pickle without complaint, but it cannot be read back: the error's constructor wants a
# response. When the workflow is replayed (here by fork_workflow, in life by a restart), the step raises TypeError
# instead, the except clause does not match, and the workflow takes another way than before. A step has to turn an
# SDK's error into a value, or into an exception whose arguments are all in its args.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --no-compile --only-binary :all: dbos==3.4.0 openai==3.52.0
env/bin/python - <<'PY'
import sys

import httpx2
import openai
from dbos import DBOS

database = {"system_database_url": "sqlite:///steps.sqlite", "run_admin_server": False}
DBOS(config={"name": "sample", "log_level": "CRITICAL", **database})
answer = httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(429, json={"error": {"message": "slow"}})))
given = {"api_key": "k", "base_url": "http://127.0.0.1/v1", "max_retries": 0, "http_client": answer}


@DBOS.step()
def ask():
    openai.OpenAI(**given).chat.completions.create(model="m", messages=[{"role": "user", "content": "Hello"}])


@DBOS.workflow()
def work():
    try:
        ask()
    except openai.RateLimitError:
        return "waits for its turn"
    except Exception as error:
        return f"gives up: {type(error).__name__}"


DBOS.launch()
first = DBOS.start_workflow(work)
seen = [first.get_result(), DBOS.fork_workflow(first.workflow_id, 2).get_result()]
DBOS.destroy()
print(f"at first {seen[0]!r}, replayed {seen[1]!r}")
wanted = ["waits for its turn", "gives up: TypeError"]
sys.exit(0 if seen == wanted else "changed: errors of this SDK are replayed in another way")
PY
