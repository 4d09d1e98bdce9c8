#!/usr/bin/env bash
# Whose account does a call name when the key is given in code and the environment holds another account's settings?
#
# Seen with openai 3.52.0 and anthropic 2.11.0: both. openai sends the given key together with the organization and
# the project of OPENAI_ORG_ID and OPENAI_PROJECT_ID; organization="" sends an empty header instead of none. anthropic
# sends the given api_key as "Authorization: Bearer", not as the x-api-key that its API documents, so a gateway that
# reads x-api-key finds none. A server with keys of several accounts has to clear these variables.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check openai==3.52.0 anthropic==2.11.0
env -u ANTHROPIC_AUTH_TOKEN OPENAI_ORG_ID=org-of-the-server OPENAI_PROJECT_ID=project-of-the-server \
  "$folder/env/bin/python" - <<'PY'
import anthropic
import httpx2
import openai

sent = []


def answer(request):
    sent.append(request.headers)
    return httpx2.Response(400, json={"error": {"message": "refused"}})


def client():
    return httpx2.Client(transport=httpx2.MockTransport(answer))


asked = [{"role": "user", "content": "Hello"}]
for organization in (None, ""):
    key = {"api_key": "key-of-a-tenant", "organization": organization, "base_url": "http://127.0.0.1/v1"}
    try:
        openai.OpenAI(**key, http_client=client(), max_retries=0).chat.completions.create(model="m", messages=asked)
    except openai.BadRequestError:
        pass
try:
    key = {"api_key": "key-of-a-tenant", "base_url": "http://127.0.0.1"}
    anthropic.Anthropic(**key, http_client=client(), max_retries=0).messages.create(
        model="m", max_tokens=5, messages=asked
    )
except anthropic.BadRequestError:
    pass
ambient, emptied, claude = sent
names = ("authorization", "openai-organization", "openai-project", "x-api-key")
for who, headers in (("openai", ambient), ("openai, organization=''", emptied), ("anthropic", claude)):
    print(who, {name: headers[name] for name in names if name in headers})
assert ambient["authorization"] == "Bearer key-of-a-tenant", "changed: openai sends the key another way"
assert ambient["openai-organization"] == "org-of-the-server", "changed: openai no longer adds the organization"
assert ambient["openai-project"] == "project-of-the-server", "changed: openai no longer adds the project"
assert emptied["openai-organization"] == "", "changed: an empty organization is left out or replaced"
assert claude["authorization"] == "Bearer key-of-a-tenant", "changed: anthropic sends the key another way"
assert "x-api-key" not in claude, "changed: anthropic sends x-api-key"
PY
