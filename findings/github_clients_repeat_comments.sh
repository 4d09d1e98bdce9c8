#!/usr/bin/env bash
# How often does a client of GitHub send a comment that was answered 502?
#
# Seen with PyGithub 2.10.0 and octokit 5.0.5 (with its retry plugin, which Probot has too), both as they come: until it
# succeeds, here three times. Both repeat a POST after a 5xx as if it were a GET and return as if nothing had happened.
# A 502 does not say that nothing was written, so one call can leave two comments, issues or pull requests.
# Whoever must not say a thing twice has to switch that off (retry=None; request: {retries: 0}) and look first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund octokit@5.0.5
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --only-binary :all: PyGithub==2.10.0
cat > comment.mjs <<'JS'
import { Octokit } from "octokit";
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const octokit = new Octokit({ baseUrl: process.argv[2], auth: "t", log: quiet, request: JSON.parse(process.argv[3]) });
await octokit.rest.issues.createComment({ owner: "o", repo: "r", issue_number: 1, body: "Hello" }).catch(() => {});
JS
env/bin/python - <<'PY'
import http.server
import json
import logging
import subprocess
import sys
import threading

import github

posts = []


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        posts.append(self.path)
        body = json.dumps({"id": len(posts), "message": "Server Error"}).encode()
        self.send_response(201 if len(posts) == 3 else 502)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{server.server_port}"
logging.disable()


def by_pygithub(**options):
    client = github.Github(auth=github.Auth.Token("t"), base_url=here, lazy=True, **options)
    try:
        client.get_repo("o/r").get_issue(1).create_comment("Hello")
    except github.GithubException:
        pass


def by_octokit(request):
    subprocess.run(["node", "comment.mjs", here, json.dumps(request)], check=True)


ways = {
    "PyGithub": by_pygithub,
    "PyGithub, retry=None": lambda: by_pygithub(retry=None),
    "octokit": lambda: by_octokit({}),
    "octokit, retries: 0": lambda: by_octokit({"retries": 0}),
}
seen = {}
for name, comment in ways.items():
    posts.clear()
    comment()
    seen[name] = len(posts)
print(f"requests for one comment: {seen}")
wanted = {"PyGithub": 3, "PyGithub, retry=None": 1, "octokit": 3, "octokit, retries: 0": 1}
sys.exit(0 if seen == wanted else "changed: the clients repeat posts otherwise")
PY
