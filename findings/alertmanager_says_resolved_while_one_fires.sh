#!/usr/bin/env bash
# Does Alertmanager's webhook say "resolved" only when all alerts of the group are?
#
# Seen with Debian's prometheus-alertmanager 0.25.0-1+b4 and max_alerts: 1. Two alerts of one group fire, the first of
# them by its labels is resolved, the second still fires. The body says status "resolved", lists the resolved alert
# alone, and "truncatedAlerts": 1: the list is cut by labels, whatever still fires, and the status is that of what is
# left. Without the limit the same group is "firing". A receiver that closes an incident at "resolved" closes one that
# goes on; it has to leave it open while truncatedAlerts is not 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download prometheus-alertmanager=0.25.0-1+b4 >/dev/null 2>&1
dpkg -x prometheus-alertmanager_*.deb .
"${PYTHON:-python3}" - <<'PY'
import datetime
import http.server
import json
import queue
import socket
import subprocess
import sys
import threading
import time
import urllib.request

bodies = {"/all": queue.Queue(), "/one": queue.Queue()}


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        bodies[self.path].put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{receiver.server_port}"
with open("config.yml", "w") as file:
    file.write(f"""
route: {{receiver: both, group_by: [alertname], group_wait: 2s, group_interval: 2s, repeat_interval: 1h}}
receivers:
- name: both
  webhook_configs: [{{url: "{here}/all"}}, {{url: "{here}/one", max_alerts: 1}}]
templates: []
""")
with socket.create_server(("127.0.0.1", 0)) as free:
    listen = f"127.0.0.1:{free.getsockname()[1]}"
options = ["--config.file=config.yml", "--storage.path=data", "--cluster.listen-address=", f"--web.listen-address={listen}"]
manager = subprocess.Popen(["usr/bin/prometheus-alertmanager", *options], stderr=subprocess.DEVNULL)


def post(*alerts):
    sent = [{**alert, "labels": {"alertname": "Down", **alert["labels"]}} for alert in alerts]
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"http://{listen}/api/v2/alerts", json.dumps(sent).encode(), headers))


def tell(path):
    body = bodies[path].get(timeout=20)
    shown = [(alert["labels"]["instance"], alert["status"]) for alert in body["alerts"]]
    return body["status"], shown, body["truncatedAlerts"]


try:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://{listen}/-/ready")
            break
        except OSError:
            time.sleep(0.1)
    post({"labels": {"instance": "a"}}, {"labels": {"instance": "b"}})
    before = {path: tell(path) for path in bodies}
    post({"labels": {"instance": "a"}, "endsAt": datetime.datetime.now(datetime.UTC).isoformat()})
    after = {path: tell(path) for path in bodies}
finally:
    manager.kill()
    manager.wait()
for seen in (before, after):
    print(seen)
wanted_before = {
    "/all": ("firing", [("a", "firing"), ("b", "firing")], 0),
    "/one": ("firing", [("a", "firing")], 1),
}
wanted_after = {
    "/all": ("firing", [("a", "resolved"), ("b", "firing")], 0),
    "/one": ("resolved", [("a", "resolved")], 1),
}
sys.exit(0 if (before, after) == (wanted_before, wanted_after) else "changed: the status of a cut group is another")
PY
