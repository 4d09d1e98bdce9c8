#!/usr/bin/env bash
# What does PyGithub do with a change that GitHub answers with a redirect, as it may once a repository was renamed?
#
# Seen with PyGithub 2.10.0 against a server on this machine, on a repository that was fetched before it was renamed: it
# depends on the number. 301 is followed. 307, which GitHub's OpenAPI description has for PATCH and DELETE of a
# repository, is taken for success: edit(archived=True) and delete() return as if it were done, without an exception or
# a second request. create_issue(), so answered, returns an Issue whose number is the repository's id, read from the
# redirect. gidgethub 6.0.0 on aiohttp follows the 307 and sends the body again; on httpx it raises
# RedirectionException. Who keeps such objects has to fetch them anew before a change, and to look at what came of it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --no-compile --prefer-binary PyGithub==2.10.0 gidgethub==6.0.0 \
  aiohttp==3.14.5 httpx==0.29.0
env/bin/python - <<'PY'
import asyncio
import http.server
import json
import logging
import sys
import threading

import aiohttp
import github
import gidgethub.aiohttp
import gidgethub.httpx
import httpx

logging.disable(logging.CRITICAL)
asked = []
renamed = False


class Server(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        old = renamed and self.path.startswith("/repos/shop/old")
        asked.append((self.command, "old" if old else "new"))
        followed = self.command in ("GET", "PUT")
        self.send_response((301 if followed else 307) if old else 200)
        if old:
            self.send_header("Location", f"{base}{self.path.replace('repos/shop/old', 'repositories/7')}")
        moved = {"message": "Moved", "url": f"{base}/repositories/7", "documentation_url": base}
        here = {"id": 7, "url": f"{base}/repos/shop/{'new' if renamed else 'old'}"}
        if self.path.startswith("/repositories/7/issues"):
            here = [] if self.path.endswith("/labels") else {"number": 3, "url": f"{base}/repos/shop/new/issues/3"}
        body = json.dumps(moved if old else here).encode()
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"


def repository():
    global renamed
    renamed = False
    hub = github.Github(auth=github.Auth.Token("sample"), base_url=base, seconds_between_writes=0)
    held = hub.get_repo("shop/old")
    renamed = True
    return held


def call(work):
    held = repository()
    asked.clear()
    try:
        result = work(held)
    except Exception as error:
        result = type(error).__name__
    return result, [*asked]


async def patch(library, session):
    async with session() as client:
        api = library.GitHubAPI(client, "sample", oauth_token="sample")
        return await api.patch(f"{base}/repos/shop/old", data={"archived": True})


once = [("PATCH", "old")]
twice = [("PATCH", "old"), ("PATCH", "new")]
checks = {
    "edit": (lambda held: held.edit(archived=True), (None, once)),
    "delete": (lambda held: held.delete(), (None, [("DELETE", "old")])),
    "create_issue": (lambda held: held.create_issue("late").number, (7, [("POST", "old")])),
    "get_issue, 301": (
        lambda held: held.get_issue(3).set_labels("late"),
        (None, [("GET", "old"), ("GET", "new"), ("PUT", "new")]),
    ),
    "gidgethub, aiohttp": (
        lambda _: asyncio.run(patch(gidgethub.aiohttp, aiohttp.ClientSession)),
        ({"id": 7, "url": f"{base}/repos/shop/new"}, twice),
    ),
    "gidgethub, httpx": (
        lambda _: asyncio.run(patch(gidgethub.httpx, httpx.AsyncClient)),
        ("RedirectionException", once),
    ),
}
changed = []
for name, (work, wanted) in checks.items():
    seen = call(work)
    print(f"{name}: {seen}")
    if seen != wanted:
        changed.append(name)
sys.exit(f"changed: what becomes of a redirect in {changed}" if changed else 0)
PY
