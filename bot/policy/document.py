"""Parse ``.github/forgehand.yml`` below the server's limits; explain it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ValidationError

from bot.models.catalogue import Catalogue
from bot.policy.rules import LimitPolicy, Policy
from bot.policy.schema import PolicySchema
from bot.settings import Checks, Settings
from bot.types import ForgehandError, JsonModel

PATH = ".github/forgehand.yml"
MAX_BYTES = 64 * 1024
Path = tuple[str, ...]


class PolicyError(ForgehandError):
    """An invalid policy file, with line and key of every problem."""


class PolicyValue(NamedTuple):
    """A key's effective value and where it comes from."""

    key: str
    value: Any
    origin: str


def parse_policy(text: str, settings: Settings, schema: PolicySchema) -> Policy:
    """Return a file's effective policy, or raise PolicyError with all faults."""
    data, lines = _read_yaml(text)
    model = schema.document
    problems = [*_unknown_keys(model, data), *_find_unoffered(data, settings)]
    try:
        document = model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        problems += [_Problem(_known_path(item["loc"], lines), item["msg"]) for item in error.errors()]
    if problems:
        unique = sorted({(_line(path, lines), ".".join(path) or "the file", message) for path, message in problems})
        told = (f"line {line}: {key}: {message}" for line, key, message in unique)
        raise PolicyError("\n".join([f"{PATH} is wrong:", *told]))
    leaves = [path for path in lines if len(path) == 2 or (len(path) == 1 and not isinstance(data[path[0]], dict))]
    origins = {".".join(path): f"line {lines[path]}" for path in leaves}
    return _limit(_policy(document, schema, origins), settings)


def default_policy(settings: Settings, schema: PolicySchema) -> Policy:
    """Return the policy of a repository without a file."""
    return _limit(_policy(schema.document(), schema, {}), settings)


def _policy(document: JsonModel, schema: PolicySchema, origins: dict[str, str]) -> Policy:
    data = document.model_dump(mode="json")
    tasks = {name: data.pop(name) for name in schema.sections}
    return Policy.model_validate({**data, "tasks": tasks, "origins": origins})


def describe(policy: Policy, schema: PolicySchema, path: str | None = None) -> str:
    """Write every key's value and origin, then what holds for ``path``."""
    rows = [(key, json.dumps(value), origin) for key, value, origin in list_values(policy)]
    width = max(len(key) for key, _, _ in rows)
    lines = [f"{key:<{width}}  {value}  # {origin}" for key, value, origin in rows]
    if path is not None:
        told = [
            line
            for name, kind in schema.sections.items()
            for line in kind.model_validate(policy.tasks[name]).explain(path)
        ]
        lines += ["", f"{path}:", *(f"  {line}" for line in [*told, _explain_checks(policy.checks, path)])]
    return "\n".join(lines)


def _explain_checks(checks: Checks, path: str) -> str:
    """Say which command tests a path, and for how long."""
    folder = checks.find_folder(path)
    own = checks.folders.get(folder, checks)
    command = f"`{own.test}`" if own.test else "what is found by looking"
    return (
        f"tested: by {command}, {own.minutes:g} minutes at most ({f'checks.folders: {folder}' if folder else 'checks'})"
    )


def list_values(policy: Policy) -> list[PolicyValue]:
    """List every key with its effective value and where it comes from."""
    return [PolicyValue(key, value, policy.origins.get(key, "default")) for key, value in _leaves(policy)]


class _Problem(NamedTuple):
    path: Path
    message: str


def _line(path: Path, lines: dict[Path, int]) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _known_path(loc: tuple[str | int, ...], lines: dict[Path, int]) -> Path:
    """Strip what Pydantic adds to a location, such as the branch of a union."""
    path = tuple(str(part) for part in loc)
    while path and path not in lines:
        path = path[:-1]
    return path or tuple(str(part) for part in loc)


def _unknown_keys(model: type[BaseModel], data: dict[str, Any], path: Path = ()) -> Iterator[_Problem]:
    names = list(model.model_fields)
    for key, value in data.items():
        here = (*path, key)
        if key not in names:
            yield _Problem(here, f"unknown key; known here: {', '.join(names)}")
            continue
        kind = model.model_fields[key].annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel) and isinstance(value, dict):
            yield from _unknown_keys(kind, value, here)


