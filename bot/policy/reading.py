"""Read a YAML file that others wrote as a checked value, with the line of every key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.types import ForgehandError
from bot.untrusted_yaml import check_yaml

MAX_BYTES = 64 * 1024
Path = tuple[str, ...]
Lines = dict[Path, int]
M = TypeVar("M", bound=BaseModel)


class PolicyError(ForgehandError):
    """An invalid policy file, with line and key of every problem."""


class Problem(NamedTuple):
    """A key and what is wrong there."""

    path: Path
    message: str


class _Misplaced(Exception):
    """A piece of YAML that we do not take, with its line."""


def read_document(
    text: str | None, file: str, model: type[M], also: Callable[[dict[str, Any]], Iterable[Problem]] = lambda _data: ()
) -> tuple[M, dict[str, Any], Lines]:
    """Return a file as a value, as plain data, and the line of every key.

    ``text`` None: it is not text, or too long. ``file`` is how errors name it; ``also`` finds problems that the model
    does not know. Raises PolicyError with all.
    """
    data, lines = _read_yaml(text, file)
    unknown = list(_find_unknown(model, data))
    problems = [*unknown, *also(data)]
    try:
        document = model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        found = [Problem(_known_path(item["loc"], lines), _words(item)) for item in error.errors()]
        named = {problem.path for problem in unknown}
        problems += [problem for problem in found if problem.path not in named]
    if problems:
        unique = sorted({(_line(path, lines), ".".join(path) or "the file", message) for path, message in problems})
        told = (f"line {line}: {key}: {message}" for line, key, message in unique)
        raise PolicyError("\n".join([f"{file} is wrong:", *told]))
    return document, data, lines


# what Pydantic calls things is not what writers of YAML call them
_WORDS = {
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "dict_type": "must hold keys and values, such as {a: b}",
    "list_type": "must be a list, such as [a, b]",
    "tuple_type": "must be a list, such as [a, b]",
    "model_type": "must hold keys and values, such as {a: b}",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_too_short": "must not be empty",
    "extra_forbidden": "unknown key",
}


def _words(item: ErrorDetails) -> str:
    """Say what is wrong as somebody needs it who writes the file."""
    if item["type"] == "missing":
        return f"`{item['loc'][-1]}` is missing"
    return _WORDS.get(item["type"], item["msg"].removeprefix("Value error, "))


def _line(path: Path, lines: Lines) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _known_path(loc: tuple[str | int, ...], lines: Lines) -> Path:
    """Strip what Pydantic adds to a location, such as the branch of a union."""
    path = tuple(str(part) for part in loc)
    while path and path not in lines:
        path = path[:-1]
    return path or tuple(str(part) for part in loc)


def _find_unknown(model: type[BaseModel], data: dict[str, Any], path: Path = ()) -> Iterator[Problem]:
    names = list(model.model_fields)
    for key, value in data.items():
        here = (*path, key)
        if key not in names:
            yield Problem(here, f"unknown key; known here: {', '.join(names)}")
            continue
        kind = model.model_fields[key].annotation
        if not isinstance(value, dict):
            continue
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _find_unknown(kind, value, here)
        elif (inner := _value_model(kind)) is not None:
            for name, one in value.items():
                if isinstance(one, dict):
                    yield from _find_unknown(inner, one, (*here, name))


def _value_model(kind: Any) -> type[BaseModel] | None:
    """Return the model of a mapping's values, such as services by name."""
    value = get_args(kind)[-1] if get_origin(kind) is dict else None
    return value if isinstance(value, type) and issubclass(value, BaseModel) else None


def _read_yaml(text: str | None, file: str) -> tuple[dict[str, Any], Lines]:
    """Return the document as plain data, and the line of each key and item."""
    if text is None:
        raise PolicyError(f"{file} cannot be read: it has to be UTF-8 text of {MAX_BYTES // 1024} KiB at most.")
    if len(text.encode()) > MAX_BYTES:
        raise PolicyError(f"{file} is larger than {MAX_BYTES // 1024} KiB.")
    try:
        check_yaml(text, yaml.SafeLoader)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: Lines = {}
        data = {} if node is None else _plain(node, (), lines, set())
    except _Misplaced as problem:
        raise PolicyError(f"{file} is wrong:\n{problem}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyError(f"{file} is wrong:\nline {line}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError, LookupError, ArithmeticError):
        raise PolicyError(f"{file} is not valid YAML.") from None
    if data is not None and not isinstance(data, dict):
        raise PolicyError(f"{file} is wrong:\nline 1: the file: must be a mapping of keys to values")
    return data or {}, lines


def _plain(node: yaml.Node, path: Path, lines: Lines, seen: set[int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if id(node) in seen:
        raise _Misplaced(f"line {_line(path, lines)}: {'.'.join(path)}: aliases are not allowed")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return _plain_mapping(node, path, lines, seen)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, str(number)), lines, seen) for number, item in enumerate(node.value)]
    return _scalar(node)


def _plain_mapping(node: yaml.MappingNode, path: Path, lines: Lines, seen: set[int]) -> dict[str, Any]:
    """Convert a mapping; keys stay as written: YAML reads ``on`` as true."""
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        here = (*path, key)
        line = key_node.start_mark.line + 1
        if key in data:
            raise _Misplaced(f"line {line}: {'.'.join(here)}: given twice")
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
