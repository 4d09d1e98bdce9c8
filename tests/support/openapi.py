"""GitHub's own description of its REST API as a witness: requests and answers are checked against it.

``OpenApi.load()`` is None where the description is not beside the checkout; that fails when CI=true, and is said
aloud in pytest's warnings elsewhere.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import warnings
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema_rs

_BASE = "urn:github"
FIXTURE = Path(__file__).parents[2].parent / "shared" / "fixtures" / "github-openapi.json.gz"


class OpenApi:
    def __init__(self, document: dict[str, Any]) -> None:
        self.document = _as_json_schema(document)
        _mend(self.document)
        self.registry = jsonschema_rs.Registry([(_BASE, self.document)], draft=jsonschema_rs.Draft202012)
        self.validators: dict[str, Any] = {}

    @classmethod
    def load(cls) -> OpenApi | None:
        if FIXTURE.exists():
            return cls(json.loads(gzip.decompress(FIXTURE.read_bytes())))
        message = f"checks against GitHub's OpenAPI description did not run: {FIXTURE.name} is not in shared/fixtures"
        assert os.environ.get("CI") != "true", message
        warnings.warn(message, stacklevel=2)
        return None

    @cached_property
    def templates(self) -> list[tuple[re.Pattern[str], str, tuple[bool, int]]]:
        found = []
        for template in self.document["paths"]:
            tail = {"{path}", "{ref}", "{basehead}", "{branch}"}
            parts = [
                (".+" if part in tail else "[^/]+") if part.startswith("{") else re.escape(part)
                for part in template.split("/")
            ]
            found.append((re.compile("/".join(parts)), template, (".+" in parts, -len(re.sub("{.*?}", "", template)))))
        return sorted(found, key=lambda item: item[2])

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        for pattern, template, _ in self.templates:
            operation = self.document["paths"][template].get(method.lower())
            if operation and pattern.fullmatch(path):
                return template, operation
        return None

    def request_errors(self, method: str, path: str, body: Any) -> list[str]:
        """What GitHub's description holds against a request; an unknown endpoint is an error too."""
        found = self.operation(method, path)
        if found is None:
            return [f"{method} {path}: GitHub has no such endpoint"]
        place = ["paths", found[0], method.lower(), "requestBody"]
        return [] if body is None else self._errors(f"{method} {found[0]} request", place, body)

    def response_errors(self, method: str, path: str, status: int, body: Any) -> list[str]:
        found = self.operation(method, path)
        if found is None or isinstance(body, bytes):
            return []
        answer = found[1]["responses"].get(str(status))
        if answer is None:
            return [] if status >= 304 else [f"{method} {found[0]}: GitHub does not answer {status} here"]
        place = ["paths", found[0], method.lower(), "responses", str(status)]
        if "$ref" in answer:
            place = answer["$ref"].removeprefix("#/").split("/")
        return self._errors(f"{method} {found[0]} {status}", place, body)

    def _errors(self, key: str, place: list[str], body: Any) -> list[str]:
        """Hold a body against the JSON schema below a request or response of the document."""
        place = [*place, "content", "application/json", "schema"]
        node: Any = self.document
        for part in place:
            if part not in node:
                return []
            node = node[part]
        if key not in self.validators:
            pointer = "/".join(quote(part.replace("~", "~0").replace("/", "~1")) for part in place)
            self.validators[key] = jsonschema_rs.Draft202012Validator(
                {"$ref": f"{_BASE}#/{pointer}"}, registry=self.registry
            )
        plain = json.loads(json.dumps(body))
        return [
            f"{key}: {'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
            for error in self.validators[key].iter_errors(plain)
        ]


def _as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0 differs from JSON Schema in ``nullable``; examples only cost time."""
    if isinstance(node, list):
        return [_as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _as_json_schema(value) for key, value in node.items() if key not in ("example", "examples")}
    if made.pop("nullable", False) is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made


def _mend(document: dict[str, Any]) -> None:
    """Listed exceptions, each with its reason."""
    # The list of installations demands that an account is a user *and* an enterprise; the single one has "or".
    answer = document["paths"]["/app/installations"]["get"]["responses"]["200"]["content"]["application/json"]
    answer["schema"]["items"] = {"$ref": "#/components/schemas/installation"}
