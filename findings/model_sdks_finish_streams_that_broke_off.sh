#!/usr/bin/env bash
# Does get_final_message() of a model's SDK fail when the stream ended before the message did?
#
# Seen with anthropic 2.16.0 and openai 3.57.0 against a server on this machine that closes the stream properly, as a
# proxy does at its time limit, but in the middle of an answer: no. Both return what was there. anthropic's tool call has
# an input that is a good dict, because half JSON is completed: the last, broken field is left out without a word. The
# usage is that of the first event, one token of output, however many were written and are billed; openai's is None.
# Only stop_reason and finish_reason, which are None, tell. Without them there is no answer to act on, and no bill.
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

CALL = '{"path": "cart.py", "dry_run": true, "text": "def add('
USAGE = {"input_tokens": 10, "output_tokens": 1}
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
           "stop_sequence": None, "usage": USAGE}
TOOL = {"type": "tool_use", "id": "t", "name": "write", "input": {}}
CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
EVENTS = {
    "/v1/messages": [
        {"type": "message_start", "message": MESSAGE},
        {"type": "content_block_start", "index": 0, "content_block": TOOL},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": CALL}},
    ],
    "/v1/chat/completions": [
        {**CHUNK, "choices": [{"index": 0, "finish_reason": None, "delta": {"role": "assistant", "content": "Never"}}]},
    ],
}


class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        events = EVENTS[self.path]
        body = "".join(f"event: {event.get('type', 'message')}\ndata: {json.dumps(event)}\n\n" for event in events)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
origin = f"http://127.0.0.1:{server.server_port}"
messages = [{"role": "user", "content": "Hello"}]
claude = anthropic.Anthropic(base_url=origin, api_key="k")
gpt = openai.OpenAI(base_url=f"{origin}/v1", api_key="k")
with claude.messages.stream(model="m", max_tokens=99, messages=messages) as stream:
    message = stream.get_final_message()
with gpt.chat.completions.stream(model="m", messages=messages, stream_options={"include_usage": True}) as stream:
    completion = stream.get_final_completion()
choice = completion.choices[0]
seen = {
    "anthropic": (message.content[0].input, message.stop_reason, message.usage.output_tokens),
    "openai": (choice.message.content, choice.finish_reason, completion.usage),
}
print(seen)
wanted = {"anthropic": ({"path": "cart.py", "dry_run": True}, None, 1), "openai": ("Never", None, None)}
sys.exit(0 if seen == wanted else "changed: what the SDKs return of a stream that broke off")
PY
