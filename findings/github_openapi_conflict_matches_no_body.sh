#!/usr/bin/env bash
# Does GitHub's own OpenAPI description accept the body of a refused write to a file?
#
# Seen with @octokit/openapi 23.0.2 (GitHub's description, api.github.com): the 409 of
# PUT /repos/{owner}/{repo}/contents/{path} is oneOf(basic-error, repository-rule-violation-error). Neither has a
# required property, so each valid body matches both, and oneOf wants exactly one: a validator refuses every object,
# the plainest error included. Whoever holds answers against the description has to read this oneOf as anyOf.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" @octokit/openapi@23.0.2
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jsonschema-rs==0.49.2
"$folder/venv/bin/python" - "$folder/node_modules/@octokit/openapi/generated/api.github.com.json" <<'PY'
import json
import sys

import jsonschema_rs

document = json.load(open(sys.argv[1], encoding="utf-8"))
answers = document["paths"]["/repos/{owner}/{repo}/contents/{path}"]["put"]["responses"]
schema = answers["409"]["content"]["application/json"]["schema"]
components = {"components": document["components"]}
names = [branch["$ref"].rsplit("/", 1)[1] for branch in schema["oneOf"]]
body = {"message": "notes.txt does not match 95b966ae", "documentation_url": "https://docs.github.com/rest", "status": "409"}
alone = [jsonschema_rs.is_valid({**branch, **components}, body) for branch in schema["oneOf"]]
one, any_of = ({kind: schema["oneOf"], **components} for kind in ("oneOf", "anyOf"))
seen = dict(zip(names, alone, strict=True)), jsonschema_rs.is_valid(one, body), jsonschema_rs.is_valid(any_of, body)
print("each branch alone:", seen[0])
print("oneOf, as described:", seen[1])
print("anyOf:", seen[2])
wanted = {"basic-error": True, "repository-rule-violation-error": True}, False, True
sys.exit(0 if seen == wanted else "changed: the description reads the body in another way")
PY
