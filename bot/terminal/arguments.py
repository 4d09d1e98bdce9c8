"""Make options of a model's fields, so that a command takes what the API takes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from pydantic.fields import FieldInfo

_PLAIN: dict[Any, click.ParamType[Any]] = {str: click.STRING, int: click.INT, float: click.FLOAT}


def options_of(fields: Mapping[str, FieldInfo]) -> list[click.Option]:
    """Return an option for each field.

    Raises :class:`TypeError` for one that no option can say.
    """
    return [_option(name, field) for name, field in fields.items()]


def given_of(fields: Mapping[str, FieldInfo], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given for these fields, as JSON has it."""
    found = {name: values[name] for name in fields}
    given = {name: value for name, value in found.items() if value is not None and value is not False and value != ()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}


def _option(name: str, field: FieldInfo) -> click.Option:
    kind, words = _unwrapped(field.annotation)
    several = get_origin(kind) in {list, tuple}
    if several:
        kind = get_args(kind)[0]
    words = (field.description or words).strip()
    told: dict[str, Any] = {"help": f"{words[:1].upper()}{words[1:].rstrip('.')}." if words else None}
    flags = [f"--{name.replace('_', '-')}", name]
    if kind is bool:
        return click.Option(flags, is_flag=True, **told)
    return click.Option(flags, type=_type(name, kind), multiple=several, required=field.is_required(), **told)


def _unwrapped(annotation: Any) -> tuple[Any, str]:
    """Return the type of what is given, and its own description.

    An option that is left out is None.
    """
    if get_origin(annotation) in {Union, UnionType}:
        (annotation,) = [each for each in get_args(annotation) if each is not NoneType]
    if get_origin(annotation) is not Annotated:
        return annotation, ""
    kind, *notes = get_args(annotation)
    return kind, next((each.description for each in notes if isinstance(each, FieldInfo) and each.description), "")


def _type(name: str, kind: Any) -> click.ParamType[Any]:
    if get_origin(kind) is Literal:
        return click.Choice([str(each) for each in get_args(kind)])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return click.Choice([str(each.value) for each in kind])
    if kind not in _PLAIN:
        raise TypeError(f"{name}: no option can say a {kind}")
    return _PLAIN[kind]
