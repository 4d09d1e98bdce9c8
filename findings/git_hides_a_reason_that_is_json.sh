#!/usr/bin/env bash
# Does `git` show why a server refused a request?
#
# Seen with Debian's git 1:2.39.5: only where the reason is plain text. The same 403 with the same sentence as JSON, the
# way GitHub's API answers a limit, or as HTML, leaves "The requested URL returned error: 403" and nothing else: a limit
# that passes in a minute and a permission that is lacking for good look alike. A 429 and a 503 are no different. Who
# sorts git's errors by their words should take a 403 without a "remote:" line for "not now".
set -euo pipefail
folder=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
version=$(dpkg-query -W -f '${Version}' git)
[[ $version == 1:2.39.5-* ]] || { echo "needs Debian's git 1:2.39.5, not $version"; exit 1; }
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 LC_ALL=C
cat > "$folder/server.py" <<'PY'
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

REASONS = {
    "text": ("text/plain; charset=utf-8", "Too many requests for now.\n"),
    "json": ("application/json; charset=utf-8", '{"message": "Too many requests for now."}'),
    "html": ("text/html; charset=utf-8", "<p>Too many requests for now.</p>"),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        _, kind, status, *_ = self.path.split("/")
        content_type, body = REASONS[kind]
        self.send_response(int(status))
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1], "w") as port:
    port.write(f"{server.server_port}\n")
server.serve_forever()
PY
"${PYTHON:-python3}" "$folder/server.py" "$folder/port" &
server=$!
until [ -s "$folder/port" ]; do sleep 0.1; done
said=""
for status in 403 429 503; do
  for kind in text json html; do
    lines=$(/usr/bin/git ls-remote "http://127.0.0.1:$(cat "$folder/port")/$kind/$status/repo.git" 2>&1 || true)
    [[ $lines == *"returned error: $status"* ]] || { echo "changed: $lines"; exit 1; }
    reason=hidden
    [[ $lines != *"Too many requests for now"* ]] || reason=shown
    said+="$status $kind $reason; "
  done
done
echo "$said"
right="403 text shown; 403 json hidden; 403 html hidden; 429 text shown; 429 json hidden; 429 html hidden; "
right+="503 text shown; 503 json hidden; 503 html hidden; "
[ "$said" = "$right" ] || { echo "changed: git shows other reasons"; exit 1; }
