"""GitHub's own description of its REST API as a witness: requests and answers are checked against it.

``watching`` holds every hub of the process against it; ``tests/conftest.py`` does so around each test. Where the
description is not beside the checkout it knows nothing, which fails when CI=true and is said at the end of the run
elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from simhub import Hub
from simhub.requestlog import RequestRecord
from tests.support import published
from tests.support.notrun import did_not_run

_BASE = "urn:github"


class OpenApi:
    def __init__(self, document: dict[str, Any]) -> None:
        self.document = _as_json_schema(document)
        _mend(self.document)
        self.registry = jsonschema_rs.Registry([(_BASE, self.document)], draft=jsonschema_rs.Draft202012)
        self.validators: dict[str, Any] = {}
        self.operations: dict[tuple[str, str], tuple[str, dict[str, Any]] | None] = {}
        self.sound: set[tuple[str, str]] = set()  # bodies without an error, most of which come again and again

    @cached_property
    def templates(self) -> list[tuple[re.Pattern[str], str, tuple[bool, int]]]:
        found = []
        for template in self.document["paths"]:
            tail = {"{path}", "{ref}", "{basehead}", "{branch}"}
            parts = []
            for part in template.split("/"):
                if part.startswith("{"):
                    parts.append(".+" if part in tail else "[^/]+")
                else:
                    parts.append(re.escape(part))
            found.append((re.compile("/".join(parts)), template, (".+" in parts, -len(re.sub("{.*?}", "", template)))))
        return sorted(found, key=lambda item: item[2])

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        if (method, path) not in self.operations:
            self.operations[method, path] = self._operation(method, path)
        return self.operations[method, path]

    def _operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        for pattern, template, _ in self.templates:
            operation = self.document["paths"][template].get(method.lower())
            if operation and pattern.fullmatch(path):
                return template, operation
        return None

    def request_errors(
        self, method: str, path: str, query: Mapping[str, str], body: Any, read: bool = True
    ) -> list[str]:
        """List the errors of a request by GitHub's description.

        Unknown endpoints, parameters and keys are errors too. ``read=False`` where ``body`` is None because the hub
        refused before it read one.
        """
        found = self.operation(method, path)
        if found is None:
            return [f"{method} {path}: GitHub has no such endpoint"]
        template, operation = found
        key = f"{method} {template}"
        errors = [f"{key}?{problem}" for problem in self._query_errors(operation, query)]
        described = operation.get("requestBody", {})
        if body is None:
            return errors + ([f"{key}: a body is required"] if read and described.get("required") else [])
        known = set(self._keys(described.get("content", {}).get("application/json", {}).get("schema", {})))
        if known and isinstance(body, dict):
            errors += [f"{key}: GitHub knows no key {name}" for name in sorted(body.keys() - known)]
        return errors + self._errors(f"{key} request", ["paths", template, method.lower(), "requestBody"], body)

    def _query_errors(self, operation: dict[str, Any], query: Mapping[str, str]) -> Iterator[str]:
        listed = [self._resolved(each) for each in operation.get("parameters", [])]
        known = {each["name"]: each for each in listed if each["in"] == "query"}
        yield from (f"{name}: GitHub knows no such parameter" for name in query.keys() - known.keys())
        yield from (f"{name}: required" for name, each in known.items() if each.get("required") and name not in query)
        for name in query.keys() & known.keys():
            schema, value = known[name]["schema"], query[name]
            if schema.get("type") == "integer" and not value.isdigit():
                yield f"{name}: {value} is no integer"
            if value not in schema.get("enum", [value]):
                yield f"{name}: {value} is none of {schema['enum']}"

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            found: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def _keys(self, schema: dict[str, Any]) -> Iterator[str]:
        """Every key an object may have by its description, whichever alternative it takes."""
        schema = self._resolved(schema)
        yield from schema.get("properties", ())
        for word in ("oneOf", "anyOf", "allOf"):
            for each in schema.get(word, ()):
                yield from self._keys(each)

    def response_errors(self, method: str, path: str, status: int, body: Any) -> list[str]:
        found = self.operation(method, path)
        if found is None or isinstance(body, bytes):
            return []
        answer = found[1]["responses"].get(str(status))
        if answer is None:
            # A rename redirects every endpoint, a refusal may meet any: the description lists them for some.
            return [] if status >= 300 else [f"{method} {found[0]}: GitHub does not answer {status} here"]
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
        text = json.dumps(body)
        if (key, text) in self.sound:
            return []
        errors = [
            f"{key}: {'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
            for error in self.validators[key].iter_errors(json.loads(text))
        ]
        if not errors:
            self.sound.add((key, text))
        return errors


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
    # A refusal by a ruleset is a basic error too, so "exactly one of both" can never hold.
    for method in ("put", "delete"):
        refused = document["paths"]["/repos/{owner}/{repo}/contents/{path}"][method]["responses"]["409"]
        schema = refused.get("content", {}).get("application/json", {}).get("schema", {})
        if "oneOf" in schema:
            schema["anyOf"] = schema.pop("oneOf")
    # An outdated comment has no line and no position. One shape of it says so of ``position``; an example webhook has
    # a null ``line``.
    for shape in ("pull-request-review-comment", "review-comment"):
        known = document["components"]["schemas"][shape]["properties"]
        known |= {name: {"type": ["integer", "null"]} for name in ("line", "position")}


@cache
def description() -> OpenApi | None:
    """GitHub's description, read once; None where it is missing (see ``needs("openapi")``)."""
    document = published.read(published.OPENAPI)
    return None if document is None else OpenApi(document)


_RENAMED = re.compile(r"^/repositories/\d+")


class Witness:
    """Goes to ``Hub.watchers``: holds what is asked and answered against GitHub's description.

    ``asked=False`` where wrong requests are the point of the tests. Not looked at: git, GraphQL (the hub refuses what
    its schema lacks), and answers that a fault replaced.
    """

    def __init__(self, asked: bool = True) -> None:
        self.asked = asked
        self.violations: set[str] = set()
        self.heard: list[tuple[RequestRecord, object]] = []

    def __call__(self, record: RequestRecord, answer: object) -> None:
        """Only listen: reading the description takes a second, in which the hub could not answer."""
        if record.kind != "git" and record.path != "/graphql":
            self.heard.append((record, answer))

    def judge(self) -> set[str]:
        """Hold what was heard so far against the description; all violations up to now."""
        openapi = description() if self.heard else None
        if openapi is None:
            return self.violations
        for record, answer in self.heard:
            # Redirects after a rename lead to /repositories/ID, which the description does not list.
            path = _RENAMED.sub("/repos/octo/renamed", record.path)
            if self.asked:
                read = record.status < 400
                found = openapi.request_errors(record.method, path, record.query, record.body, read)
                self.violations.update(found)
            if not record.faulted:
                self.violations.update(openapi.response_errors(record.method, path, record.status, answer))
        self.heard.clear()
        return self.violations

    def check(self) -> None:
        """Raises AssertionError that names every violation; with CI=true also where nothing could be compared."""
        self.judge()
        if self.heard:
            did_not_run("requests and answers against GitHub's OpenAPI", "openapi")
        assert not self.violations, "\n".join(sorted(self.violations))


@contextmanager
def watching(asked: bool = True) -> Iterator[Witness]:
    """A witness on every hub of this process; raises AssertionError at the end if it saw violations."""
    witness = Witness(asked)
    Hub.watchers.append(witness)
    try:
        yield witness
    finally:
        Hub.watchers.remove(witness)
        witness.check()
