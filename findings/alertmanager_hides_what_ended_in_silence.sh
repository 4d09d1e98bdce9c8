#!/usr/bin/env bash
# What does Alertmanager tell a receiver of an alert that is resolved while it is silenced?
#
# Seen with Debian's prometheus-alertmanager 0.25.0-1+b4, group_interval 1 s, repeat_interval 4 h. Two alerts fire and
# are sent. One of them is silenced for seconds, both are resolved in that time, and the silence ends. One would expect
# "resolved" for both, the silenced one by then at the latest: it never comes, and the API lists no alert any more.
# Worse, when both fire again, with a new startsAt, only the one that was not silenced is sent: Alertmanager still
# counts the other as notified, until repeat_interval is over. A receiver keeps an incident open that has ended, and is
# not told of the next one. It has to ask the API for the alerts that are there, now and then.
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
import socket
import subprocess
import sys
import threading
import time
import urllib.request

sent = []


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sent.append((body["groupLabels"]["alertname"], body["status"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
with open("config.yml", "w") as file:
    file.write(f"""
route: {{receiver: all, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 4h}}
receivers: [{{name: all, webhook_configs: [{{url: "http://127.0.0.1:{receiver.server_port}/"}}]}}]
templates: []
""")
with socket.create_server(("127.0.0.1", 0)) as free:
    listen = f"127.0.0.1:{free.getsockname()[1]}"
options = ["--config.file=config.yml", "--storage.path=data", "--cluster.listen-address=", f"--web.listen-address={listen}"]


def now(seconds=0):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


def ask(path, body=None):
    request = urllib.request.Request(f"http://{listen}{path}", body and json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    return json.loads(urllib.request.urlopen(request).read() or "null")


def post(**times):
    ask("/api/v2/alerts", [{"labels": {"alertname": name}, **times} for name in ("Silenced", "Plain")])


def wait(condition):
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    sys.exit("changed: Alertmanager did not come so far")


def take():
    taken = sorted(sent)
    sent.clear()
    return taken


with open("log", "wb") as log:
    manager = subprocess.Popen(["usr/bin/prometheus-alertmanager", *options], stderr=log)
try:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://{listen}/-/ready")
            break
        except OSError:
            time.sleep(0.1)
    first = now()
    post(startsAt=first)
    wait(lambda: len(sent) == 2)
    fired = take()
    matcher = {"name": "alertname", "value": "Silenced", "isRegex": False}
    ask("/api/v2/silences", {"matchers": [matcher], "startsAt": now(), "endsAt": now(6), "createdBy": "x", "comment": "x"})
    post(startsAt=first, endsAt=now())
    wait(lambda: sent)
    wait(lambda: ask("/api/v2/silences")[0]["status"]["state"] == "expired")
    time.sleep(5)
    resolved, listed = take(), ask("/api/v2/alerts")
    post(startsAt=now())
    wait(lambda: sent)
    time.sleep(5)
    again = take()
    active = sorted(alert["labels"]["alertname"] for alert in ask("/api/v2/alerts") if alert["status"]["state"] == "active")
finally:
    manager.kill()
    manager.wait()
print(f"fired: {fired}; resolved: {resolved}, {len(listed)} alerts listed; again: {again}, active: {active}")
both = [("Plain", "firing"), ("Silenced", "firing")]
right = fired == both and resolved == [("Plain", "resolved")] and not listed
right = right and again == [("Plain", "firing")] and active == ["Plain", "Silenced"]
sys.exit(0 if right else "changed: what is sent of an alert that was silenced")
PY
