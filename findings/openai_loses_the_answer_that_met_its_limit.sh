#!/usr/bin/env bash
# What does openai's get_final_response() return of an answer that was cut at max_output_tokens?
#
# Seen with openai 3.57.0 against a server on this machine: nothing, it raises RuntimeError, "Didn't receive a
# `response.completed` event", though the stream ended as documented, with response.incomplete, the text and the usage.
# The same answer without streaming is returned with the status "incomplete". It is the same with response.failed. The
# RuntimeError is no OpenAIError and holds no response, so the text is lost, and so are 26 tokens that were billed.
# Read the events instead, and take the response from whichever of the three comes last.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --no-compile openai==3.57.0
env -i PATH="$PATH" env/bin/python - <<'PY'
import http.server
import json
import sys
import threading

import openai

USAGE = {"input_tokens": 10, "output_tokens": 16, "total_tokens": 26, "input_tokens_details": {"cached_tokens": 0},
         "output_tokens_details": {"reasoning_tokens": 0}}
SAID = {"id": "i", "type": "message", "role": "assistant", "status": "incomplete",
        "content": [{"type": "output_text", "text": "Half", "annotations": []}]}
RESPONSE = {"id": "r", "object": "response", "created_at": 1, "model": "m", "parallel_tool_calls": True, "tools": [],
            "tool_choice": "auto"}
END = {
    "completed": {"status": "completed", "output": [SAID], "usage": USAGE},
    "incomplete": {"status": "incomplete", "output": [SAID], "usage": USAGE,
                   "incomplete_details": {"reason": "max_output_tokens"}},
    "failed": {"status": "failed", "output": [], "usage": USAGE, "error": {"code": "server_error", "message": "Sorry"}},
}


class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = {**RESPONSE, **END[asked["input"]]}
        kind, body = "application/json", json.dumps(answer)
        if asked.get("stream"):
            begun = {"type": "response.created", "sequence_number": 0, "response": {**RESPONSE, "output": []}}
            ended = {"type": f"response.{asked['input']}", "sequence_number": 1, "response": answer}
            kind = "text/event-stream"
            body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in (begun, ended))
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="k")


def streamed(end):
    try:
        with client.responses.stream(model="m", input=end) as stream:
            response = stream.get_final_response()
    except RuntimeError as error:
        return f"{error}", isinstance(error, openai.OpenAIError)
    return response.status, response.usage.total_tokens


def whole(end):
    response = client.responses.create(model="m", input=end)
    return response.status, response.usage.total_tokens


seen = {end: (whole(end), streamed(end)) for end in END}
for end, ways in seen.items():
    print(f"{end}: without streaming {ways[0]}, with get_final_response() {ways[1]}")
missed = "Didn't receive a `response.completed` event.", False
wanted = {
    "completed": (("completed", 26), ("completed", 26)),
    "incomplete": (("incomplete", 26), missed),
    "failed": (("failed", 26), missed),
}
sys.exit(0 if seen == wanted else "changed: how streamed responses end")
PY
