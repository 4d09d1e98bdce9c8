#!/usr/bin/env bash
# When does Alertmanager send a notification again that its receiver refused with a 4xx?
#
# Seen with Debian's prometheus-alertmanager 0.25.0-1+b4, group_interval 1 s, repeat_interval 4 h. A receiver that
# answers 200 gets one request; one that answers 400 gets the same body again at every group_interval, not at
# repeat_interval, for as long as the alert lives, although the log calls the error unrecoverable; one that answers
# 429 with "Retry-After: 3600" too. A receiver that does not want an alert has to answer 2xx; a 4xx makes a loop.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download prometheus-alertmanager=0.25.0-1+b4 >/dev/null 2>&1
dpkg -x prometheus-alertmanager_*.deb .
"${PYTHON:-python3}" - <<'PY'
import http.server
import json
import pathlib
import socket
import subprocess
import sys
import threading
import time
import urllib.request

bodies = {"/200": [], "/400": [], "/429": []}


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        bodies[self.path].append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(int(self.path[1:]))
        if self.path == "/429":
            self.send_header("Retry-After", "3600")
        self.end_headers()

    def log_message(self, *_):
        pass


receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
hooks = ", ".join(f'{{url: "http://127.0.0.1:{receiver.server_port}{path}"}}' for path in bodies)
with open("config.yml", "w") as file:
    file.write(f"""
route: {{receiver: all, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 4h}}
receivers: [{{name: all, webhook_configs: [{hooks}]}}]
templates: []
""")
with socket.create_server(("127.0.0.1", 0)) as free:
    listen = f"127.0.0.1:{free.getsockname()[1]}"
options = ["--config.file=config.yml", "--storage.path=data", "--cluster.listen-address=", f"--web.listen-address={listen}"]
with open("log", "wb") as log:
    manager = subprocess.Popen(["usr/bin/prometheus-alertmanager", *options], stderr=log)
try:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://{listen}/-/ready")
            break
        except OSError:
            time.sleep(0.1)
    alert = json.dumps([{"labels": {"alertname": "Down"}}]).encode()
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"http://{listen}/api/v2/alerts", alert, headers))
    for _ in range(300):
        if min(len(bodies["/400"]), len(bodies["/429"])) >= 4:
            break
        time.sleep(0.1)
finally:
    manager.kill()
    manager.wait()
counts = {path: len(sent) for path, sent in bodies.items()}
unrecoverable = "unrecoverable error" in pathlib.Path("log").read_text()
print(f"requests: {counts}; called unrecoverable: {unrecoverable}")
refused = [bodies["/400"], bodies["/429"]]
same = all(len(sent) >= 4 and len(set(sent)) == 1 for sent in refused)
sys.exit(0 if counts["/200"] == 1 and same and unrecoverable else "changed: refused notifications are sent otherwise")
PY
