#!/usr/bin/env bash
# Which errors does anthropic's SDK raise when a stream that has begun breaks?
#
# Seen with anthropic 2.16.0 against a server on this machine: others than for a call. Where the connection is lost in
# the middle, httpx2.RemoteProtocolError comes out, where nothing comes for longer than the timeout, httpx2.ReadTimeout:
# neither an APIError of the SDK's nor (it is another library) an httpx.HTTPError. Where the server sends the event
# "error" with overloaded_error, it is an APIStatusError with the status 200, so that neither OverloadedError nor a look
# at the status finds it, only its body. None of the three is tried again. openai 3.57.0 turns the first two into its own
# APIConnectionError and APITimeoutError. Who streams has to catch errors of the transport, and to read the type in the body.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --no-compile anthropic==2.16.0 openai==3.57.0
env -i PATH="$PATH" env/bin/python - <<'PY'
import http.server
import json
import sys
import threading

import anthropic
import openai

USAGE = {"input_tokens": 1, "output_tokens": 1}
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
           "stop_sequence": None, "usage": USAGE}
CHOICE = {"index": 0, "finish_reason": None, "delta": {"role": "assistant", "content": "Hel"}}
EVENTS = {
    "/v1/messages": {"type": "message_start", "message": MESSAGE},
    "/v1/chat/completions": {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [CHOICE]},
}
BUSY = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
asked, heard, way = [], threading.Event(), [""]


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, event):
        text = f"event: {event.get('type', 'message')}\ndata: {json.dumps(event)}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        asked.append(self.path)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self.say(EVENTS[self.path])
        if way[0] == "error":
            self.say(BUSY)
        if way[0] == "silent":
            heard.wait(60)
        self.close_connection = True


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
origin = f"http://127.0.0.1:{server.server_port}"
given = {"api_key": "k", "timeout": 1, "max_retries": 2}
messages = [{"role": "user", "content": "Hello"}]
claude = anthropic.Anthropic(base_url=origin, **given)
gpt = openai.OpenAI(base_url=f"{origin}/v1", **given)
calls = {
    "anthropic": lambda: claude.messages.create(model="m", max_tokens=9, messages=messages, stream=True),
    "openai": lambda: gpt.chat.completions.create(model="m", messages=messages, stream=True),
}
seen = {}
ways = [("anthropic", "lost"), ("anthropic", "silent"), ("anthropic", "error"), ("openai", "lost"), ("openai", "silent")]
for name, way[0] in ways:
    asked.clear()
    heard.clear()
    try:
        list(calls[name]())
        ended = "no error"
    except Exception as error:
        kind, status = type(error), getattr(error, "status_code", "")
        ended = f"{kind.__module__}.{kind.__name__} {status}".strip()
    heard.set()
    seen[name, way[0]] = ended, len(asked)
    print(f"{name}, {way[0]}: {ended}, asked {len(asked)} times")
wanted = {
    ("anthropic", "lost"): ("httpx2.RemoteProtocolError", 1),
    ("anthropic", "silent"): ("httpx2.ReadTimeout", 1),
    ("anthropic", "error"): ("anthropic.APIStatusError 200", 1),
    ("openai", "lost"): ("openai.APIConnectionError", 1),
    ("openai", "silent"): ("openai.APITimeoutError", 1),
}
sys.exit(0 if seen == wanted else "changed: streams fail with other errors")
PY
