#!/usr/bin/env bash
# How long do the SDKs of two model providers wait by themselves when Retry-After names two hours?
#
# Seen with anthropic 2.16.0 and openai 3.57.0, both with timeout=1 and max_retries=1, answered 429 with "Retry-After:
# 7200" and then 200. openai does not wait and raises RateLimitError (it waits no longer than two minutes). anthropic
# sleeps 7200 seconds inside the call and then returns the answer: its only bound is above four million seconds, and
# timeout, which one would expect to end the call, holds for each attempt and not for the sleep between them. A worker
# that asks with this SDK's own retries can be gone for hours without a line in a log or an exception.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --no-compile anthropic==2.16.0 openai==3.57.0
env -i PATH="$PATH" env/bin/python - <<'PY'
import sys
import time

import anthropic
import httpx2
import openai

MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "Hello"}],
           "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}
CHOICE = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}
COMPLETION = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [CHOICE]}
slept = []
time.sleep = lambda seconds: slept.append(round(seconds))


def see(ask, client, answer):
    slept.clear()
    answers = [httpx2.Response(429, headers={"Retry-After": "7200"}, json={}), httpx2.Response(200, json=answer)]
    http = httpx2.Client(transport=httpx2.MockTransport(lambda _: answers.pop(0)))
    given = {"api_key": "k", "base_url": "http://127.0.0.1/v1", "timeout": 1, "max_retries": 1, "http_client": http}
    try:
        ended = type(ask(client(**given))).__name__
    except Exception as error:
        ended = type(error).__name__
    return list(slept), ended


messages = [{"role": "user", "content": "Hello"}]
seen = {
    "openai": see(lambda api: api.chat.completions.create(model="m", messages=messages), openai.OpenAI, COMPLETION),
    "anthropic": see(
        lambda api: api.messages.create(model="m", max_tokens=9, messages=messages), anthropic.Anthropic, MESSAGE
    ),
}
print(f"seconds slept, and what the call ended with: {seen}")
wanted = {"openai": ([], "RateLimitError"), "anthropic": ([7200], "Message")}
sys.exit(0 if seen == wanted else "changed: an SDK treats a long Retry-After in another way")
PY
