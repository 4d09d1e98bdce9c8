"""Parse JSON in answers: providers promise it and break it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.models.port import BadAnswer, ToolCall

Schema = Mapping[str, Any]
STRING = {"type": "string"}
INTEGER = {"type": "integer"}
BOOLEAN = {"type": "boolean"}
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
}
_UNPORTABLE = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"}
_UNPORTABLE |= {"minItems", "maxItems", "uniqueItems", "pattern", "format", "default"}
_NAMED = {"properties", "$defs"}


def closed_object(**properties: Schema) -> dict[str, Any]:
    """Describe an object that has all of these properties and no other."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def array_of(item: Schema) -> dict[str, Any]:
    """Describe an array of such items."""
    return {"type": "array", "items": item}


def parse_tool_call(identity: str, name: str, arguments: str) -> ToolCall:
    """Parse a tool call; ``error`` tells the model if it is no object."""
    try:
        value = json.loads(arguments or "{}")
    except (ValueError, RecursionError) as error:
        return ToolCall(id=identity, name=name, arguments={}, error=f"The arguments are not valid JSON: {error}")
    if not isinstance(value, dict):
        return ToolCall(id=identity, name=name, arguments={}, error="The arguments must be a JSON object.")
    return ToolCall(id=identity, name=name, arguments=value)


def parse_begun(text: str) -> dict[str, Any] | None:
    """Parse an object of lists as far as its items are whole.

    None where ``text``, which may break off anywhere, ends its last brace elsewhere than behind an item.
    """
    try:
        value = json.loads(text[: text.rfind("}") + 1] + "]}")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def parse(text: str, schema: Schema) -> Any:
    """Parse JSON (bare or in one fence), or raise :class:`BadAnswer`."""
    # A pattern for the fence would try every arrangement of a long answer's blanks.
    first, _, rest = text.strip().partition("\n")
    if first.rstrip() in {"```", "```json"} and rest.endswith("```"):
        text = rest.removesuffix("```")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"The answer is not JSON: {error}.") from None
    wrong = list(find_violations(value, schema))
    if wrong:
        raise BadAnswer("The answer does not follow its schema: " + "; ".join(wrong[:5]) + ".")
    return value


def make_portable(schema: Schema) -> dict[str, Any]:
    """Drop keywords providers reject; :func:`parse` still checks them."""
    out = {key: _portable_value(key, value) for key, value in schema.items() if key not in _UNPORTABLE}
    if out.get("type") == "object":
        out.setdefault("additionalProperties", False)
    return out


def is_strict(schema: Schema) -> bool:
    """Return True if every object is closed and requires all properties."""
    if schema.get("type") == "object":
        closed = schema.get("additionalProperties", False) is False
        if not closed or set(schema.get("properties", {})) != set(schema.get("required", ())):
            return False
    return all(is_strict(part) for part in _list_parts(schema))


def find_violations(value: object, schema: Schema, where: str = "$", root: Schema | None = None) -> Iterator[str]:
    """Yield where ``value`` breaks the part of JSON Schema that we use."""
    root = schema if root is None else root
    if "$ref" in schema:
        found: Any = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found[part]
        yield from find_violations(value, found, where, root)
    if not _has_type(value, schema.get("type")):
        yield f"{where} is {type(value).__name__}, not {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is not one of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{where} is not {schema['const']!r}"
    options = schema.get("anyOf") or schema.get("oneOf") or ()
    if options and all(any(find_violations(value, option, where, root)) for option in options):
        yield f"{where} fits none of its {len(options)} alternatives"
    yield from _find_in_sizes(value, schema, where)
    if isinstance(value, dict):
        yield from _find_in_members(value, schema, where, root)
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for index, item in enumerate(value):
            yield from find_violations(item, schema["items"], f"{where}[{index}]", root)


def _find_in_members(value: Mapping[str, Any], schema: Schema, where: str, root: Schema) -> Iterator[str]:
    known: Mapping[str, Schema] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where}.{name} is missing"
    extra = schema.get("additionalProperties", True)
    for name, member in value.items():
        if name in known:
            yield from find_violations(member, known[name], f"{where}.{name}", root)
        elif extra is False:
            yield f"{where}.{name} is not known"
        elif isinstance(extra, Mapping):
            yield from find_violations(member, extra, f"{where}.{name}", root)


def _find_in_sizes(value: Any, schema: Schema, where: str) -> Iterator[str]:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{where} is out of range"
    if isinstance(value, (str, list)):
        noun = "Length" if isinstance(value, str) else "Items"
        if not schema.get(f"min{noun}", 0) <= len(value) <= schema.get(f"max{noun}", len(value)):
            yield f"{where} is too short or too long"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where} does not match {schema['pattern']}"


def _has_type(value: object, wanted: str | list[str] | None) -> bool:
    if wanted is None:
        return True
    names = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, _TYPES[name]) for name in names)


def _portable_value(key: str, value: object) -> object:
    if key in _NAMED and isinstance(value, Mapping):
        return {name: make_portable(part) for name, part in value.items()}
    if isinstance(value, Mapping):
        return make_portable(value)
    if isinstance(value, list):
        return [make_portable(item) if isinstance(item, Mapping) else item for item in value]
    return value


def _list_parts(schema: Schema) -> Iterator[Schema]:
    for key, value in schema.items():
        if key in _NAMED:
            yield from value.values()
        elif isinstance(value, Mapping):
            yield value
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, Mapping))
