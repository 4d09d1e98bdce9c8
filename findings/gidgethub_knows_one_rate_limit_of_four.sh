#!/usr/bin/env bash
# Does gidgethub raise RateLimitExceeded for GitHub's rate limits?
#
# Seen with gidgethub 6.0.0: only for one of the four forms that GitHub documents, a 403 with x-ratelimit-remaining: 0.
# A 429 is a plain BadRequest, even with the same headers, and so is a secondary limit, which comes as 403 or 429 with
# retry-after while requests remain: nothing in the class tells it from a missing permission. And where it is raised,
# the client's own `rate_limit` still holds the figures of the last success. Look at status_code and headers instead.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: gidgethub==6.0.0
"$folder/env/bin/python" - <<'PY'
import asyncio
import json
import sys

import gidgethub
from gidgethub import abc

JSON = {"content-type": "application/json; charset=utf-8"}


def count(remaining):
    return {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": remaining, "x-ratelimit-reset": "1767225600"}


class Client(abc.GitHubAPI):
    answer = 200, count("7")

    async def _request(self, method, url, headers, body=b""):
        status, told = self.answer
        return status, {**JSON, **told}, json.dumps({"message": "refused"}).encode()

    async def sleep(self, seconds):
        pass


async def ask(answer):
    client = Client("sample")
    await client.getitem("/first")
    client.answer = answer
    try:
        await client.getitem("/second")
    except gidgethub.GitHubException as error:
        return type(error).__name__, client.rate_limit.remaining


answers = {
    "403, none remaining": (403, count("0")),
    "429, none remaining": (429, count("0")),
    "403, retry-after": (403, {**count("4000"), "retry-after": "60"}),
    "429, retry-after": (429, {**count("4000"), "retry-after": "60"}),
    "403, no permission": (403, count("4000")),
}
seen = {name: asyncio.run(ask(answer)) for name, answer in answers.items()}
for name, told in seen.items():
    print(f"{name}: {told[0]}, client.rate_limit.remaining {told[1]}")
classes = [name for name, _ in seen.values()]
figures = {figure for _, figure in seen.values()}
right = classes == ["RateLimitExceeded", *["BadRequest"] * 4] and figures == {6}
sys.exit(0 if right else "changed: gidgethub tells rate limits in another way")
PY