def _find_unoffered(data: dict[str, Any], settings: Settings) -> Iterator[_Problem]:
    wanted = data.get("models")
    if not isinstance(wanted, dict):
        return
    offered = Catalogue(settings).offered()
    for role, names in wanted.items():
        for number, name in enumerate(names if isinstance(names, list) else []):
            if isinstance(name, str) and name not in offered:
                known = ", ".join(sorted(offered)) or "none"
                yield _Problem(("models", role, str(number)), f"{name} is not offered by this server; offered: {known}")


def _limit(policy: Policy, settings: Settings) -> Policy:
    """Apply the server's ceilings and checks, and record the origins."""
    origins = dict(policy.origins)
    given = settings.checks.model_fields_set
    server = {key: getattr(settings.checks, key) for key in given if f"checks.{key}" not in origins}
    origins |= {f"checks.{key}": "the server" for key in server}

    def lowered(key: str, asked: float, ceiling: float) -> float:
        if asked > ceiling:
            origins[key] = f"the server's ceiling; asked for {asked:g}"
        return min(asked, ceiling)

    shared = lowered("commands.max_dollars", policy.commands.max_dollars, settings.budget.task)
    tasks = {}
    for name, section in policy.tasks.items():
        key = f"{name}.max_dollars"
        own = section.get("max_dollars")
        if own is None:
            origins[key] = "commands.max_dollars"
        most = shared if own is None else lowered(key, own, settings.budget.task)
        tasks[name] = section | {"max_dollars": most}
    day = lowered("limits.dollars_per_day", policy.limits.dollars_per_day, settings.budget.day)
    return policy.model_copy(
        update={
            "tasks": tasks,
            "commands": policy.commands.model_copy(update={"max_dollars": shared}),
            "checks": policy.checks.model_copy(update=server),
            "limits": LimitPolicy(dollars_per_day=day),
            "origins": origins,
        }
    )


def _leaves(policy: Policy) -> Iterator[tuple[str, Any]]:
    general = policy.model_dump(mode="json", exclude={"origins", "tasks"})
    for section, value in (policy.tasks | general).items():
        if not isinstance(value, dict) or not value:
            yield section, value
            continue
        for key, inner in value.items():
            yield f"{section}.{key}", inner


def _read_yaml(text: str) -> tuple[dict[str, Any], dict[Path, int]]:
    """Return the document as plain data, and the line of each key and item."""
    if len(text.encode()) > MAX_BYTES:
        raise PolicyError(f"{PATH} is larger than {MAX_BYTES // 1024} KiB.")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[Path, int] = {}
        data = {} if node is None else _plain(node, (), lines, set())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyError(f"{PATH} is wrong:\nline {line}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError, LookupError, ArithmeticError):
        raise PolicyError(f"{PATH} is not valid YAML.") from None
    if data is not None and not isinstance(data, dict):
        raise PolicyError(f"{PATH} is wrong:\nline 1: the file: must be a mapping of keys to values")
    return data or {}, lines


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int], seen: set[int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if id(node) in seen:
        raise PolicyError(f"{PATH} is wrong:\nline {_line(path, lines)}: {'.'.join(path)}: aliases are not allowed")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return _plain_mapping(node, path, lines, seen)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, str(number)), lines, seen) for number, item in enumerate(node.value)]
    return _scalar(node)


def _plain_mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int], seen: set[int]) -> dict[str, Any]:
    """Convert a mapping; keys stay as written: YAML reads ``on`` as true."""
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        here = (*path, key)
        line = key_node.start_mark.line + 1
        if key in data:
            raise PolicyError(f"{PATH} is wrong:\nline {line}: {'.'.join(here)}: given twice")
        lines[here] = line
        data[key] = _plain(value_node, here, lines, seen)
    return data


def _scalar(node: yaml.Node) -> Any:
    """Convert a scalar; ``off`` and ``yes`` stay words, dates stay text."""
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool" and node.value.lower() in {"true", "false"}:
        return node.value.lower() == "true"
    if kind in {"int", "float"} and isinstance(node, yaml.ScalarNode):
        loader = yaml.SafeLoader("")
        number = loader.construct_yaml_int(node) if kind == "int" else loader.construct_yaml_float(node)
        float(number)  # what is larger than that cannot be written out either
        return number
    return node.value
